#pragma once

#include <optional>

#include "core/config/element.h"
#include "core/config/fields.h"
#include "core/expression/expression.h"

namespace masar::expression {

/// The attributes of `lookup`. Those of `row` are its key and the lookup's columns.
const config::ElementTable& lookup_table();

/// A lookup file:
///
///     <lookup id="departments" key="type">
///       <row key="BARRIER" departments="roads"/>
///     </lookup>
///
/// `key` says what the keys are, for people. Each row has a key of its own and, besides it, the
/// same attributes as the first row: the columns, in its order. What is wrong goes to
/// `diagnostics`, and then there is no value.
std::optional<Lookup> load_lookup(const config::Element& root, config::Diagnostics& diagnostics);

}  // namespace masar::expression
