#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "connectors/tls/context.h"
#include "core/base/guarded.h"
#include "core/base/time.h"

namespace masar::tls {

/// Whose certificates they are, as the configuration has it.
struct Owner {
  std::string kind;  ///< "listener", "connection" or "endpoint"
  std::string id;
  bool operator<(const Owner& other) const {
    return std::pair(kind, id) < std::pair(other.kind, other.id);
  }
};

/// The certificates that are in use, so that somebody can say when they end. Owned by the
/// composition root, outlives the connectors. Any thread.
class InUse {
 public:
  struct Left {
    Owner owner;
    std::string which;  ///< "certificate": the hub's own; "trust": the authorities of the others
    std::chrono::seconds time;  ///< until the first of them ends; negative: since then
  };

  /// In place of what this owner had before.
  void put(const Owner& owner, const Material& material);
  std::vector<Left> left(Instant now) const;

 private:
  Guarded<std::map<Owner, Material>> all_;
};

}  // namespace masar::tls
