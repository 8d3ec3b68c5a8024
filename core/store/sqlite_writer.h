#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/store/group_writer.h"
#include "core/store/recent_rows.h"
#include "core/store/sqlite_session.h"
#include "core/store/sqlite_store.h"
#include "core/store/sqlite_transaction.h"
#include "core/store/writer_health.h"

namespace masar::store {

/// Commits groups to SQLite: all of a group straight on, and only where one of its transactions
/// turns out to be refused when it has written already, once more with each in a savepoint, so that
/// this one is undone alone (ENGINE.md 17). Owned by the store. submit(), stop() and healthy() from
/// any thread, stop() not from a callback; all else on the writer's thread.
class SqliteWriter final : private GroupCommitter {
 public:
  /// `recent` outlives the writer, which tells it what it stores.
  SqliteWriter(const SqliteSettings& settings, const BusinessClock& clock, RecentRows& recent);
  ~SqliteWriter() override;
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  void submit(Transaction transaction, Store::Done done) {
    queue_.submit(std::move(transaction), std::move(done));
  }
  std::size_t run_once() { return queue_.run_once(); }  ///< Store::run_writer()
  void stop() { queue_.stop(); }
  std::int64_t groups() const noexcept { return queue_.groups(); }
  bool healthy() const noexcept { return health_.well(); }

 private:
  std::size_t commit(std::span<Pending> group) override;
  const std::string& last_error() const override { return health_.last_error(); }
  void settle() override;
  bool idle() override;
  void finish() override { idle(); }

  void apply_group(std::span<Pending> group);
  bool apply_together(std::span<Pending> group);
  void apply_singly(std::span<Pending> group);
  bool apply_one(Pending& pending);
  void keep_stamp();

  Instant next_stamp();
  void load_stamp();
  bool checkpoint(int mode, std::chrono::milliseconds wait);
  static int count_wal_pages(void* writer, sqlite3*, const char*, int pages);

  const SqliteSettings settings_;
  const BusinessClock& clock_;
  RecentRows& recent_;

  WriterHealth health_;  // shared

  // The writer's thread only.
  SqliteSession session_;
  TransactionApplier applier_;
  Instant last_stamp_{};
  Instant kept_stamp_{};
  int wal_pages_ = 0;
  int next_checkpoint_pages_;

  GroupWriter queue_;  // last: its thread uses all of the above
};

}  // namespace masar::store
