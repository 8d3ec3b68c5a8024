#pragma once

#include <memory>

#include "core/engine/snapshot.h"

namespace masar::engine {

/// Reads one `<endpoint>` of a configuration. Schemas and mappings are found in `snapshot.library`,
/// which is filled already. Findings go to `diagnostics`; null only where the id is missing.
std::unique_ptr<Endpoint> load_endpoint(const config::Element& root, const Snapshot& snapshot,
                                        config::Diagnostics& diagnostics);

/// Compiles what refers to other endpoints and to expressions: keys and refusals. After all are
/// loaded.
void link_endpoint(Endpoint& endpoint, const Snapshot& snapshot, config::Diagnostics& diagnostics);

}  // namespace masar::engine
