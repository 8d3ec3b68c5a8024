#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/mfep/key.h"
#include "tests/connectors/mfep/switch.h"

using namespace masar;
using namespace masar::connector;
using namespace masar::test;

namespace {

const std::vector<std::string> kForms{"as-sent", "unformatted", "dotnet"};

}  // namespace

/// Bodies in Arabic and with characters beyond the BMP, signed by vectors/make.
BOOST_AUTO_TEST_SUITE(mfep_vectors)

BOOST_AUTO_TEST_CASE(our_signature_is_the_very_one_of_openssl) {
  const auto ours = mfep::Key::signing(vector_file("key.pem"));
  const auto theirs = mfep::Key::verifying(vector_file("public.pem"));
  for (const std::string& form : kForms) {
    BOOST_TEST(ours.sign(vector_file(form + ".xml")) == vector_file(form + ".sig"));
    BOOST_TEST(theirs.verify(vector_file(form + ".xml"), vector_file(form + ".sig")));
    for (const std::string& other : kForms) {
      if (other == form) continue;
      BOOST_TEST(!theirs.verify(vector_file(form + ".xml"), vector_file(other + ".sig")));
    }
  }
}

BOOST_AUTO_TEST_CASE(another_encoding_is_another_text) {
  const auto theirs = mfep::Key::verifying(vector_file("public.pem"));
  const std::string body = vector_file("as-sent.xml");
  for (const std::string other : {"utf-8", "utf-16be", "with-mark"}) {
    BOOST_TEST(!theirs.verify(body, vector_file(other + ".sig")));
  }
}

BOOST_AUTO_TEST_CASE(each_form_is_made_of_what_was_sent) {
  for (const std::string& form : kForms) {
    Hub hub(true, "checked-form='" + form + "'");
    hub.stage.put("secret:public", vector_file("public.pem"));
    hub.stage.answering = [](const Received&) {
      return IntakeAnswer{reply(XmlReader({}, {}), "<MsgBody><RecCount>0</RecCount></MsgBody>")};
    };
    for (const std::string& other : kForms) {
      const auto before = hub.stage.received().size();
      const std::string code = code_in_header(
          hub.post(bill_frame().around(vector_file("as-sent.xml"), vector_file(other + ".sig"))));
      BOOST_TEST(code == (other == form ? "0" : "2"));
      BOOST_TEST(hub.stage.received().size() == before + (other == form ? 1 : 0));
    }
    BOOST_TEST(has(hub.stage.received().back().body, vector_file(form + ".xml")));
  }
}

BOOST_AUTO_TEST_SUITE_END()
