#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/store/store.h"

namespace masar::store {

// What every kind of store does with the rows of a transaction before it writes them.

/// Thrown where a transaction contradicts what is stored, and will again.
struct Conflict {
  std::string what;  ///< as Commit::conflict
  std::string name;
  std::string value;
};

/// The next ids. Put back by who rolls back, so that ids have no gaps.
struct RowCounters {
  std::int64_t journal = 1;
  std::int64_t outbox = 1;
  std::int64_t dead_letter = 1;
  std::int64_t audit = 1;
  std::size_t links = 0;  ///< of the audit chain in this group
};

/// Gives a member of a row another value for as long as the row is written: written again, in a
/// group that is redone, it must start from what its caller gave.
template <typename Value>
class Lent {
 public:
  Lent(Value& member, Value value) : member_(member), given_(std::exchange(member, value)) {}
  ~Lent() { member_ = given_; }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

 private:
  Value& member_;
  Value given_;
};

/// Makes of an effect, a row or what a plan knows of one, what an update makes of it.
template <typename Effect>
void apply(const OutboxUpdate& update, Instant stamp, Effect& effect) {
  const bool lost_sight =
      update.to == OutboxState::unavailable || update.to == OutboxState::unknown;
  // What was reported as delivered is neither unavailable nor unknown afterwards.
  effect.state = lost_sight && effect.report == "delivered" ? OutboxState::delivered : update.to;
  effect.changed = stamp;
  effect.attempts = update.attempts;
  effect.code = update.code;
  effect.text = update.text;
  if (!update.reply.empty()) effect.reply = update.reply;
  if (!update.report.empty()) effect.report = update.report;
}

inline Instant or_stamp(Instant at, Instant stamp) { return at == Instant{} ? stamp : at; }

inline RowId journal_id(const Commit& commit, int index) {
  if (index < 0 || static_cast<std::size_t>(index) >= commit.journal_ids.size()) {
    throw Error(ErrorKind::internal, "bad-transaction",
                "store: a row names a journal row that its transaction does not have");
  }
  return commit.journal_ids[static_cast<std::size_t>(index)];
}

/// The journal rows' ids, and the stamp of them all.
inline void number_journal(Transaction& transaction, Commit& commit, RowCounters& counters) {
  for (JournalRow& row : transaction.journal) {
    row.id = counters.journal++;
    row.stamp = commit.stamp;
    commit.journal_ids.push_back(row.id);
    commit.stamps.push_back(row.stamp);
  }
}

/// The place among its transaction's dead letters of the one that a task stands for; −1: of none.
inline int letter_index(const TaskRow& row, const Transaction& transaction) {
  if (row.dead_letter_index >= static_cast<int>(transaction.dead_letters.size())) {
    throw Error(ErrorKind::internal, "bad-transaction",
                "store: a task names a dead letter that its transaction does not have");
  }
  return row.dead_letter_index;
}

/// A commit that says that its transaction stands against what is stored, or against reason.
inline void refuse(Commit& commit, const Conflict& conflict, std::string error = {}) {
  const Instant stamp = commit.stamp;
  commit = {};
  commit.stamp = stamp;
  commit.status = CommitStatus::conflict;
  commit.conflict = conflict.what;
  commit.conflict_name = conflict.name;
  commit.conflict_value = conflict.value;
  commit.error = std::move(error);
}

}  // namespace masar::store
