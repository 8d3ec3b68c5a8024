#pragma once

#include <string>

namespace masar::store {

/// Waits until what was written to the file, or what was named in the folder that holds it, is on
/// the disk. 0, or the error's number.
int sync_file(const std::string& path);
int sync_folder_of(const std::string& path);

}  // namespace masar::store
