#pragma once

#include <atomic>

#include "core/base/clock.h"

namespace masar::engine {

/// A business clock that stands still until it is moved (ENGINE.md 9): the demonstration's and the
/// tests'. Any thread. It never goes back.
class SteppedClock final : public BusinessClock {
 public:
  explicit SteppedClock(Instant from) : now_(from.time_since_epoch().count()) {}
  Instant now() const override { return Instant(Duration(now_.load())); }
  void move_to(Instant at) {
    auto now = now_.load();
    while (at.time_since_epoch().count() > now &&
           !now_.compare_exchange_weak(now, at.time_since_epoch().count())) {
    }
  }

 private:
  std::atomic<Duration::rep> now_;
};

}  // namespace masar::engine
