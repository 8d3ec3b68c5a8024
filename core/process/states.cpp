#include <algorithm>

#include "core/process/builder.h"

/// The tree of states, their transitions and deadlines.
namespace masar::process {
namespace {

using config::Element;
using expression::Kind;

bool is_state(const Element& element) {
  return is_named(element, "state") || is_named(element, "final");
}

int event_of_deadline(Builder& builder, const std::string& name, const config::Place& place) {
  const std::string event = "deadline." + name;
  const auto found = builder.model.event_index.find(event);
  if (found != builder.model.event_index.end()) return found->second;
  const int index = static_cast<int>(builder.model.events.size());
  builder.model.event_index.emplace(event, index);
  builder.model.events.push_back({EventKind::deadline, {event, {}, {}, {}}, false, false, place});
  return index;
}

int counter_of_deadline(Builder& builder, const std::string& name) {
  Model& model = builder.model;
  const std::string hidden = "deadline:" + name;
  for (std::size_t i = 0; i < model.hidden.size(); ++i)
    if (model.hidden[i].first == hidden) return static_cast<int>(model.data.size() + i);
  model.hidden.emplace_back(hidden, type_of(Kind::integer));
  return static_cast<int>(model.data.size() + model.hidden.size() - 1);
}

void declare_deadline(Builder& builder, const Element& element, int owner) {
  Model& model = builder.model;
  DeadlineType deadline;
  deadline.name = value_of(element, "id");
  deadline.owner = owner;
  deadline.place = element.place;
  deadline.for_case = owner < 0 && value_of(element, "scope") != "visit";
  for (const char* way : {"after", "at", "before", "every"})
    if (owner >= 0 && attribute_of(element, way) != nullptr) deadline.on_entry = true;
  deadline.every = span_of(builder, element, "every");
  if (deadline.name.empty()) return;
  if (find_deadline(model, deadline.name, std::max(owner, 0)) >= 0)
    builder.diagnostics.add(place_of(element, "id"),
                            "deadline \"" + deadline.name +
                                "\" is declared already, here or in a state around this one",
                            "give it another name");
  deadline.event = event_of_deadline(builder, deadline.name, element.place);
  deadline.counter = counter_of_deadline(builder, deadline.name);
  if (owner >= 0) model.state(owner).deadlines.push_back(static_cast<int>(model.deadlines.size()));
  model.deadlines.push_back(std::move(deadline));
  builder.deadline_elements.push_back(&element);
}

void declare_state(Builder& builder, const Element& element, int parent) {
  Model& model = builder.model;
  const int index = static_cast<int>(model.states.size());
  State state;
  state.id = value_of(element, "id");
  state.parent = parent;
  state.is_final = is_named(element, "final");
  state.waits_for = value_of(element, "m:waits-for");
  state.place = element.place;
  if (parent >= 0) {
    model.state(parent).children.push_back(index);
    if (!model.state_index.emplace(state.id, index).second)
      builder.diagnostics.add(place_of(element, "id"),
                              "state \"" + state.id + "\" is declared twice");
  }
  model.states.push_back(std::move(state));
  builder.state_elements.push_back(&element);
  for (const Element* child : element.elements()) {
    if (is_state(*child)) declare_state(builder, *child, index);
    else if (is_named(*child, "m:deadline")) declare_deadline(builder, *child, index);
    else if (is_named(*child, "m:deadline-type")) declare_deadline(builder, *child, -1);
  }
  model.state(index).last = static_cast<int>(model.states.size()) - 1;
}

/// The states of this compiler's part: everything about one state.
class StateCompiler {
 public:
  StateCompiler(Builder& builder, int index)
      : builder_(builder),
        model_(builder.model),
        index_(index),
        element_(*builder.state_elements[static_cast<std::size_t>(index)]) {}

  void compile() {
    initial();
    for (const Element* child : element_.elements()) {
      if (is_named(*child, "onentry")) state().on_entry.push_back(handler(*child));
      else if (is_named(*child, "onexit")) state().on_exit.push_back(handler(*child));
      else if (is_named(*child, "transition") || is_named(*child, "m:transition"))
        transition(*child);
      else if (is_named(*child, "m:deadline")) deadline(*child);
      else if (is_named(*child, "m:otherwise")) otherwise(*child);
    }
  }

 private:
  State& state() { return model_.state(index_); }

  Code handler(const Element& element) {
    const View* view = view_for_all(builder_);
    return {view, compile_block(builder_, element.elements(), {&view->scope, index_, true})};
  }

  int target(const Element& element, std::string_view attribute) {
    const auto ids = words(value_of(element, attribute));
    const auto place = place_of(element, attribute);
    if (ids.size() != 1) {
      builder_.diagnostics.add(
          place, std::string(attribute) + " names " + (ids.empty() ? "no state" : "several states"),
          "name one state; <parallel> is not supported");
      return -1;
    }
    return find_or_report(builder_, model_.state_index, ids[0], "state", place);
  }

  void inner_target(int found, const config::Place& place) {
    if (found < 0) return;
    if (found == index_ || !model_.inside(found, index_))
      builder_.diagnostics.add(
          place, "state \"" + model_.state(found).id + "\" is not inside \"" + state().id + "\"",
          "name a state inside it");
    else state().initial = found;
  }

  void initial() {
    const Element* element = element_.element("initial", kScxml);
    const bool attribute = attribute_of(element_, "initial") != nullptr;
    if (state().children.empty()) {
      if (index_ == 0)
        builder_.diagnostics.add(element_.place, "the process has no state",
                                 "add <state id=\"…\">");
      else if (attribute || element != nullptr)
        builder_.diagnostics.add(element_.place, "state \"" + state().id + "\" has no state inside",
                                 "remove initial");
      return;
    }
    state().initial = state().children.front();
    if (attribute && element != nullptr)
      builder_.diagnostics.add(element->place, "initial is given twice",
                               "keep the attribute or the element");
    if (attribute) {
      inner_target(target(element_, "initial"), place_of(element_, "initial"));
    } else if (element != nullptr) {
      const auto transitions = element->elements("transition", kScxml);
      if (transitions.size() != 1) {
        builder_.diagnostics.add(element->place, "<initial> has one <transition>");
        return;
      }
      const Element& transition = *transitions.front();
      for (const char* name : {"event", "cond", "type"})
        if (attribute_of(transition, name) != nullptr)
          builder_.diagnostics.add(place_of(transition, name),
                                   std::string("the transition of <initial> has no ") + name,
                                   "keep target alone");
      inner_target(target(transition, "target"), place_of(transition, "target"));
      state().initial_code = handler(transition);
    }
  }

  /// The innermost compound state that contains both and is not left by going from here to `to`.
  int stays(int to, bool internal) const {
    if (internal && to != index_ && model_.inside(to, index_)) return index_;
    int domain = model_.state(index_).parent;
    while (domain > 0 && (to == domain || !model_.inside(to, domain)))
      domain = model_.state(domain).parent;
    return std::max(domain, 0);
  }

  void transition(const Element& element) {
    Arc arc;
    arc.place = element.place;
    arc.descriptors = words(value_of(element, "event"));
    const bool has_event = attribute_of(element, "event") != nullptr;
    const bool has_target = attribute_of(element, "target") != nullptr;
    bool sent = attribute_of(element, "event") == nullptr;
    if (has_event) {
      if (arc.descriptors.empty())
        builder_.diagnostics.add(place_of(element, "event"), "event is empty",
                                 "name an event, or leave the attribute out");
      arc.matches = match_events(builder_, arc.descriptors, place_of(element, "event"));
      arc.view = view_for(builder_, arc.matches);
      for (std::size_t e = 0; e < arc.matches.size(); ++e)
        sent = sent || (arc.matches[e] && model_.events[e].kind != EventKind::deadline);
    } else {
      arc.view = view_for_all(builder_);
      if (!has_target && attribute_of(element, "cond") == nullptr)
        builder_.diagnostics.add(element.place, "<transition> needs event, cond or target");
    }
    arc.condition =
        compile_attribute(builder_, element, "cond", arc.view->scope, type_of(Kind::boolean));
    if (has_target) arc.target = target(element, "target");
    arc.domain =
        arc.target < 0 ? index_ : stays(arc.target, value_of(element, "type") == "internal");
    arc.code = {arc.view,
                compile_block(builder_, element.elements(), {&arc.view->scope, arc.domain, sent})};
    if (has_target)
      for (const Element* child : element.elements("refuse", kMasar))
        builder_.diagnostics.add(child->place,
                                 "a refused event goes nowhere, but the transition has a target",
                                 "remove the target");
    keep(std::move(arc));
  }

  void deadline(const Element& element) {
    DeadlineType* type = nullptr;
    for (std::size_t i = 0; i < builder_.deadline_elements.size(); ++i)
      if (builder_.deadline_elements[i] == &element) type = &model_.deadlines[i];
    if (type == nullptr) return;
    type->view = model_.plain;
    type->due = compile_due(builder_, element, model_.plain->scope, index_);
    if (!type->due && type->every)
      type->due = Due{type->every,
                      {},
                      {},
                      {},
                      Duration{0},
                      value_of(element, "from") == "applied",
                      value_of(element, "round") == "second"};
    const bool has_target = attribute_of(element, "target") != nullptr;
    if (!has_target && element.elements().empty()) return;  // left to transitions on its event
    Arc arc;
    arc.place = element.place;
    arc.descriptors = {"deadline." + type->name};
    arc.matches.assign(model_.events.size(), false);
    arc.matches[static_cast<std::size_t>(type->event)] = true;
    arc.view = model_.plain;
    if (has_target) arc.target = target(element, "target");
    arc.domain = arc.target < 0 ? index_ : stays(arc.target, false);
    arc.code = {arc.view,
                compile_block(builder_, element.elements(), {&arc.view->scope, arc.domain, false})};
    keep(std::move(arc));
  }

  void keep(Arc arc) {
    for (std::size_t e = 0; arc.target >= 0 && e < arc.matches.size(); ++e)
      if (arc.matches[e]) model_.events[e].leads = true;
    state().arcs.push_back(std::move(arc));
  }

  void otherwise(const Element& element) {
    Cover cover;
    cover.matches =
        match_events(builder_, words(value_of(element, "events")), place_of(element, "events"));
    const std::string action = value_of(element, "do");
    cover.code = value_of(element, "code");
    if (action == "refuse") {
      cover.action = Otherwise::refuse;
      if (cover.code.empty())
        builder_.diagnostics.add(element.place, "do=\"refuse\" needs code",
                                 "code=\"…\" is what the sender is told");
    } else if (action == "task") {
      cover.action = Otherwise::task;
      if (attribute_of(element, "task") == nullptr)
        builder_.diagnostics.add(element.place, "do=\"task\" needs task",
                                 "name the task that is asked");
      else
        cover.task = find_or_report(builder_, model_.task_index, value_of(element, "task"), "task",
                                    place_of(element, "task"));
    }
    state().covers.push_back(std::move(cover));
  }

  Builder& builder_;
  Model& model_;
  int index_;
  const Element& element_;
};

}  // namespace

void declare_states(Builder& builder, const Element& root) { declare_state(builder, root, -1); }

void compile_states(Builder& builder) {
  for (std::size_t i = 0; i < builder.model.states.size(); ++i)
    StateCompiler(builder, static_cast<int>(i)).compile();
}

}  // namespace masar::process
