#include <algorithm>
#include <optional>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/expression/call.h"

namespace masar::expression::body {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The byte at which the character `index` (from 0) of `text` starts; its size where there are
/// fewer.
std::size_t byte_of(std::string_view text, std::int64_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); --index) {
    ++at;
    while (at < text.size() && continues_character(text[at])) ++at;
  }
  return at;
}

template <typename Change>
Value changed(std::string_view text, const Change& change) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), change);
  return Value(std::move(result));
}

/// from_text with the call's place in its error.
Value converted(Call& call, Kind kind, std::string_view wanted) {
  try {
    return from_text(call.text(0), kind);
  } catch (const Error& error) {
    if (error.code() != "bad-value") throw;
    call.bad_value("the text is not " + std::string(wanted));
  }
}

}  // namespace

Value conversion_text(Call& call) {
  return call.arguments[0].value ? Value(to_text(call.value(0))) : Value::text(call.text(0));
}
Value conversion_integer(Call& call) { return converted(call, Kind::integer, "an integer"); }
Value conversion_fils(Call& call) {
  return converted(call, Kind::fils, "an amount with at most three decimals");
}
Value conversion_date(Call& call) { return converted(call, Kind::date, "a date yyyy-MM-dd"); }
Value conversion_instant(Call& call) {
  return converted(call, Kind::instant, "a date and time with a zone");
}
Value conversion_duration(Call& call) {
  return converted(call, Kind::duration, "a duration such as PT72H");
}
Value conversion_boolean(Call& call) { return converted(call, Kind::boolean, "true or false"); }
Value true_value(Call&) { return Value(true); }
Value false_value(Call&) { return Value(false); }

Value ascii_digits(Call& call) { return Value(masar::ascii_digits(call.text(0))); }

Value translate_digits(Call& call) {
  std::string result;
  for (const char c : call.text(0)) {
    if (c < '0' || c > '9') {
      result += c;
    } else {  // U+0660 … U+0669
      result += '\xD9';
      result += static_cast<char>(0xA0 + (c - '0'));
    }
  }
  return Value(std::move(result));
}

Value jordan_mobile(Call& call) {
  auto number = masar::jordan_mobile(call.text(0));
  return number ? Value(std::move(*number)) : call.none();
}

Value clean_text(Call& call) { return Value(masar::clean_text(call.text(0))); }
Value trim(Call& call) { return Value::text(masar::trim(call.text(0))); }

Value normalize_space(Call& call) {
  std::string result;
  for (const char c : masar::trim(call.text(0))) {
    if (!is_space(c)) {
      result += c;
    } else if (result.back() != ' ') {
      result += ' ';
    }
  }
  return Value(std::move(result));
}

Value upper_case(Call& call) {
  return changed(call.text(0),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}

Value lower_case(Call& call) {
  return changed(call.text(0),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

Value string_length(Call& call) {
  return Value(static_cast<std::int64_t>(code_points(call.text(0))));
}

Value substring(Call& call) {
  std::string_view text = call.text(0);
  const std::int64_t start = call.integer(1);
  if (start < 1) call.bad_value("characters are counted from 1");
  text.remove_prefix(byte_of(text, start - 1));
  if (call.count < 3) return Value::text(text);
  const std::int64_t length = call.integer(2);
  if (length < 0) call.bad_value("a length is not negative");
  return Value::text(text.substr(0, byte_of(text, length)));
}

Value starts_with(Call& call) { return Value(call.text(0).starts_with(call.text(1))); }
Value ends_with(Call& call) { return Value(call.text(0).ends_with(call.text(1))); }
Value contains(Call& call) {
  return Value(call.text(0).find(call.text(1)) != std::string_view::npos);
}

Value replace_text(Call& call) {
  std::string_view text = call.text(0);
  const std::string_view from = call.text(1), to = call.text(2);
  if (from.empty()) call.bad_value("an empty text cannot be replaced");
  std::string result;
  while (result.size() <= kTextBytesMax) {
    const auto at = text.find(from);
    result += text.substr(0, at);
    if (at == std::string_view::npos) break;
    result += to;
    text.remove_prefix(at + from.size());
  }
  return call.bounded(std::move(result));
}

Value split(Call& call) {
  std::string_view text = call.text(0);
  const std::string_view separator = call.text(1);
  if (separator.empty()) call.bad_value("an empty separator cannot split");
  List items;
  while (!text.empty() || !items.empty()) {
    const auto at = text.find(separator);
    items.push_back(Value::text(text.substr(0, at)));
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + separator.size());
  }
  return Value(std::make_shared<const List>(std::move(items)));
}

Value join(Call& call) {
  std::string result;
  bool first_item = true;
  for (const Value& item : call.list(0)) {
    if (!first_item) result += call.text(1);
    first_item = false;
    result += item.as<std::string>();
    if (result.size() > kTextBytesMax) break;
  }
  return call.bounded(std::move(result));
}

Value sha256_hex(Call& call) { return Value(masar::sha256_hex(call.text(0))); }

Value luhn_valid(Call& call) {
  const std::string_view digits = call.text(0);
  if (digits.size() < 2) return Value(false);
  int sum_of_digits = 0;
  bool twice = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, twice = !twice) {
    if (*at < '0' || *at > '9') return Value(false);
    int digit = *at - '0';
    if (twice) digit = digit < 5 ? digit * 2 : digit * 2 - 9;
    sum_of_digits = (sum_of_digits + digit) % 10;
  }
  return Value(sum_of_digits == 0);
}

}  // namespace masar::expression::body
