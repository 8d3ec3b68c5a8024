#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <thread>

#include "connectors/mfep/key.h"
#include "tests/connectors/mfep/switch.h"

using namespace masar;
using namespace masar::connector;
using namespace masar::test;

namespace {

/// The new key pair, which serves both sides, as the old ones come from vectors.h.
struct NewKey {
  std::string private_pem = vector_file("key.pem");
  std::string public_pem = vector_file("public.pem");
  std::string request =
      Frame().around(kPlain.body, mfep::Key::signing(private_pem).sign(kPlain.body));
};

const std::string& old_request() {
  static const std::string one = Frame().around(kPlain);
  return one;
}

void take_all(Hub& hub) {
  hub.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::accepted)};
  };
}

std::string signature_of(const std::string& answer) {
  const auto at = answer.find("<Signature>") + 11;
  return answer.substr(at, answer.find('<', at) - at);
}

bool signed_by(const std::string& answer, const std::string& pem) {
  return mfep::Key::verifying(pem).verify(body_of(answer), signature_of(answer));
}

/// Posts until it is answered so; false where that does not come.
bool comes_to(Hub& hub, const std::string& request, const std::string& code) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end) {
    if (code_in_header(hub.post(request)) == code) return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mfep_rotation)

BOOST_AUTO_TEST_CASE(a_set_of_keys_is_any_of_them_and_each_must_be_good) {
  const NewKey fresh;
  const auto both = mfep::Key::verifying(std::string(kSwitchCertificate) + "\n# since May\n" +
                                         fresh.public_pem);
  BOOST_TEST(both.verify(kPlain.body, kPlain.signature));
  BOOST_TEST(both.verify(vector_file("dotnet.xml"), vector_file("dotnet.sig")));
  BOOST_TEST(!mfep::Key::verifying(kHubPublic + fresh.public_pem)
                  .verify(kPlain.body, kPlain.signature));
  const auto bad = [](const std::string& pem) {
    try {
      mfep::Key::verifying(pem);
      return false;
    } catch (const Error& error) {
      return error.code() == "bad-key";
    }
  };
  const std::string good = kSwitchPublic;
  BOOST_TEST(bad(good + kCurvePublic));
  BOOST_TEST(bad(good + kHubPrivate));
  BOOST_TEST(bad(kHubPrivate + good));
  BOOST_TEST(bad(good + fresh.public_pem.substr(0, 200)));
  BOOST_TEST(bad(good + "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  BOOST_TEST(!bad(good + good + good + good));
  BOOST_TEST(bad(good + good + good + good + good));
}

BOOST_AUTO_TEST_CASE(keys_change_under_load_and_nothing_is_refused) {
  const NewKey fresh;
  Hub hub;
  take_all(hub);
  const auto known =
      mfep::Key::verifying(kHubPublic + fresh.public_pem);
  std::atomic<bool> old_ends{false}, new_begins{false}, stop{false};
  std::atomic<int> sent{0}, wrong{0};
  std::vector<std::thread> senders;
  for (int number = 0; number < 3; ++number) {
    senders.emplace_back([&, number] {
      for (int at = number; !stop; ++at) {
        const bool with_new = new_begins && (old_ends || at % 2 == 0);
        const std::string answer = hub.post(with_new ? fresh.request : old_request());
        const bool fine = code_in_header(answer) == "0" &&
                          known.verify(body_of(answer), signature_of(answer));
        if (!fine) ++wrong;
        ++sent;
      }
    });
  }
  const auto more = [&](int count) {
    for (const int until = sent + count; sent < until;) std::this_thread::yield();
  };
  more(20);
  hub.stage.put("secret:public", kSwitchPublic + fresh.public_pem);
  new_begins = true;  // at once: the first signature by it makes the hub look
  more(20);
  hub.stage.put("secret:private", fresh.private_pem);
  more(20);
  old_ends = true;
  more(6);  // what was under way with the old key is answered
  hub.stage.put("secret:public", fresh.public_pem);
  more(20);
  // Nothing of this is a key: it changes nothing.
  hub.stage.put("secret:public", "junk");
  hub.stage.put("secret:private", "");
  more(20);
  stop = true;
  for (auto& one : senders) one.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(hub.stage.refused().empty());
  BOOST_TEST(sent >= 106);
  hub.stage.put("secret:public", fresh.public_pem);
  hub.stage.put("secret:private", fresh.private_pem);
  BOOST_TEST(comes_to(hub, old_request(), "2"));
  const std::string answer = hub.post(fresh.request);
  BOOST_TEST(code_in_header(answer) == "0");
  BOOST_TEST(signed_by(answer, fresh.public_pem));
  BOOST_TEST(!signed_by(answer, kHubPublic));
}

BOOST_AUTO_TEST_SUITE_END()
