#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/store/sqlite_session.h"
#include "core/store/store.h"

namespace masar::store {

/// A few reading sessions, opened when they are needed and lent to one caller at a time; who comes
/// when all are lent waits. Owned by the store. Any thread. Throws what SqliteSession throws.
class SqliteReaders {
 public:
  SqliteReaders(SessionSettings settings, int sessions_max);

  template <typename Read>
  auto with(Read&& read) {
    Lease lease(*this);
    return std::forward<Read>(read)(*lease.session);
  }

 private:
  struct Lease {
    explicit Lease(SqliteReaders& owner) : readers(owner), session(owner.take()) {}
    ~Lease() { readers.give_back(std::move(session)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    SqliteReaders& readers;
    std::unique_ptr<SqliteSession> session;
  };
  std::unique_ptr<SqliteSession> take();
  void give_back(std::unique_ptr<SqliteSession> session);

  const SessionSettings settings_;
  std::mutex mutex_;  // protects what follows
  std::condition_variable returned_;
  std::vector<std::unique_ptr<SqliteSession>> idle_;
  int to_open_;
};

// What the store reads, each as the member of Store of the same name. Every statement is read to
// its end, so that no reader holds up a checkpoint.
std::optional<CaseRecord> read_case(SqliteSession& session, std::string_view key);
bool read_has_case(SqliteSession& session, std::string_view key);
std::optional<std::string> read_alias(SqliteSession& session, std::string_view name,
                                      std::string_view value);
std::optional<KeyRow> read_key(SqliteSession& session, std::string_view endpoint,
                               std::string_view name, std::string_view value);
std::optional<ReplyRow> read_reply(SqliteSession& session, RowId journal);
std::optional<JournalRow> read_journal(SqliteSession& session, RowId id);
std::vector<JournalRow> read_parts(SqliteSession& session, RowId envelope);
std::vector<JournalRow> read_undone(SqliteSession& session, RowId after, std::size_t limit,
                                    std::string_view case_key);
std::vector<JournalRow> read_undone_in(SqliteSession& session, int partition, RowId after,
                                       std::size_t limit);
std::vector<TimerRow> read_due(SqliteSession& session, Instant until, std::size_t limit,
                               const TimerRow* after);
std::optional<Instant> read_next_due(SqliteSession& session);
std::optional<OutboxRow> read_outbox(SqliteSession& session, std::string_view id);
std::vector<OutboxRow> read_waiting(SqliteSession& session, std::string_view endpoint,
                                    std::int64_t after, std::size_t limit);
std::vector<OutboxRow> read_outbox_of(SqliteSession& session, std::string_view case_key);
std::vector<CaseRow> read_cases(SqliteSession& session, const CaseFilter& filter);
std::vector<AuditRow> read_timeline(SqliteSession& session, std::string_view case_key,
                                    std::int64_t after, std::size_t limit);
std::vector<TaskRow> read_tasks(SqliteSession& session, std::optional<TaskState> state,
                                std::string_view case_key, std::string_view after_id,
                                std::size_t limit);
std::optional<TaskRow> read_task(SqliteSession& session, std::string_view id);
std::vector<DeadLetterRow> read_dead_letters(SqliteSession& session,
                                             std::optional<DeadLetterState> state,
                                             std::int64_t after, std::size_t limit);
std::optional<DeadLetterRow> read_dead_letter(SqliteSession& session, std::int64_t id);
std::vector<AuditHead> read_audit_heads(SqliteSession& session);
std::optional<SnapshotRow> read_snapshot(SqliteSession& session, std::string_view hash);
std::map<std::string, std::string> read_settings(SqliteSession& session);
std::map<std::string, std::int64_t> read_counts(SqliteSession& session);

}  // namespace masar::store
