#include "connectors/sms/parts.h"

namespace masar::sms {
namespace {

constexpr std::size_t kUnitsAlone = 70;
constexpr std::size_t kUnitsInPart = 67;

}  // namespace

std::size_t parts_of(std::string_view utf8) {
  std::size_t units = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // goes on with a character
    units += byte >= 0xF0 ? 2 : 1;
  }
  if (units <= kUnitsAlone) return units == 0 ? 0 : 1;
  return (units + kUnitsInPart - 1) / kUnitsInPart;
}

}  // namespace masar::sms
