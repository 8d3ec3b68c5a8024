#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/http/http.h"
#include "connectors/sms/parts.h"
#include "connectors/sms/report.h"
#include "connectors/sms/sms.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"

using namespace masar;
using namespace masar::connector;
using masar::http::Listeners;
using masar::test::Endpoint;
using masar::test::has;
using masar::test::RawServer;
using masar::test::RawSocket;
using masar::test::Stage;
using masar::test::status_of;

namespace masar::connector {
std::ostream& operator<<(std::ostream& out, OutcomeKind kind) {
  constexpr const char* kNames[] = {"delivered", "rejected", "unavailable", "unknown"};
  return out << kNames[static_cast<int>(kind)];
}
}  // namespace masar::connector

namespace {

const std::string kHere = "<listener id='http' connector='http' address='127.0.0.1:0'/>";
const std::string kReportKey = "0123456789abcdef-report";

/// Also takes delivery reports, or says: later.
class Desk : public Stage {
 public:
  std::string get(std::string_view name) const override {
    if (name == "secret:key") return kReportKey;
    if (name == "secret:weak") return "0123456789abcde";
    return Stage::get(name);
  }
  void report(std::string effect, std::string state, std::function<void(bool)> answer) override {
    {
      std::lock_guard lock(reports_mutex_);
      reports_.push_back(effect + " " + state);
    }
    answer(taking_reports);
  }
  std::vector<std::string> reports() const {
    std::lock_guard lock(reports_mutex_);
    return reports_;
  }
  std::atomic<bool> taking_reports{true};

 private:
  mutable std::mutex reports_mutex_;
  std::vector<std::string> reports_;
};

std::string element_of(const std::string& url, const std::string& attributes = {}) {
  return "<sms url='" + url +
         "' user='masar' password='secret:pass' from='GAM' report-listener='http' "
         "report-path='/sms/report' report-key='secret:key' " +
         attributes + "/>";
}

std::string check(bool inbound, const std::string& inner,
                  const std::string& address = "127.0.0.1:0", bool idempotent = false) {
  Desk desk;
  Listeners listeners;
  config::Diagnostics diagnostics;
  listeners.check(
      test::element("<listener id='http' connector='http' address='" + address + "'/>"),
      diagnostics);
  Endpoint endpoint("e", inbound, inner);
  endpoint.spec.idempotent = idempotent;
  sms::make_sms(desk.context(), listeners)->check(endpoint.spec, diagnostics);
  return diagnostics.text();
}

/// The hub's side: one outbound endpoint and the listener that its reports come to.
struct Hub {
  explicit Hub(const std::string& gateway, const std::string& attributes = {},
               std::chrono::milliseconds timeout = std::chrono::seconds(5))
      : endpoint("gateway", false,
                 element_of("http://" + gateway + "/cgi-bin/sendsms", attributes)) {
    endpoint.spec.timeout = timeout;
    http = http::make_http(desk.context(), listeners);
    http->add_listener(test::element(kHere));
    sms = sms::make_sms(desk.context(), listeners);
    outbound = sms->add_outbound(endpoint.spec, desk);
    http->start();
    address = http->addresses().at("http");
  }
  ~Hub() { http->stop(); }

  Outcome send(const std::string& text, const std::string& to = "962791234567") {
    Attempt attempt;
    attempt.effect_id = "effect-1";
    attempt.body = "<s:Message xmlns:s='urn:s'><s:to>" + to + "</s:to><s:text>" + text +
                   "</s:text></s:Message>";
    return test::send(*outbound, attempt);
  }
  std::string report(const std::string& path, const std::string& method = "GET") {
    RawSocket socket(address);
    socket.send(method + " " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    return socket.read_all();
  }

  Desk desk;
  Listeners listeners;
  Endpoint endpoint;
  std::unique_ptr<Connector> http;
  std::unique_ptr<Connector> sms;
  std::unique_ptr<Outbound> outbound;
  std::string address;
};

/// A gateway that answers every request alike and keeps what it was asked.
class Gateway {
 public:
  explicit Gateway(std::string answer)
      : server_([this, answer = std::move(answer)](RawSocket& socket, int) {
          const std::string request = socket.read_response();
          {
            std::lock_guard lock(mutex_);
            requests_.push_back(request);
          }
          socket.send(answer);
        }) {}
  const std::string& address() const { return server_.address(); }
  std::vector<std::string> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  RawServer server_;
};

std::string answer_of(const std::string& status, const std::string& body,
                      const std::string& headers = {}) {
  return "HTTP/1.1 " + status + " X\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string times(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

/// An address at which nobody listens.
std::string nobody() {
  RawServer closed([](RawSocket&, int) {});
  return closed.address();
}

const std::string kTaken = answer_of("202", "0: Accepted for delivery");

}  // namespace

BOOST_AUTO_TEST_SUITE(sms_connector)

BOOST_AUTO_TEST_CASE(bad_configuration_is_found) {
  const std::string good = element_of("http://127.0.0.1:1/cgi-bin/sendsms");
  BOOST_TEST(check(false, good) == "");
  BOOST_TEST(check(false, element_of("http://h/x", "report-url='' parts-max='1'")) == "");
  BOOST_TEST(check(false, element_of("https://h/x", "report-url='http://me:80' parts-max='10'"),
                   "0.0.0.0:1") == "");
  BOOST_TEST(has(check(false, good, "0.0.0.0:1"), "report-url"));
  BOOST_TEST(has(check(false, ""), "needs <sms>"));
  BOOST_TEST(has(check(true, good), "no inbound sms"));
  BOOST_TEST(has(check(false, good, "127.0.0.1:0", true), "at-most-once"));
  for (const std::string name : {"url", "user", "password", "from", "report-listener",
                                 "report-path", "report-key"}) {
    std::string without = good;
    const auto at = without.find(" " + name + "='");
    without.erase(at, without.find('\'', without.find('\'', at) + 1) + 1 - at);
    const std::string text = check(false, without);
    BOOST_TEST(has(text, "needs the attribute \"" + name + "\""), name << " says: " << text);
  }
  struct Case {
    const char* from;
    const char* to;
    const char* says;
  };
  const std::vector<Case> table = {
      {"http://127.0.0.1:1", "ftp://127.0.0.1:1", "http"},
      {"/sendsms", "/sendsms?user=x", "cannot be called"},
      {"password='secret:pass'", "password='open'", "secret"},
      {"report-key='secret:key'", "report-key='open'", "secret"},
      {"report-listener='http'", "report-listener='htp'", "no HTTP listener \"htp\""},
      {"'/sms/report'", "'sms/report'", "not a path"},
      {"'/sms/report'", "'/sms/report/'", "not a path"},
      {"'/sms/report'", "'/sms%d'", "not a path"},
      {"/>", "report-url='me:80'/>", "cannot be sent"},
      {"/>", "report-url='http://me:80/'/>", "cannot be sent"},
      {"/>", "parts-max='0'/>", "1 to 10"},
      {"/>", "parts-max='11'/>", "1 to 10"},
      {"/>", "parts-max='x'/>", "parts-max"},
      {"/>", "part-max='2'/>", "did you mean \"parts-max\""},
  };
  for (const Case& one : table) {
    std::string inner = good;
    inner.replace(inner.rfind(one.from), std::string(one.from).size(), one.to);
    const std::string text = check(false, inner);
    BOOST_TEST(has(text, one.says), inner << " says: " << text);
  }
}

BOOST_AUTO_TEST_CASE(a_key_that_could_be_guessed_stops_the_start) {
  Desk desk;
  Listeners listeners;
  std::string inner = element_of("http://h/x");
  inner.replace(inner.find("secret:key"), 10, "secret:weak");
  const Endpoint endpoint("e", false, inner);
  BOOST_CHECK_EXCEPTION(sms::make_sms(desk.context(), listeners)->add_outbound(endpoint.spec, desk),
                        Error, [](const Error& error) { return error.code() == "weak-key"; });
}

BOOST_AUTO_TEST_CASE(parts_are_counted_as_kannel_cuts_them) {
  const auto arabic = [](std::size_t count) { return sms::parts_of(times(count, "م")); };
  BOOST_TEST(sms::parts_of("") == 0u);
  for (const auto& [characters, parts] :
       {std::pair(1, 1), {70, 1}, {71, 2}, {134, 2}, {135, 3}, {201, 3}, {202, 4}}) {
    BOOST_TEST(arabic(static_cast<std::size_t>(characters)) == static_cast<std::size_t>(parts));
    BOOST_TEST(sms::parts_of(std::string(static_cast<std::size_t>(characters), 'a')) ==
               static_cast<std::size_t>(parts));
  }
  // Two units each. Kannel cuts by units: a pair across a border costs no more.
  BOOST_TEST(sms::parts_of(times(35, "😀")) == 1u);
  BOOST_TEST(sms::parts_of(times(35, "😀") + "a") == 2u);
  BOOST_TEST(sms::parts_of(times(67, "😀")) == 2u);
  BOOST_TEST(sms::parts_of(times(67, "😀") + "a") == 3u);
  BOOST_TEST(sms::parts_of("a" + times(66, "😀") + "a") == 2u);
  BOOST_TEST(sms::parts_of(times(70, "€")) == 1u);
}

BOOST_AUTO_TEST_CASE(a_text_that_kannel_would_cut_or_change_is_rejected_without_a_connection) {
  Gateway gateway(kTaken);
  Hub hub(gateway.address(), "parts-max='2'");
  const auto code = [&](const std::string& text, const std::string& to = "962791234567") {
    const Outcome outcome = hub.send(text, to);
    BOOST_TEST(outcome.kind == OutcomeKind::rejected);
    BOOST_TEST(!has(outcome.text, "79"));
    return outcome.code;
  };
  BOOST_TEST(code(times(135, "م")) == "too-long");
  BOOST_TEST(code("") == "no-text");
  BOOST_TEST(code("\u200f\u202e\ufeff") == "no-text");
  for (const char* number : {"", "0791234567", "+962791234567", "96279123456", "9627912345678",
                             "962731234567", "962791234567 962791234568", "٩٦٢٧٩١٢٣٤٥٦٧"}) {
    BOOST_TEST(code("text", number) == "bad-number");
  }
  Attempt attempt;
  for (const char* body : {"", "<a>", "<!DOCTYPE a><a/>"}) {
    attempt.body = body;
    BOOST_TEST(test::send(*hub.outbound, attempt).code == "bad-payload");
  }
  BOOST_TEST(gateway.requests().empty());
  BOOST_TEST(hub.send(times(134, "م")).kind == OutcomeKind::delivered);
  BOOST_TEST(gateway.requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_query_is_kannels_and_every_byte_is_escaped) {
  Gateway gateway(kTaken);
  Hub hub(gateway.address());
  const Outcome outcome = hub.send("دفع 5.250 &amp; a+b=c%?#\u202e\u200f&#10;😀");
  BOOST_TEST(outcome.kind == OutcomeKind::delivered);
  BOOST_TEST(outcome.code == "0");
  BOOST_REQUIRE(gateway.requests().size() == 1u);
  const std::string request = gateway.requests()[0];
  const std::string key = sms::report_segment(kReportKey, "effect-1");
  std::string back = "http://" + hub.address + "/sms/report/" + key + "?state=%d";
  BOOST_TEST(request.substr(0, request.find("\r\n")) ==
             "GET /cgi-bin/sendsms?username=masar&password=open%20sesame&from=GAM&to=962791234567"
             "&coding=2&charset=UTF-8&text=%D8%AF%D9%81%D8%B9%205.250%20%26%20a%2Bb%3Dc%25%3F%23%20"
             "%F0%9F%98%80&dlr-mask=31&dlr-url=" +
                 http::encode_percent(back) + " HTTP/1.1");
  BOOST_TEST(http::decode_percent(http::encode_percent(back), true).value() == back);

  Hub elsewhere(gateway.address(), "report-url='http://hub.example:8080'");
  elsewhere.send("text");
  BOOST_TEST(has(gateway.requests().back(),
                 "&dlr-url=http%3A%2F%2Fhub.example%3A8080%2Fsms%2Freport%2Feffect-1."));
}

BOOST_AUTO_TEST_CASE(each_answer_of_the_gateway_becomes_an_outcome) {
  struct Case {
    std::string answer;
    OutcomeKind kind;
    const char* code;
  };
  const std::vector<Case> table = {
      {kTaken, OutcomeKind::delivered, "0"},
      {answer_of("202", "3: Queued for later delivery"), OutcomeKind::delivered, "3"},
      {answer_of("202", ""), OutcomeKind::unknown, "202"},
      {answer_of("202", "Sent."), OutcomeKind::unknown, "202"},
      {answer_of("200", "0: Accepted for delivery"), OutcomeKind::unknown, "200"},
      {answer_of("400", "Garbage 'to' field, rejected."), OutcomeKind::rejected, "400"},
      {answer_of("403", "Authorization failed for sendsms"), OutcomeKind::rejected, "403"},
      {answer_of("404", "Unknown request."), OutcomeKind::rejected, "404"},
      {answer_of("408", ""), OutcomeKind::unknown, "408"},
      {answer_of("302", ""), OutcomeKind::unknown, "302"},
      {answer_of("500", ""), OutcomeKind::unknown, "500"},
      {answer_of("503", "Temporal failure, try again later."), OutcomeKind::unavailable, "503"},
      {answer_of("429", ""), OutcomeKind::unavailable, "429"},
  };
  for (const Case& one : table) {
    BOOST_TEST_CONTEXT(one.answer) {
      Gateway gateway(one.answer);
      Hub hub(gateway.address());
      const Outcome outcome = hub.send("text");
      BOOST_TEST(outcome.kind == one.kind);
      BOOST_TEST(outcome.code == one.code);
      BOOST_TEST(gateway.requests().size() == 1u);
    }
  }
  Gateway busy(answer_of("503", "", "Retry-After: 7\r\n"));
  BOOST_TEST(Hub(busy.address()).send("text").retry_after->count() == 7);
}

BOOST_AUTO_TEST_CASE(without_a_whole_answer_it_is_known_whether_anything_left) {
  const std::string gone = nobody();
  BOOST_TEST(Hub(gone).send("text").kind == OutcomeKind::unavailable);

  Gateway cut("HTTP/1.1 202 X\r\nContent-Length: 100\r\n\r\n0: Acc");
  const Outcome half = Hub(cut.address()).send("text");
  BOOST_TEST(half.kind == OutcomeKind::unknown);
  BOOST_TEST(cut.requests().size() == 1u);  // and is not sent again

  // Silent until the hub hangs up: its time-out ends the call.
  RawServer silent([](RawSocket& socket, int) { socket.read_all(); });
  Hub hub(silent.address(), "", std::chrono::milliseconds(1500));
  const Outcome none = hub.send("text");
  BOOST_TEST(none.kind == OutcomeKind::unknown);
  BOOST_TEST(none.code == "timeout");
  for (const std::string& text : {half.text, none.text}) {
    BOOST_TEST(!has(text, "962"));
    BOOST_TEST(!has(text, "sesame"));
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_before_the_listener_of_the_reports_is_bound) {
  Gateway gateway(kTaken);
  Desk desk;
  Listeners listeners;
  const auto http = http::make_http(desk.context(), listeners);
  http->add_listener(test::element(kHere));
  const auto connector = sms::make_sms(desk.context(), listeners);
  const Endpoint endpoint("e", false, element_of("http://" + gateway.address() + "/x"));
  const auto outbound = connector->add_outbound(endpoint.spec, desk);
  Attempt attempt;
  attempt.effect_id = "effect-1";
  attempt.body = "<m><to>962791234567</to><text>t</text></m>";
  const Outcome outcome = test::send(*outbound, attempt);
  BOOST_TEST(outcome.kind == OutcomeKind::unavailable);
  BOOST_TEST(outcome.code == "no-report-address");
  BOOST_TEST(gateway.requests().empty());
}

BOOST_AUTO_TEST_CASE(the_segment_of_a_report_is_its_key) {
  const std::string segment = sms::report_segment(kReportKey, "effect-1");
  BOOST_TEST(segment.size() == 8u + 1u + 32u);
  BOOST_TEST(sms::effect_of_segment(kReportKey, segment).value() == "effect-1");
  BOOST_TEST(!sms::effect_of_segment("another key of ours", segment));
  for (std::size_t at = 0; at < segment.size(); ++at) {
    std::string changed = segment;
    changed[at] = changed[at] == '0' ? '1' : '0';
    BOOST_TEST(!sms::effect_of_segment(kReportKey, changed));
  }
  for (const std::string& bad : {std::string(), std::string("."), std::string("effect-1"),
                                 std::string("effect-1."), segment.substr(0, segment.size() - 1),
                                 segment + "0", "effect-2" + segment.substr(8),
                                 sms::report_segment(kReportKey, "")}) {
    BOOST_TEST(!sms::effect_of_segment(kReportKey, bad));
  }
}

BOOST_AUTO_TEST_CASE(reports_reach_intake_as_states) {
  Hub hub(nobody());
  const std::string path = "/sms/report/" + sms::report_segment(kReportKey, "effect-1");
  const std::vector<std::pair<std::string, std::string>> table = {
      {"8", "accepted"}, {"1", "delivered"}, {"1", "delivered"}, {"2", "failed"},
      {"4", "buffered"}, {"16", "rejected"}, {"34", "expired"},  {"66", "unknown"}};
  std::vector<std::string> said;
  for (const auto& [code, state] : table) {
    BOOST_TEST(status_of(hub.report(path + "?state=" + code)) == "200");
    said.push_back("effect-1 " + state);
    BOOST_TEST(hub.desk.reports() == said, boost::test_tools::per_element());
  }
  hub.desk.taking_reports = false;
  const std::string later = hub.report(path + "?state=1");
  BOOST_TEST(status_of(later) == "503");
  BOOST_TEST(has(later, "Retry-After: "));
  BOOST_TEST(hub.desk.refused().empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_report_is_refused_and_written_down) {
  Hub hub(nobody());
  const std::string segment = sms::report_segment(kReportKey, "effect-1");
  const std::string other = sms::report_segment("another key of ours", "effect-1");
  struct Case {
    std::string path;
    const char* status;
    const char* audit;
    std::string method = "GET";
  };
  const std::vector<Case> table = {
      {"/sms/report/" + other + "?state=1", "404", "bad-report"},
      {"/sms/report/effect-1?state=1", "404", "bad-report"},
      {"/sms/report/effect-2" + segment.substr(8) + "?state=1", "404", "bad-report"},
      {"/sms/report/x/" + segment + "?state=1", "404", "bad-report"},
      {"/sms/report/" + segment + "/?state=1", "404", "bad-report"},
      {"/sms/report/?state=1", "404", "bad-report"},
      {"/sms/report/" + segment, "400", "bad-report-state"},
      {"/sms/report/" + segment + "?state=", "400", "bad-report-state"},
      {"/sms/report/" + segment + "?state=3", "400", "bad-report-state"},
      {"/sms/report/" + segment + "?state=%25d", "400", "bad-report-state"},
      {"/sms/report/" + segment + "?state=1", "405", "method-not-allowed", "DELETE"},
  };
  for (const Case& one : table) {
    BOOST_TEST_CONTEXT(one.method << " " << one.path) {
      BOOST_TEST(status_of(hub.report(one.path, one.method)) == one.status);
      BOOST_REQUIRE(!hub.desk.refused().empty());
      BOOST_TEST(hub.desk.refused().back() == std::string("gateway:") + one.audit);
    }
  }
  BOOST_TEST(hub.desk.refused().size() == table.size());
  BOOST_TEST(hub.desk.reports().empty());
}

BOOST_AUTO_TEST_SUITE_END()
