#pragma once

#include <optional>
#include <string>
#include <type_traits>

#include "core/store/rows.h"

// Each row's columns stand once: as SQL, and in the same order as the visit_columns() that binds
// and reads them. A visitor takes values, blobs, and raw bytes, which are a TEXT of SQLite's and a
// BYTEA of PostgreSQL's.

#define MASAR_JOURNAL_COLUMNS                                                            \
  "id, stamp, partition, state, kind, attempts, serial, origin, envelope, part, parts, " \
  "owes_reply, case_key, endpoint, route, name, sender, message_id, snapshot, effect, "  \
  "headers, inputs, payload"
#define MASAR_KEY_COLUMNS "endpoint, name, value, digest, journal, expires"
#define MASAR_CASE_COLUMNS                                                                      \
  "key, partition, version, event_number, visit, opened, since, ended, service_time, process, " \
  "snapshot, state, data"
#define MASAR_TIMER_COLUMNS "case_key, kind, name, serial, partition, due, ord, visit, working"
#define MASAR_TASK_COLUMNS \
  "id, case_key, partition, state, visit, asked, due, ended, name, until, effect, detail, answer"
#define MASAR_OUTBOX_COLUMNS                                                                      \
  "sequence, id, case_key, partition, state, attempts, changed, created, not_after, "             \
  "case_version, visit, step, effect, endpoint, operation, route, snapshot, code, report, text, " \
  "headers, reply, body"
#define MASAR_DEAD_LETTER_COLUMNS                                                                \
  "id, partition, state, at, journal, attempts, case_key, effect, endpoint, route, step, code, " \
  "fingerprint, snapshot, text, original, at_step"
#define MASAR_AUDIT_COLUMNS                                                             \
  "id, partition, at, version, journal, case_key, kind, name, state, reference, text, " \
  "previous, hash, personal_digest"
#define MASAR_AUDIT_HEAD_COLUMNS "partition, audit, hash"
#define MASAR_SNAPSHOT_COLUMNS "hash, created, content"

namespace masar::store {

/// A row to be read into, or one to be written.
template <typename Row, typename Of>
concept Either = std::is_same_v<std::remove_const_t<Row>, Of>;

template <Either<JournalRow> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.id, r.stamp, r.partition, r.state, r.kind, r.attempts, r.serial, r.origin, r.envelope, r.part,
    r.parts, r.owes_reply, r.case_key, r.endpoint, r.route, r.name, r.sender, r.message_id,
    r.snapshot, r.effect);
  v.blob(r.headers);
  v.blob(r.inputs);
  v.blob(r.payload);
}

template <Either<KeyRow> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.endpoint, r.name, r.value);
  v.raw(r.digest);
  v(r.journal, r.expires);
}

template <Either<CaseRow> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.key, r.partition, r.version, r.event_number, r.visit, r.opened, r.since, r.ended,
    r.service_time, r.process, r.snapshot, r.state);
  v.blob(r.data);
}

template <Either<TimerRow> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.case_key, r.kind, r.name, r.serial, r.partition, r.due, r.order, r.visit,
    r.working);
}

template <Either<TaskRow> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.id, r.case_key, r.partition, r.state, r.visit, r.asked, r.due, r.ended, r.name, r.until,
    r.effect);
  v.blob(r.detail);
  v.blob(r.answer);
}

template <Either<OutboxRow> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.sequence, r.id, r.case_key, r.partition, r.state, r.attempts, r.changed, r.created,
    r.not_after, r.case_version, r.visit, r.step, r.effect, r.endpoint, r.operation, r.route,
    r.snapshot, r.code, r.report, r.text);
  v.blob(r.headers);
  v.blob(r.reply);
  v.blob(r.body);
}

template <Either<DeadLetterRow> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.id, r.partition, r.state, r.at, r.journal, r.attempts, r.case_key, r.effect, r.endpoint,
    r.route, r.step, r.code, r.fingerprint, r.snapshot, r.text);
  v.blob(r.original);
  v.blob(r.at_step);
}

template <Either<AuditRow> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.id, r.partition, r.at, r.version, r.journal, r.case_key, r.kind, r.name, r.state, r.reference,
    r.text);
  v.blob(r.previous);
  v.blob(r.hash);
  v.blob(r.personal_digest);
}

template <Either<AuditHead> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.partition, r.audit);
  v.blob(r.hash);
}

template <Either<SnapshotRow> Row, typename Visitor>
void visit_columns(Row& r, Visitor& v) {
  v(r.hash, r.created);
  v.blob(r.content);
}

/// Reads a row's columns from what stands on a row, from the first on: anything that has
/// integer(column), bytes(column) and is_null(column).
template <typename Source>
class Extractor {
 public:
  explicit Extractor(const Source& source) : source_(source) {}
  template <typename... Values>
  void operator()(Values&... values) {
    (read(values), ...);
  }
  void blob(std::string& bytes) { bytes = source_.bytes(column_++); }
  void raw(std::string& bytes) { blob(bytes); }

 private:
  template <typename Value>
  void read(Value& value) {
    const int column = column_++;
    if constexpr (std::is_same_v<Value, std::string>) {
      value = source_.bytes(column);
    } else if constexpr (std::is_same_v<Value, Instant>) {
      value = Instant(Duration(source_.integer(column)));
    } else if constexpr (std::is_same_v<Value, Duration>) {
      value = Duration(source_.integer(column));
    } else if constexpr (std::is_same_v<Value, std::optional<Instant>>) {
      value = source_.is_null(column)
                  ? std::nullopt
                  : std::optional<Instant>(Instant(Duration(source_.integer(column))));
    } else {
      value = static_cast<Value>(source_.integer(column));
    }
  }

  const Source& source_;
  int column_ = 0;
};

// The codes in the database are the positions of the enumerations, for ever (FORMAT.md).
template <typename Enumeration>
constexpr int code_of(Enumeration value) {
  return static_cast<int>(value);
}
static_assert(code_of(JournalState::undone) == 0 && code_of(JournalState::dead) == 2);
static_assert(code_of(JournalKind::message) == 0 && code_of(JournalKind::retry) == 5);
static_assert(code_of(TimerKind::deadline) == 0 && code_of(TimerKind::not_after) == 3);
static_assert(code_of(TaskState::open) == 0 && code_of(TaskState::withdrawn) == 2);
static_assert(code_of(OutboxState::ready) == 0 && code_of(OutboxState::sending) == 1);
static_assert(code_of(OutboxState::withdrawn) == 8);
static_assert(code_of(DeadLetterState::open) == 0 && code_of(DeadLetterState::discarded) == 2);

}  // namespace masar::store
