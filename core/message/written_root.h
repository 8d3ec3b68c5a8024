#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace masar {

struct RootName {
  std::string name;  ///< qualified, as it is written
  std::string uri;   ///< of its namespace; empty: none
};

/// The name of the root of what write_xml() wrote, without reading the rest. No value where it has
/// to be read all the same: a text of another kind, a namespace with an escaped character.
std::optional<RootName> written_root(std::string_view text);

}  // namespace masar
