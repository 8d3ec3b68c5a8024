// One connection of the server: the only file that knows Boost.Beast and Asio's TLS. Beast parses
// the header; the body is ours (BodyReader), for Beast waits on a bare LF in a chunk line and
// merges trailers into the header.
#include <array>
#include <atomic>
#include <ctime>

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "connectors/http/body_reader.h"
#include "connectors/http/request_head.h"
#include "connectors/http/server_core.h"
#include "connectors/tls/context.h"

namespace masar::http {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using net::ip::tcp;

namespace {

constexpr std::size_t kPiece = 4096;          ///< bytes asked for at a time while a header comes
constexpr std::size_t kBodyPiece = 32 << 10;  ///< and while a body comes

std::string http_date() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday % 7],
                utc.tm_mday, kMonths[utc.tm_mon % 12], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text;
}

bool is_named(const Pairs& headers, std::string_view lower_name) {
  for (const auto& [name, value] : headers) {
    if (beast::iequals(beast::string_view(name.data(), name.size()),
                       beast::string_view(lower_name.data(), lower_name.size()))) {
      return true;
    }
  }
  return false;
}

std::string write_head(const Response& response, bool close, std::chrono::seconds retry_after) {
  const auto reason =
      beast::http::obsolete_reason(static_cast<beast::http::status>(response.status));
  std::string head =
      "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason) + "\r\n";
  head += "Date: " + http_date() + "\r\n";
  for (const auto& [name, value] : response.headers) {
    head += name + ": ";
    for (const char c : value) head += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    head += "\r\n";
  }
  if ((response.status == 503 || response.status == 429) &&
      !is_named(response.headers, "retry-after")) {
    head += "Retry-After: " + std::to_string(retry_after.count()) + "\r\n";
  }
  if (response.status != 204 && response.status != 304) {
    head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  return head + (close ? "Connection: close\r\n\r\n" : "\r\n");
}

class Connection final : public Live, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerCore> core, tcp::socket socket, bool refuse)
      : core_(*core),
        keep_core_(core),
        refuse_(refuse),
        socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        buffer_(core_.settings.header_bytes_max + kBodyPiece),
        scan_(core_.settings.header_bytes_max) {}
  ~Connection() override { core_.ended(this, refuse_); }

  void start();
  void answered(std::uint64_t serial, Response response);  ///< any thread

  void finish() override {
    net::post(socket_.get_executor(), [me = shared_from_this()] {
      me->last_ = true;
      if (me->phase_ != Phase::idle) return;
      if (!me->secure_) return me->close();
      me->late_read();  // a read is on its way: TLS says goodbye behind it
    });
  }
  void end() override {
    net::post(socket_.get_executor(), [me = shared_from_this()] { me->end_now(); });
  }
  void drop() override {
    error_code ignored;  // nothing can be done about a socket that does not close
    socket_.close(ignored);
  }

 private:
  enum class Phase { greeting, idle, reading, handling, writing, lingering, closed };

  void begin();
  void shake_hands();
  void no_handshake(error_code error);
  void begin_request();
  void read_header();
  void read_more();
  void header_complete();
  std::optional<Problem> parse_header();
  void route(std::string_view method);
  void read_body();
  void read_body_more();
  void handle();
  void refuse(const Problem& problem, Pairs headers = {});
  void write(Response response, bool close);
  void written(bool close);
  void leave();
  void linger();
  void end_sending();
  void drain();
  void close();
  void end_now();
  void arm(std::chrono::milliseconds limit, void (Connection::*expired)());
  void late_read();
  void late_answer() {
    answered(serial_, problem_response({503, "no-answer-in-time", "no answer in time"}));
  }
  Response problem_response(const Problem& problem) const;
  template <typename Handler>
  void read_some(std::size_t size, Handler handler) {
    const auto into = buffer_.prepare(size);
    if (secure_) return tls_->async_read_some(into, std::move(handler));
    socket_.async_read_some(into, std::move(handler));
  }
  template <typename Buffers, typename Handler>
  void write_all(const Buffers& from, Handler handler) {
    if (secure_) return net::async_write(*tls_, from, std::move(handler));
    net::async_write(socket_, from, std::move(handler));
  }
  std::string_view buffered() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  }

  // All below belongs to the connection's strand. The core outlives the io_context's operations,
  // which own this; `keep_core_` would otherwise be a cycle, so it is weak.
  ServerCore& core_;
  std::weak_ptr<ServerCore> keep_core_;
  const bool refuse_;
  tcp::socket socket_;
  std::optional<net::ssl::stream<tcp::socket&>> tls_;
  bool secure_ = false;  ///< hands were shaken, and no goodbye was said: bytes go through tls_
  std::string subject_;  ///< of the peer's certificate
  net::steady_timer timer_;
  std::uint64_t timer_turn_ = 0;
  beast::flat_buffer buffer_;
  HeaderScan scan_;
  std::optional<BodyReader> reader_;
  Request request_;
  std::string content_type_;          ///< of the request, also while the handler has it
  const Handler* handler_ = nullptr;  ///< whose path it is, once known
  Phase phase_ = Phase::greeting;
  bool late_ = false;  ///< the request's time is over
  bool last_ = false;  ///< close after this request
  bool head_only_ = false;
  bool http_1_0_ = false;
  std::optional<std::uint64_t> length_;  ///< of the body; without: chunked
  std::uint64_t serial_ = 0;             ///< of the request that is being handled
  std::string head_;                     ///< of the response that is being written
  std::string body_;
  std::size_t drained_ = 0;
};

/// What a Respond function holds: the connection only as long as it lives by itself.
struct Exchange {
  std::shared_ptr<ServerCore> core;
  std::weak_ptr<Connection> connection;
  std::uint64_t serial;
  std::atomic<bool> used{false};
};

void Connection::start() {
  last_ = !core_.began(shared_from_this(), refuse_);
  error_code ignored;  // a socket that is gone already says so at the first read
  socket_.set_option(tcp::no_delay(true), ignored);
  net::post(socket_.get_executor(), [me = shared_from_this()] {
    if (me->core_.settings.tls) return me->shake_hands();
    me->begin();
  });
}

void Connection::begin() {
  if (refuse_) return refuse({503, "too-many-connections", "too many connections"});
  begin_request();
}

void Connection::shake_hands() {
  SSL* const connection = SSL_new(core_.settings.tls().get());
  if (connection == nullptr) return close();  // no memory
  tls_.emplace(socket_, connection);
  arm(core_.settings.request_timeout, &Connection::late_read);
  tls_->async_handshake(net::ssl::stream_base::server,
                        [me = shared_from_this()](error_code error) {
                          if (me->phase_ == Phase::closed) return;
                          if (error) return me->no_handshake(error);
                          me->secure_ = true;
                          me->subject_ = tls::peer_subject(me->tls_->native_handle());
                          me->begin();
                        });
}

void Connection::no_handshake(error_code error) {
  // Who has gone leaves nothing behind, as who connects to a plain port and goes.
  if (error == net::error::eof || error == net::ssl::error::stream_truncated ||
      error == net::error::connection_reset) {
    return close();
  }
  const auto refusal = tls::refusal_of(tls_->native_handle());
  if (core_.notify) {
    core_.notify({400, refusal ? refusal->code : "no-handshake",
                  late_     ? "no TLS handshake in time"
                  : refusal ? "no TLS handshake: " + refusal->text
                            : "no TLS handshake: " + error.message()});
  }
  if (late_) return close();
  linger();  // so that the peer sees the alert that says why
}

void Connection::begin_request() {
  if (last_ && serial_ > 0) return leave();
  scan_ = HeaderScan(core_.settings.header_bytes_max);
  reader_.reset();
  request_ = {};
  content_type_.clear();
  handler_ = nullptr;
  late_ = head_only_ = false;
  length_.reset();
  ++serial_;
  phase_ = Phase::idle;
  const bool more = buffer_.size() > 0;
  arm(more || serial_ == 1 ? core_.settings.request_timeout : core_.settings.idle_timeout,
      &Connection::late_read);
  if (more) phase_ = Phase::reading;
  read_header();
}

void Connection::read_header() {
  if (const auto problem = scan_.look(buffered())) return refuse(*problem);
  if (scan_.size() > 0) return header_complete();
  read_more();
}

void Connection::read_more() {
  read_some(kPiece, [me = shared_from_this()](error_code error, std::size_t size) {
    if (me->phase_ == Phase::closed) return;
    me->buffer_.commit(size);
    const bool begun = me->buffer_.size() > 0;
    if (me->late_ && begun)
      return me->refuse({408, "request-timeout", "the request did not come in time"});
    if (error && begun)
      return me->refuse({400, "request-cut", "the request ended before its header did"});
    if (error || me->late_) return me->leave();
    if (me->phase_ == Phase::idle) {
      me->phase_ = Phase::reading;
      if (me->serial_ > 1) me->arm(me->core_.settings.request_timeout, &Connection::late_read);
    }
    me->read_header();
  });
}

std::optional<Problem> Connection::parse_header() {
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(core_.settings.header_bytes_max + kPiece));
  parser.body_limit(boost::none);  // known once the path is
  error_code error;
  parser.put(net::buffer(buffer_.data(), scan_.size()), error);
  const std::string_view line = buffered().substr(0, buffered().find('\r'));
  if (error == beast::http::error::bad_version && line.size() > 8 &&
      line.substr(line.size() - 8, 5) == "HTTP/") {
    return Problem{505, "http-version", "only the versions 1.0 and 1.1 of HTTP are spoken here"};
  }
  if (error) return Problem{400, "bad-request", "the request is not HTTP: " + error.message()};
  const auto& head = parser.get();
  request_.method = std::string(head.method_string());
  request_.target = std::string(head.target());
  for (const auto& field : head) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    request_.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  http_1_0_ = head.version() == 10;
  last_ = last_ || !parser.keep_alive() || http_1_0_;
  if (!parser.chunked()) length_ = parser.content_length().value_or(0);
  return check_head(request_, http_1_0_);
}

void Connection::header_complete() {
  if (const auto problem = parse_header()) return refuse(*problem);
  buffer_.consume(scan_.size());
  content_type_ = request_.header("content-type");
  request_.subject = subject_;
  error_code gone;
  const auto peer = socket_.remote_endpoint(gone);
  if (!gone) {
    const std::string host = peer.address().to_string();
    request_.peer =
        (peer.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(peer.port());
  }
  route(request_.method);
}

void Connection::route(std::string_view method) {
  const ServerCore::Found found = core_.find(request_.path, method);
  handler_ = found.handler ? found.handler : found.any_method;
  head_only_ = method == "HEAD";
  if (!handler_ && method != "TRACE" && method != "CONNECT") {
    return refuse({404, "no-such-path", "nothing is served at this path"});
  }
  if (!found.handler) {
    return refuse({405, "method-not-allowed", "this path does not take this method"},
                  {{"Allow", found.allow}});
  }
  const std::string_view expect = request_.header("expect");
  const bool wants_100 =
      beast::iequals(beast::string_view(expect.data(), expect.size()), "100-continue");
  if (!expect.empty() && !wants_100) {
    return refuse({417, "expectation", "the only expectation met is 100-continue"});
  }
  reader_.emplace(length_, handler_->body_bytes_max);
  if (reader_->state() == BodyReader::State::too_large) return read_body();
  if (handler_->admit) {
    if (auto answer = handler_->admit(request_)) {
      return write(std::move(*answer), last_ || reader_->state() != BodyReader::State::done);
    }
  }
  if (!wants_100 || http_1_0_ || reader_->state() == BodyReader::State::done) return read_body();
  head_ = "HTTP/1.1 100 Continue\r\n\r\n";
  write_all(net::buffer(head_), [me = shared_from_this()](error_code error, std::size_t) {
    if (error || me->phase_ == Phase::closed) return me->close();
    me->read_body();
  });
}

void Connection::read_body() {
  buffer_.consume(reader_->take(buffered()));
  switch (reader_->state()) {
    case BodyReader::State::more: return read_body_more();
    case BodyReader::State::done: request_.body = std::move(reader_->body()); return handle();
    case BodyReader::State::too_large:
      return refuse({413, "body-too-large", "the body is over the limit"});
    case BodyReader::State::trailer:
      return refuse({400, "trailer", "trailer fields are not taken"});
    case BodyReader::State::bad:
      return refuse({400, "bad-body", "the body is not chunked as it says"});
  }
}

void Connection::read_body_more() {
  read_some(kBodyPiece, [me = shared_from_this()](error_code error, std::size_t size) {
    if (me->phase_ == Phase::closed) return;
    me->buffer_.commit(size);
    if (me->late_)
      return me->refuse({408, "request-timeout", "the request did not come in time"});
    if (error == net::error::eof)
      return me->refuse({400, "request-cut", "the request ended before its body did"});
    if (error) return me->close();
    me->read_body();
  });
}

void Connection::handle() {
  phase_ = Phase::handling;
  arm(handler_->answer_within, &Connection::late_answer);
  auto exchange = std::make_shared<Exchange>();
  exchange->core = keep_core_.lock();
  exchange->connection = weak_from_this();
  exchange->serial = serial_;
  try {
    handler_->handle(std::move(request_), [exchange](Response response) {
      if (exchange->used.exchange(true)) return;
      if (const auto me = exchange->connection.lock())
        me->answered(exchange->serial, std::move(response));
    });
  } catch (const std::exception&) {
    answered(serial_, problem_response({500, "internal", "an error of the hub"}));
  }
}

void Connection::answered(std::uint64_t serial, Response response) {
  net::post(socket_.get_executor(),
            [me = shared_from_this(), serial, answer = std::move(response)]() mutable {
              if (me->phase_ == Phase::handling && me->serial_ == serial)
                me->write(std::move(answer), me->last_);
            });
}

Response Connection::problem_response(const Problem& problem) const {
  return handler_ && handler_->error ? handler_->error(problem, content_type_)
                                     : problem_json(problem);
}

void Connection::refuse(const Problem& problem, Pairs headers) {
  if (handler_ && handler_->on_refused) {
    handler_->on_refused(problem);
  } else if (core_.notify) {
    core_.notify(problem);
  }
  Response response = problem_response(problem);
  response.headers.insert(response.headers.end(), headers.begin(), headers.end());
  write(std::move(response), true);
}

void Connection::write(Response response, bool close) {
  phase_ = Phase::writing;
  head_ = write_head(response, close, core_.settings.retry_after);
  body_ = head_only_ ? std::string() : std::move(response.body);
  if (secure_) {  // TLS takes one buffer at a time: two would be two records, and two packets
    head_ += body_;
    body_.clear();
  }
  arm(core_.settings.request_timeout, &Connection::close);
  const std::array<net::const_buffer, 2> parts{net::buffer(head_), net::buffer(body_)};
  write_all(parts, [me = shared_from_this(), close](error_code error, std::size_t) {
    if (me->phase_ == Phase::closed) return;
    if (error) return me->close();
    me->written(close);
  });
}

void Connection::written(bool close) {
  if (close || last_) return linger();
  begin_request();
}

void Connection::leave() {
  if (secure_) return linger();
  close();
}

void Connection::linger() {
  // Closing with input unread would reset the connection, and the peer might never see the answer.
  phase_ = Phase::lingering;
  arm(core_.settings.linger, &Connection::close);
  buffer_.consume(buffer_.size());
  if (!secure_) return end_sending();
  secure_ = false;  // what still comes is drained as it is
  tls_->async_shutdown([me = shared_from_this()](error_code) {
    // Whether the peer says goodbye, cuts or speaks on: the hub has said its own.
    if (me->phase_ != Phase::closed) me->end_sending();
  });
}

void Connection::end_sending() {
  error_code gone;
  socket_.shutdown(tcp::socket::shutdown_send, gone);
  if (gone) return close();
  drain();
}

void Connection::drain() {
  socket_.async_read_some(buffer_.prepare(kPiece),
                          [me = shared_from_this()](error_code error, std::size_t size) {
                            if (me->phase_ == Phase::closed) return;
                            me->drained_ += size;
                            if (error || me->drained_ > me->core_.settings.linger_bytes_max)
                              return me->close();
                            me->drain();
                          });
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  timer_.cancel();
  drop();
}

void Connection::end_now() {
  last_ = true;
  if (phase_ == Phase::handling) {
    write(problem_response({503, "stopping", "the hub stops"}), true);
  } else if (phase_ != Phase::writing) {
    close();
  }
}

void Connection::arm(std::chrono::milliseconds limit, void (Connection::*expired)()) {
  const std::uint64_t turn = ++timer_turn_;
  timer_.expires_after(limit);
  timer_.async_wait([me = shared_from_this(), turn, expired](error_code cancelled) {
    if (!cancelled && turn == me->timer_turn_) (me.get()->*expired)();
  });
}

void Connection::late_read() {
  late_ = true;
  error_code gone;  // a socket that cannot be cancelled has ended already
  socket_.cancel(gone);
}

}  // namespace

void serve(const std::shared_ptr<ServerCore>& core, tcp::socket socket, bool refuse) {
  std::make_shared<Connection>(core, std::move(socket), refuse)->start();
}

}  // namespace masar::http
