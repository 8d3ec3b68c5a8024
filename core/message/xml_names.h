#pragma once

#include <string>
#include <string_view>

#include <pugixml.hpp>

namespace masar {

/// The prefix of a qualified name; empty where it has none.
inline std::string_view prefix_part(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
}

/// A qualified name without its prefix.
inline std::string_view local_part(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// The attribute that declares a prefix; of an empty one the default namespace's.
inline std::string declaration_of(std::string_view prefix) {
  return prefix.empty() ? "xmlns" : "xmlns:" + std::string(prefix);
}

/// The namespace of an element by the declarations around it; empty: none. The view lives as long
/// as the tree.
inline std::string_view namespace_of(pugi::xml_node element) {
  const std::string declaration = declaration_of(prefix_part(element.name()));
  for (auto at = element; at; at = at.parent())
    if (const auto declared = at.attribute(declaration.c_str())) return declared.value();
  return {};
}

}  // namespace masar
