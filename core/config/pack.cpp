#include "core/config/pack.h"

#include <array>
#include <charconv>

namespace masar::config {
namespace {

constexpr std::string_view kHead = "masar-files 1\n";

using List = std::vector<File> Files::*;
/// Their positions stand in the packed bytes: new ones are added at the end.
constexpr std::array<List, 9> kLists{&Files::hub,       &Files::endpoints, &Files::routes,
                                     &Files::processes, &Files::calendars, &Files::lookups,
                                     &Files::texts,     &Files::schemas,   &Files::mappings};

void put(std::string& bytes, std::string_view text) {
  bytes += std::to_string(text.size()) + ':';
  bytes += text;
}

bool take(std::string_view& bytes, std::string& text) {
  std::size_t size = 0;
  const auto* end = bytes.data() + bytes.size();
  const auto [after, error] = std::from_chars(bytes.data(), end, size);
  if (error != std::errc{} || after == end || *after != ':') return false;
  bytes.remove_prefix(static_cast<std::size_t>(after - bytes.data()) + 1);
  if (size > bytes.size()) return false;
  text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

bool take_one(std::string_view& bytes, Packed& packed) {
  std::string kind;
  if (!take(bytes, kind)) return false;
  if (kind == "s") {
    std::string name;
    return take(bytes, name) && take(bytes, packed.settings[name]);
  }
  if (kind.size() != 1 || kind[0] < '0' || kind[0] > '8') return false;
  File file;
  if (!take(bytes, file.path) || !take(bytes, file.name) || !take(bytes, file.contents))
    return false;
  (packed.files.*kLists[static_cast<std::size_t>(kind[0] - '0')]).push_back(std::move(file));
  return true;
}

}  // namespace

std::string pack(const Files& files, const Settings& settings) {
  std::string bytes(kHead);
  for (std::size_t list = 0; list < kLists.size(); ++list) {
    for (const auto& file : files.*kLists[list]) {
      put(bytes, std::to_string(list));
      for (const auto* text : {&file.path, &file.name, &file.contents}) put(bytes, *text);
    }
  }
  for (const auto& [name, value] : settings) {
    put(bytes, "s");
    put(bytes, name);
    put(bytes, value);
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
