#include <cstring>
#include <unordered_set>

#include "core/base/error.h"
#include "core/expression/node.h"

namespace masar::expression {

namespace {

bool matches(const Path::Step& step, const char* name) {
  switch (step.test) {
    case Path::Test::any: return true;
    case Path::Test::name: return std::strcmp(step.name.c_str(), name) == 0;
    case Path::Test::prefix: return std::strncmp(step.name.data(), name, step.name.size()) == 0;
  }
  return false;
}

void gather_text(pugi::xml_node node, std::string& out) {
  for (const pugi::xml_node child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
      out += child.value();
    } else {
      gather_text(child, out);
    }
  }
}

}  // namespace

std::string_view text_of(pugi::xml_node node, std::string& storage) {
  const pugi::xml_node first = node.first_child();
  const char* value = first.value();  // of an element: empty
  if (*value != '\0' && !first.next_sibling()) return value;
  storage.clear();
  gather_text(node, storage);
  return storage;
}

bool Path::selected(Env& env, const Step& step, pugi::xml_node node,
                    std::int64_t* positions) const {
  for (std::size_t i = 0; i < step.predicates.size(); ++i) {
    const std::int64_t position = ++positions[i];
    const Node& predicate = *step.predicates[i];
    const pugi::xml_node outer = env.context;
    env.context = node;
    bool taken = false;
    if (predicate.type.kind == Kind::integer) {
      Value storage;
      const Value& wanted = predicate.ref(env, storage);
      taken = wanted.is_set() && wanted.as<std::int64_t>() == position;
    } else {
      taken = predicate.test(env) == Truth::yes;
    }
    env.context = outer;
    if (!taken) return false;
  }
  return true;
}

bool Path::walk(Env& env, pugi::xml_node node, std::size_t index, const Visitor& visitor) const {
  if (index == steps.size()) return visitor(node);
  const Step& step = steps[index];
  switch (step.axis) {
    case Axis::child: return walk_children(env, node, index, visitor);
    case Axis::descendant: return walk_descendants(env, node, index, visitor);
    case Axis::self: return walk(env, node, index + 1, visitor);
    case Axis::parent: return !node.parent() || walk(env, node.parent(), index + 1, visitor);
    case Axis::attribute: return visitor(node);
  }
  return true;
}

bool Path::walk_children(Env& env, pugi::xml_node node, std::size_t index,
                         const Visitor& visitor) const {
  const Step& step = steps[index];
  if (step.test == Test::name && step.predicates.empty()) {
    // The commonest step. The library's own search costs one call a match, not several a sibling.
    const char* name = step.name.c_str();
    const bool last = index + 1 == steps.size();
    for (pugi::xml_node child = node.child(name); child; child = child.next_sibling(name)) {
      env.step(*this);
      if (!(last ? visitor(child) : walk(env, child, index + 1, visitor))) return false;
    }
    return true;
  }
  constexpr std::size_t kFew = 4;
  std::int64_t few[kFew] = {};
  std::vector<std::int64_t> many(step.predicates.size() > kFew ? step.predicates.size() : 0);
  std::int64_t* positions = many.empty() ? few : many.data();
  for (pugi::xml_node child = node.first_child(); child; child = child.next_sibling()) {
    env.step(*this);
    if (child.type() != pugi::node_element || !matches(step, child.name())) continue;
    if (!step.predicates.empty() && !selected(env, step, child, positions)) continue;
    if (!walk(env, child, index + 1, visitor)) return false;
  }
  return true;
}

bool Path::walk_descendants(Env& env, pugi::xml_node node, std::size_t index,
                            const Visitor& visitor) const {
  const Step& step = steps[index];
  std::vector<std::int64_t> positions(step.predicates.size());
  for (const pugi::xml_node child : node.children()) {
    env.step(*this);
    if (child.type() != pugi::node_element) continue;
    if (matches(step, child.name()) && selected(env, step, child, positions.data()) &&
        !walk(env, child, index + 1, visitor)) {
      return false;
    }
    if (!walk_descendants(env, child, index, visitor)) return false;
  }
  return true;
}

bool Path::start_walk(Env& env, const Visitor& visitor) const {
  if (start == Start::part) {
    const auto go = [&](pugi::xml_node node) { return walk(env, node, 0, visitor); };
    return from->each_node(env, Visitor(go));
  }
  const pugi::xml_node origin = start == Start::root ? env.context.root() : env.context;
  if (origin) walk(env, origin, 0, visitor);
  return true;
}

bool Path::run(Env& env, const Visitor& visitor) const {
  if (!may_repeat) return start_walk(env, visitor);
  std::unordered_set<const void*> met;
  const auto once = [&](pugi::xml_node node) {
    return !met.insert(node.internal_object()).second || visitor(node);
  };
  return start_walk(env, Visitor(once));
}

bool Path::each_node(Env& env, const Visitor& visitor) const { return run(env, visitor); }

Value Path::eval(Env& env) const {
  if (of_attribute()) {
    const auto text = attribute(env);
    return text ? Value::text(*text) : Value();
  }
  Nodes nodes;
  const auto put = [&nodes](pugi::xml_node node) {
    nodes.push_back(node);
    return true;
  };
  if (!run(env, Visitor(put))) return {};
  return Value(std::move(nodes));
}

std::optional<std::string_view> Path::attribute(Env& env) const {
  const Step& step = steps.back();
  const char* found = nullptr;
  bool several = false;
  const auto look = [&](pugi::xml_node node) {
    if (step.test == Test::name) {
      const pugi::xml_attribute attribute = node.attribute(step.name.c_str());
      if (!attribute) return true;
      several = found != nullptr;
      found = attribute.value();
      return !several;
    }
    for (const pugi::xml_attribute attribute : node.attributes()) {
      if (std::strncmp(attribute.name(), "xmlns", 5) == 0) continue;
      if (!matches(step, attribute.name())) continue;
      several = found != nullptr;
      found = attribute.value();
      if (several) return false;
    }
    return true;
  };
  if (!run(env, Visitor(look))) return std::nullopt;
  if (several)
    fail(env, *this, "bad-value",
         spelling + " selects several attributes where one text is wanted");
  if (!found) {
    env.unset = this;
    return std::nullopt;
  }
  return found;
}

std::optional<std::string_view> Path::view(Env& env, std::string& storage) const {
  if (of_attribute()) return attribute(env);
  return Node::view(env, storage);
}

std::optional<std::string_view> text_of_nodes(Env& env, const Node& nodes, std::string& storage) {
  pugi::xml_node found;
  bool several = false;
  const auto look = [&](pugi::xml_node node) {
    several = static_cast<bool>(found);
    found = node;
    return !several;
  };
  if (!nodes.each_node(env, Visitor(look))) return std::nullopt;
  if (several) fail(env, nodes, "bad-value", "several nodes are selected where one text is wanted");
  if (!found) {
    env.unset = &nodes;
    return std::nullopt;
  }
  return text_of(found, storage);
}

std::optional<std::string_view> TextOfNodes::view(Env& env, std::string& storage) const {
  return text_of_nodes(env, *nodes, storage);
}

Value TextOfNodes::eval(Env& env) const {
  std::string storage;
  const auto text = view(env, storage);
  return text ? Value::text(*text) : Value();
}

Value TextsOfNodes::eval(Env& env) const {
  List items;
  std::string storage;
  const auto put = [&](pugi::xml_node node) {
    items.push_back(Value::text(text_of(node, storage)));
    return true;
  };
  if (!nodes->each_node(env, Visitor(put))) return {};
  return Value(std::make_shared<const List>(std::move(items)));
}

}  // namespace masar::expression
