#pragma once

#include "core/config/diagnostics.h"
#include "core/config/element.h"

namespace masar::route {

/// Checks the steps of a route with mode="inquiry": each way through them asks a partner once and
/// then ends in a verdict, and some verdict decides.
void check_inquiry(const config::Element& root, config::Diagnostics& diagnostics);

}  // namespace masar::route
