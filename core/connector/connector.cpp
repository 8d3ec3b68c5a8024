#include "core/connector/connector.h"

#include <algorithm>

#include "core/base/error.h"

namespace masar::connector {
namespace {

constexpr std::string_view kSeparator = ": ";

bool is_name(std::string_view name) {
  return !name.empty() && name.find_first_of(":\r\n") == std::string_view::npos;
}

}  // namespace

std::string write_headers(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string text;
  for (const auto& [name, value] : headers) {
    if (!is_name(name)) {
      throw Error(ErrorKind::internal, "bad-header", "a header's name has a colon or a line end");
    }
    text += name;
    text += kSeparator;
    const std::size_t start = text.size();
    text += value;
    // A value must not become a second header.
    std::replace_if(text.begin() + static_cast<std::ptrdiff_t>(start), text.end(),
                    [](char c) { return c == '\r' || c == '\n'; }, ' ');
    text += '\n';
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> read_headers(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t at = line.find(kSeparator);
    if (at == std::string_view::npos || at == 0) {
      throw Error(ErrorKind::internal, "bad-header", "a line of kept headers has no name");
    }
    headers.emplace_back(line.substr(0, at), line.substr(at + kSeparator.size()));
  }
  return headers;
}

}  // namespace masar::connector
