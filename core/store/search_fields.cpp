#include "core/store/search_fields.h"

#include "core/base/bytes.h"
#include "core/base/error.h"

namespace masar::store {
namespace {

std::string take(std::string_view& bytes) {
  const auto part = take_counted(bytes);
  if (part) return std::string(*part);
  throw Error(ErrorKind::internal, "store-corrupt",
              "store: the search fields of a case cannot be read");
}

}  // namespace

std::string encode_search(const SearchFields& fields) {
  std::string bytes;
  for (const auto& [name, value] : fields) {
    put_counted(bytes, name);
    put_counted(bytes, value);
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
