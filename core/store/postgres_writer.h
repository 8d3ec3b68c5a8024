#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/store/audit_chain.h"
#include "core/store/group_writer.h"
#include "core/store/postgres_group.h"
#include "core/store/postgres_session.h"
#include "core/store/postgres_store.h"
#include "core/store/recent_rows.h"
#include "core/store/writer_health.h"

namespace masar::store {

/// A session of the store whose connection calls itself `application`.
PostgresSessionSettings session_settings(const PostgresSettings& settings,
                                         std::string_view application);

/// Commits groups to PostgreSQL, each as arrays (ENGINE.md 17). Its one connection holds the
/// store's lock, so what it commits it commits as the owner. Owned by the store. submit(), stop()
/// and healthy() from any thread, stop() not from a callback; all else on the writer's thread.
class PostgresWriter final : private GroupCommitter {
 public:
  /// `recent` outlives the writer, which tells it what it stores.
  PostgresWriter(const PostgresSettings& settings, const BusinessClock& clock, RecentRows& recent);
  ~PostgresWriter() override;
  PostgresWriter(const PostgresWriter&) = delete;
  PostgresWriter& operator=(const PostgresWriter&) = delete;

  void submit(Transaction transaction, Store::Done done) {
    queue_.submit(std::move(transaction), std::move(done));
  }
  std::size_t run_once() { return queue_.run_once(); }  ///< Store::run_writer()
  void stop() { queue_.stop(); }
  std::int64_t groups() const noexcept { return queue_.groups(); }
  bool healthy() const noexcept;

 private:
  std::size_t commit(std::span<Pending> group) override;
  const std::string& last_error() const override { return health_.last_error(); }
  bool idle() override;

  void open();
  void connect();
  bool take_lock();
  void end_own_backends();
  void load_counters();
  void commit_rest(std::span<Pending> group, std::size_t& finished);
  void commit_range(std::span<Pending> range);
  bool plan(std::span<Pending> range, GroupPlan& plan);
  PostgresGroup::Writing writing(const GroupPlan& plan) const;
  void run_rows(const PostgresGroup::Writing& writing);
  void run_to_commit(const PostgresGroup::Writing& writing);
  [[noreturn]] void changed_by_others();
  void sweep(std::span<Pending> range);
  void confirm(const RowCounters& counters);
  void sample_clock(SteadyClock::TimePoint asked, const PostgresResult& answer);
  Instant next_stamp();

  const PostgresSettings settings_;
  const BusinessClock& clock_;
  RecentRows& recent_;
  const SystemSteadyClock steady_;
  const std::string owner_;        ///< names this opening of the store among all
  const std::string application_;  ///< names its connections to the server

  // Shared.
  WriterHealth health_;
  std::atomic<std::int64_t> busy_since_{0};  ///< steady milliseconds; 0: not at a group

  // The writer's thread only.
  const PostgresGroup group_;
  const std::string group_number_;  ///< the statement by which a group is the owner's
  std::unique_ptr<PostgresSession> session_;  ///< null: lost
  RowCounters counters_;
  AuditChain chain_;
  std::set<int> heads_stored_;  ///< partitions
  Instant last_stamp_{};
  std::int64_t number_ = 0;  ///< of the last group known to be committed
  int wary_ = 0;             ///< so many groups yet ask for the rows that they make
  // A COMMIT was sent and not answered: of so many transactions, which would leave these counters.
  std::size_t doubted_ = 0;
  RowCounters doubted_counters_;

  GroupWriter queue_;  // last: its thread uses all of the above
};

}  // namespace masar::store
