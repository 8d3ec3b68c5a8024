// Durable intake, from a connector's take() to answer(accepted), beside a raw writer of the same
// rows in groups of the same size: on SQLite with synchronous=FULL, and on a PostgreSQL server of
// the benchmark's own with fsync and synchronous_commit on.
#include <cstdio>

#include "core/store/postgres_store.h"
#include "tests/bench/intake_hub.h"
#include "tests/bench/process.h"
#include "tests/bench/raw_postgres.h"
#include "tests/bench/raw_store.h"
#include "tests/bench/workload.h"
#include "tests/support/postgres_cluster.h"

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

IntakeRounds measure_orders(const Options& options,
                            const std::function<IntakePlace(int round)>& place) {
  return measure_rounds(options, options.sources + kInstallation, OrderMaker(options), place);
}

std::unique_ptr<store::Store> open_postgres(const std::string& connection,
                                            const BusinessClock& clock) {
  store::PostgresSettings settings;
  settings.connection = connection;
  return store::open_postgres_store(settings, clock);
}

/// Both sides' rows, in files of one folder.
IntakePlace place_in(const std::string& folder) {
  const std::string path = folder + "/masar.db";
  return {[path](const BusinessClock& clock) { return open_sqlite(path, clock); },
          [path, copy = folder + "/raw.db"](std::uint64_t messages) {
            open_sqlite(copy, SystemBusinessClock())->stop();
            return std::make_unique<RawStore>(path, messages, copy);
          },
          {}};
}

/// Both sides' rows, in schemas of one server.
IntakePlace place_in(PostgresCluster& cluster) {
  const std::string model = cluster.new_schema();
  return {[model](const BusinessClock& clock) { return open_postgres(model, clock); },
          [model, copy = cluster.new_schema()](std::uint64_t) {
            open_postgres(copy, SystemBusinessClock())->stop();
            return std::make_unique<RawPostgres>(model, copy);
          },
          [&cluster] { return cluster.cpu_seconds(); }};
}

void fill(Figure& figure, IntakeRounds& rounds) {
  figure.p50_ms = quantile(rounds.latencies, 0.50);
  figure.p99_ms = quantile(rounds.latencies, 0.99);
  figure.cpu_seconds_per_thousand = 1000 / median(rounds.per_cpu);
  figure.peak_rss_mb = peak_rss_mb();
  figure.more = {{"group", median(rounds.group)},
                 {"full_groups_ratio_per_second",
                  median(rounds.per_second) / median(rounds.full_per_second)}};
}

using Numbers = std::vector<std::pair<std::string, double>>;

void add(Figure& figure, const Numbers& numbers) {
  figure.more.insert(figure.more.end(), numbers.begin(), numbers.end());
}

}  // namespace

Figure measure_intake(const Options& options) {
  Figure figure;
  figure.name = "durable-intake";
  figure.unit = "messages per CPU-second";
  figure.ceiling_is = "raw SQLite writer: same rows, indexes, group sizes";
  figure.goal = Goal::ratio_at_least;
  figure.goal_value = 0.40;
  forget_peak_rss();
  std::unique_ptr<TemporaryFolder> folder;
  auto rounds = measure_orders(options, [&](int) {
    folder = std::make_unique<TemporaryFolder>();
    return place_in(folder->path());
  });
  figure.figure = median(rounds.per_cpu);
  figure.ceiling = median(rounds.raw_per_cpu);
  fill(figure, rounds);
  add(figure, {{"messages_per_second", median(rounds.per_second)},
               {"ratio_per_second", median(rounds.per_second) / median(rounds.raw_per_second)},
               {"ceiling_messages_per_second", median(rounds.raw_per_second)}});
  return figure;
}

Figure measure_intake_postgres(const Options& options) {
  Figure figure;
  figure.name = "durable-intake-postgresql";
  figure.unit = "messages per second";
  figure.ceiling_is = "raw libpq writer by unnest: same rows, indexes, group sizes";
  figure.goal = Goal::ratio_at_least;
  figure.goal_value = 0.45;
  forget_peak_rss();
  PostgresCluster cluster;
  auto rounds = measure_orders(options, [&](int) { return place_in(cluster); });
  figure.figure = median(rounds.per_second);
  figure.ceiling = median(rounds.raw_per_second);
  fill(figure, rounds);
  add(figure, {{"server_cpu_seconds_per_thousand", median(rounds.server_cpu)},
               {"ceiling_cpu_seconds_per_thousand", 1000 / median(rounds.raw_per_cpu)},
               {"ceiling_server_cpu_seconds_per_thousand", median(rounds.raw_server_cpu)}});
  return figure;
}

}  // namespace masar::bench
