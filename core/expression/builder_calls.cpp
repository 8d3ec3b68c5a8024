#include <algorithm>

#include "core/expression/builder.h"

// Calls: which function, do its parts fit, which part of the tree it becomes.
namespace masar::expression {

namespace {

constexpr std::uint8_t kAny = 0xFF;

Type of(Kind kind) { return Type{kind, Kind::text, nullptr}; }

/// Names from XPath and other languages, and what this one writes.
struct Known {
  std::string_view name;
  std::string_view hint;
};
constexpr Known kElsewhere[] = {
    {"string", "write text(…)"},
    {"number", "write integer(…) or fils(…)"},
    {"decimal", "write fils(…)"},
    {"position", "write the position itself: a[2]"},
    {"translate", "write ascii-digits(…) or replace-text(…)"},
    {"replace", "write replace-text(…)"},
    {"tokenize", "write split(…, ' ')"},
    {"string-join", "write join(…, ' ')"},
    {"distinct-values", "write distinct(…)"},
    {"empty", "write not(exists(…))"},
    {"current-dateTime", "an expression reads no clock; write $now where it is handed in"},
    {"now", "an expression reads no clock; write $now where it is handed in"},
};

[[noreturn]] void unknown_function(const Scope& scope, const std::string& name, std::uint32_t at) {
  std::string hint;
  for (const Known& known : kElsewhere) {
    if (known.name == name) hint = known.hint;
  }
  if (hint.empty()) {
    std::vector<std::string> names;
    for (const Builtin& builtin : builtins()) names.emplace_back(builtin.name);
    for (const Function& function : scope.functions) names.push_back(function.name);
    hint = config::suggest(name, names);
  }
  throw Mistake{at, "unknown function " + name + "()", hint};
}

void check_count(const Builtin& function, std::size_t count, std::uint32_t at) {
  if (count >= function.least && (function.most == kAny || count <= function.most)) return;
  throw Mistake{at, std::string(function.name) + "() has " + std::to_string(count) + " parts",
                "write " + signature(function)};
}

std::string where_of(const Builtin& function, std::size_t index) {
  return std::string(function.name) + "() part " + std::to_string(index + 1);
}

Kind fixed_kind(Want want) {
  switch (want) {
    case Want::integer: return Kind::integer;
    case Want::fils: return Kind::fils;
    case Want::date: return Kind::date;
    case Want::instant: return Kind::instant;
    case Want::duration: return Kind::duration;
    case Want::boolean: return Kind::boolean;
    default: return Kind::text;
  }
}

[[noreturn]] void does_not_fit(const Node& part, const std::string& where, Want want,
                               std::string hint) {
  throw Mistake{
      part.offset,
      where + " expects " + std::string(want_name(want)) + ", found " + type_name(part.type),
      std::move(hint)};
}

}  // namespace

NodePtr Builder::part_for(Want want, std::size_t index, std::vector<NodePtr>& parts,
                          const Builtin& function) {
  NodePtr part = std::move(parts[index]);
  const std::string where = where_of(function, index);
  const Kind kind = part->type.kind;
  switch (want) {
    case Want::any: return part;
    case Want::scalar: return scalar(std::move(part), where);
    case Want::list:
      if (kind == Kind::list) return part;
      return convert(std::move(part), Type{Kind::list, Kind::text, nullptr}, where);
    case Want::texts: return convert(std::move(part), Type{Kind::list, Kind::text, nullptr}, where);
    case Want::numbers: {
      const Kind item = part->type.item;
      if (kind == Kind::list &&
          (item == Kind::integer || item == Kind::fils || item == Kind::duration))
        return part;
      does_not_fit(*part, where, want,
                   kind == Kind::table ? "name a column: $table.column"
                                       : "write sum(for $x in … return fils($x))");
    }
    case Want::table:
      if (kind == Kind::table) return part;
      does_not_fit(*part, where, want, "");
    case Want::countable:
      if (kind == Kind::nodes || kind == Kind::list || kind == Kind::table) return part;
      does_not_fit(*part, where, want,
                   kind == Kind::text ? "write string-length(…) for a text" : "");
    case Want::item: return convert(std::move(part), of(parts[index - 1]->type.item), where);
    case Want::key: {
      const auto& columns = parts[index - 1]->type.columns;
      if (!columns || columns->empty())
        does_not_fit(*parts[index - 1], where, want, "the table has no columns");
      return convert(std::move(part), columns->front().second, where);
    }
    case Want::literal:
      if (literal_text(*part)) return part;
      throw Mistake{part->offset, where + " is a text written out", "write it in quotes"};
    default: return convert(std::move(part), of(fixed_kind(want)), where);
  }
}

Type Builder::result_type(const Builtin& function, const std::vector<NodePtr>& parts) const {
  switch (function.gives) {
    case Gives::integer: return of(Kind::integer);
    case Gives::fils: return of(Kind::fils);
    case Gives::date: return of(Kind::date);
    case Gives::instant: return of(Kind::instant);
    case Gives::duration: return of(Kind::duration);
    case Gives::boolean: return of(Kind::boolean);
    case Gives::texts: return Type{Kind::list, Kind::text, nullptr};
    case Gives::item: return of(parts.front()->type.item);
    case Gives::list: return parts.front()->type;
    case Gives::row: return Type{Kind::row, Kind::text, parts.front()->type.columns};
    case Gives::first: return parts.front()->type;
    case Gives::text: break;
  }
  return of(Kind::text);
}

NodePtr Builder::call(std::uint32_t at, const std::string& name, std::vector<NodePtr> parts) {
  const Builtin* function = find_builtin(name);
  if (!function) {
    for (const Function& own : scope_->functions) {
      if (own.name == name) return scope_call(own, at, std::move(parts));
    }
    unknown_function(*scope_, name, at);
  }
  check_count(*function, parts.size(), at);
  if (function->form == Form::default_value) return default_value(at, std::move(parts));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t parameter =
        function->most == kAny ? std::min<std::size_t>(i, function->least - 1) : i;
    parts[i] = part_for(function->parameters[parameter], i, parts, *function);
  }
  if (function->form != Form::call) return form(*function, at, std::move(parts));
  auto node = std::make_unique<CallNode>(at, *function);
  node->type = result_type(*function, parts);
  node->parts = std::move(parts);
  for (const NodePtr& part : node->parts)
    node->height = std::max<std::uint16_t>(node->height, part->height + 1);
  return fold(finish(std::move(node)));
}

NodePtr Builder::form(const Builtin& function, std::uint32_t at, std::vector<NodePtr> parts) {
  switch (function.form) {
    case Form::exists: return finish(std::make_unique<Exists>(at, std::move(parts[0])));
    case Form::count: return finish(std::make_unique<Count>(at, std::move(parts[0])));
    case Form::negate: return finish(std::make_unique<Not>(at, std::move(parts[0])));
    case Form::row:
      return finish(std::make_unique<RowNode>(at, std::move(parts[0]), std::move(parts[1])));
    case Form::matches: {
      const std::string pattern = *literal_text(*parts[1]);
      return finish(std::make_unique<Matches>(at, std::move(parts[0]), pattern, parts[1]->offset));
    }
    case Form::concat: {
      auto node = std::make_unique<Concat>(at);
      for (const NodePtr& part : parts)
        node->height = std::max<std::uint16_t>(node->height, part->height + 1);
      node->parts = std::move(parts);
      return finish(std::move(node));
    }
    default: return lookup(function, at, std::move(parts));
  }
}

NodePtr Builder::default_value(std::uint32_t at, std::vector<NodePtr> parts) {
  for (NodePtr& part : parts) {
    if (part->type.kind == Kind::nodes) part = convert(std::move(part), Kind::text, "default()");
  }
  unify(parts[0], parts[1], "default() part 2");
  return finish(std::make_unique<Default>(at, std::move(parts[0]), std::move(parts[1])));
}

NodePtr Builder::lookup(const Builtin& function, std::uint32_t at, std::vector<NodePtr> parts) {
  const std::string& name = *literal_text(*parts[0]);
  static const Lookups kNone;
  const Lookups& lookups = scope_->lookups ? *scope_->lookups : kNone;
  const auto found = lookups.find(name);
  if (found == lookups.end()) {
    std::vector<std::string> names;
    for (const auto& [known, table] : lookups) names.push_back(known);
    throw Mistake{parts[0]->offset, "unknown lookup " + name, config::suggest(name, names)};
  }
  auto node = std::make_unique<LookupNode>(at);
  node->table = &found->second;
  if (parts.size() > 2) {
    const std::string& column = *literal_text(*parts[2]);
    const auto& columns = node->table->columns;
    const auto place = std::find(columns.begin(), columns.end(), column);
    if (place == columns.end()) {
      throw Mistake{parts[2]->offset, "lookup " + name + " has no column " + column,
                    config::suggest(column, columns)};
    }
    node->column = static_cast<std::size_t>(place - columns.begin());
  } else if (node->table->columns.empty()) {
    throw Mistake{parts[0]->offset, "lookup " + name + " has no columns",
                  "give its rows an attribute"};
  }
  node->key = std::move(parts[1]);
  node->height = static_cast<std::uint16_t>(node->key->height + 1);
  if (function.form == Form::lookup_or) {
    node->fallback = std::move(parts[3]);
    node->height = std::max<std::uint16_t>(node->height, node->fallback->height + 1);
  }
  return finish(std::move(node));
}

NodePtr Builder::scope_call(const Function& function, std::uint32_t at,
                            std::vector<NodePtr> parts) {
  if (parts.size() != function.parameters.size()) {
    std::string shape;
    for (const Type& parameter : function.parameters)
      shape += (shape.empty() ? "" : ", ") + type_name(parameter);
    throw Mistake{at, function.name + "() has " + std::to_string(parts.size()) + " parts",
                  "write " + function.name + "(" + shape + ")"};
  }
  auto node = std::make_unique<ScopeCall>(at, function);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string where = function.name + "() part " + std::to_string(i + 1);
    node->parts.push_back(convert(std::move(parts[i]), function.parameters[i], where));
    node->height = std::max<std::uint16_t>(node->height, node->parts.back()->height + 1);
  }
  return finish(std::move(node));
}

/// A call whose parts are all written out is done once, here; what fails then is a mistake of the
/// source.
NodePtr Builder::fold(NodePtr part) {
  const auto& parts = static_cast<const CallNode&>(*part).parts;
  const bool constant = std::all_of(parts.begin(), parts.end(), [](const NodePtr& p) {
    return dynamic_cast<const Literal*>(p.get()) != nullptr;
  });
  if (!constant) return part;
  const Frame frame;
  Env env{frame, *code_, {}};
  try {
    Value value = part->eval(env);
    if (!value.is_set()) return part;
    auto literal = std::make_unique<Literal>(part->offset, std::move(value), part->type.kind);
    literal->type = part->type;
    return literal;
  } catch (const Error& error) {
    std::string what = error.what();
    const config::Place place = code_->place_at(part->offset);
    const std::string prefix =
        place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": ";
    if (what.starts_with(prefix)) what.erase(0, prefix.size());
    throw Mistake{part->offset, what, ""};
  }
}

}  // namespace masar::expression
