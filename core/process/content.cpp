#include <algorithm>

#include "core/process/builder.h"

/// Executable content: elements to actions.
namespace masar::process {
namespace {

using config::Element;
using expression::Kind;
using expression::Scope;
using expression::Type;
using Elements = std::vector<const Element*>;

class Content {
 public:
  Content(Builder& builder, const Surroundings& at) : builder_(builder), at_(at) {}

  Block block(const Elements& elements) {
    Block made;
    const Element* refuse = nullptr;
    const Element* change = nullptr;
    for (const Element* element : elements) {
      if (is_named(*element, "m:refuse")) refuse = element;
      else if (!is_named(*element, "if") && !is_named(*element, "m:note") &&
               !is_named(*element, "m:reply"))
        change = element;
      action(*element, made);
    }
    if (refuse != nullptr && change != nullptr)
      builder_.diagnostics.add(refuse->place,
                               "a refused event changes nothing, but <" + table_name(change->name) +
                                   "> stands beside it",
                               "refuse in an <if> or a transition of its own");
    return made;
  }

 private:
  const Scope& scope() const { return *at_.scope; }

  std::optional<expression::Expression> formula(const Element& element, std::string_view attribute,
                                                std::optional<Type> expected) {
    return compile_attribute(builder_, element, attribute, scope(), std::move(expected));
  }

  void action(const Element& element, Block& into) {
    const std::string name = table_name(element.name);
    if (name == "assign") assign(element, into);
    else if (name == "if") branches(element, into);
    else if (name == "foreach")
      foreach (element, into)
        ;
    else if (name == "m:put") put(element, into);
    else if (name == "m:clear") clear(element, into);
    else if (name == "m:effect") effect(element, into);
    else if (name == "m:reply") reply(element, into);
    else if (name == "m:task" || name == "m:withdraw-task") task(element, into);
    else if (name == "m:set-deadline" || name == "m:clear-deadline") deadline(element, into);
    else if (name == "m:refuse") refuse(element, into);
    else if (name == "m:note") into.push_back({Note{value_of(element, "code")}});
  }

  int data(const Element& element, std::string_view attribute) {
    const std::string name = value_of(element, attribute);
    if (name.empty()) return -1;
    return find_or_report(builder_, builder_.model.data_index, name, "data",
                          place_of(element, attribute));
  }

  void assign(const Element& element, Block& into) {
    const std::string location = value_of(element, "location");
    const int slot = data(element, "location");
    if (slot < 0) return;
    auto value = formula(element, "expr",
                         builder_.model.data[static_cast<std::size_t>(slot)].declaration.type);
    if (value) into.push_back({Assign{static_cast<std::size_t>(slot), std::move(*value)}});
  }

  void branches(const Element& element, Block& into) {
    If made;
    Elements body;
    std::optional<expression::Expression> condition =
        formula(element, "cond", type_of(Kind::boolean));
    bool closed = false;
    const auto close = [&] {
      made.branches.push_back({std::move(condition), block(body)});
      body.clear();
    };
    for (const Element* child : element.elements()) {
      const bool is_else = is_named(*child, "else");
      if (!is_else && !is_named(*child, "elseif")) {
        body.push_back(child);
        continue;
      }
      if (closed)
        builder_.diagnostics.add(child->place, "<else> is the last part of <if>",
                                 "move it to the end");
      close();
      condition = is_else ? std::nullopt : formula(*child, "cond", type_of(Kind::boolean));
      closed = is_else;
    }
    close();
    into.push_back({std::move(made)});
  }

  /// A variable of a loop: data of that name takes the value, as SCXML has it; else it is new.
  std::optional<std::size_t> variable(const Element& element, std::string_view attribute,
                                      const Type& type, Scope& inner) {
    const std::string name = value_of(element, attribute);
    if (name.empty()) return std::nullopt;
    const auto found = inner.find(name);
    if (!found && !is_reserved(name)) return inner.add(name, type);
    if (!found || *found >= builder_.model.data.size())
      builder_.diagnostics.add(place_of(element, attribute), "$" + name + " has a meaning already",
                               "choose another name");
    else if (!(inner.type(*found) == type))
      builder_.diagnostics.add(place_of(element, attribute),
                               "data \"" + name + "\" is " +
                                   expression::type_name(inner.type(*found)) + ", the items are " +
                                   expression::type_name(type));
    return found;
  }

  void foreach (const Element& element, Block & into) {
    auto array = formula(element, "array", std::nullopt);
    if (!array) return;
    const Type& type = array->type();
    if (type.kind != Kind::list && type.kind != Kind::table) {
      builder_.diagnostics.add(
          place_of(element, "array"),
          "foreach goes over a list or a table, not over " + expression::type_name(type));
      return;
    }
    Scope inner = scope();
    Foreach made{std::move(*array), 0, 0, std::nullopt, {}};
    const std::string item = value_of(element, "item");
    if (type.kind == Kind::list) {
      made.item = variable(element, "item", type_of(type.item), inner).value_or(0);
    } else {
      if (inner.find(item) || is_reserved(item)) {
        builder_.diagnostics.add(place_of(element, "item"), "$" + item + " has a meaning already",
                                 "choose another name");
        return;
      }
      made.item = inner.add(item, Type{Kind::row, Kind::text, type.columns});
      for (const auto& [column, column_type] : *type.columns)
        inner.add(item + "." + column, column_type);
      made.columns = type.columns->size();
    }
    made.index = variable(element, "index", type_of(Kind::integer), inner);
    builder_.model.variables = std::max(builder_.model.variables, inner.size());
    Surroundings inside = at_;
    inside.scope = &inner;
    made.block = compile_block(builder_, element.elements(), inside);
    into.push_back({std::move(made)});
  }

  void put(const Element& element, Block& into) {
    const int slot = data(element, "table");
    if (slot < 0) return;
    const Data& table = builder_.model.data[static_cast<std::size_t>(slot)];
    if (table.declaration.type.kind != Kind::table) {
      builder_.diagnostics.add(place_of(element, "table"),
                               "data \"" + table.declaration.name + "\" is not a table");
      return;
    }
    const auto& columns = *table.declaration.type.columns;
    Put made{static_cast<std::size_t>(slot), table.key, {}};
    for (const auto& [name, type] : columns) made.columns.push_back(formula(element, name, type));
    for (const auto& attribute : element.attributes) {
      const auto is = [&](const auto& column) { return column.first == attribute.name.local; };
      if (attribute.name.local == "table" || std::any_of(columns.begin(), columns.end(), is))
        continue;
      std::vector<std::string> known;
      for (const auto& column : columns) known.push_back(column.first);
      builder_.diagnostics.add(
          attribute.place,
          "table \"" + table.declaration.name + "\" has no column \"" + attribute.name.local + "\"",
          config::suggest(attribute.name.local, known));
    }
    if (table.key < columns.size() && attribute_of(element, columns[table.key].first) == nullptr)
      builder_.diagnostics.add(element.place,
                               "<m:put> needs the key \"" + columns[table.key].first + "\"");
    into.push_back({std::move(made)});
  }

  void clear(const Element& element, Block& into) {
    const bool is_table = attribute_of(element, "table") != nullptr;
    if (is_table == (attribute_of(element, "data") != nullptr)) {
      builder_.diagnostics.add(element.place, "<m:clear> needs either table or data");
      return;
    }
    const int slot = data(element, is_table ? "table" : "data");
    if (slot >= 0) into.push_back({Clear{static_cast<std::size_t>(slot)}});
  }

  /// Arguments of an effect or reply: every use adds what it names; one name has one type.
  std::vector<std::optional<expression::Expression>> arguments(
      const Element& element, expression::Columns& declared,
      const std::vector<std::string_view>& literal) {
    std::vector<std::optional<expression::Expression>> made;
    for (const auto& attribute : element.attributes) {
      const std::string& name = attribute.name.local;
      if (!attribute.name.uri.empty() ||
          std::find(literal.begin(), literal.end(), name) != literal.end())
        continue;
      auto value = formula(element, name, std::nullopt);
      if (!value) continue;
      const auto found = std::find_if(declared.begin(), declared.end(),
                                      [&](const auto& column) { return column.first == name; });
      const std::size_t position = static_cast<std::size_t>(found - declared.begin());
      if (found == declared.end()) {
        declared.emplace_back(name, value->type());
      } else if (!(found->second == value->type())) {
        builder_.diagnostics.add(attribute.value_place,
                                 "argument \"" + name + "\" is " +
                                     expression::type_name(value->type()) + " here and " +
                                     expression::type_name(found->second) + " elsewhere",
                                 "give it one type");
      }
      if (made.size() <= position) made.resize(position + 1);
      made[position] = std::move(value);
    }
    return made;
  }

  void effect(const Element& element, Block& into) {
    auto& effects = builder_.model.effects;
    const std::string name = value_of(element, "name");
    auto found =
        std::find_if(effects.begin(), effects.end(), [&](const auto& e) { return e.name == name; });
    if (found == effects.end())
      found = effects.insert(effects.end(), EffectDeclaration{name, {}, element.place, false});
    Emit made{static_cast<int>(found - effects.begin()),
              {},
              std::nullopt,
              flag_of(element, "essential"),
              value_of(element, "scope") == "case"};
    made.arguments =
        arguments(element, found->arguments, {"name", "essential", "scope", "not-after"});
    made.not_after = formula(element, "not-after", type_of(Kind::instant));
    if (made.not_after) found->may_expire = true;
    into.push_back({std::move(made)});
  }

  void reply(const Element& element, Block& into) {
    auto& replies = builder_.model.replies;
    const std::string name = value_of(element, "name");
    auto found =
        std::find_if(replies.begin(), replies.end(), [&](const auto& r) { return r.name == name; });
    if (found == replies.end()) found = replies.insert(replies.end(), ReplyDeclaration{name, {}});
    Say made{static_cast<int>(found - replies.begin()), {}};
    made.arguments = arguments(element, found->arguments, {"name"});
    into.push_back({std::move(made)});
  }

  void task(const Element& element, Block& into) {
    const int index = find_or_report(builder_, builder_.model.task_index, value_of(element, "name"),
                                     "task", place_of(element, "name"));
    auto about = formula(element, "effect", type_of(Kind::text));
    if (is_named(element, "m:task"))
      into.push_back(
          {Ask{index, std::move(about), formula(element, "detail", type_of(Kind::text))}});
    else into.push_back({Withdraw{index, std::move(about)}});
  }

  void deadline(const Element& element, Block& into) {
    const Model& model = builder_.model;
    const std::string name = value_of(element, "id");
    std::map<std::string, int, std::less<>> names;
    for (const auto& type : model.deadlines) names.emplace(type.name, 0);
    if (find_or_report(builder_, names, name, "deadline", place_of(element, "id")) < 0) return;
    if (is_named(element, "m:clear-deadline")) {
      into.push_back({ClearDeadline{name}});
      return;
    }
    const int index = find_deadline(model, name, at_.state);
    if (index < 0) {
      builder_.diagnostics.add(
          place_of(element, "id"),
          "deadline \"" + name + "\" belongs to a state that is not active here",
          "declare it by <m:deadline-type> at the top");
      return;
    }
    SetDeadline made{index, compile_due(builder_, element, scope(), at_.state)};
    if (!made.due && !model.deadlines[static_cast<std::size_t>(index)].due)
      builder_.diagnostics.add(element.place, "deadline \"" + name + "\" has no due time",
                               "add after, at or before");
    into.push_back({std::move(made)});
  }

  void refuse(const Element& element, Block& into) {
    if (!at_.may_refuse)
      builder_.diagnostics.add(element.place,
                               "<m:refuse> belongs into a transition on an event that someone sent",
                               "there is nobody to tell here");
    into.push_back({Refuse{value_of(element, "code")}});
  }

  Builder& builder_;
  const Surroundings& at_;
};

}  // namespace

Block compile_block(Builder& builder, const std::vector<const Element*>& elements,
                    const Surroundings& at) {
  return Content(builder, at).block(elements);
}

}  // namespace masar::process
