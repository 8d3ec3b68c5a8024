#include "core/base/bytes.h"

#include <charconv>

namespace masar {

void put_counted(std::string& bytes, std::string_view text) {
  bytes += std::to_string(text.size()) + ':';
  bytes += text;
}

std::optional<std::string_view> take_counted(std::string_view& bytes) {
  std::size_t length = 0;
  const char* const end = bytes.data() + bytes.size();
  const auto [after, error] = std::from_chars(bytes.data(), end, length);
  if (error != std::errc{} || after == end || *after != ':') return std::nullopt;
  const auto start = static_cast<std::size_t>(after - bytes.data()) + 1;
  if (length > bytes.size() - start) return std::nullopt;
  const std::string_view text = bytes.substr(start, length);
  bytes.remove_prefix(start + length);
  return text;
}

}  // namespace masar
