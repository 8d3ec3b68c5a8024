#include "core/config/files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/hash.h"

namespace masar::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 10'000;
constexpr std::uintmax_t kFileBytesMax = 4u << 20;

std::string stem_of(const fs::path& path) {
  std::string name = path.filename().string();
  return name.substr(0, name.find('.'));
}

bool read(const fs::path& path, std::string name, std::vector<File>& into,
          Diagnostics& diagnostics) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > kFileBytesMax) {
    diagnostics.add({path.string(), 0, 0}, error ? "cannot be read" : "is larger than 4 MiB", "");
    return false;
  }
  auto bytes = read_file(path.string(), kFileBytesMax);
  if (!bytes) {
    diagnostics.add({path.string(), 0, 0}, "cannot be read", "check its permissions");
    return false;
  }
  into.push_back({path.string(), std::move(name), std::move(*bytes)});
  return true;
}

void read_folder(const fs::path& folder, std::string_view ending, bool deep,
                 std::vector<File>& into, Diagnostics& diagnostics) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return;
  std::vector<fs::path> found;
  const auto take = [&](const fs::directory_entry& entry) {
    if (entry.is_regular_file() && entry.path().filename().string().ends_with(ending))
      found.push_back(entry.path());
  };
  if (deep) {
    for (const auto& entry : fs::recursive_directory_iterator(folder, error)) take(entry);
  } else {
    for (const auto& entry : fs::directory_iterator(folder, error)) take(entry);
  }
  std::sort(found.begin(), found.end());
  if (found.size() > kFilesMax) {
    diagnostics.add({folder.string(), 0, 0}, "holds more than 10,000 files", "");
    return;
  }
  for (const auto& path : found) {
    std::string name = ending == ".xsd" ? path.filename().string() : stem_of(path);
    if (deep) {
      const fs::path inside = path.parent_path().lexically_relative(folder);
      if (inside != ".") name = (inside / name).generic_string();
    }
    read(path, std::move(name), into, diagnostics);
  }
}

/// A list that came later counts only where there is something in it: what a program from before it
/// has stored keeps its name.
std::string hash_of(const Files& files) {
  constexpr std::size_t kListsAtFirst = 9;
  std::string all;
  for (std::size_t at = 0; at < kFileLists.size(); ++at) {
    const auto& list = files.*kFileLists[at];
    if (at >= kListsAtFirst && list.empty()) continue;
    for (const auto& file : list) all += file.name + '\0' + sha256(file.contents);
    all += '\1';
  }
  return sha256_hex(all);
}

}  // namespace

std::optional<std::string> read_file(const std::string& path, std::uintmax_t bytes_max) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > bytes_max) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (!in) return std::nullopt;
  return bytes.str();
}

void Files::rehash() { hash = hash_of(*this); }

Files Files::load(const std::string& directory, Diagnostics& diagnostics) {
  Files files;
  const fs::path root(directory);
  std::error_code error;
  if (!fs::is_regular_file(root / "hub.xml", error)) {
    diagnostics.add({(root / "hub.xml").string(), 0, 0}, "is not there",
                    "name the folder that holds hub.xml");
    return files;
  }
  read(root / "hub.xml", "hub", files.hub, diagnostics);
  read_folder(root / "endpoints", ".xml", false, files.endpoints, diagnostics);
  read_folder(root / "routes", ".xml", false, files.routes, diagnostics);
  read_folder(root / "processes", ".scxml", false, files.processes, diagnostics);
  read_folder(root / "calendars", ".xml", false, files.calendars, diagnostics);
  read_folder(root / "lookups", ".xml", false, files.lookups, diagnostics);
  read_folder(root / "texts", ".xml", false, files.texts, diagnostics);
  read_folder(root / "schemas", ".xsd", false, files.schemas, diagnostics);
  read_folder(root / "lists", ".xml", false, files.lists, diagnostics);
  // The mappings stand beside the configuration's folder, wherever the program was started from.
  const fs::path beside = (root / ".." / "mappings").lexically_normal();
  read_folder(fs::is_directory(root / "mappings", error) ? root / "mappings" : beside, ".map.xml",
              true, files.mappings, diagnostics);
  files.rehash();
  return files;
}

void resolve_settings(Element& element, const Settings& settings, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const auto& [name, value] : settings) known.push_back(name);
  for (auto& attribute : element.attributes) {
    std::size_t at = 0;
    while ((at = attribute.value.find("${", at)) != std::string::npos) {
      const auto end = attribute.value.find('}', at);
      if (end == std::string::npos) {
        diagnostics.add(attribute.value_place, "`${` without its `}`", "write ${name}");
        break;
      }
      const std::string name = attribute.value.substr(at + 2, end - at - 2);
      const auto setting = settings.find(name);
      if (setting == settings.end()) {
        diagnostics.add(attribute.value_place, "unknown setting \"" + name + "\"",
                        suggest(name, known));
        at = end;
        continue;
      }
      attribute.value.replace(at, end + 1 - at, setting->second);
      at += setting->second.size();
    }
  }
  for (auto& child : element.children) resolve_settings(child, settings, diagnostics);
}

}  // namespace masar::config
