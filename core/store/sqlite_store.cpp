#include "core/store/sqlite_store.h"

#include <filesystem>
#include <utility>

#include "core/store/reading_store.h"
#include "core/store/sqlite_session.h"
#include "core/store/sqlite_writer.h"
#include "core/store/store_lock.h"

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

// What the readers need to be there before them: the lock, then the file's mode, then the schema,
// which the writer brings up to date. See make_private_file() for the order.
struct SqliteWriting {
  SqliteWriting(const SqliteSettings& settings, const BusinessClock& clock)
      : lock(settings.path + ".lock"), path(prepare(settings.path)), writer(settings, clock) {}

  StoreLock lock;  // before everything that opens the database, and let go after it
  std::string path;
  SqliteWriter writer;
};

class SqliteStore final : private SqliteWriting, public ReadingStore<SqliteSession> {
 public:
  SqliteStore(const SqliteSettings& settings, const BusinessClock& clock)
      : SqliteWriting(settings, clock),
        ReadingStore(
            [session = reading(settings)] { return std::make_unique<SqliteSession>(session); },
            settings.readers) {}

  void submit(Transaction transaction, Done done) override {
    writer.submit(std::move(transaction), std::move(done));
  }
  std::size_t run_writer() override { return writer.run_once(); }
  void stop() override { writer.stop(); }
  bool healthy() const override { return writer.healthy(); }

  std::map<std::string, std::int64_t> counts() override {
    auto counts = ReadingStore::counts();
    std::error_code missing;  // no WAL file yet: nothing in it
    const auto bytes = std::filesystem::file_size(path + "-wal", missing);
    counts["wal_bytes"] = missing ? 0 : static_cast<std::int64_t>(bytes);
    return counts;
  }
};

}  // namespace

std::unique_ptr<Store> open_sqlite_store(const SqliteSettings& settings,
                                         const BusinessClock& clock) {
  return std::make_unique<SqliteStore>(settings, clock);
}

}  // namespace masar::store
