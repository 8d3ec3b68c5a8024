#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <pugixml.hpp>

#include "core/base/error.h"
#include "core/expression/expression.h"

namespace masar::expression::test {

/// A scope, values and a document, against which an expression is compiled and evaluated.
struct World {
  Scope scope;
  Lookups lookups;
  std::vector<Value> values;
  pugi::xml_document document;

  World() { scope.zone = "Asia/Amman"; }

  World& with(const std::string& name, const Type& type, Value value) {
    scope.add(name, type);
    values.push_back(std::move(value));
    return *this;
  }
  World& with(const std::string& name, const std::string& text) {
    return with(name, Type{}, Value::text(text));
  }
  World& reading(const char* xml) {
    document.load_string(xml, pugi::parse_default);
    return *this;
  }
  Frame frame() const {
    Frame frame;
    frame.variables = values;
    frame.context = document;
    return frame;
  }
};

inline Type type_of(Kind kind) { return Type{kind, Kind::text, nullptr}; }
inline Type list_of(Kind item) { return Type{Kind::list, item, nullptr}; }
inline Type table_of(std::string_view columns) {
  return Type{Kind::table, Kind::text, std::make_shared<const Columns>(*parse_columns(columns))};
}
inline Value list(std::vector<Value> items) {
  return Value(std::make_shared<const List>(std::move(items)));
}
inline Value texts(const std::vector<std::string>& items) {
  List values;
  for (const std::string& item : items) values.push_back(Value::text(item));
  return list(std::move(values));
}
inline Value table(std::vector<Row> rows) {
  Table table;
  table.rows = std::move(rows);
  return Value(std::make_shared<const Table>(std::move(table)));
}

/// What evaluating gives, as text: a scalar's text form, `unset`, `[a, b]` of a list, the error's
/// code, or the findings of the compiler.
inline std::string result(const World& world, std::string_view source) {
  config::Diagnostics diagnostics;
  const auto expression = compile(source, {"f", 1, 1}, world.scope, std::nullopt, diagnostics);
  if (!expression) return diagnostics.text();
  try {
    const Value value = expression->evaluate(world.frame());
    if (const auto* items = std::get_if<std::shared_ptr<const List>>(&value.data())) {
      std::string text = "[";
      for (const Value& item : **items)
        text += (&item == (*items)->data() ? "" : ", ") + to_text(item);
      return text + "]";
    }
    if (const auto* nodes = std::get_if<Nodes>(&value.data())) {
      std::string text = "<";
      for (const pugi::xml_node node : *nodes)
        text += (text.size() > 1 ? " " : "") + std::string(node.name());
      return text + ">";
    }
    return to_text(value);
  } catch (const Error& error) {
    return error.code();
  }
}

/// The first finding's place and words, `line:col: what; hint`.
inline std::string mistake(const World& world, std::string_view source,
                           std::optional<Type> expected = {}) {
  config::Diagnostics diagnostics;
  if (compile(source, {"f", 1, 1}, world.scope, expected, diagnostics)) return "compiled";
  const config::Finding& finding = diagnostics.findings().at(0);
  return std::to_string(finding.place.line) + ":" + std::to_string(finding.place.column) + ": " +
         finding.what + (finding.hint.empty() ? "" : "; " + finding.hint);
}

}  // namespace masar::expression::test
