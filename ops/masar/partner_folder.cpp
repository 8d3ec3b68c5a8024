#include "ops/masar/partner_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/hash.h"

namespace masar {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigestCharacters = 64;
constexpr std::string_view kBetween = "  ";  // as sha256sum writes it

/// The paths that the folder's own list names; empty where it has none.
std::set<std::string> listed(const fs::path& folder) {
  std::set<std::string> names;
  std::ifstream in(folder / kFolderList, std::ios::binary);
  for (std::string line; std::getline(in, line);) {
    if (line.size() > kDigestCharacters + kBetween.size())
      names.insert(line.substr(kDigestCharacters + kBetween.size()));
  }
  if (!names.empty()) names.insert(kFolderList);
  return names;
}

/// Files and links, not folders.
std::set<std::string> present(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_symlink() || !entry.is_directory())
      names.insert(entry.path().lexically_relative(folder).generic_string());
  }
  return names;
}

void write_file(const fs::path& path, const std::string& contents) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << contents;
  out.close();
  if (!out) throw Error(ErrorKind::config, "cannot-write", path.string() + " cannot be written");
}

std::string list_of(const FolderFiles& files) {
  std::string list;
  for (const auto& [path, contents] : files)
    list += sha256_hex(contents) + std::string(kBetween) + path + "\n";
  return list;
}

/// The folder's files, all of which an earlier run wrote.
std::set<std::string> own_files(const fs::path& folder) {
  if (fs::exists(folder) && !fs::is_directory(folder))
    throw Error(ErrorKind::config, "foreign-folder", folder.string() + " is no folder");
  if (!fs::exists(folder)) return {};
  const std::set<std::string> names = listed(folder);
  const std::set<std::string> there = present(folder);
  for (const std::string& name : there) {
    if (names.contains(name)) continue;
    throw Error(ErrorKind::config, "foreign-folder",
                folder.string() + " holds " + name +
                    ", which was not written there by this command: name an empty folder");
  }
  return there;
}

}  // namespace

void write_folder(const std::string& folder, const FolderFiles& files) {
  const fs::path root(folder);
  try {
    for (const std::string& old : own_files(root)) {
      if (!files.contains(old)) fs::remove(root / old);
    }
    for (const auto& [path, contents] : files) write_file(root / path, contents);
    write_file(root / kFolderList, list_of(files));
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorKind::config, "cannot-write", error.what());
  }
}

}  // namespace masar
