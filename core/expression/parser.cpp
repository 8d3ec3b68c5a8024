#include "core/expression/parser.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace masar::expression {

Parser::Level::Level(Parser& p) : parser(p) {
  if (++parser.depth_ <= kDepthMax) return;
  throw Mistake{parser.now().offset,
                "the expression is nested more than " + std::to_string(kDepthMax) + " deep",
                "divide it"};
}

Parser::Parser(const Scope& scope, Expression::Code& code)
    : scope_(&scope), code_(&code), tokens_(tokens_of(code.source)), builder_(scope, code) {}

void Parser::run() {
  if (now().kind == Token::Kind::end) throw Mistake{0, "the expression is empty", "write one"};
  code_->root = expression();
  if (now().kind != Token::Kind::end) unexpected("the end", "");
  code_->reads.assign(reads_.begin(), reads_.end());
}

bool Parser::accept(std::string_view symbol) {
  if (!now().is(symbol)) return false;
  take();
  return true;
}

bool Parser::accept_name(std::string_view name) {
  if (!now().is_name(name)) return false;
  take();
  return true;
}

void Parser::expect(std::string_view symbol, const std::string& hint) {
  if (!accept(symbol)) unexpected(std::string(symbol), hint);
}

void Parser::expect_name(std::string_view name, const std::string& hint) {
  if (!accept_name(name)) unexpected(std::string(name), hint);
}

void Parser::unexpected(const std::string& wanted, const std::string& hint) const {
  const Token& token = now();
  const std::string found = token.kind == Token::Kind::end        ? "the end"
                            : token.kind == Token::Kind::text     ? "a text"
                            : token.kind == Token::Kind::variable ? "$" + std::string(token.text)
                                                                  : std::string(token.text);
  throw Mistake{token.offset, "expected " + wanted + ", found " + found, hint};
}

// ── operators, weakest first ─────────────────────────────────────────────────────────────────────

NodePtr Parser::expression() {
  const Level level(*this);
  NodePtr left = disjunction();
  if (!accept_name("implies")) return left;
  return builder_.implies(std::move(left), expression());
}

NodePtr Parser::disjunction() {
  NodePtr first = conjunction();
  if (!now().is_name("or")) return first;
  const std::uint32_t at = first->offset;
  std::vector<NodePtr> parts;
  parts.push_back(std::move(first));
  while (accept_name("or")) parts.push_back(conjunction());
  return builder_.junction(at, false, std::move(parts));
}

NodePtr Parser::conjunction() {
  NodePtr first = comparison();
  if (!now().is_name("and")) return first;
  const std::uint32_t at = first->offset;
  std::vector<NodePtr> parts;
  parts.push_back(std::move(first));
  while (accept_name("and")) parts.push_back(comparison());
  return builder_.junction(at, true, std::move(parts));
}

NodePtr Parser::comparison() {
  constexpr std::pair<std::string_view, Comparison> kOperators[] = {
      {"eq", Comparison::eq}, {"ne", Comparison::ne}, {"lt", Comparison::lt},
      {"le", Comparison::le}, {"gt", Comparison::gt}, {"ge", Comparison::ge},
  };
  NodePtr left = sum();
  for (const auto& [name, op] : kOperators) {
    if (!now().is_name(name)) continue;
    const std::uint32_t at = take().offset;
    return builder_.compare(at, op, std::move(left), sum());
  }
  return left;
}

NodePtr Parser::sum() {
  NodePtr left = product();
  while (now().is("+") || now().is("-")) {
    const Token token = take();
    const Arithmetic op = token.text == "+" ? Arithmetic::add : Arithmetic::subtract;
    left = builder_.calculate(token.offset, op, std::move(left), product());
  }
  return left;
}

NodePtr Parser::product() {
  NodePtr left = unary();
  while (true) {
    Arithmetic op;
    if (now().is("*")) {
      op = Arithmetic::multiply;
    } else if (now().is_name("div")) {
      op = Arithmetic::div;
    } else if (now().is_name("idiv")) {
      op = Arithmetic::idiv;
    } else if (now().is_name("mod")) {
      op = Arithmetic::mod;
    } else {
      return left;
    }
    const std::uint32_t at = take().offset;
    left = builder_.calculate(at, op, std::move(left), unary());
  }
}

NodePtr Parser::unary() {
  if (!now().is("-")) return postfix();
  const Level level(*this);
  const std::uint32_t at = take().offset;
  if (now().kind == Token::Kind::integer) return integer(true);
  return builder_.negative(at, unary());
}

NodePtr Parser::postfix() {
  NodePtr part = primary();
  while (now().glued && now().is(".") && after().glued && after().kind == Token::Kind::name) {
    take();
    const Token name = take();
    part = builder_.column(std::move(part), name.text, name.offset);
  }
  if (now().is("/") || now().is("//")) return path_from(std::move(part));
  if (now().is("[")) {
    throw Mistake{now().offset, "[…] belongs to a step of a path",
                  "write index(list, 2), or a/b[2]"};
  }
  return part;
}

// ── operands ─────────────────────────────────────────────────────────────────────────────────────

NodePtr Parser::primary() {
  const Token& token = now();
  switch (token.kind) {
    case Token::Kind::integer: return integer(false);
    case Token::Kind::text: {
      const Token text = take();
      Value value(text_value(code_->source, text));
      return builder_.finish(std::make_unique<Literal>(text.offset, std::move(value), Kind::text));
    }
    case Token::Kind::variable: return variable();
    case Token::Kind::symbol:
      if (token.is("(")) return parenthesis();
      break;
    case Token::Kind::name:
      if (token.text == "if" && after().is("(")) return condition();
      if (after().kind == Token::Kind::variable) {
        if (token.text == "some" || token.text == "every") return quantified(token.text == "every");
        if (token.text == "for") return repeated();
      }
      if (after().is("(")) return call();
      break;
    case Token::Kind::end: break;
  }
  if (token.is("/") || token.is("//") || starts_step()) return path();
  unexpected("a value", "");
}

NodePtr Parser::integer(bool negative) {
  const Token token = take();
  const std::string digits = (negative ? "-" : "") + std::string(token.text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) throw Mistake{token.offset, "the number is out of range", ""};
  return builder_.finish(std::make_unique<Literal>(token.offset, Value(value), Kind::integer));
}

NodePtr Parser::parenthesis() {
  const std::uint32_t at = take().offset;
  std::vector<NodePtr> parts = parts_until(")");
  if (parts.size() == 1) return std::move(parts.front());
  return builder_.list(at, std::move(parts));
}

std::vector<NodePtr> Parser::parts_until(std::string_view close) {
  std::vector<NodePtr> parts;
  if (accept(close)) return parts;
  do {
    parts.push_back(expression());
  } while (accept(","));
  expect(close, "close the parenthesis, or put a comma");
  return parts;
}

NodePtr Parser::call() {
  const Token name = take();
  take();  // the parenthesis
  std::vector<NodePtr> parts = parts_until(")");
  return builder_.call(name.offset, std::string(name.text), std::move(parts));
}

NodePtr Parser::condition() {
  const Level level(*this);
  const std::uint32_t at = take().offset;
  expect("(", "write if (…) then … else …");
  NodePtr test = expression();
  expect(")", "write if (…) then … else …");
  expect_name("then", "write if (…) then … else …");
  NodePtr then = expression();
  expect_name("else", "an if always has an else");
  return builder_.condition(at, std::move(test), std::move(then), expression());
}

std::pair<std::size_t, NodePtr> Parser::binding() {
  const Token name = take();
  const std::string bound(name.text);
  const bool local =
      std::any_of(locals_.begin(), locals_.end(), [&](const auto& l) { return l.first == bound; });
  if (local || scope_->find(bound))
    throw Mistake{name.offset, "$" + bound + " has a value already", "choose another name"};
  if (bound.find('.') != std::string::npos) {
    throw Mistake{name.offset, "a name that is bound here has no point", "choose another name"};
  }
  expect_name("in", "write $" + bound + " in …");
  NodePtr over = expression();
  locals_.emplace_back(bound, builder_.item_type(*over));
  code_->locals = std::max(code_->locals, locals_.size());
  return {locals_.size() - 1, std::move(over)};
}

NodePtr Parser::quantified(bool every) {
  const Level level(*this);
  auto part = std::make_unique<Quantified>(take().offset, every);
  std::tie(part->slot, part->over) = binding();
  expect_name("satisfies", "write some $x in … satisfies …");
  part->condition = builder_.convert(expression(), Kind::boolean, "satisfies");
  locals_.pop_back();
  part->height =
      static_cast<std::uint16_t>(std::max(part->over->height, part->condition->height) + 1);
  return builder_.finish(std::move(part));
}

NodePtr Parser::repeated() {
  const Level level(*this);
  auto part = std::make_unique<For>(take().offset);
  std::tie(part->slot, part->over) = binding();
  expect_name("return", "write for $x in … return …");
  part->result = expression();
  locals_.pop_back();
  const Type& result = part->result->type;
  if (result.kind == Kind::row || result.kind == Kind::table) {
    throw Mistake{part->result->offset,
                  "return expects a value, nodes or a list, found " + type_name(result),
                  "name a column: $row.column"};
  }
  const bool joins = result.kind == Kind::nodes || result.kind == Kind::list;
  part->type = joins ? result : Type{Kind::list, result.kind, nullptr};
  part->height = static_cast<std::uint16_t>(std::max(part->over->height, part->result->height) + 1);
  return builder_.finish(std::move(part));
}

}  // namespace masar::expression
