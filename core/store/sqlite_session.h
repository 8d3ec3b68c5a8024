#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>

#include <Poco/Data/Session.h>

#include "core/store/gathering_vfs.h"
#include "core/store/sqlite_statement.h"

namespace masar::store {

struct SessionSettings {
  std::string path;
  bool full_sync = true;
  bool read_only = false;  ///< otherwise, with full_sync, it writes through a GatheringVfs
  bool beside_hub = false;  ///< the file is opened for reading only, and stays as it is
  std::chrono::milliseconds busy_timeout{5000};
  int cache_kib = 2048;
  std::int64_t pages_max = 0;  ///< 0: SQLite's own limit
};

/// One connection to the database with its kept statements. Opened in one place, because almost
/// every setting of SQLite is per connection. Used by one thread at a time. Throws SqliteError,
/// and Error(transient, "store") where Poco::Data cannot open the file, Error(config,
/// "store-foreign") where it is not a database.
class SqliteSession {
 public:
  explicit SqliteSession(const SessionSettings& settings);

  sqlite3* handle() const noexcept { return handle_; }
  /// The statement of this text, prepared the first time. `sql` is a literal: its address is its
  /// name.
  Statement& prepared(const char* sql);
  /// What is read until end_view() is of the same commits.
  void begin_view() { prepared("BEGIN").run(); }
  void end_view() { prepared("ROLLBACK").run(); }  ///< nothing was written: it cannot fail
  bool usable() const noexcept { return true; }

 private:
  std::unique_ptr<GatheringVfs> vfs_;
  Poco::Data::Session session_;
  sqlite3* handle_;
  std::unordered_map<const char*, Statement> statements_;  // destroyed before the session closes
};

}  // namespace masar::store
