#include "core/store/group_plan.h"

#include <algorithm>
#include <utility>

#include "core/store/search_fields.h"

namespace masar::store {
namespace {

GroupPlan::Triple key_of(const KeyRow& row) { return {row.endpoint, row.name, row.value}; }

GroupPlan::TimerKey key_of(const TimerRow& row) {
  return {row.case_key, static_cast<int>(row.kind), row.name, row.serial};
}

bool has_rows(const Transaction& t) {
  return !(t.journal.empty() && t.keys.empty() && t.cases.empty() && t.aliases_ended.empty() &&
           t.aliases.empty() && t.timers_cleared.empty() && t.timers.empty() && t.tasks.empty() &&
           t.outbox.empty() && t.outbox_updates.empty() && t.replies.empty() &&
           t.dead_letters.empty() && t.dead_letter_states.empty() && t.audit.empty() &&
           t.snapshots.empty() && t.marks.empty() && t.attempts_counted.empty() &&
           t.settings.empty() && t.series.empty() && t.sweeps.empty());
}

}  // namespace

bool GroupPlan::Wanted::empty() const {
  return keys.empty() && cases.empty() && aliases.empty() && aliases_ended.empty() &&
         outbox.empty() && dead_letters.empty() && series.empty();
}

void GroupPlan::want(const Transaction& transaction, Wanted& wanted, bool made) {
  for (const CaseRow& row : transaction.cases) {
    if (made || row.version > 1) wanted.cases.insert(row.key);
  }
  for (const auto& [name, case_key] : transaction.aliases_ended) {
    wanted.aliases_ended.emplace(case_key, name);
  }
  for (const OutboxUpdate& update : transaction.outbox_updates) wanted.outbox.insert(update.id);
  for (const auto& [id, state] : transaction.dead_letter_states) wanted.dead_letters.insert(id);
  for (const auto& [name, count] : transaction.series) wanted.series.insert(name);
  if (!made) return;
  for (const KeyRow& row : transaction.keys) wanted.keys.insert(key_of(row));
  for (const AliasRow& row : transaction.aliases) wanted.aliases.emplace(row.name, row.value);
  for (const OutboxRow& row : transaction.outbox) wanted.outbox.insert(row.id);
}

GroupPlan::Effect GroupPlan::as_stored(std::int64_t sequence, OutboxState state,
                                       std::string report) {
  Effect effect;
  effect.stored = true;
  effect.stored_state = effect.state = state;
  effect.sequence = sequence;
  effect.report = std::move(report);
  return effect;
}

void GroupPlan::Effect::update(OutboxRow& stored_row) const {
  stored_row.state = state;
  stored_row.report = report;
  stored_row.changed = changed;
  if (!updated) return;
  stored_row.attempts = attempts;
  stored_row.code = code;
  stored_row.text = text;
  if (!reply.empty()) stored_row.reply = reply;
}

void GroupPlan::add(Transaction& transaction, Commit& commit) {
  const RowCounters before = counters_;
  try {
    check(transaction, commit);
  } catch (...) {
    counters_ = before;
    chain_.undo(before.links);
    drop();
    throw;
  }
  keep();
  take(transaction, commit);
  writes_ = writes_ || has_rows(transaction);
}

void GroupPlan::add_or_refuse(Transaction& transaction, Commit& commit) {
  try {
    add(transaction, commit);
  } catch (const Conflict& conflict) {
    refuse(commit, conflict);
  } catch (const Error& error) {
    refuse(commit, {"constraint", {}, {}}, error.what());
  }
}

/// Everything that can refuse the transaction; what it changes stays in the newest layer.
void GroupPlan::check(Transaction& transaction, Commit& commit) {
  number_journal(transaction, commit, counters_);
  check_keys(transaction, commit);
  check_cases(transaction);
  check_aliases(transaction);
  check_outbox(transaction, commit);
  for (ReplyRow& row : transaction.replies) {
    if (row.journal_index >= 0) row.journal = journal_id(commit, row.journal_index);
  }
  check_letters(transaction, commit);
  check_audit(transaction, commit);
  for (const auto& [name, count] : transaction.series) {
    std::int64_t& next = series.change(name);
    const std::int64_t first = next == 0 ? 1 : next;
    commit.series_first.push_back(first);
    next = first + count;
  }
}

void GroupPlan::check_keys(Transaction& transaction, const Commit& commit) {
  for (KeyRow& row : transaction.keys) {
    if (row.journal_index >= 0) row.journal = journal_id(commit, row.journal_index);
    const Key* stored = keys.find(key_of(row));
    if (stored != nullptr && stored->expires > commit.stamp) {
      throw Conflict{"key", row.name, row.value};
    }
    keys.change(key_of(row)) = {row.expires, &row, stored != nullptr && stored->stored};
  }
}

void GroupPlan::check_cases(const Transaction& transaction) {
  for (const CaseRow& row : transaction.cases) {
    Case& stored = cases.change(row.key);
    if (stored.version != row.version - 1) throw Conflict{"case", {}, row.key};
    stored.version = row.version;
    stored.search = encode_search(row.search);
    stored.row = &row;
  }
}

void GroupPlan::check_aliases(const Transaction& transaction) {
  for (const auto& [name, case_key] : transaction.aliases_ended) {
    std::vector<Pair> ended;
    aliases.each([&](const Pair& alias, const Alias& holder) {
      if (alias.first == name && holder.case_key == case_key) ended.push_back(alias);
    });
    for (const Pair& alias : ended) aliases.change(alias).case_key.clear();
  }
  for (const AliasRow& row : transaction.aliases) {
    const Pair alias{row.name, row.value};
    const Alias* holder = aliases.find(alias);
    if (holder == nullptr || holder->case_key.empty()) {
      Alias& taken = aliases.change(alias);
      taken.case_key = row.case_key;
      taken.partition = row.partition;
    } else if (holder->case_key != row.case_key) {
      throw Conflict{"alias", row.name, row.value};
    }
  }
}

void GroupPlan::check_outbox(Transaction& transaction, Commit& commit) {
  for (OutboxRow& row : transaction.outbox) {
    const Effect* stored = outbox.find(row.id);
    if (stored != nullptr && stored->state != OutboxState::failed) {
      row.sequence = stored->sequence;
    } else {
      row.sequence = counters_.outbox++;
      Effect effect;
      effect.stored = stored != nullptr && stored->stored;
      effect.sequence = row.sequence;
      effect.state = row.state;
      effect.report = row.report;
      effect.row = &row;
      effect.created = or_stamp(row.created, commit.stamp);
      effect.changed = or_stamp(row.changed, commit.stamp);
      outbox.change(row.id) = std::move(effect);
    }
    commit.outbox_sequences.push_back(row.sequence);
  }
  for (const OutboxUpdate& update : transaction.outbox_updates) {
    const Effect* stored = outbox.find(update.id);
    if (stored == nullptr ||
        std::find(update.from.begin(), update.from.end(), stored->state) == update.from.end()) {
      throw Conflict{"outbox", {}, update.id};
    }
    Effect& effect = outbox.change(update.id);
    effect.updated = true;
    apply(update, commit.stamp, effect);
  }
}

void GroupPlan::check_letters(Transaction& transaction, Commit& commit) {
  for (DeadLetterRow& row : transaction.dead_letters) {
    row.id = counters_.dead_letter++;
    if (row.journal_index >= 0) row.journal = journal_id(commit, row.journal_index);
    commit.dead_letter_ids.push_back(row.id);
  }
  for (const TaskRow& row : transaction.tasks) (void)letter_index(row, transaction);
  for (const auto& [id, state] : transaction.dead_letter_states) {
    const DeadLetterState* stored = letter_states.find(id);
    if (stored == nullptr || *stored != DeadLetterState::open) {
      throw Conflict{"dead-letter", {}, std::to_string(id)};
    }
    letter_states.change(id) = state;
  }
}

void GroupPlan::check_audit(Transaction& transaction, const Commit& commit) {
  for (AuditRow& row : transaction.audit) {
    row.id = counters_.audit++;
    if (row.journal_index >= 0) row.journal = journal_id(commit, row.journal_index);
    const Lent at(row.at, or_stamp(row.at, commit.stamp));
    chain_.link(row);
    counters_.links = chain_.mark();
  }
}

/// What cannot refuse it. Later transactions replace what earlier ones of the group have left.
void GroupPlan::take(Transaction& transaction, const Commit& commit) {
  take_journal(transaction);
  for (const TimerRow& row : transaction.timers_cleared) timers[key_of(row)] = nullptr;
  for (const TimerRow& row : transaction.timers) timers[key_of(row)] = &row;
  take_tasks(transaction, commit);
  for (const ReplyRow& row : transaction.replies) replies[row.journal] = &row;
  for (DeadLetterRow& row : transaction.dead_letters) {
    dead_letters.push_back({&row, or_stamp(row.at, commit.stamp)});
  }
  for (AuditRow& row : transaction.audit) audit.push_back({&row, or_stamp(row.at, commit.stamp)});
  for (SnapshotRow& row : transaction.snapshots) {
    snapshots.emplace(row.hash, Dated<SnapshotRow>{&row, or_stamp(row.created, commit.stamp)});
  }
  for (const Transaction::Mark& mark : transaction.marks) marks[mark.id] = &mark;
  for (const RowId id : transaction.attempts_counted) ++attempts_counted[id];
  for (const auto& [name, value] : transaction.settings) settings[name] = value;
}

void GroupPlan::take_journal(Transaction& transaction) {
  RowId first_part = 0;
  for (JournalRow& row : transaction.journal) {
    if (row.part == 0) first_part = row.id;
    const bool fill = row.parts > 1 && row.envelope == 0;
    journal.push_back({&row, fill ? first_part : row.envelope});
  }
}

void GroupPlan::take_tasks(Transaction& transaction, const Commit& commit) {
  for (TaskRow& row : transaction.tasks) {
    const int letter = row.dead_letter_index;
    Task task{&row, letter < 0
                        ? row.effect
                        : std::to_string(commit.dead_letter_ids[static_cast<std::size_t>(letter)])};
    const auto [place, is_new] = task_places_.emplace(row.id, tasks.size());
    if (is_new) {
      tasks.push_back(std::move(task));
    } else {
      tasks[place->second] = std::move(task);
    }
  }
}

void GroupPlan::keep() {
  keys.keep();
  cases.keep();
  aliases.keep();
  outbox.keep();
  letter_states.keep();
  series.keep();
}

void GroupPlan::drop() {
  keys.drop();
  cases.drop();
  aliases.drop();
  outbox.drop();
  letter_states.drop();
  series.drop();
}

}  // namespace masar::store
