#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/amqp/settings.h"
#include "tests/connectors/amqp/hub.h"

using namespace masar;
using masar::test::Hub;

namespace {

const std::string kGood = Hub::attributes("a.in", "a");

std::string check(const std::vector<std::string>& endpoints,
                  const std::string& listener = "127.0.0.1:0", bool inbound = true) {
  Hub hub;
  config::Diagnostics diagnostics;
  hub.connector->check_listener(
      hub.parse("<listener id=\"amqp\" connector=\"amqp\" address=\"" + listener + "\"/>"),
      diagnostics);
  int number = 0;
  for (const std::string& each : endpoints) {
    hub.connector->check(hub.spec("e" + std::to_string(++number), inbound, each), diagnostics);
  }
  return diagnostics.text();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(amqp_settings)

BOOST_AUTO_TEST_CASE(a_good_configuration_has_no_finding) {
  BOOST_TEST(check({kGood + "credit=\"200\" properties=\"a b\"", Hub::attributes("b.in", "b")}) ==
             "");
  BOOST_TEST(check({kGood + "in-flight=\"5\""}, "127.0.0.1:0", false) == "");
  BOOST_TEST(check({kGood}, "0.0.0.0:5672") == "");
}

BOOST_AUTO_TEST_CASE(an_unknown_attribute_names_the_nearest) {
  const std::string text = check({kGood + "credits=\"5\""});
  BOOST_TEST(has(text, "endpoints/test.xml:1:"));
  BOOST_TEST(has(text, "did you mean \"credit\"?"));
  BOOST_TEST(has(check({kGood + "credit=\"5\""}, "127.0.0.1:0", false), "no attribute \"credit\""));
  BOOST_TEST(has(check({kGood + "in-flight=\"5\""}), "no attribute \"in-flight\""));
}

BOOST_AUTO_TEST_CASE(missing_and_ill_fitting_values) {
  BOOST_TEST(has(check({"listener=\"amqp\" address=\"a\" password=\"secret:a\""}),
                 "needs the attribute \"user\""));
  BOOST_TEST(has(check({"listener=\"amqp\" address=\"a\" user=\"a\""}),
                 "needs the attribute \"password\""));
  BOOST_TEST(has(check({"listener=\"amqp\" address=\"\" user=\"a\" password=\"secret:a\""}),
                 "address is empty"));
  const std::string text =
      check({"listener=\"amqp\" address=\"a\" user=\"a\" password=\"open sesame\""});
  BOOST_TEST(has(text, "secret:NAME"));
  BOOST_TEST(!has(text, "sesame"));
  BOOST_TEST(has(check({kGood + "credit=\"0\""}), "credit is out of its range"));
  BOOST_TEST(has(check({kGood + "credit=\"10001\""}), "credit is out of its range"));
  BOOST_TEST(check({kGood + "credit=\"10000\""}) == "");
  BOOST_TEST(has(check({kGood + "passes=\"encodd\""}), "did you mean \"encoded\"?"));
  BOOST_TEST(
      has(check({kGood + "passes=\"encoded\" properties=\"x\""}), "leave one of the two out"));
}

std::string check_broker(const std::string& connection,
                         const std::vector<std::string>& endpoints = {}, bool inbound = true) {
  Hub hub;
  config::Diagnostics diagnostics;
  hub.connector->check_connection(
      hub.parse("<connection id=\"broker\" connector=\"amqp\" " + connection), diagnostics);
  int number = 0;
  for (const std::string& each : endpoints) {
    hub.connector->check(hub.spec("e" + std::to_string(++number), inbound, each), diagnostics);
  }
  return diagnostics.text();
}

BOOST_AUTO_TEST_CASE(a_good_connection_has_no_finding) {
  const std::string by = "connection=\"broker\" address=\"/queue/a\" ";
  BOOST_TEST(check_broker("hosts=\"127.0.0.1:5672 [::1]:5672\" user=\"u\" password=\"secret:p\"/>",
                          {by + "credit=\"5\" gives-back=\"modified\" redelivery=\"headers\""}) ==
             "");
  BOOST_TEST(check_broker("hosts=\"localhost:1\" user=\"u\" password=\"secret:p\"/>",
                          {by + "in-flight=\"5\" capability=\"\""}, false) == "");
  BOOST_TEST(check_broker("hosts=\"a.example:5671\" login=\"external\"><tls trust=\"secret:a\" "
                          "certificate=\"secret:c\" key=\"secret:k\"/></connection>") == "");
  BOOST_TEST(check_broker("hosts=\"a.example:5672\" user=\"u\" password=\"secret:p\" "
                          "readable-password=\"allowed\"/>") == "");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_connection) {
  const std::string login = " user=\"u\" password=\"secret:p\"";
  BOOST_TEST(has(check_broker("hosts=\"\"" + login + "/>"), "hosts names 0 hosts"));
  for (const char* host : {"a", "a:0", "a:x", "a:70000", ":5672", "amqp://a:5672"}) {
    BOOST_TEST(has(check_broker("hosts=\"" + std::string(host) + "\"" + login + "/>"),
                   "is no host and port"),
               host);
  }
  BOOST_TEST(has(check_broker("hosts=\"127.0.0.1:1\" user=\"u\"/>"), "attribute \"password\""));
  BOOST_TEST(has(check_broker("hosts=\"a.example:5672\"" + login + "/>"),
                 "would cross a network readable"));
  BOOST_TEST(has(check_broker("hosts=\"127.0.0.1:1 10.0.0.1:1\"" + login + "/>"),
                 "would cross a network readable"));
  BOOST_TEST(has(check_broker("hosts=\"127.0.0.1:1\" login=\"external\"/>"),
                 "has no certificate to show"));
  BOOST_TEST(has(check_broker("hosts=\"127.0.0.1:1\" login=\"external\" user=\"u\"/>"),
                 "login=\"external\" has no user"));
  BOOST_TEST(has(check_broker("hosts=\"127.0.0.1:1\"" + login +
                              " retry-first=\"PT2S\" retry-max=\"PT1S\"/>"),
                 "retry-max is less than retry-first"));
  BOOST_TEST(has(check_broker("hosts=\"127.0.0.1:1\"" + login +
                              "><tls certificate=\"secret:c\"/></connection>"),
                 "a certificate without its key"));
}

BOOST_AUTO_TEST_CASE(an_endpoint_of_a_connection) {
  const std::string good = "hosts=\"127.0.0.1:1\" user=\"u\" password=\"secret:p\"/>";
  const std::string by = "connection=\"broker\" address=\"a\" ";
  BOOST_TEST(has(check_broker(good, {"connection=\"brokr\" address=\"a\""}),
                 "did you mean \"broker\"?"));
  BOOST_TEST(has(check_broker(good, {by + "user=\"u\""}), "no attribute \"user\""));
  BOOST_TEST(has(check_broker(good, {by + "listener=\"amqp\""}), "no attribute \"listener\""));
  BOOST_TEST(has(check_broker(good, {by, by}), "have the same address \"a\" on connection"));
  BOOST_TEST(has(check_broker(good, {by + "passes=\"encoded\" redelivery=\"headers\""}),
                 "leave one of the two out"));
  BOOST_TEST(has(check({kGood + "gives-back=\"modified\""}), "no attribute \"gives-back\""));
}

std::string check_tls(const std::string& tls, const std::string& endpoint,
                      const std::string& address = "127.0.0.1:0") {
  Hub hub;
  config::Diagnostics diagnostics;
  hub.connector->check_listener(
      hub.parse("<listener id=\"amqp\" connector=\"amqp\" address=\"" + address + "\">" + tls +
                "</listener>"),
      diagnostics);
  hub.connector->check(hub.spec("e", true, endpoint), diagnostics);
  return diagnostics.text();
}

BOOST_AUTO_TEST_CASE(a_listener_with_tls) {
  const std::string own = "<tls certificate=\"secret:c\" key=\"secret:k\" ";
  const std::string shown =
      "listener=\"amqp\" address=\"a\" user=\"a\" subject=\"CN=a,O=GAM\" ";
  BOOST_TEST(check_tls(own + "/>", kGood, "0.0.0.0:5671") == "");
  BOOST_TEST(check_tls(own + "clients=\"wanted\" trust=\"secret:t\"/>", shown, "0.0.0.0:5671") ==
             "");
  BOOST_TEST(has(check_tls("<tls key=\"secret:k\"/>", kGood), "attribute \"certificate\""));
  BOOST_TEST(has(check_tls("<tls certificate=\"c.pem\" key=\"secret:k\"/>", kGood), "secret:NAME"));
  BOOST_TEST(has(check_tls(own + "clients=\"required\"/>", shown), "nobody says whose are good"));
  BOOST_TEST(has(check_tls(own + "/>", shown), "asks for none"));
  BOOST_TEST(has(check_tls("", shown), "asks for none"));
  BOOST_TEST(has(check_tls(own + "clients=\"required\" trust=\"secret:t\"/>",
                           shown + "password=\"secret:a\""),
                 "leave one of the two out"));
  BOOST_TEST(has(check_tls(own + "/>", "listener=\"amqp\" address=\"a\" user=\"a\"", "0.0.0.0:1"),
                 "is reachable from beyond this machine"));
}

BOOST_AUTO_TEST_CASE(an_endpoint_without_its_element) {
  Hub hub;
  config::Diagnostics diagnostics;
  connector::EndpointSpec spec;
  spec.root = &hub.parse("<endpoint id=\"x\"/>");
  hub.connector->check(spec, diagnostics);
  BOOST_TEST(has(diagnostics.text(), "the endpoint has no <amqp>"));
}

BOOST_AUTO_TEST_CASE(two_endpoints_with_one_address) {
  BOOST_TEST(
      has(check({kGood, kGood}), "endpoints \"e1\" and \"e2\" have the same address \"a.in\""));
}

BOOST_AUTO_TEST_CASE(an_unknown_listener_names_the_nearest) {
  BOOST_TEST(has(check({"listener=\"amq\" address=\"a\" user=\"a\" password=\"secret:a\""}),
                 "did you mean \"amqp\"?"));
}

BOOST_AUTO_TEST_CASE(an_open_listener_wants_a_login) {
  const std::string open = "listener=\"amqp\" address=\"a\"";
  for (const char* address : {"0.0.0.0:0", "10.1.2.3:5672", "[::]:0", "hub.example:5672"}) {
    BOOST_TEST(has(check({open}, address), "reachable from beyond this machine"), address);
  }
  for (const char* address : {"127.0.0.1:0", "127.1.1.1:0", "[::1]:0", "localhost:5672"}) {
    BOOST_TEST(!has(check({open}, address), "reachable from beyond this machine"), address);
  }
  // In the other order too.
  Hub hub;
  config::Diagnostics diagnostics;
  hub.connector->check(hub.spec("e", true, open), diagnostics);
  hub.connector->check_listener(
      hub.parse("<listener id=\"amqp\" connector=\"amqp\" address=\"0.0.0.0:1\"/>"), diagnostics);
  BOOST_TEST(has(diagnostics.text(), "reachable from beyond this machine"));
}

BOOST_AUTO_TEST_CASE(a_listener_is_checked) {
  Hub hub;
  const auto findings = [&](const std::string& attributes) {
    config::Diagnostics diagnostics;
    hub.connector->check_listener(
        hub.parse("<listener id=\"l\" connector=\"amqp\" address=\"127.0.0.1:0\" " + attributes +
                  "/>"),
        diagnostics);
    return diagnostics.text();
  };
  BOOST_TEST(findings("idle=\"PT5S\" threads=\"2\"") == "");
  BOOST_TEST(has(findings("conections=\"5\""), "did you mean \"connections\"?"));
  BOOST_TEST(has(findings("connections=\"0\""), "connections is out of its range"));
  BOOST_TEST(has(findings("idle=\"PT0S\""), "idle is out of its range"));
  BOOST_TEST(has(findings("frame-bytes=\"511\""), "frame-bytes is out of its range"));
  BOOST_TEST(has(findings("session-bytes=\"600\""), "session-bytes is less than frame-bytes"));
}

BOOST_AUTO_TEST_CASE(what_cannot_run_is_refused_by_name) {
  Hub hub;
  BOOST_TEST(code_of([&] { hub.inbound("x", "missing"); }) == "no-secret");
  BOOST_TEST(code_of([&] {
               hub.connector->add_inbound(
                   hub.spec("y", true,
                            "listener=\"other\" address=\"a\" user=\"a\" password=\"secret:a\""),
                   hub.intake);
             }) == "no-listener");
  hub.inbound("a.in", "a");
  BOOST_TEST(code_of([&] { hub.inbound("a.in", "a"); }) == "two-endpoints");
  BOOST_TEST(
      code_of([&] {
        hub.connector->add_inbound(
            hub.spec("z", true, "listener=\"amqp\" address=\"z\" user=\"a\" password=\"secret:b\""),
            hub.intake);
      }) == "two-logins");
}

BOOST_AUTO_TEST_CASE(an_address_in_use_names_itself) {
  Hub first;
  first.inbound("a.in", "a");
  const std::string address = first.start();
  Hub second("", address);
  try {
    second.start();
    BOOST_ERROR("two listen on " + address);
  } catch (const Error& error) {
    BOOST_TEST(error.code() == "cannot-listen");
    BOOST_TEST(has(error.what(), address));
  }
}

BOOST_AUTO_TEST_SUITE_END()
