#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/diagnostics.h"

namespace masar::config {

/// A qualified name; `uri` is empty for no namespace. `prefix` is what the file wrote.
struct Name {
  std::string uri;
  std::string local;
  std::string prefix;
};

struct Attribute {
  Name name;
  std::string value;   ///< entities resolved, line ends kept
  Place place;         ///< of the attribute's name
  Place value_place;   ///< of the first character of the value
};

/// An element or text of a configuration file, with its place: what every loader reads. Unlike the
/// tree of a message it keeps places, and text exactly as written (entities resolved, comments
/// dropped). Immutable once loaded.
struct Element {
  Name name;                        ///< empty local name: this is text
  std::string text;                 ///< of a text node
  Place place;                      ///< of `<`, or of the text's first character
  std::vector<Attribute> attributes;///< without xmlns declarations
  std::vector<std::pair<std::string, std::string>> namespaces;  ///< prefix → URI declared here
  std::vector<Element> children;

  bool is_text() const noexcept { return name.local.empty(); }
  const Attribute* attribute(std::string_view local, std::string_view uri = {}) const noexcept;
  /// The value, or empty where there is none.
  std::string_view value(std::string_view local, std::string_view uri = {}) const noexcept;
  /// Child elements, without text.
  std::vector<const Element*> elements() const;
  std::vector<const Element*> elements(std::string_view local, std::string_view uri = {}) const;
  const Element* element(std::string_view local, std::string_view uri = {}) const noexcept;
  /// All text below, joined.
  std::string all_text() const;
};

/// Reads one configuration file strictly (the limits of messages, 4 MiB). What is wrong goes to
/// `diagnostics` with its place, and then there is no value.
std::optional<Element> load_element(const std::string& path, std::string_view contents,
                                    Diagnostics& diagnostics);

}  // namespace masar::config
