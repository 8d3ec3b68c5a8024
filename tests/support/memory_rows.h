#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/store/group_plan.h"
#include "core/store/store.h"

namespace masar::testing {

/// The tables of a store in memory, as FORMAT.md has them, with the indexes that a hub needs. They
/// outlive the store that is opened on them, as a disk outlives a process. Not synchronised.
struct MemoryRows {
  using TimerKey = store::GroupPlan::TimerKey;
  struct Task {
    store::TaskRow row;
    std::int64_t number = 0;  ///< order of asking
  };
  struct Personal {
    std::string salt;
    std::string content;
  };

  std::map<store::RowId, store::JournalRow> journal;
  std::map<store::GroupPlan::Triple, store::KeyRow> keys;  ///< by endpoint, name, value
  std::map<std::string, store::CaseRow> cases;
  std::map<store::GroupPlan::Pair, store::AliasRow> aliases;  ///< by name, value
  std::map<TimerKey, store::TimerRow> timers;
  std::map<std::string, Task> tasks;
  std::map<std::int64_t, store::OutboxRow> outbox;  ///< by sequence
  std::map<store::RowId, store::ReplyRow> replies;
  std::map<std::int64_t, store::DeadLetterRow> dead_letters;
  std::map<std::int64_t, store::AuditRow> audit;
  std::map<std::int64_t, Personal> personal;  ///< by audit row
  std::map<int, store::AuditHead> heads;
  std::map<std::string, store::SnapshotRow> snapshots;
  std::map<std::string, std::string> settings;
  std::map<std::string, std::int64_t> series;
  Instant stamp{};              ///< the last that was given with something written
  std::int64_t tasks_asked = 0;

  // Indexes.
  std::set<store::RowId> undone;
  std::set<std::tuple<store::RowId, int, store::RowId>> parts;  ///< envelope, part, id
  std::set<std::pair<store::RowId, store::RowId>> anew;         ///< origin, id
  std::set<std::tuple<Instant, int, TimerKey>> due;             ///< due, order
  std::unordered_map<std::string, std::int64_t> sequences;      ///< of effects, by id
  std::set<std::pair<std::string, std::int64_t>> waiting;       ///< endpoint, sequence
  std::set<std::pair<std::string, std::int64_t>> of_case;       ///< case key, sequence
  std::map<std::string, std::vector<std::int64_t>> timelines;  ///< case key → audit rows
  std::map<store::GroupPlan::Pair, std::set<std::string>> held;  ///< case key, alias → values
  /// Of open tasks: case key, order of asking, id.
  std::set<std::tuple<std::string, std::int64_t, std::string>> open_tasks;

  void put(store::JournalRow row);
  void put(store::OutboxRow row);  ///< of an id that is there: instead of that one
  void put(const store::TimerRow& row);
  void put(const store::TaskRow& row);
  void set_state(store::RowId journal, store::JournalState state);
  void put(const store::AliasRow& row);
  void erase_alias(const store::GroupPlan::Pair& alias);
  void erase_journal(store::RowId id);
  void erase_outbox(std::int64_t sequence);
  void erase_timer(const TimerKey& key);
  void erase_tasks(const std::string& case_key);
  /// The rows of a plan, which are taken out of its transactions, and the heads of the audit chains
  /// that it changed.
  void write(const store::GroupPlan& plan, const std::vector<store::AuditHead>& heads);
  store::Swept sweep(const store::Sweep& sweep);

 private:
  void change(store::OutboxRow& row, const store::GroupPlan::Effect& effect);
  void write_outbox(const store::GroupPlan& plan);
  void write_audit(const store::GroupPlan& plan, const std::vector<store::AuditHead>& heads);
  void write_snapshots(const store::GroupPlan& plan);
};

}  // namespace masar::testing
