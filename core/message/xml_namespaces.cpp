#include "core/message/xml_namespaces.h"

#include <algorithm>

namespace masar {

std::string reserved_prefix(const Prefixes& prefixes, std::size_t& next) {
  for (;;) {
    std::string prefix = "ns" + std::to_string(next++);
    const bool taken = std::any_of(prefixes.begin(), prefixes.end(),
                                   [&](const auto& entry) { return entry.second == prefix; });
    if (!taken) return prefix;
  }
}

}  // namespace masar
