#include "tests/faults/plan.h"

namespace masar::faults {

std::string_view name_of(Fault fault) {
  static constexpr std::string_view kNames[]{"crash",   "power", "restart", "duplicate",
                                             "delay",   "lose",  "silent",  "unavailable",
                                             "garbage", "stall", "outage",  "clock"};
  return kNames[static_cast<int>(fault)];
}

std::string command_of(const Plan& plan) {
  std::string command = "tests/faults/simulate --cases " + std::to_string(plan.cases) + " --days " +
                        std::to_string(plan.days) + " --seed " + std::to_string(plan.seed);
  std::string off;
  for (int fault = 0; fault < static_cast<int>(Fault::count); ++fault) {
    if (!plan.off[fault]) continue;
    off += (off.empty() ? "" : ",") + std::string(name_of(static_cast<Fault>(fault)));
  }
  if (!off.empty()) command += " --without " + off;
  if (plan.on_disk) command += " --disk";
  if (plan.in_memory) command += " --store memory";
  return command;
}

}  // namespace masar::faults
