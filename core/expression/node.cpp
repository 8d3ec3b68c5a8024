#include "core/expression/node.h"

#include <algorithm>

#include "core/base/error.h"

namespace masar::expression {

config::Place place_in(const config::Place& base, std::string_view source, std::size_t offset) {
  config::Place place = base;
  for (std::size_t i = 0; i < offset && i < source.size(); ++i) {
    if (source[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(source[i]) & 0xC0) != 0x80) {
      ++place.column;  // a column counts code points
    }
  }
  return place;
}

config::Place Expression::Code::place_at(std::size_t offset) const {
  return place_in(place, source, offset);
}

void fail(const Env& env, const Node& site, std::string_view code, const std::string& what) {
  const config::Place place = env.code.place_at(site.offset);
  throw Error(ErrorKind::rejected, std::string(code),
              place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) +
                  ": " + what);
}

void fail_unset(const Env& env) {
  if (!env.unset) throw Error(ErrorKind::internal, "value-type", "unset without a part that is");
  fail(env, *env.unset, env.unset->unset_code(), env.unset->unset_text());
}

void Env::too_much(const Node& site) const {
  fail(*this, site, "too-much-work",
       "more than " + std::to_string(kStepsMax) + " nodes and items visited");
}

const Value& Node::ref(Env& env, Value& storage) const {
  storage = eval(env);
  return storage;
}

std::optional<std::string_view> Node::view(Env& env, std::string& storage) const {
  Value held;
  const Value& value = ref(env, held);
  if (!value.is_set()) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&value.data())) {
    if (&value != &held) return *text;
    storage = std::move(std::get<std::string>(const_cast<Value::Data&>(held.data())));
    return storage;
  }
  storage = to_text(value);
  return storage;
}

Truth Node::test(Env& env) const {
  Value storage;
  const Value& value = ref(env, storage);
  if (!value.is_set()) return Truth::unset;
  return value.as<bool>() ? Truth::yes : Truth::no;
}

bool Node::each_node(Env& env, const Visitor& visitor) const {
  Value storage;
  const Value& value = ref(env, storage);
  if (!value.is_set()) return false;
  for (const pugi::xml_node node : value.as<Nodes>()) {
    if (!visitor(node)) break;
  }
  return true;
}

Value BooleanNode::eval(Env& env) const {
  const Truth truth = test(env);
  if (truth == Truth::unset) return {};
  return Value(truth == Truth::yes);
}

// ── operands ─────────────────────────────────────────────────────────────────────────────────────

Value ListNode::eval(Env& env) const {
  if (type.kind == Kind::table) return Value(std::make_shared<const Table>());
  List list;
  list.reserve(items.size());
  for (const NodePtr& item : items) {
    list.push_back(item->eval(env));
    if (!list.back().is_set()) return {};
  }
  return Value(std::make_shared<const List>(std::move(list)));
}

const Value& Variable::ref(Env& env, Value& storage) const {
  const Value* value = nullptr;
  if (local) {
    value = &env.locals[slot];
  } else {
    const auto& own = env.frame.variables;
    const auto& more = env.frame.more;
    if (slot < own.size()) {
      value = &own[slot];
    } else if (slot - own.size() < more.size()) {
      value = &more[slot - own.size()];
    } else {
      throw Error(ErrorKind::internal, "no-such-slot", "no value was handed in for $" + name);
    }
  }
  if (!value->is_set()) {
    env.unset = this;
    return storage = Value();
  }
  return *value;
}

Value Variable::eval(Env& env) const {
  Value storage;
  return ref(env, storage);
}

Column::Column(NodePtr source, std::size_t i, std::string n)
    : Node(source->offset), from(std::move(source)), index(i), name(std::move(n)) {
  const Type column = (*from->type.columns)[index].second;
  type = from->type.kind == Kind::table ? Type{Kind::list, column.kind, nullptr} : column;
  height = from->height + 1;
}

const Value& Column::ref(Env& env, Value& storage) const {
  Value held;
  const Value& value = from->ref(env, held);
  if (!value.is_set()) return storage = Value();
  if (from->type.kind == Kind::row) {
    const Value& cell = value.as<std::shared_ptr<const Row>>()->at(index);
    if (!cell.is_set()) return storage = unset(env, *this);
    if (&value != &held) return cell;
    return storage = Value(cell);
  }
  List items;
  for (const Row& row : value.as<std::shared_ptr<const Table>>()->rows) {
    if (!row.at(index).is_set()) return storage = unset(env, *this);
    items.push_back(row[index]);
  }
  return storage = Value(std::make_shared<const List>(std::move(items)));
}

Value Column::eval(Env& env) const {
  Value storage;
  return ref(env, storage);
}

// ── if, default ──────────────────────────────────────────────────────────────────────────────────

If::If(std::uint32_t at, NodePtr c, NodePtr t, NodePtr o)
    : Node(at), condition(std::move(c)), then(std::move(t)), otherwise(std::move(o)) {
  type = then->type;
  height = static_cast<std::uint16_t>(
      std::max({condition->height, then->height, otherwise->height}) + 1);
}

const Node* If::chosen(Env& env) const {
  const Truth truth = condition->test(env);
  if (truth == Truth::unset) return nullptr;
  return truth == Truth::yes ? then.get() : otherwise.get();
}

Value If::eval(Env& env) const {
  const Node* part = chosen(env);
  return part ? part->eval(env) : Value();
}

const Value& If::ref(Env& env, Value& storage) const {
  const Node* part = chosen(env);
  return part ? part->ref(env, storage) : storage = Value();
}

std::optional<std::string_view> If::view(Env& env, std::string& storage) const {
  const Node* part = chosen(env);
  return part ? part->view(env, storage) : std::nullopt;
}

Truth If::test(Env& env) const {
  const Node* part = chosen(env);
  return part ? part->test(env) : Truth::unset;
}

bool If::each_node(Env& env, const Visitor& visitor) const {
  const Node* part = chosen(env);
  return part && part->each_node(env, visitor);
}

Default::Default(std::uint32_t at, NodePtr p, NodePtr o)
    : Node(at), part(std::move(p)), other(std::move(o)) {
  type = part->type;
  height = std::max(part->height, other->height) + 1;
}

Value Default::eval(Env& env) const {
  Value value = part->eval(env);
  return value.is_set() ? value : other->eval(env);
}

const Value& Default::ref(Env& env, Value& storage) const {
  const Value& value = part->ref(env, storage);
  return value.is_set() ? value : other->ref(env, storage);
}

std::optional<std::string_view> Default::view(Env& env, std::string& storage) const {
  const auto text = part->view(env, storage);
  return text ? text : other->view(env, storage);
}

}  // namespace masar::expression
