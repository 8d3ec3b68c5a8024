#include "connectors/http/client_link.h"

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "core/base/error.h"

namespace masar::http {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

namespace {

constexpr std::size_t kPiece = 16 << 10;

auto into(error_code& error) { return net::redirect_error(net::use_awaitable, error); }

}  // namespace

Link::Link(net::io_context& io) : socket_(io), resolver_(io), timer_(io) {}

void Link::begin(Deadline deadline) {
  const std::uint64_t call = ++calls_;
  timer_.expires_at(deadline);
  timer_.async_wait([me = shared_from_this(), call](error_code error) {
    if (!error && me->calls_ == call) me->cut("timeout");
  });
}

void Link::rest() {
  ++calls_;
  timer_.cancel();
}

void Link::cut(const char* code) {
  if (!cut_) cut_ = code;
  error_code ignored;  // nothing can be done about a socket that does not close
  resolver_.cancel();
  socket_.close(ignored);
}

void Link::fail(const char* code, const std::string& text) const {
  const bool late = cut_ && std::string_view(cut_) == "timeout";
  if (cut_ && !late) throw CallFailure(cut_, "the client has been stopped");
  throw CallFailure(code, late ? text + " in time" : text);
}

Step<> Link::dial(const CallUrl& url, const std::string& proxy, ClientTls* tls) {
  if (proxy.empty()) {
    co_await connect(url.host, url.port);
  } else {
    const CallUrl by = split_url("http://" + proxy);
    co_await connect(by.host, by.port);
    if (!url.tls) co_return;
    const std::string target = url.host + ":" + std::to_string(url.port);
    co_await send("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n");
    const ClientSettings settings;
    ReplyReader answer("CONNECT", settings);
    co_await receive(answer);
    const int status = answer.taken().status;
    if (status / 100 != 2) fail("cannot-connect", "the proxy answered " + std::to_string(status));
  }
  if (url.tls) co_await shake_hands(url.host, tls);
}

Step<> Link::connect(const std::string& host, unsigned short port) {
  error_code error;
  tcp::endpoint to(net::ip::make_address(host, error), port);
  if (!error) {
    co_await socket_.async_connect(to, into(error));
  } else {
    const auto found = co_await resolver_.async_resolve(host, std::to_string(port), into(error));
    if (!error && !cut_) co_await net::async_connect(socket_, found, into(error));
  }
  if (error || cut_) {
    const std::string where = "no connection to " + host + ":" + std::to_string(port);
    fail("cannot-connect", cut_ ? where : where + ": " + error.message());
  }
  socket_.set_option(tcp::no_delay(true), error);
}

Step<> Link::shake_hands(const std::string& host, ClientTls* tls) {
  const std::string failed = "no TLS with " + host;
  const std::string& name = tls ? tls->name() : host;
  try {
    const auto context =
        tls ? tls->context() : tls::make_context(tls::Side::client, {}, {}, host);
    SSL* const connection = SSL_new(context.get());
    if (!connection) fail("no-handshake", failed + ": no memory");
    tls_.emplace(socket_, connection);
    // An address is no name to ask a server for (RFC 6066, 3).
    if (!tls::is_ip(name)) SSL_set_tlsext_host_name(connection, name.c_str());
  } catch (const Error& error) {  // the system's authorities
    fail("no-handshake", failed + ": " + error.what());
  }
  error_code error;
  co_await tls_->async_handshake(net::ssl::stream_base::client, into(error));
  if (!error && !cut_) co_return;
  if (cut_) fail("no-handshake", failed);
  const auto why = refusal();
  fail(why ? why->code.c_str() : "no-handshake",
       failed + ": " + (why ? why->text : error.message()));
}

Step<> Link::send(std::string_view bytes) {
  error_code error;
  const auto from = net::buffer(bytes.data(), bytes.size());
  if (tls_) {
    co_await net::async_write(*tls_, from, into(error));
  } else {
    co_await net::async_write(socket_, from, into(error));
  }
  if (!error && !cut_) co_return;
  if (cut_) fail("timeout", "the request could not be sent");
  fail("request-cut", "the connection broke while the request was sent: " + error.message());
}

Step<std::size_t> Link::read_some(error_code& error) {
  const auto room = net::buffer(piece_);
  if (tls_) co_return co_await tls_->async_read_some(room, into(error));
  co_return co_await socket_.async_read_some(room, into(error));
}

Step<> Link::receive(ReplyReader& reply) {
  piece_.resize(kPiece);
  for (bool whole = false; !whole;) {
    error_code error;
    const std::size_t size = co_await read_some(error);
    if (cut_) fail("timeout", "no complete reply");
    if (error == net::error::eof) {
      reply.at_end();
      co_return;
    }
    if (error) fail("reply-cut", "the connection broke: " + error.message());
    whole = reply.take(std::string_view(piece_.data(), size));
  }
}

Step<> Link::say_goodbye() {
  error_code ignored;  // whether the peer says goodbye, too, or has gone
  if (tls_ && !cut_) co_await tls_->async_shutdown(into(ignored));
}

bool Link::is_idle() {
  char byte = 0;
  return !cut_ && ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::optional<tls::Refusal> Link::refusal() const {
  if (!tls_) return std::nullopt;
  // Asio's stream has no constant one.
  return tls::refusal_of(const_cast<Link*>(this)->tls_->native_handle());
}

}  // namespace masar::http
