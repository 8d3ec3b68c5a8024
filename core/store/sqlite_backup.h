#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/time.h"

namespace masar::store {

/// The setting by which a hub knows that its store is a backup's copy: when it was taken.
inline constexpr const char* kBackupSetting = "backup";

struct SqliteBackup {
  std::string from;  ///< the store, which a hub may have open
  std::string to;    ///< made with mode 0600; must not be there yet
  /// After each step: pages copied, and pages in all.
  std::function<void(std::int64_t done, std::int64_t all)> progress;
  std::function<bool()> stopped;  ///< asked before each step: true ends it, and nothing is left
};

/// Copies a store beside the hub that writes it, and returns the bytes of the copy, which is one
/// file, marked with `at` as a backup of that time, looked through (SQLite's integrity check, the
/// newest audit row of each partition) and synced before it gets its name; until then it is
/// `to`.part. All of it is of one moment: one read transaction is held from the first page to the
/// last, so that no write begins the copy anew; meanwhile the WAL of the store only grows.
///
/// Throws Error(config, …) where there is no store ("store-missing", "store-foreign",
/// "store-version") or there is a file already ("backup-exists"); Error(transient, "store") and
/// Error(transient, "backup") where reading or writing fails; Error(rejected, "backup-damaged")
/// where the copy is not sound, which the store then is not either; Error(rejected,
/// "backup-stopped").
std::int64_t back_up_sqlite(const SqliteBackup& backup, Instant at);

}  // namespace masar::store
