#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/store/store.h"

namespace masar::store {

struct SqliteSettings {
  std::string path;                              ///< the database file; made with mode 0600
  std::size_t group_max = 256;                   ///< transactions in one commit at most
  std::size_t queue_max = 65'536;                ///< transactions waiting; more: submit() answers failed
  bool full_sync = true;                         ///< PRAGMA synchronous=FULL; off only in benchmarks' ceilings
  bool writer_thread = true;                     ///< false: run_writer() commits
  std::chrono::milliseconds busy_timeout{5000};
  int readers = 4;                               ///< reading sessions at most; opened when needed
  std::chrono::milliseconds probe_interval{250}; ///< between two tries while writes fail
  int checkpoint_pages = 4096;                   ///< of the WAL; from here the writer moves them to the database
  std::chrono::milliseconds restart_wait{100};   ///< for readers, once the WAL is eight times that long
  std::chrono::milliseconds idle_checkpoint{1000};///< nothing to write for so long: the WAL becomes empty
  int writer_cache_kib = 16'384;                 ///< pages that the writer keeps; more than a group changes
  int reader_cache_kib = 2'048;                  ///< of each reading session
  std::int64_t pages_max = 0;                    ///< size limit of the database in 4 KiB pages; 0: the disk's
};

/// SQLite in WAL mode through Poco::Data (DESIGN D6, ENGINE.md 17). A lock file beside the database is
/// held while it is open: a second hub on the same store gets Error(config, "store-in-use").
/// Throws Error(config, "store-newer") where the schema is newer than the program.
/// `clock` stamps, and outlives the store.
std::unique_ptr<Store> open_sqlite_store(const SqliteSettings& settings, const BusinessClock& clock);

}  // namespace masar::store
