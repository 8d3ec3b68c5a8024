#include "core/engine/random_code.h"

#include <cstring>

namespace masar::engine {

std::string random_code(int characters, const RandomSource& random) {
  constexpr int kGroup = 5;
  constexpr std::size_t kBytes = 32;  // of which 30 in 32 serve, one character each
  static const std::size_t letters = std::strlen(kCodeAlphabet);
  std::string code;
  for (int written = 0; written < characters;) {
    for (const char byte : random(kBytes)) {
      const auto at = static_cast<std::size_t>(static_cast<unsigned char>(byte) & 0x1FU);
      if (at >= letters) continue;  // taken modulo, some letters would come more often
      if (written > 0 && written % kGroup == 0) code += '-';
      code += kCodeAlphabet[at];
      if (++written == characters) break;
    }
  }
  return code;
}

}  // namespace masar::engine
