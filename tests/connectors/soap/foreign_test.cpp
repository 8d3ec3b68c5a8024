// Programs that we did not write, as partners' clients and servers.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/connectors/soap/desk.h"
#include "tests/support/peers.h"

using namespace masar;
using namespace masar::test::soap_desk;

namespace {

const std::string kNode = "/usr/bin/python3 " + std::string(MASAR_SOURCE_DIR) +
                          "/tests/peers/node.py soap/server.js " + kWsdl;

/// What every server that knows notices.wsdl has to be asked: replies, typed faults, header blocks,
/// and whatever else the endpoint says of itself in `own`.
void ask_all(const std::string& command, const std::string& own) {
  test::Companion server(command);
  const std::string port = server.line();
  BOOST_REQUIRE(!port.empty());
  Stage stage;
  Listeners listeners;
  const auto connector = masar::soap::make_soap(stage.context(kPrefixes), listeners);
  Endpoint endpoint = out_endpoint("http://127.0.0.1:" + port + "/", "", own,
                                   "<header name='a:Client' value='GAM'/>"
                                   "<header name='a:Issue' from='correlation-id'/>");
  endpoint.spec.idempotent = true;
  const auto outbound = connector->add_outbound(endpoint.spec, stage);
  Attempt attempt = ask("12", "كفاح &amp;");
  attempt.headers = {{"correlation-id", "A-9"}};
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = test::send(*outbound, attempt);
    BOOST_TEST(outcome.kind == OutcomeKind::delivered, outcome.text);
    BOOST_TEST(outcome.body ==
               "<b:AskResponse xmlns:b=\"urn:b\"><b:Answer>12 for كفاح &amp; Client=GAM "
               "Issue=A-9</b:Answer></b:AskResponse>");
  }
  BOOST_TEST(test::send(*outbound, ask("NOT_FOUND")).kind == OutcomeKind::rejected);
  BOOST_TEST(test::send(*outbound, ask("BUSY")).kind == OutcomeKind::unavailable);
  BOOST_TEST(test::send(*outbound, ask("ELSE")).kind == OutcomeKind::unknown);
}

const std::vector<std::string> kVersions{"1.1", "1.2"};

}  // namespace

BOOST_AUTO_TEST_SUITE(soap_foreign)

BOOST_AUTO_TEST_CASE(zeep_as_client_understands_replies_and_faults) {
  const XmlReader reader(kPrefixes, {});
  Inbound in;
  in.stage.answering = [&](const Received& received) {
    if (has(received.body, "<b:Number>7</b:Number>") &&
        has(received.body, "<b:Name>كفاح &lt;</b:Name>")) {
      return IntakeAnswer{test::reply(
          reader, "<b:AskResponse xmlns:b='urn:b'><b:Answer>نعم</b:Answer></b:AskResponse>")};
    }
    if (has(received.body, "<b:Number>8</b:Number>"))
      return IntakeAnswer{part(PartAnswer::Kind::accepted)};
    return IntakeAnswer{part(PartAnswer::Kind::refused, "not-valid", "no")};
  };
  const auto call = [&](const std::string& password, const std::string& number) {
    int status = 0;
    return test::run("PYTHONIOENCODING=utf-8 " + kPython + "zeep_client.py " + kWsdl + " http://" +
                         in.address + "/in u '" + password + "' " + number + " 'كفاح <' 2>&1",
                     status);
  };
  BOOST_TEST(call("open sesame", "7") == "answer نعم\n");
  BOOST_TEST(call("open sesame", "8") == "answer None\n");
  BOOST_TEST(call("open sesame", "9") == "fault soap:Client no not-valid\n");
  BOOST_TEST(has(call("wrong", "7"), "fault soap:Client"));
  test::took_part("zeep");
}

BOOST_AUTO_TEST_CASE(zeep_as_server_is_understood) {
  for (const std::string& version : kVersions)
    ask_all(kPython + "zeep_server.py " + kWsdl, "version='" + version + "'");
  test::took_part("zeep");
}

BOOST_AUTO_TEST_CASE(zeep_as_server_knows_our_tokens) {
  const std::string server = kPython + "zeep_server.py " + kWsdl + " u 'open sesame'";
  ask_all(server, "security='username-token'");
  ask_all(server, "version='1.2' security='username-token' password-type='text'");
  test::took_part("zeep");
}

BOOST_AUTO_TEST_CASE(npm_soap_as_server_is_understood) {
  for (const std::string& version : kVersions)
    ask_all(kNode + " " + version, "version='" + version + "'");
  test::took_part("soap (npm)");
}

BOOST_AUTO_TEST_CASE(npm_soap_as_server_knows_our_tokens) {
  ask_all(kNode + " 1.1 u 'open sesame'", "security='username-token' password-type='text'");
  ask_all(kNode + " 1.2 u 'open sesame'", "version='1.2' security='username-token'");
  test::took_part("soap (npm)");
}

BOOST_AUTO_TEST_SUITE_END()
