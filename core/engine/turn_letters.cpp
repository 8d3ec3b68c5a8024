// What a turn keeps for a person: dead letters, the tasks that stand for them, and their retries
// (ENGINE.md 14, 23).
#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/engine/outcomes.h"
#include "core/engine/records.h"
#include "core/engine/turn.h"
#include "core/message/xml_writer.h"

namespace masar::engine {
namespace {

/// The task of a dead letter escalates after so long, and again after as long.
constexpr Span kLetterTaskDue{Duration{0}, 2};

/// The effect as its dead letter keeps it: what a retry makes its document from.
std::string effect_document(const process::Effect& effect, const expression::Columns& declared,
                            Instant at) {
  pugi::xml_document document;
  auto root = document.append_child("effect");
  root.append_attribute("name").set_value(effect.name.c_str());
  root.append_attribute("at").set_value(format_instant(at).c_str());
  root.append_attribute("visit").set_value(std::to_string(effect.visit).c_str());
  if (effect.not_after)
    root.append_attribute("not-after").set_value(format_instant(*effect.not_after).c_str());
  for (const auto& [name, value] : effect.arguments) {
    const auto column = std::find_if(declared.begin(), declared.end(),
                                     [&name = name](const auto& d) { return d.first == name; });
    if (column == declared.end() || !value.is_set()) continue;
    expression::to_xml(value, column->second, root.append_child(name.c_str()));
  }
  return write_xml(document);
}

/// The reverse; its arguments in the types that the process declares today.
process::Effect read_effect(pugi::xml_node root, const expression::Columns& declared) {
  process::Effect effect;
  effect.name = root.attribute("name").value();
  effect.visit = root.attribute("visit").as_llong();
  effect.not_after = parse_instant(root.attribute("not-after").value());
  for (const auto& [name, type] : declared) {
    if (const auto element = root.child(name.c_str()))
      effect.arguments.emplace_back(name, expression::from_xml(element, type));
  }
  return effect;
}

const expression::Columns& arguments_of(const process::Definition& process,
                                        std::string_view effect) {
  static const expression::Columns none;
  const auto* declared = process.effect(effect);
  return declared ? declared->arguments : none;
}

store::TimerRow due_at(store::TaskRow& task, const process::DueTime& due) {
  task.due = due.at;
  return {store::TimerKind::task, task.case_key, task.partition, task.id, 0, due.at, 0, 0,
          write_working(due.working)};
}

}  // namespace

void Turn::dead_letter(const std::string& code, const std::string& text, const std::string& step) {
  // What the failed event had done so far is dropped; the deadlines before it stay applied.
  result_ = std::move(checkpoint_.result);
  live_ = std::move(checkpoint_.live);
  recorded_ = std::move(checkpoint_.recorded);
  result_.dead = true;
  put_dead_letter(code, text, step);
  settle_unjudged();
}

store::DeadLetterRow& Turn::put_dead_letter(const std::string& code, const std::string& text,
                                            const std::string& step) {
  store::DeadLetterRow letter = dead_letter_row(row_.route, step, code, text);
  letter.partition = row_.partition;
  letter.case_key = row_.case_key;
  letter.journal = row_.id;
  letter.endpoint = row_.endpoint;
  letter.original = row_.payload;
  if (flow_.document) letter.at_step = write_xml(*flow_.document);
  letter.snapshot = row_.snapshot;
  letter.attempts = row_.attempts;
  letter.at = row_.stamp;
  result_.letters.push_back(logged_letter(letter, reference(), envelope()));
  result_.transaction.dead_letters.push_back(std::move(letter));
  audit("dead-letter", code, text);
  if (before_ && !before_->value.ended) put_letter_task(code + ": " + text);
  return result_.transaction.dead_letters.back();
}

// An effect whose document cannot be built does not undo its event (ENGINE.md 14).
void Turn::failed_effect(const process::Effect& effect, store::OutboxRow row, const Error& error,
                         const std::string& step) {
  row.state = store::OutboxState::failed;
  row.code = error.code();
  row.text = error.what();
  store::DeadLetterRow letter = dead_letter_row(row.route, step, row.code, row.text);
  letter.partition = row.partition;
  letter.case_key = row.case_key;
  letter.effect = row.id;
  letter.endpoint = row.endpoint;
  letter.original =
      effect_document(effect, arguments_of(*live_->definition, effect.name), row.created);
  letter.at_step = row.body;
  letter.snapshot = row.snapshot;
  letter.attempts = 1;
  letter.at = row_.stamp;
  result_.letters.push_back(logged_letter(letter, row.id, envelope()));
  result_.transaction.dead_letters.push_back(std::move(letter));
  put_letter_task("effect " + row.effect + ": " + row.text);
  audit("failed", row.effect, row.text);
  result_.transaction.outbox.push_back(std::move(row));
}

// Its route may make something of it, as of any other outcome; at a turn of its own, so that the
// event that asked for the effect stands.
void Turn::put_failed_outcome(const store::OutboxRow& row) {
  const auto* route = live_->snapshot->route(row.route);
  if (!route) return;
  const auto& failed = result_.transaction.outbox.back();
  const auto* handler = route->on_failure("failed", failed.code);
  if (!handler || (handler->event.empty() && handler->task.empty())) return;
  store::JournalRow event = outcome_event(failed, "failed", current_snapshot().hash);
  event.headers = outcome_headers(failed, failed.code, failed.text);
  result_.transaction.journal.push_back(std::move(event));
}

// Of the letter that was put last; it names it, so that the answer finds it.
void Turn::put_letter_task(const std::string& detail) {
  const auto letters = result_.transaction.dead_letters.size();
  store::TaskRow task;
  task.id = row_.case_key + ".dead." + std::to_string(row_.id) + "." + std::to_string(letters);
  task.case_key = row_.case_key;
  task.partition = row_.partition;
  task.name = kDeadLetterTask;
  task.asked = row_.stamp;
  task.detail = detail;
  task.dead_letter_index = static_cast<int>(letters) - 1;
  const auto due = current_snapshot().calendar().reckon(row_.stamp, kLetterTaskDue);
  result_.transaction.timers.push_back(due_at(task, due));
  result_.transaction.tasks.push_back(std::move(task));
}

// It escalates like any other (ENGINE.md 21).
void Turn::escalate_letter() {
  auto task = parts_.store.find_task(row_.name);
  if (!task || task->name != kDeadLetterTask || task->state != store::TaskState::open) return;
  if (task->due > row_.stamp) return;
  const auto due = current_snapshot().calendar().reckon(row_.stamp, kLetterTaskDue);
  auto timer = due_at(*task, due);
  put_open_letter(std::move(*task), std::move(timer));
  audit("task", std::string(kDeadLetterTask), "escalated");
}

// A task of a dead letter with another due time. Where the letter is dealt with meanwhile the
// transaction is a conflict, and the next look finds the task over.
void Turn::put_open_letter(store::TaskRow task, store::TimerRow timer) {
  result_.transaction.dead_letter_states.emplace_back(std::atoll(task.effect.c_str()),
                                                      store::DeadLetterState::open);
  result_.transaction.timers.push_back(std::move(timer));
  result_.transaction.tasks.push_back(std::move(task));
}

// The retry of an effect: its document from the case as it stands by now, under the same id. Where
// it fails again, that is a dead letter of its own.
void Turn::retry_effect() {
  const store::OutboxRow failed = effect_of(parts_.store, row_.effect);
  (void)current();
  fire_due(row_.stamp);
  if (failed.state != store::OutboxState::failed)
    return audit("retry", failed.effect, "it has its document by now");
  step_ = "read";
  const auto& declared = arguments_of(*live_->definition, failed.effect);
  const process::Effect effect = read_effect(document()->document_element(), declared);
  store::OutboxRow row = failed;
  row.case_version = live_->value.version;
  row.snapshot = live_->value.snapshot;
  row.state = store::OutboxState::ready;
  row.code = row.text = {};
  row.changed = row_.stamp;
  row.not_after = effect.not_after;
  const auto* route = live_->snapshot->of_effect(live_->value.process, effect.name);
  if (route && route->names_event() && visit_over(failed))
    return end_failed(failed, "visit-over");
  switch (make_document(effect, row)) {
    case Made::document:
      withdraw_tasks_about(failed);
      put_effect(std::move(row));
      break;
    case Made::nothing: end_failed(failed, "nothing-to-send"); break;
    case Made::failed: break;
  }
}

void Turn::end_failed(const store::OutboxRow& effect, const std::string& code) {
  auto update =
      store::update_of(effect, store::OutboxState::failed, store::OutboxState::withdrawn);
  update.code = code;
  result_.transaction.outbox_updates.push_back(std::move(update));
  withdraw_tasks_about(effect);
  audit("withdrawn", effect.effect, code);
}

// A dead letter of its own: its row in the journal, so that a retry can set the deadline once more.
void Turn::put_failed_deadline(const process::Deadline& deadline, const Error& error) {
  store::JournalRow row;
  row.case_key = row_.case_key;
  row.partition = row_.partition;
  row.kind = store::JournalKind::deadline;
  row.state = store::JournalState::dead;
  row.route = "deadline";
  row.name = deadline.name;
  row.serial = deadline.serial;
  row.snapshot = row_.snapshot;
  row.headers = connector::write_headers(
      {{"due", format_instant(deadline.due)}, {"visit", std::to_string(deadline.visit)}});
  auto& letter = put_dead_letter(error.code(), error.what(), step_);
  letter.journal = 0;
  letter.journal_index = static_cast<int>(result_.transaction.journal.size());
  letter.original.clear();
  letter.at_step.clear();
  result_.transaction.journal.push_back(std::move(row));
}

// The retry of a deadline that failed: it is due again, if what it belongs to still stands.
void Turn::restore_deadline() {
  const auto stored = connector::read_headers(row_.headers);
  process::Deadline deadline;
  deadline.name = row_.name;
  deadline.serial = row_.serial;
  deadline.due = parse_instant(header_value(stored, "due")).value_or(row_.stamp);
  deadline.order = live_->definition->deadline_place(deadline.name);
  deadline.visit = std::atoll(header_value(stored, "visit").c_str());
  const auto& open = live_->value.deadlines;
  const bool again =
      std::any_of(open.begin(), open.end(), [&](const auto& d) { return d.name == deadline.name; });
  if (again || (deadline.visit != 0 && deadline.visit != live_->value.visit)) return;
  change().deadlines.push_back(std::move(deadline));
}

}  // namespace masar::engine
