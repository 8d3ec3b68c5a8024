// masar-bench: measures every workload and, where it has one, its ceiling in the same run.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "tests/bench/raw_relay.h"
#include "tests/bench/workload.h"

namespace {

using masar::bench::Figure;
using masar::bench::Goal;
using masar::bench::Options;

struct Workload {
  const char* name;
  Figure (*measure)(const Options&);
  bool takes_minutes = false;  ///< only where it is named, or everything is wanted as JSON
};
constexpr Workload kWorkloads[]{{"pass-through", masar::bench::measure_pass_through},
                                {"pass-through-mapped", masar::bench::measure_mapped},
                                {"soap-proxy", masar::bench::measure_proxy},
                                {"durable-intake", masar::bench::measure_intake},
                                {"durable-intake-postgresql",
                                 masar::bench::measure_intake_postgres},
                                {"signed-notifications", masar::bench::measure_notifications},
                                {"whole-cases", masar::bench::measure_cases},
                                {"whole-cases-postgresql", masar::bench::measure_cases_postgres},
                                {"million-cases", masar::bench::measure_million, true},
                                {"mapping", masar::bench::measure_mapping},
                                {"simulation", masar::bench::measure_simulation},
                                {"simulation-memory", masar::bench::measure_simulation_in_memory},
                                {"start-to-ready", masar::bench::measure_start},
                                {"idle-memory", masar::bench::measure_idle}};

/// The ceiling of pass-through in a process of its own: until its input ends.
int relay() {
  masar::bench::RawRelay relay{{}};
  std::cout << relay.address() << std::endl;
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}

/// Of a figure or one of its sides.
template <typename Figured>
std::string goal_of(const Figured& figure) {
  char text[48] = "";
  switch (figure.goal) {
    case Goal::none:
      break;
    case Goal::ratio_at_least:
      std::snprintf(text, sizeof text, "ratio >= %g", figure.goal_value);
      break;
    case Goal::figure_at_least:
      std::snprintf(text, sizeof text, ">= %g", figure.goal_value);
      break;
    case Goal::figure_below:
      std::snprintf(text, sizeof text, "< %g", figure.goal_value);
      break;
  }
  return text;
}

boost::json::object to_json(const Figure& figure) {
  boost::json::object out;
  out["name"] = figure.name;
  if (!figure.error.empty()) {
    out["error"] = figure.error;
    return out;
  }
  out["figure"] = figure.figure;
  out["unit"] = figure.unit;
  const auto put = [&](const char* name, const std::optional<double>& value) {
    if (value) out[name] = *value;
  };
  put("ceiling", figure.ceiling);
  if (figure.ceiling) out["ceiling_is"] = figure.ceiling_is;
  put("ratio", figure.ratio());
  put("p50_ms", figure.p50_ms);
  put("p99_ms", figure.p99_ms);
  put("cpu_seconds_per_thousand", figure.cpu_seconds_per_thousand);
  put("peak_rss_mb", figure.peak_rss_mb);
  out["goal"] = goal_of(figure);
  out["reached"] = figure.all_reached();
  for (const auto& [name, value] : figure.more) out[name] = value;
  for (const auto& side : figure.sides) {
    out[side.name] = {
        {"figure", side.figure}, {"goal", goal_of(side)}, {"reached", side.reached()}};
  }
  return out;
}

void print(const Figure& figure) {
  if (!figure.error.empty()) {
    std::printf("%-20s %s\n", figure.name.c_str(), figure.error.c_str());
    return;
  }
  std::printf("%-20s %.1f %s", figure.name.c_str(), figure.figure, figure.unit.c_str());
  if (figure.ceiling) {
    std::printf("; ceiling %.1f (%s); ratio %.3f", *figure.ceiling, figure.ceiling_is.c_str(),
                *figure.ratio());
  }
  std::printf("; goal %s: %s\n", goal_of(figure).c_str(),
              figure.reached() ? "reached" : "NOT reached");
  const auto number = [](const char* name, const std::optional<double>& value) {
    if (value) std::printf("  %s %.3f", name, *value);
  };
  std::printf("%-20s", "");
  number("p50 ms", figure.p50_ms);
  number("p99 ms", figure.p99_ms);
  number("CPU s per 1000", figure.cpu_seconds_per_thousand);
  number("peak RSS MB", figure.peak_rss_mb);
  for (const auto& [name, value] : figure.more) std::printf("  %s %.4g", name.c_str(), value);
  for (const auto& side : figure.sides) {
    std::printf("\n%-20s  %s %.4g; goal %s: %s", "", side.name.c_str(), side.figure,
                goal_of(side).c_str(), side.reached() ? "reached" : "NOT reached");
  }
  std::printf("\n");
  std::fflush(stdout);
}

Figure measure(const Workload& workload, const Options& options) {
  try {
    return workload.measure(options);
  } catch (const std::exception& error) {
    Figure figure;
    figure.name = workload.name;
    figure.error = error.what();
    return figure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  Options options;
  options.self = self;
  options.masar = std::filesystem::path(self).parent_path() / "masar";
  options.sources = MASAR_SOURCE_DIR;
  bool json = false;
  bool as_relay = false;
  std::vector<std::string> only;
  CLI::App app("The benchmark of Masar: workloads beside their ceilings");
  app.add_flag("--json", json, "print one JSON object");
  app.add_option("--only", only, "only this workload; may be repeated");
  app.add_option("--seconds", options.seconds, "measured time of one round of a workload");
  app.add_option("--rounds", options.rounds, "rounds; the figures are their medians");
  app.add_option("--cases", options.cases, "whole cases under way at once");
  app.add_option("--cases-open", options.cases_open, "open cases of million-cases");
  app.add_option("--masar", options.masar, "the hub's executable; default: beside this one");
  app.add_flag("--relay", as_relay, "be the raw relay (used by the benchmark itself)");
  CLI11_PARSE(app, argc, argv);
  if (as_relay) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    return relay();
  }
  boost::json::array all;
  bool complete = true;
  for (const Workload& workload : kWorkloads) {
    const bool named = std::find(only.begin(), only.end(), workload.name) != only.end();
    if (only.empty() ? workload.takes_minutes && !json : !named) continue;
    const Figure figure = measure(workload, options);
    complete = complete && figure.error.empty();
    if (json) {
      all.push_back(to_json(figure));
    } else {
      print(figure);
    }
  }
  if (json) std::cout << boost::json::object{{"workloads", all}} << std::endl;
  return complete ? 0 : 1;
}
