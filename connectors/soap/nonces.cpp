#include "connectors/soap/nonces.h"

namespace masar::soap {

Nonces::Added Nonces::add(const std::string& nonce, SteadyClock::TimePoint now) {
  return used_.with([&](Used& used) {
    while (!used.until.empty() && used.until.front().first <= now) {
      used.known.erase(used.until.front().second);
      used.until.pop_front();
    }
    if (used.known.contains(nonce)) return Added::seen;
    if (used.known.size() >= count_max_) return Added::full;
    used.known.insert(nonce);
    used.until.emplace_back(now + keep_, nonce);
    return Added::added;
  });
}

}  // namespace masar::soap
