#pragma once

#include "core/config/element.h"
#include "core/route/route.h"

namespace masar::route {

/// Findings about `or-else` of an effect's calls that the route alone can tell: another endpoint,
/// one meaning per endpoint and operation, and no inquiry, which would ask one of the two.
void check_fail_over(const Route& route, config::Diagnostics& diagnostics);
/// Only effects go elsewhere: nothing else has a row that says where it is.
void refuse_fail_over(const Route& route, config::Diagnostics& diagnostics);

}  // namespace masar::route
