#include "core/message/xml_characters.h"

namespace masar {
namespace {

/// Bytes looked at in one step that the compiler turns into a few vector instructions.
constexpr std::ptrdiff_t kBlock = 32;

bool is_refused(unsigned char c) { return c < 0x20 && c != '\t' && c != '\n' && c != '\r'; }

enum class Block { allowed, refused, beyond_ascii };

Block look_at(const unsigned char* at) {
  unsigned char any = 0;
  bool refused = false;
  for (std::ptrdiff_t i = 0; i < kBlock; ++i) {
    any |= at[i];
    refused |= is_refused(at[i]);
  }
  return refused ? Block::refused : any >= 0x80 ? Block::beyond_ascii : Block::allowed;
}

}  // namespace

bool is_xml_text(std::string_view bytes) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* const end = at + bytes.size();
  while (at < end) {
    const unsigned char* stop = end;
    if (end - at >= kBlock) {
      const Block block = look_at(at);
      if (block == Block::refused) return false;
      stop = at + kBlock;
      if (block == Block::allowed) at = stop;
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
