#include "core/expression/call.h"

#include <algorithm>
#include <regex>

#include "core/expression/lexer.h"

namespace masar::expression {

Value Call::bounded(std::string text) const {
  if (text.size() > kTextBytesMax)
    bad_value("the text grows beyond " + std::to_string(kTextBytesMax) + " bytes");
  return Value(std::move(text));
}

Value CallNode::eval(Env& env) const {
  if (parts.size() <= 1) {  // as most are: room for one costs less
    Argument argument;
    return eval_with(env, &argument);
  }
  Argument arguments[Builtin::kParametersMax];
  return eval_with(env, arguments);
}

Value CallNode::eval_with(Env& env, Argument* arguments) const {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Argument& argument = arguments[i];
    if (parts[i]->type.kind == Kind::text) {
      const auto text = parts[i]->view(env, argument.text_storage);
      if (!text) return {};
      argument.text = *text;
    } else {
      argument.value = &parts[i]->ref(env, argument.storage);
      if (!argument.value->is_set()) return {};
    }
  }
  Call call{env, *this, arguments, parts.size()};
  return function.body(call);
}

Value ScopeCall::eval(Env& env) const {
  std::vector<Value> values;
  values.reserve(parts.size());
  for (const NodePtr& part : parts) {
    values.push_back(part->eval(env));
    if (!values.back().is_set() && !function.accepts_unset) return {};
  }
  Value result = function.body(env.frame, values);
  return result.is_set() ? result : unset(env, *this);
}

// ── concat ───────────────────────────────────────────────────────────────────────────────────────

Value Concat::eval(Env& env) const {
  std::string text;
  return view(env, text) ? Value(std::move(text)) : Value();
}

std::optional<std::string_view> Concat::view(Env& env, std::string& storage) const {
  storage.clear();
  std::string part_storage;
  for (const NodePtr& part : parts) {
    const auto text = part->view(env, part_storage);
    if (!text) return std::nullopt;
    storage += *text;
    if (storage.size() > kTextBytesMax) {
      fail(env, *this, "bad-value",
           "the text grows beyond " + std::to_string(kTextBytesMax) + " bytes");
    }
  }
  return storage;
}

// ── lookups ──────────────────────────────────────────────────────────────────────────────────────

Value LookupNode::eval(Env& env) const {
  std::string storage;
  const auto text = view(env, storage);
  return text ? Value::text(*text) : Value();
}

std::optional<std::string_view> LookupNode::view(Env& env, std::string& storage) const {
  const auto wanted = key->view(env, storage);
  if (!wanted) return std::nullopt;
  const auto row = table->rows.find(*wanted);
  if (row != table->rows.end()) return row->second.at(column);
  if (fallback) return fallback->view(env, storage);
  env.unset = this;
  return std::nullopt;
}

RowNode::RowNode(std::uint32_t at, NodePtr t, NodePtr k)
    : Node(at), table(std::move(t)), key(std::move(k)) {
  type = Type{Kind::row, Kind::text, table->type.columns};
  height = static_cast<std::uint16_t>(std::max(table->height, key->height) + 1);
}

Value RowNode::eval(Env& env) const {
  const Value rows = table->eval(env);
  if (!rows.is_set()) return {};
  Value storage;
  const Value& wanted = key->ref(env, storage);
  if (!wanted.is_set()) return {};
  const auto& held = rows.as<std::shared_ptr<const Table>>();
  for (const Row& row : held->rows) {
    env.step(*this);
    if (!row.empty() && row.front() == wanted) return Value(std::shared_ptr<const Row>(held, &row));
  }
  return unset(env, *this);
}

// ── matches ──────────────────────────────────────────────────────────────────────────────────────

struct Matches::Pattern {
  std::regex regex;
};

namespace {

/// libstdc++'s breadth-first matcher: without it a pattern such as (a+)+$ takes exponential time,
/// and a text comes from outside.
std::regex compile_pattern(const std::string& pattern) {
  return std::regex(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial);
}

}  // namespace

Matches::Matches(std::uint32_t at, NodePtr t, const std::string& pattern,
                 std::size_t pattern_offset)
    : BooleanNode(at), text(std::move(t)) {
  height = text->height + 1;
  try {
    compiled = std::make_unique<const Pattern>(Pattern{compile_pattern(pattern)});
  } catch (const std::regex_error& error) {
    throw Mistake{pattern_offset, std::string("the pattern cannot be read: ") + error.what(),
                  "write it as in ECMAScript, without back references"};
  }
}

Matches::~Matches() = default;

Truth Matches::test(Env& env) const {
  std::string storage;
  const auto value = text->view(env, storage);
  if (!value) return Truth::unset;
  if (value->size() > kMatchBytesMax) {
    fail(env, *this, "bad-value",
         "a text of more than " + std::to_string(kMatchBytesMax) + " bytes is not matched");
  }
  return std::regex_search(value->begin(), value->end(), compiled->regex) ? Truth::yes : Truth::no;
}

}  // namespace masar::expression
