#include <algorithm>

#include "core/process/builder.h"

/// Findings about the document as a whole.
namespace masar::process {
namespace {

/// Marks what entering `target` makes active: the states around it and those entered by default.
void reach(const Model& model, int target, std::vector<bool>& reached) {
  for (int s = target; s >= 0; s = model.state(s).parent)
    reached[static_cast<std::size_t>(s)] = true;
  for (int s = target; s >= 0 && !model.state(s).is_atomic(); s = model.state(s).initial) {
    for (int inner = model.state(s).initial; inner > s; inner = model.state(inner).parent)
      reached[static_cast<std::size_t>(inner)] = true;
  }
}

void check_reachable(Builder& builder) {
  const Model& model = builder.model;
  std::vector<bool> reached(model.states.size(), false);
  std::vector<bool> followed(model.states.size(), false);
  reach(model, 0, reached);
  for (bool more = true; more;) {
    more = false;
    for (std::size_t s = 0; s < model.states.size(); ++s) {
      if (!reached[s] || followed[s]) continue;
      followed[s] = more = true;
      for (const Arc& arc : model.states[s].arcs)
        if (arc.target >= 0) reach(model, arc.target, reached);
    }
  }
  for (std::size_t s = 1; s < model.states.size(); ++s)
    if (!reached[s])
      builder.diagnostics.add(
          model.states[s].place, "state \"" + model.states[s].id + "\" cannot be reached",
          "give a transition target=\"" + model.states[s].id + "\", or remove it");
}

bool covers(const State& state, std::size_t event, bool unconditional) {
  const auto arc = [&](const Arc& a) {
    return !a.matches.empty() && a.matches[event] && !(unconditional && a.condition);
  };
  const auto cover = [&](const Cover& c) { return c.matches[event]; };
  return std::any_of(state.arcs.begin(), state.arcs.end(), arc) ||
         std::any_of(state.covers.begin(), state.covers.end(), cover);
}

/// Whether an event that arrives here always finds something that takes it.
bool is_covered(const Model& model, int state, std::size_t event) {
  for (int s = state; s >= 0; s = model.state(s).parent)
    if (covers(model.state(s), event, true)) return true;
  return false;
}

void check_events(Builder& builder) {
  const Model& model = builder.model;
  for (std::size_t e = 0; e < model.events.size(); ++e) {
    const EventType& event = model.events[e];
    const std::string& name = event.declaration.name;
    const auto anywhere = [&](const State& state) { return covers(state, e, false); };
    if (std::none_of(model.states.begin(), model.states.end(), anywhere)) {
      builder.diagnostics.add(event.place, "event \"" + name + "\" is handled nowhere",
                              "add <transition event=\"" + name + "\">, or <m:otherwise events=\"" +
                                  name + "\" do=\"ignore\"/>");
      continue;
    }
    if (event.kind != EventKind::message) continue;
    for (std::size_t s = 1; s < model.states.size(); ++s) {
      const State& state = model.states[s];
      if (!state.is_atomic() || state.is_final || is_covered(model, static_cast<int>(s), e))
        continue;
      builder.diagnostics.add(state.place,
                              "event \"" + name + "\" is not handled in state \"" + state.id + "\"",
                              "add a transition without cond, or <m:otherwise events=\"" + name +
                                  "\" do=\"ignore|refuse|task\"/>");
    }
  }
}

void check_opening(Builder& builder) {
  const Model& model = builder.model;
  const auto opens = [](const EventType& event) { return event.opens; };
  if (std::none_of(model.events.begin(), model.events.end(), opens))
    builder.diagnostics.add(model.state(0).place, "no event opens a case",
                            "give one <m:event> opens=\"true\"");
}

void check_deadlines(Builder& builder) {
  const Model& model = builder.model;
  for (const DeadlineType& deadline : model.deadlines) {
    if (deadline.owner < 0 || !deadline.due) continue;
    const Due* due = &*deadline.due;
    for (std::size_t steps = 0; !due->before.empty(); ++steps) {
      const int next = find_deadline(model, due->before, deadline.owner);
      if (next < 0) break;
      const DeadlineType& other = model.deadlines[static_cast<std::size_t>(next)];
      if (&other == &deadline || steps > model.deadlines.size()) {
        builder.diagnostics.add(deadline.place,
                                "deadline \"" + deadline.name + "\" stands before itself",
                                "give one of them after");
        break;
      }
      if (!other.due) break;
      due = &*other.due;
    }
  }
}

void check_finals(Builder& builder) {
  for (const State& state : builder.model.states) {
    if (!state.is_final) continue;
    for (const Arc& arc : state.arcs)
      if (arc.matches.empty() || arc.target >= 0)
        builder.diagnostics.add(arc.place, "a transition of an end has an event and no target",
                                "the case is over");
  }
}

}  // namespace

void check_model(Builder& builder) {
  check_reachable(builder);
  check_events(builder);
  check_opening(builder);
  check_deadlines(builder);
  check_finals(builder);
}

}  // namespace masar::process
