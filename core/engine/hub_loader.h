#pragma once

#include "core/engine/snapshot.h"

namespace masar::engine {

/// The `<setting>`s of hub.xml, with `overrides` over them. An override that hub.xml does not
/// declare is a finding.
config::Settings read_settings(const config::Element& hub, const config::Settings& overrides,
                               config::Diagnostics& diagnostics);

/// Reads hub.xml (settings resolved) into `snapshot.hub` and `snapshot.prefixes`.
void load_hub(const config::Element& hub, Snapshot& snapshot, config::Diagnostics& diagnostics);

}  // namespace masar::engine
