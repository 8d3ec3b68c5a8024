// Simulated cases, from application to end (tests/faults), on one thread: with every fault, and
// without any.
#include <chrono>
#include <stdexcept>

#include "tests/bench/process.h"
#include "tests/bench/raw_relay.h"
#include "tests/bench/workload.h"
#include "tests/faults/simulation.h"

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCases = 50;  ///< of one seed
constexpr int kDays = 3;    ///< in which they begin

/// The runs of one kind, over all rounds.
struct Runs {
  faults::Plan plan;
  std::vector<double> rates;  ///< cases per second, by round
  double cases = 0;
  double days = 0;
  double cpu = 0;

  void round(faults::Simulation& simulation, double seconds) {
    const double cpu_before = cpu_seconds();
    const auto begun = Clock::now();
    double count = 0;
    double passed = 0;
    for (; passed < seconds; passed = std::chrono::duration<double>(Clock::now() - begun).count()) {
      const faults::Verdict verdict = simulation.run(plan);
      if (!verdict.breaches.empty()) throw std::runtime_error(command_of(plan) + " breaks");
      ++plan.seed;
      count += verdict.cases;
      days += verdict.days;
    }
    rates.push_back(count / passed);
    cases += count;
    cpu += cpu_seconds() - cpu_before;
  }
};

Figure simulate(const Options& options, const char* name, bool in_memory, double goal) {
  Figure figure;
  figure.name = name;
  figure.unit = "cases per second";
  figure.goal = Goal::figure_at_least;
  figure.goal_value = goal;
  faults::Simulation simulation(options.sources);
  Runs with;
  with.plan.cases = kCases;
  with.plan.days = kDays;
  with.plan.in_memory = in_memory;
  Runs without = with;
  for (bool& off : without.plan.off) off = true;
  forget_peak_rss();
  for (int at = 0; at < options.rounds; ++at) {
    with.round(simulation, options.seconds);
    without.round(simulation, options.seconds);
  }
  figure.figure = median(with.rates);
  figure.cpu_seconds_per_thousand = with.cpu / with.cases * 1000;
  figure.peak_rss_mb = peak_rss_mb();
  figure.more = {{"cases_per_cpu_second", with.cases / with.cpu},
                 {"without_faults", median(without.rates)},
                 {"without_faults_per_cpu_second", without.cases / without.cpu},
                 {"cases", with.cases + without.cases},
                 {"simulated_days", with.days + without.days}};
  return figure;
}

}  // namespace

Figure measure_simulation(const Options& options) {
  return simulate(options, "simulation", false, 300);
}

Figure measure_simulation_in_memory(const Options& options) {
  return simulate(options, "simulation-memory", true, 1000);
}

}  // namespace masar::bench
