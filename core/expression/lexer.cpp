#include "core/expression/lexer.h"

#include <array>

#include "core/expression/expression.h"

namespace masar::expression {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) { return starts_name(c) || is_digit(c) || c == '-' || c == '.'; }

/// Symbols of other languages, and what this one writes instead.
struct Foreign {
  std::string_view symbol;
  std::string_view hint;
};
constexpr Foreign kForeign[] = {
    {"==", "write eq"},
    {"!=", "write ne"},
    {"<=", "write le"},
    {">=", "write ge"},
    {"&&", "write and"},
    {"||", "write or, or concat() for texts"},
    {"=", "write eq"},
    {"<", "write lt"},
    {">", "write gt"},
    {"!", "write not(…)"},
    {"|", "select with one path"},
    {"{", "braces belong around an expression, not inside"},
    {"}", "braces belong around an expression, not inside"},
    {"::", "write /a/b, a/@x, . .. or //a"},
    {":", "a name has one prefix: pt:name"},
    {"%", "write mod"},
    {";", "an expression has no end mark"},
    {"?", "write if (…) then … else …"},
};
constexpr std::array<std::string_view, 13> kSymbols = {"//", "..", "(", ")", "[", "]", ",",
                                                       "/",  ".",  "@", "*", "+", "-"};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (true) {
      const std::size_t before = at_;
      while (at_ < source_.size() && is_space(source_[at_])) ++at_;
      Token token = next();
      token.glued = token.offset == before;
      tokens.push_back(token);
      if (token.kind == Token::Kind::end) return tokens;
    }
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  Token token(Token::Kind kind, std::size_t from, std::size_t length) const {
    return Token{kind, static_cast<std::uint32_t>(at_start_), source_.substr(from, length), false};
  }

  Token next() {
    at_start_ = at_;
    if (at_ >= source_.size()) return token(Token::Kind::end, source_.size(), 0);
    const char c = peek();
    if (starts_name(c)) return name();
    if (is_digit(c)) return integer();
    if (c == '$') return variable();
    if (c == '\'' || c == '"') return text();
    return symbol();
  }

  /// Moves over name characters; a name does not end in a point.
  void over_name() {
    const std::size_t from = at_;
    while (continues_name(peek())) ++at_;
    while (at_ > from && source_[at_ - 1] == '.') --at_;
  }

  Token name() {
    over_name();
    if (peek() == ':' && starts_name(peek(1))) {
      ++at_;
      over_name();
    } else if (peek() == ':' && peek(1) == '*') {
      at_ += 2;
    }
    return token(Token::Kind::name, at_start_, at_ - at_start_);
  }

  Token variable() {
    ++at_;
    if (!starts_name(peek()))
      throw Mistake{at_start_, "a variable's name is missing after $", "write $name"};
    over_name();
    return token(Token::Kind::variable, at_start_ + 1, at_ - at_start_ - 1);
  }

  Token integer() {
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      throw Mistake{at_start_, "there are no decimal numbers", "write an amount as fils('12.345')"};
    }
    if (starts_name(peek()))
      throw Mistake{at_start_, "a number and a name run into each other", "put a space"};
    return token(Token::Kind::integer, at_start_, at_ - at_start_);
  }

  Token text() {
    const char quote = peek();
    for (++at_; at_ < source_.size(); ++at_) {
      if (source_[at_] != quote) continue;
      if (peek(1) != quote) {
        ++at_;
        return token(Token::Kind::text, at_start_ + 1, at_ - at_start_ - 2);
      }
      ++at_;
    }
    throw Mistake{at_start_, "a text is not closed", std::string("close it with ") + quote};
  }

  Token symbol() {
    for (const Foreign& foreign : kForeign) {
      if (source_.substr(at_).starts_with(foreign.symbol)) {
        throw Mistake{at_, std::string(foreign.symbol) + " is not of this language",
                      std::string(foreign.hint)};
      }
    }
    for (const std::string_view symbol : kSymbols) {
      if (!source_.substr(at_).starts_with(symbol)) continue;
      at_ += symbol.size();
      return token(Token::Kind::symbol, at_start_, symbol.size());
    }
    throw Mistake{at_, "a character that is not of this language", "texts stand in quotes: 'text'"};
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::size_t at_start_ = 0;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view source) {
  if (source.size() > kSourceBytesMax) {
    throw Mistake{0, "the expression has more than " + std::to_string(kSourceBytesMax) + " bytes",
                  "divide it"};
  }
  return Lexer(source).run();
}

std::string text_value(std::string_view source, const Token& token) {
  const char quote = source[token.offset];
  std::string value;
  value.reserve(token.text.size());
  for (std::size_t i = 0; i < token.text.size(); ++i) {
    value += token.text[i];
    if (token.text[i] == quote) ++i;
  }
  return value;
}

std::size_t end_of_braces(std::string_view source, std::size_t from) {
  char quote = '\0';
  for (std::size_t i = from; i < source.size(); ++i) {
    const char c = source[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '}') {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace masar::expression
