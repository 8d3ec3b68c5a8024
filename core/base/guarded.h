#pragma once

#include <mutex>
#include <utility>

namespace masar {

/// A value together with the lock that protects it: the value is reachable only inside with().
template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  /// Calls `use(value)` under the lock and returns what it returns. `use` must not block on another
  /// Guarded that may be locked around this one.
  template <typename Use>
  auto with(Use&& use) {
    std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }
  template <typename Use>
  auto with(Use&& use) const {
    std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace masar
