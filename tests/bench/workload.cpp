#include "tests/bench/workload.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace masar::bench {

std::optional<double> Figure::ratio() const {
  if (!ceiling || *ceiling <= 0) return std::nullopt;
  return figure / *ceiling;
}

namespace {

bool holds(Goal goal, double goal_value, double figure, double ratio) {
  switch (goal) {
    case Goal::none:
      return true;
    case Goal::ratio_at_least:
      return ratio >= goal_value;
    case Goal::figure_at_least:
      return figure >= goal_value;
    case Goal::figure_below:
      return figure < goal_value;
  }
  return false;
}

}  // namespace

bool Figure::Side::reached() const { return holds(goal, goal_value, figure, 0); }

bool Figure::reached() const {
  return error.empty() && holds(goal, goal_value, figure, ratio().value_or(0));
}

bool Figure::all_reached() const {
  return reached() &&
         std::all_of(sides.begin(), sides.end(), [](const Side& side) { return side.reached(); });
}

double median(std::vector<double> values) { return quantile(values, 0.5); }

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto place = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(place, values.size() - 1)];
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace masar::bench
