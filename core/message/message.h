#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pugixml.hpp>

namespace masar {

/// A parsed payload. Immutable once built; readable from any thread as long as nobody writes.
using Document = std::shared_ptr<const pugi::xml_document>;

/// A value: what travels through routes. Copying is cheap enough (the tree is shared, bytes are
/// moved).
struct Message {
  std::string id;      ///< the sender's id, or ours where it sent none
  std::string type;    ///< the qualified name of the payload's root, with the configured prefix
  std::vector<std::pair<std::string, std::string>> headers;  ///< allow-listed, in order of arrival
  std::string body;    ///< the payload's bytes, as they came or will go
  Document document;   ///< the payload's tree where it has been read; null in pass-through

  /// The first header of that name, or empty. Names compare case-sensitively, in lower case.
  std::string_view header(std::string_view name) const;
};

}  // namespace masar
