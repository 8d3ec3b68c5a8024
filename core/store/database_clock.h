#pragma once

#include <atomic>
#include <cstdint>

#include "core/base/clock.h"

namespace masar::store {

/// The database's clock as the business clock (ENGINE.md 9): the machine's steady clock plus an
/// offset that the store's writer samples with each group and while it is idle. Owned by the
/// composition root, outlives the store. now() from any thread; sample() from one.
///
/// It differs from the database's clock by error() at most: half the round trip of the sample that
/// counts, and 500 µs for each second since (what a machine's clock may drift while it is
/// corrected). Before the first sample it is the machine's own clock. A step of the database's
/// clock is followed at the next sample; that stamps do not go back is the writer's care.
class DatabaseClock final : public BusinessClock {
 public:
  explicit DatabaseClock(const SteadyClock& steady);

  Instant now() const override;
  /// The database said `database` between two moments of the steady clock.
  void sample(SteadyClock::TimePoint asked, Instant database, SteadyClock::TimePoint answered);
  Duration error() const;  ///< of now(); the longest Duration before the first sample

 private:
  Duration error_at(SteadyClock::TimePoint moment) const;

  const SteadyClock& steady_;
  std::atomic<std::int64_t> offset_;  // microseconds: instant − steady
  // Of the sample that counts: the sampling thread only, but for error().
  std::atomic<std::int64_t> half_trip_{-1};  // microseconds; −1: none yet
  std::atomic<std::int64_t> sampled_{0};     // microseconds of the steady clock
};

}  // namespace masar::store
