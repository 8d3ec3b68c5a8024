#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/manual.h"
#include "core/connector/connector.h"
#include "core/engine/hub.h"
#include "core/engine/operations.h"
#include "core/engine/stepped_clock.h"
#include "core/store/sqlite_store.h"
#include "tests/support/order_config.h"

namespace masar::testing {

/// One attempt that a hub made, in the order of all attempts of the stage.
struct Sent {
  std::string endpoint;
  connector::Attempt attempt;
  Instant at{};  ///< business time
};

/// A line of a hub's log.
struct Logged {
  std::string text;
  LogIds ids;
};

/// What became of one message that the test handed in.
struct Exchange {
  std::vector<connector::IntakeAnswer>
      answers;  ///< one, once it is answered; two would be an error

  bool answered() const { return !answers.empty(); }
  /// "accepted", "replied <body>", "refused code" or "later code" a part, joined by ", "; "open"
  /// before.
  std::string text() const;
};
using ExchangePtr = std::shared_ptr<Exchange>;

class StubConnector;

/// A stage with more of its own than an order's configuration and a store in a temporary folder.
struct StageParts {
  std::shared_ptr<const engine::Snapshot> snapshot;
  /// Opens the store of a new life. What a crash leaves of it is its owner's affair.
  std::function<std::unique_ptr<store::Store>(const BusinessClock&)> open_store;
  /// Gets each attempt in place of the stage, which then keeps none: `done` may be called at any
  /// time, also in a later life, where it does nothing.
  std::function<void(const std::string& endpoint, connector::Attempt, connector::Outbound::Done)>
      send;
  std::uint64_t seed = 1;
  /// The business clock of store and hub; null: the stage's own, which a hub may step.
  const BusinessClock* clock = nullptr;
};

/// A whole hub on the caller's one thread: the real engine over the real SQLite store, manual
/// clocks, and a scripted connector in place of every protocol. What one test or simulation does
/// with it happens in the same order each time.
///
/// Nothing moves but inside run(), wait(), and what is documented to call them. Not for several
/// threads.
class Stage {
 public:
  static constexpr const char* kStart = "2026-01-04T05:00:00Z";  ///< Sunday, 8:00 in Amman

  explicit Stage(const ConfigText& config = order_config(), std::uint64_t seed = 1);
  /// Nothing runs yet: start() begins the first life.
  explicit Stage(StageParts parts);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // The machine.
  /// Runs executor and store until nothing moves.
  void run();
  /// Runs the executor only, then the store only: to stop between a decision and its commit.
  std::size_t run_executor() { return executor_->run_all(); }
  std::size_t run_store() { return store_->run_writer(); }
  /// The next piece of the executor's work that is due; false where there is none.
  bool step() { return executor_->run_one(); }
  bool idle() const { return executor_->idle(); }
  /// When the executor's next timer is due, from now on.
  std::optional<std::chrono::steady_clock::duration> next_timer() const;
  /// Both clocks move, and nothing runs.
  void pass(Duration by);
  /// Steady time passes, business time stands still; then everything runs.
  void wait(std::chrono::steady_clock::duration by);
  /// The same while the store commits nothing.
  void wait_uncommitted(std::chrono::steady_clock::duration by) { executor_->advance(by); }
  /// Business time moves to `at` (`2026-01-04T06:00:00Z`), and the timers look; then everything
  /// runs.
  void clock(std::string_view at);
  void advance(Duration by);
  /// Business time moves and nobody is told.
  void set_clock(Instant at) { business_.move_to(at); }
  Instant now() const { return business_.now(); }
  SteadyClock::TimePoint steady_now() const { return steady_.now(); }
  /// The process dies here: what is not committed is gone, attempts under way have no end.
  void crash();
  /// From now on nothing leaves the process: no attempt, no answer. crash() ends it.
  void die() { *alive_ = false; }
  bool dead() const { return alive_ && !*alive_; }
  bool running() const { return hub_ != nullptr; }
  /// Stops in order. Says whether everything was finished.
  bool stop();
  /// Deletes what the store keeps of configurations, as a program from before it did left it; only
  /// after crash() or stop().
  void forget_snapshots();
  /// Opens the store anew, with a new hub; only after crash() or stop().
  void start();
  /// The same with another configuration; throws std::runtime_error where it is wrong, Error where
  /// the hub refuses it.
  void start(const ConfigText& config);
  void restart() { stop(), start(); }
  void restart(const ConfigText& config) { stop(), start(config); }

  // Partners.
  /// A message comes in; nothing has run yet.
  ExchangePtr hand_in(const std::string& endpoint, const std::string& body,
                      const std::string& id = {}, const std::string& sender = {});
  /// The same; `answer` is told unless the process dies before.
  void hand_in(connector::Received received, connector::Intake::Answer answer);
  void hand_in_report(const std::string& effect_id, const std::string& state,
                      std::function<void(bool)> answer);
  /// The same, and everything runs.
  ExchangePtr say(const std::string& endpoint, const std::string& body, const std::string& id = {},
                  const std::string& sender = {});
  /// A delivery report; true: taken.
  bool report(const std::string& effect_id, const std::string& state);
  /// Attempts to `endpoint` that wait for their outcome.
  std::size_t pending(const std::string& endpoint) const;
  const connector::Attempt& next(const std::string& endpoint) const;
  /// The oldest pending attempt ends; nothing has run yet.
  void hand_back(const std::string& endpoint, connector::Outcome outcome);
  /// The same, and everything runs.
  void answer(const std::string& endpoint, connector::Outcome outcome);
  void delivered(const std::string& endpoint, const std::string& body = {});
  void fails(const std::string& endpoint, connector::OutcomeKind kind, const std::string& code);
  /// The newest pending attempt ends, and everything runs.
  void fails_last(const std::string& endpoint, connector::OutcomeKind kind,
                  const std::string& code);
  void set_ready(const std::string& endpoint, bool ready);
  bool accepting(const std::string& endpoint) const;  ///< not paused at its connector
  /// All attempts ever made to `endpoint`, over crashes, too.
  std::vector<Sent> sent(const std::string& endpoint) const;

  // What can be seen.
  engine::Hub& hub() { return *hub_; }
  store::Store& store() { return *store_; }
  /// The state of a case; empty where there is none.
  std::string state(const std::string& key);
  std::string data(const std::string& key, const std::string& name);
  store::CaseRow row(const std::string& key);
  std::vector<store::OutboxRow> outbox(const std::string& key);
  /// Rows of one effect's name.
  std::vector<store::OutboxRow> outbox(const std::string& key, const std::string& effect);
  std::vector<store::TaskRow> tasks(const std::string& key,
                                    store::TaskState state = store::TaskState::open);
  std::vector<store::AuditRow> timeline(const std::string& key);
  /// How many timeline rows of that kind (and name).
  int audited(const std::string& key, const std::string& kind, const std::string& name = {});
  std::vector<store::DeadLetterRow> letters();
  /// What all hubs of the stage logged.
  const std::vector<Logged>& logged() const { return logged_; }
  std::int64_t count(const std::string& what);
  /// The value of a counter with this label; 0 where it has not counted.
  double metric(const std::string& family, const std::string& label, const std::string& value);
  /// Begins an act of an operator; `done` is told unless the process dies before.
  void operate(const std::function<void(engine::Operations&, engine::Operations::Done)>& begin,
               const engine::Operations::Done& done);
  /// An act of an operator, to its end.
  template <typename Act>
  engine::ActResult act(Act&& begin) {
    std::optional<engine::ActResult> result;
    begin(operations_ref(), [&result](engine::ActResult given) { result = std::move(given); });
    run();
    return result.value_or(engine::ActResult{0, "no-answer", {}});
  }

 private:
  friend class StubConnector;
  struct Door {  ///< one outbound endpoint, over all hubs
    bool ready = true;
    std::function<void()> notify;
    std::deque<std::pair<connector::Attempt, connector::Outbound::Done>> pending;
  };
  engine::Operations& operations_ref();
  void close();
  std::string folder() const;
  std::string seeded_bytes(std::size_t bytes);

  std::string root_;
  int life_ = 0;  ///< crashes so far: each has a folder of its own
  StageParts parts_;
  engine::SteppedClock business_;
  std::uint64_t random_state_ = 0;
  ManualSteadyClock steady_;
  std::map<std::string, Door> doors_;
  std::map<std::string, bool> paused_;
  std::vector<Sent> sent_;
  std::vector<Logged> logged_;
  connector::Intake* intake_ = nullptr;
  std::shared_ptr<bool> alive_;  ///< of this life: a dead process answers nobody
  // Of one life; in the order in which they are made.
  std::unique_ptr<ManualExecutor> executor_;
  std::vector<std::unique_ptr<StubConnector>> connectors_;
  std::unique_ptr<engine::Hub> hub_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Operations> operations_;
};

}  // namespace masar::testing
