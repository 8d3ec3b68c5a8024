#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <future>

#include "connectors/http/http.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"

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

Outcome send_to(const std::string& reply, const std::string& inner = "") {
  RawServer partner([&](RawSocket& socket, int) {
    socket.read_response();
    socket.send(reply);
  });
  Stage stage;
  Listeners listeners;
  const auto connector = make_http(stage.context(), listeners);
  const Endpoint endpoint("out", false,
                          "<http url='http://" + partner.address() + "/p'>" + inner + "</http>");
  const auto outbound = connector->add_outbound(endpoint.spec, stage);
  Attempt attempt;
  attempt.effect_id = "effect-1";
  attempt.body = "<a/>";
  return test::send(*outbound, attempt);
}

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

BOOST_AUTO_TEST_SUITE_END()
