#include "core/config/pack.h"

#include "core/base/bytes.h"

namespace masar::config {
namespace {

constexpr std::string_view kHead = "masar-files 1\n";

bool take(std::string_view& bytes, std::string& text) {
  const auto taken = take_counted(bytes);
  if (taken) text = *taken;
  return taken.has_value();
}

bool take_one(std::string_view& bytes, Packed& packed) {
  std::string kind;
  if (!take(bytes, kind)) return false;
  if (kind == "s") {
    std::string name;
    return take(bytes, name) && take(bytes, packed.settings[name]);
  }
  if (kind.size() != 1 || kind[0] < '0' || kind[0] > '9') return false;
  File file;
  if (!take(bytes, file.path) || !take(bytes, file.name) || !take(bytes, file.contents))
    return false;
  (packed.files.*kFileLists[static_cast<std::size_t>(kind[0] - '0')]).push_back(std::move(file));
  return true;
}

}  // namespace

std::string pack(const Files& files, const Settings& settings) {
  std::string bytes(kHead);
  for (std::size_t list = 0; list < kFileLists.size(); ++list) {
    for (const auto& file : files.*kFileLists[list]) {
      put_counted(bytes, std::to_string(list));
      for (const auto* text : {&file.path, &file.name, &file.contents}) put_counted(bytes, *text);
    }
  }
  for (const auto& [name, value] : settings) {
    put_counted(bytes, "s");
    put_counted(bytes, name);
    put_counted(bytes, value);
  }
  return bytes;
}

std::optional<Packed> unpack(std::string_view bytes) {
  if (!bytes.starts_with(kHead)) return std::nullopt;
  bytes.remove_prefix(kHead.size());
  Packed packed;
  while (!bytes.empty()) {
    if (!take_one(bytes, packed)) return std::nullopt;
  }
  packed.files.rehash();
  return packed;
}

}  // namespace masar::config
