#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/expression/call.h"
#include "core/expression/lexer.h"
#include "core/expression/node.h"

namespace masar::expression {

/// Puts typed parts together: the type checker. Single-threaded, for one expression. Throws Mistake
/// at the part that is wrong, saying what was expected, what was found and what to write.
class Builder {
 public:
  /// `code` has source, place and zone already.
  Builder(const Scope& scope, const Expression::Code& code) : scope_(&scope), code_(&code) {}

  NodePtr compare(std::uint32_t at, Comparison op, NodePtr left, NodePtr right);
  NodePtr calculate(std::uint32_t at, Arithmetic op, NodePtr left, NodePtr right);
  NodePtr negative(std::uint32_t at, NodePtr part);
  /// One `and` or `or` of all parts.
  NodePtr junction(std::uint32_t at, bool all, std::vector<NodePtr> parts);
  NodePtr implies(NodePtr left, NodePtr right);
  NodePtr condition(std::uint32_t at, NodePtr test, NodePtr then, NodePtr otherwise);
  NodePtr list(std::uint32_t at, std::vector<NodePtr> items);
  NodePtr column(NodePtr from, std::string_view name, std::uint32_t at);
  NodePtr call(std::uint32_t at, const std::string& name, std::vector<NodePtr> parts);
  /// What stands in the brackets of a path's step: a position or a condition.
  NodePtr predicate(NodePtr part);

  /// `part` as a value of `wanted`; nodes become text or a list of text. `where` says whose part it
  /// is.
  NodePtr convert(NodePtr part, const Type& wanted, const std::string& where);
  NodePtr convert(NodePtr part, Kind wanted, const std::string& where);
  /// As a scalar; nodes become text.
  NodePtr scalar(NodePtr part, const std::string& where);
  /// What a quantifier or `for` may run over; the type of what it binds.
  Type item_type(const Node& over) const;
  /// Counts a part against kNodesMax and kDepthMax.
  NodePtr finish(NodePtr part);

 private:
  void unify(NodePtr& a, NodePtr& b, const std::string& where);
  NodePtr part_for(Want want, std::size_t index, std::vector<NodePtr>& parts,
                   const Builtin& function);
  NodePtr form(const Builtin& function, std::uint32_t at, std::vector<NodePtr> parts);
  NodePtr default_value(std::uint32_t at, std::vector<NodePtr> parts);
  NodePtr lookup(const Builtin& function, std::uint32_t at, std::vector<NodePtr> parts);
  NodePtr scope_call(const Function& function, std::uint32_t at, std::vector<NodePtr> parts);
  NodePtr fold(NodePtr part);
  Type result_type(const Builtin& function, const std::vector<NodePtr>& parts) const;

  const Scope* scope_;
  const Expression::Code* code_;
  std::size_t nodes_ = 0;
};

bool is_scalar(const Type& type);
/// The text written out, or null where the part is anything else.
const std::string* literal_text(const Node& part);

}  // namespace masar::expression
