// Tokens: kept for many calls, fetched by a login, presented by an endpoint.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <mutex>
#include <thread>
#include <vector>

#include "connectors/http/http.h"
#include "connectors/http/token.h"
#include "connectors/http/token_login.h"
#include "core/base/manual.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"

using namespace masar;
using namespace masar::connector;
using http::CallResult;
using masar::test::has;
using masar::test::RawServer;
using masar::test::RawSocket;

BOOST_AUTO_TEST_SUITE(token_keeper)

namespace {

/// A keeper whose fetches end when the test says.
struct Keeper {
  explicit Keeper(std::size_t waiting_max = 10)
      : keeper({std::chrono::seconds(60), waiting_max}, steady,
               [this](http::TokenKeeper::Use use) { fetches.push_back(std::move(use)); }) {}
  void get() {
    keeper.get([this](const http::FetchedToken& got) {
      said += (got.token.empty() ? got.failure.code : got.token) + " ";
    });
  }
  ManualSteadyClock steady;
  std::vector<http::TokenKeeper::Use> fetches;
  std::string said;
  http::TokenKeeper keeper;
};

http::FetchedToken failure() {
  return {{}, {OutcomeKind::unavailable, "away", {}, {}, {}}, {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(many_wait_for_one_fetch) {
  Keeper one(3);
  for (int call = 0; call < 4; ++call) one.get();
  BOOST_TEST(one.fetches.size() == 1u);
  BOOST_TEST(one.said == "token-queue-full ");
  one.fetches[0]({"a", {}, {}});
  BOOST_TEST(one.said == "token-queue-full a a a ");
  one.get();
  BOOST_TEST(one.said == "token-queue-full a a a a ");
  BOOST_TEST(one.fetches.size() == 1u);
}

BOOST_AUTO_TEST_CASE(it_is_renewed_before_it_ends_counted_from_the_fetchs_beginning) {
  Keeper one;
  one.get();
  one.steady.advance(std::chrono::seconds(5));
  one.fetches[0]({"a", {}, {}});
  one.steady.advance(std::chrono::seconds(44));
  one.get();
  BOOST_TEST(one.said == "a a ");
  one.steady.advance(std::chrono::seconds(1));
  one.get();
  BOOST_TEST(one.said == "a a ");
  BOOST_REQUIRE(one.fetches.size() == 2u);
  one.fetches[1]({"b", {}, {}});
  BOOST_TEST(one.said == "a a b ");
}

BOOST_AUTO_TEST_CASE(its_life_is_what_the_partner_says) {
  Keeper one;
  one.get();
  one.fetches[0]({"a", {}, std::chrono::seconds(600)});
  one.steady.advance(std::chrono::seconds(499));
  one.get();
  BOOST_TEST(one.said == "a a ");
  one.steady.advance(std::chrono::seconds(1));
  one.get();
  BOOST_TEST(one.fetches.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_failed_fetch_fails_who_waited_and_the_next_asks_again) {
  Keeper one;
  one.get(), one.get();
  one.fetches[0](failure());
  BOOST_TEST(one.said == "away away ");
  one.get();
  BOOST_REQUIRE(one.fetches.size() == 2u);
  one.fetches[1]({"a", {}, {}});
  BOOST_TEST(one.said == "away away a ");
}

BOOST_AUTO_TEST_CASE(a_refused_token_is_forgotten_but_not_a_newer_one) {
  Keeper one;
  one.get();
  one.fetches[0]({"a", {}, {}});
  one.keeper.refused("a");
  one.get();
  BOOST_REQUIRE(one.fetches.size() == 2u);
  one.fetches[1]({"b", {}, {}});
  one.keeper.refused("a");  // of a call that began with the first
  one.get();
  BOOST_TEST(one.said == "a b b ");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(token_login)

namespace {

http::FetchedToken read(const std::string& body, int status = 200) {
  CallResult result;
  result.kind = CallResult::Kind::replied;
  result.status = status;
  result.body = body;
  return http::token_of(result, "token");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_token_is_read_strictly) {
  BOOST_TEST(http::login_json("u", "a\"", "p", "b\\") == R"({"u":"a\"","p":"b\\"})");
  BOOST_TEST(read(R"({"token":"a.b-c"})").token == "a.b-c");
  BOOST_TEST(read(R"({"token":"Bearer a.b-c"})", 201).token == "a.b-c");
  BOOST_TEST(read(R"({"token":"a","token_type":"bearer","more":{"x":[1]}})").token == "a");
  for (const std::string& bad :
       {std::string(), std::string("t-1"), std::string(R"({"token":""})"),
        std::string(R"({"token":"Bearer "})"), std::string(R"({"token":7})"),
        std::string(R"({"token":"a b"})"), std::string(R"({"token":"a\r\nX: y"})"),
        std::string(R"({"token":"é"})"), std::string(R"(["token"])"),
        std::string(R"({"token":"a"} x)"), std::string(R"({"data":{"token":"a"}})"),
        std::string(R"({"token":"a","token_type":"mac"})"),
        std::string(R"({"token":"a","token_type":7})"),
        R"({"token":")" + std::string(http::kTokenBytesMax + 1, 'a') + R"("})"}) {
    const http::FetchedToken none = read(bad);
    BOOST_TEST(none.token == "", bad.substr(0, 80));
    BOOST_TEST(none.failure.code == "no-token");
    BOOST_TEST((none.failure.kind == OutcomeKind::unavailable));
    BOOST_TEST(!has(none.failure.text, "a b"));
  }
  BOOST_TEST(read(R"({"token":"a"})", 401).failure.code == "login-401");
  BOOST_TEST(read(R"({"token":"a"})", 429).failure.code == "no-token");
  BOOST_TEST(read(R"({"token":"a"})", 500).failure.code == "no-token");
}

BOOST_AUTO_TEST_CASE(its_life_is_read_too) {
  using std::chrono::seconds;
  const auto life = [](const std::string& said) {
    return read(R"({"token":"a","expires_in":)" + said + "}").lifetime.value_or(seconds(-1));
  };
  BOOST_TEST(life("3600").count() == 3600);
  BOOST_TEST(life("\"300\"").count() == 300);
  BOOST_TEST(life("9000000000").count() == 86400);
  for (const char* none : {"0", "-1", "1.5", "\"\"", "\"5m\"", "null", "1e99"})
    BOOST_TEST(life(none).count() == -1, none);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(bearer_calls)

namespace {

std::string answer_of(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + " X\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A bus that gives tokens t-1, t-2 … at /login and takes only the newest, at /in.
class Bus {
 public:
  Bus() : server_([this](RawSocket& socket, int) { serve(socket); }) {}
  std::string url() const { return "http://" + server_.address(); }
  std::vector<std::string> asked(const std::string& path) const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const auto& request : requests_)
      if (request.starts_with("POST " + path + " ")) found.push_back(request);
    return found;
  }
  void end_tokens() {
    std::lock_guard lock(mutex_);
    current_ = "ended";
  }
  std::string login_answers;  ///< empty: a token

 private:
  void serve(RawSocket& socket) {
    const std::string request = socket.read_response();
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (request.starts_with("POST /login ")) {
      current_ = "t-" + std::to_string(++tokens_);
      socket.send(!login_answers.empty()
                      ? login_answers
                      : answer_of("200", R"({"access_token":")" + current_ + R"("})"));
    } else if (has(request, "Authorization: Bearer " + current_ + "\r\n")) {
      socket.send(answer_of("200", "{}"));
    } else {
      socket.send(answer_of("401", "{}"));
    }
  }

  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::string current_ = "none";
  int tokens_ = 0;
  RawServer server_;
};

std::string element_of(const std::string& url, const std::string& token,
                       const std::string& more = {}) {
  return "<http url='" + url + "/in' payload='json' " + more + "><token url='" + url +
         "/login' user='ma sar' password='secret:pass' " + token + "/></http>";
}

struct Hub {
  explicit Hub(const std::string& inner)
      : endpoint("bus", false, inner),
        http(http::make_http(stage.context(), listeners)),
        outbound(http->add_outbound(endpoint.spec, stage)) {}
  Outcome send() {
    Attempt attempt;
    attempt.effect_id = "effect-1";
    attempt.body = "<map xmlns='http://www.w3.org/2005/xpath-functions'/>";
    return test::send(*outbound, attempt);
  }
  test::Stage stage;
  http::Listeners listeners;
  test::Endpoint endpoint;
  std::unique_ptr<Connector> http;
  std::unique_ptr<Outbound> outbound;
};

std::string check(const std::string& inner) {
  test::Stage stage;
  http::Listeners listeners;
  config::Diagnostics diagnostics;
  const test::Endpoint endpoint("e", false, inner);
  http::make_http(stage.context(), listeners)->check(endpoint.spec, diagnostics);
  return diagnostics.text();
}

}  // namespace

BOOST_AUTO_TEST_CASE(bad_configuration_is_found) {
  BOOST_TEST(check(element_of("http://h", "scope='a b' lifetime='PT5M'")) == "");
  BOOST_TEST(check(element_of("http://h", "form='json' user-member='u' member='token'")) == "");
  BOOST_TEST(has(check(element_of("http://h", "from='json'")), "did you mean \"form\""));
  BOOST_TEST(has(check(element_of("http://h", "lifetime='PT0S'")), "valid for a second"));
  BOOST_TEST(has(check(element_of("http://h", "user-member='u'")), "only a JSON object"));
  BOOST_TEST(has(check(element_of("http://h", "form='json' scope='s'")), "only OAuth"));
  BOOST_TEST(has(check(element_of("http://h", "", "user='u' password='secret:pass'")),
                 "one Authorization"));
  BOOST_TEST(has(check("<http url='http://h/x'><token url='http:///x' user='u' "
                       "password='secret:pass'/></http>"),
                 "cannot be called"));
  BOOST_TEST(has(check("<http url='http://h/x'><token url='http://h/x'/></http>"),
                 "needs the attribute \"user\""));
  const std::string own = "<header name='Authorization' secret='secret:pass'/>";
  BOOST_TEST(check("<http url='http://h/x'>" + own + "</http>") == "");
  BOOST_TEST(has(check("<http url='http://h/x'><header name='authorization' value='Bearer x'/>"
                       "</http>"),
                 "is a secret"));
  BOOST_TEST(has(check("<http url='http://h/x' user='u' password='secret:pass'>" + own + "</http>"),
                 "one Authorization"));
}

BOOST_AUTO_TEST_CASE(a_token_of_oauth_serves_many_calls_and_is_renewed_once_it_is_refused) {
  Bus bus;
  Hub hub(element_of(bus.url(), "scope='pay bills'"));
  BOOST_TEST((hub.send().kind == OutcomeKind::delivered));
  BOOST_TEST((hub.send().kind == OutcomeKind::delivered));
  BOOST_REQUIRE(bus.asked("/login").size() == 1u);
  const std::string login = bus.asked("/login")[0];
  BOOST_TEST(has(login, "Authorization: Basic bWElMjBzYXI6b3BlbiUyMHNlc2FtZQ==\r\n"));
  BOOST_TEST(has(login, "Content-Type: application/x-www-form-urlencoded\r\n"));
  BOOST_TEST(has(login, "\r\n\r\ngrant_type=client_credentials&scope=pay%20bills"));

  bus.end_tokens();
  BOOST_TEST((hub.send().kind == OutcomeKind::delivered));
  BOOST_TEST(bus.asked("/login").size() == 2u);
  BOOST_REQUIRE(bus.asked("/in").size() == 4u);
  BOOST_TEST(has(bus.asked("/in")[3], "Authorization: Bearer t-2\r\n"));
  BOOST_TEST(has(bus.asked("/in")[3], "Idempotency-Key: effect-1\r\n"));
}

BOOST_AUTO_TEST_CASE(a_login_by_json_reads_its_password_anew) {
  Bus bus;
  Hub hub(element_of(bus.url(), "form='json' password-member='secret'"));
  hub.send();
  hub.stage.password("other");
  bus.end_tokens();
  hub.send();
  BOOST_REQUIRE(bus.asked("/login").size() == 2u);
  BOOST_TEST(has(bus.asked("/login")[0], R"({"username":"ma sar","secret":"open sesame"})"));
  BOOST_TEST(has(bus.asked("/login")[1], R"({"username":"ma sar","secret":"other"})"));
}

BOOST_AUTO_TEST_CASE(without_a_token_nothing_is_sent) {
  Bus bus;
  bus.login_answers = answer_of("401", R"({"error":"invalid_client"})");
  Hub hub(element_of(bus.url(), ""));
  const Outcome refused = hub.send();
  BOOST_TEST((refused.kind == OutcomeKind::unavailable));
  BOOST_TEST(refused.code == "login-401");
  bus.login_answers = answer_of("200", "<html>sesame</html>");
  BOOST_TEST(hub.send().code == "no-token");
  BOOST_TEST(bus.asked("/in").size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_token_that_is_refused_anew_is_told_as_its_401) {
  Bus bus;
  bus.login_answers = answer_of("200", R"({"access_token":"wrong"})");
  const Outcome outcome = Hub(element_of(bus.url(), "")).send();
  BOOST_TEST(outcome.code == "401");
  BOOST_TEST(bus.asked("/login").size() == 2u);
  BOOST_TEST(bus.asked("/in").size() == 2u);
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_token_is_told_when_the_endpoint_ends) {
  std::mutex mutex;
  std::condition_variable came;
  bool asked = false, answered = false;
  RawServer silent([&](RawSocket& socket, int) {
    socket.read_response();
    std::unique_lock lock(mutex);
    asked = true;
    came.notify_all();
    came.wait(lock, [&] { return answered; });
  });
  {
    Hub hub(element_of("http://" + silent.address(), ""));
    Attempt attempt;
    attempt.body = "<map xmlns='http://www.w3.org/2005/xpath-functions'/>";
    std::vector<Outcome> outcomes;
    for (int call = 0; call < 3; ++call) {
      hub.outbound->send(attempt, [&](Outcome outcome) {
        std::lock_guard lock(mutex);
        outcomes.push_back(outcome);
        came.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    came.wait(lock, [&] { return asked; });
    lock.unlock();
    hub.outbound.reset();
    lock.lock();
    came.wait(lock, [&] { return outcomes.size() == 3; });
    BOOST_TEST((outcomes[2].kind == OutcomeKind::unavailable));
    answered = true;
    came.notify_all();
  }
}

BOOST_AUTO_TEST_SUITE_END()
