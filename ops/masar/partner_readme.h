#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/connector/guide.h"
#include "core/engine/exchanges.h"
#include "core/engine/snapshot.h"

namespace masar {

/// One endpoint of a partner with all that is said of it.
struct GuidedEndpoint {
  const engine::Endpoint* endpoint = nullptr;
  std::vector<connector::Exchange> exchanges;
  std::vector<engine::DeclaredRefusal> refusals;
  connector::Guide::Part part;  ///< its connector's words
};

/// The configuration's version, as partners are told it.
std::string version_of(const engine::Snapshot& snapshot);

/// The README.md of the folder that a partner's engineers get, in Markdown. `files`: path → what it
/// is, for its list of them.
std::string partner_readme(const engine::Snapshot& snapshot, const std::string& partner,
                           const std::vector<GuidedEndpoint>& endpoints,
                           const std::map<std::string, std::string>& files);

}  // namespace masar
