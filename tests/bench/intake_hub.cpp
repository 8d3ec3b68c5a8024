#include "tests/bench/intake_hub.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "core/base/thread_executor.h"
#include "core/engine/hub.h"
#include "core/store/group_settings.h"
#include "tests/bench/raw_relay.h"

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kInFlight = 1000;  // as much as a link's credit in the other workloads

std::int64_t groups_of(store::Store& store) { return store.counts().at("groups_committed"); }

class NoOutbound final : public connector::Outbound {
 public:
  bool ready() const override { return false; }
  void send(connector::Attempt, Done done) override {
    done({connector::OutcomeKind::unavailable, "none", "there is no partner", {}, {}});
  }
};

/// In the place of the connectors: hands the engine's Intake to the workload.
class Edge final : public connector::Connector {
 public:
  std::string_view name() const override { return "edge"; }
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

}  // namespace

struct IntakeHub::State {
  State(const std::string& config, const Open& open, Make make)
      : executor_({2, 1'000'000, "bench"}), make_(std::move(make)) {
    config::Diagnostics diagnostics;
    snapshot_ = engine::Snapshot::load(config, {}, diagnostics);
    if (!snapshot_) throw std::runtime_error(diagnostics.text());
    store_ = open(clock_);
    hub_ = std::make_unique<engine::Hub>(engine::Hub::Parts{
        snapshot_, *store_, executor_, clock_, steady_, nullptr,
        {{"amqp", &edge_}, {"mfep", &edge_}},
        {},
        [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }, 1});
    executor_.start();
    hub_->start();
  }
  ~State() {
    hub_->stop();
    executor_.stop();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result measured(const std::function<bool()>& more) {
    const auto groups = groups_of(*store_);
    const auto first = next_;
    const double cpu = cpu_seconds();
    const auto begun = Clock::now();
    while (more()) send();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ == 0; });
    if (refused_ > 0) throw std::runtime_error("messages were not accepted");
    const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    const double used = cpu_seconds() - cpu;
    return {static_cast<double>(next_ - first), seconds, used,
            static_cast<double>(groups_of(*store_) - groups)};
  }

  void send() {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return in_flight_ < kInFlight; });
      ++in_flight_;
    }
    const auto begun = Clock::now();
    edge_.intake().take(make_(next_++), [this, begun](const auto& answer) {
      const std::lock_guard lock(mutex_);
      taken_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
      if (answer[0].kind != connector::PartAnswer::Kind::accepted) ++refused_;
      // Woken in steps, as credit is given in steps.
      if (--in_flight_ == 0 || in_flight_ == kInFlight * 3 / 4) changed_.notify_one();
    });
  }

  SystemBusinessClock clock_;
  SystemSteadyClock steady_;
  ThreadExecutor executor_;
  Edge edge_;
  std::shared_ptr<const engine::Snapshot> snapshot_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Hub> hub_;
  const Make make_;
  std::uint64_t next_ = 1;
  std::mutex mutex_;
  std::condition_variable changed_;
  int in_flight_ = 0;
  int refused_ = 0;
  std::vector<double> taken_;
};

IntakeHub::IntakeHub(const std::string& config, const Open& open, Make make)
    : state_(std::make_unique<State>(config, open, std::move(make))) {}
IntakeHub::~IntakeHub() = default;
IntakeHub::Result IntakeHub::run(double seconds) {
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  return state_->measured([until] { return Clock::now() < until; });
}
IntakeHub::Result IntakeHub::run_messages(std::uint64_t count) {
  return state_->measured([this, end = state_->next_ + count] { return state_->next_ < end; });
}
std::vector<double> IntakeHub::latencies() { return std::exchange(state_->taken_, {}); }

IntakeHub::Result write_groups(RawWriter& raw, std::size_t group, double seconds) {
  const double cpu = cpu_seconds();
  const auto begun = Clock::now();
  const auto until = begun + std::chrono::duration<double>(seconds);
  IntakeHub::Result result;
  for (; Clock::now() < until; ++result.groups) raw.write_group(group);
  result.count = result.groups * static_cast<double>(group);
  result.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  result.cpu = cpu_seconds() - cpu;
  return result;
}

IntakeRounds measure_rounds(const Options& options, const std::string& config,
                            const IntakeHub::Make& make,
                            const std::function<IntakePlace(int round)>& place) {
  IntakeRounds rounds;
  for (int at = 0; at < options.rounds; ++at) {
    const IntakePlace here = place(at);
    const auto server_cpu = [&] { return here.server_cpu ? here.server_cpu() : 0; };
    double messages = 0;
    {
      IntakeHub hub(config, here.open, make);
      messages = hub.run(options.seconds / 10).count;
      (void)hub.latencies();
      const double server = server_cpu();
      const auto result = hub.run(options.seconds);
      messages += result.count;
      rounds.server_cpu.push_back((server_cpu() - server) / result.count * 1000);
      rounds.per_cpu.push_back(result.count / result.cpu);
      rounds.per_second.push_back(result.count / result.seconds);
      rounds.group.push_back(std::max(result.count / std::max(result.groups, 1.0), 1.0));
      const auto latencies = hub.latencies();
      rounds.latencies.insert(rounds.latencies.end(), latencies.begin(), latencies.end());
    }
    const auto raw = here.raw(static_cast<std::uint64_t>(messages));
    const double server = server_cpu();
    const auto written = write_groups(*raw, static_cast<std::size_t>(rounds.group.back()),
                                      options.seconds);
    rounds.raw_server_cpu.push_back((server_cpu() - server) / written.count * 1000);
    rounds.raw_per_cpu.push_back(written.count / written.cpu);
    rounds.raw_per_second.push_back(written.count / written.seconds);
    const auto full = write_groups(*raw, store::GroupSettings{}.group_max, options.seconds / 2);
    rounds.full_per_second.push_back(full.count / full.seconds);
  }
  return rounds;
}

}  // namespace masar::bench
