#pragma once

#include "core/config/diagnostics.h"
#include "core/route/route.h"

namespace masar::route {

/// Checks the handlers of a route of `effect`: each outcome that can come has one, and each says
/// what the engine can do. `report`: where `<on-report>` stands.
void check_handlers(const Route& route, const process::EffectDeclaration& effect,
                    const config::Place& report, config::Diagnostics& diagnostics);

}  // namespace masar::route
