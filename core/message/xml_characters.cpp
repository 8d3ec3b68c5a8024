#include "core/message/xml_characters.h"

#include <cstdint>
#include <cstring>

namespace masar {
namespace {

/// Bytes looked at in one step.
constexpr std::ptrdiff_t kWord = 8;

bool is_refused(unsigned char c) { return c < 0x20 && c != '\t' && c != '\n' && c != '\r'; }

/// Whether the eight bytes are ASCII and none stands below the space. May miss some that are.
bool is_plain(const unsigned char* at) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  std::uint64_t word = 0;
  std::memcpy(&word, at, kWord);
  const std::uint64_t below = (word - 0x20 * kEach) & ~word;  // in each byte's highest bit
  return ((word | below) & 0x80 * kEach) == 0;
}

}  // namespace

bool is_xml_text(std::string_view bytes) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* const end = at + bytes.size();
  while (at < end) {
    const unsigned char* stop = end;
    if (end - at >= kWord) {
      stop = at + kWord;
      if (is_plain(at)) at = stop;
    }
    while (at < stop) {
      if (*at < 0x80) {
        if (is_refused(*at++)) return false;
      } else {
        const std::size_t length = xml_character_bytes(at, end);
        if (length == 0) return false;
        at += length;
      }
    }
  }
  return true;
}

}  // namespace masar
