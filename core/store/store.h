#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/rows.h"

namespace masar::store {

/// What retention removes (FORMAT.md, "Retention").
enum class SweepKind {
  messages,      ///< the content of done journal rows
  effects,       ///< the content of finished outbox rows
  replies,       ///< whole rows, by their message's stamp
  journal,       ///< whole done rows
  personal,      ///< what is personal of audit rows, salt included
  dead_letters,  ///< those that were dealt with
  cases,         ///< ended ones with all that belongs to them
  keys,          ///< those that have expired
  snapshots,     ///< configurations that nothing open names
};

/// One small step of retention: looks at the next `limit` rows behind `after`, and removes what is
/// older than `before`. The newest row of each counted table stays. One of snapshots looks at the
/// one that it names.
struct Sweep {
  SweepKind kind = SweepKind::messages;
  Instant before{};
  std::string after;  ///< empty: from the beginning
  std::size_t limit = 200;
  std::string snapshot = {};  ///< hash
};

struct Swept {
  std::int64_t removed = 0;
  std::string after;  ///< where the next step goes on; empty: nothing older is left
  std::string last;   ///< the last row that was old enough to be looked at; empty: none
};

/// Everything that one commit does, in the order of the members. All or nothing.
struct Transaction {
  std::vector<JournalRow> journal;
  std::vector<KeyRow> keys;                   ///< one that has expired gives way
  /// Inserted where `version` − 1 is 0 (no row yet), else updated from that version; a version
  /// that is not there is a conflict ("case", key).
  std::vector<CaseRow> cases;
  std::vector<std::pair<std::string, std::string>> aliases_ended;  ///< alias name, case key
  std::vector<AliasRow> aliases;                     ///< held by the same case: no conflict
  std::vector<TimerRow> timers_cleared;                            ///< by kind, case, name, serial
  std::vector<TimerRow> timers;                                    ///< inserted or replaced
  std::vector<TaskRow> tasks;                                      ///< by id: inserted or replaced
  /// An id that exists stays as it is; only a failed row is replaced, and takes a new sequence.
  std::vector<OutboxRow> outbox;
  std::vector<OutboxUpdate> outbox_updates;
  std::vector<ReplyRow> replies;                     ///< by journal row: inserted or replaced
  std::vector<DeadLetterRow> dead_letters;
  /// Only of open ones: one that was dealt with is a conflict ("dead-letter", id).
  std::vector<std::pair<std::int64_t, DeadLetterState>> dead_letter_states;
  std::vector<AuditRow> audit;                ///< linked into the chain of their partition
  std::vector<SnapshotRow> snapshots;         ///< a hash that exists stays as it is
  struct Mark {
    RowId id = 0;
    JournalState state = JournalState::done;
    std::string inputs;
  };
  std::vector<Mark> marks;
  std::vector<RowId> attempts_counted;                             ///< journal rows: attempts + 1
  /// Name → value; an empty value deletes.
  std::vector<std::pair<std::string, std::string>> settings;
  /// Name → how many numbers to reserve.
  std::vector<std::pair<std::string, std::int64_t>> series;
  std::vector<Sweep> sweeps;
};

enum class CommitStatus {
  committed,
  /// A unique key, an alias, a case's version or an outbox row's state stood against it: undone
  /// alone, not transient.
  conflict,
  /// The store could not, its queue is full, or it has stopped: nothing of it is there.
  failed,
};

struct Commit {
  CommitStatus status = CommitStatus::committed;
  /// "key", "alias", "case", "outbox"; or "constraint", which is our own fault.
  std::string conflict;
  /// Which one: the value of a key or an alias, the key of a case, the id of an outbox row.
  std::string conflict_value;
  std::string error;                          ///< of failed and "constraint"
  Instant stamp{};                            ///< of this transaction, with or without journal rows
  std::vector<RowId> journal_ids;             ///< of the journal rows, in order
  std::vector<Instant> stamps;                ///< of the journal rows
  std::vector<std::int64_t> outbox_sequences; ///< of the outbox rows
  std::vector<std::int64_t> dead_letter_ids;
  std::vector<std::int64_t> series_first;     ///< first number of each reservation
  std::vector<Swept> swept;                   ///< of the sweeps
  std::string conflict_name;                  ///< of "key" and "alias": the key's or alias's name
};

struct CaseRecord {
  CaseRow row;
  std::vector<TimerRow> deadlines;            ///< kind deadline only
  std::vector<TaskRow> tasks;                 ///< open ones
};

struct CaseFilter {
  std::string search;                         ///< a case key, or a value of any search field
  std::string state;                          ///< empty: any
  std::string after_key;                      ///< page on
  int limit = 50;                             ///< at most 500
};

/// The transactions over journal, cases, deadlines, outbox, tasks and audit (DESIGN §1, ENGINE.md
/// 11, 17).
///
/// One per hub; owned by the hub. Writing: one writer commits what waits in groups; submit() may
/// be called from any thread and returns at once, and `done` is called exactly once, after the
/// commit has returned, on the store's thread for answers, in the order of the commits; where
/// submit() itself refuses (queue full, stopped) it is called with `failed` before submit()
/// returns, on the caller's thread. `done` must be short and must not throw; it may submit. While
/// writes fail (disk full) what waits stays waiting: it is committed when they succeed again, with
/// new stamps, or gets `failed` at stop(). Stamps never go back and are equal where the clock
/// stands still; what was written later has the higher row id. Reading: from any thread (inside
/// `done` it holds up the answers), sees every commit whose `done` has been called, and may see
/// later ones; throws Error(transient, "store"). A failed sync ends the process (ENGINE.md 17).
class Store {
 public:
  using Done = std::function<void(const Commit&)>;
  virtual ~Store() = default;

  virtual void submit(Transaction transaction, Done done) = 0;
  /// Commits all that waits, on the caller's thread; only where the store was opened without a
  /// writer thread. Returns how many transactions it committed or refused; while writes fail 0,
  /// and they still wait.
  virtual std::size_t run_writer() = 0;
  /// Finishes what waits, then takes no more (later submits get `failed`).
  virtual void stop() = 0;
  virtual bool healthy() const = 0;  ///< false while writes fail; probed by the writer itself

  virtual std::optional<CaseRecord> find_case(std::string_view key) = 0;
  /// The key of the case that a message with this key belongs to: the same, where there is that
  /// case or an undone journal row that may open it; otherwise the holder of the alias.
  virtual std::optional<std::string> find_case_key(std::string_view key,
                                                   std::string_view alias) = 0;
  virtual std::optional<std::string> find_alias(std::string_view name, std::string_view value) = 0;
  virtual std::optional<KeyRow> find_key(std::string_view endpoint, std::string_view name,
                                         std::string_view value) = 0;
  virtual std::optional<ReplyRow> find_reply(RowId journal) = 0;
  virtual std::optional<JournalRow> find_journal(RowId id) = 0;
  /// In order of part, then id: one that was journaled anew follows its original.
  virtual std::vector<JournalRow> journal_parts(RowId envelope) = 0;
  /// The highest id of the journal whose stamp is before `at`; 0: there is none. Stamps rise with
  /// ids, so it costs at most as many look-ups as the highest id has bits.
  virtual RowId journal_before(Instant at) = 0;
  /// Messages of a type that came in, after < id ≤ until, in order. One that was journaled anew is
  /// one. Reads every row of the journal up to the last one that it gives: name a near `until`.
  virtual std::vector<MessageRow> messages(std::string_view type, RowId after, RowId until,
                                           std::size_t limit) = 0;
  /// Undone rows with id > after, in order. `case_key` empty: of all cases.
  virtual std::vector<JournalRow> undone(RowId after, std::size_t limit,
                                         std::string_view case_key = {}) = 0;
  /// The same for one partition.
  virtual std::vector<JournalRow> undone_in(int partition, RowId after, std::size_t limit) = 0;
  /// By due, order, case, kind, name, serial; `after`: only those behind it in this order.
  virtual std::vector<TimerRow> due(Instant until, std::size_t limit,
                                    const TimerRow* after = nullptr) = 0;
  virtual std::optional<Instant> next_due() = 0;
  virtual std::optional<OutboxRow> find_outbox(std::string_view id) = 0;
  /// Rows of an endpoint in any of the states ready and sending, sequence > after, in order.
  virtual std::vector<OutboxRow> waiting(std::string_view endpoint, std::int64_t after,
                                         std::size_t limit) = 0;
  /// Rows in any of the states ready, sending and unknown, after < sequence ≤ until, in order.
  virtual std::vector<OutboxRow> undecided(std::int64_t after, std::int64_t until) = 0;
  virtual std::vector<OutboxRow> outbox_of(std::string_view case_key) = 0;
  virtual std::vector<CaseRow> cases(const CaseFilter& filter) = 0;
  virtual std::vector<AuditRow> timeline(std::string_view case_key, std::int64_t after,
                                         std::size_t limit) = 0;
  virtual std::vector<TaskRow> tasks(std::optional<TaskState> state, std::string_view case_key,
                                     std::string_view after_id, std::size_t limit) = 0;
  virtual std::optional<TaskRow> find_task(std::string_view id) = 0;
  virtual std::vector<DeadLetterRow> dead_letters(std::optional<DeadLetterState> state,
                                                  std::int64_t after, std::size_t limit) = 0;
  virtual std::optional<DeadLetterRow> find_dead_letter(std::int64_t id) = 0;
  /// The whole log, of all partitions: rows with id > after, in order.
  virtual std::vector<AuditRow> audit_rows(std::int64_t after, std::size_t limit) = 0;
  virtual std::vector<AuditHead> audit_heads() = 0;  ///< by partition
  virtual std::optional<SnapshotRow> find_snapshot(std::string_view hash) = 0;
  virtual std::vector<std::string> snapshots() = 0;  ///< the hashes, in order
  /// By hash and process. Costs a look-up for each, however many cases there are.
  virtual std::vector<SnapshotUse> snapshot_uses() = 0;
  /// By hash, route, endpoint and operation. Costs the backlog.
  virtual std::vector<OutboxUse> outbox_uses() = 0;
  /// Of the open cases of a process that began with a configuration: how many; and the keys after
  /// `after_key`, in order.
  virtual std::int64_t count_cases_of(std::string_view hash, std::string_view process) = 0;
  virtual std::vector<std::string> cases_of(std::string_view hash, std::string_view process,
                                            std::string_view after_key, std::size_t limit) = 0;
  /// Those with `working`, by case, kind, name and serial; `after`: the last of the page before.
  virtual std::vector<TimerRow> working_timers(std::size_t limit,
                                               const TimerRow* after = nullptr) = 0;
  virtual std::map<std::string, std::string> settings() = 0;
  /// Names the place where the store is, so that a copy elsewhere is known as one; empty: of this
  /// kind a place says nothing.
  virtual std::string home() { return {}; }
  /// journal_undone, outbox_ready, outbox_sending, cases_open, tasks_open, dead_letters_open,
  /// timers, wal_bytes; journal_rows, outbox_rows and audit_rows: the highest id, so all that were
  /// ever written.
  virtual std::map<std::string, std::int64_t> counts() = 0;
};

}  // namespace masar::store
