#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/guarded.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/connector/connector.h"
#include "core/engine/calendar_change.h"
#include "core/engine/dispatcher.h"
#include "core/engine/intake.h"
#include "core/engine/journal.h"
#include "core/engine/lanes.h"
#include "core/engine/metrics.h"
#include "core/engine/pass_through.h"
#include "core/engine/pauses.h"
#include "core/engine/replies.h"
#include "core/engine/restore.h"
#include "core/engine/retention.h"
#include "core/engine/series.h"
#include "core/engine/snapshots.h"
#include "core/engine/stepped_clock.h"
#include "core/engine/timers.h"
#include "core/store/store.h"

namespace masar::engine {

/// One running hub: owns the engine's parts and their order of start and stop (ENGINE.md 25).
/// Store, executor, clocks and connectors are handed in and outlive it, so that the same hub runs
/// on threads and sockets or on one thread with manual clocks.
///
/// start() and stop() belong to one thread; the rest is for any, also while they run.
class Hub {
 public:
  struct Parts {
    std::shared_ptr<const Snapshot> snapshot;
    store::Store& store;
    Executor& executor;
    const BusinessClock& business;
    const SteadyClock& steady;
    SteppedClock* stepped = nullptr;  ///< the business clock, where it is stepped
    std::map<std::string, connector::Connector*, std::less<>> connectors;  ///< by name
    Log log;
    /// Lets others work while start() or stop() waits: sleeps a moment in production; runs executor
    /// and store where they have no threads.
    std::function<void()> idle;
    std::uint64_t seed = 0;
    /// Of random series; called from any thread.
    RandomSource random = [](std::size_t bytes) { return random_bytes(bytes); };
  };
  /// Throws Error(config, …) where a connector cannot take an endpoint or a listener.
  explicit Hub(const Parts& parts);
  ~Hub();

  /// Recovers, then listens. Throws Error(config, …) where a connector cannot listen, and
  /// "configuration-refused" with its findings where something open needs what the configuration
  /// no longer has.
  void start();
  /// Stops accepting, lets what is in flight finish, closes: 30 s in all. False: something was left
  /// for the next start.
  bool stop();
  static constexpr const char* kRecovering = "recovering";
  /// Empty: ready. Otherwise the reason why not.
  std::string not_ready() const;

  /// Whether anything moves: what the stepped clock waits for (ENGINE.md 9). Empty: nothing does.
  std::string in_flight() const;

  const Snapshot& snapshot() const { return *parts_.snapshot; }
  Snapshots& snapshots() { return snapshots_; }
  store::Store& store() { return parts_.store; }
  const BusinessClock& business() const { return parts_.business; }
  SteppedClock* stepped() { return parts_.stepped; }
  Journal& journal() { return journal_; }
  ReplyDesk& replies() { return replies_; }
  Executor& executor() { return parts_.executor; }
  Pauses& pauses() { return pauses_; }
  /// Tells connectors and dispatchers that pauses() says something else now. Any thread.
  void pauses_changed();
  Metrics& metrics() { return metrics_; }
  Timers& timers() { return timers_; }
  IntakeDesk& intake() { return intake_; }
  connector::Connector* connector(std::string_view name) const;
  const std::map<std::string, std::unique_ptr<Dispatcher>, std::less<>>& dispatchers() const {
    return dispatchers_;  // filled by the constructor
  }
  /// What the store knows of having been restored from a backup; of before start(): nothing.
  Restore restored() const {
    return restore_.with([](const Restore& restore) { return restore; });
  }
  /// Paused, and nothing of it being sent or without its answer (ENGINE.md 20).
  bool drained(const route::Route& route) const;
  /// Endpoint id → what keeps it from its partner now, as its connector says. Any thread.
  std::map<std::string, std::string> obstacles() const;

 private:
  void make_dispatchers();
  void load_settings();
  void open_snapshots(store::Transaction& begun);
  void tell_connectors();
  void recover_sending();
  void recover_sending(const Endpoint& endpoint);
  store::RowId apply_carefully(store::RowId after);
  void finish_restore();
  void commit_and_wait(store::Transaction transaction, SteadyClock::TimePoint until);
  void wait_until(const std::function<bool()>& done, SteadyClock::TimePoint until);
  SteadyClock::TimePoint soon() const;

  Parts parts_;
  Snapshots snapshots_;
  Metrics metrics_;
  Pauses pauses_;
  ReplyDesk replies_;
  Journal journal_;
  SeriesSource series_;
  Lanes lanes_;
  Timers timers_;
  Retention retention_;
  CalendarChange calendar_change_;
  PassThrough pass_through_;
  IntakeDesk intake_;
  std::map<std::string, std::unique_ptr<Dispatcher>, std::less<>> dispatchers_;
  Guarded<std::monostate> telling_;  ///< one by one, so that the last one told is what holds
  Guarded<Restore> restore_;         ///< written by start() only
  std::atomic<bool> running_{false};
  std::atomic<bool> draining_{false};
  bool clean_ = false;  ///< the last stop was an orderly one
};

}  // namespace masar::engine
