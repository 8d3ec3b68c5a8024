#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <future>
#include <mutex>

#include "connectors/http/server.h"
#include "core/base/error.h"
#include "tests/connectors/http/raw.h"

using namespace masar;
using namespace masar::http;
using masar::test::has;
using masar::test::RawSocket;
using masar::test::status_of;

namespace {

/// A server with an echo, a path that never answers, one that answers later from elsewhere.
struct Fixture {
  explicit Fixture(ServerSettings wanted = {}) : server(with_address(std::move(wanted))) {
    Handler echo;
    echo.path = "/echo";
    echo.methods = {"POST", "GET", "HEAD"};
    echo.body_bytes_max = 100;
    echo.handle = [this](Request request, Respond respond) {
      ++handled;
      respond(text_response(200, request.method + " " + request.path + " " + request.body));
    };
    server.route(echo);
    Handler silent;
    silent.path = "/silent";
    silent.methods = {"POST", "GET"};
    silent.answer_within = std::chrono::milliseconds(50);
    silent.handle = [](Request, Respond) {};
    server.route(silent);
    Handler held;
    held.path = "/held/";
    held.prefix = true;
    held.methods = {"GET"};
    held.handle = [this](Request, Respond respond) { waiting.set_value(std::move(respond)); };
    server.route(held);
    server.on_refused([this](const Problem& problem) {
      std::lock_guard lock(mutex);
      refused.push_back(problem.code);
    });
    server.start();
    address = server.addresses().at(0);
  }
  static ServerSettings with_address(ServerSettings settings) {
    settings.addresses = {"127.0.0.1:0"};
    return settings;
  }
  std::string ask(std::string_view bytes) {
    RawSocket socket(address);
    socket.send(bytes);
    return socket.read_all();
  }
  std::vector<std::string> codes() {
    std::lock_guard lock(mutex);
    return refused;
  }

  std::atomic<int> handled{0};
  std::mutex mutex;
  std::vector<std::string> refused;
  std::promise<Respond> waiting;
  Server server;
  std::string address;
};

const std::string kHost = "Host: h\r\n";
std::string post(const std::string& headers, const std::string& body = "") {
  return "POST /echo HTTP/1.1\r\n" + kHost + headers + "\r\n" + body;
}

struct Hostile {
  const char* name;
  std::string bytes;
  const char* status;
  const char* code;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_server)

BOOST_AUTO_TEST_CASE(a_request_is_answered_with_date_length_and_type) {
  Fixture f;
  const std::string answer = f.ask(post("Content-Length: 2\r\nConnection: close\r\n", "hi"));
  BOOST_TEST(status_of(answer) == "200");
  BOOST_TEST(has(answer, "\r\nDate: "));
  BOOST_TEST(has(answer, " GMT\r\n"));
  BOOST_TEST(has(answer, "Content-Length: 13\r\n"));
  BOOST_TEST(has(answer, "Content-Type: text/plain"));
  BOOST_TEST(has(answer, "Connection: close\r\n"));
  BOOST_TEST(has(answer, "\r\n\r\nPOST /echo hi"));
  BOOST_TEST(!has(answer, "<reset>"));
}

BOOST_AUTO_TEST_CASE(hostile_requests_are_refused_with_an_answer) {
  Fixture f;
  const std::string line = "POST /echo HTTP/1.1\r\n";
  const std::vector<Hostile> table = {
      {"length and chunked",
       post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400", ""},
      {"chunked and length",
       post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"), "400", ""},
      {"two lengths", post("Content-Length: 2\r\nContent-Length: 3\r\n", "abc"), "400", ""},
      {"two equal lengths", post("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"), "400",
       "doubled-length"},
      {"a list of lengths", post("Content-Length: 2, 2\r\n", "ab"), "400", "bad-length"},
      {"negative length", post("Content-Length: -1\r\n"), "400", ""},
      {"signed length", post("Content-Length: +2\r\n", "ab"), "400", ""},
      {"length overflow", post("Content-Length: 99999999999999999999\r\n"), "400", ""},
      {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "400",
       "transfer-encoding"},
      {"chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), "400", ""},
      {"identity", post("Transfer-Encoding: identity\r\n"), "400", "transfer-encoding"},
      {"two encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "400",
       ""},
      {"space before colon", post("Content-Length : 2\r\n", "ab"), "400", ""},
      {"chunk 0x5", post("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n"), "400",
       "bad-body"},
      {"chunk overflow", post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\n"), "400",
       "bad-body"},
      {"chunk without CRLF", post("Transfer-Encoding: chunked\r\n", "2\r\nabX0\r\n\r\n"), "400",
       "bad-body"},
      {"chunk with bare LF", post("Transfer-Encoding: chunked\r\n", "2\nab\n0\n\n"), "400",
       "bad-body"},
      {"no host", line + "Content-Length: 0\r\n\r\n", "400", "no-host"},
      {"two hosts", line + kHost + "Host: other\r\n\r\n", "400", "doubled-host"},
      {"empty host", line + "Host: \r\n\r\n", "400", "bad-host"},
      {"host with path", line + "Host: a/b\r\n\r\n", "400", "bad-host"},
      {"host by trailer", post("Transfer-Encoding: chunked\r\n", "0\r\nHost: evil\r\n\r\n"), "400",
       "trailer"},
      {"host only by trailer", line + "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: h\r\n\r\n",
       "400", "no-host"},
      {"length by trailer",
       post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 9\r\n\r\n"), "400", "trailer"},
      {"HTTP/1.0 without host", "GET /echo HTTP/1.0\r\n\r\n", "400", "no-host"},
      {"HTTP/1.0 chunked",
       "POST /echo HTTP/1.0\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400",
       "transfer-encoding"},
      {"HTTP/2.0", "GET /echo HTTP/2.0\r\n" + kHost + "\r\n", "505", "http-version"},
      {"no version", "GET /echo\r\n" + kHost + "\r\n", "400", "bad-request"},
      {"NUL in a header", post(std::string("X: a\0b\r\n", 8)), "400", "control-character"},
      {"NUL in the target", std::string("GET /ec\0ho HTTP/1.1\r\n", 21) + kHost + "\r\n", "400",
       ""},
      {"bare LF", "GET /echo HTTP/1.1\nHost: h\n\n", "400", "bare-lf"},
      {"bare LF in a header", "GET /echo HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", "400", "bare-lf"},
      {"bare CR", "GET /echo HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", "400", "bare-cr"},
      {"folded line", post("X: a\r\n b\r\n"), "400", "folded-header"},
      {"absolute form", "GET http://h/echo HTTP/1.1\r\n" + kHost + "\r\n", "400", "bad-target"},
      {"asterisk", "OPTIONS * HTTP/1.1\r\n" + kHost + "\r\n", "400", "bad-target"},
      {"raw UTF-8 in the target", "GET /\xd9\x83 HTTP/1.1\r\n" + kHost + "\r\n", "400",
       "bad-target"},
      {"escaped NUL", "GET /echo%00 HTTP/1.1\r\n" + kHost + "\r\n", "400", "bad-target"},
      {"broken escape", "GET /echo%2 HTTP/1.1\r\n" + kHost + "\r\n", "400", "bad-target"},
      {"broken escape in the query", "GET /echo?a=%zz HTTP/1.1\r\n" + kHost + "\r\n", "400",
       "bad-target"},
      {"dot segment", "GET /held/../echo HTTP/1.1\r\n" + kHost + "\r\n", "400", "bad-target"},
      {"escaped dot segment", "GET /held/%2e%2E/echo HTTP/1.1\r\n" + kHost + "\r\n", "400",
       "bad-target"},
      {"empty first line", "\r\nGET /echo HTTP/1.1\r\n" + kHost + "\r\n", "400", "no-request-line"},
      {"not HTTP at all", "AMQP\x03\x01\r\n\r\n", "400", ""},
      {"TRACE", "TRACE /echo HTTP/1.1\r\n" + kHost + "\r\n", "405", "method-not-allowed"},
      {"TRACE elsewhere", "TRACE /nowhere HTTP/1.1\r\n" + kHost + "\r\n", "405",
       "method-not-allowed"},
      {"CONNECT", "CONNECT h:80 HTTP/1.1\r\n" + kHost + "\r\n", "400", "bad-target"},
      {"another method", "PUT /echo HTTP/1.1\r\n" + kHost + "\r\n", "405", "method-not-allowed"},
      {"unknown path", "GET /nowhere HTTP/1.1\r\n" + kHost + "\r\n", "404", "no-such-path"},
      {"unknown expectation", post("Expect: tea\r\n"), "417", "expectation"},
      {"declared too large", post("Content-Length: 101\r\n"), "413", "body-too-large"},
      {"chunked too large",
       post("Transfer-Encoding: chunked\r\n", "65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n"),
       "413", "body-too-large"},
  };
  for (const Hostile& one : table) {
    BOOST_TEST_CONTEXT(one.name) {
      const std::string answer = f.ask(one.bytes);
      BOOST_TEST(status_of(answer) == one.status);
      BOOST_TEST(has(answer, "application/problem+json"));
      BOOST_TEST(has(answer, "Connection: close\r\n"));
      BOOST_TEST(!has(answer, "<reset>"));
      BOOST_TEST(answer.find("HTTP/1.1 ", 9) ==
                 std::string::npos);  // nothing else was taken for a request
      if (*one.code) BOOST_TEST(f.codes().back() == one.code);
    }
  }
  BOOST_TEST(f.codes().size() == table.size());
  BOOST_TEST(f.handled == 0);
  BOOST_TEST(status_of(f.ask(post("Connection: close\r\n"))) == "200");
}

BOOST_AUTO_TEST_CASE(a_method_that_is_not_taken_names_those_that_are) {
  Fixture f;
  BOOST_TEST(
      has(f.ask("DELETE /echo HTTP/1.1\r\n" + kHost + "\r\n"), "Allow: POST, GET, HEAD\r\n"));
}

BOOST_AUTO_TEST_CASE(limits_are_exact) {
  Fixture f;
  const auto header_of = [](std::size_t size) {
    const std::string start = "GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: ";
    return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
  };
  BOOST_TEST(status_of(f.ask(header_of((16 << 10) - 1))) == "200");
  BOOST_TEST(status_of(f.ask(header_of(16 << 10))) == "200");
  const std::string over = f.ask(header_of((16 << 10) + 1));
  BOOST_TEST(status_of(over) == "431");
  BOOST_TEST(!has(over, "<reset>"));
  for (const std::size_t size : {99u, 100u}) {
    const std::string length =
        "Connection: close\r\nContent-Length: " + std::to_string(size) + "\r\n";
    BOOST_TEST(status_of(f.ask(post(length, std::string(size, 'b')))) == "200");
  }
  // Far over the limit and already on its way: still an answer, not a reset.
  const std::string large = f.ask(post("Content-Length: 2000000\r\n", std::string(2'000'000, 'b')));
  BOOST_TEST(status_of(large) == "413");
  BOOST_TEST(!has(large, "<reset>"));
}

BOOST_AUTO_TEST_CASE(requests_on_one_connection_are_answered_in_order) {
  Fixture f;
  RawSocket socket(f.address);
  std::string many;
  for (int i = 0; i < 50; ++i) many += post("Content-Length: 2\r\n", std::to_string(10 + i));
  many += post("Transfer-Encoding: chunked\r\n", "1\r\nA\r\n2;ext=1\r\nBC\r\n0\r\n\r\n");
  many += "GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  socket.send(many);
  for (int i = 0; i < 50; ++i)
    BOOST_TEST(has(socket.read_response(), "POST /echo " + std::to_string(10 + i)));
  BOOST_TEST(has(socket.read_response(), "POST /echo ABC"));
  BOOST_TEST(has(socket.read_response(), "GET /echo "));
  BOOST_TEST(socket.read_all().empty());
}

BOOST_AUTO_TEST_CASE(a_head_request_gets_no_body) {
  Fixture f;
  const std::string answer = f.ask("HEAD /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  BOOST_TEST(has(answer, "Content-Length: 11\r\n"));
  BOOST_TEST(answer.ends_with("\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(bytes_may_come_one_by_one) {
  Fixture f;
  RawSocket socket(f.address);
  for (const char c : post("Content-Length: 2\r\n", "hi")) socket.send(std::string_view(&c, 1));
  BOOST_TEST(has(socket.read_response(), "POST /echo hi"));
}

BOOST_AUTO_TEST_CASE(a_continue_is_said_only_when_the_body_is_wanted) {
  Fixture f;
  RawSocket polite(f.address);
  polite.send(post("Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n"));
  BOOST_TEST(polite.wait_for("HTTP/1.1 100 Continue\r\n\r\n"));
  polite.send("ok");
  BOOST_TEST(has(polite.read_all(), "POST /echo ok"));
  const std::string refused = f.ask(post("Expect: 100-continue\r\nContent-Length: 101\r\n"));
  BOOST_TEST(status_of(refused) == "413");
}

BOOST_AUTO_TEST_CASE(what_is_admitted_is_decided_before_the_body) {
  ServerSettings settings;
  settings.addresses = {"127.0.0.1:0"};
  Server server(settings);
  Handler guarded;
  guarded.path = "/in";
  guarded.methods = {"POST"};
  guarded.admit = [](const Request& request) -> std::optional<Response> {
    if (basic_matches(request.header("authorization"), "user", "pass")) return std::nullopt;
    return unauthorized("masar");
  };
  guarded.handle = [](Request request, Respond respond) {
    respond(text_response(200, request.body));
  };
  server.route(guarded);
  server.start();
  RawSocket without(server.addresses().at(0));
  without.send("POST /in HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  const std::string answer = without.read_all();
  BOOST_TEST(status_of(answer) == "401");
  BOOST_TEST(has(answer, "WWW-Authenticate: Basic realm=\"masar\""));
  RawSocket with(server.addresses().at(0));
  with.send(
      "POST /in HTTP/1.1\r\nHost: h\r\nAuthorization: basic dXNlcjpwYXNz\r\nContent-Length: "
      "3\r\n\r\nabc");
  BOOST_TEST(has(with.read_response(), "\r\n\r\nabc"));
}

BOOST_AUTO_TEST_CASE(a_handler_that_does_not_answer_is_answered_for) {
  Fixture f;
  const std::string answer = f.ask("GET /silent HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  BOOST_TEST(status_of(answer) == "503");
  BOOST_TEST(has(answer, "Retry-After: 1\r\n"));
}

BOOST_AUTO_TEST_CASE(an_answer_comes_from_any_thread_once) {
  Fixture f;
  RawSocket socket(f.address);
  socket.send("GET /held/x HTTP/1.1\r\nHost: h\r\n\r\n");
  Respond respond = f.waiting.get_future().get();
  respond(text_response(200, "first"));
  respond(text_response(200, "second"));
  BOOST_TEST(has(socket.read_response(), "first"));
  socket.send("GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  BOOST_TEST(!has(socket.read_all(), "second"));
}

BOOST_AUTO_TEST_CASE(an_answer_may_outlive_its_connection_and_its_server) {
  Respond respond;
  {
    Fixture f;
    RawSocket socket(f.address);
    socket.send("GET /held/x HTTP/1.1\r\nHost: h\r\n\r\n");
    respond = f.waiting.get_future().get();
    socket.reset();
  }
  respond(text_response(200, "nobody hears it"));
}

BOOST_AUTO_TEST_CASE(a_request_that_comes_too_slowly_is_answered_408_and_others_go_on) {
  ServerSettings settings;
  settings.request_timeout = std::chrono::milliseconds(100);
  settings.idle_timeout = std::chrono::milliseconds(100);
  Fixture f(settings);
  std::vector<RawSocket> stalled;
  for (int i = 0; i < 200; ++i) {
    stalled.emplace_back(f.address);
    stalled.back().send(i % 2 ? "POST /echo HTTP/1.1\r\nHost: h\r\nX-"
                              : post("Content-Length: 9\r\n", "half"));
  }
  BOOST_TEST(status_of(f.ask(post("Connection: close\r\n"))) == "200");
  for (RawSocket& one : stalled) {
    const std::string answer = one.read_all();
    BOOST_TEST(status_of(answer) == "408");
    BOOST_TEST(!has(answer, "<reset>"));
  }
  RawSocket idle(f.address);
  BOOST_TEST(idle.read_all() == "");
}

BOOST_AUTO_TEST_CASE(a_cut_request_is_answered_400) {
  Fixture f;
  for (const std::string& bytes : {post("Content-Length: 9\r\n", "half"), std::string("POST /ec"),
                                   post("Transfer-Encoding: chunked\r\n", "5\r\nhe")}) {
    RawSocket socket(f.address);
    socket.send(bytes);
    socket.finish_sending();
    BOOST_TEST(status_of(socket.read_all()) == "400");
  }
  BOOST_TEST(f.handled == 0);
}

BOOST_AUTO_TEST_CASE(beyond_the_cap_a_connection_is_told_to_come_back) {
  ServerSettings settings;
  settings.connections_max = 2;
  settings.refusals_max = 2;
  settings.linger = std::chrono::milliseconds(50);
  Fixture f(settings);
  std::vector<RawSocket> inside;
  for (int i = 0; i < 2; ++i) {
    inside.emplace_back(f.address);
    inside.back().send(post("Content-Length: 0\r\n"));
    BOOST_TEST(status_of(inside.back().read_response()) == "200");
  }
  std::vector<RawSocket> outside;
  for (int i = 0; i < 10; ++i) outside.emplace_back(f.address);
  for (RawSocket& one : outside) {
    const std::string answer = one.read_all();
    BOOST_TEST(status_of(answer) == "503");
    BOOST_TEST(has(answer, "Retry-After: "));
  }
  inside[0].send(post("Content-Length: 0\r\n"));
  BOOST_TEST(status_of(inside[0].read_response()) == "200");
}

BOOST_AUTO_TEST_CASE(a_stopping_server_answers_what_has_begun) {
  Fixture f;
  RawSocket idle(f.address);
  idle.send(post("Content-Length: 0\r\n"));
  idle.read_response();
  RawSocket busy(f.address);
  busy.send("GET /held/x HTTP/1.1\r\nHost: h\r\n\r\n");
  Respond respond = f.waiting.get_future().get();
  f.server.stop_accepting();
  BOOST_TEST(idle.read_all().empty());
  BOOST_CHECK_THROW(RawSocket(f.address), std::runtime_error);
  f.server.stop();
  const std::string answer = busy.read_all();
  BOOST_TEST(status_of(answer) == "503");
  BOOST_TEST(has(answer, "Retry-After: "));
  respond(text_response(200, "late"));
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_or_none_is_named) {
  Fixture f;
  for (const std::string& address : {f.address, std::string("127.0.0.1"), std::string("example:80"),
                                     std::string("127.0.0.1:70000")}) {
    ServerSettings settings;
    settings.addresses = {address};
    Server other(settings);
    BOOST_CHECK_EXCEPTION(other.start(), Error, [&](const Error& error) {
      return error.code() == "cannot-listen" && has(error.what(), address);
    });
  }
}

BOOST_AUTO_TEST_CASE(one_path_has_one_handler_a_method) {
  Server server({});
  Handler one;
  one.path = "/a";
  one.methods = {"GET"};
  server.route(one);
  one.methods = {"POST"};
  server.route(one);
  BOOST_CHECK_THROW(server.route(one), Error);
}

BOOST_AUTO_TEST_CASE(helpers) {
  BOOST_TEST(decode_percent("a%20b+c", false).value() == "a b+c");
  BOOST_TEST(decode_percent("a%20b+c", true).value() == "a b c");
  BOOST_TEST(!decode_percent("%4", false));
  BOOST_TEST(!decode_percent("%", false));
  BOOST_TEST(!decode_percent("%00", false));
  BOOST_TEST(encode_percent("a/b \xd9\x83~") == "a%2Fb%20%D9%83~");
  BOOST_TEST(basic_matches(basic_authorization("u", "p:q"), "u", "p:q"));
  BOOST_TEST(!basic_matches(basic_authorization("u", "p"), "u", "q"));
  BOOST_TEST(!basic_matches("Basic !!!", "u", "q"));
  BOOST_TEST(!basic_matches("Bearer dTpw", "u", "p"));
  BOOST_TEST(json_quote("a\"b\\\n\x1b") == "\"a\\\"b\\\\\\u000a\\u001b\"");
  Request request;
  request.path = "/api/cases/a%2Fb";
  BOOST_TEST(request.segments().size() == 3u);
  BOOST_TEST(request.segments().at(2) == "a/b");
}

BOOST_AUTO_TEST_SUITE_END()
