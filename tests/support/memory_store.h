#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/base/clock.h"
#include "core/store/group_settings.h"
#include "core/store/store.h"
#include "tests/support/memory_rows.h"

namespace masar::testing {

/// The machine under a store in memory: rows that survive the store, and a power that can go. It
/// keeps what the other stores promise of a disk that syncs: a group is there as a whole once its
/// commit has returned, and not at all before. After a crash nothing is written until restart():
/// the process that crashed goes on and is told that it commits. Outlives the stores on it, which
/// are one at a time.
class MemoryMachine {
 public:
  void clear() { *this = {}; }  ///< as new; no store is open
  void crash() {  ///< the power goes now: what is not committed is lost
    crash_in_ = 0;
    off_ = true;
  }
  /// The power goes at the `after`-th commit from now on, before it is there or, `kept`, when it is
  /// and nobody has been told.
  void crash_after(std::uint64_t after, bool kept) {
    crash_in_ = after;
    kept_ = kept;
  }
  void never_crash() { crash_in_ = 0; }
  void on_crash(std::function<void()> told) { told_ = std::move(told); }  ///< by itself
  void restart() { off_ = false; }  ///< the store of before is gone

  MemoryRows& rows() { return rows_; }
  void commit(const std::function<void()>& write);  ///< of the store; the power may go in it

 private:
  MemoryRows rows_;
  std::function<void()> told_;
  std::uint64_t crash_in_ = 0;  ///< 0: never
  bool kept_ = false;
  bool off_ = false;
};

/// A store in memory, held to the contract of all (tests/contracts). Machine and clock outlive it.
std::unique_ptr<store::Store> open_memory_store(MemoryMachine& machine, const BusinessClock& clock,
                                                const store::GroupSettings& settings);

}  // namespace masar::testing
