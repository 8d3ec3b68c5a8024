#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/base/guarded.h"

namespace masar::soap {

/// The nonces of one endpoint that were used lately: in memory, so a restart forgets them. Any
/// thread. Never drops one before its time: a full one takes no more.
class Nonces {
 public:
  enum class Added { added, seen, full };

  /// Each is known for `keep`; at most `count_max` at once.
  Nonces(SteadyClock::TimePoint::duration keep, std::size_t count_max)
      : keep_(keep), count_max_(count_max) {}

  Added add(const std::string& nonce, SteadyClock::TimePoint now);

 private:
  struct Used {
    std::set<std::string> known;
    std::deque<std::pair<SteadyClock::TimePoint, std::string>> until;  ///< in their order
  };
  const SteadyClock::TimePoint::duration keep_;
  const std::size_t count_max_;
  Guarded<Used> used_;
};

}  // namespace masar::soap
