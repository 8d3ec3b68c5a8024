#include "connectors/tls/in_use.h"

namespace masar::tls {

void InUse::put(const Owner& owner, const Material& material) {
  // Never the key: nobody asks for it here.
  Material shown{material.certificate, {}, material.trust};
  all_.with([&](auto& all) { all.insert_or_assign(owner, std::move(shown)); });
}

std::vector<InUse::Left> InUse::left(Instant now) const {
  std::vector<Left> found;
  for (const auto& [owner, material] : all_.with([](const auto& all) { return all; })) {
    if (!material.certificate.empty())
      found.push_back({owner, "certificate", time_left(material.certificate, now)});
    if (!material.trust.empty()) found.push_back({owner, "trust", time_left(material.trust, now)});
  }
  return found;
}

}  // namespace masar::tls
