#include "core/store/sqlite_reader.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/base/hash.h"
#include "core/store/sqlite_rows.h"
#include "core/store/sqlite_search.h"

namespace masar::store {
namespace {

constexpr int kCasesMax = 500;

constexpr const char* kCase = "SELECT " MASAR_CASE_COLUMNS ", search FROM cases WHERE key = ?";
constexpr const char* kDeadlines =
    "SELECT " MASAR_TIMER_COLUMNS
    " FROM timers WHERE case_key = ? AND kind = 0 ORDER BY due, ord, name, serial";
constexpr const char* kOpenTasks =
    "SELECT " MASAR_TASK_COLUMNS
    " FROM tasks INDEXED BY tasks_case WHERE case_key = ? AND state = 0 ORDER BY number";
constexpr const char* kHasCase = "SELECT 1 FROM cases WHERE key = ?";
constexpr const char* kAlias = "SELECT case_key FROM aliases WHERE name = ? AND value = ?";
constexpr const char* kKey =
    "SELECT " MASAR_KEY_COLUMNS " FROM keys WHERE endpoint = ? AND name = ? AND value = ?";
constexpr const char* kReply = "SELECT journal, code, body FROM replies WHERE journal = ?";
constexpr const char* kJournal = "SELECT " MASAR_JOURNAL_COLUMNS " FROM journal WHERE id = ?";
constexpr const char* kParts =
    "SELECT " MASAR_JOURNAL_COLUMNS
    " FROM journal WHERE envelope > 0 AND envelope = ? ORDER BY part, id";
constexpr const char* kUndone =
    "SELECT " MASAR_JOURNAL_COLUMNS
    " FROM journal INDEXED BY journal_undone WHERE state = 0 AND id > ? ORDER BY id LIMIT ?";
constexpr const char* kUndoneIn =
    "SELECT " MASAR_JOURNAL_COLUMNS
    " FROM journal INDEXED BY journal_undone_partition "
    "WHERE state = 0 AND id > ? AND partition = ?3 ORDER BY id LIMIT ?2";
constexpr const char* kUndoneOfCase =
    "SELECT " MASAR_JOURNAL_COLUMNS
    " FROM journal INDEXED BY journal_undone_partition "
    "WHERE state = 0 AND id > ? AND partition = ?3 AND case_key = ?4 ORDER BY id LIMIT ?2";
constexpr const char* kDue = "SELECT " MASAR_TIMER_COLUMNS
                             " FROM timers INDEXED BY timers_due WHERE due <= ? "
                             "ORDER BY due, ord, case_key, kind, name, serial LIMIT ?";
constexpr const char* kDueAfter =
    "SELECT " MASAR_TIMER_COLUMNS
    " FROM timers INDEXED BY timers_due WHERE due <= ?1 AND due >= ?3 AND "
    "(due, ord, case_key, kind, name, serial) > (?3, ?4, ?5, ?6, ?7, ?8) "
    "ORDER BY due, ord, case_key, kind, name, serial LIMIT ?2";
constexpr const char* kNextDue = "SELECT due FROM timers ORDER BY due LIMIT 1";
constexpr const char* kOutbox = "SELECT " MASAR_OUTBOX_COLUMNS " FROM outbox WHERE id = ?";
constexpr const char* kWaiting =
    "SELECT " MASAR_OUTBOX_COLUMNS
    " FROM outbox INDEXED BY outbox_waiting WHERE state < 2 AND endpoint = ? AND sequence > ? "
    "ORDER BY sequence LIMIT ?";
constexpr const char* kOutboxOf =
    "SELECT " MASAR_OUTBOX_COLUMNS " FROM outbox WHERE case_key = ? ORDER BY sequence";
constexpr const char* kCases =
    "SELECT " MASAR_CASE_COLUMNS ", search FROM cases WHERE key > ? ORDER BY key LIMIT ?";
constexpr const char* kCasesInState =
    "SELECT " MASAR_CASE_COLUMNS
    ", search FROM cases WHERE state = ?3 AND key > ?1 ORDER BY key LIMIT ?2";
constexpr const char* kCasesFound =
    "SELECT " MASAR_CASE_COLUMNS
    ", search FROM cases WHERE key IN "
    "(SELECT ?4 UNION SELECT case_key FROM case_search WHERE value = ?4) "
    "AND key > ?1 AND (?3 = '' OR state = ?3) ORDER BY key LIMIT ?2";
constexpr const char* kTimeline =
    "SELECT " MASAR_AUDIT_COLUMNS
    ", salt, content FROM audit LEFT JOIN audit_personal ON audit = id "
    "WHERE case_key = ? AND id > ? ORDER BY id LIMIT ?";
constexpr const char* kAuditHeads =
    "SELECT " MASAR_AUDIT_HEAD_COLUMNS " FROM audit_heads ORDER BY partition";
constexpr const char* kSnapshot = "SELECT " MASAR_SNAPSHOT_COLUMNS " FROM snapshots WHERE hash = ?";
constexpr const char* kTask = "SELECT " MASAR_TASK_COLUMNS " FROM tasks WHERE id = ?";
constexpr const char* kTasks =
    "SELECT " MASAR_TASK_COLUMNS " FROM tasks WHERE id > ? ORDER BY id LIMIT ?";
constexpr const char* kTasksInState =
    "SELECT " MASAR_TASK_COLUMNS " FROM tasks WHERE id > ? AND state = ?3 ORDER BY id LIMIT ?2";
constexpr const char* kTasksOfCase =
    "SELECT " MASAR_TASK_COLUMNS
    " FROM tasks WHERE id > ? AND case_key = ?4 AND (?3 < 0 OR state = ?3) ORDER BY id LIMIT ?2";
constexpr const char* kDeadLetter =
    "SELECT " MASAR_DEAD_LETTER_COLUMNS " FROM dead_letters WHERE id = ?";
constexpr const char* kDeadLetters =
    "SELECT " MASAR_DEAD_LETTER_COLUMNS " FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?";
constexpr const char* kDeadLettersInState =
    "SELECT " MASAR_DEAD_LETTER_COLUMNS
    " FROM dead_letters WHERE id > ? AND state = ?3 ORDER BY id LIMIT ?2";
constexpr const char* kSettings = "SELECT name, value FROM settings ORDER BY name";
constexpr const char* kCounts =
    "SELECT 'journal_undone', count(*) FROM journal WHERE state = 0 UNION ALL "
    "SELECT 'outbox_ready', count(*) FROM outbox WHERE state < 2 AND state = 0 UNION ALL "
    "SELECT 'outbox_sending', count(*) FROM outbox WHERE state < 2 AND state = 1 UNION ALL "
    "SELECT 'cases_open', count(*) FROM cases WHERE ended IS NULL UNION ALL "
    "SELECT 'tasks_open', count(*) FROM tasks WHERE state = 0 UNION ALL "
    "SELECT 'dead_letters_open', count(*) FROM dead_letters WHERE state = 0 UNION ALL "
    "SELECT 'timers', count(*) FROM timers UNION ALL "
    "SELECT 'journal_rows', coalesce(max(id), 0) FROM journal UNION ALL "
    "SELECT 'audit_rows', coalesce(max(id), 0) FROM audit";

std::int64_t at_most(std::size_t limit) {
  constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(limit, kMost));
}

void extract(Statement& statement, JournalRow& row) {
  Extractor columns(statement);
  visit_journal(row, columns);
}
void extract(Statement& statement, KeyRow& row) {
  Extractor columns(statement);
  visit_key(row, columns);
}
void extract(Statement& statement, CaseRow& row) {
  Extractor columns(statement);
  visit_case(row, columns);
  std::string search;
  columns.blob(search);
  row.search = decode_search(search);
}
void extract(Statement& statement, TimerRow& row) {
  Extractor columns(statement);
  visit_timer(row, columns);
}
void extract(Statement& statement, TaskRow& row) {
  Extractor columns(statement);
  visit_task(row, columns);
}
void extract(Statement& statement, OutboxRow& row) {
  Extractor columns(statement);
  visit_outbox(row, columns);
}
void extract(Statement& statement, DeadLetterRow& row) {
  Extractor columns(statement);
  visit_dead_letter(row, columns);
}
void extract(Statement& statement, AuditRow& row) {
  Extractor columns(statement);
  visit_audit(row, columns);
  columns.blob(row.salt);
  columns.blob(row.personal);
}
void extract(Statement& statement, AuditHead& row) {
  Extractor columns(statement);
  visit_audit_head(row, columns);
}
void extract(Statement& statement, SnapshotRow& row) {
  Extractor columns(statement);
  visit_snapshot(row, columns);
}

template <typename Row>
std::vector<Row> all(Statement& statement) {
  const Reading reading(statement);
  std::vector<Row> rows;
  while (statement.step()) {
    extract(statement, rows.emplace_back());
  }
  return rows;
}

template <typename Row>
std::optional<Row> one(Statement& statement) {
  const Reading reading(statement);
  if (!statement.step()) {
    return std::nullopt;
  }
  std::optional<Row> row(std::in_place);
  extract(statement, *row);
  return row;
}

// Several statements that must see the same commits.
class SameView {
 public:
  explicit SameView(SqliteSession& session) : session_(session) {
    session_.prepared("BEGIN").run();
  }
  ~SameView() { session_.prepared("ROLLBACK").run(); }  // nothing was written; it cannot fail
  SameView(const SameView&) = delete;
  SameView& operator=(const SameView&) = delete;

 private:
  SqliteSession& session_;
};

}  // namespace

SqliteReaders::SqliteReaders(SessionSettings settings, int sessions_max)
    : settings_(std::move(settings)), to_open_(std::max(sessions_max, 1)) {}

std::unique_ptr<SqliteSession> SqliteReaders::take() {
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !idle_.empty() || to_open_ > 0; });
    if (!idle_.empty()) {
      auto session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
    --to_open_;
  }
  try {
    return std::make_unique<SqliteSession>(settings_);
  } catch (...) {
    {
      std::lock_guard lock(mutex_);
      ++to_open_;
    }
    returned_.notify_one();
    throw;
  }
}

void SqliteReaders::give_back(std::unique_ptr<SqliteSession> session) {
  {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(session));
  }
  returned_.notify_one();
}

std::optional<CaseRecord> read_case(SqliteSession& session, std::string_view key) {
  const SameView view(session);
  auto row = one<CaseRow>(session.prepared(kCase).bind(key));
  if (!row) {
    return std::nullopt;
  }
  return CaseRecord{std::move(*row), all<TimerRow>(session.prepared(kDeadlines).bind(key)),
                    all<TaskRow>(session.prepared(kOpenTasks).bind(key))};
}

bool read_has_case(SqliteSession& session, std::string_view key) {
  Statement& statement = session.prepared(kHasCase).bind(key);
  const Reading reading(statement);
  return statement.step();
}

std::optional<std::string> read_alias(SqliteSession& session, std::string_view name,
                                      std::string_view value) {
  Statement& statement = session.prepared(kAlias).bind(name, value);
  const Reading reading(statement);
  return statement.step() ? std::optional(statement.bytes(0)) : std::nullopt;
}

std::optional<KeyRow> read_key(SqliteSession& session, std::string_view endpoint,
                               std::string_view name, std::string_view value) {
  return one<KeyRow>(session.prepared(kKey).bind(endpoint, name, value));
}

std::optional<ReplyRow> read_reply(SqliteSession& session, RowId journal) {
  Statement& statement = session.prepared(kReply).bind(journal);
  const Reading reading(statement);
  if (!statement.step()) {
    return std::nullopt;
  }
  ReplyRow row;
  row.journal = statement.integer(0);
  row.code = statement.bytes(1);
  row.body = statement.bytes(2);
  return row;
}

std::optional<JournalRow> read_journal(SqliteSession& session, RowId id) {
  return one<JournalRow>(session.prepared(kJournal).bind(id));
}

std::vector<JournalRow> read_parts(SqliteSession& session, RowId envelope) {
  return all<JournalRow>(session.prepared(kParts).bind(envelope));
}

std::vector<JournalRow> read_undone(SqliteSession& session, RowId after, std::size_t limit,
                                    std::string_view case_key) {
  if (case_key.empty()) {
    return all<JournalRow>(session.prepared(kUndone).bind(after, at_most(limit)));
  }
  // Few rows of a partition are undone, so its index serves the case as well.
  const int partition = partition_of(case_key);
  return all<JournalRow>(
      session.prepared(kUndoneOfCase).bind(after, at_most(limit), partition, case_key));
}

std::vector<JournalRow> read_undone_in(SqliteSession& session, int partition, RowId after,
                                       std::size_t limit) {
  return all<JournalRow>(session.prepared(kUndoneIn).bind(after, at_most(limit), partition));
}

std::vector<TimerRow> read_due(SqliteSession& session, Instant until, std::size_t limit,
                               const TimerRow* after) {
  if (after) {
    return all<TimerRow>(session.prepared(kDueAfter).bind(until, at_most(limit), after->due,
                                                          after->order, after->case_key,
                                                          after->kind, after->name, after->serial));
  }
  return all<TimerRow>(session.prepared(kDue).bind(until, at_most(limit)));
}

std::optional<Instant> read_next_due(SqliteSession& session) {
  Statement& statement = session.prepared(kNextDue);
  const Reading reading(statement);
  return statement.step() ? std::optional(Instant(Duration(statement.integer(0)))) : std::nullopt;
}

std::optional<OutboxRow> read_outbox(SqliteSession& session, std::string_view id) {
  return one<OutboxRow>(session.prepared(kOutbox).bind(id));
}

std::vector<OutboxRow> read_waiting(SqliteSession& session, std::string_view endpoint,
                                    std::int64_t after, std::size_t limit) {
  return all<OutboxRow>(session.prepared(kWaiting).bind(endpoint, after, at_most(limit)));
}

std::vector<OutboxRow> read_outbox_of(SqliteSession& session, std::string_view case_key) {
  return all<OutboxRow>(session.prepared(kOutboxOf).bind(case_key));
}

std::vector<CaseRow> read_cases(SqliteSession& session, const CaseFilter& filter) {
  const int limit = std::clamp(filter.limit, 0, kCasesMax);
  if (!filter.search.empty()) {
    return all<CaseRow>(
        session.prepared(kCasesFound).bind(filter.after_key, limit, filter.state, filter.search));
  }
  if (!filter.state.empty()) {
    return all<CaseRow>(
        session.prepared(kCasesInState).bind(filter.after_key, limit, filter.state));
  }
  return all<CaseRow>(session.prepared(kCases).bind(filter.after_key, limit));
}

std::vector<AuditRow> read_timeline(SqliteSession& session, std::string_view case_key,
                                    std::int64_t after, std::size_t limit) {
  return all<AuditRow>(session.prepared(kTimeline).bind(case_key, after, at_most(limit)));
}

std::vector<TaskRow> read_tasks(SqliteSession& session, std::optional<TaskState> state,
                                std::string_view case_key, std::string_view after_id,
                                std::size_t limit) {
  const int code = state ? static_cast<int>(*state) : -1;
  if (!case_key.empty()) {
    return all<TaskRow>(
        session.prepared(kTasksOfCase).bind(after_id, at_most(limit), code, case_key));
  }
  if (state) {
    return all<TaskRow>(session.prepared(kTasksInState).bind(after_id, at_most(limit), code));
  }
  return all<TaskRow>(session.prepared(kTasks).bind(after_id, at_most(limit)));
}

std::optional<TaskRow> read_task(SqliteSession& session, std::string_view id) {
  return one<TaskRow>(session.prepared(kTask).bind(id));
}

std::vector<DeadLetterRow> read_dead_letters(SqliteSession& session,
                                             std::optional<DeadLetterState> state,
                                             std::int64_t after, std::size_t limit) {
  if (state) {
    return all<DeadLetterRow>(
        session.prepared(kDeadLettersInState).bind(after, at_most(limit), *state));
  }
  return all<DeadLetterRow>(session.prepared(kDeadLetters).bind(after, at_most(limit)));
}

std::optional<DeadLetterRow> read_dead_letter(SqliteSession& session, std::int64_t id) {
  return one<DeadLetterRow>(session.prepared(kDeadLetter).bind(id));
}

std::vector<AuditHead> read_audit_heads(SqliteSession& session) {
  return all<AuditHead>(session.prepared(kAuditHeads));
}

std::optional<SnapshotRow> read_snapshot(SqliteSession& session, std::string_view hash) {
  return one<SnapshotRow>(session.prepared(kSnapshot).bind(hash));
}

std::map<std::string, std::string> read_settings(SqliteSession& session) {
  Statement& statement = session.prepared(kSettings);
  const Reading reading(statement);
  std::map<std::string, std::string> settings;
  while (statement.step()) {
    settings.emplace(statement.bytes(0), statement.bytes(1));
  }
  return settings;
}

std::map<std::string, std::int64_t> read_counts(SqliteSession& session) {
  Statement& statement = session.prepared(kCounts);
  const Reading reading(statement);
  std::map<std::string, std::int64_t> counts;
  while (statement.step()) {
    counts.emplace(statement.bytes(0), statement.integer(1));
  }
  return counts;
}

}  // namespace masar::store
