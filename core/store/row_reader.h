#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/hash.h"
#include "core/store/columns.h"
#include "core/store/reading.h"
#include "core/store/search_fields.h"
#include "core/store/store.h"

namespace masar::store {

// What a store reads, each as the member of Store of the same name, over any kind of session: one
// whose prepared(sql) gives a statement with bind(), step(), reset() and columns. Every statement
// is read to its end, so that no reader holds up the writer's housekeeping.

namespace reads {

inline constexpr int kCasesMax = 500;

// The same text for every kind of database: parameters count up in the order in which they first
// appear, because SQLite takes $1 for a name. INDEXED BY is SQLite's own; others leave it out. For
// `state < 2`, of effects, PostgreSQL has a column.
inline constexpr const char* kCase =
    "SELECT " MASAR_CASE_COLUMNS ", search FROM cases WHERE key = $1";
inline constexpr const char* kDeadlines =
    "SELECT " MASAR_TIMER_COLUMNS
    " FROM timers WHERE case_key = $1 AND kind = 0 ORDER BY due, ord, name, serial";
inline constexpr const char* kOpenTasks =
    "SELECT " MASAR_TASK_COLUMNS
    " FROM tasks INDEXED BY tasks_case WHERE case_key = $1 AND state = 0 ORDER BY number";
inline constexpr const char* kCaseKey =
    "SELECT CASE WHEN EXISTS(SELECT 1 FROM cases WHERE key = $1) OR "
    "EXISTS(SELECT 1 FROM journal INDEXED BY journal_undone_partition "
    "WHERE state = 0 AND partition = $2 AND case_key = $1) THEN $1 "
    "ELSE (SELECT case_key FROM aliases WHERE name = $3 AND value = $1) END";
inline constexpr const char* kAlias = "SELECT case_key FROM aliases WHERE name = $1 AND value = $2";
inline constexpr const char* kKey =
    "SELECT " MASAR_KEY_COLUMNS " FROM keys WHERE endpoint = $1 AND name = $2 AND value = $3";
inline constexpr const char* kReply = "SELECT journal, code, body FROM replies WHERE journal = $1";
inline constexpr const char* kJournal =
    "SELECT " MASAR_JOURNAL_COLUMNS " FROM journal WHERE id = $1";
inline constexpr const char* kParts =
    "SELECT " MASAR_JOURNAL_COLUMNS
    " FROM journal WHERE envelope > 0 AND envelope = $1 ORDER BY part, id";
inline constexpr const char* kUndone =
    "SELECT " MASAR_JOURNAL_COLUMNS
    " FROM journal INDEXED BY journal_undone WHERE state = 0 AND id > $1 ORDER BY id LIMIT $2";
inline constexpr const char* kUndoneIn =
    "SELECT " MASAR_JOURNAL_COLUMNS
    " FROM journal INDEXED BY journal_undone_partition "
    "WHERE state = 0 AND id > $1 AND partition = $2 ORDER BY id LIMIT $3";
inline constexpr const char* kUndoneOfCase =
    "SELECT " MASAR_JOURNAL_COLUMNS
    " FROM journal INDEXED BY journal_undone_partition "
    "WHERE state = 0 AND id > $1 AND partition = $2 AND case_key = $3 ORDER BY id LIMIT $4";
inline constexpr const char* kDue = "SELECT " MASAR_TIMER_COLUMNS
                                    " FROM timers INDEXED BY timers_due WHERE due <= $1 "
                                    "ORDER BY due, ord, case_key, kind, name, serial LIMIT $2";
inline constexpr const char* kDueAfter =
    "SELECT " MASAR_TIMER_COLUMNS
    " FROM timers INDEXED BY timers_due WHERE due <= $1 AND due >= $2 AND "
    "(due, ord, case_key, kind, name, serial) > ($2, $3, $4, $5, $6, $7) "
    "ORDER BY due, ord, case_key, kind, name, serial LIMIT $8";
inline constexpr const char* kNextDue = "SELECT due FROM timers ORDER BY due LIMIT 1";
inline constexpr const char* kOutbox = "SELECT " MASAR_OUTBOX_COLUMNS " FROM outbox WHERE id = $1";
inline constexpr const char* kWaiting =
    "SELECT " MASAR_OUTBOX_COLUMNS
    " FROM outbox INDEXED BY outbox_waiting WHERE state < 2 AND endpoint = $1 AND sequence > $2 "
    "ORDER BY sequence LIMIT $3";
inline constexpr const char* kUndecided =
    "SELECT " MASAR_OUTBOX_COLUMNS
    " FROM outbox WHERE sequence > $1 AND sequence <= $2 AND state IN (0, 1, 5) ORDER BY sequence";
inline constexpr const char* kOutboxOf =
    "SELECT " MASAR_OUTBOX_COLUMNS " FROM outbox WHERE case_key = $1 ORDER BY sequence";
inline constexpr const char* kCases =
    "SELECT " MASAR_CASE_COLUMNS ", search FROM cases WHERE key > $1 ORDER BY key LIMIT $2";
inline constexpr const char* kCasesInState =
    "SELECT " MASAR_CASE_COLUMNS
    ", search FROM cases WHERE key > $1 AND state = $2 ORDER BY key LIMIT $3";
inline constexpr const char* kCasesFound =
    "SELECT " MASAR_CASE_COLUMNS
    ", search FROM cases WHERE key > $1 AND ($2 = '' OR state = $2) AND key IN "
    "(SELECT $3 UNION SELECT case_key FROM case_search WHERE value = $3) ORDER BY key LIMIT $4";
inline constexpr const char* kTimeline =
    "SELECT " MASAR_AUDIT_COLUMNS
    ", salt, content FROM audit LEFT JOIN audit_personal ON audit_personal.audit = audit.id "
    "WHERE case_key = $1 AND id > $2 ORDER BY id LIMIT $3";
inline constexpr const char* kAuditRows =
    "SELECT " MASAR_AUDIT_COLUMNS
    ", salt, content FROM audit LEFT JOIN audit_personal ON audit_personal.audit = audit.id "
    "WHERE id > $1 ORDER BY id LIMIT $2";
inline constexpr const char* kAuditHeads =
    "SELECT " MASAR_AUDIT_HEAD_COLUMNS " FROM audit_heads ORDER BY partition";
inline constexpr const char* kSnapshot =
    "SELECT " MASAR_SNAPSHOT_COLUMNS " FROM snapshots WHERE hash = $1";
inline constexpr const char* kSnapshots = "SELECT hash FROM snapshots ORDER BY hash";
// The next pair after the one given, so that a million cases of one pair are passed over at once.
inline constexpr const char* kNextUse =
    "SELECT snapshot, process, key FROM cases INDEXED BY cases_snapshot "
    "WHERE ended IS NULL AND (snapshot, process) > ($1, $2) "
    "ORDER BY snapshot, process, key LIMIT 1";
inline constexpr const char* kOutboxUses =
    "SELECT snapshot, route, endpoint, operation, count(*), min(case_key) "
    "FROM outbox INDEXED BY outbox_waiting WHERE state < 2 "
    "GROUP BY snapshot, route, endpoint, operation ORDER BY snapshot, route, endpoint, operation";
inline constexpr const char* kCountCasesOf =
    "SELECT count(*) FROM cases INDEXED BY cases_snapshot "
    "WHERE ended IS NULL AND snapshot = $1 AND process = $2";
inline constexpr const char* kCasesOf =
    "SELECT key FROM cases INDEXED BY cases_snapshot "
    "WHERE ended IS NULL AND snapshot = $1 AND process = $2 AND key > $3 ORDER BY key LIMIT $4";
inline constexpr const char* kWorking =
    "SELECT " MASAR_TIMER_COLUMNS
    " FROM timers INDEXED BY timers_working WHERE working <> '' "
    "AND (case_key, kind, name, serial) > ($1, $2, $3, $4) "
    "ORDER BY case_key, kind, name, serial LIMIT $5";
inline constexpr const char* kTask = "SELECT " MASAR_TASK_COLUMNS " FROM tasks WHERE id = $1";
inline constexpr const char* kTasks =
    "SELECT " MASAR_TASK_COLUMNS " FROM tasks WHERE id > $1 ORDER BY id LIMIT $2";
inline constexpr const char* kTasksInState =
    "SELECT " MASAR_TASK_COLUMNS " FROM tasks WHERE id > $1 AND state = $2 ORDER BY id LIMIT $3";
inline constexpr const char* kTasksOfCase =
    "SELECT " MASAR_TASK_COLUMNS
    " FROM tasks WHERE id > $1 AND case_key = $2 AND ($3 < 0 OR state = $3) ORDER BY id LIMIT $4";
inline constexpr const char* kDeadLetter =
    "SELECT " MASAR_DEAD_LETTER_COLUMNS " FROM dead_letters WHERE id = $1";
inline constexpr const char* kDeadLetters =
    "SELECT " MASAR_DEAD_LETTER_COLUMNS " FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2";
inline constexpr const char* kDeadLettersInState =
    "SELECT " MASAR_DEAD_LETTER_COLUMNS
    " FROM dead_letters WHERE id > $1 AND state = $2 ORDER BY id LIMIT $3";
inline constexpr const char* kSettings = "SELECT name, value FROM settings ORDER BY name";
inline constexpr const char* kCounts =
    "SELECT 'journal_undone', count(*) FROM journal WHERE state = 0 UNION ALL "
    "SELECT 'outbox_ready', count(*) FROM outbox WHERE state < 2 AND state = 0 UNION ALL "
    "SELECT 'outbox_sending', count(*) FROM outbox WHERE state < 2 AND state = 1 UNION ALL "
    "SELECT 'cases_open', count(*) FROM cases WHERE ended IS NULL UNION ALL "
    "SELECT 'tasks_open', count(*) FROM tasks WHERE state = 0 UNION ALL "
    "SELECT 'dead_letters_open', count(*) FROM dead_letters WHERE state = 0 UNION ALL "
    "SELECT 'timers', count(*) FROM timers UNION ALL "
    "SELECT 'journal_rows', coalesce(max(id), 0) FROM journal UNION ALL "
    "SELECT 'outbox_rows', coalesce(max(sequence), 0) FROM outbox UNION ALL "
    "SELECT 'audit_rows', coalesce(max(id), 0) FROM audit";

inline std::int64_t at_most(std::size_t limit) {
  constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(limit, kMost));
}

template <typename Statement, typename Row>
void extract(const Statement& statement, Row& row) {
  Extractor columns(statement);
  visit_columns(row, columns);
  if constexpr (std::is_same_v<Row, CaseRow>) {
    std::string search;
    columns.blob(search);
    row.search = decode_search(search);
  } else if constexpr (std::is_same_v<Row, AuditRow>) {
    columns.blob(row.salt);
    columns.blob(row.personal);
  }
}

template <typename Row, typename Statement>
std::vector<Row> all(Statement& statement) {
  const Reading reading(statement);
  std::vector<Row> rows;
  while (statement.step()) {
    extract(statement, rows.emplace_back());
  }
  return rows;
}

template <typename Row, typename Statement>
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
template <typename Session>
class SameView {
 public:
  explicit SameView(Session& session) : session_(session) { session_.begin_view(); }
  ~SameView() { session_.end_view(); }
  SameView(const SameView&) = delete;
  SameView& operator=(const SameView&) = delete;

 private:
  Session& session_;
};

template <typename Session>
std::optional<CaseRecord> read_case(Session& session, std::string_view key) {
  const SameView view(session);
  auto row = one<CaseRow>(session.prepared(kCase).bind(key));
  if (!row) {
    return std::nullopt;
  }
  return CaseRecord{std::move(*row), all<TimerRow>(session.prepared(kDeadlines).bind(key)),
                    all<TaskRow>(session.prepared(kOpenTasks).bind(key))};
}

template <typename Session>
std::optional<std::string> read_case_key(Session& session, std::string_view key,
                                         std::string_view alias) {
  auto& statement = session.prepared(kCaseKey).bind(key, int{partition_of(key)}, alias);
  const Reading reading(statement);
  if (!statement.step() || statement.is_null(0)) {
    return std::nullopt;
  }
  return statement.bytes(0);
}

template <typename Session>
std::optional<std::string> read_alias(Session& session, std::string_view name,
                                      std::string_view value) {
  auto& statement = session.prepared(kAlias).bind(name, value);
  const Reading reading(statement);
  return statement.step() ? std::optional(statement.bytes(0)) : std::nullopt;
}

template <typename Session>
std::optional<KeyRow> read_key(Session& session, std::string_view endpoint, std::string_view name,
                               std::string_view value) {
  return one<KeyRow>(session.prepared(kKey).bind(endpoint, name, value));
}

template <typename Session>
std::optional<ReplyRow> read_reply(Session& session, RowId journal) {
  auto& statement = session.prepared(kReply).bind(journal);
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

template <typename Session>
std::optional<JournalRow> read_journal(Session& session, RowId id) {
  return one<JournalRow>(session.prepared(kJournal).bind(id));
}

template <typename Session>
std::vector<JournalRow> read_parts(Session& session, RowId envelope) {
  return all<JournalRow>(session.prepared(kParts).bind(envelope));
}

template <typename Session>
std::vector<JournalRow> read_undone(Session& session, RowId after, std::size_t limit,
                                    std::string_view case_key) {
  if (case_key.empty()) {
    return all<JournalRow>(session.prepared(kUndone).bind(after, at_most(limit)));
  }
  // Few rows of a partition are undone, so its index serves the case as well.
  const int partition = partition_of(case_key);
  return all<JournalRow>(
      session.prepared(kUndoneOfCase).bind(after, partition, case_key, at_most(limit)));
}

template <typename Session>
std::vector<JournalRow> read_undone_in(Session& session, int partition, RowId after,
                                       std::size_t limit) {
  return all<JournalRow>(session.prepared(kUndoneIn).bind(after, partition, at_most(limit)));
}

template <typename Session>
std::vector<TimerRow> read_due(Session& session, Instant until, std::size_t limit,
                               const TimerRow* after) {
  if (after) {
    return all<TimerRow>(session.prepared(kDueAfter)
                             .bind(until, after->due, after->order, after->case_key, after->kind,
                                   after->name, after->serial, at_most(limit)));
  }
  return all<TimerRow>(session.prepared(kDue).bind(until, at_most(limit)));
}

template <typename Session>
std::optional<Instant> read_next_due(Session& session) {
  auto& statement = session.prepared(kNextDue);
  const Reading reading(statement);
  return statement.step() ? std::optional(Instant(Duration(statement.integer(0)))) : std::nullopt;
}

template <typename Session>
std::optional<OutboxRow> read_outbox(Session& session, std::string_view id) {
  return one<OutboxRow>(session.prepared(kOutbox).bind(id));
}

template <typename Session>
std::vector<OutboxRow> read_waiting(Session& session, std::string_view endpoint, std::int64_t after,
                                    std::size_t limit) {
  return all<OutboxRow>(session.prepared(kWaiting).bind(endpoint, after, at_most(limit)));
}

template <typename Session>
std::vector<OutboxRow> read_undecided(Session& session, std::int64_t after, std::int64_t until) {
  return all<OutboxRow>(session.prepared(kUndecided).bind(after, until));
}

template <typename Session>
std::vector<OutboxRow> read_outbox_of(Session& session, std::string_view case_key) {
  return all<OutboxRow>(session.prepared(kOutboxOf).bind(case_key));
}

template <typename Session>
std::vector<CaseRow> read_cases(Session& session, const CaseFilter& filter) {
  const int limit = std::clamp(filter.limit, 0, kCasesMax);
  if (!filter.search.empty()) {
    return all<CaseRow>(
        session.prepared(kCasesFound).bind(filter.after_key, filter.state, filter.search, limit));
  }
  if (!filter.state.empty()) {
    return all<CaseRow>(
        session.prepared(kCasesInState).bind(filter.after_key, filter.state, limit));
  }
  return all<CaseRow>(session.prepared(kCases).bind(filter.after_key, limit));
}

template <typename Session>
std::vector<AuditRow> read_timeline(Session& session, std::string_view case_key, std::int64_t after,
                                    std::size_t limit) {
  return all<AuditRow>(session.prepared(kTimeline).bind(case_key, after, at_most(limit)));
}

template <typename Session>
std::vector<TaskRow> read_tasks(Session& session, std::optional<TaskState> state,
                                std::string_view case_key, std::string_view after_id,
                                std::size_t limit) {
  const int code = state ? static_cast<int>(*state) : -1;
  if (!case_key.empty()) {
    return all<TaskRow>(
        session.prepared(kTasksOfCase).bind(after_id, case_key, code, at_most(limit)));
  }
  if (state) {
    return all<TaskRow>(session.prepared(kTasksInState).bind(after_id, code, at_most(limit)));
  }
  return all<TaskRow>(session.prepared(kTasks).bind(after_id, at_most(limit)));
}

template <typename Session>
std::optional<TaskRow> read_task(Session& session, std::string_view id) {
  return one<TaskRow>(session.prepared(kTask).bind(id));
}

template <typename Session>
std::vector<DeadLetterRow> read_dead_letters(Session& session, std::optional<DeadLetterState> state,
                                             std::int64_t after, std::size_t limit) {
  if (state) {
    return all<DeadLetterRow>(
        session.prepared(kDeadLettersInState).bind(after, *state, at_most(limit)));
  }
  return all<DeadLetterRow>(session.prepared(kDeadLetters).bind(after, at_most(limit)));
}

template <typename Session>
std::optional<DeadLetterRow> read_dead_letter(Session& session, std::int64_t id) {
  return one<DeadLetterRow>(session.prepared(kDeadLetter).bind(id));
}

template <typename Session>
std::vector<AuditRow> read_audit_rows(Session& session, std::int64_t after, std::size_t limit) {
  return all<AuditRow>(session.prepared(kAuditRows).bind(after, at_most(limit)));
}

template <typename Session>
std::vector<AuditHead> read_audit_heads(Session& session) {
  return all<AuditHead>(session.prepared(kAuditHeads));
}

template <typename Session>
std::optional<SnapshotRow> read_snapshot(Session& session, std::string_view hash) {
  return one<SnapshotRow>(session.prepared(kSnapshot).bind(hash));
}

template <typename Statement>
std::vector<std::string> texts(Statement& statement) {
  const Reading reading(statement);
  std::vector<std::string> found;
  while (statement.step()) {
    found.push_back(statement.bytes(0));
  }
  return found;
}

template <typename Session>
std::vector<std::string> read_snapshots(Session& session) {
  return texts(session.prepared(kSnapshots));
}

template <typename Session>
std::vector<SnapshotUse> read_snapshot_uses(Session& session) {
  const SameView view(session);
  std::vector<SnapshotUse> uses;
  SnapshotUse last;
  for (;;) {
    auto& statement = session.prepared(kNextUse).bind(last.hash, last.process);
    const Reading reading(statement);
    if (!statement.step()) {
      return uses;
    }
    last = {statement.bytes(0), statement.bytes(1), statement.bytes(2)};
    uses.push_back(last);
  }
}

template <typename Session>
std::vector<OutboxUse> read_outbox_uses(Session& session) {
  auto& statement = session.prepared(kOutboxUses);
  const Reading reading(statement);
  std::vector<OutboxUse> uses;
  while (statement.step()) {
    uses.push_back({statement.bytes(0), statement.bytes(1), statement.bytes(2), statement.bytes(3),
                    statement.integer(4), statement.bytes(5)});
  }
  return uses;
}

template <typename Session>
std::int64_t read_count_cases_of(Session& session, std::string_view hash,
                                 std::string_view process) {
  auto& statement = session.prepared(kCountCasesOf).bind(hash, process);
  const Reading reading(statement);
  return statement.step() ? statement.integer(0) : 0;
}

template <typename Session>
std::vector<std::string> read_cases_of(Session& session, std::string_view hash,
                                       std::string_view process, std::string_view after_key,
                                       std::size_t limit) {
  return texts(session.prepared(kCasesOf).bind(hash, process, after_key, at_most(limit)));
}

template <typename Session>
std::vector<TimerRow> read_working(Session& session, std::size_t limit, const TimerRow* after) {
  static const TimerRow first{TimerKind::deadline, {}, 0, {}, -1, {}, 0, 0};
  const TimerRow& from = after ? *after : first;
  return all<TimerRow>(
      session.prepared(kWorking)
          .bind(from.case_key, from.kind, from.name, from.serial, at_most(limit)));
}

template <typename Session>
std::map<std::string, std::string> read_settings(Session& session) {
  auto& statement = session.prepared(kSettings);
  const Reading reading(statement);
  std::map<std::string, std::string> settings;
  while (statement.step()) {
    settings.emplace(statement.bytes(0), statement.bytes(1));
  }
  return settings;
}

template <typename Session>
std::map<std::string, std::int64_t> read_counts(Session& session) {
  auto& statement = session.prepared(kCounts);
  const Reading reading(statement);
  std::map<std::string, std::int64_t> counts;
  while (statement.step()) {
    counts.emplace(statement.bytes(0), statement.integer(1));
  }
  return counts;
}

}  // namespace reads

}  // namespace masar::store
