#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "connectors/http/body_reader.h"
#include "connectors/http/client.h"

namespace masar::http {

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

/// The bytes of a request as they are sent. `keep`: the connection may be used again; `absolute`:
/// the target is written for a proxy.
std::string write_call(const Call& call, const CallUrl& url, bool keep, bool absolute);

/// Takes one reply strictly out of bytes as they come (RFC 9112): one plain length, or chunked, or
/// to the connection's end; no 1xx, no trailers; the limits of ClientSettings, 100 fields and 8192
/// bytes of one field's value. One thread.
class ReplyReader {
 public:
  ReplyReader(std::string method, const ClientSettings& settings);

  /// Takes what came; true once the reply is whole. Throws CallFailure("reply-malformed",
  /// "reply-too-large" or "reply-status").
  bool take(std::string_view bytes);
  /// The connection has ended: so has a reply that goes to its end; of any other this throws
  /// CallFailure("reply-cut").
  void at_end();

  /// Whether a byte of it has come.
  bool began() const noexcept { return began_; }
  /// Of a whole reply: whether the next call may use the connection.
  bool keeps() const noexcept { return keep_; }
  /// What came so far.
  CallResult taken();

 private:
  bool head();  ///< true once it is whole
  void read_status(std::string_view line);
  void read_fields(std::string_view lines);
  void read_framing();
  bool body();

  const std::string method_;
  const ClientSettings& settings_;
  std::string bytes_;  ///< not taken yet
  std::size_t looked_ = 0;
  CallResult result_;
  std::optional<BodyReader> body_;  ///< of a length, or chunked
  bool began_ = false;
  bool headed_ = false;
  bool to_end_ = false;
  bool keep_ = false;
};

}  // namespace masar::http
