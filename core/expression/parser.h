#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/expression/builder.h"

namespace masar::expression {

/// Reads one expression into `code`: its root, how many variables it binds at once, what it reads.
/// Recursive descent; parts are typed as they are read. Throws Mistake.
class Parser {
 public:
  Parser(const Scope& scope, Expression::Code& code);

  /// The whole source; what is left over is a mistake.
  void run();
  Builder& builder() noexcept { return builder_; }

 private:
  NodePtr expression();
  NodePtr disjunction();
  NodePtr conjunction();
  NodePtr comparison();
  NodePtr sum();
  NodePtr product();
  NodePtr unary();
  NodePtr postfix();
  NodePtr primary();

  NodePtr integer(bool negative);
  NodePtr parenthesis();
  NodePtr condition();
  NodePtr quantified(bool every);
  NodePtr repeated();
  NodePtr variable();
  NodePtr known_variable(const std::string& name, std::uint32_t at);
  [[noreturn]] void unknown_variable(const std::string& name, std::uint32_t at) const;
  NodePtr call();
  std::vector<NodePtr> parts_until(std::string_view close);
  /// `$name in over`: binds the name; the caller unbinds it.
  std::pair<std::size_t, NodePtr> binding();

  NodePtr path();
  NodePtr path_from(NodePtr from);
  NodePtr finish_path(std::unique_ptr<Path> path, std::uint32_t from);
  void steps(Path& path, bool descendant);
  Path::Step step(bool descendant);
  void name_test(Path::Step& step);
  void check_prefix(std::string_view name, std::uint32_t at) const;
  bool starts_step() const;

  const Token& now() const { return tokens_[at_]; }
  const Token& after() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool accept(std::string_view symbol);
  bool accept_name(std::string_view name);
  void expect(std::string_view symbol, const std::string& hint);
  void expect_name(std::string_view name, const std::string& hint);
  [[noreturn]] void unexpected(const std::string& wanted, const std::string& hint) const;

  /// Counts nesting while it lives.
  struct Level {
    explicit Level(Parser& p);
    ~Level() { --parser.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    Parser& parser;
  };

  const Scope* scope_;
  Expression::Code* code_;
  std::vector<Token> tokens_;
  Builder builder_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool in_predicate_ = false;  ///< there a relative path is possible though the scope forbids paths
  std::vector<std::pair<std::string, Type>> locals_;
  std::set<std::string, std::less<>> reads_;
};

}  // namespace masar::expression
