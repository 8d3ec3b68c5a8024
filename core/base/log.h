#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace masar {

/// What a log line is about: ids, never contents. Empty: there is none, or it is not known.
struct LogIds {
  std::string trace = {};  ///< W3C Trace Context's trace-id
  std::string route = {};
  std::string case_key = {};
  std::string message = {};  ///< the message-id of what came, or of the effect
};

/// Where log lines go. A text holds no payload, no personal data and no secret; a line about a
/// message says its ids. Any thread, if what it writes to is for any.
class Log {
 public:
  using Write = std::function<void(std::string_view level, std::string_view text, const LogIds&)>;

  /// Says nothing.
  Log() = default;
  template <typename To>
    requires std::constructible_from<Write, To> && (!std::same_as<std::decay_t<To>, Log>)
  Log(To&& to) : write_(std::forward<To>(to)) {}

  void operator()(std::string_view level, std::string_view text, const LogIds& ids = {}) const {
    if (write_) write_(level, text, ids);
  }

 private:
  Write write_;
};

}  // namespace masar
