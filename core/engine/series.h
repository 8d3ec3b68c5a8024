#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/base/guarded.h"
#include "core/engine/random_code.h"
#include "core/engine/snapshot.h"
#include "core/store/store.h"

namespace masar::engine {

/// Fresh numbers and codes (`serial('billing-number')`), which a turn hands into the process as an
/// input and records. Serial ones: blocks are reserved in the store ahead of need, so that handing
/// one out does no I/O and a number is never handed out twice, over restarts too. Gaps happen.
/// Random ones (`kind="random"`) come from `random` at once: of at least 83 bits, so that among a
/// milliard of them the chance that two are the same is below 10^-7; nothing looks for it. Any
/// thread, if `random` may be called from any.
class SeriesSource {
 public:
  SeriesSource(const std::vector<Series>& series, store::Store& store, RandomSource random);

  /// Reserves the first blocks; returns once they are committed (with a store without writer
  /// thread: at its next run_writer()).
  void start();
  /// Throws Error(config, "unknown-series"), and Error(transient, "series-empty") while the next
  /// block is being reserved.
  std::string next(std::string_view name);

 private:
  struct Block {
    Series series;
    std::int64_t next = 0;
    std::int64_t end = 0;
    std::int64_t spare_first = 0, spare_end = 0;  ///< the block after this one
    bool reserving = false;
  };
  void reserve(const std::string& name);

  store::Store& store_;
  const RandomSource random_;
  Guarded<std::map<std::string, Block, std::less<>>> blocks_;
};

/// `value` in `digits` digits; with `luhn` the last one is the check digit (ISO/IEC 7812-1 annex B)
/// of the others.
std::string format_serial(std::int64_t value, int digits, bool luhn);

}  // namespace masar::engine
