#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace masar {

/// Appends the lowest `count` bytes of a number, the highest of them first.
inline void put_big_endian(std::string& bytes, std::uint64_t value, int count) {
  for (int shift = 8 * (count - 1); shift >= 0; shift -= 8)
    bytes += static_cast<char>(value >> shift & 0xff);
}

/// Appends a text as `length:bytes`.
void put_counted(std::string& bytes, std::string_view text);
/// Takes the next such text off the front, as a view into it. No value where there is none: then
/// nothing is taken.
std::optional<std::string_view> take_counted(std::string_view& bytes);

}  // namespace masar
