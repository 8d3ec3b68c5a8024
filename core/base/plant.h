#pragma once

#include <string_view>

namespace masar {

/// Whether a bug of that name is planted here: places where a test of the tests makes the program
/// wrong on purpose. Compiled to nothing unless MASAR_PLANTS is defined, which only the planted
/// simulation (tests/faults) does for the files that have a place; there MASAR_PLANT=NAME in the
/// environment, or plant(), chooses one. Any thread; plant() while nothing else runs.
#ifdef MASAR_PLANTS
bool planted(std::string_view name);
void plant(std::string_view name);  ///< empty: none
#else
inline constexpr bool planted(std::string_view) noexcept { return false; }
#endif

}  // namespace masar
