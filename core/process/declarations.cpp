#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/process/builder.h"
#include "core/process/event_descriptor.h"
#include "core/process/host.h"

namespace masar::process {
namespace {

using config::Element;
using expression::Kind;
using expression::Type;

constexpr Span kTaskDue{Duration{0}, 2};  ///< ENGINE.md 21

std::optional<Type> read_type(Builder& builder, const Element& element, std::string_view type,
                              std::string_view columns) {
  const std::string text = value_of(element, type);
  if (text.empty()) return std::nullopt;
  if (text == "table") {
    if (attribute_of(element, columns) == nullptr) {
      builder.diagnostics.add(element.place, "a table needs " + std::string(columns),
                              "write " + std::string(columns) + "=\"name type, name type\"");
      return std::nullopt;
    }
    auto parsed = expression::parse_columns(value_of(element, columns));
    if (!parsed) {
      builder.diagnostics.add(place_of(element, columns), "these are no columns",
                              "write \"name type, name type\"");
      return std::nullopt;
    }
    return Type{Kind::table, Kind::text,
                std::make_shared<const expression::Columns>(std::move(*parsed))};
  }
  auto parsed = expression::parse_type(text);
  if (!parsed || parsed->kind == Kind::nodes || parsed->kind == Kind::row) {
    builder.diagnostics.add(
        place_of(element, type), "unknown type \"" + text + "\"",
        config::suggest(text, {"text", "integer", "fils", "date", "instant", "duration", "boolean",
                               "list", "list of text", "table"}));
    return std::nullopt;
  }
  return parsed;
}

std::size_t key_column(Builder& builder, const Element& element, const Type& type) {
  const std::string key = value_of(element, "m:key");
  if (key.empty()) {
    builder.diagnostics.add(element.place, "a table needs m:key",
                            "name the column that identifies a row");
    return 0;
  }
  std::vector<std::string> names;
  for (const auto& [name, column] : *type.columns) names.push_back(name);
  const auto found = std::find(names.begin(), names.end(), key);
  if (found == names.end())
    builder.diagnostics.add(place_of(element, "m:key"), "no column \"" + key + "\"",
                            config::suggest(key, names));
  if (std::find(names.begin(), names.end(), "table") != names.end())
    builder.diagnostics.add(place_of(element, "m:columns"), "a column cannot be called \"table\"",
                            "<m:put table=…> needs that name");
  return found == names.end() ? 0 : static_cast<std::size_t>(found - names.begin());
}

struct Fields {
  expression::Columns columns;
  std::vector<std::string> personal;
  std::vector<std::string> required;
};

Fields read_fields(Builder& builder, const Element& element) {
  Fields fields;
  for (const Element* field : element.elements("field", kMasar)) {
    const std::string id = value_of(*field, "id");
    if (id.empty()) continue;
    const auto same = [&](const auto& column) { return column.first == id; };
    if (std::any_of(fields.columns.begin(), fields.columns.end(), same))
      builder.diagnostics.add(place_of(*field, "id"), "field \"" + id + "\" is declared twice");
    if (id == "name")
      builder.diagnostics.add(place_of(*field, "id"), "a field cannot be called \"name\"",
                              "$event.name is the event's name");
    if (flag_of(*field, "personal")) fields.personal.push_back(id);
    if (flag_of(*field, "required")) fields.required.push_back(id);
    if (auto type = read_type(builder, *field, "type", "columns"))
      fields.columns.emplace_back(id, *type);
  }
  return fields;
}

int add_event(Builder& builder, EventType event) {
  const std::string& name = event.declaration.name;
  const int index = static_cast<int>(builder.model.events.size());
  if (!builder.model.event_index.emplace(name, index).second) {
    builder.diagnostics.add(event.place, "event \"" + name + "\" is declared twice");
    return builder.model.event_index.find(name)->second;
  }
  builder.model.events.push_back(std::move(event));
  return index;
}

/// Names between dots; `deadline` and `task` begin the names of our own events.
void check_event_name(Builder& builder, const Element& element, const std::string& name) {
  bool good = !name.empty();
  for (std::size_t at = 0; good && at <= name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    good = is_name(std::string_view(name).substr(at, dot - at));
    at = dot + 1;
  }
  const std::string first = name.substr(0, name.find('.'));
  if (attribute_of(element, "name") == nullptr) return;
  if (!good)
    builder.diagnostics.add(place_of(element, "name"), "\"" + name + "\" is not a name of an event",
                            "use letters, digits, - and _, with dots between parts");
  if (first == "deadline" || first == "task")
    builder.diagnostics.add(place_of(element, "name"),
                            "an event of a message cannot begin with \"" + first + "\"",
                            "deadlines and answers to tasks have such names");
}

void declare_task(Builder& builder, const Element& element) {
  TaskType task;
  task.declaration.name = value_of(element, "name");
  task.declaration.due = span_of(builder, element, "due").value_or(kTaskDue);
  task.for_case = value_of(element, "scope") == "case";
  task.until = words(value_of(element, "until"));
  task.place = element.place;
  for (const Element* answer : element.elements("answer", kMasar)) {
    Fields fields = read_fields(builder, *answer);
    const std::string name = value_of(*answer, "name");
    const std::string event = "task." + task.declaration.name + "." + name;
    task.declaration.answers.push_back({name, fields.columns, event});
    const auto is_effect = [](const auto& field) { return field.first == "effect"; };
    if (std::any_of(fields.columns.begin(), fields.columns.end(), is_effect))
      builder.diagnostics.add(answer->place, "an answer's field cannot be called \"effect\"",
                              "$event.effect is the effect that the task is about");
    else fields.columns.emplace_back("effect", type_of(Kind::text));
    EventType type{EventKind::answer,
                   {event, fields.columns, fields.personal, fields.required},
                   false,
                   false,
                   answer->place};
    task.events.push_back(add_event(builder, std::move(type)));
  }
  if (task.declaration.answers.empty())
    builder.diagnostics.add(element.place, "task \"" + task.declaration.name + "\" has no answer",
                            "add <m:answer name=\"…\"/>");
  const int index = static_cast<int>(builder.model.tasks.size());
  if (!builder.model.task_index.emplace(task.declaration.name, index).second)
    builder.diagnostics.add(place_of(element, "name"),
                            "task \"" + task.declaration.name + "\" is declared twice");
  else builder.model.tasks.push_back(std::move(task));
}

void compile_alias(Builder& builder, const Element& element) {
  Model& model = builder.model;
  AliasType alias;
  alias.place = element.place;
  const std::string data = value_of(element, "data");
  alias.name = attribute_of(element, "id") != nullptr ? value_of(element, "id") : data;
  alias.while_open = value_of(element, "lifetime") == "while-open";
  const auto same = [&](const AliasType& other) { return other.name == alias.name; };
  if (alias.name.empty())
    builder.diagnostics.add(element.place, "<m:alias> needs id",
                            "write id=\"…\" expr=\"…\", or data=\"…\"");
  if (std::any_of(model.aliases.begin(), model.aliases.end(), same))
    builder.diagnostics.add(element.place, "alias \"" + alias.name + "\" is declared twice");
  if (attribute_of(element, "expr") != nullptr) {
    alias.value =
        compile_attribute(builder, element, "expr", model.plain->scope, type_of(Kind::text));
  } else if (!data.empty()) {
    if (find_or_report(builder, model.data_index, data, "data", place_of(element, "data")) >= 0)
      alias.value = compile_source(builder, "$" + data, place_of(element, "data"),
                                   model.plain->scope, type_of(Kind::text));
  } else {
    builder.diagnostics.add(element.place, "<m:alias> needs expr", "write expr=\"$data\"");
  }
  for (const auto& id : words(value_of(element, "until"))) {
    const int state =
        find_or_report(builder, model.state_index, id, "state", place_of(element, "until"));
    if (state >= 0) alias.until.push_back(state);
  }
  alias.taken = static_cast<int>(model.data.size() + model.hidden.size());
  model.hidden.emplace_back("alias:" + alias.name, Type{Kind::list, Kind::text, nullptr});
  model.aliases.push_back(std::move(alias));
}

void compile_invariant(Builder& builder, const Element& element) {
  Invariant invariant;
  invariant.id = value_of(element, "id");
  const auto text = std::find_if(
      element.children.begin(), element.children.end(),
      [](const Element& child) { return child.is_text() && !trim(child.text).empty(); });
  if (text == element.children.end()) {
    builder.diagnostics.add(element.place, "invariant \"" + invariant.id + "\" says nothing",
                            "write a condition as its text");
    return;
  }
  invariant.condition = compile_source(builder, element.all_text(), element.children.front().place,
                                       builder.model.plain->scope, type_of(Kind::boolean));
  for (const auto& id : words(value_of(element, "states"))) {
    const int state = find_or_report(builder, builder.model.state_index, id, "state",
                                     place_of(element, "states"));
    if (state >= 0) invariant.states.push_back(state);
  }
  builder.model.invariants.push_back(std::move(invariant));
}

}  // namespace

void declare_data(Builder& builder, const Element& root) {
  Model& model = builder.model;
  for (const Element* datamodel : root.elements("datamodel", kScxml)) {
    for (const Element* element : datamodel->elements("data", kScxml)) {
      const std::string id = value_of(*element, "id");
      const auto type = read_type(builder, *element, "m:type", "m:columns");
      if (id.empty() || !type) continue;
      if (is_reserved(id)) {
        builder.diagnostics.add(place_of(*element, "id"), "data cannot be called \"" + id + "\"",
                                "$" + id + " has a meaning already");
        continue;
      }
      if (!model.data_index.emplace(id, static_cast<int>(model.data.size())).second) {
        builder.diagnostics.add(place_of(*element, "id"), "data \"" + id + "\" is declared twice");
        continue;
      }
      Data data;
      data.declaration = {id, *type, flag_of(*element, "m:personal"),
                          value_of(*element, "m:search")};
      data.place = element->place;
      if (type->kind == Kind::table) data.key = key_column(builder, *element, *type);
      model.data.push_back(std::move(data));
    }
  }
}

void declare_events(Builder& builder, const Element& root) {
  for (const Element* element : root.elements("event", kMasar)) {
    Fields fields = read_fields(builder, *element);
    const bool opens = flag_of(*element, "opens") || flag_of(*element, "m:opens");
    EventType event{EventKind::message,
                    {value_of(*element, "name"), fields.columns, fields.personal, fields.required},
                    opens,
                    false,
                    element->place};
    check_event_name(builder, *element, event.declaration.name);
    builder.model.messages.push_back(event.declaration);
    add_event(builder, std::move(event));
  }
  for (const Element* element : root.elements("task-type", kMasar)) declare_task(builder, *element);
}

bool is_reserved(std::string_view name) {
  static const std::set<std::string, std::less<>> names{"event", "sender", "now", "applied",
                                                        "state"};
  return names.count(name) != 0;
}

void compile_declarations(Builder& builder, const Element& root) {
  Model& model = builder.model;
  model.plain = view_for(builder, std::vector<bool>(model.events.size(), false));
  for (const Element* datamodel : root.elements("datamodel", kScxml)) {
    for (const Element* element : datamodel->elements("data", kScxml)) {
      const auto found = model.data_index.find(value_of(*element, "id"));
      if (found == model.data_index.end()) continue;
      Data& data = model.data[static_cast<std::size_t>(found->second)];
      data.initial =
          compile_attribute(builder, *element, "expr", model.plain->scope, data.declaration.type);
    }
  }
  for (auto& task : model.tasks) {
    for (const auto& id : task.until) {
      const int state = find_or_report(builder, model.state_index, id, "state", task.place);
      if (state >= 0) task.until_states.push_back(state);
    }
  }
  for (const Element* element : root.elements("alias", kMasar)) compile_alias(builder, *element);
  for (const Element* element : root.elements("invariant", kMasar))
    compile_invariant(builder, *element);
}

std::vector<bool> match_events(Builder& builder, const std::vector<std::string>& descriptors,
                               const config::Place& place) {
  const Model& model = builder.model;
  std::vector<bool> matches(model.events.size(), false);
  for (const std::string& whole : descriptors) {
    if (whole == "*") {
      for (std::size_t i = 0; i < matches.size(); ++i)
        if (model.events[i].kind == EventKind::message) matches[i] = true;
      continue;
    }
    const std::string descriptor(event_prefix(whole));
    bool any = false;
    for (std::size_t i = 0; i < matches.size(); ++i) {
      if (is_of_prefix(model.events[i].declaration.name, descriptor)) matches[i] = any = true;
    }
    if (!any)
      builder.diagnostics.add(place, "unknown event \"" + descriptor + "\"",
                              config::suggest(descriptor, keys_of(model.event_index)));
  }
  return matches;
}

const View* view_for(Builder& builder, const std::vector<bool>& events) {
  if (const auto found = builder.views.find(events); found != builder.views.end())
    return found->second;
  Model& model = builder.model;
  auto view = std::make_unique<View>();
  expression::Scope& scope = view->scope;
  scope.functions = process_functions();
  scope.lookups = &builder.lookups;
  scope.paths = false;
  scope.zone = builder.zone;
  for (const auto& data : model.data) scope.add(data.declaration.name, data.declaration.type);
  for (const char* name : {"event.name", "sender"}) scope.add(name, type_of(Kind::text));
  for (const char* name : {"now", "applied"}) scope.add(name, type_of(Kind::instant));
  scope.add("state", type_of(Kind::text));

  std::vector<std::pair<std::string, std::optional<Type>>>
      fields;  // none: events disagree about its type
  for (std::size_t e = 0; e < events.size(); ++e) {
    if (!events[e]) continue;
    for (const auto& [name, type] : model.events[e].declaration.fields) {
      const auto found = std::find_if(fields.begin(), fields.end(),
                                      [&](const auto& f) { return f.first == name; });
      if (found == fields.end()) fields.emplace_back(name, type);
      else if (found->second && !(*found->second == type)) found->second.reset();
    }
  }
  for (const auto& [name, type] : fields) {
    if (!type || name == "name") continue;
    view->fields.push_back(name);
    scope.add("event." + name, *type);
  }
  view->from.resize(model.events.size());
  for (std::size_t e = 0; e < model.events.size(); ++e) {
    for (const auto& field : view->fields) {
      const auto& columns = model.events[e].declaration.fields;
      const auto found = std::find_if(columns.begin(), columns.end(),
                                      [&](const auto& c) { return c.first == field; });
      view->from[e].push_back(
          found == columns.end() || !events[e] ? -1 : static_cast<int>(found - columns.begin()));
    }
  }
  model.variables = std::max(model.variables, scope.size());
  model.views.push_back(std::move(view));
  return builder.views[events] = model.views.back().get();
}

const View* view_for_all(Builder& builder) {
  return view_for(builder, std::vector<bool>(builder.model.events.size(), true));
}

}  // namespace masar::process
