// Durable intake, from a connector's take() to answer(accepted), beside a raw SQLite writer of the
// same rows in groups of the same size. The engine is the hub's, with its store, its executor and
// synchronous=FULL; only the connector is missing, for the store is what is compared.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "core/base/thread_executor.h"
#include "core/engine/hub.h"
#include "core/store/sqlite_store.h"
#include "tests/bench/process.h"
#include "tests/bench/raw_relay.h"
#include "tests/bench/raw_store.h"
#include "tests/bench/workload.h"

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kInFlight = 1000;  // as much as a link's credit in the other workloads
constexpr std::string_view kNumber = "ORD-2026-000123";

/// The clock that the store stamps with. The writer reads it once a transaction and answers after
/// the commit: the first reading after an answer begins a group.
class GroupCounter final : public BusinessClock {
 public:
  Instant now() const override {
    if (std::this_thread::get_id() == writer_.load() && answered_.exchange(false)) ++groups_;
    return system_.now();
  }
  void answered() {
    writer_.store(std::this_thread::get_id());
    answered_.store(true);
  }
  std::uint64_t groups() const { return groups_.load(); }

 private:
  SystemBusinessClock system_;
  mutable std::atomic<std::thread::id> writer_{};
  mutable std::atomic<bool> answered_{false};
  mutable std::atomic<std::uint64_t> groups_{0};
};

class NoOutbound final : public connector::Outbound {
 public:
  bool ready() const override { return false; }
  void send(connector::Attempt, Done done) override {
    done({connector::OutcomeKind::unavailable, "none", "there is no partner", {}, {}});
  }
};

/// In the place of the AMQP connector: hands the engine's Intake to the workload.
class Edge final : public connector::Connector {
 public:
  std::string_view name() const override { return "amqp"; }
  void check(const connector::EndpointSpec&, config::Diagnostics&) const override {}
  void add_inbound(const connector::EndpointSpec&, connector::Intake& intake) override {
    intake_ = &intake;
  }
  std::unique_ptr<connector::Outbound> add_outbound(const connector::EndpointSpec&,
                                                    connector::Intake&) override {
    return std::make_unique<NoOutbound>();
  }
  void start() override {}
  void pause(const std::string&, bool) override {}
  void stop_accepting() override {}
  void stop() override {}
  std::map<std::string, std::string> addresses() const override { return {}; }
  connector::Intake& intake() { return *intake_; }

 private:
  connector::Intake* intake_ = nullptr;
};

class IntakeHub {
 public:
  IntakeHub(const Options& options, const std::string& path)
      : executor_({2, 1'000'000, "bench"}), order_(read_file(options.sources + kOrder)) {
    config::Diagnostics diagnostics;
    snapshot_ = engine::Snapshot::load(options.sources + "/tests/bench/installation/config", {},
                                       diagnostics);
    if (!snapshot_) throw std::runtime_error(diagnostics.text());
    store::SqliteSettings settings;
    settings.path = path;
    store_ = store::open_sqlite_store(settings, clock_);
    hub_ = std::make_unique<engine::Hub>(engine::Hub::Parts{
        snapshot_, *store_, executor_, clock_, steady_, nullptr, {{"amqp", &edge_}},
        [](std::string_view, std::string_view) {},
        [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }, 1});
    executor_.start();
    hub_->start();
  }
  ~IntakeHub() {
    hub_->stop();
    executor_.stop();
  }
  IntakeHub(const IntakeHub&) = delete;
  IntakeHub& operator=(const IntakeHub&) = delete;

  struct Result {
    double count = 0;
    double seconds = 0;
    double cpu = 0;
    double groups = 0;
  };
  Result run(double seconds) {
    const auto groups = clock_.groups();
    const auto first = next_;
    const double cpu = cpu_seconds();
    const auto begun = Clock::now();
    const auto until = begun + std::chrono::duration<double>(seconds);
    while (Clock::now() < until) send();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ == 0; });
    if (refused_ > 0) throw std::runtime_error("messages were not accepted");
    return {static_cast<double>(next_ - first),
            std::chrono::duration<double>(Clock::now() - begun).count(), cpu_seconds() - cpu,
            static_cast<double>(clock_.groups() - groups)};
  }
  std::vector<double> latencies() { return std::exchange(taken_, {}); }

 private:
  static constexpr const char* kOrder = "/tests/bench/installation/order.xml";

  void send() {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return in_flight_ < kInFlight; });
      ++in_flight_;
    }
    char number[24];
    std::snprintf(number, sizeof number, "ORD-%011llu", static_cast<unsigned long long>(next_));
    connector::Received received;
    received.endpoint = "orders-in";
    received.sender = "sender";
    char id[24];
    std::snprintf(id, sizeof id, "m-%010llu", static_cast<unsigned long long>(next_++));
    received.message_id = id;
    received.headers = {{"content-type", "application/xml"}};
    received.body = order_;
    received.body.replace(received.body.find(kNumber), kNumber.size(), number, kNumber.size());
    edge_.intake().take(std::move(received), [this, begun = Clock::now()](const auto& answer) {
      clock_.answered();
      const std::lock_guard lock(mutex_);
      taken_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
      if (answer[0].kind != connector::PartAnswer::Kind::accepted) ++refused_;
      // Woken in steps, as credit is given in steps.
      if (--in_flight_ == 0 || in_flight_ == kInFlight * 3 / 4) changed_.notify_one();
    });
  }

  GroupCounter clock_;
  SystemSteadyClock steady_;
  ThreadExecutor executor_;
  Edge edge_;
  std::shared_ptr<const engine::Snapshot> snapshot_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Hub> hub_;
  const std::string order_;
  std::uint64_t next_ = 1;
  std::mutex mutex_;
  std::condition_variable changed_;
  int in_flight_ = 0;
  int refused_ = 0;
  std::vector<double> taken_;
};

struct Rate {
  double per_cpu_second = 0;
  double per_second = 0;
};

Rate write_raw(const std::string& model, const std::string& path, std::size_t group,
               double seconds) {
  const SystemBusinessClock clock;
  store::SqliteSettings settings;
  settings.path = path;
  store::open_sqlite_store(settings, clock)->stop();
  RawStore raw(model, path);
  const double cpu = cpu_seconds();
  const auto begun = Clock::now();
  const auto until = begun + std::chrono::duration<double>(seconds);
  double count = 0;
  while (Clock::now() < until) {
    raw.write_group(group);
    count += static_cast<double>(group);
  }
  return {count / (cpu_seconds() - cpu),
          count / std::chrono::duration<double>(Clock::now() - begun).count()};
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
  std::vector<double> ours, raw, ours_per_second, raw_per_second, groups;
  std::vector<double> taken;
  for (int at = 0; at < options.rounds; ++at) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/masar.db";
    {
      IntakeHub hub(options, path);
      (void)hub.run(options.seconds / 10);
      hub.latencies().clear();
      const auto result = hub.run(options.seconds);
      ours.push_back(result.count / result.cpu);
      ours_per_second.push_back(result.count / result.seconds);
      groups.push_back(result.count / std::max(result.groups, 1.0));
      const auto latencies = hub.latencies();
      taken.insert(taken.end(), latencies.begin(), latencies.end());
    }
    const auto group = static_cast<std::size_t>(std::max(groups.back(), 1.0));
    const Rate rate = write_raw(path, folder.path() + "/raw.db", group, options.seconds);
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
