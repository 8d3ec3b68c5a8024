#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

typedef struct ssl_ctx_st SSL_CTX;  // <openssl/ssl.h> stays out of headers

namespace masar::http {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// A request that passed the edge: complete, and well-formed in HTTP's terms.
struct Request {
  std::string method;
  std::string target;  ///< as sent: origin-form
  std::string path;    ///< of the target, not decoded; begins with '/', no "." or ".." segments
  Pairs query;  ///< decoded ('+' is a space), in order; a name without '=' has an empty value
  Pairs headers;  ///< names in lower case, in order; without those of a trailer
  std::string body;
  std::string peer;  ///< `address:port`
  /// Of the certificate that the peer has shown and TLS has verified, as RFC 2253 writes it:
  /// CN=roads,O=GAM. Empty: none.
  std::string subject;

  /// The first header of that (lower case) name, or empty.
  std::string_view header(std::string_view name) const;
  /// The first query value of that name.
  std::optional<std::string> query_value(std::string_view name) const;
  /// The path's segments, decoded: `/api/cases/a%2Fb` is {"api", "cases", "a/b"}.
  std::vector<std::string> segments() const;
};

/// The server adds Date, framing (Content-Length, Connection) and, where a 429 or 503
/// has none, Retry-After. Content-Type stands in `headers`.
struct Response {
  int status = 200;
  Pairs headers;
  std::string body;
};

/// An error that the edge itself answers, before or instead of a handler.
struct Problem {
  int status = 400;
  std::string code;  ///< kebab-case: "body-too-large", "doubled-host" …
  std::string text;  ///< for people; nothing of what was sent
};

/// RFC 9457 application/problem+json: {"title", "status", "code", "detail"}.
Response problem_json(const Problem& problem);
Response text_response(int status, std::string body,
                       std::string content_type = "text/plain; charset=utf-8");
/// With its ASCII letters in lower case.
std::string lower(std::string_view text);
/// Whether all of it is visible ASCII.
bool is_visible(std::string_view text);
/// Whether it is a token, as names of headers are (RFC 9110, 5.6.2).
bool is_token(std::string_view text);
/// As a JSON string literal, quotes included. For well-formed UTF-8.
std::string json_quote(std::string_view text);

/// To be called exactly once, from any thread; later calls, and a call after the time limit, do
/// nothing. May be kept beyond the server's life.
using Respond = std::function<void(Response)>;

/// What serves one path. Its functions are called on the server's threads, several at once where
/// the server has several; they must not block and must not throw (what they throw is answered
/// 500).
struct Handler {
  std::string path;     ///< begins with '/'; compared with Request::path byte by byte
  bool prefix = false;  ///< also whatever begins with `path`; the longest wins, exact before prefix
  std::vector<std::string> methods;                 ///< upper case; anything else is 405 with Allow
  std::size_t body_bytes_max = 1 << 20;             ///< more: 413
  std::chrono::milliseconds answer_within{10'000};  ///< no answer by then: 503 with Retry-After
  /// Asked when the header is complete, before the body is read (Request::body is empty) and before
  /// `100 Continue`: a response here is the answer (401, 503 …). May be empty.
  std::function<std::optional<Response>(const Request&)> admit;
  std::function<void(Request, Respond)> handle;
  /// How this path says an error of the edge, to a request of this Content-Type; problem_json where
  /// empty.
  std::function<Response(const Problem&, std::string_view content_type)> error;
  /// Told of each error that the edge answered on this path; see Server::on_refused().
  std::function<void(const Problem&)> on_refused;
};

/// Limits of one server; each is also an attribute of `<listener connector="http">`.
struct ServerSettings {
  std::vector<std::string> addresses;  ///< `127.0.0.1:8080`, `[::1]:0`; port 0: any free one
  std::size_t threads = 1;
  std::size_t connections_max = 1024;  ///< beyond it: 503 with Retry-After
  std::size_t refusals_max = 256;  ///< of those at once; beyond it nothing is accepted for a while
  std::size_t header_bytes_max = 16 << 10;            ///< request line included; more: 431
  /// The context for a new connection, never null, which may be another one each time. Empty: no
  /// TLS. Called on the server's threads.
  std::function<std::shared_ptr<SSL_CTX>()> tls;
  /// First to last byte of a request: 408. Of a TLS handshake: closed.
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds idle_timeout{30'000};     ///< between two requests: closed
  std::chrono::milliseconds linger{1'000};  ///< for reading away what still comes before closing
  std::size_t linger_bytes_max = 4 << 20;
  std::chrono::seconds retry_after{1};  ///< where a 429 or 503 says none of its own
};

struct ServerCore;

/// The HTTP/1.1 server of every inbound edge (DESIGN D2): Boost.Beast on threads of its own.
///
/// Strict: refuses (400 unless stated) both lengths, two lengths, any Transfer-Encoding but
/// chunked, missing or doubled Host (505 for other versions than 1.0 and 1.1), folded header lines,
/// NUL and bare LF, absolute-form targets, trailers, TRACE (405). Every refusal is answered before
/// the connection is closed. Requests on one connection are handled one after the other.
///
/// Owned by Listeners or by the admin interface. route() and on_refused() before start(), by one
/// thread; stop_accepting() and stop() by one thread; the destructor stops.
class Server {
 public:
  explicit Server(ServerSettings settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Throws Error(config, "path-taken") where the path (of that kind) has a handler for one of the
  /// methods.
  void route(Handler handler);
  /// Told of each error answered by the edge on no path of ours (and of every one where the path's
  /// handler has no on_refused). Called on the server's threads.
  void on_refused(std::function<void(const Problem&)> notify);

  /// Binds and listens. Throws Error(config, "cannot-listen") naming the address.
  void start();
  /// As bound, in the order of the settings: `127.0.0.1:40123`. Empty before start().
  std::vector<std::string> addresses() const;
  /// Refuses new connections, closes idle ones; requests begun are still answered, then closed. At
  /// once.
  void stop_accepting();
  /// Answers 503 to whatever waits for a handler, closes everything, ends the threads. Takes at
  /// most `linger`; idempotent.
  void stop();

 private:
  std::shared_ptr<ServerCore> core_;  ///< shared with the Respond functions that outlive the server
};

/// Whether `Authorization` (the header's value) is Basic with exactly this user and password. Takes
/// the same time wherever the first difference is.
bool basic_matches(std::string_view authorization, std::string_view user,
                   std::string_view password);
/// The value of an Authorization header for HTTP Basic.
std::string basic_authorization(std::string_view user, std::string_view password);
/// 401 with WWW-Authenticate, body as problem+json.
Response unauthorized(std::string_view realm);

/// %XX decoded; with `form` also '+' as a space. No value where an escape is broken or gives NUL.
std::optional<std::string> decode_percent(std::string_view text, bool form);
/// Everything but unreserved characters as %XX.
std::string encode_percent(std::string_view text);

}  // namespace masar::http
