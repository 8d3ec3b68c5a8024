#pragma once

#include <string_view>

namespace masar {

/// A named place where a test may kill the process. Compiled to nothing unless MASAR_CRASH_POINTS
/// is defined, which only the tests' builds of the files that have one do; there
/// MASAR_CRASH="name:N" in the environment kills the process with SIGKILL on its N-th visit of the
/// place. Any thread.
#ifdef MASAR_CRASH_POINTS
void crash_point(std::string_view name);
#else
inline void crash_point(std::string_view) noexcept {}
#endif

}  // namespace masar
