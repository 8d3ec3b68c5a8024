#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/faults/plan.h"
#include "tests/faults/world.h"

namespace masar::faults {

/// What one run came to.
struct Verdict {
  std::vector<Breach> breaches;
  std::uint64_t trace = 0;  ///< hash over every line of it
  double days = 0;          ///< simulated
  int cases = 0;            ///< applications
  std::map<std::string, int> ends;
  World::Counts counts;
};

/// The shipped configuration, simulated: shared by all runs of a process. Not for several threads.
class Simulation {
 public:
  /// `sources`: the folder that holds config/ and mappings/.
  explicit Simulation(const std::string& sources);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  Verdict run(const Plan& plan);
  /// A smaller plan that still breaks what this one breaks: fewer cases, fewer days, fewer faults.
  Plan shrink(const Plan& plan);

 private:
  std::shared_ptr<const engine::Snapshot> snapshot_;
  std::string folder_;
  testing::MemoryDisk* disk();
  std::unique_ptr<testing::MemoryDisk> disk_;
  testing::MemoryMachine machine_;
};

}  // namespace masar::faults
