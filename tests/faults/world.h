#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/connector/connector.h"
#include "tests/faults/host_clock.h"
#include "tests/faults/plan.h"
#include "tests/faults/random.h"
#include "tests/support/engine_stage.h"
#include "tests/support/memory_disk.h"
#include "tests/support/memory_store.h"

namespace masar::faults {

/// What was promised and not kept. Oracles as GUARANTEES.md names them, and Q: an inquiry that does
/// not agree with its case.
struct Breach {
  char oracle;
  std::string text;
};

/// A message on its way to the hub, sent again until it is answered for good.
struct Sending {
  connector::Received message;
  Duration patience;  ///< without an answer for so long: sent again
  /// The answer that ends it: accepted, replied or refused.
  std::function<void(const connector::IntakeAnswer&)> settled;
  /// Before each further try: may change the message. May be empty.
  std::function<void(connector::Received&)> again;
  std::function<void()> handed_in;  ///< at each try, before the hub sees it; may be empty
  Duration wait{};                  ///< before the next try, while the hub is away
};

/// Time, the machine that the hub runs on, and the lines to it: one run of the whole engine with
/// whatever the seed makes go wrong. Everything happens on the caller's thread, in an order that
/// the seed alone decides.
class World {
 public:
  /// `disk`: SQLite's, `memory`: a store without one; neither: SQLite's files in `folder`.
  World(const Plan& plan, std::shared_ptr<const engine::Snapshot> snapshot,
        testing::MemoryDisk* disk, testing::MemoryMachine* memory, std::string folder);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Instant now() const { return stage_.now(); }
  /// What the hub goes by, and what it showed.
  const HostClock& clock() const { return clock_; }
  void at(Instant when, std::function<void()> what);
  void in(Duration wait, std::function<void()> what) { at(now() + wait, std::move(what)); }
  /// Whether a fault strikes here; drawn also where it is switched off, so that the rest stays as
  /// it is.
  bool strikes(Fault fault, int per_mille);
  Random& random() { return lines_; }
  const Plan& plan() const { return plan_; }

  /// Attempts of the hub to endpoints of that partner go there.
  using Serve = std::function<void(const std::string& endpoint, connector::Attempt,
                                   connector::Outbound::Done)>;
  void serve(const std::string& endpoint, Serve with) { partners_[endpoint] = std::move(with); }
  /// A partner's part of an exchange over a request and its answer, with every fault that a network
  /// and a program may have: `act` is what the partner does when the request reaches it.
  void exchange(connector::Outbound::Done done, Duration time_limit,
                std::function<connector::Outcome()> act);
  /// The same over a queue, which keeps its order: a message arrives or does not.
  void queue(connector::Outbound::Done done, Duration time_limit,
             std::function<void()> arrive);

  void send(Sending sending);
  /// The two at the same instant: neither is committed when the other one comes.
  void send_both(Sending one, Sending other);
  void report(const std::string& effect, const std::string& state);
  bool hub_up() const { return stage_.running() && !stage_.dead(); }
  testing::Stage& hub() { return stage_; }

  void say(std::string_view line);  ///< to the trace
  void breach(char oracle, std::string text);
  const std::vector<Breach>& breaches() const { return breaches_; }
  std::uint64_t trace() const { return trace_; }

  /// Runs until `over` says so or that time comes. Looked at whenever the hub has nothing to do.
  void run(const std::function<bool()>& over, Instant until);
  /// Orderly stops, and partners that go away for a while, within that time.
  void plan_absences(Instant until);
  /// Jumps of the hub's clock within that time.
  void plan_jumps(Instant until);
  void calm() { calm_ = true; }  ///< no further faults
  bool is_calm() const { return calm_; }

  struct Counts {
    std::uint64_t crashes = 0, stops = 0, attempts = 0, messages = 0;
    std::uint64_t struck[static_cast<int>(Fault::count)] = {};
    Counts& operator+=(const Counts& more);
  };
  const Counts& counts() const { return counts_; }

 private:
  std::unique_ptr<store::Store> open_store(const BusinessClock& clock);
  void attempt(const std::string& endpoint, connector::Attempt attempt,
               connector::Outbound::Done done);
  void hand_in(const std::shared_ptr<Sending>& sending);
  void next_event();
  void work();
  bool stalls();
  void pass_time(Instant until);
  bool waits_on_the_hub();
  void plan_crash();
  void never_crash();
  void cut(testing::MemoryDisk::Keeps keeps);
  void after_crash();
  void go_away(const std::string& endpoint);
  void stop_and_start();
  void start();

  Plan plan_;
  testing::MemoryDisk* disk_;
  testing::MemoryMachine* memory_;
  std::string folder_;
  Random lines_;    ///< what happens on the way and at partners
  Random machine_;  ///< what happens to the hub's machine
  Random jumps_;    ///< and to its clock
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t events_made_ = 0;
  std::map<std::string, Serve> partners_;
  std::map<std::string, Instant> away_until_;
  std::vector<Breach> breaches_;
  std::uint64_t trace_ = 0xcbf29ce484222325u;
  Counts counts_;
  bool calm_ = false;
  bool begun_ = false;
  std::int64_t steps_to_crash_ = -1;
  Instant stalled_until_{};
  HostClock clock_{[this] { return now(); }};
  testing::Stage stage_;
};

}  // namespace masar::faults
