#include "core/store/sqlite_writer.h"

#include <algorithm>
#include <utility>

#include <sqlite3.h>
#include <sysexits.h>

#include "core/base/crash_point.h"
#include "core/base/plant.h"
#include "core/store/reading.h"
#include "core/store/sqlite_schema.h"

namespace masar::store {
namespace {

constexpr const char* kBegin = "BEGIN IMMEDIATE";
constexpr const char* kCommit = "COMMIT";
constexpr const char* kRollback = "ROLLBACK";
constexpr const char* kSavepoint = "SAVEPOINT one";
constexpr const char* kRelease = "RELEASE one";
constexpr const char* kRollbackOne = "ROLLBACK TO one";
constexpr const char* kLastStamp =
    "SELECT max(coalesce((SELECT stamp FROM journal ORDER BY id DESC LIMIT 1), 0),"
    " coalesce((SELECT value FROM meta WHERE name = 'stamp'), 0))";
constexpr const char* kKeepStamp =
    "INSERT INTO meta(name, value) VALUES('stamp', ?1) ON CONFLICT DO UPDATE SET value = ?1";

// From so many times checkpoint_pages on, the writer waits for readers, so that the WAL starts
// anew.
constexpr int kRestartFactor = 8;

SessionSettings session_settings(const SqliteSettings& settings) {
  SessionSettings session;
  session.path = settings.path;
  session.full_sync = settings.full_sync;
  session.busy_timeout = settings.busy_timeout;
  session.cache_kib = settings.writer_cache_kib;
  session.pages_max = settings.pages_max;
  return session;
}

SqliteSession& migrated(SqliteSession& session) {
  migrate_sqlite(session.handle());
  return session;
}

// After a failed sync nobody knows what is on the disk, and the kernel may call it clean: what
// stands in memory must not be acknowledged, nor read again as if it were stored (ENGINE.md 17).
[[noreturn]] void die(const WriterHealth& health, const SqliteError& error) {
  health.end_process(
      EX_IOERR, std::string("the store could not sync, stopping at once: ") + error.what());
}

bool is_sync_failure(const SqliteError& error) {
  return error.extended() == SQLITE_IOERR_FSYNC || error.extended() == SQLITE_IOERR_DIR_FSYNC;
}

// The fault of this one transaction, as opposed to the machine's.
bool is_of_one_transaction(const SqliteError& error) {
  switch (error.primary()) {
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_ERROR: return true;
    default: return false;
  }
}

}  // namespace

SqliteWriter::SqliteWriter(const SqliteSettings& settings, const BusinessClock& clock,
                           RecentRows& recent)
    : settings_(settings),
      clock_(clock),
      recent_(recent),
      health_(settings.log),
      session_(session_settings(settings)),
      applier_(migrated(session_)),
      next_checkpoint_pages_(settings.checkpoint_pages),
      queue_(settings, *this) {
  load_stamp();
  sqlite3_wal_hook(session_.handle(), &SqliteWriter::count_wal_pages, this);
  queue_.start();
}

SqliteWriter::~SqliteWriter() { stop(); }

/// All of the group from BEGIN, or nothing.
std::size_t SqliteWriter::commit(std::span<Pending> group) {
  const RowCounters counters = applier_.counters();
  const Instant kept_stamp = kept_stamp_;
  try {
    session_.prepared(kBegin).run();
    apply_group(group);
    crash_point("before-commit");
    recent_.committing(group);
    session_.prepared(kCommit).run();
  } catch (const SqliteError& error) {
    if (is_sync_failure(error)) {
      die(health_, error);
    }
    applier_.set_counters(counters);
    kept_stamp_ = kept_stamp;
    if (sqlite3_get_autocommit(session_.handle()) == 0) {
      session_.prepared(kRollback).run();
    }
    recent_.forget();
    health_.bad(error);
    return 0;
  }
  recent_.committed(group, counters.outbox);
  crash_point("after-commit");
  applier_.committed();
  health_.good();
  return group.size();
}

void SqliteWriter::apply_group(std::span<Pending> group) {
  const RowCounters counters = applier_.counters();
  const std::int64_t changes = sqlite3_total_changes64(session_.handle());
  if (!apply_together(group)) {
    session_.prepared(kRollback).run();
    applier_.set_counters(counters);
    session_.prepared(kBegin).run();
    apply_singly(group);
  }
  applier_.put_heads();
  // The newest journal row keeps the last stamp by itself.
  if (applier_.counters().journal == counters.journal &&
      sqlite3_total_changes64(session_.handle()) != changes) {
    keep_stamp();
  }
}

/// False: one of them is refused after it has written, and what was applied is to be undone. A
/// savepoint makes SQLite put aside each page that its transaction is the first to change, and such
/// refusals are rare.
bool SqliteWriter::apply_together(std::span<Pending> group) {
  return std::all_of(group.begin(), group.end(), [this](Pending& each) {
    const RowCounters counters = applier_.counters();
    const std::int64_t changes = sqlite3_total_changes64(session_.handle());
    if (apply_one(each)) return true;
    applier_.set_counters(counters);
    return sqlite3_total_changes64(session_.handle()) == changes;
  });
}

void SqliteWriter::apply_singly(std::span<Pending> group) {
  for (Pending& pending : group) {
    const RowCounters counters = applier_.counters();
    session_.prepared(kSavepoint).run();
    if (!apply_one(pending)) {
      applier_.set_counters(counters);
      session_.prepared(kRollbackOne).run();
    }
    session_.prepared(kRelease).run();
  }
}

/// False: it is refused, as its commit says; what was written of it is to be undone.
bool SqliteWriter::apply_one(Pending& pending) {
  Commit& commit = pending.commit;
  commit = {};
  commit.stamp = next_stamp();
  try {
    applier_.apply(pending.transaction, commit);
    return true;
  } catch (const Conflict& conflict) {
    refuse(commit, conflict);
  } catch (const SqliteError& error) {
    // Full disks and some I/O errors undo the whole transaction, savepoints included: then there is
    // nothing left to roll back to, and any further statement would be committed by itself.
    if (sqlite3_get_autocommit(session_.handle()) != 0 || !is_of_one_transaction(error)) {
      throw;
    }
    // The store is well, this transaction is not: whoever sent it counts its attempts.
    refuse(commit, {"constraint", {}, {}}, error.what());
  } catch (const Error& error) {
    refuse(commit, {"constraint", {}, {}}, error.what());
  }
  return false;
}

Instant SqliteWriter::next_stamp() {
  const Instant now = clock_.now();
  last_stamp_ = planted("stamp-goes-back") ? now : std::max(last_stamp_, now);
  return last_stamp_;
}

void SqliteWriter::load_stamp() {
  Statement& statement = session_.prepared(kLastStamp);
  const Reading reading(statement);
  statement.step();
  last_stamp_ = kept_stamp_ = Instant(Duration(statement.integer(0)));
}

/// For groups without a journal row: their stamps stand in audit rows and cases.
void SqliteWriter::keep_stamp() {
  if (last_stamp_ > kept_stamp_) {
    session_.prepared(kKeepStamp).bind(last_stamp_).run();
    kept_stamp_ = last_stamp_;
  }
}

int SqliteWriter::count_wal_pages(void* writer, sqlite3*, const char*, int pages) {
  auto& self = *static_cast<SqliteWriter*>(writer);
  if (pages < self.wal_pages_) {  // the WAL has started anew
    self.next_checkpoint_pages_ = self.settings_.checkpoint_pages;
  }
  self.wal_pages_ = pages;
  return SQLITE_OK;
}

/// Moves a long WAL into the database. A reader can keep it from starting anew: then the next try
/// comes after as many pages again, not after every group.
void SqliteWriter::settle() {
  if (wal_pages_ < next_checkpoint_pages_) {
    return;
  }
  next_checkpoint_pages_ = wal_pages_ + settings_.checkpoint_pages;
  if (wal_pages_ < kRestartFactor * settings_.checkpoint_pages) {
    checkpoint(SQLITE_CHECKPOINT_PASSIVE, {});
  } else {
    checkpoint(SQLITE_CHECKPOINT_RESTART, settings_.restart_wait);
  }
}

/// The WAL becomes empty.
bool SqliteWriter::idle() {
  if (wal_pages_ > 0 && checkpoint(SQLITE_CHECKPOINT_TRUNCATE, {})) {
    wal_pages_ = 0;
    next_checkpoint_pages_ = settings_.checkpoint_pages;
  }
  return false;
}

/// False: it could not be done now (a reader stands in the way, the disk is full). Nothing is lost
/// by that.
bool SqliteWriter::checkpoint(int mode, std::chrono::milliseconds wait) {
  crash_point("before-checkpoint");
  sqlite3* const database = session_.handle();
  sqlite3_busy_timeout(database, static_cast<int>(wait.count()));  // messages come meanwhile
  const int code = sqlite3_wal_checkpoint_v2(database, nullptr, mode, nullptr, nullptr);
  crash_point("after-checkpoint");
  const int extended = sqlite3_extended_errcode(database);
  sqlite3_busy_timeout(database, static_cast<int>(settings_.busy_timeout.count()));
  if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) {
    return code == SQLITE_OK;
  }
  const SqliteError error(code & 0xff, extended,
                          std::string("store: ") + sqlite3_errstr(code) + " (" +
                              std::to_string(extended) + ") in a checkpoint");
  if (is_sync_failure(error)) {
    die(health_, error);
  }
  settings_.log("error", error.what());
  return false;
}

}  // namespace masar::store
