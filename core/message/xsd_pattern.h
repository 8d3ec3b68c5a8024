#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace masar {

/// A regular expression of XSD, as far as it is made of ASCII characters, classes, groups and
/// counts, for values in ASCII. Immutable; any thread.
class XsdPattern {
 public:
  /// No value: an expression that holds something else.
  static std::optional<XsdPattern> compile(std::string_view expression);

  /// True: the whole value matches. False says nothing: a group does not go back on the alternative
  /// and the number of times that it took first, and the steps are limited.
  bool accepts(std::string_view value) const;

 private:
  friend class XsdPatternParser;
  struct Item;
  using Sequence = std::vector<Item>;
  struct Item {
    std::bitset<128> characters;         // where there is no group
    std::vector<Sequence> alternatives;  // of a group
    std::size_t least = 1;
    std::size_t most = 1;
  };
  class Matcher;
  std::vector<Sequence> alternatives_;
};

}  // namespace masar
