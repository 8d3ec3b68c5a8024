#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/store/group_settings.h"
#include "core/store/store.h"

namespace masar::store {

/// A transaction that waits for its commit, and what its sender will be told.
struct Pending {
  Transaction transaction;
  Store::Done done;
  Commit commit;
};

/// What writes a group: one kind of database. Called on the writer's thread only.
class GroupCommitter {
 public:
  virtual ~GroupCommitter() = default;

  /// One try at the whole group, with new stamps. Fills in every `commit` of those that are
  /// finished, committed or refused for a reason of their own, and returns how many these are,
  /// counted from the front. Fewer than all: the database could not; nothing of the rest is
  /// stored, or it is not known yet whether it is: it comes again, first in its group.
  virtual std::size_t commit(std::span<Pending> group) = 0;
  /// Why commit() could not; empty: it could.
  virtual const std::string& last_error() const = 0;
  /// After a group has been handed on to be answered, so that nobody waits for it.
  virtual void settle() {}
  /// There was nothing to write for `idle_after`. True: again after as long.
  virtual bool idle() { return false; }
  virtual void finish() {}  ///< the store has stopped
};

/// The one writer of a store: takes what waits, has it committed as one group, calls back, again
/// (ENGINE.md 17). Owned by the store's own writer, which is its committer. submit() and stop()
/// from any thread, stop() not from a callback; all else on the writer's thread, which is its own
/// or, without one, that of run_once()'s caller. Beside its own thread it has one for the
/// callbacks, so that it is at the next group meanwhile. Memory is bounded by queue_max and three
/// groups.
class GroupWriter {
 public:
  GroupWriter(const GroupSettings& settings, GroupCommitter& committer);
  ~GroupWriter();
  GroupWriter(const GroupWriter&) = delete;
  GroupWriter& operator=(const GroupWriter&) = delete;

  void start();  ///< once, when the committer can commit
  void submit(Transaction transaction, Store::Done done);
  std::size_t run_once();  ///< Store::run_writer()
  void stop();
  /// Commits since the start, each of a group. Any thread.
  std::int64_t groups() const noexcept { return groups_.load(); }

 private:
  using Group = std::vector<Pending>;

  void run();
  bool take();
  bool wait_for_work();
  std::size_t commit_group();
  bool wait_to_probe();
  void answer(std::size_t count);
  void give_up();

  void call_back(Group& group);
  void run_answers();
  void end_answers();

  const GroupSettings settings_;
  GroupCommitter& committer_;

  // Shared, under mutex_.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Pending> waiting_;
  bool writer_waits_ = false;
  bool stopping_ = false;

  std::atomic<std::int64_t> groups_{0};

  Group group_;  // the writer's thread only
  std::thread thread_;

  // Between the writer's thread and that of the answers, under answers_mutex_.
  std::mutex answers_mutex_;
  std::condition_variable answers_changed_;
  Group answers_;  ///< finished, not taken yet
  bool answers_end_ = false;
  std::thread answers_thread_;
};

}  // namespace masar::store
