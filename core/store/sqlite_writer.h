#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/store/sqlite_session.h"
#include "core/store/sqlite_store.h"
#include "core/store/sqlite_transaction.h"

namespace masar::store {

/// The one writer of a store: takes what waits, commits it as one group, calls back, again
/// (ENGINE.md 17). Owned by the store. submit(), stop() and healthy() from any thread, stop() not
/// from a callback; all else on the writer's thread, which is its own or, without one, that of
/// run_once()'s caller.
class SqliteWriter {
 public:
  SqliteWriter(const SqliteSettings& settings, const BusinessClock& clock);
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  void submit(Transaction transaction, Store::Done done);
  std::size_t run_once();  ///< Store::run_writer()
  void stop();
  bool healthy() const noexcept { return healthy_; }

 private:
  struct Pending {
    Transaction transaction;
    Store::Done done;
    Commit commit;
  };
  using Group = std::vector<Pending>;

  void run();
  bool take(Group& group);
  void wait_to_probe();
  void answer(Group& group);
  void give_up(Group& group);

  bool commit_group(Group& group);
  void apply_group(Group& group);
  void apply_one(Pending& pending);
  void undo_one();
  void keep_stamp();
  void unhealthy(const Error& error);

  Instant next_stamp();
  void load_stamp();
  void checkpoint_when_large();
  void checkpoint_idle();
  bool checkpoint(int mode, std::chrono::milliseconds wait);
  static int count_wal_pages(void* writer, sqlite3*, const char*, int pages);

  const SqliteSettings settings_;
  const BusinessClock& clock_;

  // Shared, under mutex_.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Pending> waiting_;
  bool writer_waits_ = false;
  bool stopping_ = false;

  // Shared.
  std::atomic<bool> healthy_{true};

  // The writer's thread only.
  SqliteSession session_;
  TransactionApplier applier_;
  Instant last_stamp_{};
  Instant kept_stamp_{};
  std::string last_error_;
  int wal_pages_ = 0;
  int next_checkpoint_pages_;
  Group group_;

  std::thread thread_;
};

}  // namespace masar::store
