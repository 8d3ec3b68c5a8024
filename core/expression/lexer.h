#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace masar::expression {

/// What is wrong in a source, and where; thrown only between lexer, parser and compile().
struct Mistake {
  std::size_t offset = 0;
  std::string what;
  std::string hint;
};

struct Token {
  enum class Kind { name, variable, integer, text, symbol, end };
  Kind kind = Kind::end;
  std::uint32_t offset = 0;
  std::string_view text;  ///< as written; of a variable without `$`, of a text without its quotes
  bool glued = false;     ///< no white space before it

  bool is(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
  bool is_name(std::string_view name) const { return kind == Kind::name && text == name; }
};

/// The tokens of `source`, which must outlive them; the last is Kind::end. Throws Mistake.
std::vector<Token> tokens_of(std::string_view source);

/// The value of a text token: a doubled quote is one.
std::string text_value(std::string_view source, const Token& token);

/// The end of the expression that starts at `from` in `source`: the first `}` outside its texts.
/// npos where there is none.
std::size_t end_of_braces(std::string_view source, std::size_t from);

}  // namespace masar::expression
