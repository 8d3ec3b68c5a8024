#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "tests/support/split_mix.h"

namespace masar::faults {

/// Numbers from a seed, the same everywhere and for ever. Each stream of a seed is its own, so that
/// what one case draws changes nothing for the others. One thread.
class Random {
 public:
  Random(std::uint64_t seed, std::string_view stream) : state_(seed) {
    for (const char c : stream) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    (void)next();
  }

  std::uint64_t next() { return testing::split_mix(state_); }
  /// From 0 up to `limit` − 1.
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(limit));
  }
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + below(last - first + 1);
  }
  Duration between(Duration first, Duration last) {
    return Duration(between(first.count(), last.count()));
  }
  bool chance(int per_mille) { return below(1000) < per_mille; }
  /// One of them.
  template <typename T>
  const T& of(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(below(static_cast<std::int64_t>(all.size())))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace masar::faults
