#include <algorithm>

#include "core/base/error.h"
#include "core/expression/node.h"

namespace masar::expression {

// ── comparison and logic ─────────────────────────────────────────────────────────────────────────

namespace {

template <typename T>
bool holds(Comparison op, const T& a, const T& b) {
  switch (op) {
    case Comparison::eq: return a == b;
    case Comparison::ne: return !(a == b);
    case Comparison::lt: return a < b;
    case Comparison::le: return !(b < a);
    case Comparison::gt: return b < a;
    case Comparison::ge: return !(a < b);
  }
  return false;
}

template <typename T>
bool holds(Comparison op, const Value& a, const Value& b) {
  return holds<T>(op, a.as<T>(), b.as<T>());
}

Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }

}  // namespace

Compare::Compare(std::uint32_t at, Comparison o, NodePtr l, NodePtr r)
    : BooleanNode(at), op(o), left(std::move(l)), right(std::move(r)) {
  height = std::max(left->height, right->height) + 1;
}

Truth Compare::test(Env& env) const {
  if (left->type.kind == Kind::text) {
    std::string left_storage, right_storage;
    const auto a = left->view(env, left_storage);
    if (!a) return Truth::unset;
    const auto b = right->view(env, right_storage);
    return b ? truth_of(holds(op, *a, *b)) : Truth::unset;
  }
  Value left_storage, right_storage;
  const Value& a = left->ref(env, left_storage);
  if (!a.is_set()) return Truth::unset;
  const Value& b = right->ref(env, right_storage);
  if (!b.is_set()) return Truth::unset;
  switch (left->type.kind) {
    case Kind::integer: return truth_of(holds<std::int64_t>(op, a, b));
    case Kind::fils: return truth_of(holds<Fils>(op, a, b));
    case Kind::date: return truth_of(holds<Date>(op, a, b));
    case Kind::instant: return truth_of(holds<Instant>(op, a, b));
    case Kind::duration: return truth_of(holds<Duration>(op, a, b));
    case Kind::boolean: return truth_of(holds<bool>(op, a, b));
    default: return truth_of((a == b) == (op == Comparison::eq));
  }
}

Truth Junction::test(Env& env) const {
  for (const NodePtr& part : parts) {
    const Truth truth = part->test(env);
    if (truth == Truth::unset) return Truth::unset;
    if ((truth == Truth::yes) != all) return truth;
  }
  return truth_of(all);
}

Implies::Implies(NodePtr l, NodePtr r)
    : BooleanNode(l->offset), left(std::move(l)), right(std::move(r)) {
  height = std::max(left->height, right->height) + 1;
}

Truth Implies::test(Env& env) const {
  const Truth given = left->test(env);
  if (given == Truth::unset) return given;
  return given == Truth::no ? Truth::yes : right->test(env);
}

Truth Not::test(Env& env) const {
  const Truth truth = part->test(env);
  if (truth == Truth::unset) return truth;
  return truth_of(truth == Truth::no);
}

// ── arithmetic ───────────────────────────────────────────────────────────────────────────────────

namespace {

[[noreturn]] void out_of_range(const Env& env, const Node& site) {
  fail(env, site, "bad-value", "the result is out of range");
}

std::int64_t integers(const Env& env, const Calculate& site, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool over = false;
  switch (site.op) {
    case Arithmetic::add: over = __builtin_add_overflow(a, b, &result); break;
    case Arithmetic::subtract: over = __builtin_sub_overflow(a, b, &result); break;
    case Arithmetic::multiply: over = __builtin_mul_overflow(a, b, &result); break;
    default:
      if (b == 0) fail(env, site, "bad-value", "division by zero");
      if (b == -1 && a == INT64_MIN) out_of_range(env, site);
      if (site.op == Arithmetic::mod) return a % b;
      if (site.op == Arithmetic::div && a % b != 0) {
        fail(env, site, "bad-value", "div leaves a remainder; idiv cuts it off");
      }
      return a / b;
  }
  if (over) out_of_range(env, site);
  return result;
}

Fils amounts(const Env& env, const Calculate& site, const Value& a, const Value& b) {
  try {
    if (site.op == Arithmetic::add) return a.as<Fils>() + b.as<Fils>();
    if (site.op == Arithmetic::subtract) return a.as<Fils>() - b.as<Fils>();
    if (site.left->type.kind == Kind::fils) return a.as<Fils>() * b.as<std::int64_t>();
    return b.as<Fils>() * a.as<std::int64_t>();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::rejected) throw;
    fail(env, site, error.code(), error.what());
  }
}

std::int64_t ticks(const Value& value) {
  if (const auto* instant = std::get_if<Instant>(&value.data()))
    return instant->time_since_epoch().count();
  if (const auto* length = std::get_if<Duration>(&value.data())) return length->count();
  return value.as<std::int64_t>();
}

std::chrono::sys_days day_of(const Value& value) { return std::chrono::sys_days(value.as<Date>()); }

Value shifted_date(const Env& env, const Calculate& site, const Value& a, const Value& b) {
  using std::chrono::days;
  const Duration length = b.as<Duration>();
  const auto whole = std::chrono::duration_cast<days>(length);
  if (whole != length) fail(env, site, "bad-value", "only whole days can be added to a date");
  constexpr days kFar{4'000'000};  // beyond the years that a date can have
  if (whole > kFar || whole < -kFar) out_of_range(env, site);
  const Date date(day_of(a) + (site.op == Arithmetic::add ? whole : -whole));
  if (date.year() < std::chrono::year(1) || date.year() > std::chrono::year(9999))
    out_of_range(env, site);
  return Value(date);
}

}  // namespace

Calculate::Calculate(std::uint32_t at, Arithmetic o, NodePtr l, NodePtr r)
    : Node(at), op(o), left(std::move(l)), right(std::move(r)) {
  height = std::max(left->height, right->height) + 1;
}

Value Calculate::eval(Env& env) const {
  Value left_storage, right_storage;
  const Value& a = left->ref(env, left_storage);
  if (!a.is_set()) return {};
  const Value& b = right->ref(env, right_storage);
  if (!b.is_set()) return {};
  switch (type.kind) {
    case Kind::integer: return Value(integers(env, *this, ticks(a), ticks(b)));
    case Kind::fils: return Value(amounts(env, *this, a, b));
    case Kind::date: return shifted_date(env, *this, a, b);
    case Kind::instant: return Value(Instant(Duration(integers(env, *this, ticks(a), ticks(b)))));
    default:
      if (left->type.kind == Kind::date) return Value(Duration(day_of(a) - day_of(b)));
      return Value(Duration(integers(env, *this, ticks(a), ticks(b))));
  }
}

// ── every, some, for, exists, count ──────────────────────────────────────────────────────────────

namespace {

/// Binds each item, row or node of `over` to the local `slot` and calls `use`, which returns false
/// to end. False where `over` is unset.
template <typename Use>
bool each_item(Env& env, const Node& site, const Node& over, std::size_t slot, const Use& use) {
  if (over.type.kind == Kind::nodes) {
    const auto bind = [&](pugi::xml_node node) {
      env.step(site);
      env.locals[slot] = Value(Nodes{node});
      return use();
    };
    return over.each_node(env, Visitor(bind));
  }
  Value storage;
  const Value value = over.ref(env, storage);  // a copy: the body may bind over what it came from
  if (!value.is_set()) return false;
  if (over.type.kind == Kind::list) {
    for (const Value& item : *value.as<std::shared_ptr<const List>>()) {
      env.step(site);
      env.locals[slot] = item;
      if (!use()) break;
    }
    return true;
  }
  const auto& table = value.as<std::shared_ptr<const Table>>();
  for (const Row& row : table->rows) {
    env.step(site);
    env.locals[slot] = Value(std::shared_ptr<const Row>(table, &row));
    if (!use()) break;
  }
  return true;
}

}  // namespace

Truth Quantified::test(Env& env) const {
  Truth result = truth_of(every);
  const bool known = each_item(env, *this, *over, slot, [&] {
    const Truth truth = condition->test(env);
    if (truth == truth_of(every)) return true;
    result = truth;
    return false;
  });
  return known ? result : Truth::unset;
}

Value For::eval(Env& env) const {
  Nodes nodes;
  List items;
  bool complete = true;
  const bool known = each_item(env, *this, *over, slot, [&] {
    Value value = result->eval(env);
    if (!value.is_set()) return complete = false;
    if (result->type.kind == Kind::nodes) {
      const Nodes& more = value.as<Nodes>();
      nodes.insert(nodes.end(), more.begin(), more.end());
    } else if (result->type.kind == Kind::list) {
      const List& more = *value.as<std::shared_ptr<const List>>();
      items.insert(items.end(), more.begin(), more.end());
    } else {
      items.push_back(std::move(value));
    }
    if (nodes.size() + items.size() > kStepsMax) env.too_much(*this);
    return true;
  });
  if (!known || !complete) return {};
  if (type.kind == Kind::nodes) return Value(std::move(nodes));
  return Value(std::make_shared<const List>(std::move(items)));
}

namespace {

std::int64_t size_of(const Value& value) {
  if (const auto* list = std::get_if<std::shared_ptr<const List>>(&value.data())) {
    return static_cast<std::int64_t>((*list)->size());
  }
  if (const auto* table = std::get_if<std::shared_ptr<const Table>>(&value.data())) {
    return static_cast<std::int64_t>((*table)->rows.size());
  }
  return 1;
}

}  // namespace

Truth Exists::test(Env& env) const {
  if (part->type.kind == Kind::nodes) {
    bool found = false;
    const auto look = [&found](pugi::xml_node) {
      found = true;
      return false;
    };
    part->each_node(env, Visitor(look));
    return truth_of(found);
  }
  if (part->type.kind == Kind::boolean) return truth_of(part->test(env) != Truth::unset);
  if (part->type.kind == Kind::text) {
    std::string storage;
    return truth_of(part->view(env, storage).has_value());
  }
  Value storage;
  const Value& value = part->ref(env, storage);
  return truth_of(value.is_set() && size_of(value) > 0);
}

Count::Count(std::uint32_t at, NodePtr p) : Node(at), part(std::move(p)) {
  type.kind = Kind::integer;
  height = part->height + 1;
}

Value Count::eval(Env& env) const {
  if (part->type.kind == Kind::nodes) {
    std::int64_t count = 0;
    const auto one = [&count](pugi::xml_node) {
      ++count;
      return true;
    };
    if (!part->each_node(env, Visitor(one))) return {};
    return Value(count);
  }
  Value storage;
  const Value& value = part->ref(env, storage);
  return value.is_set() ? Value(size_of(value)) : Value();
}

}  // namespace masar::expression
