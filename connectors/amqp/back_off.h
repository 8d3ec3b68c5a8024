#pragma once

#include <algorithm>
#include <chrono>
#include <string>

namespace masar::amqp {

/// The waits before something is tried again: the first, then each doubled, up to the longest.
/// Single-threaded.
class BackOff {
 public:
  BackOff(std::chrono::milliseconds first, std::chrono::milliseconds max)
      : first_(first), max_(max), next_(first) {}

  /// What was tried went well for this long. True: at least for the wait that was next, so that
  /// the waits begin anew.
  bool lasted(std::chrono::steady_clock::duration time) noexcept {
    if (time < next_) return false;
    next_ = first_;
    return true;
  }
  std::chrono::milliseconds wait() noexcept {
    const auto wait = next_;
    next_ = std::min(next_ * 2, max_);
    return wait;
  }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds max_;
  std::chrono::milliseconds next_;
};

/// A wait for people, in seconds to a tenth, rounded up.
inline std::string seconds_text(std::chrono::milliseconds time) {
  const auto tenths = (time.count() + 99) / 100;
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " s";
}

}  // namespace masar::amqp
