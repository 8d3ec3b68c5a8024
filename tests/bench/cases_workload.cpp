// Whole cases, `expired-policy-paid`, with the shipped configuration in the hub's own process and
// all partners in this one.
#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "tests/bench/case_partners.h"
#include "tests/bench/partners.h"
#include "tests/bench/process.h"
#include "tests/bench/workload.h"
#include "tests/support/postgres_cluster.h"

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstCase{20'000};
constexpr std::chrono::milliseconds kLook{20};
constexpr double kCasesPerSecondMost = 400;  ///< signed for beforehand

/// Effects that wait to be sent. A hub that keeps up with its cases has only those under way.
double effects_waiting(const RunningHub& hub) {
  constexpr std::string_view kSays = "\nmasar_outbox_ready ";
  const std::string text = hub.metrics();
  const auto found = text.find(kSays);
  if (found == std::string::npos) throw std::runtime_error("/metrics does not count effects");
  return std::stod(text.substr(found + kSays.size()));
}

/// `store`: the settings of the hub that choose it. `server_cpu`: CPU-seconds of a database in
/// processes of its own.
Figure measure_cases_on(const std::map<std::string, std::string>& store, const Options& options,
                        const std::function<double()>& server_cpu = {}) {
  Figure figure;
  figure.unit = "cases per second";
  figure.goal = Goal::figure_at_least;
  CasePartners partners;
  std::map<std::string, std::string> settings{{"amqp-address", "127.0.0.1:0"},
                                              {"http-address", "127.0.0.1:0"},
                                              {"public-address", "127.0.0.1:0"},
                                              {"admin-address", "127.0.0.1:0"},
                                              {"traffic-url", partners.soap_url()},
                                              {"insurance-url", partners.soap_url()},
                                              {"sms-url", partners.sms_url()}};
  settings.insert(store.begin(), store.end());
  const double signatures = partners.sign_beforehand(
      static_cast<std::size_t>(options.seconds * options.rounds * kCasesPerSecondMost) +
      8 * options.cases);
  RunningHub hub(options, {options.sources + "/config", secrets(), settings});
  partners.start(hub.address("amqp"), hub.address("http"), options.cases);
  const auto run = [&](auto enough) {
    while (!enough()) {
      if (!partners.error().empty()) throw std::runtime_error(partners.error());
      if (!hub.process().running()) throw std::runtime_error("the hub ended: " + hub.log());
      std::this_thread::sleep_for(kLook);
    }
  };
  // Warm: every case of the first wave has ended once.
  const auto give_up = Clock::now() + kFirstCase;
  run([&] { return partners.ended() >= 2 * options.cases || Clock::now() > give_up; });
  if (partners.ended() == 0) throw std::runtime_error("no case came to its end: " + hub.log());

  (void)partners.take_latencies();
  const std::size_t before = partners.ended();
  const double cpu = hub.process().cpu_seconds();
  const double of_server = server_cpu ? server_cpu() : 0;
  const auto begun = Clock::now();
  const auto until = begun + std::chrono::duration<double>(options.seconds * options.rounds);
  run([&] { return Clock::now() >= until; });
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  const auto count = static_cast<double>(partners.ended() - before);
  const double used = hub.process().cpu_seconds() - cpu;
  const double waiting = effects_waiting(hub);
  auto latencies = partners.take_latencies();
  figure.figure = count / seconds;
  figure.p50_ms = quantile(latencies, 0.50);
  figure.p99_ms = quantile(latencies, 0.99);
  figure.cpu_seconds_per_thousand = used / count * 1000;
  figure.peak_rss_mb = hub.process().peak_rss_mb();
  figure.more = {{"cases", count},
                 {"under_way", static_cast<double>(options.cases)},
                 {"effects_waiting", waiting},
                 {"cpu_of_hub_percent", 100 * used / seconds},
                 {"rsa_signatures_per_cpu_second", signatures}};
  if (server_cpu) {
    figure.more.emplace_back("server_cpu_seconds_per_thousand",
                             (server_cpu() - of_server) / count * 1000);
  }
  return figure;
}

}  // namespace

Figure measure_cases(const Options& options) {
  Figure figure = measure_cases_on({}, options);
  figure.name = "whole-cases";
  figure.goal_value = 300;
  return figure;
}

Figure measure_cases_postgres(const Options& options) {
  PostgresCluster cluster;
  const std::string connection = cluster.new_schema();
  Figure figure = measure_cases_on(
      {{"store", "postgresql"}, {"store-connection", connection}}, options,
      [&cluster] { return cluster.cpu_seconds(); });
  figure.name = "whole-cases-postgresql";
  figure.goal_value = 150;
  return figure;
}

}  // namespace masar::bench
