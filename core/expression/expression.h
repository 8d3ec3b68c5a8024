#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/diagnostics.h"
#include "core/expression/value.h"

namespace masar::expression {

/// What an expression may ask of the moment in which it is evaluated, besides its variables. Handed
/// in by whoever evaluates; an expression itself reads no clock and draws no number.
class Host {
 public:
  virtual ~Host() = default;
};

/// Everything that an evaluation sees.
struct Frame {
  std::span<const Value> variables;  ///< by the slots of the scope it was compiled with
  pugi::xml_node context;  ///< where paths start: `/a/b` from its root, `a/b` from the node
  Host* host = nullptr;    ///< for functions that a scope adds
  /// Continues `variables` for the slots behind its end: what a template binds itself.
  std::span<const Value> more{};
};

/// A function that a scope adds to the built-in ones (`serial`, `deadline`, `in` …). Its arguments
/// are evaluated and set, unless `accepts_unset`. It may throw Error(rejected, …).
struct Function {
  std::string name;
  std::vector<Type> parameters;
  Type result;
  std::function<Value(const Frame&, std::span<const Value>)> body;
  bool accepts_unset = false;
};

/// Lookup tables by name, for `lookup('table', key)` and `lookup('table', key, 'column')`.
/// A table has a key column and named text columns.
struct Lookup {
  std::string name;
  std::vector<std::string> columns;                                   ///< the first is the default
  std::map<std::string, std::vector<std::string>, std::less<>> rows;  ///< key → one text a column
};
using Lookups = std::map<std::string, Lookup, std::less<>>;

/// What names mean where an expression is compiled. A variable is `$name`, or a record's field
/// `$event.name`; both are plain entries here, named without `$`. Paths may be forbidden (guards).
class Scope {
 public:
  /// Returns the slot. A name is added once.
  std::size_t add(std::string name, Type type);
  std::optional<std::size_t> find(std::string_view name) const;
  const Type& type(std::size_t slot) const { return variables_[slot].second; }
  std::size_t size() const noexcept { return variables_.size(); }
  std::vector<std::string> names() const;

  std::vector<Function> functions;
  const Lookups* lookups = nullptr;   ///< outlives every expression compiled
  bool paths = true;                  ///< false: a path is a compile error
  std::string zone = "UTC";           ///< for date-of(instant), local-time() …
  std::vector<std::string> prefixes;  ///< that paths may use; empty: any

 private:
  std::vector<std::pair<std::string, Type>> variables_;
  std::map<std::string, std::size_t, std::less<>> slots_;
};

/// Bounds of one expression. A source beyond the first three is a compile error.
inline constexpr std::size_t kDepthMax = 100;     ///< nested parts
inline constexpr std::size_t kNodesMax = 10'000;  ///< operands and operators
inline constexpr std::size_t kSourceBytesMax = 1 << 18;
inline constexpr std::size_t kStepsMax =
    10'000'000;  ///< nodes found and items visited by one evaluation
inline constexpr std::size_t kTextBytesMax = 4 << 20;  ///< of a text that an evaluation builds
inline constexpr std::size_t kMatchBytesMax = 1'000;   ///< of a text that matches() looks at

/// A compiled formula. Immutable, cheap to copy, callable from any thread.
///
/// evaluate() throws Error(rejected, code): "unset-value" for reading an unset value outside
/// exists() and default(); "bad-value" for a conversion that fails, a result out of range and a
/// text from several nodes; "no-such-row" for a lookup without its key and without a default;
/// "too-much-work" for one that goes beyond kStepsMax. Each names its place in the expression. All
/// are deterministic.
class Expression {
 public:
  Value evaluate(const Frame& frame) const;
  /// As evaluate(), but unset where evaluate() throws "unset-value".
  Value evaluate_optional(const Frame& frame) const;
  /// A boolean one, without a copy. Throws as evaluate().
  bool evaluate_boolean(const Frame& frame) const;
  /// Calls `use` with every node of a nodes expression, in document order, without gathering them.
  void for_each_node(const Frame& frame, const std::function<void(pugi::xml_node)>& use) const;
  /// The text form of a scalar or nodes expression. It lives as long as the frame's values, its
  /// document, this expression and `storage`. No value where it is unset.
  std::optional<std::string_view> evaluate_text(const Frame& frame, std::string& storage) const;
  const Type& type() const noexcept;
  const config::Place& place() const noexcept;
  const std::string& source() const noexcept;
  /// Names of the variables that it reads.
  std::vector<std::string> reads() const;

  struct Code;
  const Code& code() const noexcept { return *code_; }
  explicit Expression(std::shared_ptr<const Code> code) : code_(std::move(code)) {}

 private:
  std::shared_ptr<const Code> code_;
};

/// Compiles `source`, which stands at `place` in its file; columns inside it are reported exactly.
/// With `expected`, another type is an error (nodes convert to text implicitly where text is
/// expected). What is wrong goes to `diagnostics`, and then there is no value.
std::optional<Expression> compile(std::string_view source, const config::Place& place,
                                  const Scope& scope, std::optional<Type> expected,
                                  config::Diagnostics& diagnostics);

/// Text with `{expression}` parts, as XSLT 3.0's text value templates: `{{` and `}}` are braces.
/// Every part must be scalar or nodes; the result is text.
class TextTemplate {
 public:
  std::string evaluate(const Frame& frame) const;
  /// Appends the text to `out`; false where an expression is unset, and then `out` is as it was.
  bool append_optional(const Frame& frame, std::string& out) const;
  bool is_constant() const noexcept { return parts_.size() <= 1 && expressions_.empty(); }

  std::vector<std::string> parts_;  ///< literal before each expression, and the rest after the last
  std::vector<Expression> expressions_;
};
std::optional<TextTemplate> compile_text(std::string_view source, const config::Place& place,
                                         const Scope& scope, config::Diagnostics& diagnostics);

}  // namespace masar::expression
