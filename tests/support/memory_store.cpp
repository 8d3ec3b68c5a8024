#include "tests/support/memory_store.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "core/store/group_writer.h"
#include "core/store/message_reader.h"
#include "core/store/row_reader.h"
#include "core/store/search_fields.h"

namespace masar::testing {

using namespace store;

void MemoryMachine::commit(const std::function<void()>& write) {
  const bool goes = crash_in_ > 0 && --crash_in_ == 0;
  if (goes && !kept_) crash();
  if (!off_) write();
  if (goes && kept_) crash();
  if (goes && told_) told_();
}

namespace {

template <typename Table>
std::int64_t next_id(const Table& table) {
  return table.empty() ? 1 : table.rbegin()->first + 1;
}

template <typename Table, typename Key>
auto found(const Table& table, const Key& key) {
  const auto row = table.find(key);
  return row == table.end() ? std::nullopt : std::optional(row->second);
}

class MemoryStore final : public Store, private GroupCommitter {
 public:
  MemoryStore(MemoryMachine& machine, const BusinessClock& clock, const GroupSettings& settings)
      : machine_(machine), clock_(clock), rows_(machine.rows()), queue_(settings, *this) {
    counters_.journal = next_id(rows_.journal);
    counters_.outbox = next_id(rows_.outbox);
    counters_.dead_letter = next_id(rows_.dead_letters);
    counters_.audit = next_id(rows_.audit);
    chain_.load(MemoryStore::audit_heads());
    last_stamp_ = rows_.stamp;
    queue_.start();
  }
  ~MemoryStore() override { queue_.stop(); }

  void submit(Transaction transaction, Done done) override {
    queue_.submit(std::move(transaction), std::move(done));
  }
  std::size_t run_writer() override { return queue_.run_once(); }
  void stop() override { queue_.stop(); }
  bool healthy() const override { return true; }

  std::optional<CaseRecord> find_case(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    const auto row = rows_.cases.find(std::string(key));
    if (row == rows_.cases.end()) return std::nullopt;
    CaseRecord record{row->second, {}, {}};
    const int kind = static_cast<int>(TimerKind::deadline);
    for (auto at = rows_.timers.lower_bound({row->first, kind, "", kFirst});
         at != rows_.timers.end() && std::get<0>(at->first) == key &&
         std::get<1>(at->first) == kind;
         ++at) {
      record.deadlines.push_back(at->second);
    }
    std::stable_sort(record.deadlines.begin(), record.deadlines.end(),
                     [](const TimerRow& one, const TimerRow& other) {
                       return std::tie(one.due, one.order) < std::tie(other.due, other.order);
                     });
    for (auto at = rows_.open_tasks.lower_bound({row->first, 0, ""});
         at != rows_.open_tasks.end() && std::get<0>(*at) == key; ++at) {
      record.tasks.push_back(rows_.tasks.at(std::get<2>(*at)).row);
    }
    return record;
  }

  std::optional<std::string> find_case_key(std::string_view key, std::string_view alias) override {
    {
      const std::lock_guard lock(mutex_);
      const bool opening =
          std::any_of(rows_.undone.begin(), rows_.undone.end(),
                      [&](RowId id) { return rows_.journal.at(id).case_key == key; });
      if (opening || rows_.cases.contains(std::string(key))) return std::string(key);
    }
    return find_alias(alias, key);
  }

  std::optional<std::string> find_alias(std::string_view name, std::string_view value) override {
    const std::lock_guard lock(mutex_);
    const auto row = found(rows_.aliases, GroupPlan::Pair(name, value));
    return row ? std::optional(row->case_key) : std::nullopt;
  }

  std::optional<KeyRow> find_key(std::string_view endpoint, std::string_view name,
                                 std::string_view value) override {
    const std::lock_guard lock(mutex_);
    return found(rows_.keys, GroupPlan::Triple(endpoint, name, value));
  }
  std::optional<ReplyRow> find_reply(RowId journal) override {
    const std::lock_guard lock(mutex_);
    return found(rows_.replies, journal);
  }
  std::optional<JournalRow> find_journal(RowId id) override {
    const std::lock_guard lock(mutex_);
    return found(rows_.journal, id);
  }

  std::vector<JournalRow> journal_parts(RowId envelope) override {
    const std::lock_guard lock(mutex_);
    std::vector<JournalRow> rows;
    for (auto at = rows_.parts.lower_bound({envelope, 0, 0});
         at != rows_.parts.end() && std::get<0>(*at) == envelope; ++at) {
      rows.push_back(rows_.journal.at(std::get<2>(*at)));
    }
    return rows;
  }

  RowId journal_before(Instant at) override {
    const std::lock_guard lock(mutex_);
    return last_before(at, next_id(rows_.journal) - 1, [this](RowId after) {
      const auto row = rows_.journal.upper_bound(after);
      return row == rows_.journal.end()
                 ? std::nullopt
                 : std::optional(std::pair(row->first, row->second.stamp));
    });
  }
  std::vector<MessageRow> messages(std::string_view type, RowId after, RowId until,
                                   std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<MessageRow> rows;
    for (auto at = rows_.journal.upper_bound(after);
         at != rows_.journal.end() && at->first <= until && rows.size() < limit; ++at) {
      const JournalRow& row = at->second;
      if (row.kind != JournalKind::message || row.origin != 0 || row.name != type) continue;
      const auto anew = rows_.anew.lower_bound({row.id + 1, 0});  // behind those of this row
      const bool is_anew = anew != rows_.anew.begin() && std::prev(anew)->first == row.id;
      const JournalRow& newest = is_anew ? rows_.journal.at(std::prev(anew)->second) : row;
      rows.push_back({row, found(rows_.replies, row.id), newest.case_key, newest.state});
    }
    return rows;
  }

  std::vector<JournalRow> undone(RowId after, std::size_t limit,
                                 std::string_view case_key) override {
    return undone_rows(after, limit, [&](const JournalRow& row) {
      return case_key.empty() || row.case_key == case_key;
    });
  }
  std::vector<JournalRow> undone_in(int partition, RowId after, std::size_t limit) override {
    return undone_rows(after, limit,
                       [&](const JournalRow& row) { return row.partition == partition; });
  }

  std::vector<TimerRow> due(Instant until, std::size_t limit, const TimerRow* after) override {
    const std::lock_guard lock(mutex_);
    auto at = rows_.due.begin();
    if (after != nullptr) {
      at = rows_.due.upper_bound({after->due, after->order,
                                  MemoryRows::TimerKey(after->case_key,
                                                       static_cast<int>(after->kind), after->name,
                                                       after->serial)});
    }
    std::vector<TimerRow> rows;
    for (; at != rows_.due.end() && std::get<0>(*at) <= until && rows.size() < limit; ++at) {
      rows.push_back(rows_.timers.at(std::get<2>(*at)));
    }
    return rows;
  }
  std::optional<Instant> next_due() override {
    const std::lock_guard lock(mutex_);
    if (rows_.due.empty()) return std::nullopt;
    return std::get<0>(*rows_.due.begin());
  }

  std::optional<OutboxRow> find_outbox(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    const auto sequence = found(rows_.sequences, std::string(id));
    return sequence ? std::optional(rows_.outbox.at(*sequence)) : std::nullopt;
  }
  std::vector<OutboxRow> waiting(std::string_view endpoint, std::int64_t after,
                                 std::size_t limit) override {
    return outbox_rows(rows_.waiting, std::string(endpoint), after, limit);
  }
  std::vector<OutboxRow> undecided(std::int64_t after, std::int64_t until) override {
    return page(rows_.outbox, after, kAll, [until](const OutboxRow& row) {
      return row.sequence <= until && (row.state <= OutboxState::sending ||
                                       row.state == OutboxState::unknown);
    });
  }
  std::vector<OutboxRow> outbox_of(std::string_view case_key) override {
    return outbox_rows(rows_.of_case, std::string(case_key), 0, kAll);
  }

  std::vector<CaseRow> cases(const CaseFilter& filter) override {
    const auto limit = static_cast<std::size_t>(std::clamp(filter.limit, 0, reads::kCasesMax));
    return page(rows_.cases, filter.after_key, limit, [&](const CaseRow& row) {
      const bool searched =
          filter.search.empty() || row.key == filter.search ||
          std::any_of(row.search.begin(), row.search.end(),
                      [&](const auto& field) { return field.second == filter.search; });
      return searched && (filter.state.empty() || row.state == filter.state);
    });
  }

  std::vector<AuditRow> timeline(std::string_view case_key, std::int64_t after,
                                 std::size_t limit) override {
    return whole(timeline_rows(std::string(case_key), after, limit));
  }
  std::vector<AuditRow> audit_rows(std::int64_t after, std::size_t limit) override {
    return whole(page(rows_.audit, after, limit, kAny));
  }
  std::vector<AuditHead> audit_heads() override {
    return page(rows_.heads, -1, kAll, kAny);
  }

  std::vector<TaskRow> tasks(std::optional<TaskState> state, std::string_view case_key,
                             std::string_view after_id, std::size_t limit) override {
    std::vector<TaskRow> rows;
    for (auto& task : page(rows_.tasks, std::string(after_id), limit, [&](const auto& task) {
           return (case_key.empty() || task.row.case_key == case_key) &&
                  (!state || task.row.state == *state);
         })) {
      rows.push_back(std::move(task.row));
    }
    return rows;
  }
  std::optional<TaskRow> find_task(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    const auto task = found(rows_.tasks, std::string(id));
    return task ? std::optional(task->row) : std::nullopt;
  }
  std::vector<DeadLetterRow> dead_letters(std::optional<DeadLetterState> state, std::int64_t after,
                                          std::size_t limit) override {
    return page(rows_.dead_letters, after, limit,
                [&](const DeadLetterRow& row) { return !state || row.state == *state; });
  }
  std::optional<DeadLetterRow> find_dead_letter(std::int64_t id) override {
    const std::lock_guard lock(mutex_);
    return found(rows_.dead_letters, id);
  }

  std::optional<SnapshotRow> find_snapshot(std::string_view hash) override {
    const std::lock_guard lock(mutex_);
    return found(rows_.snapshots, std::string(hash));
  }
  std::vector<std::string> snapshots() override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> hashes;
    for (const auto& [hash, row] : rows_.snapshots) hashes.push_back(hash);
    return hashes;
  }
  std::vector<SnapshotUse> snapshot_uses() override {
    const std::lock_guard lock(mutex_);
    std::map<GroupPlan::Pair, std::string> first;
    for (const auto& [key, row] : rows_.cases) {
      if (!row.ended) first.try_emplace({row.snapshot, row.process}, key);
    }
    std::vector<SnapshotUse> uses;
    for (const auto& [use, key] : first) uses.push_back({use.first, use.second, key});
    return uses;
  }
  std::vector<OutboxUse> outbox_uses() override {
    const std::lock_guard lock(mutex_);
    std::map<std::tuple<std::string, std::string, std::string, std::string>, OutboxUse> uses;
    for (const auto& [endpoint, sequence] : rows_.waiting) {
      const OutboxRow& row = rows_.outbox.at(sequence);
      const auto [use, is_new] = uses.try_emplace(
          {row.snapshot, row.route, endpoint, row.operation},
          OutboxUse{row.snapshot, row.route, endpoint, row.operation, 0, row.case_key});
      ++use->second.rows;
      use->second.case_key = std::min(use->second.case_key, row.case_key);
    }
    std::vector<OutboxUse> all;
    for (auto& [key, use] : uses) all.push_back(std::move(use));
    return all;
  }
  std::int64_t count_cases_of(std::string_view hash, std::string_view process) override {
    return static_cast<std::int64_t>(cases_of(hash, process, {}, kAll).size());
  }
  std::vector<std::string> cases_of(std::string_view hash, std::string_view process,
                                    std::string_view after_key, std::size_t limit) override {
    std::vector<std::string> keys;
    for (auto& row : page(rows_.cases, std::string(after_key), limit, [&](const CaseRow& row) {
           return !row.ended && row.snapshot == hash && row.process == process;
         })) {
      keys.push_back(std::move(row.key));
    }
    return keys;
  }
  std::vector<TimerRow> working_timers(std::size_t limit, const TimerRow* after) override {
    const MemoryRows::TimerKey from =
        after == nullptr ? MemoryRows::TimerKey("", 0, "", kFirst)
                         : MemoryRows::TimerKey(after->case_key, static_cast<int>(after->kind),
                                                after->name, after->serial);
    return page(rows_.timers, from, limit,
                [](const TimerRow& row) { return !row.working.empty(); });
  }
  std::map<std::string, std::string> settings() override {
    const std::lock_guard lock(mutex_);
    return rows_.settings;
  }

  std::map<std::string, std::int64_t> counts() override {
    const std::lock_guard lock(mutex_);
    const auto count = [](const auto& table, const auto& counts) {
      return static_cast<std::int64_t>(std::count_if(table.begin(), table.end(), counts));
    };
    const auto ready = count(rows_.waiting, [this](const auto& place) {
      return rows_.outbox.at(place.second).state == OutboxState::ready;
    });
    return {
        {"journal_undone", static_cast<std::int64_t>(rows_.undone.size())},
        {"outbox_ready", ready},
        {"outbox_sending", static_cast<std::int64_t>(rows_.waiting.size()) - ready},
        {"cases_open", count(rows_.cases, [](const auto& e) { return !e.second.ended; })},
        {"tasks_open", static_cast<std::int64_t>(rows_.open_tasks.size())},
        {"dead_letters_open",
         count(rows_.dead_letters,
               [](const auto& e) { return e.second.state == DeadLetterState::open; })},
        {"timers", static_cast<std::int64_t>(rows_.timers.size())},
        {"journal_rows", next_id(rows_.journal) - 1},
        {"outbox_rows", next_id(rows_.outbox) - 1},
        {"audit_rows", next_id(rows_.audit) - 1},
        {"wal_bytes", 0}};
  }

 private:
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  static constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
  static constexpr auto kAny = [](const auto&) { return true; };

  std::size_t commit(std::span<Pending> group) override {
    GroupPlan::Wanted wanted;
    for (const Pending& pending : group) GroupPlan::want(pending.transaction, wanted);
    GroupPlan plan(counters_, chain_);
    look_up(wanted, plan);
    for (Pending& pending : group) {
      pending.commit = {};
      pending.commit.stamp = last_stamp_ = std::max(last_stamp_, clock_.now());
      pending.commit.swept.resize(pending.transaction.sweeps.size());
      plan.add_or_refuse(pending.transaction, pending.commit);
    }
    if (plan.writes()) machine_.commit([&] { write(plan, group); });
    counters_ = plan.counters();
    counters_.links = 0;
    chain_.committed();
    return group.size();
  }
  const std::string& last_error() const override { return no_error_; }

  void write(const GroupPlan& plan, std::span<Pending> group) {
    const std::lock_guard lock(mutex_);
    rows_.write(plan, chain_.changed());
    rows_.stamp = last_stamp_;
    for (Pending& pending : group) {
      if (pending.commit.status != CommitStatus::committed) continue;
      const auto& sweeps = pending.transaction.sweeps;
      std::transform(sweeps.begin(), sweeps.end(), pending.commit.swept.begin(),
                     [this](const Sweep& sweep) { return rows_.sweep(sweep); });
    }
  }

  // Only the writer changes the rows, and this is its thread.
  void look_up(const GroupPlan::Wanted& wanted, GroupPlan& plan) const {
    for (const auto& key : wanted.keys) {
      if (const auto row = rows_.keys.find(key); row != rows_.keys.end())
        plan.keys.know(key, {row->second.expires});
    }
    for (const auto& key : wanted.cases) {
      const auto row = rows_.cases.find(key);
      if (row == rows_.cases.end()) continue;
      const std::string search = encode_search(row->second.search);
      plan.cases.know(key, {row->second.version, search, row->second.version, search});
    }
    for (const auto& alias : wanted.aliases) {
      if (const auto row = rows_.aliases.find(alias); row != rows_.aliases.end())
        plan.aliases.know(
            alias, {row->second.case_key, row->second.case_key, row->second.partition});
    }
    for (const auto& [case_key, name] : wanted.aliases_ended) {
      const auto values = rows_.held.find({case_key, name});
      if (values == rows_.held.end()) continue;
      for (const auto& value : values->second) {
        const GroupPlan::Pair alias(name, value);
        plan.aliases.know(alias, {case_key, case_key, rows_.aliases.at(alias).partition});
      }
    }
    for (const auto& id : wanted.outbox) {
      const auto sequence = rows_.sequences.find(id);
      if (sequence == rows_.sequences.end()) continue;
      const OutboxRow& row = rows_.outbox.at(sequence->second);
      plan.outbox.know(id, GroupPlan::as_stored(row.sequence, row.state, row.report));
    }
    for (const auto id : wanted.dead_letters) {
      if (const auto row = rows_.dead_letters.find(id); row != rows_.dead_letters.end())
        plan.letter_states.know(id, row->second.state);
    }
    for (const auto& name : wanted.series) {
      if (const auto next = rows_.series.find(name); next != rows_.series.end())
        plan.series.know(name, next->second);
    }
  }

  // Rows of a table behind a key, in order, of those that are wanted.
  template <typename Table, typename Wanted>
  std::vector<typename Table::mapped_type> page(const Table& table,
                                                const typename Table::key_type& after,
                                                std::size_t limit, const Wanted& wanted) {
    const std::lock_guard lock(mutex_);
    std::vector<typename Table::mapped_type> rows;
    for (auto at = table.upper_bound(after); at != table.end() && rows.size() < limit; ++at) {
      if (wanted(at->second)) rows.push_back(at->second);
    }
    return rows;
  }

  template <typename Wanted>
  std::vector<JournalRow> undone_rows(RowId after, std::size_t limit, const Wanted& wanted) {
    const std::lock_guard lock(mutex_);
    std::vector<JournalRow> rows;
    for (auto at = rows_.undone.upper_bound(after); at != rows_.undone.end() && rows.size() < limit;
         ++at) {
      const JournalRow& row = rows_.journal.at(*at);
      if (wanted(row)) rows.push_back(row);
    }
    return rows;
  }

  std::vector<OutboxRow> outbox_rows(const std::set<std::pair<std::string, std::int64_t>>& index,
                                     const std::string& of, std::int64_t after, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<OutboxRow> rows;
    for (auto at = index.upper_bound({of, after});
         at != index.end() && at->first == of && rows.size() < limit; ++at) {
      rows.push_back(rows_.outbox.at(at->second));
    }
    return rows;
  }

  std::vector<AuditRow> timeline_rows(const std::string& of, std::int64_t after,
                                      std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<AuditRow> rows;
    const auto ids = rows_.timelines.find(of);
    if (ids == rows_.timelines.end()) return rows;
    for (auto id = std::upper_bound(ids->second.begin(), ids->second.end(), after);
         id != ids->second.end() && rows.size() < limit; ++id) {
      rows.push_back(rows_.audit.at(*id));
    }
    return rows;
  }

  // With what is personal of them.
  std::vector<AuditRow> whole(std::vector<AuditRow> rows) {
    const std::lock_guard lock(mutex_);
    for (AuditRow& row : rows) {
      const auto personal = rows_.personal.find(row.id);
      if (personal == rows_.personal.end()) continue;
      row.salt = personal->second.salt;
      row.personal = personal->second.content;
    }
    return rows;
  }

  MemoryMachine& machine_;
  const BusinessClock& clock_;
  const std::string no_error_;

  std::mutex mutex_;  // what stands in rows_
  MemoryRows& rows_;

  // The writer's thread only.
  RowCounters counters_;
  AuditChain chain_;
  Instant last_stamp_{};

  GroupWriter queue_;  // last: its thread uses all of the above
};

}  // namespace

std::unique_ptr<Store> open_memory_store(MemoryMachine& machine, const BusinessClock& clock,
                                         const GroupSettings& settings) {
  return std::make_unique<MemoryStore>(machine, clock, settings);
}

}  // namespace masar::testing
