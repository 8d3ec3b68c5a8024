#include "core/store/sqlite_transaction.h"

#include <utility>

#include <sqlite3.h>

#include "core/base/plant.h"
#include "core/store/reading.h"
#include "core/store/row_reader.h"
#include "core/store/search_fields.h"
#include "core/store/sqlite_rows.h"
#include "core/store/sweep.h"

namespace masar::store {
namespace {

constexpr const char* kPutJournal = "INSERT INTO journal(" MASAR_JOURNAL_COLUMNS
                                    ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
// A key that has expired at the stamp (?7) gives way; a living one changes nothing.
constexpr const char* kPutKey =
    "INSERT INTO keys(" MASAR_KEY_COLUMNS
    ") VALUES(?,?,?,?,?,?) ON CONFLICT(endpoint, name, value) DO UPDATE SET "
    "digest = excluded.digest, journal = excluded.journal, expires = excluded.expires "
    "WHERE keys.expires <= ?7";
constexpr const char* kCaseVersion = "SELECT id, version, search FROM cases WHERE key = ?";
constexpr const char* kPutCase =
    "INSERT INTO cases(" MASAR_CASE_COLUMNS
    ", search) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(key) DO NOTHING";
// What most events leave as it is stands in the condition: an index is written anew as soon as one
// of its columns is set, also to what it was.
constexpr const char* kGoOnCase =
    "UPDATE cases SET version = ?1, event_number = ?2, visit = ?3, since = ?4, service_time = ?5, "
    "state = ?6, data = ?7 WHERE key = ?8 AND version = ?1 - 1 AND search IS ?9 AND ended IS ?10 "
    "AND opened = ?11 AND process = ?12 AND snapshot = ?13";
constexpr const char* kUpdateCase = "UPDATE cases SET (" MASAR_CASE_COLUMNS
                                    ", search) = (?,?,?,?,?,?,?,?,?,?,?,?,?,?) WHERE id = ?";
constexpr const char* kPutSearch =
    "INSERT INTO case_search(value, field, case_key) VALUES(?,?,?) ON CONFLICT DO NOTHING";
constexpr const char* kEndSearch =
    "DELETE FROM case_search WHERE value = ? AND field = ? AND case_key = ?";
constexpr const char* kEndAlias = "DELETE FROM aliases WHERE case_key = ? AND name = ?";
constexpr const char* kPutAlias =
    "INSERT INTO aliases(name, value, case_key, partition) VALUES(?,?,?,?) ON CONFLICT DO NOTHING";
constexpr const char* kAliasHolder = "SELECT case_key FROM aliases WHERE name = ? AND value = ?";
constexpr const char* kClearTimer =
    "DELETE FROM timers WHERE case_key = ? AND kind = ? AND name = ? AND serial = ?";
constexpr const char* kPutTimer =
    "INSERT INTO timers(" MASAR_TIMER_COLUMNS
    ") VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET partition = excluded.partition, "
    "due = excluded.due, ord = excluded.ord, visit = excluded.visit, working = excluded.working";
constexpr const char* kPutTask =
    "INSERT INTO tasks(" MASAR_TASK_COLUMNS
    ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
    "case_key = excluded.case_key, partition = excluded.partition, state = excluded.state, "
    "visit = excluded.visit, "
    "asked = excluded.asked, due = excluded.due, ended = excluded.ended, name = excluded.name, "
    "until = excluded.until, effect = excluded.effect, detail = excluded.detail, "
    "answer = excluded.answer";
// Only a failed row (7) gives way to one that has been made anew.
constexpr const char* kPutOutbox =
    "INSERT INTO outbox(" MASAR_OUTBOX_COLUMNS
    ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
    "sequence = excluded.sequence, case_key = excluded.case_key, partition = excluded.partition, "
    "state = excluded.state, attempts = excluded.attempts, changed = excluded.changed, "
    "created = excluded.created, not_after = excluded.not_after, "
    "case_version = excluded.case_version, visit = excluded.visit, step = excluded.step, "
    "effect = excluded.effect, endpoint = excluded.endpoint, operation = excluded.operation, "
    "route = excluded.route, snapshot = excluded.snapshot, code = excluded.code, "
    "report = excluded.report, text = excluded.text, headers = excluded.headers, "
    "reply = excluded.reply, body = excluded.body WHERE outbox.state = 7";
constexpr const char* kOutboxSequence = "SELECT sequence FROM outbox WHERE id = ?";
// ?7: the states that it may be in, one bit each. What was reported as delivered (2) is neither
// unavailable (4) nor unknown (5) afterwards.
#define MASAR_UPDATE_OUTBOX                                                                        \
  "UPDATE outbox SET state = CASE WHEN report = 'delivered' AND ?1 IN (4, 5) THEN 2 ELSE ?1 END, " \
  "attempts = ?2, code = ?3, text = ?4, reply = ifnull(?8, reply), "                               \
  "report = CASE ?5 WHEN '' THEN report ELSE ?5 END, changed = ?6 "                                \
  "WHERE id = ?9 AND ((1 << state) & ?7) <> 0"
constexpr const char* kUpdateOutbox = MASAR_UPDATE_OUTBOX;
constexpr const char* kUpdateOutboxAt = MASAR_UPDATE_OUTBOX " AND sequence = ?10";
constexpr const char* kPutReply =
    "INSERT INTO replies(journal, code, body) VALUES(?1,?2,?3) "
    "ON CONFLICT DO UPDATE SET code = ?2, body = ?3";
constexpr const char* kPutDeadLetter = "INSERT INTO dead_letters(" MASAR_DEAD_LETTER_COLUMNS
                                       ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr const char* kDeadLetterState =
    "UPDATE dead_letters SET state = ? WHERE id = ? AND state = 0";
constexpr const char* kPutAudit =
    "INSERT INTO audit(" MASAR_AUDIT_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr const char* kPutPersonal =
    "INSERT INTO audit_personal(audit, salt, content) VALUES(?,?,?)";
constexpr const char* kPutAuditHead =
    "INSERT INTO audit_heads(" MASAR_AUDIT_HEAD_COLUMNS
    ") VALUES(?1,?2,?3) ON CONFLICT DO UPDATE SET audit = ?2, hash = ?3";
constexpr const char* kPutSnapshot =
    "INSERT INTO snapshots(" MASAR_SNAPSHOT_COLUMNS ") VALUES(?,?,?) ON CONFLICT DO NOTHING";
constexpr const char* kMark = "UPDATE journal SET state = ?1, inputs = ?3 WHERE id = ?2";
constexpr const char* kCountAttempt = "UPDATE journal SET attempts = attempts + 1 WHERE id = ?";
constexpr const char* kPutSetting =
    "INSERT INTO settings(name, value) VALUES(?1,?2) ON CONFLICT DO UPDATE SET value = ?2";
constexpr const char* kEndSetting = "DELETE FROM settings WHERE name = ?";
constexpr const char* kReserve =
    "INSERT INTO series(name, next) VALUES(?1, 1 + ?2) "
    "ON CONFLICT DO UPDATE SET next = next + ?2 RETURNING next";

std::int64_t next_id(SqliteSession& session, const char* sql) {
  Statement& statement = session.prepared(sql);
  const Reading reading(statement);
  return statement.step() ? statement.integer(0) + 1 : 1;
}

}  // namespace

TransactionApplier::TransactionApplier(SqliteSession& session) : session_(session) {
  counters_.journal = next_id(session, "SELECT max(id) FROM journal");
  counters_.outbox = next_id(session, "SELECT max(sequence) FROM outbox");
  counters_.dead_letter = next_id(session, "SELECT max(id) FROM dead_letters");
  counters_.audit = next_id(session, "SELECT max(id) FROM audit");
  chain_.load(reads::read_audit_heads(session));
}

void TransactionApplier::set_counters(const RowCounters& counters) {
  counters_ = counters;
  chain_.undo(counters.links);
}

void TransactionApplier::committed() noexcept {
  chain_.committed();
  counters_.links = 0;
}

std::int64_t TransactionApplier::changed() const { return sqlite3_changes(session_.handle()); }

void TransactionApplier::apply(Transaction& transaction, Commit& commit) {
  number_journal(transaction, commit, counters_);
  // What is refused most often comes first: as long as nothing is written, nothing is to be undone.
  put_keys(transaction, commit);
  if (transaction.outbox.empty()) {
    update_outbox(transaction, commit.stamp);
  }
  put_journal(transaction);
  for (const CaseRow& row : transaction.cases) {
    put_case(row);
  }
  put_aliases(transaction);
  put_timers(transaction);
  put_tasks(transaction);
  if (!transaction.outbox.empty()) {
    put_outbox(transaction, commit);
    update_outbox(transaction, commit.stamp);
  }
  put_replies(transaction, commit);
  put_dead_letters(transaction, commit);
  put_audit(transaction, commit);
  put_snapshots(transaction, commit.stamp);
  mark_journal(transaction);
  put_settings(transaction);
  reserve_series(transaction, commit);
  for (const Sweep& sweep : transaction.sweeps) {
    commit.swept.push_back(Sweeper(session_, sweep).run());
  }
}

void TransactionApplier::put_journal(Transaction& transaction) {
  if (transaction.journal.empty()) {
    return;
  }
  Statement& statement = session_.prepared(kPutJournal);
  RowId first_part = 0;
  for (JournalRow& row : transaction.journal) {
    if (row.part == 0) {
      first_part = row.id;
    }
    const bool fill = row.parts > 1 && row.envelope == 0;
    const Lent envelope(row.envelope, fill ? first_part : row.envelope);
    run_with(statement, row);
  }
}

void TransactionApplier::put_keys(Transaction& transaction, const Commit& commit) {
  for (KeyRow& row : transaction.keys) {
    if (row.journal_index >= 0) row.journal = journal_id(commit, row.journal_index);
    run_with(session_.prepared(kPutKey), row, commit.stamp);
    if (changed() == 0 && !planted("unique-index-dropped")) {
      throw Conflict{"key", row.name, row.value};
    }
  }
}

void TransactionApplier::put_case(const CaseRow& row) {
  const std::string search = encode_search(row.search);
  if (row.version == 1) {
    open_case(row, search);
  } else if (!go_on_with_case(row, search)) {
    change_case(row, search);
  }
}

void TransactionApplier::open_case(const CaseRow& row, const std::string& search) {
  Statement& statement = session_.prepared(kPutCase);
  Binder binder(statement);
  visit_columns(row, binder);
  binder.blob(search);
  statement.run();
  if (changed() == 0) {
    throw Conflict{"case", {}, row.key};
  }
  put_search(row, {}, search);
}

/// False: more of it changes than that, or it is not the version that was expected.
bool TransactionApplier::go_on_with_case(const CaseRow& row, const std::string& search) {
  Statement& statement = session_.prepared(kGoOnCase);
  Binder binder(statement);
  binder(row.version, row.event_number, row.visit, row.since, row.service_time, row.state);
  binder.blob(row.data);
  binder(row.key);
  binder.blob(search);
  binder(row.ended, row.opened, row.process, row.snapshot);
  statement.run();
  return changed() != 0;
}

void TransactionApplier::change_case(const CaseRow& row, const std::string& search) {
  std::int64_t id = 0;
  std::int64_t version = 0;
  std::string search_before;
  {
    Statement& statement = session_.prepared(kCaseVersion).bind(row.key);
    const Reading reading(statement);
    if (statement.step()) {
      id = statement.integer(0);
      version = statement.integer(1);
      search_before = statement.bytes(2);
    }
  }
  if (version != row.version - 1) {
    throw Conflict{"case", {}, row.key};
  }
  Statement& statement = session_.prepared(kUpdateCase);
  Binder binder(statement);
  visit_columns(row, binder);
  binder.blob(search);
  binder(id);
  statement.run();
  if (search != search_before) {
    put_search(row, search_before, search);
  }
}

void TransactionApplier::put_search(const CaseRow& row, const std::string& before,
                                    const std::string& after) {
  for (const auto& [field, value] : decode_search(before)) {
    session_.prepared(kEndSearch).bind(value, field, row.key).run();
  }
  for (const auto& [field, value] : decode_search(after)) {
    session_.prepared(kPutSearch).bind(value, field, row.key).run();
  }
}

void TransactionApplier::put_aliases(const Transaction& transaction) {
  for (const auto& [name, case_key] : transaction.aliases_ended) {
    session_.prepared(kEndAlias).bind(case_key, name).run();
  }
  for (const AliasRow& row : transaction.aliases) {
    session_.prepared(kPutAlias).bind(row.name, row.value, row.case_key, row.partition).run();
    if (changed() == 0) {
      Statement& holder = session_.prepared(kAliasHolder).bind(row.name, row.value);
      const Reading reading(holder);
      if ((!holder.step() || holder.bytes(0) != row.case_key) && !planted("alias-race-lost")) {
        throw Conflict{"alias", row.name, row.value};
      }
    }
  }
}

void TransactionApplier::put_timers(const Transaction& transaction) {
  for (const TimerRow& row : transaction.timers_cleared) {
    session_.prepared(kClearTimer).bind(row.case_key, row.kind, row.name, row.serial).run();
  }
  for (const TimerRow& row : transaction.timers) {
    run_with(session_.prepared(kPutTimer), row);
  }
}

void TransactionApplier::put_tasks(Transaction& transaction) {
  for (TaskRow& row : transaction.tasks) {
    const int letter = letter_index(row, transaction);
    // Letters are written after the tasks; their ids are known already.
    const Lent effect(row.effect,
                      letter < 0 ? row.effect : std::to_string(counters_.dead_letter + letter));
    run_with(session_.prepared(kPutTask), row);
  }
}

void TransactionApplier::put_outbox(Transaction& transaction, Commit& commit) {
  for (OutboxRow& row : transaction.outbox) {
    row.sequence = counters_.outbox;
    const Lent created(row.created, or_stamp(row.created, commit.stamp));
    const Lent changed_at(row.changed, or_stamp(row.changed, commit.stamp));
    run_with(session_.prepared(kPutOutbox), row);
    if (changed() != 0) {
      ++counters_.outbox;
    } else {
      Statement& existing = session_.prepared(kOutboxSequence).bind(row.id);
      const Reading reading(existing);
      existing.step();
      row.sequence = existing.integer(0);
    }
    commit.outbox_sequences.push_back(row.sequence);
  }
}

void TransactionApplier::update_outbox(const Transaction& transaction, Instant stamp) {
  for (const OutboxUpdate& update : transaction.outbox_updates) {
    update_outbox(update, stamp);
  }
}

void TransactionApplier::update_outbox(const OutboxUpdate& update, Instant stamp) {
  std::int64_t from = 0;
  for (const OutboxState state : update.from) {
    from |= std::int64_t{1} << static_cast<int>(state);
  }
  const auto run = [&](const char* sql) {
    Statement& statement = session_.prepared(sql);
    statement.bind(update.to, update.attempts, update.code, update.text, update.report, stamp,
                   from);
    statement.bind_blob(8, update.reply);
    statement.bind_text(9, update.id);
    if (sql == kUpdateOutboxAt) statement.bind_integer(10, update.sequence);
    statement.run();
    return changed() != 0;
  };
  // Made anew after it had failed, it stands elsewhere than its sender knows.
  if (update.sequence > 0 && run(kUpdateOutboxAt)) return;
  if (!run(kUpdateOutbox)) throw Conflict{"outbox", {}, update.id};
}

void TransactionApplier::put_replies(Transaction& transaction, const Commit& commit) {
  for (ReplyRow& row : transaction.replies) {
    if (row.journal_index >= 0) {
      row.journal = journal_id(commit, row.journal_index);
    }
    Statement& statement = session_.prepared(kPutReply).bind(row.journal, row.code);
    statement.bind_blob(3, row.body);
    statement.run();
  }
}

void TransactionApplier::put_dead_letters(Transaction& transaction, Commit& commit) {
  for (DeadLetterRow& row : transaction.dead_letters) {
    row.id = counters_.dead_letter++;
    if (row.journal_index >= 0) {
      row.journal = journal_id(commit, row.journal_index);
    }
    const Lent at(row.at, or_stamp(row.at, commit.stamp));
    run_with(session_.prepared(kPutDeadLetter), row);
    commit.dead_letter_ids.push_back(row.id);
  }
  for (const auto& [id, state] : transaction.dead_letter_states) {
    session_.prepared(kDeadLetterState).bind(state, id).run();
    if (changed() == 0) throw Conflict{"dead-letter", {}, std::to_string(id)};
  }
}

void TransactionApplier::put_audit(Transaction& transaction, const Commit& commit) {
  for (AuditRow& row : transaction.audit) {
    row.id = counters_.audit++;
    if (row.journal_index >= 0) {
      row.journal = journal_id(commit, row.journal_index);
    }
    const Lent at(row.at, or_stamp(row.at, commit.stamp));
    chain_.link(row);
    counters_.links = chain_.mark();
    run_with(session_.prepared(kPutAudit), row);
    if (!row.personal.empty()) {
      Statement& personal = session_.prepared(kPutPersonal).bind(row.id);
      personal.bind_blob(2, row.salt);
      personal.bind_blob(3, row.personal);
      personal.run();
    }
  }
}

void TransactionApplier::put_heads() {
  for (const AuditHead& row : chain_.changed()) {
    run_with(session_.prepared(kPutAuditHead), row);
  }
}

void TransactionApplier::put_snapshots(Transaction& transaction, Instant stamp) {
  for (SnapshotRow& row : transaction.snapshots) {
    const Lent created(row.created, or_stamp(row.created, stamp));
    run_with(session_.prepared(kPutSnapshot), row);
  }
}

void TransactionApplier::mark_journal(const Transaction& transaction) {
  for (const Transaction::Mark& mark : transaction.marks) {
    Statement& statement = session_.prepared(kMark).bind(mark.state, mark.id);
    statement.bind_blob(3, mark.inputs);
    statement.run();
  }
  for (const RowId id : transaction.attempts_counted) {
    session_.prepared(kCountAttempt).bind(id).run();
  }
}

void TransactionApplier::put_settings(const Transaction& transaction) {
  for (const auto& [name, value] : transaction.settings) {
    if (value.empty()) {
      session_.prepared(kEndSetting).bind(name).run();
    } else {
      session_.prepared(kPutSetting).bind(name, value).run();
    }
  }
}

void TransactionApplier::reserve_series(const Transaction& transaction, Commit& commit) {
  for (const auto& [name, count] : transaction.series) {
    Statement& statement = session_.prepared(kReserve).bind(name, count);
    const Reading reading(statement);
    statement.step();
    commit.series_first.push_back(statement.integer(0) - count);
    while (statement.step()) {
    }
  }
}

}  // namespace masar::store
