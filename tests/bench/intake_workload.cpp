// Durable intake, from a connector's take() to answer(accepted), beside a raw SQLite writer of the
// same rows in groups of the same size. The engine is the hub's, with its store, its executor and
// synchronous=FULL; only the connector is missing, for the store is what is compared.
#include <algorithm>
#include <cstdio>

#include "tests/bench/intake_hub.h"
#include "tests/bench/process.h"
#include "tests/bench/workload.h"

namespace masar::bench {
namespace {

constexpr const char* kInstallation = "/tests/bench/installation/config";
constexpr const char* kOrder = "/tests/bench/installation/order.xml";
constexpr std::string_view kNumber = "ORD-2026-000123";

class OrderMaker {
 public:
  explicit OrderMaker(const Options& options) : order_(read_file(options.sources + kOrder)) {}

  connector::Received operator()(std::uint64_t at) const {
    char number[24];
    std::snprintf(number, sizeof number, "ORD-%011llu", static_cast<unsigned long long>(at));
    connector::Received received;
    received.endpoint = "orders-in";
    received.sender = "sender";
    char id[24];
    std::snprintf(id, sizeof id, "m-%010llu", static_cast<unsigned long long>(at));
    received.message_id = id;
    received.headers = {{"content-type", "application/xml"}};
    received.body = order_;
    received.body.replace(received.body.find(kNumber), kNumber.size(), number, kNumber.size());
    return received;
  }

 private:
  std::string order_;
};

}  // namespace

Figure measure_intake(const Options& options) {
  Figure figure;
  figure.name = "durable-intake";
  figure.unit = "messages per CPU-second";
  figure.ceiling_is = "raw SQLite writer: same rows, indexes, group sizes";
  figure.goal = Goal::ratio_at_least;
  figure.goal_value = 0.40;
  forget_peak_rss();
  std::vector<double> ours, raw, ours_per_second, raw_per_second, groups;
  std::vector<double> taken;
  for (int at = 0; at < options.rounds; ++at) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/masar.db";
    double messages = 0;
    {
      IntakeHub hub(options.sources + kInstallation, path, OrderMaker(options));
      messages = hub.run(options.seconds / 10).count;
      hub.latencies();
      const auto result = hub.run(options.seconds);
      messages += result.count;
      ours.push_back(result.count / result.cpu);
      ours_per_second.push_back(result.count / result.seconds);
      groups.push_back(result.count / std::max(result.groups, 1.0));
      const auto latencies = hub.latencies();
      taken.insert(taken.end(), latencies.begin(), latencies.end());
    }
    const auto group = static_cast<std::size_t>(std::max(groups.back(), 1.0));
    const Rate rate = measure_raw_store(path, static_cast<std::uint64_t>(messages),
                                        folder.path() + "/raw.db", group, options.seconds);
    raw.push_back(rate.per_cpu_second);
    raw_per_second.push_back(rate.per_second);
  }
  figure.figure = median(ours);
  figure.ceiling = median(raw);
  figure.p50_ms = quantile(taken, 0.50);
  figure.p99_ms = quantile(taken, 0.99);
  figure.cpu_seconds_per_thousand = 1000 / figure.figure;
  figure.peak_rss_mb = peak_rss_mb();
  figure.more = {{"messages_per_second", median(ours_per_second)},
                 {"ratio_per_second", median(ours_per_second) / median(raw_per_second)},
                 {"ceiling_messages_per_second", median(raw_per_second)},
                 {"group", median(groups)}};
  return figure;
}

}  // namespace masar::bench
