#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace masar::http {

/// Takes a body out of the bytes that follow a header, by Content-Length or strictly chunked: sizes
/// are plain hex, lines end with CR LF and are short, extensions are skipped, trailers are an
/// error. For requests and replies alike. Single-threaded.
class BodyReader {
 public:
  enum class State { more, done, bad, too_large, trailer };

  /// `length`: of the body; without it the body is chunked. `bytes_max` counts the body alone.
  BodyReader(std::optional<std::uint64_t> length, std::size_t bytes_max);

  /// Takes from `bytes` what belongs to the body; returns how many. Nothing once the state is not
  /// `more`.
  std::size_t take(std::string_view bytes);
  State state() const noexcept { return state_; }
  std::string& body() noexcept { return body_; }

 private:
  enum class Part { size, data, after_data, last };
  void end_line();
  void size_line();

  const bool chunked_;
  const std::size_t bytes_max_;
  State state_ = State::more;
  Part part_ = Part::size;
  std::uint64_t left_ = 0;  ///< of the body or of the chunk
  std::string line_;        ///< a framing line as far as it has come
  std::string body_;
};

}  // namespace masar::http
