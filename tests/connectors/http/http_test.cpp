#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <future>
#include <mutex>
#include <vector>

#include "connectors/http/http.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"
#include "tests/support/peers.h"

using namespace masar;
using namespace masar::connector;
using masar::http::Listeners;
using masar::http::make_http;
using masar::test::Endpoint;
using masar::test::has;
using masar::test::part;
using masar::test::RawServer;
using masar::test::RawSocket;
using masar::test::Stage;
using masar::test::status_of;

namespace masar::connector {
std::ostream& operator<<(std::ostream& out, OutcomeKind kind) {
  return out << static_cast<int>(kind);
}
}  // namespace masar::connector

namespace {

std::string check(const std::string& listener, bool inbound, const std::string& inner) {
  Stage stage;
  Listeners listeners;
  const auto connector = make_http(stage.context(), listeners);
  config::Diagnostics diagnostics;
  connector->check_listener(test::element(listener), diagnostics);
  const Endpoint endpoint("e", inbound, inner);
  connector->check(endpoint.spec, diagnostics);
  return diagnostics.text();
}
const std::string kHere = "<listener id='http' connector='http' address='127.0.0.1:0'/>";

struct Inbound {
  explicit Inbound(const std::string& more = "user='u' password='secret:pass'")
      : endpoint("in", true, "<http listener='http' path='/in' " + more + "/>") {
    endpoint.spec.xml.bytes_max = 50;
    connector = make_http(stage.context(), listeners);
    connector->add_listener(test::element(kHere));
    connector->add_inbound(endpoint.spec, stage);
    connector->start();
    address = connector->addresses().at("http");
  }
  ~Inbound() { connector->stop(); }
  std::string post(const std::string& body, const std::string& type = "application/xml",
                   const std::string& auth = "Authorization: Basic dTpvcGVuIHNlc2FtZQ==\r\n") {
    RawSocket socket(address);
    socket.send(
        "POST /in HTTP/1.1\r\nHost: h\r\nConnection: close\r\nMessage-Id: m-1\r\nCookie: c\r\n" +
        auth + "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body);
    return socket.read_all();
  }
  Stage stage;
  Listeners listeners;
  Endpoint endpoint;
  std::unique_ptr<Connector> connector;
  std::string address;
};

/// A partner that gives one answer to whatever comes, and what came.
struct Partner {
  explicit Partner(std::string reply)
      : server([this, reply = std::move(reply)](RawSocket& socket, int) {
          const std::string request = socket.read_response();
          std::lock_guard lock(mutex);
          requests.push_back(request);
          socket.send(reply);
        }) {}
  Outcome send(const std::string& attributes, const std::string& inner, const std::string& body) {
    Stage stage;
    Listeners listeners;
    const auto connector = make_http(stage.context(), listeners);
    const Endpoint endpoint("out", false,
                            "<http url='http://" + server.address() + "/p' " + attributes + ">" +
                                inner + "</http>");
    const auto outbound = connector->add_outbound(endpoint.spec, stage);
    Attempt attempt;
    attempt.effect_id = "effect-1";
    attempt.body = body;
    return test::send(*outbound, attempt);
  }
  std::vector<std::string> seen() {
    std::lock_guard lock(mutex);
    return requests;
  }
  std::mutex mutex;
  std::vector<std::string> requests;
  RawServer server;
};

Outcome send_to(const std::string& reply, const std::string& inner = "") {
  return Partner(reply).send("", inner, "<a/>");
}

std::string with_body(const std::string& status, const std::string& type, const std::string& body) {
  return "HTTP/1.1 " + status + " X\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string kJson = " xmlns='http://www.w3.org/2005/xpath-functions'>";
const std::string kWrittenJson = " xmlns=\"http://www.w3.org/2005/xpath-functions\">";
const std::string kBusCodes =
    "<code value='0' means='delivered'/><code value='17' means='rejected'/>"
    "<code value='BUSY' means='unavailable'/>";

}  // namespace

BOOST_AUTO_TEST_SUITE(http_connector)

BOOST_AUTO_TEST_CASE(bad_configuration_is_found_with_place_and_nearest_name) {
  struct Case {
    std::string listener, inner;
    bool inbound;
    std::vector<const char*> says;
  };
  const std::vector<Case> table = {
      {kHere, "", true, {"endpoints/e.xml:1:1", "needs <http>"}},
      {kHere,
       "<http listner='http' path='/a'/>",
       true,
       {"no attribute \"listner\"", "did you mean \"listener\""}},
      {kHere,
       "<http listener='htp' path='/a'/>",
       true,
       {"no HTTP listener \"htp\"", "did you mean \"http\""}},
      {kHere, "<http listener='http' path='a'/>", true, {"not a path"}},
      {kHere,
       "<http listener='http' path='/a' peers='10.0.0.0/8 ::1/129'/>",
       true,
       {"endpoints/e.xml:1:", "\"::1/129\" has no length from 0 to 128"}},
      {kHere,
       "<http listener='http' path='/a' user='' password='secret:pass'/>",
       true,
       {"an empty user would let anybody in"}},
      // An allow-list alone is no authentication.
      {"<listener id='http' connector='http' address='0.0.0.0:1'/>",
       "<http listener='http' path='/a' peers='10.0.0.0/8'/>",
       true,
       {"has no authentication"}},
      {kHere, "<http listener='http' path='/a' user='u'/>", true, {"belong together", "password="}},
      {kHere,
       "<http listener='http' path='/a' user='u' password='hunter2'/>",
       true,
       {"secret:NAME"}},
      {kHere,
       "<http listener='http' path='/a' method='HEAD'/>",
       true,
       {"\"HEAD\" does not fit method"}},
      {"<listener id='http' connector='http' address='0.0.0.0:80'/>",
       "<http listener='http' path='/a'/>",
       true,
       {"0.0.0.0:80", "no authentication"}},
      {"<listener id='http' connector='http' address='[::]:80'/>",
       "<http listener='http' path='/a'/>",
       true,
       {"no authentication"}},
      {"<listener id='http' connector='http' adress='127.0.0.1:0'/>",
       "<http listener='http' path='/a'/>",
       true,
       {"did you mean \"address\""}},
      {kHere, "<http/>", false, {"needs the attribute \"url\""}},
      {kHere, "<http url='http://u:p@h/'/>", false, {"cannot be called"}},
      {kHere, "<http url='ftp://h/'/>", false, {"does not fit url"}},
      {kHere,
       "<http url='http://h/'><status code='99' means='rejected'/></http>",
       false,
       {"no such status"}},
      {kHere,
       "<http url='http://h/'><status code='404' means='rejekted'/></http>",
       false,
       {"did you mean \"rejected\""}},
      {kHere, "<http listener='http' path='/a' payload='yaml'/>", true, {"does not fit payload"}},
      {kHere, "<http listener='http' path='/a' json-depth='0'/>", true, {"no such depth"}},
      {kHere,
       "<http url='http://h/' payload='json' code-member='code'/>",
       false,
       {"belong together", "<code value="}},
      {kHere,
       "<http url='http://h/'><code value='0' means='delivered'/></http>",
       false,
       {"belong together"}},
      {kHere,
       "<http url='http://h/' code-member='code'><code value='0' means='delivered'/></http>",
       false,
       {"only a JSON reply", "payload=\"json\""}},
      {kHere,
       "<http url='http://h/' payload='json' code-member='code'><code value='1' "
       "means='rejected'/></http>",
       false,
       {"no code means delivered"}},
      {kHere, "<http url='http://h/'><header name='X-Key'/></http>", false, {"value or a secret"}},
      {kHere,
       "<http url='http://h/'><header name='X-Key' value='1' secret='secret:pass'/></http>",
       false,
       {"value or a secret"}},
      {kHere,
       "<http url='http://h/'><header name='Content-Length' value='1'/></http>",
       false,
       {"cannot be set"}},
      {kHere,
       "<http url='http://h/'><header name='X Key' value='1'/></http>",
       false,
       {"cannot be set"}},
      {kHere,
       "<http url='http://h/'><statu code='404' means='rejected'/></http>",
       false,
       {"did you mean \"status\""}},
  };
  for (const Case& one : table) {
    const std::string text = check(one.listener, one.inbound, one.inner);
    for (const char* part : one.says) BOOST_TEST(has(text, part), one.inner << " says: " << text);
    BOOST_TEST(!has(text, "hunter2"));
  }
  BOOST_TEST(check(kHere, true, "<http listener='http' path='/a'/>") == "");
  BOOST_TEST(check("<listener id='http' connector='http' address='0.0.0.0:80'/>", true,
                   "<http listener='http' path='/a' user='u' password='secret:p'/>") == "");
  BOOST_TEST(check(kHere, false,
                   "<http url='http://h/'><status code='404' means='rejected'/></http>") == "");
}

BOOST_AUTO_TEST_CASE(a_message_reaches_intake_with_its_allowed_headers) {
  Inbound in;
  in.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::accepted)};
  };
  BOOST_TEST(status_of(in.post("<a/>")) == "202");
  const auto received = in.stage.received();
  BOOST_TEST(received.size() == 1u);
  BOOST_TEST(received[0].endpoint == "in");
  BOOST_TEST(received[0].sender == "partner");
  BOOST_TEST(received[0].message_id == "m-1");
  BOOST_TEST(received[0].body == "<a/>");
  for (const auto& header : received[0].headers)
    BOOST_TEST((header.first != "cookie" && header.first != "authorization"));
}

BOOST_AUTO_TEST_CASE(each_answer_of_intake_has_its_status) {
  const XmlReader reader({{"urn:a", "a"}}, {});
  Inbound in;
  struct Case {
    IntakeAnswer answer;
    const char* status;
    std::vector<const char*> says;
  };
  const std::vector<Case> table = {
      {{test::reply(reader, "<a:r xmlns:a='urn:a'>1</a:r>")},
       "200",
       {"Content-Type: application/xml", "<a:r xmlns:a=\"urn:a\">1</a:r>"}},
      {{part(PartAnswer::Kind::refused, "xml-doctype", "a DOCTYPE")},
       "400",
       {"problem+json", "\"code\":\"xml-doctype\"", "a DOCTYPE"}},
      {{part(PartAnswer::Kind::refused, "duplicate-other-content", "x")}, "409", {"problem+json"}},
      {{part(PartAnswer::Kind::retry_later)}, "503", {"Retry-After: 1", "problem+json"}},
      {{part(PartAnswer::Kind::accepted), part(PartAnswer::Kind::retry_later)},
       "503",
       {"Retry-After: 1"}},
      {{part(PartAnswer::Kind::refused, "c", "t"), part(PartAnswer::Kind::accepted)}, "202", {}},
  };
  for (const Case& one : table) {
    in.stage.answering = [&](const Received&) { return one.answer; };
    const std::string answer = in.post("<a/>");
    BOOST_TEST(status_of(answer) == one.status);
    for (const char* part_of : one.says)
      BOOST_TEST(has(answer, part_of), part_of << " in " << answer);
  }
}

BOOST_AUTO_TEST_CASE(what_is_refused_at_the_edge_is_audited_and_goes_no_further) {
  Inbound in;
  BOOST_TEST(status_of(in.post("<a/>", "application/xml", "")) == "401");
  BOOST_TEST(status_of(in.post("<a/>", "application/xml",
                               "Authorization: Basic dTp3cm9uZw==\r\n")) == "401");
  BOOST_TEST(status_of(in.post("<a/>", "text/plain")) == "415");
  BOOST_TEST(status_of(in.post("<a/>", "text/xml; charset=utf-16")) == "415");
  BOOST_TEST(status_of(in.post(std::string(51, 'x'))) == "413");
  in.connector->pause("in", true);
  const std::string paused = in.post("<a/>");
  BOOST_TEST(status_of(paused) == "503");
  BOOST_TEST(has(paused, "Retry-After: "));
  RawSocket elsewhere(in.address);
  elsewhere.send("GET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  BOOST_TEST(status_of(elsewhere.read_all()) == "404");
  BOOST_TEST(in.stage.received().empty());
  const std::vector<std::string> wanted = {"in:unauthorized",   "in:unauthorized",
                                           "in:content-type",   "in:content-type",
                                           "in:body-too-large", "http:no-such-path"};
  BOOST_TEST(in.stage.refused() == wanted, boost::test_tools::per_element());
  in.connector->pause("in", false);
  in.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::accepted)};
  };
  BOOST_TEST(status_of(in.post("<a/>")) == "202");
}

BOOST_AUTO_TEST_CASE(a_message_that_intake_does_not_answer_in_time_may_be_repeated) {
  Stage stage;
  Listeners listeners;
  const auto connector = make_http(stage.context(), listeners);
  connector->add_listener(test::element(kHere));
  Endpoint endpoint("in", true, "<http listener='http' path='/in'/>");
  endpoint.spec.timeout = std::chrono::milliseconds(50);
  connector->add_inbound(endpoint.spec, stage);
  connector->start();
  RawSocket socket(connector->addresses().at("http"));
  socket.send(
      "POST /in HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: "
      "text/xml\r\nContent-Length: 4\r\n\r\n<a/>");
  const std::string answer = socket.read_all();
  BOOST_TEST(status_of(answer) == "503");
  BOOST_TEST(has(answer, "Retry-After: "));
  connector->stop();
}

BOOST_AUTO_TEST_CASE(curl_is_understood) {
  Inbound in;
  in.stage.answering = [](const Received& received) {
    return IntakeAnswer{
        part(received.body == "<a/>" ? PartAnswer::Kind::accepted : PartAnswer::Kind::retry_later)};
  };
  int status = 0;
  const std::string base =
      "curl -s -o /dev/null -w '%{http_code}' -u 'u:open sesame' -H 'Content-Type: "
      "application/xml' ";
  BOOST_TEST(test::run(base + "--data-binary '<a/>' http://" + in.address + "/in", status) ==
             "202");
  BOOST_TEST(test::run(base +
                           "-H 'Transfer-Encoding: chunked' -H 'Expect: 100-continue' "
                           "--data-binary '<a/>' http://" +
                           in.address + "/in",
                       status) == "202");
  BOOST_TEST(test::run("curl -s -o /dev/null -w '%{http_code}' --data-binary '<a/>' http://" +
                           in.address + "/in",
                       status) == "401");
  test::took_part("curl");
}

BOOST_AUTO_TEST_CASE(a_status_of_the_partner_becomes_an_outcome) {
  const auto reply = [](const std::string& status, const std::string& more = "") {
    return "HTTP/1.1 " + status + " X\r\n" + more + "Content-Length: 4\r\n\r\n<r/>";
  };
  const std::string declared =
      "<status code='404' means='rejected'/><status code='500' means='unavailable'/>";
  Outcome outcome = send_to(reply("200"));
  BOOST_TEST(outcome.kind == OutcomeKind::delivered);
  BOOST_TEST(outcome.body == "<r/>");
  outcome = send_to(reply("503", "Retry-After: 9\r\n"));
  BOOST_TEST(outcome.kind == OutcomeKind::unavailable);
  BOOST_TEST(outcome.code == "503");
  BOOST_TEST(outcome.retry_after->count() == 9);
  BOOST_TEST(send_to(reply("429")).kind == OutcomeKind::unavailable);
  BOOST_TEST(send_to(reply("404")).kind == OutcomeKind::unknown);
  BOOST_TEST(send_to(reply("404"), declared).kind == OutcomeKind::rejected);
  BOOST_TEST(send_to(reply("500"), declared).kind == OutcomeKind::unavailable);
  BOOST_TEST(send_to(reply("301", "Location: http://elsewhere/\r\n")).kind == OutcomeKind::unknown);
  outcome = send_to("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<r");
  BOOST_TEST(outcome.kind == OutcomeKind::unknown);
  BOOST_TEST(outcome.code == "reply-cut");
  BOOST_TEST(outcome.body == "<r");
}

BOOST_AUTO_TEST_CASE(an_attempt_carries_its_id_its_login_and_no_foreign_transport_header) {
  std::promise<std::string> seen;
  RawServer partner([&](RawSocket& socket, int) {
    seen.set_value(socket.read_response());
    socket.send("HTTP/1.1 202 X\r\nContent-Length: 0\r\n\r\n");
  });
  Stage stage;
  Listeners listeners;
  const auto connector = make_http(stage.context(), listeners);
  const Endpoint endpoint(
      "out", false,
      "<http url='http://" + partner.address() + "/p' user='u' password='secret:pass'/>");
  const auto outbound = connector->add_outbound(endpoint.spec, stage);
  Attempt attempt;
  attempt.effect_id = "effect-1";
  attempt.operation = "/op";
  attempt.headers = {{"traceparent", "00-1"}, {"Host", "evil"}, {"bad name", "x"}};
  attempt.body = "<a/>";
  BOOST_TEST(test::send(*outbound, attempt).kind == OutcomeKind::delivered);
  const std::string request = seen.get_future().get();
  BOOST_TEST(request.starts_with("POST /p/op HTTP/1.1\r\n"));
  BOOST_TEST(has(request, "Idempotency-Key: effect-1\r\n"));
  BOOST_TEST(has(request, "Authorization: Basic dTpvcGVuIHNlc2FtZQ==\r\n"));
  BOOST_TEST(has(request, "traceparent: 00-1\r\n"));
  BOOST_TEST(!has(request, "evil"));
  BOOST_TEST(!has(request, "bad name"));
}

BOOST_AUTO_TEST_CASE(json_that_comes_in_is_its_xml_form) {
  Inbound in("user='u' password='secret:pass' payload='json' json-depth='2'");
  in.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::accepted)};
  };
  BOOST_TEST(status_of(in.post("{\"amount\": 1.50}", "application/json")) == "202");
  BOOST_TEST(status_of(in.post("[]", "Application/JSON; charset=utf-8")) == "202");
  const auto received = in.stage.received();
  BOOST_TEST_REQUIRE(received.size() == 2u);
  BOOST_TEST(received[0].body ==
             "<map" + kWrittenJson + "<number key=\"amount\">1.50</number></map>");
}

BOOST_AUTO_TEST_CASE(json_that_is_none_is_refused_by_its_place) {
  Inbound in("user='u' password='secret:pass' payload='json' json-depth='2'");
  const std::string answer = in.post("{\"amount\": 1,}", "application/json");
  BOOST_TEST(status_of(answer) == "400");
  BOOST_TEST(has(answer, "\"code\":\"json-malformed\""));
  BOOST_TEST(has(answer, "line 1, column 14"));
  BOOST_TEST(status_of(in.post("[[[1]]]", "application/json")) == "400");
  BOOST_TEST(status_of(in.post("{\"a\":1,\"a\":2}", "application/json")) == "400");
  BOOST_TEST(status_of(in.post("<a/>", "application/xml")) == "415");
  BOOST_TEST(status_of(in.post("{}", "application/json; charset=utf-16")) == "415");
  BOOST_TEST(in.stage.received().empty());
  const std::vector<std::string> wanted = {"in:json-malformed", "in:json-too-deep",
                                           "in:json-duplicate-key", "in:content-type",
                                           "in:content-type"};
  BOOST_TEST(in.stage.refused() == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_reply_is_written_as_json) {
  const XmlReader reader({{"http://www.w3.org/2005/xpath-functions", "j"}}, {});
  Inbound in("user='u' password='secret:pass' payload='json'");
  in.stage.answering = [&](const Received&) {
    return IntakeAnswer{test::reply(reader, "<map" + kJson + "<string key='no'>1</string></map>")};
  };
  const std::string answer = in.post("{}", "application/json");
  BOOST_TEST(status_of(answer) == "200");
  BOOST_TEST(has(answer, "Content-Type: application/json"));
  BOOST_TEST(has(answer, "\r\n\r\n{\"no\":\"1\"}"));
  in.stage.answering = [&](const Received&) {
    return IntakeAnswer{test::reply(reader, "<other/>")};
  };
  BOOST_TEST(status_of(in.post("{}", "application/json")) == "500");
}

BOOST_AUTO_TEST_CASE(json_goes_out_and_its_reply_comes_back_as_xml) {
  Partner partner(with_body("200", "application/json", "{\"no\": 7}"));
  const Outcome outcome =
      partner.send("payload='json'", "", "<map" + kJson + "<number key='paid'>1.50</number></map>");
  BOOST_TEST(outcome.kind == OutcomeKind::delivered);
  BOOST_TEST(outcome.body == "<map" + kWrittenJson + "<number key=\"no\">7</number></map>");
  BOOST_TEST_REQUIRE(partner.seen().size() == 1u);
  BOOST_TEST(has(partner.seen()[0], "Content-Type: application/json\r\n"));
  BOOST_TEST(partner.seen()[0].ends_with("\r\n\r\n{\"paid\":1.50}"));
}

BOOST_AUTO_TEST_CASE(what_is_not_the_form_of_json_is_not_sent) {
  Partner partner(with_body("200", "application/json", "{}"));
  const Outcome outcome = partner.send("payload='json'", "", "<a/>");
  BOOST_TEST(outcome.kind == OutcomeKind::rejected);
  BOOST_TEST(outcome.code == "json-form");
  BOOST_TEST(partner.seen().empty());
}

BOOST_AUTO_TEST_CASE(a_reply_that_is_no_json_leaves_the_outcome_unknown) {
  const std::string body = "<map" + kJson + "</map>";
  const auto send = [&](const std::string& reply) {
    return Partner(reply).send("payload='json'", "", body);
  };
  Outcome outcome = send(with_body("200", "text/html", "<html>ok</html>"));
  BOOST_TEST(outcome.kind == OutcomeKind::unknown);
  BOOST_TEST(outcome.code == "reply-type");
  BOOST_TEST(outcome.body == "<html>ok</html>");
  outcome = send(with_body("200", "application/json", "<html>ok</html>"));
  BOOST_TEST(outcome.kind == OutcomeKind::unknown);
  BOOST_TEST(outcome.code == "json-malformed");
  BOOST_TEST(send(with_body("204", "text/plain", "")).kind == OutcomeKind::delivered);
  BOOST_TEST(send(with_body("500", "text/html", "<html/>")).code == "500");
}

BOOST_AUTO_TEST_CASE(a_code_in_the_reply_says_how_it_ended) {
  const std::string body = "<map" + kJson + "</map>";
  const auto send = [&](const std::string& json) {
    return Partner(with_body("200", "application/json", json))
        .send("payload='json' code-member='code'", kBusCodes, body);
  };
  Outcome outcome = send(R"({"code":0,"data":{"no":7}})");
  BOOST_TEST(outcome.kind == OutcomeKind::delivered);
  BOOST_TEST(outcome.code == "0");
  BOOST_TEST(outcome.body.starts_with("<map"));
  outcome = send(R"({"code":"17","message":"no such plate"})");
  BOOST_TEST(outcome.kind == OutcomeKind::rejected);
  BOOST_TEST(outcome.code == "17");
  BOOST_TEST(send(R"({"code":"BUSY"})").kind == OutcomeKind::unavailable);
  for (const auto* json : {R"({"code":"18"})", R"({"code":true})", R"({"kode":0})", R"([0])"}) {
    outcome = send(json);
    BOOST_TEST(outcome.kind == OutcomeKind::unknown, json);
    BOOST_TEST(outcome.code == "reply-code");
    BOOST_TEST(outcome.body == json);
  }
  outcome = Partner(with_body("204", "text/plain", ""))
                .send("payload='json' code-member='code'", kBusCodes, body);
  BOOST_TEST(outcome.kind == OutcomeKind::unknown);
}

BOOST_AUTO_TEST_CASE(declared_headers_go_out_with_every_request) {
  Partner partner(with_body("200", "application/xml", "<r/>"));
  const Outcome outcome = partner.send(
      "",
      "<header name='X-IBM-Client-Id' value='masar'/>"
      "<header name='X-IBM-Client-Secret' secret='secret:pass'/>",
      "<a/>");
  BOOST_TEST(outcome.kind == OutcomeKind::delivered);
  BOOST_TEST_REQUIRE(partner.seen().size() == 1u);
  BOOST_TEST(has(partner.seen()[0], "X-IBM-Client-Id: masar\r\n"));
  BOOST_TEST(has(partner.seen()[0], "X-IBM-Client-Secret: open sesame\r\n"));
}

BOOST_AUTO_TEST_CASE(only_the_addresses_of_the_list_may_call) {
  const auto post = [](const std::string& peers, const std::string& forwarded) {
    Inbound hub("user='u' password='secret:pass' peers='" + peers + "'");
    hub.stage.answering = [](const Received&) {
      return IntakeAnswer{part(PartAnswer::Kind::accepted)};
    };
    const std::string answer = hub.post(
        "<a/>", "application/xml", "Authorization: Basic dTpvcGVuIHNlc2FtZQ==\r\n" + forwarded);
    const auto refused = hub.stage.refused();
    return status_of(answer) + (refused.empty() ? "" : " " + refused.back()) +
           (refused.size() > 1 ? " twice" : "") + (hub.stage.received().empty() ? "" : " taken");
  };
  BOOST_TEST(post("127.0.0.1", "") == "202 taken");
  BOOST_TEST(post("10.0.0.0/8 127.0.0.0/8 ::1", "") == "202 taken");
  BOOST_TEST(post("10.0.0.0/8 ::1", "") == "403 in:peer-not-allowed");
  // Who the sender says that he is does not matter.
  BOOST_TEST(post("10.0.0.0/8", "X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n") ==
             "403 in:peer-not-allowed");
  BOOST_TEST(post("127.0.0.1", "X-Forwarded-For: 10.0.0.1\r\n") == "202 taken");
}

BOOST_AUTO_TEST_CASE(an_address_is_looked_at_before_a_password) {
  Inbound hub("user='u' password='secret:pass' peers='10.0.0.0/8'");
  BOOST_TEST(status_of(hub.post("<a/>", "application/xml", "")) == "403");
  BOOST_TEST(hub.stage.refused() == std::vector<std::string>{"in:peer-not-allowed"});
}

BOOST_AUTO_TEST_CASE(a_password_is_changed_while_the_hub_runs) {
  Inbound hub;
  hub.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::accepted)};
  };
  const auto with = [&](const std::string& password) {
    return status_of(hub.post("<a/>", "application/xml",
                              "Authorization: " + http::basic_authorization("u", password) +
                                  "\r\n"));
  };
  BOOST_TEST(with("open sesame") == "202");
  BOOST_TEST(with("barley") == "401");
  hub.stage.password("barley\nopen sesame");
  BOOST_TEST(with("barley") == "202");
  BOOST_TEST(with("open sesame") == "202");
  BOOST_TEST(with("") == "401");
  BOOST_TEST(with("barley\nopen sesame") == "401");
  // Nothing that could be a password: the ones before it go on.
  hub.stage.password("\n\n");
  BOOST_TEST(with("wheat") == "401");
  BOOST_TEST(with("barley") == "202");
  hub.stage.password("wheat");
  BOOST_TEST(with("wheat") == "202");
  BOOST_TEST(with("barley") == "401");
}

BOOST_AUTO_TEST_SUITE_END()
