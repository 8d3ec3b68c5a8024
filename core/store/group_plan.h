#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/store/audit_chain.h"
#include "core/store/layered.h"
#include "core/store/row_ids.h"
#include "core/store/store.h"

namespace masar::store {

/// What a group of transactions makes of the rows that it touches, worked out in memory: which
/// transactions stand against what is stored or against one before them, which ids they get, and
/// each row's state in the end. For a database that takes a whole group as sets of rows and cannot
/// undo one transaction of it alone. What it must know it is told first. Owned by the writer for
/// one try at a group; points into its transactions.
class GroupPlan {
 public:
  using Pair = std::pair<std::string, std::string>;
  using Triple = std::tuple<std::string, std::string, std::string>;
  using TimerKey = std::tuple<std::string, int, std::string, std::int64_t>;

  /// What the transactions depend on: to be looked up in the database.
  struct Wanted {
    std::set<Triple> keys;  ///< endpoint, name, value
    std::set<std::string> cases;
    std::set<Pair> aliases;        ///< name, value
    std::set<Pair> aliases_ended;  ///< case key, name
    std::set<std::string> outbox;
    std::set<std::int64_t> dead_letters;
    std::set<std::string> series;
    bool empty() const;
  };

  struct Key {
    Instant expires{};
    const KeyRow* row = nullptr;
    bool stored = false;  ///< the database has one of the same name and value
  };
  struct Case {
    std::int64_t stored_version = 0;  ///< 0: not in the database
    std::string stored_search;
    std::int64_t version = 0;
    std::string search;
    const CaseRow* row = nullptr;
  };
  struct Alias {
    std::string stored_case;  ///< who holds it in the database; empty: it has none
    std::string case_key;     ///< empty: nobody holds it
    int partition = 0;
  };
  struct Effect {
    bool stored = false;  ///< the database has the row
    OutboxState stored_state = OutboxState::ready;
    std::int64_t sequence = 0;
    OutboxState state = OutboxState::ready;
    std::string report;
    OutboxRow* row = nullptr;  ///< to be written whole
    Instant created{};
    bool updated = false;  ///< what follows counts
    Instant changed{};
    int attempts = 0;
    std::string code;
    std::string text;
    std::string reply;  ///< empty: unchanged
    /// Makes of the row as it is stored what it is then, but for what is written whole.
    void update(OutboxRow& stored_row) const;
  };
  struct Journal {
    JournalRow* row;
    RowId envelope;
  };
  struct Task {
    TaskRow* row;
    std::string effect;
  };
  template <typename Row>
  struct Dated {
    Row* row;
    Instant at;
  };

  /// `chain` is linked to; whoever drops the plan takes the links back.
  GroupPlan(const RowCounters& counters, AuditChain& chain) : counters_(counters), chain_(chain) {}

  /// Without `made`, nothing that the transaction makes (keys, new cases, aliases, effects): the
  /// plan then takes it that the database has none of the same name.
  static void want(const Transaction& transaction, Wanted& wanted, bool made = true);
  /// An effect that the database has.
  static Effect as_stored(std::int64_t sequence, OutboxState state, std::string report);

  /// All of the transaction, or, where it throws, nothing of it. Fills ids into `transaction` and
  /// `commit` (whose stamp is set). Throws Conflict, Error(internal, "bad-transaction").
  void add(Transaction& transaction, Commit& commit);
  /// add(), or in `commit` why it was refused.
  void add_or_refuse(Transaction& transaction, Commit& commit);

  bool writes() const noexcept { return writes_; }
  const RowCounters& counters() const noexcept { return counters_; }

  // What the database holds, told before the first add(); afterwards what is to be written.
  Layered<Triple, Key> keys;
  Layered<std::string, Case> cases;
  Layered<Pair, Alias> aliases;
  Layered<std::string, Effect> outbox;
  Layered<std::int64_t, DeadLetterState> letter_states;
  Layered<std::string, std::int64_t> series;  ///< the next number

  // What is to be written: the last state of each row.
  std::vector<Journal> journal;
  std::map<TimerKey, const TimerRow*> timers;  ///< null: deleted
  std::vector<Task> tasks;                     ///< in the order of asking, each id once
  std::map<RowId, const ReplyRow*> replies;
  std::vector<Dated<DeadLetterRow>> dead_letters;
  std::vector<Dated<AuditRow>> audit;
  std::map<std::string, Dated<SnapshotRow>> snapshots;
  std::map<RowId, const Transaction::Mark*> marks;
  std::map<RowId, int> attempts_counted;
  std::map<std::string, std::string> settings;  ///< empty: deleted

 private:
  void check(Transaction& transaction, Commit& commit);
  void check_keys(Transaction& transaction, const Commit& commit);
  void check_cases(const Transaction& transaction);
  void check_aliases(const Transaction& transaction);
  void check_outbox(Transaction& transaction, Commit& commit);
  void check_letters(Transaction& transaction, Commit& commit);
  void check_audit(Transaction& transaction, const Commit& commit);
  void take(Transaction& transaction, const Commit& commit);
  void take_journal(Transaction& transaction);
  void take_tasks(Transaction& transaction, const Commit& commit);
  void keep();
  void drop();

  RowCounters counters_;
  AuditChain& chain_;
  std::map<std::string, std::size_t> task_places_;
  bool writes_ = false;
};

}  // namespace masar::store
