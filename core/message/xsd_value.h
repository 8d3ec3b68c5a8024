#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/message/xsd_pattern.h"

namespace masar {

/// A simple type of XSD, as far as usual messages need it. Immutable once made; any thread.
struct XsdValue {
  enum class Base { text, decimal, integer, boolean, date, date_time, uri };

  /// The built-in type of that name; no value for one that is not known here.
  static std::optional<XsdValue> built_in(std::string_view name);
  /// Narrows the type by a facet other than pattern and enumeration; false: not known here.
  bool narrow(std::string_view facet, std::string_view value);

  /// True: the value is valid. False says nothing: also a rare spelling is not accepted.
  bool accepts(std::string_view value) const;

  Base base = Base::text;
  std::vector<std::vector<XsdPattern>> patterns;       ///< one of each must match
  std::vector<std::vector<std::string>> enumerations;  ///< one of each must be the value
  std::size_t length_min = 0;
  std::size_t length_max = std::numeric_limits<std::size_t>::max();
  std::size_t digits_max = std::numeric_limits<std::size_t>::max();
  std::size_t fraction_digits_max = std::numeric_limits<std::size_t>::max();
  std::int64_t nanos_min = std::numeric_limits<std::int64_t>::min();  ///< 10⁻⁹
  std::int64_t nanos_max = std::numeric_limits<std::int64_t>::max();
  std::vector<XsdValue> members;  ///< of a union: one must accept
};

}  // namespace masar
