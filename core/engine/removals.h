#pragma once

#include "core/config/diagnostics.h"
#include "core/engine/snapshots.h"
#include "core/store/store.h"

namespace masar::engine {

/// What the current configuration no longer has although something open still needs it (ENGINE.md
/// 22): endpoints and operations that waiting effects or the configurations of open cases name;
/// routes that bring the events of those configurations, with the fields that they require; series
/// that they number from. Each finding says how many need it, names one of them and says what to
/// do. `snapshots` has been opened with `uses`. Throws what the store throws.
void check_removals(const OpenUses& uses, Snapshots& snapshots, store::Store& store,
                    config::Diagnostics& diagnostics);

}  // namespace masar::engine
