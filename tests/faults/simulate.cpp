// The whole engine, simulated over many seeds: see README.md beside it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/faults/simulation.h"
#include "tests/faults/sum.h"
#include "tests/faults/workers.h"

namespace {

using namespace masar::faults;

struct Options {
  Plan plan;
  std::uint64_t seeds = 1;
  double seconds = 0;
  int jobs = processors();
  std::vector<std::string> without;
  bool shrinks = true;
  bool quiet = false;
  std::string store = "sqlite";
  std::string sources = MASAR_SOURCE_DIR;
};

int parse(int argc, char** argv, Options& options) {
  CLI::App app{"Simulates the hub with the shipped configuration, seeded, faults and all"};
  app.add_option("--cases", options.plan.cases, "cases of one run")->check(CLI::Range(1, 100'000));
  app.add_option("--days", options.plan.days, "days in which they begin")
      ->check(CLI::Range(1, 365));
  app.add_option("--seed", options.plan.seed, "the first seed");
  app.add_option("--seeds", options.seeds, "how many seeds");
  app.add_option("--seconds", options.seconds, "stop after so long, whatever --seeds says");
  app.add_option("--jobs", options.jobs, "processes that share the seeds (default: processors)")
      ->check(CLI::Range(1, 1'024));
  app.add_option("--without", options.without, "faults to leave out")->delimiter(',');
  app.add_option("--store", options.store, "sqlite, or memory: without SQLite and a disk")
      ->check(CLI::IsMember({"sqlite", "memory"}));
  app.add_flag("--disk", options.plan.on_disk, "real files in place of a disk in memory");
  app.add_flag("--trace", options.plan.print, "print every line of the trace");
  app.add_flag("!--no-shrink", options.shrinks, "a failing seed as it is");
  app.add_flag("--quiet", options.quiet, "only breaches");
  app.add_option("--sources", options.sources, "the folder of config/ and mappings/");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? -1 : 2;
  }
  options.plan.in_memory = options.store == "memory";
  if (options.plan.in_memory && options.plan.on_disk) {
    std::fprintf(stderr, "simulate: --disk is SQLite's: leave it or --store memory out\n");
    return 2;
  }
  for (const auto& name : options.without) {
    bool known = name == "all";
    for (int fault = 0; fault < static_cast<int>(Fault::count); ++fault) {
      if (name != "all" && name_of(static_cast<Fault>(fault)) != name) continue;
      options.plan.off[fault] = known = true;
    }
    if (known) continue;
    std::fprintf(stderr, "simulate: there is no fault %s\n", name.c_str());
    return 2;
  }
  return 0;
}

void tell(const Plan& plan, const Verdict& verdict) {
  std::printf("seed %llu: trace %016llx, %zu breaches\n",
              static_cast<unsigned long long>(plan.seed),
              static_cast<unsigned long long>(verdict.trace), verdict.breaches.size());
  for (const auto& breach : verdict.breaches)
    std::printf("  %c: %s\n", breach.oracle, breach.text.c_str());
}

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

/// Every so many seeds, from one of them on.
Sum simulate(const Options& options, int first, int every) {
  Simulation simulation(options.sources);
  Sum sum;
  const auto begun = Clock::now();
  for (auto at = static_cast<std::uint64_t>(first); at < options.seeds;
       at += static_cast<std::uint64_t>(every)) {
    if (options.seconds > 0 && since(begun) > options.seconds) break;
    Plan plan = options.plan;
    plan.seed += at;
    const Verdict verdict = simulation.run(plan);
    sum.add(verdict);
    if (options.seeds == 1 && !options.quiet && verdict.breaches.empty()) tell(plan, verdict);
    if (verdict.breaches.empty()) continue;
    tell(plan, verdict);
    const Plan shortest = options.shrinks ? simulation.shrink(plan) : plan;
    std::printf("  again: %s\n", command_of(shortest).c_str());
    std::fflush(stdout);
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (const int status = parse(argc, argv, options); status != 0) return status < 0 ? 0 : status;
  Sum sum;
  const auto begun = Clock::now();
  const int jobs = static_cast<int>(std::min<std::uint64_t>(options.seeds, options.jobs));
  if (jobs == 1) {
    sum = simulate(options, 0, 1);
  } else {
    for (const auto& text : in_processes(jobs, [&](int index) {
           return simulate(options, index, jobs).text();
         })) {
      sum.add(Sum::read(text));
    }
  }
  sum.print(since(begun));
  return sum.failed == 0 ? 0 : 1;
}
