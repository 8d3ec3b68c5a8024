#include "core/process/interpreter.h"

#include <algorithm>
#include <limits>

#include "core/base/error.h"

/// Selection of transitions, and the order in which states are left and entered.
namespace masar::process {
namespace {

using expression::Kind;
using expression::Value;

constexpr int kTransitionsMax = 100;  ///< of one event (ENGINE.md 12)

[[noreturn]] void reject(const char* code, const std::string& text) {
  throw Error(ErrorKind::rejected, code, text);
}

}  // namespace

std::vector<Value> empty_data(const Model& model) {
  const auto empty = [](const expression::Type& type) {
    if (type.kind == Kind::table) return Value(std::make_shared<const expression::Table>());
    if (type.kind == Kind::list) return Value(std::make_shared<const expression::List>());
    return Value();
  };
  std::vector<Value> data;
  for (const auto& item : model.data) data.push_back(empty(item.declaration.type));
  for (const auto& [name, type] : model.hidden) data.push_back(empty(type));
  return data;
}

Run::Run(const Model& model, const Case& before, const Inputs& inputs)
    : model_(model), before_(before), inputs_(inputs) {
  out_.after = before;
  if (out_.after.data.empty() && before.state.empty()) out_.after.data = empty_data(model);
  if (out_.after.data.size() != model.data.size() + model.hidden.size())
    throw Error(ErrorKind::internal, "case-shape",
                "the case's data is not of process " + model.name);
  ++out_.after.version;
  out_.after.event_number = std::max(out_.after.event_number + 1, inputs.first_event);
  variables_.resize(model.variables);
  std::move(out_.after.data.begin(), out_.after.data.begin() + visible(), variables_.begin());
  if (!before.state.empty()) {
    const auto found = model.state_index.find(before.state);
    if (found == model.state_index.end())
      throw Error(ErrorKind::internal, "unknown-state",
                  "process " + model.name + " has no state " + before.state);
    active_ = found->second;
  }
  variables_[model.fixed(kEventName)] = variables_[model.fixed(kSender)] = Value::text("");
  variables_[model.fixed(kNow)] = Value(inputs.now);
  variables_[model.fixed(kApplied)] = Value(inputs.applied);
  variables_[model.fixed(kStateName)] = Value(before.state);
}

void Run::bind(const Event& event) {
  const auto found = model_.event_index.find(event.name);
  if (found == model_.event_index.end())
    reject("unknown-event", "process " + model_.name + " has no event " + event.name);
  event_type_ = found->second;
  const EventDeclaration& declared =
      model_.events[static_cast<std::size_t>(event_type_)].declaration;
  if (event.fields.size() != declared.fields.size())
    throw Error(ErrorKind::internal, "event-shape", "event " + event.name + " has other fields");
  for (const auto& name : declared.required)
    for (std::size_t i = 0; i < declared.fields.size(); ++i)
      if (declared.fields[i].first == name && !event.fields[i].is_set())
        reject("field-missing", "event " + event.name + " lacks its field " + name);
  event_ = &event;
  view_ = nullptr;
  variables_[model_.fixed(kEventName)] = Value(event.name);
  variables_[model_.fixed(kSender)] = Value(event.sender);
}

void Run::see(const View* view) {
  if (view == view_ || view == nullptr) return;
  view_ = view;
  std::size_t slot = model_.fixed(kFixedVariables);
  for (std::size_t i = 0; i < view->fields.size(); ++i, ++slot) {
    const int field = event_type_ < 0 ? -1 : view->from[static_cast<std::size_t>(event_type_)][i];
    variables_[slot] = field < 0 ? Value() : event_->fields[static_cast<std::size_t>(field)];
  }
}

Value Run::evaluate(const expression::Expression& expression) {
  return expression.evaluate({variables_, pugi::xml_node(), this});
}

bool Run::holds(const expression::Expression& condition) { return evaluate(condition).as<bool>(); }

void Run::start(const Event& event) {
  bind(event);
  see(model_.plain);
  for (std::size_t i = 0; i < model_.data.size(); ++i)
    if (model_.data[i].initial) variables_[i] = evaluate(*model_.data[i].initial);
  out_.after.opened = out_.after.since = inputs_.now;
  if (enter(0, model_.state(0).initial)) {
    arrive();
    settle();
  }
}

void Run::take(const Event& event) {
  bind(event);
  const Arc* arc = select(false);
  if (arc == nullptr) {
    cover();
  } else if (follow(*arc)) {
    settle();
  }
}

/// The first enabled transition: innermost state first, then document order.
const Arc* Run::select(bool eventless) {
  for (int s = active_; s > 0; s = model_.state(s).parent) {
    for (const Arc& arc : model_.state(s).arcs) {
      if (arc.matches.empty() != eventless) continue;
      if (!eventless && !arc.matches[static_cast<std::size_t>(event_type_)]) continue;
      see(arc.view);
      if (!arc.condition || holds(*arc.condition)) return &arc;
    }
  }
  return nullptr;
}

/// Eventless transitions until none is enabled.
bool Run::settle() {
  while (!model_.state(active_).is_final) {
    const Arc* arc = select(true);
    if (arc == nullptr) return true;
    if (++transitions_ > kTransitionsMax)
      reject("too-many-transitions", "process " + model_.name + " does not come to rest after " +
                                         std::to_string(kTransitionsMax) + " transitions");
    if (!follow(*arc)) return false;
  }
  return true;
}

bool Run::follow(const Arc& arc) {
  if (arc.target < 0) {
    const bool taken = run(arc.code);
    if (taken) arrive();
    return taken;
  }
  if (!leave(arc.domain) || !run(arc.code) || !enter(arc.domain, arc.target)) return false;
  arrive();
  return true;
}

bool Run::leave(int domain) {
  const int left = active_;
  for (; active_ != domain; active_ = model_.state(active_).parent)
    for (const Code& code : model_.state(active_).on_exit)
      if (!run(code)) return false;
  for (int s = left; s != domain; s = model_.state(s).parent) {
    for (std::size_t i = out_.after.deadlines.size(); i-- > 0;) {
      const auto& type = type_of(out_.after.deadlines[i]);
      if (type.owner == s) end_deadline(i);
    }
  }
  end_visit_bound();
  return true;
}

/// Tasks, and deadlines declared at top level, that are bound to the visit that ends.
void Run::end_visit_bound() {
  for (std::size_t i = out_.after.deadlines.size(); i-- > 0;) {
    const auto& type = type_of(out_.after.deadlines[i]);
    if (type.owner < 0 && !type.for_case && out_.after.deadlines[i].visit != kVisitToCome)
      end_deadline(i);
  }
  for (std::size_t i = out_.after.tasks.size(); i-- > 0;)
    if (out_.after.tasks[i].visit > 0) end_task(i);
}

bool Run::enter(int domain, int target) {
  while (true) {
    std::vector<int> path;
    for (int s = target; s != domain; s = model_.state(s).parent) path.push_back(s);
    for (std::size_t i = path.size(); i-- > 0;)
      if (!enter_one(path[i], i == 0)) return false;
    if (model_.state(target).is_atomic()) return true;
    domain = target;
    target = model_.state(target).initial;
  }
}

bool Run::enter_one(int index, bool by_default) {
  const State& state = model_.state(index);
  active_ = index;
  entered_.push_back(index);
  moved_ = true;
  ++out_.after.visit;
  if (state.is_atomic()) variables_[model_.fixed(kStateName)] = Value(state.id);
  for (std::size_t i = out_.after.tasks.size(); i-- > 0;) {
    const auto& until = out_.after.tasks[i].until;
    if (std::find(until.begin(), until.end(), state.id) != until.end()) end_task(i);
  }
  set_deadlines(index);
  for (const Code& code : state.on_entry)
    if (!run(code)) return false;
  return !by_default || state.is_atomic() || run(state.initial_code);
}

/// The end of a microstep: what was set on the way belongs to the state that it led to.
void Run::arrive() {
  for (auto& task : out_.after.tasks)
    if (task.visit == kVisitToCome) task.visit = out_.after.visit;
  for (auto& deadline : out_.after.deadlines)
    if (deadline.visit == kVisitToCome) deadline.visit = out_.after.visit;
  const State& state = model_.state(active_);
  if (!moved_) return;
  moved_ = false;
  out_.states.push_back(state.id);
  out_.after.state = state.id;
  out_.after.since = inputs_.now;
  if (!state.is_final) return;
  out_.after.ended = inputs_.now;
  for (std::size_t i = out_.after.deadlines.size(); i-- > 0;)
    if (!type_of(out_.after.deadlines[i]).for_case) end_deadline(i);
  for (std::size_t i = out_.after.tasks.size(); i-- > 0;) {
    const auto found = model_.task_index.find(out_.after.tasks[i].name);
    const bool for_case = found != model_.task_index.end() &&
                          model_.tasks[static_cast<std::size_t>(found->second)].for_case;
    const bool just_asked = out_.after.tasks[i].visit == out_.after.visit;
    if (!for_case && !just_asked) end_task(i);
  }
}

void Run::cover() {
  for (int s = active_; s >= 0; s = model_.state(s).parent) {
    for (const Cover& cover : model_.state(s).covers) {
      if (!cover.matches[static_cast<std::size_t>(event_type_)]) continue;
      if (cover.action == Otherwise::ignore) out_.disposition = Disposition::ignored;
      if (cover.action == Otherwise::refuse) {
        out_.refusal = cover.code;
        refused_ = true;
      }
      if (cover.action == Otherwise::task) {
        open_task(cover.task, {}, {});
        arrive();
      }
      return;
    }
  }
  if (model_.events[static_cast<std::size_t>(event_type_)].kind == EventKind::answer) return;
  out_.disposition = out_.after.ended ? Disposition::recorded : Disposition::ignored;
}

void Run::check_invariants() {
  see(model_.plain);
  for (const Invariant& invariant : model_.invariants) {
    const auto& states = invariant.states;
    if (!states.empty() && std::none_of(states.begin(), states.end(),
                                        [&](int s) { return model_.inside(active_, s); }))
      continue;
    bool holds_now = false;
    try {
      holds_now = holds(*invariant.condition);
    } catch (const Error& error) {
      throw Error(error.kind(), error.code(), "invariant " + invariant.id + ": " + error.what());
    }
    if (!holds_now)
      reject("invariant-broken",
             "invariant " + invariant.id + " does not hold in state " + model_.state(active_).id);
  }
}

/// The alias's value under the variables as they are, or none where it reads something unset.
// Most aliases are unset in most turns: that is no error, which would cost more than the turn.
std::optional<Value> Run::alias_of(const AliasType& alias) {
  Value value = alias.value->evaluate_optional({variables_, pugi::xml_node(), this});
  if (value.is_set() && !value.as<std::string>().empty()) return value;
  return std::nullopt;
}

void Run::take_aliases() {
  see(model_.plain);
  for (const AliasType& alias : model_.aliases) {
    const auto ends = [&](int s) {
      return std::find(alias.until.begin(), alias.until.end(), s) != alias.until.end() ||
             (alias.while_open && model_.state(s).is_final);
    };
    const auto& taken = *hidden(alias.taken).as<std::shared_ptr<const expression::List>>();
    if (std::any_of(entered_.begin(), entered_.end(), ends) && !taken.empty()) {
      out_.aliases_ended.push_back(alias.name);
      hidden(alias.taken) = Value(std::make_shared<const expression::List>());
    }
    bool over = false;
    for (int s = active_; s > 0; s = model_.state(s).parent) over = over || ends(s);
    const auto value = over ? std::nullopt : alias_of(alias);
    const auto& held = *hidden(alias.taken).as<std::shared_ptr<const expression::List>>();
    if (!value || std::find(held.begin(), held.end(), *value) != held.end()) continue;
    auto more = std::make_shared<expression::List>(held);
    more->push_back(*value);
    hidden(alias.taken) = Value(std::shared_ptr<const expression::List>(std::move(more)));
    out_.aliases_taken.push_back({alias.name, value->as<std::string>()});
  }
}

Transition Run::finish() {
  if (refused_) {
    Transition refused;
    refused.after = before_;
    refused.after.version = out_.after.version;
    refused.after.event_number = out_.after.event_number;
    refused.disposition = Disposition::refused;
    refused.refusal = out_.refusal;
    refused.reply = std::move(out_.reply);
    refused.notes = std::move(out_.notes);
    return refused;
  }
  check_invariants();
  take_aliases();
  std::move(variables_.begin(), variables_.begin() + visible(), out_.after.data.begin());
  for (Effect& effect : out_.effects)
    if (effect.visit != 0) effect.visit = out_.after.visit;
  return std::move(out_);
}

Case Run::take_over(const std::vector<std::size_t>& fresh) {
  see(model_.plain);
  Case taken = before_;
  for (const std::size_t slot : fresh)
    taken.data[slot] = variables_[slot] = evaluate(*model_.data[slot].initial);
  check_invariants();
  return taken;
}

bool Run::is_in(std::string_view state) const {
  const auto found = model_.state_index.find(state);
  if (found == model_.state_index.end())
    reject("unknown-state", "process " + model_.name + " has no state " + std::string(state));
  return model_.inside(active_, found->second);
}

std::string Run::next_serial(std::string_view series) {
  if (!inputs_.serial)
    throw Error(ErrorKind::internal, "no-series", "no series of numbers is at hand");
  return inputs_.serial(series);
}

const Deadline* Run::open_deadline(std::string_view name) const {
  for (const auto& open : out_.after.deadlines)
    if (open.name == name) return &open;
  return nullptr;
}

Value Run::due_of(std::string_view deadline) const {
  const Deadline* open = open_deadline(deadline);
  return open == nullptr ? Value() : Value(open->due);
}

}  // namespace masar::process
