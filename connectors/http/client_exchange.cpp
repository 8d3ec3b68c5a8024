#include "connectors/http/client_exchange.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <sstream>
#include <system_error>

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>

#include "connectors/http/body_reader.h"
#include "connectors/tls/context.h"

namespace masar::http {

namespace net = Poco::Net;

namespace {

constexpr int kPiece = 16 << 10;

std::int64_t microseconds_until(Deadline deadline) {
  return std::chrono::duration_cast<std::chrono::microseconds>(deadline -
                                                               std::chrono::steady_clock::now())
      .count();
}

Poco::Timespan left_until(Deadline deadline) {
  const std::int64_t left = microseconds_until(deadline);
  if (left <= 0) throw CallFailure("timeout", "the time for the call is over");
  return Poco::Timespan(left);
}

net::StreamSocket connect(const std::string& host, unsigned short port, Deadline deadline,
                          const std::function<void(net::StreamSocket&)>& opened) {
  try {
    left_until(deadline);
    net::StreamSocket socket;
    socket.connectNB(net::SocketAddress(host, port));
    opened(socket);
    if (!socket.poll(left_until(deadline), net::Socket::SELECT_WRITE | net::Socket::SELECT_ERROR)) {
      throw CallFailure("cannot-connect",
                        "no connection to " + host + ":" + std::to_string(port) + " in time");
    }
    if (const int error = socket.impl()->socketError()) {
      throw CallFailure("cannot-connect", "no connection to " + host + ":" + std::to_string(port) +
                                              ": " + std::system_category().message(error));
    }
    socket.setBlocking(true);
    socket.setNoDelay(true);
    return socket;
  } catch (const Poco::Exception& error) {
    throw CallFailure("cannot-connect", "no connection to " + host + ":" + std::to_string(port) +
                                            ": " + error.displayText());
  }
}

/// Waits until a socket that does not block may go on: TLS sockets do not, for a peer could
/// stretch one record, byte by byte, over any number of time-outs. False: not in time.
bool await(net::StreamSocket& socket, int result, Deadline deadline) {
  const int mode = result == net::SecureStreamSocket::ERR_SSL_WANT_WRITE
                       ? net::Socket::SELECT_WRITE
                       : net::Socket::SELECT_READ;
  const std::int64_t left = microseconds_until(deadline);
  return left > 0 && socket.poll(Poco::Timespan(left), mode | net::Socket::SELECT_ERROR);
}

/// Before each step of TLS. Poco asks errno, where nobody has set it, whether to try again.
void prepare() {
  tls::forget_refusal();
  errno = 0;
}

std::string clean(std::string_view value) {
  std::string result(value);
  std::replace_if(
      result.begin(), result.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return result;
}

/// What comes next, or an empty text at the end.
std::string receive(net::StreamSocket& socket, Deadline deadline) {
  std::string piece(kPiece, '\0');
  try {
    for (;;) {
      socket.setReceiveTimeout(left_until(deadline));
      prepare();
      const int size = socket.receiveBytes(piece.data(), kPiece);
      if (size >= 0) {
        piece.resize(static_cast<std::size_t>(size));
        return piece;
      }
      if (!await(socket, size, deadline)) throw Poco::TimeoutException();
    }
  } catch (const Poco::TimeoutException&) {
    throw CallFailure("timeout", "no complete reply in time");
  } catch (const Poco::Exception& error) {
    throw CallFailure("reply-cut", "the connection broke: " + error.displayText());
  }
}

/// The header block of the reply; what came behind it goes to `rest`.
std::string receive_header(net::StreamSocket& socket, std::size_t bytes_max, Deadline deadline,
                           std::string& rest, bool& began) {
  std::string bytes;
  for (;;) {
    const auto end = bytes.find("\r\n\r\n");
    if (std::min(end, bytes.size()) > bytes_max)
      throw CallFailure("reply-too-large", "the reply's header is over the limit");
    if (end != std::string::npos) {
      rest = bytes.substr(end + 4);
      bytes.resize(end + 4);
      return bytes;
    }
    const std::string piece = receive(socket, deadline);
    if (piece.empty()) {
      throw CallFailure("reply-cut",
                        began ? "the reply ended within its header" : "closed without a reply");
    }
    began = true;
    bytes += piece;
  }
}

/// The status of a reply's first line. Poco's own getter is an enumeration that has no room for
/// most numbers.
int status_of(std::string_view header) {
  const std::string_view line = header.substr(0, header.find('\r'));
  const bool is_http_1 =
      line.starts_with("HTTP/1.") && line.size() >= 12 && line[8] == ' ' &&
      (line.size() == 12 || line[12] == ' ') &&
      line.substr(9, 3).find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_http_1) throw CallFailure("reply-malformed", "the reply is not HTTP/1");
  return std::stoi(std::string(line.substr(9, 3)));
}

struct Framing {
  bool none = false;  ///< no body by definition
  bool to_end = false;
  bool chunked = false;
  std::uint64_t length = 0;
  bool keep = false;
};

Framing framing_of(const net::HTTPResponse& header, std::string_view method,
                   const CallResult& result) {
  const auto count = [&](std::string_view name) {
    return std::count_if(result.headers.begin(), result.headers.end(),
                         [&](const auto& one) { return one.first == name; });
  };
  const auto bad = [](const char* text) { throw CallFailure("reply-malformed", text); };
  Framing framing;
  framing.keep = header.getVersion() == net::HTTPMessage::HTTP_1_1 && header.getKeepAlive();
  const std::string_view length = result.header("content-length");
  if (count("content-length") > 1) bad("the reply has several Content-Lengths");
  if (count("content-length") == 1 &&
      (length.empty() || length.size() > 18 ||
       length.find_first_not_of("0123456789") != std::string_view::npos)) {
    bad("the reply's Content-Length is not a number");
  }
  if (count("transfer-encoding") > 0) {
    if (count("content-length") > 0) bad("the reply has both Content-Length and Transfer-Encoding");
    if (count("transfer-encoding") > 1 || lower(result.header("transfer-encoding")) != "chunked") {
      bad("the reply has a Transfer-Encoding other than chunked");
    }
    framing.chunked = true;
  }
  framing.none = method == "HEAD" || result.status == 204 || result.status == 304 ||
                 (method == "CONNECT" && result.status / 100 == 2);
  framing.to_end = !framing.none && !framing.chunked && count("content-length") == 0;
  if (!length.empty()) framing.length = std::stoull(std::string(length));
  return framing;
}

void read_body(net::StreamSocket& socket, const Framing& framing, std::size_t bytes_max,
               Deadline deadline, std::string& rest, std::string& body) {
  const CallFailure too_large("reply-too-large", "the reply is over the limit");
  if (framing.to_end) {
    body = std::move(rest);
    for (std::string piece = "?"; !piece.empty();) {
      if (body.size() > bytes_max) throw too_large;
      piece = receive(socket, deadline);
      body += piece;
    }
    rest.clear();
    return;
  }
  BodyReader reader(framing.chunked ? std::nullopt : std::optional<std::uint64_t>(framing.length),
                    bytes_max);
  try {
    for (;;) {
      rest.erase(0, reader.take(rest));
      if (reader.state() == BodyReader::State::too_large) throw too_large;
      if (reader.state() == BodyReader::State::bad ||
          reader.state() == BodyReader::State::trailer) {
        throw CallFailure("reply-malformed", "the reply's body is not chunked as it says");
      }
      if (reader.state() == BodyReader::State::done) break;
      rest = receive(socket, deadline);
      if (rest.empty()) throw CallFailure("reply-cut", "the reply is shorter than it says");
    }
  } catch (const CallFailure&) {
    body = std::move(reader.body());  // kept with the attempt
    throw;
  }
  body = std::move(reader.body());
}

}  // namespace

CallUrl split_url(std::string_view url) {
  CallUrl result;
  const CallFailure bad("bad-url", "the URL cannot be called");
  if (url.starts_with("https://")) {
    result.tls = true;
    result.port = 443;
  } else if (!url.starts_with("http://")) {
    throw bad;
  }
  url.remove_prefix(result.tls ? 8 : 7);
  const auto slash = std::min(url.find_first_of("/?"), url.size());
  result.authority = std::string(url.substr(0, slash));
  result.target = std::string(url.substr(slash));
  if (result.target.empty() || result.target[0] == '?') result.target.insert(0, 1, '/');
  for (const char c : result.target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '#') throw bad;
  }
  std::string_view host = result.authority;
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const std::string port(host.substr(colon + 1));
    if (port.empty() || port.size() > 5 ||
        port.find_first_not_of("0123456789") != std::string::npos || std::stoi(port) > 65535) {
      throw bad;
    }
    result.port = static_cast<unsigned short>(std::stoi(port));
    host = host.substr(0, colon);
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("@[] \t\r\n") != std::string_view::npos) throw bad;
  result.host = std::string(host);
  return result;
}

bool is_callable_url(std::string_view url) {
  try {
    split_url(url);
    return true;
  } catch (const CallFailure&) {
    return false;
  }
}

Dialer::Dialer(std::string proxy, std::shared_ptr<ClientTls> tls)
    : proxy_(std::move(proxy)), tls_(std::move(tls)) {}

Link Dialer::dial(const CallUrl& url, Deadline deadline,
                  const std::function<void(net::StreamSocket&)>& opened) const {
  if (proxy_.empty()) {
    net::StreamSocket socket = connect(url.host, url.port, deadline, opened);
    return url.tls ? shake_hands(socket, url.host, deadline) : Link{socket, socket};
  }
  const CallUrl proxy = split_url("http://" + proxy_);
  net::StreamSocket socket = connect(proxy.host, proxy.port, deadline, opened);
  if (!url.tls) return {socket, socket};
  const std::string target = url.host + ":" + std::to_string(url.port);
  send_all(socket, "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n", deadline);
  CallResult answer;
  bool began = false;
  read_reply(socket, "CONNECT", {}, deadline, answer, began);
  if (answer.status / 100 != 2) {
    throw CallFailure("cannot-connect", "the proxy answered " + std::to_string(answer.status));
  }
  return shake_hands(socket, url.host, deadline);
}

Link Dialer::shake_hands(net::StreamSocket& plain, const std::string& host,
                         Deadline deadline) const {
  const std::string& name = tls_ ? tls_->name() : host;
  const auto fail = [&](const std::string& code, const std::string& why) {
    throw CallFailure(code, "no TLS with " + host + ": " + why);
  };
  try {
    plain.setBlocking(false);
    // An address is no name to ask a server for (RFC 6066, 3).
    auto secure = net::SecureStreamSocket::attach(plain, tls::is_ip(name) ? std::string() : name,
                                                  tls_ ? tls_->context()
                                                       : ClientTls::of_system(host));
    for (;;) {
      prepare();
      const int result = secure.completeHandshake();
      if (result > 0) return {secure, plain};
      if (result == 0) fail("no-handshake", "the other side closed");
      if (!await(secure, result, deadline)) fail("no-handshake", "not in time");
    }
  } catch (const Poco::Exception& error) {
    const auto refusal = tls::last_refusal();
    fail(refusal ? refusal->code : "no-handshake", refusal ? refusal->text : error.displayText());
  } catch (const Error& error) {  // the system's authorities
    fail("no-handshake", error.what());
  }
  throw CallFailure("no-handshake", "no TLS with " + host);
}

std::string write_call(const Call& call, const CallUrl& url, bool keep, bool absolute) {
  const std::string target = absolute ? "http://" + url.authority + url.target : url.target;
  net::HTTPRequest request(call.method, target, net::HTTPMessage::HTTP_1_1);
  request.set("Host", url.authority);
  for (const auto& [name, value] : call.headers) request.add(name, clean(value));
  if (!call.body.empty() || (call.method != "GET" && call.method != "HEAD")) {
    request.setContentLength64(static_cast<Poco::Int64>(call.body.size()));
  }
  if (!keep) request.setKeepAlive(false);
  std::ostringstream out;
  request.write(out);
  return out.str() + call.body;
}

void send_all(net::StreamSocket& socket, std::string_view bytes, Deadline deadline) {
  try {
    while (!bytes.empty()) {
      socket.setSendTimeout(left_until(deadline));
      prepare();
      const int sent = socket.sendBytes(
          bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), kPiece)));
      if (sent < 0) {
        if (!await(socket, sent, deadline)) throw Poco::TimeoutException();
        continue;
      }
      if (sent == 0)
        throw CallFailure("request-cut", "the connection broke while the request was sent");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  } catch (const Poco::TimeoutException&) {
    throw CallFailure("timeout", "the request could not be sent in time");
  } catch (const Poco::Exception& error) {
    throw CallFailure("request-cut",
                      "the connection broke while the request was sent: " + error.displayText());
  }
}

bool read_reply(net::StreamSocket& socket, std::string_view method, const ClientSettings& settings,
                Deadline deadline, CallResult& result, bool& began) {
  std::string rest;
  const std::string bytes =
      receive_header(socket, settings.reply_header_bytes_max, deadline, rest, began);
  result.status = status_of(bytes);
  std::istringstream header(bytes);
  net::HTTPResponse response;
  try {
    response.read(header);
  } catch (const Poco::Exception& error) {
    throw CallFailure("reply-malformed", "the reply is not HTTP: " + error.displayText());
  }
  for (const auto& [name, value] : response) result.headers.emplace_back(lower(name), value);
  if (result.status < 200 || result.status > 599) {
    throw CallFailure("reply-status", "the reply's status is " + std::to_string(result.status));
  }
  const Framing framing = framing_of(response, method, result);
  if (framing.none) return framing.keep && rest.empty();
  read_body(socket, framing, settings.reply_bytes_max, deadline, rest, result.body);
  return framing.keep && !framing.to_end && rest.empty();
}

}  // namespace masar::http
