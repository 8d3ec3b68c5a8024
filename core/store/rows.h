#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"

namespace masar::store {

/// Rows as the store keeps them; FORMAT.md documents the columns. Every row that belongs to a case
/// carries the partition of its key (ENGINE.md 24). Instants are business time.

using RowId = std::int64_t;  ///< of the journal, rising in the order that counts

enum class JournalKind {
  message,   ///< came in through an inbound endpoint
  outcome,   ///< of an attempt, with the partner's reply where there is one
  report,    ///< of a delivery, later than its outcome
  deadline,  ///< a timer came due: `name` is its kind and name, `serial` its serial
  answer,    ///< to a task
  retry,     ///< of a dead letter, linked to its original
  calendar,  ///< changed: the case's due times in working time are reckoned anew
  migrate,   ///< the case goes on by the current configuration, if it fits
};
enum class JournalState { undone, done, dead };

struct JournalRow {
  RowId id = 0;     ///< given by the store
  Instant stamp{};  ///< given by the store's writer; never goes back
  int partition = 0;
  std::string case_key;  ///< empty: belongs to no case
  JournalKind kind = JournalKind::message;
  JournalState state = JournalState::undone;
  std::string endpoint;  ///< inbound endpoint, or the outbound one of an outcome
  std::string route;
  std::string name;    ///< message type, deadline, answer
  std::string sender;  ///< the partner bound to the endpoint
  std::string message_id;
  std::string headers;  ///< `name: value` lines
  std::string payload;
  std::string snapshot;  ///< hash of the configuration that took it in
  std::string effect;    ///< of outcomes and reports: the effect's id
  /// Of a deadline; the attempt of an outcome; the place of a part; the version that an answer saw.
  std::int64_t serial = 0;
  RowId origin = 0;  ///< the row that this one is journaled anew from
  /// First row of the message that this is a part of; 0: whole. Where `parts` > 1 and this is 0,
  /// the store fills in the last row with part 0 up to here of the same transaction.
  RowId envelope = 0;
  int part = 0;  ///< counts from 0
  int parts = 1;
  bool owes_reply = false;
  int attempts = 0;    ///< counted across restarts
  std::string inputs;  ///< what was handed in when it applied (serials, computed instants)
};

/// A duplicate key of an inbound endpoint (ENGINE.md 2). Unique by (endpoint, name, value).
struct KeyRow {
  std::string endpoint;
  std::string name;
  std::string value;
  std::string digest;     ///< of the fields that must match
  int journal_index = 0;  ///< which of the transaction's journal rows it belongs to; −1: `journal`
  RowId journal = 0;      ///< that row's id; given by the store where `journal_index` names one
  Instant expires{};
};

struct CaseRow {
  std::string key;
  int partition = 0;
  std::string process;
  std::string snapshot;
  std::string state;
  std::int64_t version = 0;       ///< of the row: one more a transaction
  std::int64_t event_number = 0;  ///< what people and partners know as the case's version
  std::int64_t visit = 0;
  Instant opened{};
  Instant since{};
  std::optional<Instant> ended;
  std::string data;          ///< encoded by the definition
  Duration service_time{0};  ///< working time not spent waiting for the citizen
  std::vector<std::pair<std::string, std::string>> search;  ///< search field → normalised value
};

struct AliasRow {
  std::string name;
  std::string value;
  std::string case_key;
  int partition = 0;
};

enum class TimerKind { deadline, task, task_after, not_after };

/// A stored due time: a case's deadline, a task's due time, an effect's task-after or not-after.
struct TimerRow {
  TimerKind kind = TimerKind::deadline;
  std::string case_key;
  int partition = 0;
  std::string name;         ///< the deadline's name, the task's id, the effect's id
  std::int64_t serial = 0;  ///< of a deadline
  Instant due{};
  int order = 0;
  std::int64_t visit = 0;
  /// How the due time was computed in working time, in the engine's encoding; empty: it was not.
  std::string working = {};
};

enum class TaskState { open, answered, withdrawn };

struct TaskRow {
  std::string id;
  std::string case_key;
  int partition = 0;
  std::string name;
  TaskState state = TaskState::open;
  std::int64_t visit = 0;
  std::string until;  ///< states, separated by spaces
  Instant asked{};
  Instant due{};
  /// The effect that it is about; of one that stands for a dead letter, that letter's id.
  std::string effect;
  std::string detail;
  std::string answer;  ///< once answered
  std::optional<Instant> ended;
  int dead_letter_index = -1;  ///< ≥ 0: `effect` is the id of this letter of the same transaction
};

enum class OutboxState {
  ready,
  sending,
  delivered,
  rejected,
  unavailable,
  unknown,
  expired,
  failed,
  withdrawn
};

struct OutboxRow {
  std::int64_t sequence = 0;  ///< given by the store: the order of one case's effects
  std::string id;             ///< the effect's id: hex of a hash of case, event number, index
  std::string case_key;
  int partition = 0;
  std::int64_t case_version = 0;
  std::int64_t visit = 0;  ///< 0: of the case
  std::string effect;      ///< its name in the process
  std::string endpoint;
  std::string operation;
  std::string route;  ///< the continuation: route, step after the call, snapshot
  int step = 0;
  std::string snapshot;
  std::string headers;  ///< `name: value` lines
  std::string body;
  Instant created{};
  std::optional<Instant> not_after;
  OutboxState state = OutboxState::ready;
  int attempts = 0;
  std::string code;   ///< of the last outcome
  std::string text;   ///< of the last outcome; no personal data
  std::string reply;  ///< bytes of the last answer where it could not be used
  Instant changed{};
  std::string report;  ///< last delivery report: delivered, failed, or empty
};

/// The new state of an outbox row. A row that was reported as delivered ends delivered also where
/// its outcome is unavailable or unknown. Applies only while the row's state is one of `from`;
/// otherwise the transaction is a conflict ("outbox", id).
struct OutboxUpdate {
  std::string id;
  std::vector<OutboxState> from;
  OutboxState to = OutboxState::ready;
  int attempts = 0;
  std::string code;
  std::string text;
  std::string reply;   ///< empty: unchanged
  std::string report;  ///< empty: unchanged
  /// Where its sender last saw the row, which is looked for there first; 0: nowhere.
  std::int64_t sequence = 0;
};

/// Of a row that was read; its attempts stay, its code and text go.
inline OutboxUpdate update_of(const OutboxRow& row, OutboxState from, OutboxState to) {
  OutboxUpdate update;
  update.id = row.id;
  update.from = {from};
  update.to = to;
  update.attempts = row.attempts;
  update.sequence = row.sequence;
  return update;
}

/// The answer that a message got: stored in its case's commit, given again to a duplicate.
struct ReplyRow {
  RowId journal = 0;
  std::string code;  ///< empty: a reply; otherwise the refusal's code
  std::string body;
  int journal_index = -1;  ///< ≥ 0: the id of this journal row of the same transaction
};

/// A message as it came in, with its answer and what became of it.
struct MessageRow {
  JournalRow row;
  std::optional<ReplyRow> reply;
  /// Of the newest row that it was journaled anew as; where there is none, as in `row`.
  std::string case_key;
  JournalState state = JournalState::undone;
};

/// A loaded configuration, kept as long as an open case or an outbox row names it (ENGINE.md 22).
struct SnapshotRow {
  std::string hash;
  std::string content;  ///< its files in the snapshot's own encoding
  Instant created{};    ///< given by the store where zero
};

/// A configuration that open cases of one process began with.
struct SnapshotUse {
  std::string hash;
  std::string process;
  std::string case_key;  ///< the first of them
};

/// What waiting outbox rows name of a configuration, with how many there are.
struct OutboxUse {
  std::string hash;
  std::string route;
  std::string endpoint;
  std::string operation;
  std::int64_t rows = 0;
  std::string case_key;  ///< of one of them
};

/// One step of the timeline and the audit log. The chain's members (ENGINE.md 24) are raw bytes,
/// given by the store (AuditChain); a row that is older than the chain has none.
struct AuditRow {
  std::int64_t id = 0;  ///< given by the store
  int partition = 0;
  std::string case_key;  ///< may be empty
  Instant at{};          ///< business time; given by the store where zero
  /// message, applied, ignored, refused, effect, sent, outcome, report, task, answer, deadline,
  /// operator …
  std::string kind;
  std::string name;   ///< event, effect, endpoint …
  std::string state;  ///< the case's state afterwards, where there is one
  std::int64_t version = 0;
  std::string reference;  ///< message id, effect id, task id
  std::string text;       ///< for people; no personal data
  RowId journal = 0;
  int journal_index = -1;  ///< ≥ 0: the id of this journal row of the same transaction
  std::string previous;    ///< hash of the row before in the partition's chain; empty: the first
  std::string hash;        ///< over `previous`, the columns and `personal_digest`
  std::string personal_digest;  ///< over `salt` and `personal`; stays when these are deleted
  /// Kept apart from the row, both or neither, so that retention can delete them.
  std::string salt;
  std::string personal;
};

/// The newest row of a partition's chain.
struct AuditHead {
  int partition = 0;
  std::int64_t audit = 0;
  std::string hash;
};

enum class DeadLetterState { open, retried, discarded };

struct DeadLetterRow {
  std::int64_t id = 0;  ///< given by the store
  int partition = 0;
  std::string case_key;
  RowId journal = 0;       ///< of an event; 0: of an effect
  int journal_index = -1;  ///< ≥ 0: the id of this journal row of the same transaction
  std::string effect;
  std::string endpoint;
  std::string route;
  std::string step;  ///< where it failed
  std::string code;
  std::string text;
  std::string fingerprint;  ///< equal causes group by it
  std::string original;     ///< bytes as they came
  std::string at_step;      ///< bytes at the failing step
  std::string snapshot;
  int attempts = 0;
  Instant at{};
  DeadLetterState state = DeadLetterState::open;
};

}  // namespace masar::store
