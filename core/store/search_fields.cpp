#include "core/store/search_fields.h"

#include <charconv>

#include "core/base/error.h"

namespace masar::store {
namespace {

void put(std::string& bytes, std::string_view part) {
  bytes += std::to_string(part.size());
  bytes += ':';
  bytes += part;
}

std::string take(std::string_view& bytes) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), length);
  const auto digits = static_cast<std::size_t>(end - bytes.data());
  if (error != std::errc() || digits >= bytes.size() || *end != ':' ||
      bytes.size() - digits - 1 < length) {
    throw Error(ErrorKind::internal, "store-corrupt",
                "store: the search fields of a case cannot be read");
  }
  std::string part(bytes.substr(digits + 1, length));
  bytes.remove_prefix(digits + 1 + length);
  return part;
}

}  // namespace

std::string encode_search(const SearchFields& fields) {
  std::string bytes;
  for (const auto& [name, value] : fields) {
    put(bytes, name);
    put(bytes, value);
  }
  return bytes;
}

SearchFields decode_search(std::string_view bytes) {
  SearchFields fields;
  while (!bytes.empty()) {
    std::string name = take(bytes);
    fields.emplace_back(std::move(name), take(bytes));
  }
  return fields;
}

}  // namespace masar::store
