#pragma once

#include "core/base/error.h"
#include "core/expression/functions.h"
#include "core/expression/node.h"

// How built-in functions are called. Private to core/expression.
namespace masar::expression {

/// One argument, evaluated: its text where the parameter is a text, else its value.
struct Argument {
  Value storage;
  std::string text_storage;
  const Value* value = nullptr;
  std::string_view text;
};

/// What a function's body sees. All arguments are set.
struct Call {
  Env& env;
  const Node& site;
  Argument* arguments;
  std::size_t count;

  std::string_view text(std::size_t i) const { return arguments[i].text; }
  std::int64_t integer(std::size_t i) const { return arguments[i].value->as<std::int64_t>(); }
  Fils fils(std::size_t i) const { return arguments[i].value->as<Fils>(); }
  Instant instant(std::size_t i) const { return arguments[i].value->as<Instant>(); }
  const List& list(std::size_t i) const {
    return *arguments[i].value->as<std::shared_ptr<const List>>();
  }
  const Value& value(std::size_t i) const { return *arguments[i].value; }
  const std::string& zone() const { return env.code.zone; }

  [[noreturn]] void bad_value(const std::string& what) const { fail(env, site, "bad-value", what); }
  /// The result "unset".
  Value none() const { return unset(env, site); }
  /// A built text, bounded by kTextBytesMax.
  Value bounded(std::string text) const;
};

/// A call of a function of the table.
struct CallNode final : Node {
  CallNode(std::uint32_t at, const Builtin& f) : Node(at), function(f) {}
  Value eval(Env& env) const override;
  std::string unset_text() const override { return std::string(function.name) + "() has no value"; }
  const Builtin& function;
  std::vector<NodePtr> parts;

 private:
  Value eval_with(Env& env, Argument* arguments) const;
};

/// A call of a function that a scope adds.
struct ScopeCall final : Node {
  ScopeCall(std::uint32_t at, Function f) : Node(at), function(std::move(f)) {
    type = function.result;
  }
  Value eval(Env& env) const override;
  std::string unset_text() const override { return function.name + "() has no value"; }
  Function function;
  std::vector<NodePtr> parts;
};

struct Concat final : Node {
  explicit Concat(std::uint32_t at) : Node(at) {}
  Value eval(Env& env) const override;
  std::optional<std::string_view> view(Env& env, std::string& storage) const override;
  std::vector<NodePtr> parts;
};

struct LookupNode final : Node {
  explicit LookupNode(std::uint32_t at) : Node(at) {}
  Value eval(Env& env) const override;
  std::optional<std::string_view> view(Env& env, std::string& storage) const override;
  std::string_view unset_code() const override { return "no-such-row"; }
  std::string unset_text() const override {
    return "lookup " + table->name + " has no row of this key";
  }
  const Lookup* table = nullptr;
  std::size_t column = 0;
  NodePtr key;
  NodePtr fallback;  ///< may be null
};

struct Matches final : BooleanNode {
  /// Throws Mistake where `pattern` is none.
  Matches(std::uint32_t at, NodePtr t, const std::string& pattern, std::size_t pattern_offset);
  ~Matches() override;
  Truth test(Env& env) const override;
  NodePtr text;
  struct Pattern;
  std::unique_ptr<const Pattern> compiled;
};

struct RowNode final : Node {
  RowNode(std::uint32_t at, NodePtr t, NodePtr k);
  Value eval(Env& env) const override;
  std::string unset_text() const override { return "the table has no row of this key"; }
  NodePtr table, key;
};

// Bodies of the table's functions, by file.
namespace body {
Value conversion_text(Call& call);
Value conversion_integer(Call& call);
Value conversion_fils(Call& call);
Value conversion_date(Call& call);
Value conversion_instant(Call& call);
Value conversion_duration(Call& call);
Value conversion_boolean(Call& call);
Value true_value(Call& call);
Value false_value(Call& call);

Value ascii_digits(Call& call);
Value translate_digits(Call& call);
Value jordan_mobile(Call& call);
Value clean_text(Call& call);
Value trim(Call& call);
Value normalize_space(Call& call);
Value upper_case(Call& call);
Value lower_case(Call& call);
Value string_length(Call& call);
Value substring(Call& call);
Value starts_with(Call& call);
Value ends_with(Call& call);
Value contains(Call& call);
Value replace_text(Call& call);
Value split(Call& call);
Value join(Call& call);
Value sha256_hex(Call& call);
Value luhn_valid(Call& call);

Value sum(Call& call);
Value index(Call& call);
Value first(Call& call);
Value last(Call& call);
Value contains_item(Call& call);
Value distinct(Call& call);

Value jod(Call& call);
Value arabic_words(Call& call);
Value fils_integer(Call& call);
Value proportion(Call& call);
Value percent(Call& call);

Value date_of(Call& call);
Value local_time(Call& call);
Value local_instant(Call& call);
Value iso(Call& call);
Value ceil_seconds(Call& call);
Value days(Call& call);
Value hours(Call& call);
Value minutes(Call& call);
}  // namespace body

}  // namespace masar::expression
