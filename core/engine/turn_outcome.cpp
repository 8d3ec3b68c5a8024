// What comes back for an effect, a due time, and a person's answer.
#include <algorithm>

#include "core/base/error.h"
#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/engine/outcomes.h"
#include "core/engine/records.h"
#include "core/engine/turn.h"

namespace masar::engine {

const route::Route* Turn::route_of(const store::OutboxRow& effect) {
  auto& snapshots = parts_.snapshots;
  route_owner_ = still_attempted(effect.state) ? snapshots.find(effect.snapshot)
                                               : snapshots.find_over(effect.snapshot);
  return route_owner_->route(effect.route);
}

// A reply whose visit is over runs no transition (ENGINE.md 13).
bool Turn::visit_over(const store::OutboxRow& effect) {
  const bool over =
      effect.visit != 0 && effect.visit != current().value.visit && !planted("stale-reply-applied");
  if (over) audit("late", effect.effect, "its visit is over: no transition");
  return over;
}

void Turn::withdraw_tasks_about(const store::OutboxRow& effect) {
  const auto is_about = [id = first_id(effect.id)](const auto& task) {
    return first_id(task.effect) == id;
  };
  const auto& tasks = live_->value.tasks;
  if (std::none_of(tasks.begin(), tasks.end(), is_about)) return;
  process::Case& value = change();
  std::erase_if(value.tasks, is_about);
  value.version = before_->value.version + 1;
}

void Turn::outcome() {
  const store::OutboxRow effect = effect_of(parts_.store, row_.effect);
  route_ = route_of(effect);
  if (!route_)
    throw Error(ErrorKind::rejected, "unknown-route",
                "the configuration has no route " + effect.route);
  (void)current();
  fire_due(row_.stamp);
  if (route_->mode == route::Mode::inquiry) return take_verdict(effect);
  if (awaits_verdict(effect)) return ask_about(effect);
  if (row_.name == "withdrawn") return withdraw_tasks_about(effect);
  if (visit_over(effect)) return;
  const bool lost = row_.name == "unknown" || row_.name == "unavailable";
  if (lost && effect.report == "delivered") {
    return audit("outcome", effect.effect, "its report says delivered: " + row_.name + " is over");
  }
  if (row_.name == "unavailable") {
    const std::string other = fails_over_to(effect, route_);
    if (!other.empty()) return fail_over(effect, other);
  }
  if (row_.name != "delivered") {
    const auto detail = connector::read_headers(row_.headers);
    return fail_effect(effect, *route_, row_.name, header_value(detail, "code"),
                       header_value(detail, "text"));
  }
  step_ = "read";
  go_on(effect, document_for(*route_owner_));
}

route::Flow Turn::flow_after(const store::OutboxRow& effect, Document document) const {
  route::Flow flow;
  flow.document = std::move(document);
  (void)fill_seen(*route_owner_, *live_, flow.variables);
  route::fill_sent(effect.id, effect.effect, effect.created, flow.variables);
  return flow;
}

// What the route makes of the partner's reply.
void Turn::go_on(const store::OutboxRow& effect, Document reply) {
  flow_ = flow_after(effect, std::move(reply));
  step_ = "steps after the call";
  const route::Exit exit = route_->before.run(flow_, static_cast<std::size_t>(effect.step));
  if (exit.kind == route::Exit::Kind::dead_letter)
    return dead_letter(exit.code, "the route keeps it", "dead-letter");
  if (exit.kind != route::Exit::Kind::to) return audit("outcome", effect.effect, "delivered");
  step_ = "event " + route_->to_event;
  apply_event(event_of(route_->to_event, flow_.document->document_element()));
}

process::Event Turn::failure_event(const process::EventDeclaration& declaration,
                                   const store::OutboxRow& effect, const std::string& code,
                                   const std::string& text) const {
  process::Event event;
  event.name = declaration.name;
  for (const auto& [name, type] : declaration.fields) {
    const bool is_text = type.kind == expression::Kind::text;
    if (is_text && name == "code") {
      event.fields.emplace_back(code);
    } else if (is_text && name == "text") {
      event.fields.emplace_back(text);
    } else if (is_text && name == "effect") {
      event.fields.emplace_back(effect.id);
    } else {
      event.fields.emplace_back();
    }
  }
  return event;
}

void Turn::fail_effect(const store::OutboxRow& effect, const route::Route& route,
                       std::string_view kind, const std::string& code, const std::string& text) {
  const auto* handler = route.on_failure(kind, code);
  if (!handler || (handler->event.empty() && handler->task.empty())) {
    return audit("outcome", effect.effect, std::string(kind) + " " + mask_numbers(code));
  }
  if (!handler->event.empty()) {
    step_ = "event " + handler->event;
    return apply_event(failure_event(declared(handler->event), effect, code, text));
  }
  step_ = "task " + handler->task;
  const std::string detail = effect.effect + ": " + std::string(kind) + " " + mask_numbers(code);
  absorb(live_->definition->ask(live_->value, handler->task, effect.id, detail, inputs(row_.stamp)),
         "outcome", effect.effect);
}

void Turn::report() {
  const store::OutboxRow effect = effect_of(parts_.store, row_.effect);
  (void)current();
  fire_due(row_.stamp);
  audit("report", effect.effect, row_.name);
  if (row_.name == "delivered") withdraw_tasks_about(effect);
  checkpoint_ = {result_, live_, recorded_};
  route_ = route_of(effect);
  if (!route_ || route_->report_event.empty() || visit_over(effect)) return;
  const auto& declaration = declared(route_->report_event);
  process::Event event = failure_event(declaration, effect, {}, {});
  for (std::size_t at = 0; at < declaration.fields.size(); ++at) {
    if (declaration.fields[at].first == "state") event.fields[at] = expression::Value(row_.name);
  }
  step_ = "event " + event.name;
  apply_event(event);
}

// A due time that the timer sent in. Deadlines of the case apply with all that is due (ENGINE.md
// 7); a row for one that is gone does nothing.
void Turn::timer() {
  if (!live_) return;
  if (row_.origin != 0 && row_.route == "deadline") restore_deadline();
  fire_due(row_.stamp);
  if (row_.route == "task") {
    const auto& tasks = live_->value.tasks;
    const bool open = std::any_of(tasks.begin(), tasks.end(), [&](const auto& t) {
      return t.id == row_.name && t.due <= row_.stamp;
    });
    if (!open) return escalate_letter();
    step_ = "escalation";
    absorb(live_->definition->escalate(live_->value, row_.name, inputs(row_.stamp)), "task",
           "escalated");
    return;
  }
  if (row_.route != "task-after" && row_.route != "not-after") return;
  const bool silence = row_.route == "task-after";
  result_.transaction.timers_cleared.push_back(
      {silence ? store::TimerKind::task_after : store::TimerKind::not_after,
       row_.case_key,
       row_.partition,
       row_.name,
       0,
       {},
       0,
       0});
  // Whatever becomes of the rest of this turn, the due time has been dealt with.
  checkpoint_ = {result_, live_, recorded_};
  const auto effect = parts_.store.find_outbox(row_.name);
  if (!effect || !still_attempted(effect->state)) return;
  route_ = route_of(*effect);
  if (!route_) return;
  if (silence) return escalate_silence(*effect, *route_);
  if (effect->state != store::OutboxState::ready) return;
  auto update =
      store::update_of(*effect, store::OutboxState::ready, store::OutboxState::expired);
  update.code = "expired";
  result_.transaction.outbox_updates.push_back(std::move(update));
  audit("expired", effect->effect);
  checkpoint_ = {result_, live_, recorded_};
  if (!visit_over(*effect)) fail_effect(*effect, *route_, "expired", "expired", "not sent in time");
}

void Turn::escalate_silence(const store::OutboxRow& effect, const route::Route& route) {
  if (visit_over(effect)) return;
  const auto asked = parts_.store.tasks(store::TaskState::open, effect.case_key, {}, kCaseTasksMax);
  for (const auto& failure : route.failures) {
    if (!failure.task_after || failure.task.empty()) continue;
    // As long as there is no answer, somebody is asked again after the same time.
    const auto next = current_snapshot().calendar().reckon(row_.stamp, *failure.task_after);
    result_.transaction.timers.push_back({store::TimerKind::task_after, effect.case_key,
                                          effect.partition, effect.id, 0, next.at, 0, effect.visit,
                                          write_working(next.working)});
    checkpoint_ = {result_, live_, recorded_};
    // The timer may have sent this due time in twice: around a restart, or where a turn took long.
    const auto is_this = [&](const auto& task) {
      return first_id(task.effect) == first_id(effect.id) && task.name == failure.task;
    };
    if (std::any_of(asked.begin(), asked.end(), is_this)) return;
    step_ = "task " + failure.task;
    absorb(live_->definition->ask(live_->value, failure.task, effect.id,
                                  effect.effect + ": no answer yet", inputs(row_.stamp)),
           "task", failure.task);
    return;
  }
}

void Turn::answer_refused(const std::string& code, const std::string& text) {
  audit("answer", row_.name, text);
  result_.answer = connector::PartAnswer{connector::PartAnswer::Kind::refused, code, text, {}};
}

void Turn::task_answer() {
  const std::string& id = row_.message_id;
  const std::int64_t version = current().value.event_number;
  fire_due(row_.stamp);
  const auto& tasks = live_->value.tasks;
  const auto task =
      std::find_if(tasks.begin(), tasks.end(), [&](const auto& t) { return t.id == id; });
  if (task == tasks.end()) return answer_refused("task-over", "the task is over");
  if (row_.serial != 0 && row_.serial != version) {
    return answer_refused("case-went-on",
                          "the case is at version " + std::to_string(version) + " by now");
  }
  const auto& declared = live_->definition->tasks();
  const auto declaration = std::find_if(declared.begin(), declared.end(),
                                        [&](const auto& d) { return d.name == task->name; });
  if (declaration == declared.end()) {
    return answer_refused("unknown-task", "the task is not declared any more");
  }
  for (const auto& answer : declaration->answers) {
    if (answer.name != row_.name) continue;
    std::vector<expression::Value> fields;
    const Document given = document();
    for (const auto& [name, type] : answer.fields) {
      const auto element = given ? given->document_element().child(name.c_str()) : pugi::xml_node();
      fields.push_back(element ? expression::from_xml(element, type) : expression::Value());
    }
    answered_ = id;
    step_ = "answer " + row_.name;
    absorb(live_->definition->answer(live_->value, id, row_.name, fields, inputs(row_.stamp)),
           "answer", task->name + ": " + row_.name);
    return;
  }
  answer_refused("unknown-answer", "the task has no such answer");
}

}  // namespace masar::engine
