#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace masar::store {

using SearchFields = std::vector<std::pair<std::string, std::string>>;

/// The search fields of a case as its row keeps them: `length:bytes` of each name and value in
/// turn.
std::string encode_search(const SearchFields& fields);
/// Throws Error(internal, "store-corrupt") where the bytes are not of encode_search().
SearchFields decode_search(std::string_view bytes);

}  // namespace masar::store
