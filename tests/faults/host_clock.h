#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace masar::faults {

/// The clock of the hub's machine: the world's time, but for what it is wrong by, which changes at
/// once and in either direction. The hub's business clock (ENGINE.md 9); its steady clock goes on
/// evenly. Remembers its jumps, so that a stamp can be judged by where it may lie: not before what
/// the clock showed when it was given, nor behind all that the clock had shown by then, because
/// stamps never go back (ENGINE.md 6). One thread.
class HostClock final : public BusinessClock {
 public:
  explicit HostClock(std::function<Instant()> world) : world_(std::move(world)) {}

  Instant now() const override { return world_() + jumps_.back().off; }
  Duration off() const { return jumps_.back().off; }
  /// Whether it ever jumped back, so that stamps stood still.
  bool went_back() const;
  /// From now on it is wrong by so much.
  void jump(Duration off) { jumps_.push_back({world_(), off}); }
  /// The least that it showed between two instants of the world, both included: no stamp that was
  /// given in between is earlier.
  Instant least(Instant from, Instant to) const;
  /// The most that it had shown at an instant of the world: no stamp of before is later.
  Instant most(Instant until) const;

 private:
  struct Jump {
    Instant at;
    Duration off;
  };
  std::function<Instant()> world_;
  std::vector<Jump> jumps_{{Instant::min(), Duration(0)}};
};

}  // namespace masar::faults
