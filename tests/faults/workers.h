#pragma once

#include <functional>
#include <string>
#include <vector>

namespace masar::faults {

/// Runs `work` (0), `work` (1), … at once, each in a process of its own that begins as a copy of
/// this one, and returns what each came to. For a process with one thread. They end with it. Throws
/// std::runtime_error where one did not come to its end.
std::vector<std::string> in_processes(int count, const std::function<std::string(int)>& work);

/// As many as there are processors.
int processors();

}  // namespace masar::faults
