// The national platform: its JSON, its one-minute token, and what each answer becomes.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <future>

#include "connectors/http/http.h"
#include "connectors/sms/national_json.h"
#include "connectors/sms/sms.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"

using namespace masar;
using namespace masar::connector;
using masar::test::has;
using masar::test::RawServer;
using masar::test::RawSocket;

namespace {

std::string element_of(const std::string& url, const std::string& more = {}) {
  return "<sms><national url='" + url + "' user='masar' password='secret:pass' from='GAM' " + more +
         "/></sms>";
}

std::string check(const std::string& inner, bool idempotent = false) {
  test::Stage stage;
  http::Listeners listeners;
  config::Diagnostics diagnostics;
  test::Endpoint endpoint("e", false, inner);
  endpoint.spec.idempotent = idempotent;
  sms::make_sms(stage.context(), listeners)->check(endpoint.spec, diagnostics);
  return diagnostics.text();
}

std::string answer_of(const std::string& status, const std::string& body,
                      const std::string& headers = {}) {
  return "HTTP/1.1 " + status + " X\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string kToken = answer_of("200", R"({"token":"Bearer t-1"})");
const std::string kSent = answer_of("200", R"({"0":"mobile number[962791234567] messagesId[77]"})");

/// The platform: one script for its logins, one for its messages; each answer of a script serves
/// one call, the last all that follow. "" says nothing and hangs up.
class Platform {
 public:
  Platform(std::vector<std::string> logins, std::vector<std::string> messages)
      : logins_(std::move(logins)), messages_(std::move(messages)),
        server_([this](RawSocket& socket, int) { serve(socket); }) {}
  std::string url() const { return "http://" + server_.address() + "/bulk"; }
  std::vector<std::string> asked(const std::string& path) const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const auto& request : requests_) {
      if (request.starts_with("POST /bulk" + path + " HTTP/1.1\r\n")) found.push_back(request);
    }
    return found;
  }
  std::size_t logins() const { return asked("/authenticate").size(); }
  std::size_t messages() const { return asked("/sendSmsNotifications").size(); }

 private:
  void serve(RawSocket& socket) {
    const std::string request = socket.read_response();
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    auto& script = has(request, "/authenticate") ? logins_ : messages_;
    socket.send(script.front());
    if (script.size() > 1) script.erase(script.begin());
  }

  mutable std::mutex mutex_;
  std::vector<std::string> logins_, messages_, requests_;
  RawServer server_;
};

struct Hub {
  explicit Hub(const std::string& url, const std::string& more = {})
      : endpoint("national", false, element_of(url, more)),
        sms(sms::make_sms(stage.context(), listeners)),
        outbound(sms->add_outbound(endpoint.spec, stage)) {}
  Outcome send(const std::string& text = "مرحبا", const std::string& to = "962791234567") {
    Attempt attempt;
    attempt.effect_id = "effect-1";
    attempt.body = "<m><to>" + to + "</to><text>" + text + "</text></m>";
    return test::send(*outbound, attempt);
  }
  test::Stage stage;
  http::Listeners listeners;
  test::Endpoint endpoint;
  std::unique_ptr<Connector> sms;
  std::unique_ptr<Outbound> outbound;
};

bool is(const Outcome& outcome, OutcomeKind kind, const std::string& code) {
  if (outcome.kind == kind && outcome.code == code) return true;
  BOOST_TEST_MESSAGE("it is " << static_cast<int>(outcome.kind) << " " << outcome.code);
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(national_platform)

BOOST_AUTO_TEST_CASE(bad_configuration_is_found) {
  BOOST_TEST(check(element_of("https://h/bulk", "token-lifetime='PT1M' parts-max='3'")) == "");
  BOOST_TEST(has(check(element_of("http://h/bulk/")), "cannot be called"));
  BOOST_TEST(has(check(element_of("http://h/bulk?x=y")), "cannot be called"));
  BOOST_TEST(has(check(element_of("http://h/b", "parts-max='11'")), "1 to 10"));
  BOOST_TEST(has(check(element_of("http://h/b", "token-lifetime='PT0S'")), "valid for a second"));
  BOOST_TEST(has(check(element_of("http://h/b", "report-path='/x'")), "report-path"));
  BOOST_TEST(has(check(element_of("http://h/b"), true), "at-most-once"));
  BOOST_TEST(has(check("<sms url='http://h/x'><national url='http://h/b' user='u' "
                       "password='secret:pass' from='G'/></sms>"),
                 "url"));
  for (const std::string name : {"url", "user", "password", "from"}) {
    std::string without = element_of("http://h/b");
    const auto at = without.find(" " + name + "='");
    without.erase(at, without.find('\'', without.find('\'', at) + 1) + 1 - at);
    BOOST_TEST(has(check(without), "needs the attribute \"" + name + "\""));
  }
}

BOOST_AUTO_TEST_CASE(its_json_is_written_whole_and_read_strictly) {
  BOOST_TEST(sms::message_json({"962791234567", "\"مرحبا\"\n"}, "GAM") ==
             R"({"data1":{"msisdn":"962791234567","text":"\"مرحبا\"\n","header":"GAM",)"
             R"("messageTypeId":3}})");
  BOOST_TEST(sms::read_answer(R"({"0":"mobile number[962…] messagesId[1]"})")->sent);
  BOOST_TEST(!sms::read_answer(R"({"17":"invalid header"})")->sent);
  BOOST_TEST(sms::read_answer(R"({"17":"invalid header"})")->code == "17");
  for (const char* bad : {"", "messagesId[1]", "{}", R"({"0":""})", R"({"0":1})", R"({"":"x"})",
                          R"({"0":{"a":"messagesId[1]"}})", R"({"0":"messagesId[1]","1":"x"})",
                          R"({"0":"messagesId[1]")", "<html>messagesId[1]</html>"}) {
    BOOST_TEST(!sms::read_answer(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(a_text_goes_out_with_the_token_and_the_token_serves_the_next) {
  Platform platform({kToken}, {kSent});
  Hub hub(platform.url());
  BOOST_TEST(is(hub.send(), OutcomeKind::delivered, "0"));
  BOOST_TEST(is(hub.send(), OutcomeKind::delivered, "0"));
  BOOST_TEST(platform.logins() == 1u);
  BOOST_REQUIRE(platform.messages() == 2u);
  const std::string request = platform.asked("/sendSmsNotifications")[0];
  BOOST_TEST(has(request, "Authorization: Bearer t-1\r\n"));
  BOOST_TEST(has(request, R"("msisdn":"962791234567","text":"مرحبا","header":"GAM")"));
  BOOST_TEST(has(platform.asked("/authenticate")[0],
                 R"({"username":"masar","password":"open sesame"})"));
}

BOOST_AUTO_TEST_CASE(what_no_gateway_is_given_asks_for_no_token) {
  Platform platform({kToken}, {kSent});
  Hub hub(platform.url(), "parts-max='1'");
  BOOST_TEST(is(hub.send("text", "0791234567"), OutcomeKind::rejected, "bad-number"));
  BOOST_TEST(is(hub.send(std::string(71, 'a')), OutcomeKind::rejected, "too-long"));
  BOOST_TEST(platform.logins() == 0u);
}

BOOST_AUTO_TEST_CASE(without_a_token_nothing_is_sent) {
  struct Case {
    std::string login;
    OutcomeKind kind;
    const char* code;
  };
  for (const Case& one : std::vector<Case>{
           {answer_of("401", ""), OutcomeKind::unavailable, "login-401"},
           {answer_of("403", ""), OutcomeKind::unavailable, "login-403"},
           {answer_of("500", ""), OutcomeKind::unavailable, "no-token"},
           {answer_of("503", "", "Retry-After: 7\r\n"), OutcomeKind::unavailable, "no-token"},
           {answer_of("200", "<html/>"), OutcomeKind::unavailable, "no-token"},
           {answer_of("200", R"({"token":"a b"})"), OutcomeKind::unavailable, "no-token"},
           {"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n{", OutcomeKind::unavailable, "no-token"},
           {"", OutcomeKind::unavailable, "no-token"}}) {
    BOOST_TEST_CONTEXT(one.login) {
      Platform platform({one.login}, {kSent});
      Hub hub(platform.url());
      BOOST_TEST(is(hub.send(), one.kind, one.code));
      BOOST_TEST(platform.messages() == 0u);
      BOOST_TEST(platform.logins() == 1u);
    }
  }
  std::string gone;
  {
    Platform closed({kToken}, {kSent});
    gone = closed.url();
  }
  BOOST_TEST(is(Hub(gone).send(), OutcomeKind::unavailable, "no-token"));
}

BOOST_AUTO_TEST_CASE(each_answer_of_the_platform_becomes_an_outcome) {
  struct Case {
    std::string answer;
    OutcomeKind kind;
    const char* code;
  };
  for (const Case& one : std::vector<Case>{
           {answer_of("200", R"({"17":"invalid header"})"), OutcomeKind::rejected, "17"},
           {answer_of("400", ""), OutcomeKind::rejected, "400"},
           {answer_of("403", ""), OutcomeKind::rejected, "403"},
           {answer_of("429", ""), OutcomeKind::unavailable, "429"},
           {answer_of("503", ""), OutcomeKind::unavailable, "503"},
           {answer_of("500", ""), OutcomeKind::unknown, "500"},
           {answer_of("302", ""), OutcomeKind::unknown, "302"},
           {answer_of("200", ""), OutcomeKind::unknown, "200"},
           {answer_of("200", "<html>messagesId[1]</html>"), OutcomeKind::unknown, "200"},
           {"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n{", OutcomeKind::unknown, "reply-cut"}}) {
    BOOST_TEST_CONTEXT(one.answer) {
      Platform platform({kToken}, {one.answer});
      Hub hub(platform.url());
      const Outcome outcome = hub.send();
      BOOST_TEST(is(outcome, one.kind, one.code));
      BOOST_TEST(!has(outcome.text, "t-1"));
      BOOST_TEST(!has(outcome.text, "962"));
      BOOST_TEST(platform.messages() == 1u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_refused_token_is_renewed_once) {
  const std::string second = answer_of("200", R"({"token":"t-2"})");
  Platform platform({kToken, second}, {answer_of("401", ""), kSent});
  Hub hub(platform.url());
  BOOST_TEST(is(hub.send(), OutcomeKind::delivered, "0"));
  BOOST_TEST(platform.logins() == 2u);
  BOOST_REQUIRE(platform.messages() == 2u);
  BOOST_TEST(has(platform.asked("/sendSmsNotifications")[1], "Authorization: Bearer t-2\r\n"));

  Platform never({kToken}, {answer_of("401", "")});
  BOOST_TEST(is(Hub(never.url()).send(), OutcomeKind::rejected, "401"));
  BOOST_TEST(never.messages() == 2u);
  BOOST_TEST(never.logins() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
