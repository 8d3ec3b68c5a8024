#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/store/database_clock.h"
#include "core/store/group_settings.h"
#include "core/store/store.h"
#include "core/store/store_view.h"

namespace masar::store {

struct PostgresSettings : GroupSettings {
  std::string connection;                   ///< libpq's conninfo, without a password
  std::string password;                     ///< empty: the connection needs none
  int readers = 4;                          ///< reading connections at most; opened when needed
  std::chrono::seconds connect_timeout{5};  ///< libpq knows none below 2 s
  std::chrono::milliseconds io_timeout{10'000};    ///< silent for so long: the connection is lost
  std::chrono::milliseconds unready_after{2'000};  ///< one try at a group: not healthy from then on
  /// At the start, how long the store may still be locked: a hub that was killed leaves the server
  /// a moment until it has ended its connection.
  std::chrono::milliseconds lock_wait{5'000};
  std::chrono::milliseconds migration_timeout{3'600'000};  ///< of one step
  bool unsafe = false;                      ///< a database without fsync is taken: benchmarks only
  DatabaseClock* database_clock = nullptr;  ///< is told the database's time; outlives the store
};

/// PostgreSQL 14 or newer (DESIGN D6, ENGINE.md 17), in the schema that the connection's
/// search_path names first. A session lock is held while it is open: a second hub on the same
/// store gets Error(config, "store-in-use"). Throws Error(config, …) also where the schema is newer
/// than the program ("store-newer"), is not a store ("store-foreign"), or the database may lose
/// what it has confirmed ("store-unsafe"); Error(transient, "store") where it cannot be reached.
/// `clock` stamps, and outlives the store; it is the database_clock or a clock that is moved.
///
/// A hub that finds that another one has taken the store over ends its process.
std::unique_ptr<Store> open_postgres_store(const PostgresSettings& settings,
                                           const BusinessClock& clock);

/// A StoreView. Throws Error(config, …) where the schema is not a store ("store-foreign") or has a
/// version that cannot be read ("store-version"); Error(transient, "store") where the database
/// cannot be reached.
std::unique_ptr<Store> open_postgres_view(const PostgresSettings& settings,
                                          ViewOf what = ViewOf::everything);

/// What is wrong with a connection in a configuration; empty: nothing. A password is wrong there.
std::string connection_problem(const std::string& connection);

}  // namespace masar::store
