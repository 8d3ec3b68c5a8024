// What a turn sends out: effects, replies, refusals, and what it keeps for a person.
#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/engine/records.h"
#include "core/engine/turn.h"
#include "core/message/xml_writer.h"

namespace masar::engine {
namespace {

/// The row of an effect before its document is known.
store::OutboxRow effect_row(const process::Effect& effect, const process::Case& value,
                            Instant created) {
  store::OutboxRow row;
  row.id = effect_id(value.key, value.event_number, effect.index);
  row.case_key = value.key;
  row.partition = partition_of(value.key);
  row.case_version = value.version;
  row.visit = effect.visit;
  row.effect = effect.name;
  row.snapshot = value.snapshot;
  row.created = row.changed = created;
  row.not_after = effect.not_after;
  return row;
}

store::TimerRow effect_timer(store::TimerKind kind, const store::OutboxRow& row, Instant due) {
  return {kind, row.case_key, row.partition, row.id, 0, due, 0, row.visit};
}

}  // namespace

void Turn::add_effect(const process::Effect& effect, const process::Case& value) {
  const auto* route = parts_.snapshot.of_effect(value.process, effect.name);
  store::OutboxRow row = effect_row(effect, value, row_.stamp);
  std::string step = "start";
  try {
    if (!route)
      throw Error(ErrorKind::rejected, "no-route", "effect " + effect.name + " has no route");
    row.route = route->id;
    route::Flow flow;
    flow.headers.emplace_back("correlation-id", value.key);
    route::fill_case(*live_->definition, value, flow.variables);
    route::fill_effect(*live_->definition, effect, row.id, row_.stamp, flow.variables);
    step = "steps of " + route->id;
    const route::Exit exit = route->before.run(flow);
    if (exit.kind == route::Exit::Kind::end) return;  // the route chose to send nothing
    if (exit.kind != route::Exit::Kind::call)
      throw Error(ErrorKind::rejected, exit.code, "the route did not call");
    row.endpoint = exit.endpoint;
    row.operation = exit.operation;
    row.step = static_cast<int>(exit.next);
    row.headers = connector::write_headers(flow.headers);
    if (flow.document) row.body = write_xml(*flow.document);
    const auto* endpoint = parts_.snapshot.endpoint(row.endpoint);
    if (endpoint->gate && flow.document) {
      step = "schema of " + row.endpoint;
      const auto findings = endpoint->gate->validate(flow.document->document_element());
      if (!findings.empty()) {
        throw Error(ErrorKind::rejected, "schema-invalid",
                    findings[0].element + ": " + findings[0].text);
      }
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::rejected || effect.essential) throw;
    return failed_effect(std::move(row), error.code(), error.what(), step);
  }
  if (row.not_after) {
    result_.transaction.timers.push_back(
        effect_timer(store::TimerKind::not_after, row, *row.not_after));
  }
  for (const auto& failure : route->failures) {
    if (!failure.task_after) continue;
    const Instant due = parts_.snapshot.calendar().add(row_.stamp, *failure.task_after);
    result_.transaction.timers.push_back(effect_timer(store::TimerKind::task_after, row, due));
    break;
  }
  audit("effect", effect.name, "to " + row.endpoint);
  result_.transaction.outbox.push_back(std::move(row));
}

// An effect whose document cannot be built does not undo its event (ENGINE.md 14).
void Turn::failed_effect(store::OutboxRow row, const std::string& code, const std::string& text,
                         const std::string& step) {
  row.state = store::OutboxState::failed;
  row.code = code;
  row.text = text;
  store::DeadLetterRow letter = dead_letter_row(row.route, step, code, text);
  letter.partition = row.partition;
  letter.case_key = row.case_key;
  letter.effect = row.id;
  letter.endpoint = row.endpoint;
  letter.at_step = row.body;
  letter.snapshot = row.snapshot;
  letter.at = row_.stamp;
  result_.transaction.dead_letters.push_back(std::move(letter));
  put_dead_letter_task(row.id, "effect " + row.effect + ": " + text);
  audit("failed", row.effect, text);
  result_.transaction.outbox.push_back(std::move(row));
}

void Turn::add_reply(const process::Reply& reply) {
  if (!row_.owes_reply || !route_) return;
  const auto found = route_->replies.find(reply.name);
  if (found == route_->replies.end()) {
    throw Error(ErrorKind::rejected, "no-reply",
                "route " + route_->id + " has no reply " + reply.name);
  }
  route::Flow flow;
  flow.document = document();
  route::fill_message(origin(), flow.variables);
  route::fill_case(*live_->definition, live_->value, flow.variables);
  route::fill_reply(*live_->definition, reply, flow.variables);
  step_ = "reply " + reply.name;
  (void)found->second.run(flow);
  result_.answer =
      connector::PartAnswer{connector::PartAnswer::Kind::replied, {}, {}, flow.document};
}

void Turn::refuse(const std::string& code, const std::string& text) {
  audit("refused", code, text);
  if (row_.owes_reply) {
    result_.answer = connector::PartAnswer{connector::PartAnswer::Kind::refused, code, text, {}};
    return;
  }
  const auto* endpoint = parts_.snapshot.endpoint(row_.endpoint);
  if (endpoint && endpoint->refusal) put_refusal(*endpoint, code, text);
}

// The sender is told on its outbound endpoint; the row uses the journal row's id in place of a
// case's event.
void Turn::put_refusal(const Endpoint& endpoint, const std::string& code, const std::string& text) {
  route::Refusal refusal{code, text, live_ ? live_->value.state : "", row_.case_key};
  route::Flow flow;
  flow.document = document();
  route::fill_refusal(origin(), refusal, flow.variables);
  const Document written = endpoint.refusal->apply(flow.frame());
  store::OutboxRow row;
  row.id = effect_id("refusal", answers_to(), 0);
  row.case_key = row_.case_key;
  row.partition = row_.partition;
  row.effect = "refusal";
  row.endpoint = endpoint.refusals;
  row.snapshot = parts_.snapshot.hash;
  row.headers = connector::write_headers({{"correlation-id", row_.case_key}});
  row.body = write_xml(*written);
  row.created = row.changed = row_.stamp;
  result_.transaction.outbox.push_back(std::move(row));
}

void Turn::dead_letter(const std::string& code, const std::string& text, const std::string& step) {
  // What the failed event had done so far is dropped; the deadlines before it stay applied.
  result_ = std::move(checkpoint_.result);
  live_ = std::move(checkpoint_.live);
  recorded_ = std::move(checkpoint_.recorded);
  result_.dead = true;
  put_dead_letter(code, text, step);
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
  row.headers = connector::write_headers({{"due", format_instant(deadline.due)},
                                          {"order", std::to_string(deadline.order)},
                                          {"visit", std::to_string(deadline.visit)}});
  auto& letter = put_dead_letter(error.code(), error.what(), step_);
  letter.journal = 0;
  letter.journal_index = static_cast<int>(result_.transaction.journal.size());
  letter.original.clear();
  letter.at_step.clear();
  if (before_ && !before_->value.ended) row.message_id = result_.transaction.tasks.back().id;
  result_.transaction.journal.push_back(std::move(row));
}

// The retry of a deadline that failed: it is due again, if what it belongs to still stands.
void Turn::restore_deadline() {
  const auto stored = connector::read_headers(row_.headers);
  process::Deadline deadline;
  deadline.name = row_.name;
  deadline.serial = row_.serial;
  deadline.due = parse_instant(header_value(stored, "due")).value_or(row_.stamp);
  deadline.order = std::atoi(header_value(stored, "order").c_str());
  deadline.visit = std::atoll(header_value(stored, "visit").c_str());
  const auto& open = live_->value.deadlines;
  const bool again =
      std::any_of(open.begin(), open.end(), [&](const auto& d) { return d.name == deadline.name; });
  if (again || (deadline.visit != 0 && deadline.visit != live_->value.visit)) return;
  live_->value.deadlines.push_back(std::move(deadline));
}

std::string Turn::letters_in_turn() const {
  return std::to_string(result_.transaction.dead_letters.size());
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
  result_.transaction.dead_letters.push_back(std::move(letter));
  audit("dead-letter", code, text);
  if (before_ && !before_->value.ended) {
    put_dead_letter_task(std::to_string(row_.id) + "." + letters_in_turn(), code + ": " + text);
  }
  return result_.transaction.dead_letters.back();
}

void Turn::put_dead_letter_task(const std::string& id, const std::string& detail) {
  store::TaskRow task;
  task.id = row_.case_key + ".dead." + id;
  task.case_key = row_.case_key;
  task.partition = row_.partition;
  task.name = kDeadLetterTask;
  task.asked = row_.stamp;
  task.due = parts_.snapshot.calendar().add_working_days(row_.stamp, 2);
  task.detail = detail;
  result_.transaction.tasks.push_back(std::move(task));
}

}  // namespace masar::engine
