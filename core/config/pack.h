#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/config/files.h"

namespace masar::config {

/// A configuration's files and the settings that they are read with, in one piece of bytes: how the
/// store keeps a snapshot. The bytes are `masar-files 1`, then for each file the number of its list
/// in Files, its path, name and contents, then for each setting `s`, name and value; every text as
/// its length, a colon and its bytes.
std::string pack(const Files& files, const Settings& settings);

struct Packed {
  Files files;  ///< `hash` is of what was read
  Settings settings;
};
/// No value where the bytes are anything else.
std::optional<Packed> unpack(std::string_view bytes);

}  // namespace masar::config
