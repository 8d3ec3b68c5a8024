#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/http/server.h"

namespace masar::http {

class ClientTls;  // client_tls.h

struct ClientSettings {
  std::size_t concurrency = 8;     ///< calls at once
  std::size_t waiting_max = 1024;  ///< calls waiting beside them; beyond it: "client-full"
  std::size_t reply_bytes_max = 1 << 20;
  std::size_t reply_header_bytes_max = 16 << 10;
  /// Keep connections open and use them again. Only for calls that may be repeated: a connection
  /// found dead on use is replaced by a fresh one, and the call is sent once more.
  bool reuse = false;
  std::chrono::milliseconds idle_max{
      5'000};         ///< an unused kept connection is not used again after this
  std::string proxy;  ///< `host:port`; empty: direct
  /// For https. Null: TLS 1.2 or later, the system's authorities, the URL's host.
  std::shared_ptr<ClientTls> tls;
};

/// One call. Host, Content-Length and Connection are the client's.
struct Call {
  std::string method = "POST";
  std::string url;  ///< `http://host:port/path?query` or https
  Pairs headers;
  std::string body;
};

/// How a call ended, by what is known of the partner (ENGINE.md 18).
struct CallResult {
  enum class Kind {
    replied,   ///< a complete reply, whatever its status
    not_sent,  ///< provably nothing was read: no connection, no handshake, no time left
    unknown,   ///< after the first byte: no reply, a cut or malformed one, one over a limit, time
               ///< over
  };
  Kind kind = Kind::unknown;
  std::string code;  ///< kebab-case where not replied: "cannot-connect", "timeout", "reply-cut" …
  std::string text;  ///< for people; names no secret and nothing of a payload
  int status = 0;
  Pairs headers;     ///< of the reply; names in lower case
  std::string body;  ///< of the reply; of an unknown one what could be read of it

  std::string_view header(std::string_view name) const;
  /// Retry-After (RFC 9110, 10.2.3): its seconds, or its date counted from the reply's own Date, or
  /// from now where it has none; 0 to a day, else no value.
  std::optional<std::chrono::seconds> retry_after() const;
};

/// The outbound HTTP client: many calls on one thread (Asio, OpenSSL), each with a deadline over
/// all of it, look-up of the name and handshake included. The thread is made with the first call.
///
/// Owned by one outbound endpoint. call() from any thread; stop() by one; the destructor stops.
/// Never throws for what a partner does.
class Client {
 public:
  using Done = std::function<void(CallResult)>;
  explicit Client(ClientSettings settings);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// `done` is called exactly once, on the client's thread, within `timeout`; it may call again,
  /// and holds the other calls up while it runs.
  void call(Call call, std::chrono::milliseconds timeout, Done done);
  /// Ends waiting calls as not sent and running ones by closing their connections; joins the
  /// thread. Not from inside `done`.
  void stop();

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

/// Whether `url` is one that call() can use: http or https, a host, no user part, no fragment.
bool is_callable_url(std::string_view url);

}  // namespace masar::http
