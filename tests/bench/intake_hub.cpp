#include "tests/bench/intake_hub.h"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "tests/bench/raw_relay.h"
#include "tests/bench/raw_store.h"

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kInFlight = 1000;  // as much as a link's credit in the other workloads

class NoOutbound final : public connector::Outbound {
 public:
  bool ready() const override { return false; }
  void send(connector::Attempt, Done done) override {
    done({connector::OutcomeKind::unavailable, "none", "there is no partner", {}, {}});
  }
};

}  // namespace

std::unique_ptr<connector::Outbound> Edge::add_outbound(const connector::EndpointSpec&,
                                                        connector::Intake&) {
  return std::make_unique<NoOutbound>();
}

IntakeHub::IntakeHub(const std::string& config, const std::string& path, Make make)
    : executor_({2, 1'000'000, "bench"}), make_(std::move(make)) {
  config::Diagnostics diagnostics;
  snapshot_ = engine::Snapshot::load(config, {}, diagnostics);
  if (!snapshot_) throw std::runtime_error(diagnostics.text());
  store::SqliteSettings settings;
  settings.path = path;
  store_ = store::open_sqlite_store(settings, clock_);
  hub_ = std::make_unique<engine::Hub>(engine::Hub::Parts{
      snapshot_, *store_, executor_, clock_, steady_, nullptr, {{"amqp", &edge_}, {"mfep", &edge_}},
      [](std::string_view, std::string_view) {},
      [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }, 1});
  executor_.start();
  hub_->start();
}

IntakeHub::~IntakeHub() {
  hub_->stop();
  executor_.stop();
}

IntakeHub::Result IntakeHub::run(double seconds) {
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  return measured([until] { return Clock::now() < until; });
}

IntakeHub::Result IntakeHub::run_messages(std::uint64_t count) {
  return measured([this, end = next_ + count] { return next_ < end; });
}

std::vector<double> IntakeHub::latencies() { return std::exchange(taken_, {}); }

IntakeHub::Result IntakeHub::measured(const std::function<bool()>& more) {
  const auto groups = clock_.groups();
  const auto first = next_;
  const double cpu = cpu_seconds();
  const auto begun = Clock::now();
  while (more()) send();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return in_flight_ == 0; });
  if (refused_ > 0) throw std::runtime_error("messages were not accepted");
  return {static_cast<double>(next_ - first),
          std::chrono::duration<double>(Clock::now() - begun).count(), cpu_seconds() - cpu,
          static_cast<double>(clock_.groups() - groups)};
}

void IntakeHub::send() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ < kInFlight; });
    ++in_flight_;
  }
  const auto begun = Clock::now();
  edge_.intake().take(make_(next_++), [this, begun](const auto& answer) {
    clock_.answered();
    const std::lock_guard lock(mutex_);
    taken_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
    if (answer[0].kind != connector::PartAnswer::Kind::accepted) ++refused_;
    // Woken in steps, as credit is given in steps.
    if (--in_flight_ == 0 || in_flight_ == kInFlight * 3 / 4) changed_.notify_one();
  });
}

Rate measure_raw_store(const std::string& model, std::uint64_t messages, const std::string& path,
                       std::size_t group, double seconds) {
  const SystemBusinessClock clock;
  store::SqliteSettings settings;
  settings.path = path;
  store::open_sqlite_store(settings, clock)->stop();
  RawStore raw(model, messages, path);
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

}  // namespace masar::bench
