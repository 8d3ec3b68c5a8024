#pragma once

#include <map>
#include <string>

namespace masar {

/// Files below a folder: path → contents.
using FolderFiles = std::map<std::string, std::string>;

/// The list of a written folder's files, with their SHA-256, as `sha256sum -c` reads it.
inline constexpr const char* kFolderList = "files.sha256";

/// Writes the files and their list into `folder`, which is made where it is not there. A folder
/// that holds what such a list of its own does not name is not touched: Error(config,
/// "foreign-folder") names that. What an earlier list names and the new one does not is removed.
/// Throws Error(config, "cannot-write") naming the file.
void write_folder(const std::string& folder, const FolderFiles& files);

}  // namespace masar
