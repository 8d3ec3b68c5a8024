#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/expression/expression.h"

// The compiled tree. Private to core/expression.
namespace masar::expression {

struct Node;
using NodePtr = std::unique_ptr<Node>;

/// A callable handed down without an allocation. It must outlive the call it is handed to. It
/// returns false to end the visit.
class Visitor {
 public:
  template <typename Use>
  explicit Visitor(const Use& use)
      : use_(&use), call_([](const void* target, pugi::xml_node node) {
          return (*static_cast<const Use*>(target))(node);
        }) {}
  bool operator()(pugi::xml_node node) const { return call_(use_, node); }

 private:
  const void* use_;
  bool (*call_)(const void*, pugi::xml_node);
};

/// One evaluation: the frame, and what changes while it runs. On the stack of the evaluating
/// thread.
struct Env {
  const Frame& frame;
  const Expression::Code& code;
  pugi::xml_node context;
  Value* locals = nullptr;
  const Node* unset = nullptr;  ///< the part that had no value, while "unset" travels up
  std::size_t steps = 0;

  /// Throws Error(rejected, "too-much-work") after kStepsMax.
  void step(const Node& site) {
    if (++steps > kStepsMax) too_much(site);
  }
  [[noreturn]] void too_much(const Node& site) const;
};

enum class Truth : unsigned char { no, yes, unset };

/// A typed part of an expression. Immutable once compiled. "Unset" travels up as an unset Value (or
/// nullopt, Truth::unset, false) with env.unset set to the part that had none.
struct Node {
  explicit Node(std::uint32_t at) : offset(at) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  virtual Value eval(Env& env) const = 0;
  /// The value, in `storage` or where it already stands.
  virtual const Value& ref(Env& env, Value& storage) const;
  /// Of a scalar or nodes part: its text form, in `storage` or where it already stands.
  virtual std::optional<std::string_view> view(Env& env, std::string& storage) const;
  /// Of a boolean part.
  virtual Truth test(Env& env) const;
  /// Of a nodes part: false where it is unset. Stops when the visitor says so.
  virtual bool each_node(Env& env, const Visitor& visitor) const;
  /// What error an unset value of this part is, and its words.
  virtual std::string_view unset_code() const { return "unset-value"; }
  virtual std::string unset_text() const { return "there is no value"; }

  Type type;
  std::uint32_t offset;      ///< of the part's first byte in the source
  std::uint16_t height = 1;  ///< of the tree below
};

/// A part whose value is a boolean: only test() is to be written.
struct BooleanNode : Node {
  explicit BooleanNode(std::uint32_t at) : Node(at) { type.kind = Kind::boolean; }
  Value eval(Env& env) const override;
  Truth test(Env& env) const override = 0;
};

struct Expression::Code {
  std::string source;
  config::Place place;
  std::string zone;
  NodePtr root;
  std::size_t locals = 0;
  std::vector<std::string> reads;

  config::Place place_at(std::size_t offset) const;
};

/// Throws Error(rejected, code), its text being `file:line:col: what`.
[[noreturn]] void fail(const Env& env, const Node& site, std::string_view code,
                       const std::string& what);
[[noreturn]] void fail_unset(const Env& env);

/// Unset, remembering that it was `site` that had no value.
inline Value unset(Env& env, const Node& site) {
  env.unset = &site;
  return {};
}

/// The place `offset` bytes behind `base` in `source`, which starts at `base`.
config::Place place_in(const config::Place& base, std::string_view source, std::size_t offset);

// ── operands ─────────────────────────────────────────────────────────────────────────────────────

struct Literal final : Node {
  Literal(std::uint32_t at, Value v, Kind kind) : Node(at), value(std::move(v)) {
    type.kind = kind;
  }
  Value eval(Env&) const override { return value; }
  const Value& ref(Env&, Value&) const override { return value; }
  Value value;
};

/// `()` or `(a, b)`.
struct ListNode final : Node {
  explicit ListNode(std::uint32_t at) : Node(at) { type.kind = Kind::list; }
  Value eval(Env& env) const override;
  std::vector<NodePtr> items;
};

/// A variable of the scope or, with `local`, one that the expression binds.
struct Variable final : Node {
  Variable(std::uint32_t at, std::string n, std::size_t s, bool l)
      : Node(at), name(std::move(n)), slot(s), local(l) {}
  Value eval(Env& env) const override;
  const Value& ref(Env& env, Value& storage) const override;
  std::string unset_text() const override { return "$" + name + " has no value"; }
  std::string name;
  std::size_t slot;
  bool local;
};

/// `row.column` or, of a table, the list of the column's values.
struct Column final : Node {
  Column(NodePtr source, std::size_t i, std::string n);
  Value eval(Env& env) const override;
  const Value& ref(Env& env, Value& storage) const override;
  std::string unset_text() const override { return "column " + name + " has no value"; }
  NodePtr from;
  std::size_t index;
  std::string name;
};

/// A path: where it starts, and its steps.
struct Path final : Node {
  enum class Start { root, context, part };
  enum class Axis { child, descendant, self, parent, attribute };
  enum class Test { any, name, prefix };
  struct Step {
    Axis axis = Axis::child;
    Test test = Test::any;
    std::string name;  ///< qualified; of Test::prefix up to and with the colon
    std::vector<NodePtr> predicates;
  };

  explicit Path(std::uint32_t at) : Node(at) { type.kind = Kind::nodes; }
  /// Whether the last step selects an attribute; then the path is a text, not nodes.
  bool of_attribute() const { return !steps.empty() && steps.back().axis == Axis::attribute; }
  Value eval(Env& env) const override;
  std::optional<std::string_view> view(Env& env, std::string& storage) const override;
  bool each_node(Env& env, const Visitor& visitor) const override;
  std::string unset_text() const override { return spelling + " is not there"; }

  Start start = Start::context;
  NodePtr from;  ///< of Start::part
  std::vector<Step> steps;
  std::string spelling;     ///< as written
  bool may_repeat = false;  ///< nodes may be met twice and are told apart

 private:
  bool run(Env& env, const Visitor& visitor) const;
  bool start_walk(Env& env, const Visitor& visitor) const;
  bool walk(Env& env, pugi::xml_node node, std::size_t step, const Visitor& visitor) const;
  bool walk_children(Env& env, pugi::xml_node node, std::size_t step, const Visitor& visitor) const;
  bool walk_descendants(Env& env, pugi::xml_node node, std::size_t step,
                        const Visitor& visitor) const;
  bool selected(Env& env, const Step& step, pugi::xml_node node, std::int64_t* positions) const;
  std::optional<std::string_view> attribute(Env& env) const;
};

/// All text below an element; in `storage` only where it stands in several pieces.
std::string_view text_of(pugi::xml_node node, std::string& storage);

/// The text of the one node that `nodes` selects; nullopt where there is none. Throws "bad-value"
/// for several.
std::optional<std::string_view> text_of_nodes(Env& env, const Node& nodes, std::string& storage);

/// The text of exactly one node; unset where there is none.
struct TextOfNodes final : Node {
  explicit TextOfNodes(NodePtr n) : Node(n->offset), nodes(std::move(n)) {
    height = nodes->height + 1;
  }
  Value eval(Env& env) const override;
  std::optional<std::string_view> view(Env& env, std::string& storage) const override;
  NodePtr nodes;
};

/// The texts of all nodes, as a list.
struct TextsOfNodes final : Node {
  explicit TextsOfNodes(NodePtr n) : Node(n->offset), nodes(std::move(n)) {
    type = Type{Kind::list, Kind::text, nullptr};
    height = nodes->height + 1;
  }
  Value eval(Env& env) const override;
  NodePtr nodes;
};

// ── operators ────────────────────────────────────────────────────────────────────────────────────

enum class Comparison : unsigned char { eq, ne, lt, le, gt, ge };

struct Compare final : BooleanNode {
  Compare(std::uint32_t at, Comparison o, NodePtr l, NodePtr r);
  Truth test(Env& env) const override;
  Comparison op;
  NodePtr left, right;
};

/// `and`, `or`: as many parts as stand side by side; from left to right, no further than needed.
struct Junction final : BooleanNode {
  Junction(std::uint32_t at, bool is_and) : BooleanNode(at), all(is_and) {}
  Truth test(Env& env) const override;
  bool all;
  std::vector<NodePtr> parts;
};

struct Implies final : BooleanNode {
  Implies(NodePtr l, NodePtr r);
  Truth test(Env& env) const override;
  NodePtr left, right;
};

struct Not final : BooleanNode {
  Not(std::uint32_t at, NodePtr p) : BooleanNode(at), part(std::move(p)) {
    height = part->height + 1;
  }
  Truth test(Env& env) const override;
  NodePtr part;
};

enum class Arithmetic : unsigned char { add, subtract, multiply, div, idiv, mod };

struct Calculate final : Node {
  Calculate(std::uint32_t at, Arithmetic o, NodePtr l, NodePtr r);
  Value eval(Env& env) const override;
  Arithmetic op;
  NodePtr left, right;
};

struct If final : Node {
  If(std::uint32_t at, NodePtr c, NodePtr t, NodePtr o);
  Value eval(Env& env) const override;
  const Value& ref(Env& env, Value& storage) const override;
  std::optional<std::string_view> view(Env& env, std::string& storage) const override;
  Truth test(Env& env) const override;
  bool each_node(Env& env, const Visitor& visitor) const override;
  const Node* chosen(Env& env) const;
  NodePtr condition, then, otherwise;
};

struct Quantified final : BooleanNode {
  Quantified(std::uint32_t at, bool is_every) : BooleanNode(at), every(is_every) {}
  Truth test(Env& env) const override;
  bool every;
  std::size_t slot = 0;
  NodePtr over, condition;
};

struct For final : Node {
  explicit For(std::uint32_t at) : Node(at) {}
  Value eval(Env& env) const override;
  std::size_t slot = 0;
  NodePtr over, result;
};

struct Exists final : BooleanNode {
  Exists(std::uint32_t at, NodePtr p) : BooleanNode(at), part(std::move(p)) {
    height = part->height + 1;
  }
  Truth test(Env& env) const override;
  NodePtr part;
};

struct Count final : Node {
  Count(std::uint32_t at, NodePtr p);
  Value eval(Env& env) const override;
  NodePtr part;
};

struct Default final : Node {
  Default(std::uint32_t at, NodePtr p, NodePtr o);
  Value eval(Env& env) const override;
  const Value& ref(Env& env, Value& storage) const override;
  std::optional<std::string_view> view(Env& env, std::string& storage) const override;
  NodePtr part, other;
};

}  // namespace masar::expression
