#include "core/expression/parser.h"

// The two entry points of the compiler.
namespace masar::expression {

namespace {

/// Adapts the root to what the caller can use.
using Finish = NodePtr (*)(Builder&, NodePtr, const std::optional<Type>&);

NodePtr as_expected(Builder& builder, NodePtr root, const std::optional<Type>& expected) {
  return expected ? builder.convert(std::move(root), *expected, "this place") : std::move(root);
}

NodePtr as_text(Builder& builder, NodePtr root, const std::optional<Type>&) {
  return builder.scalar(std::move(root), "a text with {…}");
}

std::optional<Expression> compile_with(std::string_view source, const config::Place& place,
                                       const Scope& scope, const std::optional<Type>& expected,
                                       Finish finish, config::Diagnostics& diagnostics) {
  auto code = std::make_shared<Expression::Code>();
  code->source = std::string(source);
  code->place = place;
  code->zone = scope.zone;
  try {
    Parser parser(scope, *code);
    parser.run();
    code->root = finish(parser.builder(), std::move(code->root), expected);
  } catch (const Mistake& mistake) {
    diagnostics.add(place_in(place, source, mistake.offset), mistake.what, mistake.hint);
    return std::nullopt;
  }
  return Expression(std::move(code));
}

void add(config::Diagnostics& diagnostics, const config::Place& place, std::string_view source,
         std::size_t offset, const char* what, const char* hint) {
  diagnostics.add(place_in(place, source, offset), what, hint);
}

}  // namespace

std::optional<Expression> compile(std::string_view source, const config::Place& place,
                                  const Scope& scope, std::optional<Type> expected,
                                  config::Diagnostics& diagnostics) {
  return compile_with(source, place, scope, expected, as_expected, diagnostics);
}

std::optional<TextTemplate> compile_text(std::string_view source, const config::Place& place,
                                         const Scope& scope, config::Diagnostics& diagnostics) {
  TextTemplate text;
  std::string literal;
  bool good = true;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    if (c != '{' && c != '}') {
      literal += c;
      continue;
    }
    if (i + 1 < source.size() && source[i + 1] == c) {
      literal += c;
      ++i;
      continue;
    }
    if (c == '}') {
      add(diagnostics, place, source, i, "} without {", "write }} for a brace");
      return std::nullopt;
    }
    const std::size_t end = end_of_braces(source, i + 1);
    if (end == std::string_view::npos) {
      add(diagnostics, place, source, i, "{ is not closed", "write }, or {{ for a brace");
      return std::nullopt;
    }
    auto part = compile_with(source.substr(i + 1, end - i - 1), place_in(place, source, i + 1),
                             scope, std::nullopt, as_text, diagnostics);
    good = good && part.has_value();
    text.parts_.push_back(std::move(literal));
    literal.clear();
    if (part) text.expressions_.push_back(std::move(*part));
    i = end;
  }
  text.parts_.push_back(std::move(literal));
  if (!good) return std::nullopt;
  return text;
}

}  // namespace masar::expression
