#include "tests/faults/host_clock.h"

#include <algorithm>

namespace masar::faults {

bool HostClock::went_back() const {
  const auto back = [](const Jump& before, const Jump& after) { return after.off < before.off; };
  return std::adjacent_find(jumps_.begin(), jumps_.end(), back) != jumps_.end();
}

Instant HostClock::least(Instant from, Instant to) const {
  Instant least = Instant::max();
  for (std::size_t at = 0; at < jumps_.size(); ++at) {
    const bool over = at + 1 < jumps_.size() && jumps_[at + 1].at < from;
    if (over || jumps_[at].at > to) continue;
    least = std::min(least, std::max(from, jumps_[at].at) + jumps_[at].off);
  }
  return least;
}

Instant HostClock::most(Instant until) const {
  Instant most = Instant::min();
  for (std::size_t at = 0; at < jumps_.size() && jumps_[at].at <= until; ++at) {
    const Instant end = at + 1 < jumps_.size() ? std::min(until, jumps_[at + 1].at) : until;
    most = std::max(most, end + jumps_[at].off);
  }
  return most;
}

}  // namespace masar::faults
