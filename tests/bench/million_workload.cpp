// A store with a million open cases that wait for days, beside an empty one: both hubs in processes
// of their own, with the benchmark's configuration, on SQLite. What is looked at in the stores is
// read by connections that can only read.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>

#include <sqlite3.h>

#include "core/base/clock.h"
#include "core/base/time.h"
#include "tests/bench/amqp_load.h"
#include "tests/bench/case_copies.h"
#include "tests/bench/process.h"
#include "tests/bench/readiness.h"
#include "tests/bench/workload.h"

namespace masar::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kOpened = 10'000;  ///< cases that the engine opens; the others are copies
constexpr std::size_t kEnded = 100;      ///< of the copies, that get their next order
constexpr std::uint64_t kInFlight = 1000;
constexpr std::uint64_t kFirstLoad = 5'000;
constexpr int kKills = 3;
constexpr std::chrono::milliseconds kLook{5};
constexpr std::chrono::milliseconds kIdle{3'000};   ///< after a start, before it is weighed
constexpr std::int64_t kLoaded = 3'000;  ///< rows of a load that is under way, before the kill
constexpr std::chrono::seconds kUntilDue{20};       ///< for a start, on a busy machine too
constexpr std::chrono::seconds kGiveUp{120};

double since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

template <typename Happened>
void wait_for(const Happened& happened, const char* what) {
  const auto until = Clock::now() + kGiveUp;
  while (!happened()) {
    if (Clock::now() > until) throw std::runtime_error(std::string("waited in vain for ") + what);
    std::this_thread::sleep_for(kLook);
  }
}

/// A connection to a store beside whoever has it open.
class Look {
 public:
  explicit Look(const std::string& path, int flags = SQLITE_OPEN_READONLY) {
    sqlite3* opened = nullptr;
    if (sqlite3_open_v2(path.c_str(), &opened, flags, nullptr) != SQLITE_OK)
      throw std::runtime_error("cannot look into " + path);
    handle_.reset(opened);
    sqlite3_busy_timeout(opened, 5000);
  }
  /// The first column of the first row; 0: there is none.
  std::int64_t number(const std::string& sql) const {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(handle_.get()));
    const int code = sqlite3_step(statement);
    const std::int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
      throw std::runtime_error(sqlite3_errmsg(handle_.get()));
    return value;
  }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Orders whose numbers begin with a name, and fall due one after the other in a month's time.
std::vector<std::string> orders(const Options& options, const std::string& name,
                                std::size_t count) {
  const std::string order = read_file(options.sources + "/tests/bench/installation/order.xml");
  const auto put = [](std::string& text, const std::string& element, const std::string& value) {
    const auto from = text.find("<" + element + ">") + element.size() + 2;
    text.replace(from, text.find('<', from) - from, value);
  };
  const Instant first = SystemBusinessClock().now() + std::chrono::hours(24);
  const Duration month = std::chrono::hours(29 * 24);
  std::vector<std::string> all;
  for (std::size_t at = 0; at < count; ++at) {
    std::string& body = all.emplace_back(order);
    char number[24];
    std::snprintf(number, sizeof number, "%06zu", at);
    put(body, "ord:number", name + number);
    put(body, "ord:placed",
        format_instant(first + month / static_cast<std::int64_t>(count) *
                                   static_cast<std::int64_t>(at)));
  }
  return all;
}

struct Rate {
  double per_second = 0;
  double cpu_per_thousand = 0;  ///< seconds, of the hub
};

/// A state folder and the hub on it, which may be ended and begun again.
class Side {
 public:
  explicit Side(const Options& options) : options_(options) { fs::create_directory(state()); }

  std::string state() const { return folder_.path() + "/state"; }
  std::string database() const { return state() + "/masar.db"; }
  Process& process() { return hub_->process(); }

  /// Seconds from exec to the first 200 of /ready.
  double start() {
    auto start = bench_installation(options_);
    start.state = state();
    const auto begun = Clock::now();
    hub_ = std::make_unique<RunningHub>(options_, start);
    wait_for([port = hub_->admin_port()] { return is_ready(port); }, "/ready");
    const double seconds = since(begun);
    look_ = std::make_unique<Look>(database());
    return seconds;
  }
  void stop() {
    look_.reset();
    hub_->process().stop();
    hub_.reset();
  }
  void kill() {
    look_.reset();
    hub_->process().kill();
    hub_.reset();
  }

  LoadResult send(const std::vector<std::string>& bodies, const std::string& ids) {
    LoadSettings load;
    load.address = hub_->address("amqp");
    load.in = "cases.in";
    load.out = "";
    load.user = "sender";
    load.password = "sender-password";
    load.messages = bodies.size();
    load.in_flight = kInFlight;
    load.bodies = bodies;
    return run_load(load, ids);
  }
  /// Sends them all, and waits until each has been applied to its case.
  Rate apply(const std::vector<std::string>& bodies, const std::string& ids) {
    const double cpu = hub_->process().cpu_seconds();
    const auto begun = Clock::now();
    const LoadResult result = send(bodies, ids);
    if (!result.error.empty()) throw std::runtime_error(result.error + hub_->log());
    if (result.refused > 0) throw std::runtime_error("orders were refused: " + hub_->log());
    wait_for([&] { return number("SELECT count(*) FROM journal WHERE state = 0") == 0; },
             "events to be applied");
    const auto count = static_cast<double>(bodies.size());
    return {count / since(begun), (hub_->process().cpu_seconds() - cpu) / count * 1000};
  }
  std::int64_t number(const std::string& sql) const { return look_->number(sql); }
  /// Seconds that its metrics take, which count what is open.
  double count_open() const {
    const auto begun = Clock::now();
    if (hub_->metrics().find("cases_open") == std::string::npos)
      throw std::runtime_error("/metrics does not count open cases");
    return since(begun);
  }
  /// Events that an unclean stop had left, as the hub says it.
  double recovered() const {
    constexpr std::string_view kSays = "applied ";
    const std::string log = hub_->log();
    const auto at = log.find(kSays);
    return at == std::string::npos ? 0 : std::atof(log.c_str() + at + kSays.size());
  }
  double megabytes() const {
    double bytes = 0;
    for (const auto& file : fs::directory_iterator(state()))
      bytes += static_cast<double>(file.file_size());
    return bytes / (1 << 20);
  }

 private:
  const Options& options_;
  TemporaryFolder folder_;
  std::unique_ptr<RunningHub> hub_;
  std::unique_ptr<Look> look_;
};

/// What the store is filled with: as many cases that the engine opens, each so many times.
struct Filling {
  std::size_t opened;
  std::size_t copies;
  std::size_t open() const { return opened * copies; }
};

Filling filling_of(const Options& options) {
  const std::size_t opened = std::min(kOpened, std::max<std::size_t>(options.cases_open / 3, 1));
  return {opened, options.cases_open / opened};
}

void fill(const Options& options, const Filling& filling, Side& side) {
  side.start();
  // The ids are of copy 0, too: its name without the dash, which the load puts before the number.
  const std::string name = copy_name(0);
  side.apply(orders(options, name, filling.opened), name.substr(0, name.size() - 1));
  side.stop();
  copy_cases(side.database(), filling.copies);
  fs::remove(side.state() + "/audit.heads");  // its lines are of the rows before
}

// Copies get their next order: the engine finds them, and they end.
void end_some(const Options& options, Side& side) {
  side.apply(orders(options, copy_name(1), kEnded), "ended");
  const auto ended = side.number(
      "SELECT count(*) FROM cases WHERE state = 'done' AND key BETWEEN '" + copy_name(1) +
      "' AND '" + copy_name(1) + "~' AND ended IS NOT NULL AND version = 2");
  if (ended != static_cast<std::int64_t>(kEnded))
    throw std::runtime_error("of 100 copied cases " + std::to_string(ended) + " have ended");
}

/// Kills the hub in the middle of a load; seconds until it is ready again. Nobody looks into the
/// store meanwhile: that would recover its WAL.
double recover(const Options& options, Side& side, int round) {
  const std::string name = "K-" + std::to_string(round) + "-";
  const auto bodies = orders(options, name, 10 * kLoaded);
  const auto newest = [&side] { return side.number("SELECT max(id) FROM journal"); };
  const std::int64_t before = newest();
  std::thread sender([&] { (void)side.send(bodies, name); });
  wait_for([&] { return newest() > before + kLoaded; }, "a load to be under way");
  side.process().kill();
  sender.join();  // its connection is lost
  side.kill();
  return side.start();
}

/// Lets the deadlines of one copy fall due in one instant: what the engine writes where their
/// orders name it. Says how long after it the last has fired.
double fire(Side& side, const Filling& filling) {
  side.stop();
  const Instant due = SystemBusinessClock().now() + kUntilDue;
  const std::string at = std::to_string(due.time_since_epoch().count());
  const std::string copy = copy_name(filling.copies - 1);
  Look(side.database(), SQLITE_OPEN_READWRITE)
      .number("UPDATE timers SET due = " + at + " WHERE case_key BETWEEN '" + copy + "' AND '" +
              copy + "~'");
  side.start();
  if (SystemBusinessClock().now() >= due) throw std::runtime_error("started behind the due time");
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
      due - SystemBusinessClock().now());
  std::this_thread::sleep_for(left);
  const auto begun = Clock::now();
  wait_for(
      [&] {
        return side.number("SELECT count(*) FROM timers WHERE due <= " + at) == 0 &&
               side.number("SELECT count(*) FROM journal WHERE state = 0") == 0;
      },
      "deadlines to fire");
  const double seconds = since(begun);
  const auto fired = side.number("SELECT count(*) FROM cases WHERE state = 'expired'");
  if (fired != static_cast<std::int64_t>(filling.opened))
    throw std::runtime_error(std::to_string(fired) + " cases have expired");
  return seconds;
}

struct Throughput {
  std::vector<double> full, empty;          ///< new cases per second
  std::vector<double> full_cpu, empty_cpu;  ///< of the hub, seconds per 1,000
};

/// New cases in turns; the numbers of each round are new.
Throughput open_new(const Options& options, Side& full, Side& empty) {
  const auto first = orders(options, "W-", kFirstLoad);
  const double rate = std::min(full.apply(first, "w").per_second,
                               empty.apply(first, "w").per_second);
  const auto count = static_cast<std::size_t>(
      std::max(rate * options.seconds, static_cast<double>(kFirstLoad)));
  Throughput all;
  for (int round = 0; round < options.rounds; ++round) {
    const std::string name = "N-" + std::to_string(round) + "-";
    const auto bodies = orders(options, name, count);
    const Rate of_empty = empty.apply(bodies, name);
    const Rate of_full = full.apply(bodies, name);
    all.empty.push_back(of_empty.per_second);
    all.empty_cpu.push_back(of_empty.cpu_per_thousand);
    all.full.push_back(of_full.per_second);
    all.full_cpu.push_back(of_full.cpu_per_thousand);
  }
  return all;
}

}  // namespace

Figure measure_million(const Options& options) {
  Figure figure;
  figure.name = "million-cases";
  figure.unit = "new cases per second";
  figure.ceiling_is = "the same hub on an empty store";
  figure.goal = Goal::ratio_at_least;
  figure.goal_value = 0.80;
  Side full(options);
  Side empty(options);
  const auto begun = Clock::now();
  const Filling filling = filling_of(options);
  fill(options, filling, full);
  const double filled = since(begun);
  const double megabytes = full.megabytes();

  const double first_start = full.start();
  empty.start();
  std::this_thread::sleep_for(kIdle);
  const double metrics = full.count_open();
  const double idle_growth = full.process().rss_mb() - empty.process().rss_mb();
  const Throughput throughput = open_new(options, full, empty);
  figure.figure = median(throughput.full);
  figure.ceiling = median(throughput.empty);
  figure.cpu_seconds_per_thousand = median(throughput.full_cpu);
  figure.peak_rss_mb = full.process().peak_rss_mb();
  const double growth = full.process().peak_rss_mb() - empty.process().peak_rss_mb();
  empty.stop();
  end_some(options, full);

  std::vector<double> recoveries, applied;
  for (int kill = 0; kill < kKills; ++kill) {
    recoveries.push_back(recover(options, full, kill));
    applied.push_back(full.recovered());
  }
  const double firing = fire(full, filling);

  figure.sides = {
      {"rss_growth_mb", std::max(growth, idle_growth), Goal::figure_below, 100},
      {"recovery_seconds", median(recoveries), Goal::figure_below, 3},
      {"due_at_once_seconds", firing, Goal::figure_below, 10}};
  figure.more = {{"ceiling_cpu_seconds_per_thousand", median(throughput.empty_cpu)},
                 {"cases_open", static_cast<double>(filling.open())},
                 {"store_mb", megabytes},
                 {"filling_seconds", filled},
                 {"start_seconds", first_start},
                 {"metrics_seconds", metrics},
                 {"idle_rss_growth_mb", idle_growth},
                 {"recovered_events", median(applied)},
                 {"due_at_once", static_cast<double>(filling.opened)},
                 {"whole_seconds", since(begun)}};
  return figure;
}

}  // namespace masar::bench
