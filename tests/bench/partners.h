#pragma once

#include <map>
#include <string>

namespace masar::bench {

/// The secrets of the shipped configuration, by name: made up, keys included. Made once.
const std::map<std::string, std::string>& secrets();
/// Writes them into a folder that it makes.
void write_secrets(const std::string& folder);

}  // namespace masar::bench
