#pragma once

#include <string>
#include <vector>

#include "core/connector/guide.h"
#include "core/engine/snapshot.h"

namespace masar::engine {

/// A code by which a message of an inbound endpoint may be refused, as its routes and their
/// processes declare.
struct DeclaredRefusal {
  std::string code;
  std::string text;  ///< of the route; empty where it has none
  enum class By { no_case, route, process } by = By::route;
  std::string type;  ///< of the message

  auto operator<=>(const DeclaredRefusal&) const = default;
};

// What goes over an endpoint, read from the files of a snapshot that was loaded, not restored. The
// order is that of the routes' files. Any thread.

/// The documents, each once. Of an inbound endpoint what its routes take and reply, of an outbound
/// one what routes send there (calls, second choices, taps, refusals of other endpoints).
std::vector<connector::Exchange> exchanges_of(const Snapshot& snapshot, const Endpoint& endpoint);

/// Of an inbound endpoint, each once.
std::vector<DeclaredRefusal> refusals_of(const Snapshot& snapshot, const Endpoint& endpoint);

}  // namespace masar::engine
