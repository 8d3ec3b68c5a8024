#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/thread_executor.h"
#include "core/engine/hub.h"
#include "core/store/sqlite_store.h"

namespace masar::bench {

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

/// In the place of the connectors: hands the engine's Intake to the workload.
class Edge final : public connector::Connector {
 public:
  std::string_view name() const override { return "edge"; }
  void check(const connector::EndpointSpec&, config::Diagnostics&) const override {}
  void add_inbound(const connector::EndpointSpec&, connector::Intake& intake) override {
    intake_ = &intake;
  }
  std::unique_ptr<connector::Outbound> add_outbound(const connector::EndpointSpec&,
                                                    connector::Intake&) override;
  void start() override {}
  void pause(const std::string&, bool) override {}
  void stop_accepting() override {}
  void stop() override {}
  std::map<std::string, std::string> addresses() const override { return {}; }
  connector::Intake& intake() { return *intake_; }

 private:
  connector::Intake* intake_ = nullptr;
};

/// The engine with its SQLite store, synchronous=FULL, and no connector: what a workload makes goes
/// to Intake from the calling thread, at most 1,000 at once. Throws std::runtime_error.
class IntakeHub {
 public:
  /// The message of that number.
  using Make = std::function<connector::Received(std::uint64_t number)>;
  /// `config`: a folder whose endpoints are those of connectors amqp and mfep. `path`: the store.
  IntakeHub(const std::string& config, const std::string& path, Make make);
  ~IntakeHub();
  IntakeHub(const IntakeHub&) = delete;
  IntakeHub& operator=(const IntakeHub&) = delete;

  struct Result {
    double count = 0;
    double seconds = 0;
    double cpu = 0;
    double groups = 0;
  };
  Result run(double seconds);
  /// The next `count` messages, however long it takes.
  Result run_messages(std::uint64_t count);
  /// In milliseconds, of what was answered since the last call.
  std::vector<double> latencies();

 private:
  Result measured(const std::function<bool()>& more);
  void send();

  GroupCounter clock_;
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

struct Rate {
  double per_cpu_second = 0;
  double per_second = 0;
};
/// The ceiling of the store: RawStore with the rows of `model`, which holds those of so many
/// `messages`, in a new store at `path`.
Rate measure_raw_store(const std::string& model, std::uint64_t messages, const std::string& path,
                       std::size_t group, double seconds);

}  // namespace masar::bench
