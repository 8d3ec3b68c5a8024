#include "core/store/sqlite_backup.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/store/audit_chain.h"
#include "core/store/files.h"
#include "core/store/reading.h"
#include "core/store/sqlite_session.h"
#include "core/store/sqlite_store.h"

namespace masar::store {
namespace {

constexpr int kStepPages = 1024;  // 4 MiB between two looks at `stopped`

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw Error(ErrorKind::transient, "backup", "the backup " + path + ": " + why);
}

/// The file until it has its name; taken away with whatever SQLite put beside it.
class Draft {
 public:
  explicit Draft(const std::string& to) : to_(to), path_(to + ".part") {
    refuse_to_replace();
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST)
      exists(path_, "a backup is being written there, or was left by one that was killed");
    if (file < 0) fail(path_, std::strerror(errno));
    ::close(file);
  }
  ~Draft() {
    std::error_code gone;
    for (const char* file : {"", "-journal", "-wal", "-shm"})
      std::filesystem::remove(path_ + file, gone);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const noexcept { return path_; }
  /// On the disk first; then its name.
  void name() {
    if (const int error = sync_file(path_); error != 0) fail(path_, std::strerror(error));
    refuse_to_replace();
    if (std::rename(path_.c_str(), to_.c_str()) != 0) fail(to_, std::strerror(errno));
    if (const int error = sync_folder_of(to_); error != 0) fail(to_, std::strerror(error));
  }

 private:
  void refuse_to_replace() const {
    if (std::filesystem::exists(to_)) exists(to_, "a backup is never written over");
  }
  [[noreturn]] static void exists(const std::string& path, const std::string& why) {
    throw Error(ErrorKind::config, "backup-exists", path + " is there already: " + why);
  }

  const std::string to_;
  const std::string path_;
};

/// The connection that writes the copy: nobody else knows the file, and it is synced as a whole.
class Copy {
 public:
  explicit Copy(const std::string& path) : path_(path) {
    if (sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) {
      const std::string why = sqlite3_errmsg(database_);
      sqlite3_close(database_);
      fail(path, why);
    }
    try {
      execute(database_, "PRAGMA synchronous = OFF");
    } catch (...) {
      sqlite3_close(database_);
      throw;
    }
  }
  ~Copy() { sqlite3_close(database_); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  void fill(sqlite3* source, const SqliteBackup& backup) {
    sqlite3_backup* const copying = sqlite3_backup_init(database_, "main", source, "main");
    if (copying == nullptr) fail(path_, sqlite3_errmsg(database_));
    bool stopped = false;
    int code = SQLITE_OK;
    while (code == SQLITE_OK && !(stopped = backup.stopped && backup.stopped())) {
      code = sqlite3_backup_step(copying, kStepPages);
      const std::int64_t all = sqlite3_backup_pagecount(copying);
      if (backup.progress) backup.progress(all - sqlite3_backup_remaining(copying), all);
    }
    sqlite3_backup_finish(copying);
    if (stopped) throw Error(ErrorKind::rejected, "backup-stopped", "the backup was stopped");
    if (code != SQLITE_DONE) fail(path_, sqlite3_errstr(code));
  }

  void mark(const std::string& at) {
    execute(database_, "PRAGMA journal_mode = DELETE");  // one file, without a WAL of its own
    Statement statement(database_,
                        "INSERT INTO settings(name, value) VALUES(?1, ?2)"
                        " ON CONFLICT(name) DO UPDATE SET value = ?2");
    statement.bind(kBackupSetting, at).run();
  }

  void check() {
    Statement statement(database_, "PRAGMA integrity_check(1)");
    const Reading reading(statement);
    const std::string said = statement.step() ? statement.bytes(0) : "nothing was said";
    if (said != "ok") unsound(path_, said);
  }

  [[noreturn]] static void unsound(const std::string& path, const std::string& what) {
    throw Error(ErrorKind::rejected, "backup-damaged",
                "the copy " + path + " is not sound, nor is the store then: " + what);
  }

 private:
  const std::string path_;
  sqlite3* database_ = nullptr;
};

// The whole chain is `masar audit verify`'s work; its newest rows show that all of it came along.
void check_audit(const std::string& path) {
  const auto view = open_sqlite_view(path, ViewOf::audit);
  AuditHasher hasher;
  for (const AuditHead& head : view->audit_heads()) {
    const auto rows = view->audit_rows(head.audit - 1, 1);
    if (rows.empty() || rows[0].id != head.audit || rows[0].hash != head.hash ||
        hasher.hash(rows[0]) != head.hash) {
      Copy::unsound(path, "audit row " + std::to_string(head.audit) +
                              " is not the one that its head names");
    }
  }
}

}  // namespace

std::int64_t back_up_sqlite(const SqliteBackup& backup, Instant at) {
  (void)open_sqlite_view(backup.from, ViewOf::audit);  // that it is a store
  SessionSettings settings;
  settings.path = backup.from;
  settings.read_only = settings.beside_hub = true;
  SqliteSession source(settings);
  Draft draft(backup.to);
  {
    Copy copy(draft.path());
    source.begin_view();
    source.prepared("SELECT 1 FROM settings LIMIT 1").run();  // from here on it is one moment
    copy.fill(source.handle(), backup);
    source.end_view();
    copy.mark(format_instant(at));
    copy.check();
  }
  check_audit(draft.path());
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(draft.path()));
  draft.name();
  return bytes;
}

}  // namespace masar::store
