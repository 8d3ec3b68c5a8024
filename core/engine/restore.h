#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/snapshot.h"
#include "core/store/store.h"

namespace masar::engine {

/// What a store knows of having been restored from a backup (FORMAT.md, "A restored store"): its
/// settings. The last restore counts.
struct Restore {
  std::int64_t times = 0;    ///< finished ones: the epoch of event numbers; 0: never restored
  std::string backup;        ///< when it was taken
  std::string at;            ///< when its hub first started
  std::int64_t effects = 0;  ///< outbox rows up to this one are of before
  bool unfinished = false;   ///< what was in the journal has not all been applied yet

  static Restore read(const std::map<std::string, std::string>& settings);

  /// Event numbers of this epoch are not lower, so that they, and the ids that are made from them,
  /// are none that the hub before may have used after the backup.
  static std::int64_t first_event(std::int64_t times) { return times * kEventsOfEpoch + 1; }
  static constexpr std::int64_t kEventsOfEpoch = 1'000'000;  ///< more than one case ever has
};

/// Of a store that no hub has begun to restore yet, when its backup was taken: it is marked as a
/// copy, or is not where its hub left it. Throws Error(transient, "store").
std::optional<std::string> backup_of(store::Store& store);

/// Adds what the first commit of a hub on this store stores: where it is; and for the copy of a
/// backup that it is one, that all outbound endpoints are paused, and that the series go on behind
/// their gap. Returns the endpoints that it pauses.
std::vector<std::string> put_restore_begun(store::Store& store, const Snapshot& snapshot,
                                           const std::optional<std::string>& backup,
                                           store::Transaction& begun);

/// Adds the end of a restore, once what was in the journal has been applied.
void put_restore_finished(store::Store& store, Restore& restore, Instant now,
                          store::Transaction& transaction);

}  // namespace masar::engine
