// What retention removes from the rows in memory: FORMAT.md, "Retention".
#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "core/store/search_fields.h"
#include "tests/support/memory_rows.h"

namespace masar::testing {

using namespace store;

namespace {

class MemorySweeper {
 public:
  MemorySweeper(MemoryRows& rows, const Sweep& sweep) : rows_(rows), sweep_(sweep) {}

  Swept run() {
    switch (sweep_.kind) {
      case SweepKind::messages: messages(); break;
      case SweepKind::effects: effects(); break;
      case SweepKind::replies: replies(); break;
      case SweepKind::journal: journal(); break;
      case SweepKind::personal: personal(); break;
      case SweepKind::dead_letters: dead_letters(); break;
      case SweepKind::cases: cases(); break;
      case SweepKind::keys: keys(); break;
      case SweepKind::snapshots: snapshot(); break;
    }
    return swept_;
  }

 private:
  // The next rows of a table with numbers for keys, to the first that came later than what goes.
  // `remove` says whether it removed the row.
  template <typename Table, typename At, typename Remove>
  void old_rows(Table& table, const At& at, const Remove& remove) {
    std::int64_t id = 0;
    std::from_chars(sweep_.after.data(), sweep_.after.data() + sweep_.after.size(), id);
    for (std::size_t count = 0; count < sweep_.limit; ++count) {
      const auto row = table.upper_bound(id);
      if (row == table.end() || at(*row) >= sweep_.before) return;
      id = row->first;
      if (remove(id, row->second)) ++swept_.removed;
      swept_.last = std::to_string(id);
    }
    swept_.after = swept_.last;
  }

  static void empty(JournalRow& row) {
    row.headers.clear();
    row.inputs.clear();
    row.payload.clear();
  }

  void messages() {
    old_rows(
        rows_.journal, [](const auto& row) { return row.second.stamp; },
        [](RowId, JournalRow& row) {
          if (row.state != JournalState::done) return false;
          empty(row);
          return true;
        });
  }

  void effects() {
    old_rows(
        rows_.outbox, [](const auto& row) { return row.second.created; },
        [](std::int64_t, OutboxRow& row) {
          if (row.state <= OutboxState::sending) return false;
          row.headers.clear();
          row.reply.clear();
          row.body.clear();
          return true;
        });
  }

  void replies() {
    old_rows(
        rows_.replies,
        [this](const auto& row) {
          const auto message = rows_.journal.find(row.first);
          return message == rows_.journal.end() ? Instant{} : message->second.stamp;
        },
        [this](RowId id, const ReplyRow&) { return rows_.replies.erase(id) > 0; });
  }

  void journal() {
    old_rows(
        rows_.journal, [](const auto& row) { return row.second.stamp; },
        [this](RowId id, const JournalRow& row) {
          if (row.state != JournalState::done || id == rows_.journal.rbegin()->first) return false;
          rows_.erase_journal(id);
          return true;
        });
  }

  void personal() {
    old_rows(
        rows_.personal, [this](const auto& row) { return rows_.audit.at(row.first).at; },
        [this](std::int64_t id, const auto&) { return rows_.personal.erase(id) > 0; });
  }

  void dead_letters() {
    old_rows(
        rows_.dead_letters, [](const auto& row) { return row.second.at; },
        [this](std::int64_t id, DeadLetterRow& row) {
          if (row.state == DeadLetterState::open) return false;
          if (const auto message = rows_.journal.find(row.journal);
              message != rows_.journal.end()) {
            if (message->second.state == JournalState::dead)
              rows_.set_state(row.journal, JournalState::done);
            empty(message->second);
          }
          row.original.clear();
          row.at_step.clear();
          if (id != rows_.dead_letters.rbegin()->first) rows_.dead_letters.erase(id);
          return true;
        });
  }

  void cases() {
    for (std::size_t count = 0; count < sweep_.limit; ++count) {
      const auto found = rows_.cases.upper_bound(swept_.last.empty() ? sweep_.after : swept_.last);
      if (found == rows_.cases.end()) return;
      swept_.last = found->first;
      const auto& ended = found->second.ended;
      if (ended && *ended < sweep_.before && remove_case(swept_.last)) ++swept_.removed;
    }
    swept_.after = swept_.last;
  }

  bool remove_case(const std::string& key) {
    const auto asks = rows_.open_tasks.lower_bound({key, 0, ""});
    if (asks != rows_.open_tasks.end() && std::get<0>(*asks) == key) return false;
    std::vector<std::int64_t> effects;
    for (auto at = rows_.of_case.lower_bound({key, 0});
         at != rows_.of_case.end() && at->first == key; ++at) {
      if (rows_.outbox.at(at->second).state <= OutboxState::sending) return false;
      effects.push_back(at->second);
    }
    for (auto at = rows_.held.lower_bound({key, ""});
         at != rows_.held.end() && at->first.first == key; at = rows_.held.erase(at)) {
      for (const auto& value : at->second) rows_.aliases.erase({at->first.second, value});
    }
    const auto timer = [&] { return rows_.timers.lower_bound({key, 0, "", 0}); };
    for (auto at = timer(); at != rows_.timers.end() && std::get<0>(at->first) == key; at = timer())
      rows_.erase_timer(at->first);
    rows_.erase_tasks(key);
    for (const std::int64_t sequence : effects) {
      if (sequence != rows_.outbox.rbegin()->first) rows_.erase_outbox(sequence);
    }
    rows_.cases.erase(key);
    return true;
  }

  void keys() {
    std::optional<GroupPlan::Triple> after;
    if (!sweep_.after.empty()) {
      const auto place = decode_search(sweep_.after);
      after.emplace(place.at(0).first, place.at(0).second, place.at(1).first);
    }
    auto at = after ? rows_.keys.upper_bound(*after) : rows_.keys.begin();
    auto last = rows_.keys.end();
    std::vector<decltype(at)> expired;
    std::size_t count = 0;
    for (; at != rows_.keys.end() && count < sweep_.limit; ++at, ++count) {
      if (at->second.expires <= sweep_.before) expired.push_back(at);
      last = at;
    }
    if (count == 0) return;
    const KeyRow& row = last->second;
    swept_.last = encode_search({{row.endpoint, row.name}, {row.value, ""}});
    if (count == sweep_.limit) swept_.after = swept_.last;
    for (const auto& one : expired) rows_.keys.erase(one);
    swept_.removed += static_cast<std::int64_t>(expired.size());
  }

  bool is_of(const std::string& effect) const {
    const auto sequence = rows_.sequences.find(effect);
    return sequence != rows_.sequences.end() &&
           rows_.outbox.at(sequence->second).snapshot == sweep_.snapshot;
  }

  bool is_used() const {
    const std::string& hash = sweep_.snapshot;
    for (const auto& [key, row] : rows_.cases) {
      if (!row.ended && row.snapshot == hash) return true;
    }
    for (const auto& [sequence, row] : rows_.outbox) {
      if (row.state <= OutboxState::sending && row.snapshot == hash) return true;
    }
    for (const RowId id : rows_.undone) {
      const JournalRow& row = rows_.journal.at(id);
      if (row.snapshot == hash || is_of(row.effect)) return true;
    }
    for (const auto& [id, row] : rows_.dead_letters) {
      if (row.state != DeadLetterState::open) continue;
      const auto message = rows_.journal.find(row.journal);
      if (row.snapshot == hash) return true;
      if (message != rows_.journal.end() && is_of(message->second.effect)) return true;
    }
    for (const auto& [id, task] : rows_.tasks) {
      if (task.row.state != TaskState::open) continue;
      const auto of = rows_.cases.find(task.row.case_key);
      if (of != rows_.cases.end() && of->second.snapshot == hash) return true;
    }
    return false;
  }

  void snapshot() {
    if (!is_used() && rows_.snapshots.erase(sweep_.snapshot) > 0) ++swept_.removed;
  }

  MemoryRows& rows_;
  const Sweep& sweep_;
  Swept swept_;
};

}  // namespace

Swept MemoryRows::sweep(const Sweep& sweep) { return MemorySweeper(*this, sweep).run(); }

}  // namespace masar::testing
