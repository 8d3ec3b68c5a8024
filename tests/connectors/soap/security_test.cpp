// UsernameToken, Timestamp and nonces: what comes in, and what goes out.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/soap/username_token.h"
#include "core/base/manual.h"
#include "tests/connectors/soap/desk.h"

using namespace masar;
using namespace masar::test::soap_desk;
using masar::soap::BadEnvelope;
using masar::soap::Nonces;
using masar::soap::TokenGate;
using masar::soap::TokenSettings;
using masar::soap::Version;

namespace {

using namespace std::chrono_literals;

// Made with openssl's command line:
// printf '%s' "$nonce$created$password" | openssl dgst -sha1 -binary | base64
const std::string kNow = "2026-03-01T10:00:00Z";
const std::string kNonce = "MDEyMzQ1Njc4OWFiY2RlZg==";  // 0123456789abcdef
const std::string kDigest = "lGHBOffLT0HmIQsGPYFtGx95Ko0=";
const std::string kProfile =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#";

std::string timestamp(const std::string& created, const std::string& expires = "") {
  return "<u:Timestamp><u:Created>" + created + "</u:Created>" +
         (expires.empty() ? "" : "<u:Expires>" + expires + "</u:Expires>") + "</u:Timestamp>";
}

struct Token {
  std::string user = "u", password = kDigest, type = "PasswordDigest", nonce = kNonce,
              created = kNow;
  std::string xml() const {
    return "<s:UsernameToken><s:Username>" + user + "</s:Username><s:Password Type='" + kProfile +
           type + "'>" + password + "</s:Password>" +
           (nonce.empty() ? "" : "<s:Nonce>" + nonce + "</s:Nonce>") +
           (created.empty() ? "" : "<u:Created>" + created + "</u:Created>") +
           "</s:UsernameToken>";
  }
};

std::string security(const std::string& inside, const std::string& attributes = "") {
  return "<s:Security xmlns:s='" + std::string(soap::kWsse) + "' xmlns:u='" +
         std::string(soap::kWsu) + "' " + attributes + ">" + inside + "</s:Security>";
}

/// The gate on clocks that stand still at kNow.
struct Gate {
  explicit Gate(TokenSettings wanted = settings()) : gate(std::move(wanted), clock, steady) {}
  static TokenSettings settings() {
    TokenSettings made;
    made.user = "u";
    made.password = "open sesame";
    return made;
  }
  /// The subcode and the audit's code of what is refused; empty: let in.
  std::string check(const std::string& header) {
    const soap::EnvelopeReader reader(kPrefixes, {}, {"wsse:Security"});
    const soap::Opened opened =
        reader.open(envelope("<n/>", "<e:Header>" + header + "</e:Header>"));
    try {
      gate.check(opened.header, opened.version);
      return {};
    } catch (const BadEnvelope& bad) {
      BOOST_TEST(bad.fault.detail == "");
      BOOST_TEST(!has(bad.fault.text, "open sesame"));
      return bad.fault.subcode + " " + bad.code;
    }
  }
  ManualBusinessClock clock{*parse_instant(kNow)};
  ManualSteadyClock steady;
  TokenGate gate;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(soap_security)

BOOST_AUTO_TEST_CASE(a_token_of_either_type_is_let_in) {
  Gate gate;
  BOOST_TEST(gate.check(security(timestamp(kNow) + Token().xml(), "e:mustUnderstand='1'")) == "");
  Token text;
  text.password = "open sesame";
  text.type = "PasswordText";
  text.nonce = text.created = "";
  BOOST_TEST(gate.check(security(text.xml() + timestamp(kNow, "2026-03-01T13:05:00+03:00"))) == "");
  text.nonce = "b25jZQ==";
  text.created = kNow;
  BOOST_TEST(gate.check(security(text.xml() + timestamp(kNow))) == "");
  // Another's Security is another's.
  text.nonce = "dHdpY2U=";
  BOOST_TEST(gate.check(security("<x/>", "e:actor='urn:else'") +
                        security(text.xml() + timestamp(kNow))) == "");
}

BOOST_AUTO_TEST_CASE(each_refusal_has_the_standards_fault) {
  const auto token = [](auto change) {
    Token one;
    change(one);
    return security(timestamp(kNow) + one.xml());
  };
  const auto at = [](const std::string& created, const std::string& expires = "") {
    return security(timestamp(created, expires) + Token().xml());
  };
  struct Case {
    const char* name;
    std::string header;
    const char* says;
  };
  const std::vector<Case> table = {
      {"no Security", "", "wsse:InvalidSecurity wsse-invalid-security"},
      {"a Security of another namespace",
       "<s:Security xmlns:s='urn:s'/>",
       "wsse:InvalidSecurity wsse-invalid-security"},
      {"of another role", security(timestamp(kNow) + Token().xml(), "e:actor='urn:else'"),
       "wsse:InvalidSecurity wsse-invalid-security"},
      {"two", security(timestamp(kNow) + Token().xml()) + security(Token().xml()),
       "wsse:InvalidSecurity wsse-invalid-security"},
      {"no token", security(timestamp(kNow)), "wsse:InvalidSecurity wsse-invalid-security"},
      {"two tokens", security(timestamp(kNow) + Token().xml() + Token().xml()),
       "wsse:InvalidSecurity wsse-invalid-security"},
      {"no Timestamp", security(Token().xml()), "wsse:InvalidSecurity wsse-invalid-security"},
      {"two Timestamps", security(timestamp(kNow) + timestamp(kNow) + Token().xml()),
       "wsse:InvalidSecurity wsse-invalid-security"},
      {"a time without zone", at("2026-03-01T10:00:00"),
       "wsse:InvalidSecurity wsse-invalid-security"},
      {"expires before it began", at(kNow, "2026-03-01T09:59:00Z"),
       "wsse:InvalidSecurity wsse-invalid-security"},
      {"of the future", at("2026-03-01T10:01:01Z"), "wsu:MessageExpired wsse-from-the-future"},
      {"too old", at("2026-03-01T09:53:59Z"), "wsu:MessageExpired wsse-expired"},
      {"expired", at("2026-03-01T09:58:00Z", "2026-03-01T09:59:00Z"),
       "wsu:MessageExpired wsse-expired"},
      {"a signature", security(timestamp(kNow) + Token().xml() + "<x:Signature xmlns:x='urn:x'/>"),
       "wsse:UnsupportedSecurityToken wsse-unsupported"},
      {"another user", token([](Token& t) { t.user = "v"; }),
       "wsse:FailedAuthentication unauthorized"},
      {"no user", token([](Token& t) { t.user = ""; }),
       "wsse:InvalidSecurityToken wsse-invalid-token"},
      {"another digest", token([](Token& t) { t.password = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="; }),
       "wsse:FailedAuthentication unauthorized"},
      {"a wrong password", token([](Token& t) { t.password = "open", t.type = "PasswordText"; }),
       "wsse:FailedAuthentication unauthorized"},
      {"the digest as text", token([](Token& t) { t.type = "PasswordText"; }),
       "wsse:FailedAuthentication unauthorized"},
      {"a type of its own", token([](Token& t) { t.type = "PasswordMd5"; }),
       "wsse:InvalidSecurityToken wsse-invalid-token"},
      {"a digest without nonce", token([](Token& t) { t.nonce = ""; }),
       "wsse:InvalidSecurityToken wsse-invalid-token"},
      {"a digest without time", token([](Token& t) { t.created = ""; }),
       "wsse:InvalidSecurityToken wsse-invalid-token"},
      {"a nonce that is none", token([](Token& t) { t.nonce = "?"; }),
       "wsse:InvalidSecurityToken wsse-invalid-token"},
      {"another nonce", token([](Token& t) { t.nonce = "b3RoZXI="; }),
       "wsse:FailedAuthentication unauthorized"},
      {"a token of yesterday", token([](Token& t) { t.created = "2026-02-28T10:00:00Z"; }),
       "wsu:MessageExpired wsse-expired"},
  };
  Gate gate;
  for (const Case& one : table) {
    BOOST_TEST_CONTEXT(one.name) { BOOST_TEST(gate.check(one.header) == one.says); }
  }
  // None of them used the nonce up.
  BOOST_TEST(gate.check(at(kNow)) == "");
  // At the limits it is still let in, with a token of its own time.
  Token text;
  text.type = "PasswordText";
  text.password = "open sesame";
  text.nonce = text.created = "";
  for (const char* edge : {"2026-03-01T10:01:00Z", "2026-03-01T09:54:00Z"})
    BOOST_TEST(gate.check(security(timestamp(edge) + text.xml())) == "");
}

BOOST_AUTO_TEST_CASE(a_nonce_counts_once) {
  Gate gate;
  const std::string header = security(timestamp(kNow) + Token().xml());
  BOOST_TEST(gate.check(header) == "");
  BOOST_TEST(gate.check(header) == "wsse:InvalidSecurityToken wsse-replayed");
  // As long as its time could be taken: five minutes, and a minute of skew.
  gate.clock.advance(6min);
  gate.steady.advance(6min);
  BOOST_TEST(gate.check(header) == "wsse:InvalidSecurityToken wsse-replayed");
  gate.clock.advance(1s);
  BOOST_TEST(gate.check(header) == "wsu:MessageExpired wsse-expired");
}

BOOST_AUTO_TEST_CASE(a_memory_of_nonces_is_limited_and_forgets_none_before_its_time) {
  using Added = Nonces::Added;
  Nonces nonces(7min, 2);
  const SteadyClock::TimePoint begin{};
  BOOST_TEST((nonces.add("a", begin) == Added::added));
  BOOST_TEST((nonces.add("b", begin + 1min) == Added::added));
  BOOST_TEST((nonces.add("c", begin + 2min) == Added::full));
  BOOST_TEST((nonces.add("a", begin + 2min) == Added::seen));
  BOOST_TEST((nonces.add("a", begin + 7min - 1ns) == Added::seen));
  BOOST_TEST((nonces.add("c", begin + 7min) == Added::added));
  BOOST_TEST((nonces.add("b", begin + 7min) == Added::seen));
  BOOST_TEST((nonces.add("a", begin + 7min) == Added::full));

  TokenSettings small = Gate::settings();
  small.nonces_max = 1;
  Gate gate(small);
  BOOST_TEST(gate.check(security(timestamp(kNow) + Token().xml())) == "");
  Token text;
  text.type = "PasswordText";
  text.password = "open sesame";
  text.nonce = "b25jZQ==";
  BOOST_TEST(gate.check(security(timestamp(kNow) + text.xml())) == " nonces-full");
}

BOOST_AUTO_TEST_CASE(only_the_type_that_is_agreed_is_taken) {
  Token text;
  text.type = "PasswordText";
  text.password = "open sesame";
  text.nonce = "b25jZQ==";
  for (const soap::PasswordType type : {soap::PasswordType::digest, soap::PasswordType::text}) {
    TokenSettings settings = Gate::settings();
    settings.type = type;
    Gate gate(settings);
    const bool digest = type == soap::PasswordType::digest;
    const std::string other = "wsse:UnsupportedSecurityToken wsse-unsupported";
    BOOST_TEST(gate.check(security(timestamp(kNow) + Token().xml())) == (digest ? "" : other));
    BOOST_TEST(gate.check(security(timestamp(kNow) + text.xml())) == (digest ? other : ""));
  }
}

BOOST_AUTO_TEST_CASE(an_endpoint_with_a_token_needs_no_basic_and_says_its_faults) {
  Inbound in("security='username-token'");
  Token text;
  text.type = "PasswordText";
  text.password = "open sesame";
  text.nonce = text.created = "";
  const std::string now = format_instant(SystemBusinessClock().now());
  const auto post = [&](const std::string& inside, bool new_one) {
    std::string body = envelope("<n/>", "<e:Header>" + security(inside, "e:mustUnderstand='1'") +
                                            "</e:Header>");
    if (!new_one) return in.post(body, "");
    const std::string uri = "http://www.w3.org/2003/05/soap-envelope";
    body.replace(body.find(kSoap), kSoap.size(), uri);
    return in.post(body, "", "application/soap+xml");
  };
  BOOST_TEST(status_of(post(timestamp(now) + text.xml(), false)) == "202");
  BOOST_TEST(status_of(post(timestamp(now) + text.xml(), true)) == "202");
  BOOST_TEST(in.stage.refused().empty());
  text.password = "guess";
  std::string answer = post(timestamp(now) + text.xml(), false);
  BOOST_TEST(status_of(answer) == "500");
  BOOST_TEST(has(answer, "<soap:Fault xmlns:wsse=\"" + std::string(soap::kWsse) +
                             "\"><faultcode>wsse:FailedAuthentication</faultcode>"));
  BOOST_TEST(!has(answer, "<detail>"));
  answer = post(timestamp("2020-01-01T00:00:00Z") + text.xml(), true);
  BOOST_TEST(status_of(answer) == "400");
  BOOST_TEST(has(answer, "<soap:Fault xmlns:wsu=\"" + std::string(soap::kWsu) +
                             "\"><soap:Code><soap:Value>soap:Sender</soap:Value><soap:Subcode>"
                             "<soap:Value>wsu:MessageExpired</soap:Value></soap:Subcode>"));
  // HTTP Basic is another way, which this endpoint does not take.
  BOOST_TEST(has(in.post(envelope("<n/>")), "wsse:InvalidSecurity"));
  const std::vector<std::string> audited{"in:unauthorized", "in:wsse-expired",
                                         "in:wsse-invalid-security"};
  BOOST_TEST(in.stage.refused() == audited, boost::test_tools::per_element());
  BOOST_TEST(in.stage.received().size() == 2u);
}

BOOST_AUTO_TEST_CASE(each_attempt_has_a_token_of_its_own_that_a_gate_lets_in) {
  std::vector<std::string> requests;
  const std::string reply = envelope("<q:AskResponse xmlns:q='urn:b'/>");
  RawServer partner([&](RawSocket& socket, int) {
    requests.push_back(socket.read_response());
    socket.send("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: " +
                std::to_string(reply.size()) + "\r\n\r\n" + reply);
  });
  Stage stage;
  Listeners listeners;
  const auto connector = masar::soap::make_soap(stage.context(kPrefixes), listeners);
  SystemBusinessClock clock;
  ManualSteadyClock steady;
  TokenGate gate(Gate::settings(), clock, steady);
  for (const std::string type : {"digest", "text"}) {
    const Endpoint endpoint =
        out_endpoint("http://" + partner.address() + "/", "",
                     "security='username-token' password-type='" + type + "'");
    const auto outbound = connector->add_outbound(endpoint.spec, stage);
    for (int i = 0; i < 2; ++i)
      BOOST_TEST(test::send(*outbound, ask()).kind == OutcomeKind::delivered);
  }
  BOOST_TEST_REQUIRE(requests.size() == 4u);
  const soap::EnvelopeReader reader(kPrefixes, {}, {"wsse:Security"});
  for (const std::string& request : requests) {
    BOOST_TEST(!has(request, "Authorization"));
    const soap::Opened opened = reader.open(request.substr(request.find("\r\n\r\n") + 4));
    gate.check(opened.header, opened.version);  // throws what it does not let in
    BOOST_CHECK_THROW(gate.check(opened.header, opened.version), BadEnvelope);
  }
  BOOST_TEST(!has(requests[0], "open sesame"));
  BOOST_TEST(has(requests[2], "#PasswordText\">open sesame</wsse:Password>"));
}

BOOST_AUTO_TEST_CASE(a_replys_timestamp_counts) {
  const auto outcome_with = [](const std::string& created) {
    const std::string reply =
        envelope("<q:AskResponse xmlns:q='urn:b'/>",
                 "<e:Header>" + security(timestamp(created), "e:mustUnderstand='1'") +
                     "</e:Header>");
    return exchange({"200", "text/xml", reply}, "security='username-token'").outcome;
  };
  BOOST_TEST(outcome_with(format_instant(SystemBusinessClock().now())).kind ==
             OutcomeKind::delivered);
  const Outcome old = outcome_with("2020-01-01T00:00:00Z");
  BOOST_TEST(old.kind == OutcomeKind::unknown);
  BOOST_TEST(old.code == "reply-unreadable");
}

BOOST_AUTO_TEST_SUITE_END()
