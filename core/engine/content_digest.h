#pragma once

#include <string>
#include <vector>

#include "core/expression/expression.h"

namespace masar::engine {

/// SHA-256, raw, over what the paths of `same` select: what a repetition must have in common with
/// the first one (ENGINE.md 2). Names have the configured prefixes, so that a sender's own choice
/// of them makes no difference. Any thread; throws what an expression throws.
std::string content_digest(const std::vector<expression::Expression>& same,
                           const expression::Frame& frame);

}  // namespace masar::engine
