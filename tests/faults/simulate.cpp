// The whole engine, simulated over many seeds: see README.md beside it.
#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/faults/simulation.h"

namespace {

using namespace masar::faults;

struct Options {
  Plan plan;
  std::uint64_t seeds = 1;
  double seconds = 0;
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
  app.add_option("--seeds", options.seeds, "how many seeds, one after the other");
  app.add_option("--seconds", options.seconds, "stop after so long, whatever --seeds says");
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

struct Sum {
  std::uint64_t seeds = 0, failed = 0, cases = 0;
  double days = 0;
  World::Counts counts;
  std::map<std::string, int> ends;
  std::map<char, int> oracles;

  void add(const Verdict& verdict) {
    ++seeds;
    failed += verdict.breaches.empty() ? 0 : 1;
    cases += static_cast<std::uint64_t>(verdict.cases);
    days += verdict.days;
    counts += verdict.counts;
    for (const auto& [state, count] : verdict.ends) ends[state] += count;
    for (const auto& breach : verdict.breaches) ++oracles[breach.oracle];
  }

  void print(double seconds) const {
    std::printf("%llu seeds, %llu cases, %.0f simulated days in %.1f s: %.0f cases/s\n",
                static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(cases),
                days, seconds, static_cast<double>(cases) / seconds);
    std::printf("%llu attempts, %llu messages, %llu crashes, %llu stops",
                static_cast<unsigned long long>(counts.attempts),
                static_cast<unsigned long long>(counts.messages),
                static_cast<unsigned long long>(counts.crashes),
                static_cast<unsigned long long>(counts.stops));
    for (int fault = static_cast<int>(Fault::duplicate); fault < static_cast<int>(Fault::count);
         ++fault) {
      const auto name = name_of(static_cast<Fault>(fault));
      std::printf(", %llu %.*s", static_cast<unsigned long long>(counts.struck[fault]),
                  static_cast<int>(name.size()), name.data());
    }
    std::printf("\nends:");
    for (const auto& [state, count] : ends) std::printf(" %s %d,", state.c_str(), count);
    std::printf("\nbreaches:");
    for (const auto& [oracle, count] : oracles) std::printf(" %c %d", oracle, count);
    std::printf("%s\n%llu of %llu seeds failed\n", oracles.empty() ? " none" : "",
                static_cast<unsigned long long>(failed), static_cast<unsigned long long>(seeds));
  }
};

void tell(const Plan& plan, const Verdict& verdict) {
  std::printf("seed %llu: trace %016llx, %zu breaches\n",
              static_cast<unsigned long long>(plan.seed),
              static_cast<unsigned long long>(verdict.trace), verdict.breaches.size());
  for (const auto& breach : verdict.breaches)
    std::printf("  %c: %s\n", breach.oracle, breach.text.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (const int status = parse(argc, argv, options); status != 0) return status < 0 ? 0 : status;
  Simulation simulation(options.sources);
  Sum sum;
  const auto begun = std::chrono::steady_clock::now();
  const auto passed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  };
  for (std::uint64_t count = 0; count < options.seeds; ++count) {
    if (options.seconds > 0 && passed() > options.seconds) break;
    Plan plan = options.plan;
    plan.seed += count;
    const Verdict verdict = simulation.run(plan);
    sum.add(verdict);
    if (!options.quiet && (options.seeds == 1 || !verdict.breaches.empty())) tell(plan, verdict);
    if (verdict.breaches.empty()) continue;
    if (options.quiet) tell(plan, verdict);
    const Plan shortest = options.shrinks ? simulation.shrink(plan) : plan;
    std::printf("  again: %s\n", command_of(shortest).c_str());
    std::fflush(stdout);
  }
  sum.print(passed());
  return sum.failed == 0 ? 0 : 1;
}
