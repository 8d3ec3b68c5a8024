#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/message/xml_reader.h"

namespace masar {

inline constexpr std::string_view kXmlUri = "http://www.w3.org/XML/1998/namespace";
inline constexpr std::string_view kInstanceUri = "http://www.w3.org/2001/XMLSchema-instance";
inline constexpr std::string_view kSchemaUri = "http://www.w3.org/2001/XMLSchema";

/// The next of `ns0`, `ns1` … that no configured namespace has; `next` counts them in a document.
std::string reserved_prefix(const Prefixes& prefixes, std::size_t& next);

}  // namespace masar
