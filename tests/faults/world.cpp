#include "tests/faults/world.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "core/base/error.h"
#include "core/store/sqlite_store.h"

namespace masar::faults {

namespace fs = std::filesystem;
using connector::Outcome;
using connector::OutcomeKind;
using testing::MemoryDisk;
using namespace std::chrono_literals;

namespace {

constexpr int kStepsInARow = 24;       ///< of the hub, before the world may do something
// So many steps of the hub, about, come to an operation of the disk and a commit of the store.
constexpr std::uint64_t kStepsOfAnOperation = 5;
constexpr std::uint64_t kStepsOfACommit = 40;
constexpr int kCheckpointPages = 200;  ///< early, so that crashes meet checkpoints too
constexpr Duration kCoarse = 2min;     ///< between two looks while a partner is away
constexpr Duration kAgain = 20min;     ///< the longest wait before a try, while the hub is away
constexpr std::size_t kLineMax = 400;

Outcome unknown(const char* code) { return {OutcomeKind::unknown, code, "no answer", {}, {}}; }

}  // namespace

World::World(const Plan& plan, std::shared_ptr<const engine::Snapshot> snapshot,
             testing::MemoryDisk* disk, testing::MemoryMachine* memory, std::string folder)
    : plan_(plan),
      disk_(disk),
      memory_(memory),
      folder_(std::move(folder)),
      lines_(plan.seed, "lines"),
      machine_(plan.seed, "machine"),
      jumps_(plan.seed, "clock"),
      stage_(testing::StageParts{std::move(snapshot),
                                 [this](const BusinessClock& clock) { return open_store(clock); },
                                 [this](const std::string& endpoint, connector::Attempt one,
                                        connector::Outbound::Done done) {
                                   attempt(endpoint, std::move(one), std::move(done));
                                 },
                                 plan.seed,
                                 &clock_}) {
  const auto stops = [this] {
    say("the machine stops inside a commit");
    stage_.die();
  };
  if (disk_ != nullptr) {
    disk_->clear();
    disk_->on_crash(stops);
  }
  if (memory_ != nullptr) {
    memory_->clear();
    memory_->on_crash(stops);
  }
}

World::~World() = default;

std::unique_ptr<store::Store> World::open_store(const BusinessClock& clock) {
  if (memory_ != nullptr) {
    store::GroupSettings settings;
    settings.writer_thread = false;
    return testing::open_memory_store(*memory_, clock, settings);
  }
  store::SqliteSettings settings;
  settings.path = folder_ + "/masar.db";
  settings.writer_thread = false;
  settings.checkpoint_pages = kCheckpointPages;
  settings.writer_cache_kib = 2'048;
  return store::open_sqlite_store(settings, clock);
}

void World::at(Instant when, std::function<void()> what) {
  events_.emplace(std::pair(std::max(when, now()), ++events_made_), std::move(what));
}

bool World::strikes(Fault fault, int per_mille) {
  const bool drawn = lines_.chance(per_mille);
  if (!drawn || calm_ || !plan_.has(fault)) return false;
  ++counts_.struck[static_cast<int>(fault)];
  return true;
}

void World::say(std::string_view line) {
  const std::string text = std::to_string(now().time_since_epoch().count()) + " " +
                           std::string(line.substr(0, kLineMax));
  for (const char c : text) trace_ = (trace_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  if (plan_.print) std::printf("%s  %s\n", format_instant(now()).c_str(), text.c_str() + 17);
}

void World::breach(char oracle, std::string text) {
  say(std::string("BREACH ") + oracle + " " + text);
  breaches_.push_back({oracle, format_instant(now()) + " " + text});
}

// Lines to partners.

World::Counts& World::Counts::operator+=(const Counts& more) {
  crashes += more.crashes;
  stops += more.stops;
  attempts += more.attempts;
  messages += more.messages;
  for (std::size_t fault = 0; fault < std::size(struck); ++fault)
    struck[fault] += more.struck[fault];
  return *this;
}

void World::attempt(const std::string& endpoint, connector::Attempt attempt,
                    connector::Outbound::Done done) {
  ++counts_.attempts;
  say(endpoint + " <- " + attempt.operation + " " + attempt.effect_id.substr(0, 8) + " #" +
      std::to_string(attempt.number));
  if (away_until_[endpoint] > now()) {
    const bool refused = lines_.chance(700);
    return in(refused ? 5ms : 5s, [done, refused] {
      done(refused ? Outcome{OutcomeKind::unavailable, "refused", "away", {}, {}}
                   : unknown("timeout"));
    });
  }
  partners_.at(endpoint)(endpoint, std::move(attempt), std::move(done));
}

void World::exchange(connector::Outbound::Done done, Duration time_limit,
                     std::function<Outcome()> act) {
  const Duration there = lines_.between(1ms, 60ms);
  const Duration back = lines_.between(1ms, 200ms);
  const auto ends = [&](Duration after, Outcome outcome) {
    in(after, [done = std::move(done), outcome = std::move(outcome)] { done(outcome); });
  };
  if (strikes(Fault::unavailable, 60)) {
    return ends(there, {OutcomeKind::unavailable, "UNAVAILABLE", "not now", {}, {}});
  }
  if (strikes(Fault::lose, 25)) return ends(time_limit, unknown("timeout"));
  if (strikes(Fault::silent, 45)) {
    in(there, [act] { (void)act(); });
    return ends(lines_.chance(500) ? time_limit : there + back, unknown("no-answer"));
  }
  if (strikes(Fault::garbage, 25)) {
    in(there, [act] { (void)act(); });
    if (lines_.chance(500)) return ends(there + back, unknown("HTTP 500"));
    return ends(there + back, {OutcomeKind::delivered, {}, {}, "<tr:Nonsense", {}});
  }
  if (strikes(Fault::delay, 50)) {
    const Duration late = lines_.between(Duration(1s), 4 * time_limit);
    auto answered = std::make_shared<bool>(false);
    in(late, [this, act, done, answered, back] {
      const Outcome outcome = act();
      in(back, [done, outcome, answered] {
        if (!std::exchange(*answered, true)) done(outcome);
      });
    });
    return in(time_limit, [done, answered] {
      if (!std::exchange(*answered, true)) done(unknown("timeout"));
    });
  }
  in(there, [this, act = std::move(act), done = std::move(done), back]() mutable {
    in(back, [done = std::move(done), outcome = act()]() mutable { done(std::move(outcome)); });
  });
}

void World::queue(connector::Outbound::Done done, Duration time_limit,
                  std::function<void()> arrive) {
  const Duration there = lines_.between(1ms, 40ms);
  const auto ends = [&](Duration after, Outcome outcome) {
    in(after, [done = std::move(done), outcome = std::move(outcome)] { done(outcome); });
  };
  if (strikes(Fault::unavailable, 30)) {
    return ends(there, {OutcomeKind::unavailable, "amqp:released", {}, {}, {}});
  }
  if (strikes(Fault::lose, 15)) return ends(time_limit, unknown("connection lost"));
  in(there, std::move(arrive));
  if (strikes(Fault::silent, 40)) return ends(there + 5ms, unknown("disposition lost"));
  ends(there + lines_.between(1ms, 30ms), {OutcomeKind::delivered, {}, {}, {}, {}});
}

// Lines to the hub.

void World::send(Sending sending) {
  ++counts_.messages;
  auto kept = std::make_shared<Sending>(std::move(sending));
  const Duration wait = strikes(Fault::delay, 40) ? lines_.between(Duration(1s), Duration(2h))
                                                  : lines_.between(1ms, 50ms);
  in(wait, [this, kept] { hand_in(kept); });
}

void World::send_both(Sending one, Sending other) {
  counts_.messages += 2;
  auto first = std::make_shared<Sending>(std::move(one));
  auto second = std::make_shared<Sending>(std::move(other));
  in(lines_.between(1ms, 50ms), [this, first, second] {
    hand_in(first);
    hand_in(second);
  });
}

void World::hand_in(const std::shared_ptr<Sending>& sending) {
  const auto again = [this, sending](Duration after) {
    if (sending->again) sending->again(sending->message);
    in(after, [this, sending] { hand_in(sending); });
  };
  if (!hub_up()) {
    sending->wait =
        std::min(2 * sending->wait + lines_.between(Duration(1s), Duration(10s)), kAgain);
    return again(sending->wait);
  }
  sending->wait = {};
  if (sending->handed_in) sending->handed_in();
  say(sending->message.endpoint + " -> " + sending->message.message_id);
  auto answered = std::make_shared<bool>(false);
  const bool lost = strikes(Fault::silent, 30);
  if (strikes(Fault::stall, 60)) stalled_until_ = now() + lines_.between(20ms, 400ms);
  stage_.hand_in(sending->message, [this, sending, answered, again, lost](auto answer) {
    if (lost || *answered) return;
    *answered = true;
    in(lines_.between(1ms, 30ms), [this, sending, answer, again] {
      for (const auto& part : answer) {
        if (part.kind == connector::PartAnswer::Kind::retry_later) {
          say(sending->message.endpoint + " later " + part.code);
          return again(lines_.between(Duration(1s), Duration(30s)));
        }
      }
      sending->settled(answer);
    });
  });
  in(sending->patience, [answered, again] {
    if (!std::exchange(*answered, true)) again(1ms);
  });
}

void World::report(const std::string& effect, const std::string& state) {
  if (!hub_up()) return in(kAgain, [this, effect, state] { report(effect, state); });
  say("report " + effect.substr(0, 8) + " " + state);
  auto taken = std::make_shared<bool>(false);
  stage_.hand_in_report(effect, state, [taken](bool yes) { *taken = *taken || yes; });
  in(30s, [this, effect, state, taken] {
    if (!*taken) report(effect, state);
  });
}

// The machine.

void World::never_crash() {
  steps_to_crash_ = -1;
  if (disk_ != nullptr) disk_->never_crash();
  if (memory_ != nullptr) memory_->never_crash();
}

void World::plan_crash() {
  never_crash();
  // Mostly somewhere in the run; now and then so soon that recovery does not get far.
  const std::int64_t most = machine_.chance(250) ? 60 : 1'500 + 400 * plan_.cases;
  const auto after = static_cast<std::uint64_t>(1 + machine_.below(most));
  const bool inside = machine_.chance(600);
  const auto keeps = machine_.of<MemoryDisk::Keeps>(
      {MemoryDisk::Keeps::nothing, MemoryDisk::Keeps::some, MemoryDisk::Keeps::all});
  const std::uint64_t seed = machine_.next();
  if (calm_ || !plan_.has(Fault::crash)) return;
  if (inside && memory_ != nullptr) {
    memory_->crash_after(after / kStepsOfACommit + 1, keeps == MemoryDisk::Keeps::all);
  } else if (!inside || disk_ == nullptr) {
    steps_to_crash_ = static_cast<std::int64_t>(after);
  } else {
    disk_->crash_after(after / kStepsOfAnOperation + 1,
                       plan_.has(Fault::power) ? keeps : MemoryDisk::Keeps::all, seed);
  }
}

void World::cut(MemoryDisk::Keeps keeps) {
  say("the machine stops between two steps");
  stage_.die();
  if (disk_ != nullptr) disk_->crash(keeps, machine_.next());
  if (memory_ != nullptr) memory_->crash();
}

void World::after_crash() {
  ++counts_.crashes;
  if (memory_ != nullptr) {
    stage_.crash();
    memory_->restart();
  } else if (disk_ == nullptr) {  // what the files hold now is what a killed process leaves
    const std::string old = folder_;
    folder_ += "x";
    fs::create_directories(folder_);
    for (const char* file : {"masar.db", "masar.db-wal"}) {
      if (fs::exists(old + "/" + file)) fs::copy(old + "/" + file, folder_ + "/" + file);
    }
    stage_.crash();
    fs::remove_all(old);
  } else {
    stage_.crash();
    disk_->restart();
  }
  const int kind = static_cast<int>(machine_.below(100));
  const Duration away = kind < 75   ? machine_.between(Duration(0), Duration(5s))
                        : kind < 95 ? machine_.between(Duration(1min), Duration(3h))
                                    : machine_.between(Duration(6h), Duration(80h));
  in(calm_ ? Duration(1s) : away, [this] { start(); });
}

void World::start() {
  say("start");
  plan_crash();
  stage_.start();
}

void World::stop_and_start() {
  say("stop");
  ++counts_.stops;
  never_crash();
  stage_.stop();
  in(machine_.between(Duration(1s), Duration(10min)), [this] { start(); });
}

void World::go_away(const std::string& endpoint) {
  if (calm_) return;
  const Duration away = machine_.chance(700) ? machine_.between(Duration(1min), Duration(4h))
                                             : machine_.between(Duration(12h), Duration(60h));
  ++counts_.struck[static_cast<int>(Fault::outage)];
  say(endpoint + " is away");
  away_until_[endpoint] = now() + away;
}

void World::plan_absences(Instant until) {
  const std::int64_t stops = machine_.below(3);
  for (std::int64_t count = 0; count < stops; ++count) {
    const Instant when = now() + machine_.between(Duration(0), until - now());
    if (!plan_.has(Fault::restart)) continue;
    at(when, [this] {
      if (hub_up() && !calm_) stop_and_start();
    });
  }
  for (const auto& [endpoint, serve] : partners_) {
    const bool goes = machine_.chance(120);
    const Instant when = now() + machine_.between(Duration(0), until - now());
    if (!goes || !plan_.has(Fault::outage)) continue;
    at(when, [this, name = endpoint] { go_away(name); });
  }
}

// Set wrong by seconds, by hours, by days, and right again; each is taken from the world's time, so
// that what is still to come is put off by a few days at most.
void World::plan_jumps(Instant until) {
  const std::int64_t jumps = std::max<std::int64_t>(0, jumps_.between(-3, 4));
  for (std::int64_t count = 0; count < jumps; ++count) {
    const Instant when = now() + jumps_.between(Duration(0), until - now());
    const Duration few = jumps_.between(Duration(-4h), Duration(4h));
    const auto off = jumps_.of<Duration>({0s, 60s, -60s, 72h, -24h, few});
    if (!plan_.has(Fault::clock)) continue;
    at(when, [this, off] {
      if (calm_) return;
      ++counts_.struck[static_cast<int>(Fault::clock)];
      clock_.jump(off);
      say("the clock jumps: " + format_instant(clock_.now()));
    });
  }
}

bool World::waits_on_the_hub() {
  std::size_t held = 0;
  std::size_t sending = 0;
  for (const auto& [id, dispatcher] : stage_.hub().dispatchers()) {
    const auto status = dispatcher->status();
    held += status.waiting;
    sending += status.sending;
  }
  if (held > sending) return true;
  const std::string moving = stage_.hub().in_flight();
  return !moving.empty() && !moving.starts_with("rows for endpoint");
}

void World::pass_time(Instant until) {
  Instant target = events_.empty() ? until : std::min(until, events_.begin()->first.first);
  const auto due = stage_.store().next_due();
  const bool overdue = due && *due <= clock_.now();
  if (due && !overdue) target = std::min(target, *due - clock_.off());
  Duration gap = std::max(target - now(), Duration(1));
  const auto timer = stage_.next_timer();
  if (timer && *timer < gap && (overdue || waits_on_the_hub())) {
    const bool away = std::any_of(away_until_.begin(), away_until_.end(),
                                  [this](const auto& entry) { return entry.second > now(); });
    const Duration wait = std::chrono::ceil<Duration>(*timer);
    gap = std::min(gap, std::max(wait, away ? kCoarse : Duration(1)));
  }
  stage_.pass(gap);
}

// Its threads wait for the machine; the store's and those of the connectors go on.
bool World::stalls() {
  if (stalled_until_ <= now()) {
    const bool stall = machine_.chance(4);
    const Duration wait = machine_.chance(900) ? machine_.between(Duration(5ms), Duration(400ms))
                                               : machine_.between(Duration(1s), Duration(15s));
    if (!stall || calm_ || !plan_.has(Fault::stall)) return false;
    ++counts_.struck[static_cast<int>(Fault::stall)];
    stalled_until_ = now() + wait;
  }
  stage_.run_store();
  const Instant next = events_.empty() ? stalled_until_ : events_.begin()->first.first;
  if (!stage_.dead()) stage_.pass(std::max(Duration(1), std::min(stalled_until_, next) - now()));
  return true;
}

void World::work() {
  if (stalls()) return;
  if (stage_.idle()) {
    stage_.run_store();
    return;
  }
  for (std::int64_t left = 1 + machine_.below(kStepsInARow); left > 0 && stage_.step(); --left) {
    if (stage_.dead()) return;
    if (steps_to_crash_ > 0 && --steps_to_crash_ == 0) {
      const auto keeps =
          plan_.has(Fault::power) ? MemoryDisk::Keeps::nothing : MemoryDisk::Keeps::all;
      return cut(keeps);
    }
  }
  if (machine_.chance(100)) stage_.run_store();
}

void World::next_event() {
  const auto first = events_.begin();
  if (first->first.first > now()) stage_.pass(first->first.first - now());
  const auto what = std::move(first->second);
  events_.erase(first);
  what();
}

void World::run(const std::function<bool()>& over, Instant until) {
  if (!begun_) {
    begun_ = true;
    start();
  }
  if (calm_) plan_crash();
  while (now() < until) {
    if (stage_.running() && stage_.dead()) {
      after_crash();
      continue;
    }
    if (!stage_.running()) {
      if (events_.empty()) return;
      next_event();
      continue;
    }
    const bool due = !events_.empty() && events_.begin()->first.first <= now();
    const bool busy = !stage_.idle() || stage_.hub().journal().in_flight() > 0;
    if (due && (!busy || machine_.chance(250))) {
      next_event();
    } else if (busy) {
      work();
    } else if (over()) {
      return;
    } else {
      pass_time(until);
    }
  }
}

}  // namespace masar::faults
