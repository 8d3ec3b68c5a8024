#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>

#include "connectors/http/client.h"
#include "tests/connectors/http/raw.h"

using namespace masar::http;
using masar::test::has;
using masar::test::RawServer;
using masar::test::RawSocket;
using Kind = CallResult::Kind;

namespace masar::http {
std::ostream& operator<<(std::ostream& out, CallResult::Kind kind) {
  return out << (kind == Kind::replied    ? "replied"
                 : kind == Kind::not_sent ? "not sent"
                                          : "unknown");
}
}  // namespace masar::http

namespace {

constexpr std::chrono::milliseconds kLong{5000};
constexpr std::chrono::milliseconds kShort{150};

CallResult ask(Client& client, Call call, std::chrono::milliseconds timeout = kLong) {
  std::promise<CallResult> done;
  client.call(std::move(call), timeout,
              [&](CallResult result) { done.set_value(std::move(result)); });
  return done.get_future().get();
}

Call to(const std::string& address, const std::string& body = "<a/>") {
  Call call;
  call.url = "http://" + address + "/x?y=%2B";
  call.headers = {{"Content-Type", "text/xml"}};
  call.body = body;
  return call;
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct Reply {
  const char* name;
  std::string bytes;
  Kind kind;
  const char* code;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(a_call_is_sent_whole_and_its_reply_read) {
  std::promise<std::string> seen;
  RawServer partner([&](RawSocket& socket, int) {
    seen.set_value(socket.read_response());
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Y: z\r\nRetry-After: 7\r\n\r\nok");
  });
  Client client({});
  const CallResult result = ask(client, to(partner.address()));
  BOOST_TEST(result.kind == Kind::replied);
  BOOST_TEST(result.status == 200);
  BOOST_TEST(result.body == "ok");
  BOOST_TEST(result.header("x-y") == "z");
  BOOST_TEST(result.retry_after()->count() == 7);
  const std::string request = seen.get_future().get();
  BOOST_TEST(request.starts_with("POST /x?y=%2B HTTP/1.1\r\n"));
  BOOST_TEST(has(request, "Host: " + partner.address() + "\r\n"));
  BOOST_TEST(has(request, "Content-Length: 4\r\n"));
  BOOST_TEST(has(request, "Connection: close\r\n"));
  BOOST_TEST(request.ends_with("\r\n\r\n<a/>"));
}

BOOST_AUTO_TEST_CASE(replies_are_read_strictly) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string many_fields;
  for (int field = 0; field < 101; ++field) many_fields += "X: y\r\n";
  const std::vector<Reply> table = {
      {"chunked", chunked + "1\r\no\r\n1\r\nk\r\n0\r\n\r\n", Kind::replied, ""},
      {"to the end", "HTTP/1.1 200 OK\r\n\r\nok", Kind::replied, ""},
      {"an error status", "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nok", Kind::replied, ""},
      {"no body", "HTTP/1.1 204 No\r\n\r\n", Kind::replied, ""},
      {"nothing", "", Kind::unknown, "reply-cut"},
      {"half a header", "HTTP/1.1 200 OK\r\nContent-Le", Kind::unknown, "reply-cut"},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", Kind::unknown, "reply-cut"},
      {"a cut chunk", chunked + "5\r\nok", Kind::unknown, "reply-cut"},
      {"no last chunk", chunked + "2\r\nok\r\n", Kind::unknown, "reply-cut"},
      {"chunk 0x2", chunked + "0x2\r\nok\r\n0\r\n\r\n", Kind::unknown, "reply-malformed"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
       Kind::unknown, "reply-malformed"},
      {"two equal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
       Kind::unknown, "reply-malformed"},
      {"length -1", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Kind::unknown,
       "reply-malformed"},
      {"length and chunked",
       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       Kind::unknown, "reply-malformed"},
      {"gzip, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
       Kind::unknown, "reply-malformed"},
      {"early hints", "HTTP/1.1 103 Early\r\n\r\n" + kOk, Kind::unknown, "reply-status"},
      {"continue", "HTTP/1.1 100 Continue\r\n\r\n" + kOk, Kind::unknown, "reply-status"},
      {"status 999", "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", Kind::unknown,
       "reply-status"},
      {"a folded line", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
       Kind::replied, ""},
      {"folded at once", "HTTP/1.1 200 OK\r\n b\r\n\r\nok", Kind::unknown, "reply-malformed"},
      {"a line that is none", "HTTP/1.1 200 OK\r\nnothing\r\n\r\nok", Kind::unknown,
       "reply-malformed"},
      {"a blank before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
       Kind::unknown, "reply-malformed"},
      {"a bare LF", "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 2\r\n\r\nok", Kind::unknown,
       "reply-malformed"},
      {"a NUL", std::string("HTTP/1.1 200 OK\r\nX: \0\r\n\r\nok", 28), Kind::unknown,
       "reply-malformed"},
      {"too many fields", "HTTP/1.1 200 OK\r\n" + many_fields + "\r\nok", Kind::unknown,
       "reply-malformed"},
      {"a trailer", chunked + "2\r\nok\r\n0\r\nX: y\r\n\r\n", Kind::unknown, "reply-malformed"},
      {"HTTP/1.x", "HTTP/1.x 200 OK\r\n\r\nok", Kind::unknown, "reply-malformed"},
      {"not HTTP", "SSH-2.0-x\r\n\r\n", Kind::unknown, ""},
      {"HTTP/2", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", Kind::unknown,
       "reply-malformed"},
      {"a huge value",
       "HTTP/1.1 200 OK\r\nX: " + std::string(9000, 'x') + "\r\nContent-Length: 2\r\n\r\nok",
       Kind::unknown, "reply-malformed"},
      {"a huge header", "HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x'), Kind::unknown,
       "reply-too-large"},
      {"a body over the limit",
       "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'), Kind::unknown,
       "reply-too-large"},
      {"chunks over the limit", chunked + "65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n",
       Kind::unknown, "reply-too-large"},
      {"no end over the limit", "HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'), Kind::unknown,
       "reply-too-large"},
      {"at the limit", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'),
       Kind::replied, ""},
  };
  std::atomic<std::size_t> next{0};
  RawServer partner([&](RawSocket& socket, int) {
    socket.read_response();
    socket.send(table[next].bytes);
  });
  ClientSettings settings;
  settings.reply_bytes_max = 100;
  Client client(settings);
  for (; next < table.size(); ++next) {
    BOOST_TEST_CONTEXT(table[next].name) {
      const CallResult result = ask(client, to(partner.address()));
      BOOST_TEST(result.kind == table[next].kind);
      if (*table[next].code) BOOST_TEST(result.code == table[next].code);
      if (result.kind == Kind::unknown) BOOST_TEST(!result.text.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_could_not_be_sent_is_told_from_what_may_have_been_done) {
  std::string gone;
  {
    RawServer closed([](RawSocket&, int) {});
    gone = closed.address();
  }
  Client client({});
  CallResult result = ask(client, to(gone));
  BOOST_TEST(result.kind == Kind::not_sent);
  BOOST_TEST(result.code == "cannot-connect");

  RawServer resets([](RawSocket& socket, int) {
    socket.read_response();
    socket.reset();
  });
  result = ask(client, to(resets.address()));
  BOOST_TEST(result.kind == Kind::unknown);
  BOOST_TEST(result.code == "reply-cut");

  RawServer half([](RawSocket& socket, int) {
    socket.read_response();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal");
    socket.reset();
  });
  result = ask(client, to(half.address()));
  BOOST_TEST(result.kind == Kind::unknown);

  for (const char* url : {"ftp://127.0.0.1/", "http://", "http://u@127.0.0.1/",
                          "http://127.0.0.1:99999/", "http://h/a b"}) {
    Call call;
    call.url = url;
    result = ask(client, call);
    BOOST_TEST(result.kind == Kind::not_sent);
    BOOST_TEST(result.code == "bad-url");
    BOOST_TEST(!is_callable_url(url));
  }
  BOOST_TEST(is_callable_url("https://[::1]:8443"));
}

BOOST_AUTO_TEST_CASE(a_silent_or_dripping_partner_costs_the_deadline_and_no_more) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  RawServer silent([&](RawSocket& socket, int) {
    socket.read_response();
    released.wait();
  });
  Client client({});
  CallResult result = ask(client, to(silent.address()), kShort);
  BOOST_TEST(result.kind == Kind::unknown);
  BOOST_TEST(result.code == "timeout");
  release.set_value();

  // Each byte comes well within the time of one read; only a deadline over the whole ends this.
  RawServer drips([&](RawSocket& socket, int) {
    socket.read_response();
    socket.send("HTTP/1.1 200 OK\r\nX: ");
    while (socket.send("x")) std::this_thread::yield();
  });
  result = ask(client, to(drips.address()), kShort);
  BOOST_TEST(result.kind == Kind::unknown);
}

BOOST_AUTO_TEST_CASE(tls_that_does_not_come_about_is_not_sent) {
  RawServer plain([](RawSocket& socket, int) { socket.send("HTTP/1.1 400 Bad\r\n\r\n"); });
  Client client({});
  Call call = to(plain.address());
  call.url = "https://" + plain.address() + "/";
  const CallResult result = ask(client, call);
  BOOST_TEST(result.kind == Kind::not_sent);
  BOOST_TEST(result.code == "no-handshake");
}

BOOST_AUTO_TEST_CASE(a_connection_is_kept_only_where_calls_may_be_repeated) {
  std::atomic<int> connections{0};
  RawServer partner([&](RawSocket& socket, int) {
    ++connections;
    while (!socket.read_response().empty()) socket.send(kOk);
  });
  {
    ClientSettings settings;
    settings.reuse = true;
    Client keeping(settings);
    for (int i = 0; i < 3; ++i)
      BOOST_TEST(ask(keeping, to(partner.address())).kind == Kind::replied);
  }
  BOOST_TEST(connections == 1);
  {
    Client fresh({});
    for (int i = 0; i < 3; ++i) BOOST_TEST(ask(fresh, to(partner.address())).kind == Kind::replied);
  }
  BOOST_TEST(connections == 4);
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_the_partner_closed_is_replaced) {
  // The first connection answers once and then resets as soon as the next request has come.
  RawServer partner([](RawSocket& socket, int number) {
    socket.read_response();
    socket.send(kOk);
    if (number > 0) return;
    socket.wait_for("<a/>");
    socket.reset();
  });
  ClientSettings settings;
  settings.reuse = true;
  Client client(settings);
  BOOST_TEST(ask(client, to(partner.address())).kind == Kind::replied);
  BOOST_TEST(ask(client, to(partner.address())).kind == Kind::replied);
  BOOST_TEST(ask(client, to(partner.address())).kind == Kind::replied);
}

BOOST_AUTO_TEST_CASE(a_reply_cut_on_a_kept_connection_is_unknown_and_not_sent_again) {
  std::atomic<int> requests{0};
  RawServer partner([&](RawSocket& socket, int) {
    ++requests;
    socket.read_response();
    socket.send(kOk);
    if (socket.read_response().empty()) return;
    ++requests;
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  });
  ClientSettings settings;
  settings.reuse = true;
  Client client(settings);
  BOOST_TEST(ask(client, to(partner.address())).kind == Kind::replied);
  BOOST_TEST(ask(client, to(partner.address())).kind == Kind::unknown);
  BOOST_TEST(requests == 2);
}

BOOST_AUTO_TEST_CASE(a_proxy_gets_the_absolute_target) {
  std::promise<std::string> seen;
  RawServer proxy([&](RawSocket& socket, int) {
    seen.set_value(socket.read_response());
    socket.send(kOk);
  });
  ClientSettings settings;
  settings.proxy = proxy.address();
  Client client(settings);
  Call call;
  call.url = "http://partner.invalid:8080/x";
  BOOST_TEST(ask(client, call).kind == Kind::replied);
  const std::string request = seen.get_future().get();
  BOOST_TEST(request.starts_with("POST http://partner.invalid:8080/x HTTP/1.1\r\n"));
  BOOST_TEST(has(request, "Host: partner.invalid:8080\r\n"));
}

BOOST_AUTO_TEST_CASE(header_values_cannot_break_out) {
  std::promise<std::string> seen;
  RawServer partner([&](RawSocket& socket, int) {
    seen.set_value(socket.read_response());
    socket.send(kOk);
  });
  Client client({});
  Call call = to(partner.address());
  call.headers.emplace_back("X-Name", "a\r\nHost: evil");
  ask(client, call);
  const std::string request = seen.get_future().get();
  BOOST_TEST(has(request, "X-Name: a  Host: evil\r\n"));
  BOOST_TEST(!has(request, "\nHost: evil"));
}

BOOST_AUTO_TEST_CASE(a_call_may_be_made_where_another_ends) {
  RawServer partner([](RawSocket& socket, int) {
    socket.read_response();
    socket.send(kOk);
  });
  for (const std::size_t concurrency : {1u, 2u}) {
    ClientSettings settings;
    settings.concurrency = concurrency;
    std::promise<CallResult> second;
    Client client(settings);
    client.call(to(partner.address()), kLong, [&](const CallResult&) {
      client.call(to(partner.address()), kLong,
                  [&](CallResult result) { second.set_value(std::move(result)); });
    });
    BOOST_TEST(second.get_future().get().kind == Kind::replied);
  }
}

BOOST_AUTO_TEST_CASE(a_name_that_nobody_knows_is_not_sent) {
  Client client({});
  const CallResult result = ask(client, to("partner.invalid:80"));
  BOOST_TEST(result.kind == Kind::not_sent);
  BOOST_TEST(result.code == "cannot-connect");
}

BOOST_AUTO_TEST_CASE(calls_are_under_way_at_once) {
  std::promise<void> first_came, second_came;
  RawServer first([&](RawSocket& socket, int) {
    socket.read_response();
    first_came.set_value();
    second_came.get_future().wait();
    socket.send(kOk);
  });
  RawServer second([&](RawSocket& socket, int) {
    socket.read_response();
    first_came.get_future().wait();
    second_came.set_value();
    socket.send(kOk);
  });
  std::promise<CallResult> results[2];
  Client client({});
  const auto start = [&](const RawServer& partner, std::promise<CallResult>& result) {
    client.call(to(partner.address()), kLong,
                [&result](CallResult got) { result.set_value(std::move(got)); });
  };
  start(first, results[0]);
  start(second, results[1]);
  for (auto& one : results) BOOST_TEST(one.get_future().get().kind == Kind::replied);
}

BOOST_AUTO_TEST_CASE(stopping_ends_running_and_waiting_calls) {
  std::promise<void> arrived;
  RawServer silent([&](RawSocket& socket, int number) {
    socket.read_response();
    if (number == 0) arrived.set_value();
    socket.read_all();  // until the client closes
  });
  ClientSettings settings;
  settings.concurrency = 1;
  settings.waiting_max = 2;
  std::vector<std::promise<CallResult>> results(4);
  Client client(settings);
  const auto start = [&](std::size_t i) {
    client.call(to(silent.address()), kLong,
                [&results, i](CallResult result) { results[i].set_value(std::move(result)); });
  };
  start(0);
  arrived.get_future().wait();
  for (std::size_t i = 1; i < results.size(); ++i) start(i);
  client.stop();
  BOOST_TEST(results[0].get_future().get().kind == Kind::unknown);
  for (std::size_t i = 1; i < results.size(); ++i)
    BOOST_TEST(results[i].get_future().get().kind == Kind::not_sent);
}

BOOST_AUTO_TEST_CASE(retry_after_is_seconds_or_a_date) {
  const auto wait = [](const std::string& value, const std::string& date) {
    masar::http::CallResult result;
    result.headers = {{"retry-after", value}, {"date", date}};
    const auto after = result.retry_after();
    return after ? after->count() : -1;
  };
  const std::string date = "Sun, 04 Jan 2026 08:00:00 GMT";
  BOOST_TEST(wait("7", date) == 7);
  BOOST_TEST(wait("Sun, 04 Jan 2026 08:01:30 GMT", date) == 90);
  BOOST_TEST(wait("Sun, 04 Jan 2026 07:00:00 GMT", date) == 0);
  BOOST_TEST(wait("Mon, 05 Jan 2026 08:00:00 GMT", date) == 24 * 60 * 60);
  for (const auto* value : {"", "-1", "86401", "7s", "soon", "Mon, 05 Jan 2026 08:00:01 GMT",
                            "Tue, 04 Jan 2050 08:00:00 GMT"})
    BOOST_TEST(wait(value, date) == -1, value);
  BOOST_TEST(wait("Sun, 04 Jan 2026 08:01:30 GMT", "") == 0);  // counted from now
}

BOOST_AUTO_TEST_SUITE_END()
