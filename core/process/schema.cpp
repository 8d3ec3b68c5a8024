#include "core/process/schema.h"

#include <algorithm>
#include <map>

#include "core/base/text.h"

namespace masar::process {
namespace {

using config::ElementTable;
using config::Field;
using config::Kind;

constexpr std::string_view kContent[] = {
    "assign",           "if",       "foreach", "m:put",           "m:clear",
    "m:effect",         "m:reply",  "m:task",  "m:withdraw-task", "m:set-deadline",
    "m:clear-deadline", "m:refuse", "m:note"};

std::vector<std::string_view> content(std::initializer_list<std::string_view> more = {}) {
  std::vector<std::string_view> names(std::begin(kContent), std::end(kContent));
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

Field text(std::string_view name, bool required, std::string_view meaning) {
  return {name, Kind::text, required, "", meaning, {}};
}
Field name(std::string_view name, bool required, std::string_view meaning) {
  return {name, Kind::name, required, "", meaning, {}};
}
Field flag(std::string_view name, std::string_view meaning) {
  return {name, Kind::boolean, false, "false", meaning, {}};
}
Field formula(std::string_view name, bool required, std::string_view meaning) {
  return {name, Kind::expression, required, "", meaning, {}};
}
Field choice(std::string_view name, std::string_view fallback,
             std::vector<std::string_view> choices, std::string_view meaning) {
  return {name, Kind::choice, false, fallback, meaning, std::move(choices)};
}

std::vector<Field> due_fields(std::vector<Field> first) {
  first.push_back(
      text("after", false, "How long after: a span (PT72H, P2WD) or an expression of a duration."));
  first.push_back(formula("at", false, "When: an expression of an instant."));
  first.push_back(text("before", false, "A deadline and how long before it: \"payment PT24H\"."));
  first.push_back(choice("from", "now", {"now", "applied"},
                         "What it counts from: the event's time, or when it applied."));
  first.push_back(choice("round", "", {"second"}, "Up to the full second."));
  return first;
}

std::vector<ElementTable> structure() {
  return {
      {"scxml",
       "A process.",
       {text("version", true, "1.0"), text("datamodel", true, "masar"),
        name("name", true, "The process's name."),
        text("initial", false, "The first state; default the first child."),
        choice("binding", "early", {"early"}, "When data gets its values.")},
       {"datamodel", "state", "final", "m:event", "m:alias", "m:invariant", "m:task-type",
        "m:deadline-type", "m:otherwise"}},
      {"datamodel", "The data of a case.", {}, {"data"}},
      {"data",
       "One value of a case.",
       {name("id", true, "Its name."), text("m:type", true, "Its type."),
        formula("expr", false, "Its value at the start."),
        name("m:key", false, "Of a table: the column that identifies a row."),
        text("m:columns", false, "Of a table: `department text, total fils`."),
        flag("m:personal", "Whether it is masked."),
        name("m:search", false, "The search field it feeds.")},
       {}},
      {"state",
       "A state.",
       {name("id", true, "Its name."),
        text("initial", false, "The state inside that is entered first."),
        name("m:waits-for", false, "Whom the case waits for here.")},
       {"initial", "onentry", "onexit", "transition", "state", "m:deadline", "m:otherwise"}},
      {"final",
       "An end of the process.",
       {name("id", true, "Its name.")},
       {"onentry", "m:transition", "m:otherwise"}},
      {"initial", "How the first state inside is entered.", {}, {"transition"}},
      {"onentry", "What happens when the state is entered.", {}, content()},
      {"onexit", "What happens when the state is left.", {}, content()},
      {"transition",
       "What an event does.",
       {text("event", false, "Event descriptors."), formula("cond", false, "When it applies."),
        text("target", false, "The state to go to."),
        choice("type", "external", {"external", "internal"},
               "Whether a state is left to go inside it.")},
       content()},
      {"m:transition",
       "What an event does after the end.",
       {text("event", true, "Event descriptors."), formula("cond", false, "When it applies.")},
       content()},
      {"m:otherwise",
       "What becomes of events that no transition takes.",
       {text("events", true, "Event descriptors."),
        {"do", Kind::choice, true, "", "What happens.", {"ignore", "refuse", "task"}},
        name("code", false, "Of refuse: what the sender is told."),
        name("task", false, "Of task: the task that is asked.")},
       {}},
      {"m:deadline", "A due time of its state.",
       due_fields({name("id", true, "Its name."),
                   text("every", false, "A span: due again, this long after it came due."),
                   text("target", false, "The state to go to.")}),
       content()},
      {"m:event",
       "An event that messages become.",
       {text("name", true, "Its name; parts between dots."),
        flag("opens", "Whether it opens a case.")},
       {"m:field"}},
      {"m:field",
       "A field of an event or an answer.",
       {name("id", true, "Its name."), text("type", true, "Its type."),
        flag("required", "Whether it must be there."), flag("personal", "Whether it is masked."),
        text("columns", false, "Of a table: `item text, amount fils`.")},
       {}},
      {"m:alias",
       "Another name that finds the case.",
       {name("id", false, "Its name; default that of the data."),
        name("data", false, "The data it takes its value from."),
        formula("expr", false, "Its value."), text("until", false, "States that end it."),
        choice("lifetime", "always", {"always", "while-open"}, "When it ends.")},
       {}},
      {"m:invariant",
       "What must be true after every event.",
       {name("id", true, "Its name."), text("states", false, "Where; default everywhere.")},
       {}},
      {"m:task-type",
       "A question to a person.",
       {name("name", true, "Its name."),
        choice("scope", "visit", {"visit", "case"}, "Whether leaving the state withdraws it."),
        text("until", false, "States that withdraw it when entered."),
        text("due", false, "A span after which it escalates.")},
       {"m:answer"}},
      {"m:answer", "An answer to a task.", {name("name", true, "Its name.")}, {"m:field"}},
      {"m:deadline-type",
       "A due time that m:set-deadline sets.",
       {name("id", true, "Its name."),
        choice("scope", "case", {"visit", "case"}, "Whether leaving the state ends it."),
        text("every", false, "A span: due again, this long after it came due.")},
       {}},
  };
}

std::vector<ElementTable> actions() {
  return {
      {"assign",
       "Gives data a value.",
       {name("location", true, "The data."), formula("expr", true, "The value.")},
       {}},
      {"if",
       "Content under a condition.",
       {formula("cond", true, "The condition.")},
       content({"elseif", "else"})},
      {"elseif", "The next condition of an if.", {formula("cond", true, "The condition.")}, {}},
      {"else", "What else.", {}, {}},
      {"foreach",
       "Content for each item.",
       {formula("array", true, "A list or a table."), name("item", true, "The variable."),
        name("index", false, "The variable that counts from 0.")},
       content()},
      {"m:put",
       "Puts a row into a table, in place of one with the same key.",
       {name("table", true, "The table."), formula("*", false, "A column's value.")},
       {}},
      {"m:clear",
       "Empties a table or list, or unsets data.",
       {name("table", false, "The table or list."), name("data", false, "The data.")},
       {}},
      {"m:effect",
       "Asks the world to do something.",
       {name("name", true, "Its name, which a route takes."),
        flag("essential", "Whether the event fails where its document cannot be built."),
        choice("scope", "visit", {"visit", "case"},
               "Whether its reply counts after the state was left."),
        formula("not-after", false, "An instant after which it is not sent."),
        formula("*", false, "An argument.")},
       {}},
      {"m:reply",
       "Answers the event's sender.",
       {name("name", true, "Its name."), formula("*", false, "An argument.")},
       {}},
      {"m:task",
       "Asks a person.",
       {name("name", true, "The task."), formula("effect", false, "Id of the effect it is about."),
        formula("detail", false, "What happened; no personal data.")},
       {}},
      {"m:withdraw-task",
       "Withdraws open tasks.",
       {name("name", true, "The task."), formula("effect", false, "Only those about this effect.")},
       {}},
      {"m:set-deadline",
       "Sets a deadline, anew where it is open.",
       due_fields({name("id", true, "The deadline.")}),
       {}},
      {"m:clear-deadline", "Ends an open deadline.", {name("id", true, "The deadline.")}, {}},
      {"m:refuse",
       "Refuses the event: the case stays as it was.",
       {name("code", true, "What the sender is told.")},
       {}},
      {"m:note",
       "Marks the timeline and raises an alarm metric.",
       {name("code", true, "The mark.")},
       {}},
  };
}

/// What SCXML has and a process has not: what to write instead.
const std::map<std::string, std::string, std::less<>>& left_out() {
  static const std::map<std::string, std::string, std::less<>> hints{
      {"parallel",
       "write one state and gather in a table what is still missing: a transition with "
       "cond=\"count(…) eq …\""},
      {"history", "keep in data where to return to, and go there by transitions with cond"},
      {"invoke", "ask by <m:effect> and take the reply as an event"},
      {"finalize", "handle the reply's event by a transition"},
      {"script", "use <assign> with an expression"},
      {"send", "use <m:effect> to reach a partner, <m:deadline> to wait"},
      {"raise", "use a transition without event and with cond"},
      {"cancel", "use <m:clear-deadline>"},
      {"log", "use <m:note code=\"…\"/>"},
      {"donedata", "assign to data before the end"},
      {"param", "give <m:effect> the argument as an attribute"},
      {"content", "give <m:effect> the argument as an attribute"},
  };
  return hints;
}

const ElementTable* table_for(std::string_view name) {
  for (const auto& table : element_tables())
    if (table.element == name) return &table;
  return nullptr;
}

std::vector<std::string> strings(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

std::string attribute_name(const config::Name& name) {
  if (name.uri.empty()) return name.local;
  if (name.uri == kMasar) return "m:" + name.local;
  return "{" + name.uri + "}" + name.local;
}

void check_value(const Field& field, const config::Attribute& attribute,
                 config::Diagnostics& diagnostics) {
  const std::string& value = attribute.value;
  if (field.kind == Kind::boolean && value != "true" && value != "false")
    diagnostics.add(attribute.value_place, "\"" + value + "\" is neither true nor false");
  if (field.kind == Kind::name && !is_name(value))
    diagnostics.add(attribute.value_place, "\"" + value + "\" is not a name",
                    "use letters, digits, - and _, and begin with a letter");
  if (field.kind == Kind::choice &&
      std::find(field.choices.begin(), field.choices.end(), value) == field.choices.end()) {
    if (value == "late" && field.name == "binding")
      diagnostics.add(attribute.value_place, "late binding is not supported",
                      "give data its value by <assign> in onentry");
    else
      diagnostics.add(attribute.value_place, "unknown value \"" + value + "\"",
                      config::suggest(value, strings(field.choices)));
  }
}

void check_attributes(const config::Element& element, const ElementTable& table,
                      config::Diagnostics& diagnostics) {
  const bool open = std::any_of(table.fields.begin(), table.fields.end(),
                                [](const Field& f) { return f.name == "*"; });
  for (const auto& attribute : element.attributes) {
    std::string name = attribute_name(attribute.name);
    if (name == "m:opens" && table.element == "m:event") name = "opens";
    const auto field = std::find_if(table.fields.begin(), table.fields.end(),
                                    [&](const Field& f) { return f.name == name; });
    if (field != table.fields.end()) {
      check_value(*field, attribute, diagnostics);
      continue;
    }
    if (open && attribute.name.uri.empty()) continue;
    std::string hint;
    if (name == "src") {
      hint = "write the value in this file";
    } else {
      std::vector<std::string> known;
      for (const auto& f : table.fields)
        if (f.name != "*") known.emplace_back(f.name);
      hint = config::suggest(name, known);
    }
    diagnostics.add(attribute.place,
                    "<" + std::string(table.element) + "> has no attribute \"" + name + "\"", hint);
  }
  for (const auto& field : table.fields)
    if (field.required && attribute_of(element, field.name) == nullptr)
      diagnostics.add(element.place,
                      "<" + std::string(table.element) + "> needs the attribute \"" +
                          std::string(field.name) + "\"",
                      std::string(field.meaning));
}

void check_child(const config::Element& child, const ElementTable& table,
                 config::Diagnostics& diagnostics) {
  const std::string name = table_name(child.name);
  if (std::find(table.children.begin(), table.children.end(), name) != table.children.end()) {
    check_shape(child, diagnostics);
    return;
  }
  if (const auto hint = left_out().find(name); hint != left_out().end()) {
    diagnostics.add(child.place, "<" + name + "> is not supported", hint->second);
  } else if (name == "datamodel") {
    diagnostics.add(child.place, "<datamodel> stands only at the top",
                    "declare the data there and <assign> in onentry");
  } else if (name == "final" && table.element == "state") {
    diagnostics.add(child.place, "<final> inside a state is not supported",
                    "use a <state> and, in the state around it, a transition without event and "
                    "with cond=\"in('…')\"");
  } else if (table_for(name) != nullptr) {
    diagnostics.add(
        child.place, "<" + name + "> does not belong into <" + std::string(table.element) + ">",
        table.children.empty() ? std::string() : config::suggest(name, strings(table.children)));
  } else {
    diagnostics.add(child.place, "unknown element <" + name + ">",
                    config::suggest(name, strings(table.children)));
  }
}

}  // namespace

const std::vector<ElementTable>& element_tables() {
  static const std::vector<ElementTable> tables = [] {
    auto all = structure();
    for (auto& table : actions()) all.push_back(std::move(table));
    return all;
  }();
  return tables;
}

std::string table_name(const config::Name& name) {
  if (name.uri == kScxml) return name.local;
  if (name.uri == kMasar) return "m:" + name.local;
  return "{" + name.uri + "}" + name.local;
}

void check_shape(const config::Element& element, config::Diagnostics& diagnostics) {
  const ElementTable* table = table_for(table_name(element.name));
  if (table == nullptr) return;
  check_attributes(element, *table, diagnostics);
  const bool has_text = table->element == "m:invariant";
  for (const auto& child : element.children) {
    if (!child.is_text()) {
      check_child(child, *table, diagnostics);
    } else if (!has_text && !trim(child.text).empty()) {
      diagnostics.add(
          child.place, "text does not belong into <" + std::string(table->element) + ">",
          table->element == "assign" || table->element == "data" ? "write the value as expr=\"…\""
                                                                 : "");
    }
  }
}

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), fits);
}

const config::Attribute* attribute_of(const config::Element& element, std::string_view name) {
  if (name.substr(0, 2) == "m:") return element.attribute(name.substr(2), kMasar);
  return element.attribute(name);
}

std::string value_of(const config::Element& element, std::string_view name) {
  const auto* attribute = attribute_of(element, name);
  return attribute == nullptr ? std::string() : attribute->value;
}

config::Place place_of(const config::Element& element, std::string_view name) {
  const auto* attribute = attribute_of(element, name);
  return attribute == nullptr ? element.place : attribute->value_place;
}

bool flag_of(const config::Element& element, std::string_view name) {
  return value_of(element, name) == "true";
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n", at);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    at = end;
  }
  return parts;
}

bool is_named(const config::Element& element, std::string_view table) {
  return !element.is_text() && table_name(element.name) == table;
}

}  // namespace masar::process
