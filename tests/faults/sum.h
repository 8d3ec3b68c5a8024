#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/faults/simulation.h"

namespace masar::faults {

/// What many runs came to.
struct Sum {
  std::uint64_t seeds = 0, failed = 0, cases = 0;
  double days = 0;
  World::Counts counts;
  std::map<std::string, int> ends;
  std::map<char, int> oracles;

  void add(const Verdict& verdict);
  void add(const Sum& more);
  void print(double seconds) const;

  // From one process to another.
  std::string text() const;
  static Sum read(const std::string& text);
};

}  // namespace masar::faults
