#pragma once

// Asio and OpenSSL's stream: for client.cpp and client_link.cpp alone.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "connectors/http/client_message.h"
#include "connectors/http/client_tls.h"

namespace masar::http {

template <typename T = void>
using Step = boost::asio::awaitable<T>;

/// One connection to a partner and the call that has it now. Everything happens on the client's one
/// thread. Where a step fails it throws CallFailure.
class Link : public std::enable_shared_from_this<Link> {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  explicit Link(boost::asio::io_context& io);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// A call begins: at its deadline the connection is cut, whatever goes on.
  void begin(Deadline deadline);
  /// It is over.
  void rest();
  /// Cut now: what goes on fails with this code.
  void cut(const char* code);

  /// Connects, through the proxy where there is one, and shakes hands: all before a byte of the
  /// request leaves. `tls` may be null.
  Step<> dial(const CallUrl& url, const std::string& proxy, ClientTls* tls);
  /// Throws "timeout" or "request-cut".
  Step<> send(std::string_view bytes);
  /// Throws "timeout", "reply-cut" and what ReplyReader throws.
  Step<> receive(ReplyReader& reply);
  /// Tells the other side that nothing more will come, where TLS has a word for it.
  Step<> say_goodbye();

  /// Whether it can have another call: nothing has come, and the other side has not closed.
  bool is_idle();
  /// What was said about certificates, by either side.
  std::optional<tls::Refusal> refusal() const;

 private:
  Step<> connect(const std::string& host, unsigned short port);
  Step<> shake_hands(const std::string& host, ClientTls* tls);
  Step<std::size_t> read_some(boost::system::error_code& error);
  [[noreturn]] void fail(const char* code, const std::string& text) const;

  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::resolver resolver_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  boost::asio::steady_timer timer_;
  std::uint64_t calls_ = 0;     ///< so that a timer of a call before does nothing
  const char* cut_ = nullptr;   ///< why it was cut
  std::string piece_;           ///< room for what comes
};

}  // namespace masar::http
