#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

#include "connectors/http/client.h"
#include "connectors/http/client_tls.h"
#include "connectors/tls/live.h"

namespace masar::http {

using Deadline = std::chrono::steady_clock::time_point;

/// Why a call did not end with a reply; caught where the call is run.
struct CallFailure : std::runtime_error {
  CallFailure(std::string failure_code, const std::string& text)
      : std::runtime_error(text), code(std::move(failure_code)) {}
  std::string code;
};

/// A URL in the parts that a call needs; `target` as it was written, never decoded and encoded
/// again.
struct CallUrl {
  bool tls = false;
  std::string host;  ///< without brackets
  unsigned short port = 80;
  std::string authority;  ///< as the Host header says it
  std::string target;
};
/// Throws CallFailure("bad-url").
CallUrl split_url(std::string_view url);

class ClientTls {
 public:
  ClientTls(tls::Settings settings, const std::string& host, const std::string& endpoint,
            const connector::Context& context, tls::InUse* in_use);
  /// For a new connection.
  Poco::Net::Context::Ptr context() { return *contexts_.current(); }
  /// That the server is asked for.
  const std::string& name() const noexcept { return name_; }
  /// Where nobody said anything: TLS 1.2 or later, the system's authorities.
  static Poco::Net::Context::Ptr of_system(const std::string& host);

 private:
  const std::string name_;
  tls::Live<Poco::Net::Context::Ptr> contexts_;
};

/// A connection to a partner. Over TLS two views of it: `socket` is read and written by one thread,
/// `wire` is what any thread may cut.
struct Link {
  Poco::Net::StreamSocket socket;
  Poco::Net::StreamSocket wire;
};

/// Connects, through the proxy where there is one, and shakes hands: all before a byte of the
/// request leaves. Any thread once built.
class Dialer {
 public:
  Dialer(std::string proxy, std::shared_ptr<ClientTls> tls);
  /// `opened` gets the socket as soon as it exists. Throws CallFailure.
  Link dial(const CallUrl& url, Deadline deadline,
            const std::function<void(Poco::Net::StreamSocket&)>& opened) const;
  /// Whether the target is to be sent in absolute form.
  bool absolute(const CallUrl& url) const noexcept { return !proxy_.empty() && !url.tls; }

 private:
  Link shake_hands(Poco::Net::StreamSocket& plain, const std::string& host,
                   Deadline deadline) const;
  const std::string proxy_;
  const std::shared_ptr<ClientTls> tls_;
};

/// The bytes of a request as they are sent.
std::string write_call(const Call& call, const CallUrl& url, bool keep, bool absolute);

/// Sends all, each piece under what is left of the time. Throws CallFailure.
void send_all(Poco::Net::StreamSocket& socket, std::string_view bytes, Deadline deadline);

/// Reads one reply strictly: one plain length, or chunked, or to the end; no 1xx; limits. Fills
/// `result` as it goes, so that a failure leaves what was read. `began` becomes true with the
/// reply's first byte. Throws CallFailure. Returns whether the connection may be used again.
bool read_reply(Poco::Net::StreamSocket& socket, std::string_view method,
                const ClientSettings& settings, Deadline deadline, CallResult& result, bool& began);

}  // namespace masar::http
