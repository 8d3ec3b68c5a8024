#include "core/engine/hub.h"

#include <algorithm>
#include <future>
#include <vector>

#include "core/base/crash_point.h"
#include "core/base/error.h"
#include "core/engine/outcomes.h"
#include "core/engine/removals.h"

namespace masar::engine {
namespace {

constexpr std::size_t kCarefulMax = 1000;  ///< rows applied one by one after an unclean stop
/// ENGINE.md 25: all of a stop.
constexpr std::chrono::milliseconds kStop{30'000};
/// Of it, what is kept for committing what is decided, and for saying so.
constexpr std::chrono::milliseconds kClosing{3'000};
constexpr std::chrono::milliseconds kTurn{30'000};  ///< for one row that is applied by itself
constexpr std::chrono::milliseconds kCommitWait{60'000};
constexpr const char* kCleanSetting = "clean";
constexpr const char* kClockSetting = "clock";

}  // namespace

Hub::Hub(const Parts& parts)
    : parts_(parts),
      snapshots_(parts.snapshot, parts.store),
      pauses_(*parts.snapshot),
      journal_(parts.store),
      series_(parts.snapshot->hub.series, parts.store, parts.random),
      lanes_({snapshots_, parts.store, series_, journal_, replies_, parts.executor, metrics_,
              parts.log,
              [this](const store::OutboxRow& effect) {
                const auto found = dispatchers_.find(effect.endpoint);
                if (found != dispatchers_.end()) found->second->settled(effect);
              },
              parts.snapshot->hub.lane_bytes_max, parts.snapshot->hub.cases_cached}),
      timers_(parts.store, journal_, parts.executor, parts.business, parts.snapshot->hash),
      retention_(
          {snapshots_, parts.store, journal_, parts.executor, parts.business, metrics_}),
      calendar_change_(
          {*parts.snapshot, parts.store, journal_, parts.executor, parts.business}),
      pass_through_(*parts.snapshot->reader, pauses_, metrics_),
      intake_({*parts.snapshot, parts.store, journal_, lanes_, replies_, pauses_, parts.executor,
               parts.business, parts.steady, metrics_, parts.log,
               [this](const route::Route& route, connector::Received received,
                      connector::Intake::Answer answer) {
                 pass_through_.forward(route, std::move(received), std::move(answer));
               }}) {
  journal_.set_hooks({[this](store::JournalRow row, Document document) {
                        lanes_.push(std::move(row), std::move(document));
                      },
                      [this](store::OutboxRow row) {
                        const auto found = dispatchers_.find(row.endpoint);
                        if (found != dispatchers_.end()) found->second->offer(std::move(row));
                      },
                      [this](const store::TimerRow& timer) { timers_.changed(timer); }});
  make_dispatchers();
}

Hub::~Hub() = default;

connector::Connector* Hub::connector(std::string_view name) const {
  const auto found = parts_.connectors.find(name);
  return found == parts_.connectors.end() ? nullptr : found->second;
}

void Hub::make_dispatchers() {
  for (const auto* listener : parts_.snapshot->hub.listeners) {
    auto* connector = this->connector(listener->value("connector"));
    if (connector) connector->add_listener(*listener);
  }
  for (const auto* connection : parts_.snapshot->hub.connections) {
    auto* connector = this->connector(connection->value("connector"));
    if (connector) connector->add_connection(*connection);
  }
  for (const auto& [id, endpoint] : parts_.snapshot->endpoints) {
    auto* connector = this->connector(endpoint->connector);
    if (!connector)
      throw Error(ErrorKind::config, "unknown-connector",
                  "there is no connector " + endpoint->connector);
    if (endpoint->spec.inbound) {
      connector->add_inbound(endpoint->spec, intake_);
      continue;
    }
    auto outbound = connector->add_outbound(endpoint->spec, intake_);
    pass_through_.add(id, *outbound);
    dispatchers_[id] = std::make_unique<Dispatcher>(
        Dispatcher::Parts{snapshots_, parts_.store, journal_, parts_.executor, parts_.business,
                          parts_.steady, pauses_, metrics_, parts_.seed + dispatchers_.size()},
        *endpoint, std::move(outbound));
  }
}

void Hub::load_settings() {
  const auto settings = parts_.store.settings();
  for (const auto& [name, value] : settings) {
    if (name.starts_with(kEndpointPause))
      pauses_.set_endpoint(name.substr(kEndpointPause.size()), true);
    if (name.starts_with(kRoutePause)) pauses_.set_route(name.substr(kRoutePause.size()), true);
    if (name == kClockSetting && parts_.stepped) {
      if (const auto at = parse_instant(value)) parts_.stepped->move_to(*at);
    }
  }
  restore_.with([&](Restore& restore) { restore = Restore::read(settings); });
  const auto clean = settings.find(kCleanSetting);
  clean_ = settings.empty() || (clean != settings.end() && clean->second == "1");
}

void Hub::tell_connectors() {
  telling_.with([this](auto&) {
    for (const auto& [id, endpoint] : parts_.snapshot->endpoints) {
      if (endpoint->spec.inbound) connector(endpoint->connector)->pause(id, pauses_.closed(id));
    }
  });
}

void Hub::pauses_changed() {
  tell_connectors();
  for (const auto& [id, dispatcher] : dispatchers_) dispatcher->pause_changed();
}

std::map<std::string, std::string> Hub::obstacles() const {
  std::map<std::string, std::string> all;
  for (const auto& [name, connector] : parts_.connectors) all.merge(connector->obstacles());
  return all;
}

bool Hub::drained(const route::Route& route) const {
  std::size_t moving = intake_.open().of_route(route.id);
  for (const auto& [id, dispatcher] : dispatchers_) moving += dispatcher->sending_of(route.id);
  return pauses_.route(route.id) && moving == 0;
}

SteadyClock::TimePoint Hub::soon() const { return parts_.steady.now() + kCommitWait; }

void Hub::wait_until(const std::function<bool()>& done, SteadyClock::TimePoint until) {
  while (!done() && parts_.steady.now() < until) parts_.idle();
}

void Hub::commit_and_wait(store::Transaction transaction, SteadyClock::TimePoint until) {
  enum { waiting, committed, refused };
  auto outcome = std::make_shared<std::atomic<int>>(waiting);
  journal_.submit(std::move(transaction), [outcome](const store::Commit& commit) {
    outcome->store(commit.status == store::CommitStatus::committed ? committed : refused);
  });
  wait_until([&] { return outcome->load() != waiting; }, until);
  if (outcome->load() != committed)
    throw Error(ErrorKind::transient, "store", "the store does not commit");
}

void Hub::recover_sending() {
  for (const auto& [id, dispatcher] : dispatchers_) recover_sending(*parts_.snapshot->endpoint(id));
}

// A hub that died between "sending" and the outcome: unknown, asked about where its route has an
// inquiry, or ready again where the endpoint is idempotent. What is asked about stays so. In a
// restored store what was ready is unknown, too: the hub before may have sent it since.
void Hub::recover_sending(const Endpoint& endpoint) {
  const std::int64_t of_before = restored().effects;
  Dispatcher& dispatcher = *dispatchers_.at(endpoint.spec.id);
  for (std::int64_t after = 0;;) {
    auto rows = parts_.store.waiting(endpoint.spec.id, after, 500);
    store::Transaction all;
    std::vector<store::OutboxRow> asked;
    for (auto& row : rows) {
      after = row.sequence;
      const bool restored = row.sequence <= of_before;
      if (is_asked_about(row)) {
        asked.push_back(row);
        continue;
      }
      if (row.state != store::OutboxState::sending &&
          (endpoint.delivery.idempotent || !restored)) {
        continue;
      }
      const auto began = snapshots_.find(row.snapshot);
      const connector::Outcome lost{
          connector::OutcomeKind::unknown,
          restored ? "restored" : "interrupted",
          restored ? "the store was restored from a backup: it may have been sent since"
                   : "the hub stopped before the outcome was known",
          {},
          {}};
      if (row.state == store::OutboxState::ready) ++row.attempts;  // the one that may have been
      const auto* route = began->route(row.route);
      auto one = outcome_transaction(row, lost, endpoint.delivery.idempotent, route,
                                     parts_.snapshot->hash);
      one.outbox_updates.front().from = {row.state};
      if (begins_inquiry(lost, endpoint.delivery.idempotent, route)) asked.push_back(row);
      std::move(one.outbox_updates.begin(), one.outbox_updates.end(),
                std::back_inserter(all.outbox_updates));
      std::move(one.journal.begin(), one.journal.end(), std::back_inserter(all.journal));
      std::move(one.audit.begin(), one.audit.end(), std::back_inserter(all.audit));
      std::move(one.timers_cleared.begin(), one.timers_cleared.end(),
                std::back_inserter(all.timers_cleared));
    }
    if (!all.outbox_updates.empty()) commit_and_wait(std::move(all), soon());
    for (auto& row : asked) dispatcher.hold(std::move(row));
    if (rows.size() < 500) break;
  }
}

// An event that kills the process must not do so for ever: each attempt is counted before it is
// made. Returns the last row that it looked at; 0: there was none.
store::RowId Hub::apply_carefully(store::RowId after) {
  const auto rows = parts_.store.undone(after, kCarefulMax);
  for (auto row : rows) {
    after = row.id;
    store::Transaction counted;
    counted.attempts_counted.push_back(row.id);
    commit_and_wait(std::move(counted), soon());
    ++row.attempts;
    if (row.case_key.empty()) continue;
    lanes_.push_alone(std::move(row));
    const auto done = [this] { return lanes_.waiting() == 0 && journal_.in_flight() == 0; };
    wait_until(done, parts_.steady.now() + kTurn);
    if (!done())
      throw Error(ErrorKind::transient, "recovery",
                  "an event left by an unclean stop does not end");
  }
  if (!rows.empty())
    parts_.log("info",
               "applied " + std::to_string(rows.size()) + " events left by an unclean stop");
  return rows.empty() ? 0 : after;
}

// What the journal of a backup holds was applied by the hub before, too: it is applied in full
// before the new epoch begins, so that its effects have the ids that they had then.
void Hub::finish_restore() {
  auto restore = restored();
  if (restore.unfinished) {
    for (store::RowId after = 0; (after = apply_carefully(after)) != 0;) continue;
    store::Transaction finished;
    put_restore_finished(parts_.store, restore, parts_.business.now(), finished);
    commit_and_wait(std::move(finished), soon());
    restore_.with([&](Restore& kept) { kept = restore; });
    parts_.log("warning", "the store was restored from the backup of " + restore.backup +
                              ": its outbound endpoints are paused; see masar restore list");
  }
  lanes_.begin_epoch(restore.times);
}

// What open cases and effects began with is told from what is current (ENGINE.md 22).
void Hub::open_snapshots(store::Transaction& begun) {
  const OpenUses uses(parts_.store);
  for (const auto& hash : snapshots_.open(uses)) {
    parts_.log("warning", "the store does not hold configuration " + hash +
                              ", which open cases began with: they go on by the current one");
  }
  if (snapshots_.current_is_missing()) begun.snapshots.push_back(snapshots_.row());
  config::Diagnostics removals;
  check_removals(uses, snapshots_, parts_.store, removals);
  if (!removals.empty()) throw Error(ErrorKind::config, "configuration-refused", removals.text());
}

void Hub::start() {
  load_settings();
  store::Transaction begun;
  open_snapshots(begun);
  begun.settings.emplace_back(kCleanSetting, "0");
  const auto backup = backup_of(parts_.store);
  for (const auto& id : put_restore_begun(parts_.store, *parts_.snapshot, backup, begun))
    pauses_.set_endpoint(id, true);
  if (parts_.stepped)
    begun.settings.emplace_back(kClockSetting, format_instant(parts_.stepped->now()));
  commit_and_wait(std::move(begun), soon());
  if (snapshots_.current_is_missing()) snapshots_.kept();
  if (backup) {
    restore_.with([&](Restore& restore) {
      restore.backup = *backup;
      restore.unfinished = true;
    });
  }
  series_.start();
  // Lanes and dispatchers are not open yet: what recovery journals and puts into the outbox is read
  // with the rest, in its order, once they are.
  if (!clean_) apply_carefully(0);
  finish_restore();
  recover_sending();
  crash_point("recovering");
  lanes_.recover();
  // What was paused stays so from the first connection on.
  tell_connectors();
  // Attempts may name a listener's address (a report's): it is bound before the first one.
  for (const auto& [name, connector] : parts_.connectors) connector->start();
  for (const auto& [id, dispatcher] : dispatchers_) dispatcher->start();
  timers_.start();
  retention_.start();
  calendar_change_.start();
  running_.store(true);
}

bool Hub::stop() {
  draining_.store(true);
  crash_point("stopping");
  const auto end = parts_.steady.now() + kStop;
  timers_.stop();
  retention_.stop();
  calendar_change_.stop();
  for (const auto& [name, connector] : parts_.connectors) connector->stop_accepting();
  const auto sending = [this] {
    std::size_t count = 0;
    for (const auto& [id, dispatcher] : dispatchers_) count += dispatcher->status().sending;
    return count;
  };
  for (const auto& [id, dispatcher] : dispatchers_) dispatcher->stop();
  const auto drained = [&] {
    return journal_.in_flight() == 0 && lanes_.waiting() == 0 && intake_.open().all() == 0 &&
           replies_.open() == 0 && sending() == 0;
  };
  wait_until(drained, end - kClosing);
  crash_point("drained");
  lanes_.stop();
  wait_until([this] { return journal_.in_flight() == 0; }, end - kClosing / 2);
  const bool all = lanes_.waiting() == 0 && sending() == 0;
  for (const auto& [name, connector] : parts_.connectors) connector->stop();
  try {
    // What did not finish is applied carefully after the next start.
    store::Transaction ended;
    if (all) ended.settings.emplace_back(kCleanSetting, "1");
    commit_and_wait(std::move(ended), end);
  } catch (const Error& error) {
    parts_.log("error", std::string("the stop could not be recorded: ") + error.what());
  }
  parts_.store.stop();
  running_.store(false);
  return all;
}

std::string Hub::not_ready() const {
  if (draining_.load()) return "draining";
  if (!running_.load()) return kRecovering;
  if (!parts_.store.healthy()) return "the store does not take writes";
  return {};
}

std::string Hub::in_flight() const {
  if (!running_.load()) return "the hub is not ready";
  if (timers_.in_flight() > 0) return "due times are being looked at";
  if (calendar_change_.under_way()) return "the changed calendar moves due times";
  if (journal_.in_flight() > 0) return "transactions are being committed";
  if (lanes_.waiting() > 0) return "events wait for their turn";
  if (intake_.open().all() > 0 || replies_.open() > 0) return "an exchange is open";
  for (const auto& [id, dispatcher] : dispatchers_) {
    if (dispatcher->in_flight() > 0) return "rows for endpoint " + id + " are ready or sending";
  }
  if (!parts_.store.undone(0, 1).empty()) return "a journal row is undone";
  return {};
}

}  // namespace masar::engine
