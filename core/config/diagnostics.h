#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace masar::config {

/// Where something stands in a file. Lines and columns count from 1; a column counts code points.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

struct Finding {
  Place place;
  std::string what;  ///< what is wrong
  std::string hint;  ///< what to write instead; may be empty
};

/// Collects every finding of a check, so that all errors are reported at once. Single-threaded.
class Diagnostics {
 public:
  void add(Place place, std::string what, std::string hint = {});
  bool empty() const noexcept { return findings_.empty(); }
  const std::vector<Finding>& findings() const noexcept { return findings_; }
  /// Sorted by file, line, column; one line each: `file:line:col: what; hint`.
  std::string text() const;

 private:
  std::vector<Finding> findings_;
};

/// `did you mean "x"?` with the known name nearest to `name` (edit distance ≤ 1/3 of its length, at
/// least 2), or `known: a, b, c` (at most 8) where none is near; empty where nothing is known.
std::string suggest(std::string_view name, const std::vector<std::string>& known);

}  // namespace masar::config
