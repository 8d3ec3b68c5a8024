#include "core/base/text.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace masar {
namespace {

constexpr char32_t kBad = 0xFFFFFFFF;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// The code point at `at` and its bytes; kBad with length 1 where the bytes are not well-formed.
struct Decoded {
  char32_t point;
  std::size_t length;
};
Decoded decode(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const std::size_t left = text.size() - at;
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3
                             : first < 0xF5 ? 4 : 0;
  if (length == 0 || left < length) return {kBad, 1};
  char32_t point = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kBad, 1};
    point = (point << 6) | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  if (overlong || (point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF) return {kBad, 1};
  return {point, length};
}

bool is_line_break_or_tab(char32_t c) { return c == '\r' || c == '\n' || c == '\t'; }

bool is_hidden(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || (c >= 0x200B && c <= 0x200F) || c == 0x2060 ||
         c == 0xFEFF;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    Decoded next = decode(text, at);
    if (next.point == kBad) return false;
    at += next.length;
  }
  return true;
}

std::size_t code_points(std::string_view text) noexcept {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins));
}

namespace {

constexpr std::size_t kNumberDigits = 4;  ///< a shorter run names nobody
constexpr std::size_t kShownDigits = 2;

bool is_digit(char32_t point) {
  return (point >= '0' && point <= '9') || (point >= 0x660 && point <= 0x669) ||
         (point >= 0x6F0 && point <= 0x6F9);
}

/// The code points of `text` as pieces of it.
std::vector<std::string_view> pieces(std::string_view text) {
  std::vector<std::string_view> all;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded next = decode(text, at);
    all.push_back(next.point == kBad ? std::string_view("?") : text.substr(at, next.length));
    at += next.length;
  }
  return all;
}

bool begins_digit(std::string_view piece) { return is_digit(decode(piece, 0).point); }

}  // namespace

std::string mask_numbers(std::string_view text, std::size_t points_max) {
  // A number is masked whole before the rest is cut off: cut first, its end would show too much.
  std::vector<std::string_view> all = pieces(text.substr(0, points_max * 8));
  for (std::size_t at = 0; at < all.size();) {
    std::vector<std::size_t> digits;
    std::size_t end = at;
    for (; end < all.size(); ++end) {
      if (begins_digit(all[end])) {
        digits.push_back(end);
      } else if (digits.empty() || digits.back() + 1 != end ||
                 (all[end] != " " && all[end] != "-")) {
        break;
      }
    }
    if (digits.size() >= kNumberDigits) {
      for (std::size_t n = 0; n + kShownDigits < digits.size(); ++n) all[digits[n]] = "*";
    }
    at = std::max(end, at + 1);
  }
  std::string out;
  for (std::size_t at = 0; at < all.size() && at < points_max; ++at) out += all[at];
  if (all.size() > points_max) out += "\u2026";
  return out;
}

std::string ascii_digits(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; }))
    return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    Decoded next = decode(text, at);
    if (next.point >= 0x660 && next.point <= 0x669) {
      out += static_cast<char>('0' + (next.point - 0x660));
    } else if (next.point >= 0x6F0 && next.point <= 0x6F9) {
      out += static_cast<char>('0' + (next.point - 0x6F0));
    } else {
      out += text.substr(at, next.length);
    }
    at += next.length;
  }
  return out;
}

std::string clean_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool after_break = false;
  for (std::size_t at = 0; at < text.size();) {
    Decoded next = decode(text, at);
    if (is_line_break_or_tab(next.point)) {
      if (!after_break) out += ' ';
      after_break = true;
    } else if (next.point == kBad) {
      out += kReplacement;
      after_break = false;
    } else if (!is_hidden(next.point)) {
      out += text.substr(at, next.length);
      after_break = false;
    }
    at += next.length;
  }
  return out;
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<std::string> jordan_mobile(std::string_view text) {
  std::string digits;
  for (char c : ascii_digits(text)) {
    if (c == ' ' || c == '-') continue;
    if (c == '+' ? !digits.empty() : !is_digit(c)) return std::nullopt;
    digits += c;
  }
  std::string_view rest = digits;
  bool found = false;
  for (std::string_view prefix : {"+962", "00962", "962", "0"}) {
    if (rest.starts_with(prefix)) {
      rest.remove_prefix(prefix.size());
      found = true;
      break;
    }
  }
  if (!found || rest.size() != 9 || rest[0] != '7') return std::nullopt;
  const bool known = rest[1] == '9' ||
                     ((rest[1] == '7' || rest[1] == '8') && rest[2] != '3' && rest[2] != '4');
  if (!known) return std::nullopt;
  return "962" + std::string(rest);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

}  // namespace masar
