#include "core/store/sqlite_store.h"

#include <filesystem>
#include <utility>

#include "core/base/error.h"
#include "core/store/migrations.h"
#include "core/store/sqlite_session.h"
#include "core/store/sqlite_writer.h"
#include "core/store/store_lock.h"
#include "core/store/writing_store.h"

namespace masar::store {
namespace {

SessionSettings reading(const SqliteSettings& settings) {
  SessionSettings session;
  session.path = settings.path;
  session.read_only = true;
  session.busy_timeout = settings.busy_timeout;
  session.cache_kib = settings.reader_cache_kib;
  return session;
}

std::string prepare(const std::string& path) {
  make_private_file(path);
  return path;
}

// The lock, then the file's mode, then the schema: see make_private_file() for the order.
struct SqliteWriting {
  SqliteWriting(const SqliteSettings& settings, const BusinessClock& clock)
      : lock(settings.path + ".lock"),
        path(prepare(settings.path)),
        recent(settings.recent_bytes_max),
        writer(settings, clock, recent) {}

  StoreLock lock;  // before everything that opens the database, and let go after it
  std::string path;
  RecentRows recent;
  SqliteWriter writer;
};

class SqliteStore final : public WritingStore<SqliteWriting, SqliteSession> {
 public:
  SqliteStore(const SqliteSettings& settings, const BusinessClock& clock)
      : WritingStore(settings, clock, [session = reading(settings)] {
          return std::make_unique<SqliteSession>(session);
        }) {}

  std::map<std::string, std::int64_t> counts() override {
    auto counts = WritingStore::counts();
    std::error_code missing;  // no WAL file yet: nothing in it
    const auto bytes = std::filesystem::file_size(path + "-wal", missing);
    counts["wal_bytes"] = missing ? 0 : static_cast<std::int64_t>(bytes);
    return counts;
  }
};

std::int64_t number(SqliteSession& session, const char* sql) {
  Statement& statement = session.prepared(sql);
  const Reading rows(statement);
  return statement.step() ? statement.integer(0) : 0;
}

void check_view(const SessionSettings& settings, ViewOf what) {
  SqliteSession session(settings);
  const auto version = number(session, "PRAGMA user_version");
  if (number(session, "PRAGMA application_id") != kApplicationId) {
    throw Error(ErrorKind::config, "store-foreign",
                "the file " + settings.path + " is not a store of this program");
  }
  store::check_view("the store in " + settings.path, version, what);
}

}  // namespace

std::unique_ptr<Store> open_sqlite_view(const std::string& path, ViewOf what) {
  if (!std::filesystem::is_regular_file(path))
    throw Error(ErrorKind::config, "store-missing", "there is no store " + path);
  SqliteSettings settings;
  settings.path = path;
  SessionSettings session = reading(settings);
  session.beside_hub = true;
  check_view(session, what);
  return std::make_unique<StoreView<SqliteSession>>(
      [session] { return std::make_unique<SqliteSession>(session); });
}

std::unique_ptr<Store> open_sqlite_store(const SqliteSettings& settings,
                                         const BusinessClock& clock) {
  return std::make_unique<SqliteStore>(settings, clock);
}

}  // namespace masar::store
