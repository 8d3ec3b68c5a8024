#include "core/store/database_clock.h"

#include <cstdlib>

namespace masar::store {
namespace {

constexpr std::int64_t kDriftPerSecond = 500;  // microseconds

std::int64_t micros(SteadyClock::TimePoint moment) {
  return std::chrono::duration_cast<std::chrono::microseconds>(moment.time_since_epoch()).count();
}

std::int64_t micros(Instant instant) { return instant.time_since_epoch().count(); }

}  // namespace

DatabaseClock::DatabaseClock(const SteadyClock& steady)
    : steady_(steady), offset_(micros(SystemBusinessClock().now()) - micros(steady.now())) {}

Instant DatabaseClock::now() const { return Instant(Duration(micros(steady_.now()) + offset_)); }

Duration DatabaseClock::error_at(SteadyClock::TimePoint moment) const {
  if (half_trip_ < 0) return Duration::max();
  const std::int64_t age = micros(moment) - sampled_;
  return Duration(half_trip_ + age * kDriftPerSecond / 1'000'000);
}

Duration DatabaseClock::error() const { return error_at(steady_.now()); }

void DatabaseClock::sample(SteadyClock::TimePoint asked, Instant database,
                           SteadyClock::TimePoint answered) {
  const std::int64_t half_trip = (micros(answered) - micros(asked)) / 2;
  const std::int64_t offset = micros(database) - (micros(asked) + half_trip);
  const Duration known = error_at(answered);
  // A slow answer says less than what is known, unless it contradicts it: then a clock was moved.
  const bool better = Duration(half_trip) <= known;
  if (!better && std::abs(offset - offset_) <= half_trip + known.count()) return;
  offset_ = offset;
  half_trip_ = half_trip;
  sampled_ = micros(answered);
}

}  // namespace masar::store
