// Simulated cases, from application to end (tests/faults), with every fault and without any. Each
// run is one thread; a process for each processor shares them, as `simulate` does.
#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>

#include "tests/bench/process.h"
#include "tests/bench/raw_relay.h"
#include "tests/bench/workload.h"
#include "tests/faults/simulation.h"
#include "tests/faults/workers.h"

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCases = 50;  ///< of one seed
constexpr int kDays = 3;    ///< in which they begin

/// What one process did in one round.
struct Part {
  double cases = 0;
  double days = 0;
  double seconds = 0;
  double cpu = 0;
  double peak_mb = 0;
};

/// The seeds `first`, `first + every`, … for so long; as text for the process that measures.
std::string play(const std::string& sources, faults::Plan plan, std::uint64_t every,
                 double seconds) {
  faults::Simulation simulation(sources);  // its folder is one process's
  Part part;
  forget_peak_rss();
  const double cpu_before = cpu_seconds();
  const auto begun = Clock::now();
  for (; part.seconds < seconds;
       part.seconds = std::chrono::duration<double>(Clock::now() - begun).count()) {
    const faults::Verdict verdict = simulation.run(plan);
    if (!verdict.breaches.empty())
      throw std::runtime_error(command_of(plan) + " breaks: " + verdict.breaches.front().text);
    plan.seed += every;
    part.cases += verdict.cases;
    part.days += verdict.days;
  }
  std::ostringstream out;
  out << part.cases << ' ' << part.days << ' ' << part.seconds << ' '
      << cpu_seconds() - cpu_before << ' ' << peak_rss_mb();
  return out.str();
}

/// The runs of one kind, over all rounds.
struct Runs {
  faults::Plan plan;
  std::vector<double> rates;  ///< cases per second of all processes, by round
  Part sum;

  void round(const std::string& sources, int jobs, double seconds) {
    double rate = 0;
    for (const auto& text : faults::in_processes(jobs, [&](int index) {
           faults::Plan own = plan;
           own.seed += static_cast<std::uint64_t>(index);
           return play(sources, own, static_cast<std::uint64_t>(jobs), seconds);
         })) {
      Part part;
      std::istringstream(text) >> part.cases >> part.days >> part.seconds >> part.cpu >>
          part.peak_mb;
      rate += part.cases / part.seconds;
      sum.cases += part.cases;
      sum.days += part.days;
      sum.cpu += part.cpu;
      sum.peak_mb = std::max(sum.peak_mb, part.peak_mb);
    }
    rates.push_back(rate);
    plan.seed += 1'000'000;  // other seeds in the next round
  }
};

Figure simulate(const Options& options, const char* name, bool in_memory, double goal) {
  Figure figure;
  figure.name = name;
  figure.unit = "cases per second";
  figure.goal = Goal::figure_at_least;
  figure.goal_value = goal;
  Runs with;
  with.plan.cases = kCases;
  with.plan.days = kDays;
  with.plan.in_memory = in_memory;
  Runs without = with;
  for (bool& off : without.plan.off) off = true;
  const int jobs = faults::processors();
  for (int at = 0; at < options.rounds; ++at) {
    with.round(options.sources, jobs, options.seconds);
    without.round(options.sources, jobs, options.seconds);
  }
  figure.figure = median(with.rates);
  figure.cpu_seconds_per_thousand = with.sum.cpu / with.sum.cases * 1000;
  figure.peak_rss_mb = with.sum.peak_mb;
  figure.more = {{"processes", static_cast<double>(jobs)},
                 {"cases_per_cpu_second", with.sum.cases / with.sum.cpu},
                 {"without_faults", median(without.rates)},
                 {"without_faults_per_cpu_second", without.sum.cases / without.sum.cpu},
                 {"cases", with.sum.cases + without.sum.cases},
                 {"simulated_days", with.sum.days + without.sum.days}};
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
