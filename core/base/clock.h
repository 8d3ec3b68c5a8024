#pragma once

#include <chrono>

#include "core/base/time.h"

namespace masar {

/// The clock of the service: stamps, deadlines, expiries, calendars (ENGINE.md 9). The only one
/// that is ever moved. Implementations are safe to call from any thread and do not throw.
class BusinessClock {
 public:
  virtual ~BusinessClock() = default;
  virtual Instant now() const = 0;
};

/// The clock of the machine: I/O time-outs, back-off, breakers, rates. Never goes back, never is
/// moved in production. Implementations are safe to call from any thread and do not throw.
class SteadyClock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  virtual ~SteadyClock() = default;
  virtual TimePoint now() const = 0;
};

/// The host's clocks.
class SystemBusinessClock final : public BusinessClock {
 public:
  Instant now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
};
class SystemSteadyClock final : public SteadyClock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace masar
