#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace masar::bench {

/// What one run is told.
struct Options {
  double seconds = 3;     ///< measured time of one round of a workload
  std::size_t cases = 128;  ///< whole cases that are under way at once
  std::size_t cases_open = 1'000'000;  ///< of million-cases
  int rounds = 3;         ///< of workload and ceiling in turn; the figures are their medians
  std::string masar;      ///< the executable of the hub
  std::string self;       ///< this executable, for helpers in processes of their own
  std::string sources;    ///< the repository: the shipped and the benchmark's configuration
};

/// What a goal is held against.
enum class Goal { none, ratio_at_least, figure_at_least, figure_below };

/// One measured workload. A number that has no meaning for it stays unset.
struct Figure {
  std::string name;
  std::string unit;             ///< of figure and ceiling
  double figure = 0;
  std::optional<double> ceiling;
  std::string ceiling_is;       ///< what the ceiling measures
  std::optional<double> p50_ms;
  std::optional<double> p99_ms;
  std::optional<double> cpu_seconds_per_thousand;
  std::optional<double> peak_rss_mb;
  Goal goal = Goal::none;
  double goal_value = 0;
  std::vector<std::pair<std::string, double>> more;  ///< further numbers, by name
  struct Side {
    std::string name;  ///< with its unit
    double figure = 0;
    Goal goal = Goal::none;
    double goal_value = 0;
    bool reached() const;
  };
  std::vector<Side> sides;      ///< further figures that have goals of their own
  std::string error;            ///< why there is no figure; empty: there is one

  std::optional<double> ratio() const;
  bool reached() const;      ///< its own goal
  bool all_reached() const;  ///< and those of its sides
};

Figure measure_pass_through(const Options& options);
Figure measure_mapped(const Options& options);
Figure measure_intake(const Options& options);
Figure measure_intake_postgres(const Options& options);
Figure measure_proxy(const Options& options);
Figure measure_notifications(const Options& options);
Figure measure_cases(const Options& options);
Figure measure_cases_postgres(const Options& options);
Figure measure_million(const Options& options);
Figure measure_mapping(const Options& options);
Figure measure_simulation(const Options& options);
Figure measure_simulation_in_memory(const Options& options);
Figure measure_start(const Options& options);
Figure measure_idle(const Options& options);

double median(std::vector<double> values);
/// The value below which `share` (0 to 1) of them lie; sorts them.
double quantile(std::vector<double>& values, double share);
std::string read_file(const std::string& path);  ///< throws std::runtime_error

}  // namespace masar::bench
