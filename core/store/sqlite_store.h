#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/store/group_settings.h"
#include "core/store/store.h"
#include "core/store/store_view.h"

namespace masar::store {

struct SqliteSettings : GroupSettings {
  std::string path;                    ///< the database file; made with mode 0600
  bool full_sync = true;               ///< PRAGMA synchronous=FULL; off only in benchmarks
  std::chrono::milliseconds busy_timeout{5000};
  int readers = 4;                     ///< reading sessions at most; opened when needed
  /// Length of the WAL from which the writer moves its pages to the database: 64 MiB. The longer,
  /// the fewer pages move, for most of them have been written again meanwhile.
  int checkpoint_pages = 16384;
  /// How long it then waits for readers, once the WAL is eight times that long.
  std::chrono::milliseconds restart_wait{100};
  int writer_cache_kib = 16'384;       ///< pages the writer keeps; more than a group changes
  int reader_cache_kib = 2'048;        ///< of each reading session
  std::int64_t pages_max = 0;          ///< limit of the database in 4 KiB pages; 0: the disk's
};

/// SQLite in WAL mode through Poco::Data (DESIGN D6, ENGINE.md 17). A lock file beside the
/// database is held while it is open: a second hub on the same store gets Error(config,
/// "store-in-use"). Throws Error(config, …) also where the schema is newer than the program
/// ("store-newer"), the file is not a store ("store-foreign") or cannot be made ("store-unusable").
/// `clock` stamps, and outlives the store.
std::unique_ptr<Store> open_sqlite_store(const SqliteSettings& settings,
                                         const BusinessClock& clock);

/// A StoreView; the file is opened for reading only. Throws Error(config, …) where there is none
/// ("store-missing"), the file is not a store ("store-foreign") or has a schema version that cannot
/// be read ("store-version").
std::unique_ptr<Store> open_sqlite_view(const std::string& path,
                                        ViewOf what = ViewOf::everything);

}  // namespace masar::store
