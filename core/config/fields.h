#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/config/element.h"

namespace masar::config {

/// The kinds of value that an attribute can have.
enum class Kind {
  text, name, integer, boolean, duration, span, choice, bytes, address, url, secret, path,
  expression
};

/// One attribute of one configuration element. The table of an element is the only place that
/// states it: reader, lint and (later) XSD and reference page come from it.
struct Field {
  std::string_view name;
  Kind kind = Kind::text;
  bool required = false;
  std::string_view fallback;              ///< as written in the file; meaningful where not required
  std::string_view meaning;               ///< one sentence, with the unit
  std::vector<std::string_view> choices;  ///< for Kind::choice
};

struct ElementTable {
  std::string_view element;
  std::string_view meaning;
  std::vector<Field> fields;
  std::vector<std::string_view> children;  ///< names of the child elements allowed, "*" for any
};

/// The attributes of one element read by its table: unknown and missing ones, values that do not
/// fit their kind, and child elements that the table does not allow went to `diagnostics` with
/// place and nearest name; typed getters then return the fallback. A field of another namespace is
/// named as the file writes it (`m:type`). Asking for a field that the table does not have is a
/// programmer's error (std::logic_error).
class Values {
 public:
  Values(const ElementTable& table, const Element& element, Diagnostics& diagnostics);

  bool has(std::string_view field) const;
  const std::string& text(std::string_view field) const;
  std::int64_t integer(std::string_view field) const;
  bool boolean(std::string_view field) const;
  Duration duration(std::string_view field) const;
  Span span(std::string_view field) const;
  /// Of the attribute's value, or of the element where the attribute is absent.
  Place place(std::string_view field) const;

 private:
  const std::string& raw(std::string_view field) const;
  const ElementTable* table_;
  const Element* element_;
  std::vector<std::string> values_;  ///< by position in the table
};

}  // namespace masar::config
