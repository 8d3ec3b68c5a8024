#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/diagnostics.h"
#include "core/config/element.h"

namespace masar::config {

/// One file of the configuration, as read.
struct File {
  std::string
      path;  ///< as people are shown it: relative to the working directory where it was given so
  std::string name;  ///< without folder and endings: `portal-in`; of a mapping with its folder:
                     ///< `portal/application`
  std::string contents;
};

/// All files of one configuration: read once, so that everything compiled and the hash see the same
/// bytes. Immutable after load().
struct Files {
  std::vector<File> hub;  ///< exactly one once loaded without findings
  std::vector<File> endpoints, routes, processes, calendars, lookups, texts, schemas, mappings,
      lists;
  std::string hash;  ///< SHA-256 over names and contents, hex: names the snapshot

  /// Reads `directory` (hub.xml and its folders) and the folder `mappings` beside it. Folders that
  /// are missing are empty. What cannot be read goes to `diagnostics`. At most 10,000 files of 4
  /// MiB.
  static Files load(const std::string& directory, Diagnostics& diagnostics);
  /// Sets `hash` anew from names and contents.
  void rehash();
};

/// The bytes of a file; none where it cannot be read or is larger.
std::optional<std::string> read_file(const std::string& path, std::uintmax_t bytes_max);

/// Every list of Files. Their order is that of the hash, and their positions stand in packed bytes:
/// new ones are added at the end.
inline constexpr std::array<std::vector<File> Files::*, 10> kFileLists{
    &Files::hub,     &Files::endpoints, &Files::routes,  &Files::processes, &Files::calendars,
    &Files::lookups, &Files::texts,     &Files::schemas, &Files::mappings,  &Files::lists};

/// Settings: name → value. `${name}` in an attribute of hub.xml or an endpoint stands for one.
using Settings = std::map<std::string, std::string, std::less<>>;

/// Replaces `${name}` in every attribute value below `element`; unknown names go to `diagnostics`.
void resolve_settings(Element& element, const Settings& settings, Diagnostics& diagnostics);

}  // namespace masar::config
