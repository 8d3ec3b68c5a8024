// AMQP → AMQP through the hub's own process, as it is and with a mapping, beside the raw relay.
#include <algorithm>

#include "tests/bench/amqp_load.h"
#include "tests/bench/process.h"
#include "tests/bench/workload.h"

namespace masar::bench {
namespace {

constexpr std::uint64_t kWarmUp = 20'000;
constexpr std::uint64_t kInFlight = 1000;

/// What one process did with one load.
struct Round {
  double per_cpu_second = 0;
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

class Side {
 public:
  Side(Process& process, LoadSettings load, double seconds)
      : process_(process), load_(std::move(load)) {
    load_.in_flight = kInFlight;
    load_.messages = kWarmUp;
    const LoadResult first = run();
    const double rate = static_cast<double>(kWarmUp) / first.seconds;
    load_.messages = std::max(kWarmUp, static_cast<std::uint64_t>(seconds * rate));
  }

  Round round() {
    const double before = process_.cpu_seconds();
    const LoadResult result = run();
    const double cpu = std::max(process_.cpu_seconds() - before, 0.001);
    const auto count = static_cast<double>(result.accepted);
    return {count / cpu, count / result.seconds, result.p50_ms, result.p99_ms};
  }

 private:
  LoadResult run() {
    LoadResult result = run_load(load_, "r" + std::to_string(++runs_));
    if (result.error.empty() && result.refused > 0) result.error = "messages were refused";
    if (!result.error.empty()) throw std::runtime_error(result.error);
    return result;
  }

  Process& process_;
  LoadSettings load_;
  int runs_ = 0;
};

double median_of(const std::vector<Round>& rounds, double Round::*member) {
  std::vector<double> values;
  for (const Round& round : rounds) values.push_back(round.*member);
  return median(std::move(values));
}

Figure measure_relay(const Options& options, const std::string& name, const std::string& address,
                     const std::vector<std::string>& bodies, double goal) {
  Figure figure;
  figure.name = name;
  figure.unit = "messages per CPU-second";
  figure.ceiling_is = "raw relay of encoded bytes on Proton's C engine";
  figure.goal = Goal::ratio_at_least;
  figure.goal_value = goal;

  const TemporaryFolder folder;
  Process relay({options.self, "--relay"}, folder.path() + "/relay.log");
  LoadSettings raw;
  raw.address = relay.line();
  raw.bodies = bodies;
  RunningHub hub(options, bench_installation(options));
  LoadSettings through;
  through.address = hub.address("amqp");
  through.in = address + ".in";
  through.out = address + ".out";
  through.user = "sender";
  through.password = "sender-password";
  through.out_user = "receiver";
  through.out_password = "receiver-password";
  through.bodies = bodies;

  Side ceiling(relay, raw, options.seconds);
  Side measured(hub.process(), through, options.seconds);
  std::vector<Round> of_ceiling;
  std::vector<Round> of_hub;
  for (int at = 0; at < options.rounds; ++at) {
    of_ceiling.push_back(ceiling.round());
    of_hub.push_back(measured.round());
  }
  figure.figure = median_of(of_hub, &Round::per_cpu_second);
  figure.ceiling = median_of(of_ceiling, &Round::per_cpu_second);
  figure.p50_ms = median_of(of_hub, &Round::p50_ms);
  figure.p99_ms = median_of(of_hub, &Round::p99_ms);
  figure.cpu_seconds_per_thousand = 1000 / figure.figure;
  figure.peak_rss_mb = hub.process().peak_rss_mb();
  figure.more = {{"messages_per_second", median_of(of_hub, &Round::per_second)},
                 {"ceiling_messages_per_second", median_of(of_ceiling, &Round::per_second)}};
  return figure;
}

}  // namespace

Figure measure_pass_through(const Options& options) {
  return measure_relay(options, "pass-through", "relay", {}, 0.65);
}

Figure measure_mapped(const Options& options) {
  return measure_relay(options, "pass-through-mapped", "map",
                       {read_file(options.sources + "/tests/bench/installation/order.xml")}, 0.15);
}

}  // namespace masar::bench
