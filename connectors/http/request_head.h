#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "connectors/http/server.h"

namespace masar::http {

/// Finds the end of a request's header in bytes as they come, and refuses on the way what Beast's
/// parser lets pass or waits for: NUL and other control characters, bare LF and CR, folded lines,
/// an empty first line, a request line beyond ASCII. Looks at each byte once.
class HeaderScan {
 public:
  explicit HeaderScan(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// `bytes`: all of the request that has come so far, each time longer.
  std::optional<Problem> look(std::string_view bytes);
  /// Of the header with its empty line; 0: not complete yet.
  std::size_t size() const noexcept { return size_; }

 private:
  std::size_t bytes_max_;
  std::size_t at_ = 0;  ///< bytes before it have been looked at
  std::size_t line_start_ = 0;
  std::size_t lines_ = 0;  ///< complete ones
  std::size_t size_ = 0;
};

/// The rules about fields and target that Beast leaves open (TRAPS): one plain Host, one plain
/// length, no Transfer-Encoding but chunked (and that not from HTTP/1.0), origin-form target with
/// sound escapes. Fills path and query of `request`, whose target and headers stand.
std::optional<Problem> check_head(Request& request, bool http_1_0);

}  // namespace masar::http
