#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/guarded.h"
#include "core/connector/connector.h"
#include "core/engine/journal.h"
#include "core/engine/metrics.h"
#include "core/engine/pauses.h"
#include "core/engine/snapshots.h"

namespace masar::engine {

/// Drains the outbox to one outbound endpoint (ENGINE.md 16, 18): effects of one case in their
/// order, other cases beside them; breaker, concurrency, rate, not-after, the commit that marks the
/// row "sending", the attempt, and one commit for its outcome. A row whose unknown outcome is asked
/// about takes no place of other attempts, and holds its case's next rows back until the verdict.
///
/// Entities: the queues (by case, each with at most one row under way), the endpoint's connector,
/// the store's writer. offer() comes from its answers' thread; outcomes from the connector's;
/// pump() runs on the executor, once at a time. All state is in one Guarded; nothing is called
/// while it is held. Rows of a paused route, and of the same cases behind them, go back to the
/// store: they take no place of others and are read again once the route is resumed. Limits: at
/// most `kHeldMax` rows in memory; the rest is read from the store as the queues drain. Of at most
/// `kPutBackMax` cases with a row of a paused route the key is kept; beyond that the endpoint reads
/// no further.
class Dispatcher {
 public:
  struct Parts {
    Snapshots& snapshots;
    store::Store& store;
    Journal& journal;
    Executor& executor;
    const BusinessClock& business;
    const SteadyClock& steady;
    Pauses& pauses;
    Metrics& metrics;
    std::uint64_t seed = 0;  ///< of the jitter
  };
  static constexpr std::size_t kHeldMax = 4096;
  static constexpr std::size_t kPutBackMax = 100'000;

  Dispatcher(const Parts& parts, const Endpoint& endpoint,
             std::unique_ptr<connector::Outbound> outbound);

  /// A committed, ready row. In the order of the commits.
  void offer(store::OutboxRow row);
  /// A row of before that is asked about still. Only before start().
  void hold(store::OutboxRow row);
  /// Reads on in the store from the beginning; once, at start.
  void start();
  /// The inquiry about a row has its verdict, and this is the row as committed: ready again, or at
  /// its end.
  void settled(const store::OutboxRow& row);
  /// The endpoint or a route was paused or resumed.
  void pause_changed();
  /// No further attempts begin; those under way finish.
  void stop() { stopped_.store(true); }
  /// Attempts under way, and rows whose attempt could begin now (waiting for credit counts;
  /// back-off, an open breaker and a pause do not).
  std::size_t in_flight() const;
  /// Rows of this route that are being sent, whose outcome is being stored, or that are asked
  /// about.
  std::size_t sending_of(std::string_view route) const;
  connector::Outbound& outbound() { return *outbound_; }

  struct Status {
    std::string breaker;      ///< closed, open, half-open
    std::size_t waiting = 0;  ///< rows in memory
    std::size_t sending = 0;  ///< from their choice until their outcome is stored
    std::size_t under_way = 0;    ///< of those, until their outcome has come
    std::size_t concurrency = 0;  ///< how many of those there may be
    std::size_t asked_about = 0;  ///< rows whose inquiry has no verdict yet
    bool ready = false;           ///< whether an attempt could begin
  };
  Status status() const;

 private:
  using RowPtr = std::shared_ptr<store::OutboxRow>;
  struct CaseQueue {
    std::vector<RowPtr> rows;
    bool busy = false;  ///< its head is under way or in back-off, and not ours to change
    bool under_way = false;  ///< its head counts as one of State::under_way
  };
  struct State {
    std::unordered_map<std::string, CaseQueue> cases;
    std::deque<std::string> ready;          ///< cases whose head may be attempted, each once
    std::unordered_set<std::int64_t> held;  ///< sequences of the rows in `cases`
    std::size_t backing_off = 0;
    int sending = 0;    ///< rows from their choice until their outcome is stored
    int under_way = 0;  ///< those of them whose outcome has not come: what `concurrency` bounds
    std::unordered_set<std::string> asked;  ///< ids of the heads that are asked about
    std::map<std::string, std::size_t, std::less<>> sending_of;  ///< by route
    std::unordered_set<std::string> put_back;  ///< cases whose rows wait in the store for a route
    std::int64_t put_back_from = 0;            ///< lowest sequence of those rows
    bool pause_changed = false;                ///< since pump() last looked
    std::int64_t last = 0;                     ///< highest sequence taken in
    bool started = false;                      ///< until then rows stay in the store
    bool behind = false;                       ///< rows beyond `last` are in the store only
    bool missed = false;                       ///< one came since the store was last read
    bool pumping = false;
    bool again = false;
    bool looking = false;                 ///< a look after the breaker or the rate is due
    int failures = 0;                     ///< in a row
    SteadyClock::TimePoint open_until{};  ///< of the breaker
    std::int64_t probe = 0;  ///< sequence of the row that tries; 0: the breaker is not half open
    double tokens = 0;
    SteadyClock::TimePoint refilled{};
    std::mt19937_64 random;
  };
  struct Pick;

  void wake();
  void pump();
  void refill();
  void look_again(SteadyClock::TimePoint::duration after);
  void take_in(State& state, store::OutboxRow row);
  void put_back_paused(State& state);
  void read_put_back(State& state);
  static void end_attempt(State& state, const store::OutboxRow& row);
  static void end_sending(State& state, const store::OutboxRow& row);
  std::optional<Pick> pick(SteadyClock::TimePoint now);
  void attempt(const RowPtr& row);
  void begin(const RowPtr& row);
  void send(const RowPtr& row);
  void finish(const RowPtr& row, connector::Outcome outcome);
  void take_back(const RowPtr& row, bool expired = false);
  void check_reply(const Snapshot& began, const store::OutboxRow& row,
                   connector::Outcome& outcome) const;
  void judge(const RowPtr& row, connector::Outcome outcome);
  void store_outcome(const std::shared_ptr<const Snapshot>& began, const RowPtr& row,
                     const connector::Outcome& outcome, bool again);
  void await_verdict(const store::OutboxRow& row);
  bool visit_over(const store::OutboxRow& row) const;
  void withdraw(const RowPtr& row);
  void expire(const RowPtr& row);
  void count(const store::OutboxRow& row, const connector::Outcome& outcome);
  void move_breaker(State& state, std::int64_t sequence, bool failed) const;
  static void end_probe(State& state, std::int64_t sequence);
  void back_off(const RowPtr& row, std::optional<std::chrono::seconds> at_least);
  void release(const store::OutboxRow& row, bool drop_head);

  Parts parts_;
  const Endpoint& endpoint_;
  mutable Guarded<State> state_;
  std::atomic<bool> stopped_{false};
  std::unique_ptr<connector::Outbound> outbound_;  ///< last: it may call back until it is gone
};

}  // namespace masar::engine
