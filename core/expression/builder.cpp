#include "core/expression/builder.h"

#include <algorithm>

namespace masar::expression {

bool is_scalar(const Type& type) {
  return type.kind != Kind::nodes && type.kind != Kind::list && type.kind != Kind::table &&
         type.kind != Kind::row;
}

namespace {

Type of(Kind kind) { return Type{kind, Kind::text, nullptr}; }

bool is_empty_list(const Node& part) {
  const auto* list = dynamic_cast<const ListNode*>(&part);
  return list && list->items.empty();
}

/// What to write where `wanted` is expected and `found` stands there.
std::string way(const Type& wanted, const Type& found) {
  const bool textual = found.kind == Kind::text || found.kind == Kind::nodes;
  switch (wanted.kind) {
    case Kind::boolean:
      if (found.kind == Kind::text) return "write a comparison, exists(…) or boolean(…)";
      if (is_scalar(found)) return "write a comparison, or exists(…)";
      return found.kind == Kind::row ? "name a column: $row.column" : "write exists(…)";
    case Kind::text:
      if (found.kind == Kind::instant) return "write text(…), iso(…) or local-time(…)";
      if (found.kind == Kind::list) return "write join(…, ' '), or first(…)";
      return is_scalar(found) ? "write text(…)" : "name a column: $row.column";
    case Kind::integer:
      if (textual) return "write integer(…)";
      return found.kind == Kind::fils ? "write fils-integer(…)" : "";
    case Kind::fils:
      if (textual) return "write fils(…)";
      return found.kind == Kind::integer ? "write an amount as fils('12.345')" : "";
    case Kind::date:
      if (textual) return "write date(…)";
      return found.kind == Kind::instant ? "write date-of(…)" : "";
    case Kind::instant: return textual ? "write instant(…) or local-instant(…)" : "";
    case Kind::duration:
      if (textual) return "write duration(…)";
      return found.kind == Kind::integer ? "write days(…), hours(…) or minutes(…)" : "";
    case Kind::list:
      if (found.kind == Kind::table) return "name a column: $table.column";
      if (found.kind == Kind::nodes)
        return "write for $x in … return " + type_name(of(wanted.item)) + "($x)";
      return is_scalar(found) ? "write split(…, ' ') or (…, …)" : "";
    default: return "";
  }
}

[[noreturn]] void mismatch(const Node& part, const std::string& where, const Type& wanted) {
  throw Mistake{part.offset,
                where + " expects " + type_name(wanted) + ", found " + type_name(part.type),
                way(wanted, part.type)};
}

constexpr std::string_view kComparisons[] = {"eq", "ne", "lt", "le", "gt", "ge"};
constexpr std::string_view kArithmetic[] = {"+", "-", "*", "div", "idiv", "mod"};

std::uint16_t height_over(const std::vector<NodePtr>& parts) {
  std::uint16_t height = 0;
  for (const NodePtr& part : parts) height = std::max(height, part->height);
  return static_cast<std::uint16_t>(height + 1);
}

}  // namespace

const std::string* literal_text(const Node& part) {
  const auto* literal = dynamic_cast<const Literal*>(&part);
  return literal ? std::get_if<std::string>(&literal->value.data()) : nullptr;
}

NodePtr Builder::finish(NodePtr part) {
  if (++nodes_ > kNodesMax) {
    throw Mistake{part->offset,
                  "the expression has more than " + std::to_string(kNodesMax) + " parts",
                  "divide it"};
  }
  if (part->height > kDepthMax) {
    throw Mistake{part->offset,
                  "the expression is nested more than " + std::to_string(kDepthMax) + " deep",
                  "divide it"};
  }
  return part;
}

NodePtr Builder::convert(NodePtr part, const Type& wanted, const std::string& where) {
  if (part->type == wanted) return part;
  if (is_empty_list(*part) && (wanted.kind == Kind::list || wanted.kind == Kind::table)) {
    part->type = wanted;
    return part;
  }
  if (part->type.kind == Kind::nodes) {
    if (wanted.kind == Kind::text) return finish(std::make_unique<TextOfNodes>(std::move(part)));
    if (wanted.kind == Kind::list && wanted.item == Kind::text) {
      return finish(std::make_unique<TextsOfNodes>(std::move(part)));
    }
  }
  mismatch(*part, where, wanted);
}

NodePtr Builder::convert(NodePtr part, Kind wanted, const std::string& where) {
  return convert(std::move(part), of(wanted), where);
}

NodePtr Builder::scalar(NodePtr part, const std::string& where) {
  if (is_scalar(part->type)) return part;
  return convert(std::move(part), Kind::text, where);
}

void Builder::unify(NodePtr& a, NodePtr& b, const std::string& where) {
  if (a->type == b->type && !is_empty_list(*a)) return;
  if (a->type.kind == Kind::nodes || is_empty_list(*a)) {
    a = convert(std::move(a), b->type, where);
  } else {
    b = convert(std::move(b), a->type, where);
  }
}

NodePtr Builder::compare(std::uint32_t at, Comparison op, NodePtr left, NodePtr right) {
  const std::string name(kComparisons[static_cast<int>(op)]);
  if (left->type.kind == Kind::nodes) left = convert(std::move(left), Kind::text, name);
  if (right->type.kind == Kind::nodes) right = convert(std::move(right), Kind::text, name);
  const bool ordered = op != Comparison::eq && op != Comparison::ne;
  if (!is_scalar(left->type)) {
    throw Mistake{at, name + " compares single values, found " + type_name(left->type),
                  "compare count(…), or write some $x in … satisfies …, contains-item(…)"};
  }
  if (!(left->type == right->type)) {
    // The text is what has to be turned into the other's type.
    const bool from_left = left->type.kind == Kind::text;
    throw Mistake{at,
                  name + " compares values of one type, found " + type_name(left->type) + " and " +
                      type_name(right->type),
                  from_left ? way(right->type, left->type) : way(left->type, right->type)};
  }
  if (ordered && left->type.kind == Kind::boolean) {
    throw Mistake{at, name + " orders no booleans", "write eq or ne"};
  }
  return finish(std::make_unique<Compare>(at, op, std::move(left), std::move(right)));
}

namespace {

/// The type of `a op b`, or nullopt.
std::optional<Kind> arithmetic_type(Arithmetic op, Kind a, Kind b) {
  const bool sum = op == Arithmetic::add || op == Arithmetic::subtract;
  const bool add = op == Arithmetic::add;
  if (a == Kind::integer && b == Kind::integer) return Kind::integer;
  if (sum && a == b && (a == Kind::fils || a == Kind::duration)) return a;
  if (sum && b == Kind::duration && (a == Kind::instant || a == Kind::date)) return a;
  if (add && a == Kind::duration && b == Kind::instant) return b;
  if (op == Arithmetic::subtract && a == b && (a == Kind::instant || a == Kind::date))
    return Kind::duration;
  if (op == Arithmetic::multiply && b == Kind::integer && (a == Kind::fils || a == Kind::duration))
    return a;
  if (op == Arithmetic::multiply && a == Kind::integer && (b == Kind::fils || b == Kind::duration))
    return b;
  return std::nullopt;
}

std::string arithmetic_way(Arithmetic op, const Type& a, const Type& b) {
  const bool textual = a.kind == Kind::text || a.kind == Kind::nodes;
  if (op == Arithmetic::add && a.kind == Kind::text && b.kind == Kind::text)
    return "write concat(…)";
  if (a.kind == Kind::fils && op >= Arithmetic::div)
    return "write proportion(amount, numerator, denominator)";
  return textual ? way(b, a) : way(a, b);
}

}  // namespace

NodePtr Builder::calculate(std::uint32_t at, Arithmetic op, NodePtr left, NodePtr right) {
  const auto result = arithmetic_type(op, left->type.kind, right->type.kind);
  if (!result) {
    throw Mistake{at,
                  std::string(kArithmetic[static_cast<int>(op)]) + " does not take " +
                      type_name(left->type) + " and " + type_name(right->type),
                  arithmetic_way(op, left->type, right->type)};
  }
  auto part = std::make_unique<Calculate>(at, op, std::move(left), std::move(right));
  part->type = of(*result);
  return finish(std::move(part));
}

NodePtr Builder::negative(std::uint32_t at, NodePtr part) {
  NodePtr zero;
  switch (part->type.kind) {
    case Kind::integer:
      zero = std::make_unique<Literal>(at, Value(std::int64_t{0}), Kind::integer);
      break;
    case Kind::fils: zero = std::make_unique<Literal>(at, Value(Fils{}), Kind::fils); break;
    case Kind::duration:
      zero = std::make_unique<Literal>(at, Value(Duration(0)), Kind::duration);
      break;
    default:
      throw Mistake{at, "- does not take " + type_name(part->type),
                    way(of(Kind::integer), part->type)};
  }
  return calculate(at, Arithmetic::subtract, finish(std::move(zero)), std::move(part));
}

NodePtr Builder::junction(std::uint32_t at, bool all, std::vector<NodePtr> parts) {
  auto node = std::make_unique<Junction>(at, all);
  for (NodePtr& part : parts) {
    node->parts.push_back(convert(std::move(part), Kind::boolean, all ? "and" : "or"));
  }
  node->height = height_over(node->parts);
  return finish(std::move(node));
}

NodePtr Builder::implies(NodePtr left, NodePtr right) {
  left = convert(std::move(left), Kind::boolean, "implies");
  right = convert(std::move(right), Kind::boolean, "implies");
  return finish(std::make_unique<Implies>(std::move(left), std::move(right)));
}

NodePtr Builder::condition(std::uint32_t at, NodePtr test, NodePtr then, NodePtr otherwise) {
  test = convert(std::move(test), Kind::boolean, "if (…)");
  unify(then, otherwise, "if … then … else …");
  return finish(std::make_unique<If>(at, std::move(test), std::move(then), std::move(otherwise)));
}

NodePtr Builder::list(std::uint32_t at, std::vector<NodePtr> items) {
  auto node = std::make_unique<ListNode>(at);
  for (NodePtr& item : items) {
    item = scalar(std::move(item), "a list's item");
    if (!(item->type == items.front()->type)) mismatch(*item, "a list's item", items.front()->type);
  }
  if (!items.empty()) node->type.item = items.front()->type.kind;
  node->height = height_over(items);
  node->items = std::move(items);
  return finish(std::move(node));
}

NodePtr Builder::column(NodePtr from, std::string_view name, std::uint32_t at) {
  if ((from->type.kind != Kind::row && from->type.kind != Kind::table) || !from->type.columns) {
    throw Mistake{at, "only a row or table has columns, found " + type_name(from->type),
                  from->type.kind == Kind::nodes ? "write /" + std::string(name) : ""};
  }
  const Columns& columns = *from->type.columns;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].first == name)
      return finish(std::make_unique<Column>(std::move(from), i, std::string(name)));
    known.push_back(columns[i].first);
  }
  throw Mistake{at, "unknown column " + std::string(name), config::suggest(name, known)};
}

NodePtr Builder::predicate(NodePtr part) {
  if (part->type.kind == Kind::integer || part->type.kind == Kind::boolean) return part;
  const auto* path = dynamic_cast<const Path*>(part.get());
  if (part->type.kind == Kind::nodes || (path && path->of_attribute())) {
    const std::uint32_t at = part->offset;
    return finish(std::make_unique<Exists>(at, std::move(part)));
  }
  throw Mistake{part->offset,
                "[…] expects a position or a condition, found " + type_name(part->type),
                "write [2] or [name eq 'x']"};
}

Type Builder::item_type(const Node& over) const {
  switch (over.type.kind) {
    case Kind::nodes: return of(Kind::nodes);
    case Kind::list: return of(over.type.item);
    case Kind::table: return Type{Kind::row, Kind::text, over.type.columns};
    default:
      throw Mistake{over.offset,
                    "in expects a list, a table or nodes, found " + type_name(over.type),
                    over.type.kind == Kind::text ? "write split(…, ' ')" : ""};
  }
}

}  // namespace masar::expression
