#pragma once

#include <cstddef>
#include <string_view>

namespace masar {

/// Bytes of the character at `at`, which begins with 0x80 or more: well-formed UTF-8 and allowed in
/// XML 1.0, or 0.
inline std::size_t xml_character_bytes(const unsigned char* at, const unsigned char* end) {
  const auto follows = [&](std::ptrdiff_t i) { return end - at > i && (at[i] & 0xC0) == 0x80; };
  const unsigned first = at[0];
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    if (!follows(1) || !follows(2)) return 0;
    const unsigned point = (first & 0x0FU) << 12 | (at[1] & 0x3FU) << 6 | (at[2] & 0x3FU);
    const bool refused = point < 0x800 || (point >= 0xD800 && point <= 0xDFFF) || point >= 0xFFFE;
    return refused ? 0 : 3;
  }
  if (first >= 0xF0 && first < 0xF5) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    const unsigned start = (first & 0x07U) << 6 | (at[1] & 0x3FU);
    return start < 0x10 || start > 0x10F ? 0 : 4;
  }
  return 0;
}

/// The whole of it is well-formed UTF-8 of characters that XML 1.0 allows.
bool is_xml_text(std::string_view bytes) noexcept;

}  // namespace masar
