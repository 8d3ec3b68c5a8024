#include "core/engine/turn.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/engine/restore.h"
#include "core/message/xml_writer.h"

namespace masar::engine {
namespace {

/// Audit kinds, by kind of journal row.
constexpr std::string_view kKinds[]{"message",  "outcome", "report",
                                    "deadline", "answer",  "message"};

}  // namespace

std::string effect_id(std::string_view case_key, std::int64_t event_number, int index) {
  std::string text(case_key);
  text += '\0';
  text += std::to_string(event_number);
  text += '\0';
  text += std::to_string(index);
  const std::uint32_t of_case = fnv1a(case_key);
  std::string hash;
  for (const int bits : {24, 16, 8, 0}) hash += static_cast<char>(of_case >> bits & 0xFF);
  return to_hex(hash.append(sha256(text), 0, 12));
}

Turn::Turn(const Parts& parts, const store::JournalRow& row, std::shared_ptr<const LiveCase> before,
           Document document)
    : parts_(parts),
      row_(row),
      before_(std::move(before)),
      live_(before_),
      document_(std::move(document)) {
  checkpoint_.live = live_;
}

TurnResult Turn::run() {
  try {
    switch (row_.kind) {
      case store::JournalKind::message: message(); break;
      case store::JournalKind::retry: row_.effect.empty() ? message() : retry_effect(); break;
      case store::JournalKind::outcome: outcome(); break;
      case store::JournalKind::report: report(); break;
      case store::JournalKind::deadline: timer(); break;
      case store::JournalKind::answer: task_answer(); break;
      case store::JournalKind::calendar: reckon_anew(); break;
      case store::JournalKind::migrate: migrate(); break;
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::transient || error.kind() == ErrorKind::internal) throw;
    dead_letter(error.code(), error.what(), step_);
  }
  finish();
  return std::move(result_);
}

TurnResult Turn::give_up(const std::string& code, const std::string& text) {
  dead_letter(code, text, step_);
  if (row_.kind == store::JournalKind::deadline) {
    // A due time that nobody can apply must not come again for ever.
    for (const auto kind : {store::TimerKind::deadline, store::TimerKind::task,
                            store::TimerKind::task_after, store::TimerKind::not_after}) {
      result_.transaction.timers_cleared.push_back(
          {kind, row_.case_key, row_.partition, row_.name, row_.serial, {}, 0, 0});
    }
  }
  finish();
  return std::move(result_);
}

void Turn::finish() {
  store::Transaction& transaction = result_.transaction;
  const bool changed = live_ && (!before_ || live_->value.version != before_->value.version);
  if (changed) {
    transaction.cases.push_back(to_row(*live_));
    put_changes(before_ ? &before_->value : nullptr, live_->value, transaction);
    for (auto& task : transaction.tasks) {
      if (task.state == store::TaskState::open) continue;
      task.ended = row_.stamp;
      if (task.id != answered_) continue;
      task.state = store::TaskState::answered;
      task.answer = row_.name;
    }
    result_.after = live_;
  }
  if (row_.owes_reply) put_answer();
  const auto state = result_.dead ? store::JournalState::dead : store::JournalState::done;
  transaction.marks.push_back({row_.id, state, recorded_});
}

// What the caller gets now, and a repetition later: the reply, a refusal, or that it was taken in.
// A dead letter owes its reply until a retry has made it (ENGINE.md 23).
void Turn::put_answer() {
  using Kind = connector::PartAnswer::Kind;
  if (result_.moved) return;
  if (result_.dead) {
    result_.answer = connector::PartAnswer{
        Kind::retry_later, "in-doubt", "the message is kept for a person", {}};
    return;
  }
  if (!result_.answer) result_.answer = connector::PartAnswer{};
  const auto& answer = *result_.answer;
  const bool refused = answer.kind == Kind::refused;
  result_.transaction.replies.push_back({answers_to(), refused ? answer.code : "",
                                         refused           ? answer.text
                                         : answer.document ? write_xml(*answer.document)
                                                           : ""});
}

store::RowId Turn::answers_to() const { return row_.origin ? row_.origin : row_.id; }

const LiveCase& Turn::current() const {
  if (!live_) throw Error(ErrorKind::rejected, "no-such-case", "the case is not there");
  return *live_;
}

const route::Route* Turn::route_of(const store::JournalRow& row) const {
  const auto* route = current_snapshot().route(row.route);
  if (route) return route;
  throw Error(ErrorKind::rejected, "unknown-route", "the configuration has no route " + row.route);
}

// The case's own process says what an event is: what it does not declare a later edge has added.
const process::EventDeclaration& Turn::declared(const std::string& event) const {
  const auto* found = (live_ ? *live_->definition : *route_->process).event(event);
  if (found) return *found;
  throw Error(ErrorKind::rejected, "unknown-event",
              "the process that the case began with has no event " + event);
}

process::Event Turn::event_of(const std::string& name, pugi::xml_node root) const {
  const bool own = !live_ || live_->definition == route_->process;
  return route::to_event(declared(name), root, own ? route::Extra::refuse : route::Extra::drop);
}

Document Turn::document() {
  if (!document_ && !row_.payload.empty())
    document_ = current_snapshot().reader->read(row_.payload);
  return document_;
}

// As that snapshot's mappings name things: its prefixes may be others.
Document Turn::document_for(const Snapshot& snapshot) {
  if (snapshot.prefixes == current_snapshot().prefixes) return document();
  return row_.payload.empty() ? nullptr : snapshot.reader->read(row_.payload);
}

route::Origin Turn::origin() const {
  return {row_.message_id, row_.sender, row_.name, row_.endpoint, row_.stamp};
}

process::Inputs Turn::inputs(Instant now) {
  process::Inputs inputs;
  inputs.now = now;
  inputs.applied = row_.stamp;
  inputs.first_event = Restore::first_event(parts_.epoch);
  inputs.calendar = &current_snapshot().calendar();
  inputs.serial = [this](std::string_view name) {
    std::string number = parts_.series.next(name);
    recorded_ += "serial " + std::string(name) + "=" + number + "\n";
    return number;
  };
  return inputs;
}

// Deadlines due at or before the event apply first (ENGINE.md 7); what fails later does not undo
// them.
void Turn::fire_due(Instant until) {
  if (!live_) return;
  for (int count = 0;; ++count) {
    const auto* next = earliest_due(live_->value, until);
    if (!next) break;
    fire(process::Deadline(*next), count >= kDeadlinesMax);
  }
  checkpoint_ = {result_, live_, recorded_};
}

// One that fails is undone alone, and gone.
void Turn::fire(const process::Deadline& deadline, bool too_many) {
  const Checkpoint before{result_, live_, recorded_};
  step_ = "deadline " + deadline.name;
  try {
    if (too_many)
      throw Error(ErrorKind::rejected, "too-many-deadlines", "deadlines set each other for ever");
    absorb(live_->definition->fire(live_->value, deadline, inputs(deadline.due)), "deadline",
           deadline.name);
  } catch (const std::exception& thrown) {
    const Error error = typed_failure(thrown);
    if (error.kind() == ErrorKind::transient || error.kind() == ErrorKind::internal) throw;
    result_ = before.result;
    live_ = before.live;
    recorded_ = before.recorded;
    process::Case& value = change();
    std::erase_if(value.deadlines, [&](const auto& d) {
      return d.name == deadline.name && d.serial == deadline.serial;
    });
    value.version = before_->value.version + 1;
    put_failed_deadline(deadline, error);
  }
}

void Turn::message() {
  route_ = route_of(row_);
  fire_due(row_.stamp);
  if (moves_to_own_case(*route_) || moves_to_joined_case()) return;
  step_ = "read";
  flow_.document = document();
  route::fill_message(origin(), flow_.variables);
  step_ = "steps";
  const route::Exit exit = route_->before.run(flow_);
  if (exit.kind == route::Exit::Kind::refuse) return refuse(exit.code, exit.text);
  if (exit.kind == route::Exit::Kind::dead_letter)
    return dead_letter(exit.code, "the route keeps it", "dead-letter");
  put_taps(flow_, "tap", answers_to());
  step_ = "event " + route_->to_event;
  process::Event event = event_of(route_->to_event, flow_.document->document_element());
  event.sender = row_.sender;
  if (!live_) return open_case(*route_, event);
  apply_event(event);
}

// An opening message whose case has ended and given up the alias opens its own (ENGINE.md 3).
bool Turn::moves_to_own_case(const route::Route& route) {
  if (!live_ || route.no_case.action != route::NoCase::Do::open || !live_->value.ended)
    return false;
  route::Flow flow;
  flow.document = document();
  route::fill_message(origin(), flow.variables);
  const auto& ended = result_.transaction.aliases_ended;  // by deadlines of this very turn
  const auto holds = [&](const std::string& alias, const std::string& value) {
    const bool given_up =
        std::any_of(ended.begin(), ended.end(), [&](const auto& e) { return e.first == alias; });
    return !given_up && parts_.store.find_alias(alias, value) == live_->value.key;
  };
  std::string own_key;
  bool held = false;
  for (const auto& find : route.finds) {
    const auto value = find.value.evaluate_optional(flow.frame());
    if (!value.is_set()) continue;
    const std::string text = expression::to_text(value);
    if (!find.alias.empty()) {
      held = held || holds(find.alias, text);
      continue;
    }
    own_key = own_key.empty() ? text : own_key;
    // One that joined this case for its alias alone holds on to it no longer than the alias.
    held = held || text == live_->value.key || (row_.origin == 0 && holds("key", text));
  }
  if (held || own_key.empty()) return false;
  journal_anew(own_key, "its case had ended: journaled anew under its own key");
  return true;
}

// Its case was about to open when it came, and then joined another one: that one's, as if it had
// come later (ENGINE.md 3). One that was journaled anew before is where it belongs.
bool Turn::moves_to_joined_case() {
  if (live_ || row_.origin != 0) return false;
  const auto joined = parts_.store.find_alias("key", row_.case_key);
  if (!joined || *joined == row_.case_key) return false;
  journal_anew(*joined, "its case had joined this one: journaled anew for it");
  return true;
}

void Turn::journal_anew(const std::string& case_key, const std::string& why) {
  store::JournalRow anew = row_;
  anew.id = 0;
  anew.origin = answers_to();
  anew.case_key = case_key;
  anew.partition = partition_of(case_key);
  result_.transaction.journal.push_back(std::move(anew));
  audit("moved", route_->to_event, why);
  result_.moved = true;
}

void Turn::open_case(const route::Route& route, const process::Event& event) {
  if (!route.process->opens_with(event.name) || route.no_case.action != route::NoCase::Do::open) {
    return refuse(route.no_case.code, "there is no such case");
  }
  auto transition =
      route.process->open(row_.case_key, current_snapshot().hash, event, inputs(row_.stamp));
  if (transition.disposition == process::Disposition::refused)
    return refuse(transition.refusal, "refused");
  auto fresh = std::make_shared<LiveCase>();
  fresh->snapshot = parts_.snapshots.current_one();
  fresh->definition = route.process;
  fresh->value = transition.after;
  fresh->value.version = 0;
  live_ = std::move(fresh);
  absorb(std::move(transition), "message", event.name);
}

void Turn::apply_event(const process::Event& event) {
  auto transition = current().definition->apply(live_->value, event, inputs(row_.stamp));
  if (transition.disposition == process::Disposition::refused) {
    const std::string code = transition.refusal;
    absorb(std::move(transition), "refused", event.name);
    return refuse(code, "refused in state " + live_->value.state);
  }
  absorb(std::move(transition), kKinds[static_cast<int>(row_.kind)], event.name);
}

process::Case& Turn::change() {
  auto copy = std::make_shared<LiveCase>(*live_);
  process::Case& value = copy->value;
  live_ = std::move(copy);
  return value;
}

void Turn::absorb(process::Transition transition, std::string_view kind, const std::string& name) {
  const process::Case& before = live_->value;
  auto after = std::make_shared<LiveCase>(LiveCase{live_->snapshot, live_->definition,
                                                   std::move(transition.after),
                                                   live_->service_time});
  if (live_->definition->waits_for(before.state) != "citizen" &&
      after->value.since > before.since) {
    after->service_time +=
        current_snapshot().calendar().working_time(before.since, after->value.since);
  }
  // One transaction is one version, however many deadlines applied before the event.
  after->value.version = (before_ ? before_->value.version : 0) + 1;
  live_ = std::move(after);
  static constexpr std::string_view kDisposition[]{"applied", "ignored", "recorded", "refused"};
  const auto disposition = kDisposition[static_cast<int>(transition.disposition)];
  audit(kind, name, std::string(disposition));
  for (const auto& state : transition.states) audit("state", state);
  for (const auto& note : transition.notes) audit("note", note);
  result_.notes.insert(result_.notes.end(), transition.notes.begin(), transition.notes.end());
  for (const auto& ended : transition.aliases_ended) {
    // The store ends aliases before it takes new ones: one that an earlier transition of this turn
    // took is dropped.
    std::erase_if(result_.transaction.aliases,
                  [&](const auto& taken) { return taken.name == ended; });
    result_.transaction.aliases_ended.emplace_back(ended, live_->value.key);
  }
  for (const auto& alias : transition.aliases_taken) {
    result_.transaction.aliases.push_back(
        {alias.name, alias.value, live_->value.key, partition_of(live_->value.key)});
  }
  for (const auto& task : transition.tasks_opened) audit("task", task.name, "asked");
  for (const auto& task : transition.tasks_ended) audit("task", task.name, "ended");
  if (transition.reply) add_reply(*transition.reply);
  for (const auto& effect : transition.effects) add_effect(effect, live_->value);
}

void Turn::audit(std::string_view kind, const std::string& name, const std::string& text) {
  store::AuditRow row;
  row.case_key = live_ ? live_->value.key : row_.case_key;
  row.partition = partition_of(row.case_key);
  row.at = row_.stamp;
  row.kind = kind;
  row.name = name;
  row.text = text;
  row.reference = reference();
  row.journal = row_.id;
  if (live_) {
    row.state = live_->value.state;
    row.version = live_->value.event_number;
  }
  result_.transaction.audit.push_back(std::move(row));
}

}  // namespace masar::engine
