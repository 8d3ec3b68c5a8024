#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace masar::faults {

/// What may go wrong; each can be switched off, to find out which one a breach needs.
enum class Fault {
  crash,      ///< the process dies between two steps, or inside a commit, also while it recovers
  power,      ///< and with it all that was not synced, or some sectors of it
  restart,    ///< an orderly stop and start
  duplicate,  ///< what was acknowledged comes again: at once, later, or with other content
  delay,      ///< messages and answers take long, beyond every time limit, and overtake each other
  lose,       ///< a request never arrives
  silent,     ///< it arrives and is done, and the answer is lost
  unavailable,  ///< the partner says that it did nothing
  garbage,      ///< answers that cannot be read, or that nobody declared
  stall,        ///< the hub's threads get no time, while messages come in and are committed
  outage,       ///< a partner is away for hours or days
  clock,        ///< the hub's business clock jumps, forward and back
  count
};

/// One simulated run.
struct Plan {
  int cases = 5;
  int days = 3;  ///< in which they begin; the run goes on until all have ended
  std::uint64_t seed = 1;
  bool off[static_cast<int>(Fault::count)] = {};
  bool on_disk = false;    ///< real files, in place of a disk in memory
  bool in_memory = false;  ///< a store without a disk, in place of SQLite's
  bool print = false;      ///< every line of the trace to standard output

  bool has(Fault fault) const { return !off[static_cast<int>(fault)]; }
};

std::string_view name_of(Fault fault);
/// The command that runs this plan again.
std::string command_of(const Plan& plan);

}  // namespace masar::faults
