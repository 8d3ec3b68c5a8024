#include "tests/support/memory_rows.h"

#include <algorithm>

namespace masar::testing {

using namespace store;

namespace {

bool waits(const OutboxRow& row) { return row.state <= OutboxState::sending; }

MemoryRows::TimerKey key_of(const TimerRow& row) {
  return {row.case_key, static_cast<int>(row.kind), row.name, row.serial};
}

}  // namespace

void MemoryRows::put(JournalRow row) {
  if (row.state == JournalState::undone) undone.insert(row.id);
  if (row.envelope > 0) parts.emplace(row.envelope, row.part, row.id);
  if (row.origin > 0) anew.emplace(row.origin, row.id);
  const RowId id = row.id;
  journal.insert_or_assign(journal.end(), id, std::move(row));
}

void MemoryRows::set_state(RowId id, JournalState state) {
  journal.at(id).state = state;
  if (state == JournalState::undone) {
    undone.insert(id);
  } else {
    undone.erase(id);
  }
}

void MemoryRows::put(const AliasRow& row) {
  const GroupPlan::Pair alias(row.name, row.value);
  erase_alias(alias);
  held[{row.case_key, row.name}].insert(row.value);
  aliases.emplace(alias, row);
}

void MemoryRows::erase_alias(const GroupPlan::Pair& alias) {
  const auto row = aliases.find(alias);
  if (row == aliases.end()) return;
  const auto values = held.find({row->second.case_key, alias.first});
  values->second.erase(alias.second);
  if (values->second.empty()) held.erase(values);
  aliases.erase(row);
}

void MemoryRows::erase_journal(RowId id) {
  const JournalRow& row = journal.at(id);
  parts.erase({row.envelope, row.part, id});
  anew.erase({row.origin, id});
  undone.erase(id);
  journal.erase(id);
}

void MemoryRows::put(OutboxRow row) {
  if (const auto before = sequences.find(row.id); before != sequences.end())
    erase_outbox(before->second);
  sequences.emplace(row.id, row.sequence);
  of_case.emplace(row.case_key, row.sequence);
  if (waits(row)) waiting.emplace(row.endpoint, row.sequence);
  const std::int64_t sequence = row.sequence;
  outbox.emplace_hint(outbox.end(), sequence, std::move(row));
}

// A row that stays in its place changes in nothing that an index has, but in what it waits for.
void MemoryRows::change(OutboxRow& row, const GroupPlan::Effect& effect) {
  const bool waited = waits(row);
  effect.update(row);
  if (waits(row) == waited) return;
  if (waited) {
    waiting.erase({row.endpoint, row.sequence});
  } else {
    waiting.emplace(row.endpoint, row.sequence);
  }
}

void MemoryRows::erase_outbox(std::int64_t sequence) {
  const auto row = outbox.find(sequence);
  sequences.erase(row->second.id);
  of_case.erase({row->second.case_key, sequence});
  waiting.erase({row->second.endpoint, sequence});
  outbox.erase(row);
}

void MemoryRows::put(const TimerRow& row) {
  const TimerKey key = key_of(row);
  erase_timer(key);
  due.emplace(row.due, row.order, key);
  timers.emplace(key, row);
}

void MemoryRows::erase_timer(const TimerKey& key) {
  const auto row = timers.find(key);
  if (row == timers.end()) return;
  due.erase({row->second.due, row->second.order, key});
  timers.erase(row);
}

void MemoryRows::put(const TaskRow& row) {
  const auto [task, is_new] = tasks.try_emplace(row.id);
  if (is_new) task->second.number = ++tasks_asked;
  task->second.row = row;
  task->second.row.dead_letter_index = -1;
  if (row.state == TaskState::open) {
    open_tasks.emplace(row.case_key, task->second.number, row.id);
  } else {
    open_tasks.erase({row.case_key, task->second.number, row.id});
  }
}

void MemoryRows::erase_tasks(const std::string& case_key) {
  std::erase_if(tasks, [&](const auto& entry) { return entry.second.row.case_key == case_key; });
  std::erase_if(open_tasks, [&](const auto& entry) { return std::get<0>(entry) == case_key; });
}

void MemoryRows::write(const GroupPlan& plan, const std::vector<AuditHead>& changed) {
  for (const GroupPlan::Journal& entry : plan.journal) {
    JournalRow& row = *entry.row;
    row.envelope = entry.envelope;
    put(std::move(row));
  }
  for (const auto& [key, state] : plan.keys.changed()) {
    keys.insert_or_assign(*key, *state->row).first->second.journal_index = 0;
  }
  for (const auto& [key, state] : plan.cases.changed()) cases.insert_or_assign(*key, *state->row);
  for (const auto& [alias, holder] : plan.aliases.changed()) {
    if (holder->case_key.empty()) {
      erase_alias(*alias);
    } else {
      put(AliasRow{alias->first, alias->second, holder->case_key, holder->partition});
    }
  }
  for (const auto& [key, row] : plan.timers) {
    if (row == nullptr) {
      erase_timer(key);
    } else {
      put(*row);
    }
  }
  for (const GroupPlan::Task& task : plan.tasks) {
    task.row->effect = task.effect;
    put(*task.row);
  }
  write_outbox(plan);
  for (const auto& [id, row] : plan.replies)
    replies.insert_or_assign(id, ReplyRow{id, row->code, row->body});
  for (const auto& [row, at] : plan.dead_letters) {
    const std::int64_t id = row->id;
    DeadLetterRow& letter = dead_letters.emplace(id, std::move(*row)).first->second;
    letter.at = at;
    letter.journal_index = -1;
  }
  for (const auto& [id, state] : plan.letter_states.changed()) dead_letters.at(*id).state = *state;
  write_audit(plan, changed);
  write_snapshots(plan);
  for (const auto& [id, mark] : plan.marks) {
    if (!journal.contains(id)) continue;
    set_state(id, mark->state);
    journal.at(id).inputs = mark->inputs;
  }
  for (const auto& [id, more] : plan.attempts_counted) {
    if (const auto row = journal.find(id); row != journal.end()) row->second.attempts += more;
  }
  for (const auto& [name, value] : plan.settings) {
    if (value.empty()) {
      settings.erase(name);
    } else {
      settings.insert_or_assign(name, value);
    }
  }
  for (const auto& [name, next] : plan.series.changed()) series.insert_or_assign(*name, *next);
}

void MemoryRows::write_outbox(const GroupPlan& plan) {
  for (const auto& [id, effect] : plan.outbox.changed()) {
    if (effect->row != nullptr) {
      effect->row->created = effect->created;
      put(std::move(*effect->row));
    }
    change(outbox.at(sequences.at(*id)), *effect);
  }
}

void MemoryRows::write_audit(const GroupPlan& plan, const std::vector<AuditHead>& changed) {
  for (const auto& [given, at] : plan.audit) {
    AuditRow row = std::move(*given);
    row.at = at;
    row.journal_index = -1;
    if (!row.personal.empty()) {
      personal.emplace(row.id,
                       Personal{std::exchange(row.salt, {}), std::exchange(row.personal, {})});
    }
    timelines[row.case_key].push_back(row.id);
    const std::int64_t id = row.id;
    audit.emplace_hint(audit.end(), id, std::move(row));
  }
  for (const AuditHead& head : changed) heads.insert_or_assign(head.partition, head);
}

void MemoryRows::write_snapshots(const GroupPlan& plan) {
  for (const auto& [hash, dated] : plan.snapshots) {
    SnapshotRow row = *dated.row;
    row.created = dated.at;
    snapshots.emplace(hash, std::move(row));
  }
}

}  // namespace masar::testing
