#include "core/engine/dispatcher.h"

#include <algorithm>
#include <utility>

#include "core/base/crash_point.h"
#include "core/base/error.h"
#include "core/base/plant.h"
#include "core/connector/trace.h"
#include "core/engine/outcomes.h"

namespace masar::engine {
namespace {

constexpr std::size_t kRefill = 512;
constexpr int kStartsInARow = 256;
constexpr std::chrono::milliseconds kStoreAgain{500};  ///< after the store was away

}  // namespace

/// What pump() does next: attempt a row, or look again after a while.
struct Dispatcher::Pick {
  RowPtr row;
  std::optional<SteadyClock::TimePoint::duration> look_again;
};

Dispatcher::Dispatcher(const Parts& parts, const Endpoint& endpoint,
                       std::unique_ptr<connector::Outbound> outbound)
    : parts_(parts), endpoint_(endpoint), outbound_(std::move(outbound)) {
  state_.with([&](State& state) {
    state.random.seed(parts.seed);
    state.refilled = parts.steady.now();
    state.tokens = std::max(1.0, endpoint.delivery.rate_per_second);
  });
  outbound_->on_ready([this] { wake(); });
}

void Dispatcher::start() {
  state_.with([](State& state) { state.started = state.behind = true; });
  wake();
}

void Dispatcher::pause_changed() {
  state_.with([](State& state) { state.pause_changed = true; });
  wake();
}

void Dispatcher::take_in(State& state, store::OutboxRow row) {
  state.last = row.sequence;
  // Behind a row of a paused route; or read again with those that were put back.
  if (state.put_back.contains(row.case_key) || !state.held.insert(row.sequence).second) return;
  CaseQueue& queue = state.cases[row.case_key];
  const std::string key = row.case_key;
  auto kept = std::make_shared<store::OutboxRow>(std::move(row));
  if (planted("order-broken") && !queue.rows.empty()) {
    queue.rows.insert(queue.rows.begin() + 1, std::move(kept));
  } else {
    queue.rows.push_back(std::move(kept));
  }
  if (queue.rows.size() == 1 && !queue.busy) state.ready.push_back(key);
}

void Dispatcher::offer(store::OutboxRow row) {
  state_.with([&](State& state) {
    state.missed = true;
    if (!state.started || state.behind || row.sequence <= state.last) return;
    if (state.held.size() >= kHeldMax || state.put_back.size() >= kPutBackMax) {
      state.behind = true;
      return;
    }
    take_in(state, std::move(row));
  });
  wake();
}

void Dispatcher::wake() {
  const bool post = state_.with([](State& state) {
    state.again = true;
    if (state.pumping || !state.started) return false;
    return state.pumping = true;
  });
  if (post) parts_.executor.post([this] { pump(); });
}

// A case whose next row is of a paused route waits in the store, all of it: its rows leave in their
// order. Only pump() judges by the pauses, so that none is put back behind read_put_back().
void Dispatcher::put_back_paused(State& state) {
  while (!state.ready.empty()) {
    const auto found = state.cases.find(state.ready.front());
    if (!parts_.pauses.route(found->second.rows.front()->route)) return;
    const std::int64_t first = found->second.rows.front()->sequence;
    state.put_back_from = state.put_back.empty() ? first : std::min(state.put_back_from, first);
    for (const auto& row : found->second.rows) state.held.erase(row->sequence);
    state.put_back.insert(found->first);
    state.cases.erase(found);
    state.ready.pop_front();
  }
}

// From the first one on everything is read once more; what is held already is not taken in twice.
void Dispatcher::read_put_back(State& state) {
  if (state.put_back.empty()) return;
  state.put_back.clear();
  state.last = std::min(state.last, state.put_back_from - 1);
  state.behind = true;
}

void Dispatcher::pump() {
  state_.with([&](State& state) {
    state.again = false;
    if (std::exchange(state.pause_changed, false)) read_put_back(state);
  });
  for (int count = 0; count < kStartsInARow && !stopped_.load(); ++count) {
    auto next = pick(parts_.steady.now());
    if (!next) break;
    if (next->look_again) {
      look_again(*next->look_again);
      break;
    }
    attempt(next->row);
  }
  refill();
  const bool again = state_.with([&](State& state) {
    state.pumping = state.again && !stopped_.load();
    return state.pumping;
  });
  if (again) parts_.executor.post([this] { pump(); });
}

void Dispatcher::look_again(SteadyClock::TimePoint::duration after) {
  const bool arm = state_.with([](State& state) { return !std::exchange(state.looking, true); });
  if (!arm) return;
  parts_.executor.post_after(after, [this] {
    state_.with([](State& state) { state.looking = false; });
    wake();
  });
}

// In this order: pause, credit, breaker, concurrency, rate. Not-after is looked at last, in
// attempt().
std::optional<Dispatcher::Pick> Dispatcher::pick(SteadyClock::TimePoint now) {
  const bool closed = parts_.pauses.endpoint(endpoint_.spec.id) || !outbound_->ready();
  const DeliveryPolicy& policy = endpoint_.delivery;
  return state_.with([&](State& state) -> std::optional<Pick> {
    put_back_paused(state);
    if (closed || state.ready.empty()) return std::nullopt;
    if (now < state.open_until) return Pick{nullptr, state.open_until - now};
    const bool tries = state.open_until != SteadyClock::TimePoint{};
    if (tries && state.probe != 0)
      return std::nullopt;  // one attempt tries whether the partner is back
    if (state.under_way >= policy.concurrency) return std::nullopt;
    if (policy.rate_per_second > 0) {
      const double passed = std::chrono::duration<double>(now - state.refilled).count();
      state.tokens =
          std::min(policy.rate_per_second, state.tokens + passed * policy.rate_per_second);
      state.refilled = now;
      if (state.tokens < 1) {
        const std::chrono::duration<double> wait((1 - state.tokens) / policy.rate_per_second);
        return Pick{nullptr, std::chrono::duration_cast<SteadyClock::TimePoint::duration>(wait)};
      }
      state.tokens -= 1;
    }
    CaseQueue& queue = state.cases[state.ready.front()];
    state.ready.pop_front();
    queue.busy = queue.under_way = true;
    if (tries) state.probe = queue.rows.front()->sequence;
    ++state.sending;
    ++state.under_way;
    ++state.sending_of[queue.rows.front()->route];
    return Pick{queue.rows.front(), std::nullopt};
  });
}

void Dispatcher::refill() {
  const auto after = state_.with([](State& state) -> std::optional<std::int64_t> {
    if (!state.started || !state.behind || state.held.size() > kHeldMax / 2 ||
        state.put_back.size() >= kPutBackMax) {
      return std::nullopt;
    }
    state.missed = false;
    return state.last;
  });
  if (!after || stopped_.load()) return;
  try {
    const auto rows = parts_.store.waiting(endpoint_.spec.id, *after, kRefill);
    state_.with([&](State& state) {
      for (const auto& row : rows) {
        if (row.state == store::OutboxState::ready) {
          take_in(state, row);
        } else {
          state.last = row.sequence;
        }
      }
      state.behind = rows.size() == kRefill || state.missed;
      state.again = state.again || !rows.empty() || state.behind;
    });
  } catch (const std::exception&) {
    parts_.executor.post_after(std::chrono::milliseconds(200), [this] { wake(); });
  }
}

void Dispatcher::attempt(const RowPtr& row) {
  try {
    if (row->attempts > 0 && visit_over(*row)) return withdraw(row);
  } catch (const std::exception&) {
    return back_off(row, std::chrono::seconds(1));  // the store is away
  }
  if (row->not_after && *row->not_after <= parts_.business.now()) return expire(row);
  begin(row);
}

// The case expires it at its turn, as when the timer sends its due time in; the timer's own row may
// be gone, where it came while an attempt was under way.
void Dispatcher::expire(const RowPtr& row) {
  store::Transaction transaction;
  store::JournalRow event;
  event.case_key = row->case_key;
  event.partition = row->partition;
  event.kind = store::JournalKind::deadline;
  event.route = "not-after";
  event.name = row->id;
  event.snapshot = parts_.snapshots.current().hash;
  transaction.journal.push_back(std::move(event));
  parts_.journal.submit(std::move(transaction), [this, row](const store::Commit& commit) {
    if (commit.status == store::CommitStatus::failed) return back_off(row, std::chrono::seconds(1));
    release(*row, true);
  });
}

// A row whose route names an event is not attempted again once its visit is over (ENGINE.md 18).
bool Dispatcher::visit_over(const store::OutboxRow& row) const {
  const auto began = parts_.snapshots.find(row.snapshot);
  const auto* route = began->route(row.route);
  if (row.visit == 0 || !route || !route->names_event()) return false;
  const auto record = parts_.store.find_case(row.case_key);
  return record && record->row.visit != row.visit;
}

void Dispatcher::withdraw(const RowPtr& row) {
  store::Transaction transaction;
  auto update =
      store::update_of(*row, store::OutboxState::ready, store::OutboxState::withdrawn);
  update.code = "visit-over";
  transaction.outbox_updates.push_back(std::move(update));
  put_timers_cleared(*row, nullptr, transaction);
  transaction.audit.push_back(audit_of(*row, "withdrawn", "its visit is over"));
  // Its case withdraws the task that was asked about it.
  transaction.journal.push_back(outcome_event(*row, "withdrawn", parts_.snapshots.current().hash));
  parts_.journal.submit(std::move(transaction), [this, row](const store::Commit& commit) {
    if (commit.status == store::CommitStatus::failed) return back_off(row, std::chrono::seconds(1));
    release(*row, true);
  });
}

void Dispatcher::begin(const RowPtr& row) {
  store::Transaction transaction;
  auto update = store::update_of(*row, store::OutboxState::ready, store::OutboxState::sending);
  ++update.attempts;
  transaction.outbox_updates.push_back(std::move(update));
  parts_.journal.submit(std::move(transaction), [this, row](const store::Commit& commit) {
    // A conflict: the row is not ready any more (expired, withdrawn); failed: the store will be
    // tried again.
    if (commit.status == store::CommitStatus::conflict) return release(*row, true);
    if (commit.status == store::CommitStatus::failed) return back_off(row, std::chrono::seconds(1));
    ++row->attempts;
    // The clock went on until the commit, which is what not-after is looked at before.
    if (row->not_after && *row->not_after <= commit.stamp) return take_back(row, true);
    parts_.executor.post([this, row] { send(row); });  // off the store's writer
  });
}

void Dispatcher::send(const RowPtr& row) {
  connector::Attempt attempt;
  attempt.effect_id = row->id;
  attempt.number = row->attempts;
  attempt.operation = row->operation;
  attempt.headers = connector::read_headers(row->headers);
  connector::begin_span(attempt.headers, row->id + " " + std::to_string(row->attempts));
  attempt.body = row->body;
  attempt.written = true;
  attempt.not_after = row->not_after;
  crash_point("before-attempt");
  outbound_->send(std::move(attempt),
                  [this, row](connector::Outcome outcome) { finish(row, std::move(outcome)); });
}

// A reply that cannot be read or does not fit its schema: the partner acted, we do not know how
// (unknown).
void Dispatcher::check_reply(const Snapshot& began, const store::OutboxRow& row,
                             connector::Outcome& outcome) const {
  const auto* route = began.route(row.route);
  const bool wanted = route && static_cast<std::size_t>(row.step) < route->before.size();
  if (outcome.kind != connector::OutcomeKind::delivered || !wanted) return;
  try {
    Document document = began.reader->read(outcome.body);
    if (const auto* endpoint = began.endpoint(endpoint_.spec.id))
      (void)through_gate(*endpoint, std::move(document), outcome.body);
  } catch (const std::exception& thrown) {
    const Error error = typed_failure(thrown);
    outcome.kind = connector::OutcomeKind::unknown;
    outcome.code = error.code();
    outcome.text = std::string("the reply cannot be used: ") + error.what();
  }
}

void Dispatcher::finish(const RowPtr& row, connector::Outcome outcome) {
  crash_point("after-attempt");
  // Off the connector's thread: reading a reply and the store's queue are not its work.
  parts_.executor.post([this, row, outcome = std::move(outcome)]() mutable {
    if (!outcome.attempted) return take_back(row);
    judge(row, std::move(outcome));
  });
}

// By the route and the schema that the effect began with; the policy is the endpoint's of today.
void Dispatcher::judge(const RowPtr& row, connector::Outcome outcome) {
  auto began = parts_.snapshots.current_one();
  try {
    began = parts_.snapshots.find(row->snapshot);
  } catch (const Error& error) {
    // Where it cannot be had at all its case's turn says so; the outcome is kept all the same.
    if (error.kind() == ErrorKind::transient) {
      return parts_.executor.post_after(
          kStoreAgain, [this, row, outcome = std::move(outcome)] { judge(row, outcome); });
    }
  }
  check_reply(*began, *row, outcome);
  parts_.metrics.sent(endpoint_.spec.id, outcome_name(outcome.kind));
  count(*row, outcome);
  const bool again = tries_again(*row, outcome.kind, outcome.code, endpoint_.delivery,
                                 began->route(row->route));
  store_outcome(began, row, outcome, again);
}

// Nothing was tried (the receiver's credit was used up meanwhile, or it was too late): not an
// attempt.
void Dispatcher::take_back(const RowPtr& row, bool expired) {
  store::Transaction transaction;
  auto update = store::update_of(*row, store::OutboxState::sending, store::OutboxState::ready);
  --update.attempts;
  transaction.outbox_updates.push_back(std::move(update));
  parts_.journal.submit(std::move(transaction), [this, row, expired](const store::Commit& commit) {
    if (commit.status == store::CommitStatus::failed) {
      return parts_.executor.post_after(kStoreAgain,
                                        [this, row, expired] { take_back(row, expired); });
    }
    --row->attempts;
    if (expired && commit.status == store::CommitStatus::committed) return expire(row);
    release(*row, commit.status == store::CommitStatus::conflict);
  });
}

void Dispatcher::store_outcome(const std::shared_ptr<const Snapshot>& began, const RowPtr& row,
                               const connector::Outcome& outcome, bool again) {
  const auto* route = began->route(row->route);
  const bool asks = begins_inquiry(outcome, again, route);
  auto transaction =
      outcome_transaction(*row, outcome, again, route, parts_.snapshots.current().hash);
  parts_.journal.submit(
      std::move(transaction),
      [this, began, row, outcome, again, asks](const store::Commit& commit) {
        if (commit.status == store::CommitStatus::failed) {
          // What the partner did must not be forgotten while the store is away: try until it is
          // back.
          return parts_.executor.post_after(kStoreAgain, [this, began, row, outcome, again] {
            store_outcome(began, row, outcome, again);
          });
        }
        if (again && commit.status == store::CommitStatus::committed)
          return back_off(row, outcome.retry_after);
        if (asks && commit.status == store::CommitStatus::committed) return await_verdict(*row);
        release(*row, true);
      });
}

// Before the row that begins the inquiry has its turn: settled() comes later.
void Dispatcher::await_verdict(const store::OutboxRow& row) {
  state_.with([&](State& state) {
    --state.sending;
    end_probe(state, row.sequence);
    state.asked.insert(row.id);
  });
  wake();
}

void Dispatcher::hold(store::OutboxRow row) {
  state_.with([&](State& state) {
    state.held.insert(row.sequence);
    state.asked.insert(row.id);
    ++state.sending_of[row.route];
    CaseQueue& queue = state.cases[row.case_key];
    queue.busy = true;
    queue.rows.push_back(std::make_shared<store::OutboxRow>(std::move(row)));
  });
}

void Dispatcher::settled(const store::OutboxRow& row) {
  const bool held = state_.with([&](State& state) {
    if (state.asked.erase(row.id) == 0) return false;  // not read from the store yet
    ++state.sending;                                   // as while an outcome is dealt with
    return true;
  });
  if (!held) return;
  if (row.state != store::OutboxState::ready) return release(row, true);
  back_off(std::make_shared<store::OutboxRow>(row), std::nullopt);
}

// The partner is done with the row: another one may begin while the store writes the outcome.
void Dispatcher::count(const store::OutboxRow& row, const connector::Outcome& outcome) {
  const bool failed = outcome.kind == connector::OutcomeKind::unavailable ||
                      outcome.kind == connector::OutcomeKind::unknown;
  const bool others_wait = state_.with([&](State& state) {
    end_attempt(state, row);
    move_breaker(state, row.sequence, failed);
    return !state.ready.empty();
  });
  if (others_wait) wake();
}

// While the breaker is open or half open only the row that tries decides: what older attempts
// still bring says nothing about the partner as it is by now.
void Dispatcher::move_breaker(State& state, std::int64_t sequence, bool failed) const {
  const DeliveryPolicy& policy = endpoint_.delivery;
  const bool tries = state.probe == sequence;
  if (state.open_until != SteadyClock::TimePoint{} && !tries) return;
  state.failures = failed ? state.failures + 1 : 0;
  const bool open = policy.breaker_failures > 0 && failed &&
                    (tries || state.failures >= policy.breaker_failures);
  state.open_until =
      open ? parts_.steady.now() + policy.breaker_open : SteadyClock::TimePoint{};
  end_probe(state, sequence);
}

void Dispatcher::end_probe(State& state, std::int64_t sequence) {
  if (state.probe == sequence) state.probe = 0;
}

void Dispatcher::back_off(const RowPtr& row, std::optional<std::chrono::seconds> at_least) {
  const DeliveryPolicy& policy = endpoint_.delivery;
  const auto wait = state_.with([&](State& state) {
    double ms = static_cast<double>(policy.first.count());
    for (int n = 1; n < row->attempts && ms < static_cast<double>(policy.max.count()); ++n)
      ms *= policy.factor;
    ms = std::min(ms, static_cast<double>(policy.max.count()));
    std::uniform_real_distribution<double> spread(1.0 - policy.jitter_percent / 100.0,
                                                  1.0 + policy.jitter_percent / 100.0);
    ++state.backing_off;
    end_sending(state, *row);
    auto& rows = state.cases[row->case_key].rows;
    if (!rows.empty()) rows.front() = row;
    return std::chrono::milliseconds(static_cast<std::int64_t>(ms * spread(state.random)));
  });
  // What the partner asks for is honoured, up to the longest interval that its endpoint allows.
  const auto asked = at_least ? std::min<std::chrono::milliseconds>(*at_least, policy.max)
                              : std::chrono::milliseconds(0);
  const auto chosen = std::max(wait, asked);
  parts_.executor.post_after(chosen, [this, row] {
    state_.with([&](State& state) {
      --state.backing_off;
      state.cases[row->case_key].busy = false;
      state.ready.push_back(row->case_key);
    });
    wake();
  });
  wake();
}

void Dispatcher::end_attempt(State& state, const store::OutboxRow& row) {
  const auto found = state.cases.find(row.case_key);
  if (found != state.cases.end() && std::exchange(found->second.under_way, false))
    --state.under_way;
}

void Dispatcher::end_sending(State& state, const store::OutboxRow& row) {
  --state.sending;
  end_attempt(state, row);
  end_probe(state, row.sequence);
  const auto of_route = state.sending_of.find(row.route);
  if (--of_route->second == 0) state.sending_of.erase(of_route);
}

void Dispatcher::release(const store::OutboxRow& row, bool drop_head) {
  state_.with([&](State& state) {
    end_sending(state, row);
    const auto found = state.cases.find(row.case_key);
    if (found == state.cases.end()) return;
    CaseQueue& queue = found->second;
    queue.busy = false;
    if (drop_head && !queue.rows.empty()) {
      state.held.erase(queue.rows.front()->sequence);
      queue.rows.erase(queue.rows.begin());
    }
    if (queue.rows.empty()) {
      state.cases.erase(found);
    } else {
      state.ready.push_back(row.case_key);
    }
  });
  wake();
}

std::size_t Dispatcher::sending_of(std::string_view route) const {
  return state_.with([&](State& state) {
    const auto found = state.sending_of.find(route);
    return found == state.sending_of.end() ? 0 : found->second;
  });
}

std::size_t Dispatcher::in_flight() const {
  const bool paused = parts_.pauses.endpoint(endpoint_.spec.id);
  const auto now = parts_.steady.now();
  return state_.with([&](State& state) {
    const bool held = paused || now < state.open_until;
    return static_cast<std::size_t>(state.sending) +
           (held ? 0 : state.ready.size() + (state.behind ? 1 : 0));
  });
}

Dispatcher::Status Dispatcher::status() const {
  const auto now = parts_.steady.now();
  Status status = state_.with([&](State& state) {
    const bool open = now < state.open_until;
    const bool half = !open && state.open_until != SteadyClock::TimePoint{};
    Status seen;
    seen.breaker = open ? "open" : half ? "half-open" : "closed";
    seen.waiting = state.held.size();
    seen.sending = static_cast<std::size_t>(state.sending);
    seen.under_way = static_cast<std::size_t>(state.under_way);
    seen.asked_about = state.asked.size();
    return seen;
  });
  status.concurrency = static_cast<std::size_t>(endpoint_.delivery.concurrency);
  status.ready = outbound_->ready();
  return status;
}

}  // namespace masar::engine
