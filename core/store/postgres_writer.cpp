#include "core/store/postgres_writer.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <sysexits.h>

#include "core/base/crash_point.h"
#include "core/base/hash.h"
#include "core/store/postgres_schema.h"
#include "core/store/row_reader.h"
#include "core/store/sweep.h"

namespace masar::store {
namespace {

constexpr const char* kBegin = "BEGIN";
constexpr const char* kCommit = "COMMIT";
constexpr const char* kClock = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
// Other stores may live in other schemas of the same database.
constexpr const char* kLock = "SELECT pg_try_advisory_lock(1297301843, hashtext(current_schema()))";
constexpr const char* kTakeOver = "UPDATE groups SET owner = $1::text RETURNING number, stamp";
constexpr const char* kOwner = "SELECT owner, number FROM groups";
constexpr const char* kGroup =
    "UPDATE groups SET number = $1::bigint, stamp = $2::bigint "
    "WHERE owner = $3::text AND number = $1::bigint - 1";
constexpr std::size_t kClockAt = 1;  // place of kClock in a group
// Where repetitions come, more may: each would cost a group that is undone.
constexpr int kWaryGroups = 64;
constexpr const char* kLastIds =
    "SELECT (SELECT coalesce(max(id), 0) FROM journal), "
    "(SELECT coalesce(max(sequence), 0) FROM outbox), "
    "(SELECT coalesce(max(id), 0) FROM dead_letters), (SELECT coalesce(max(id), 0) FROM audit)";
constexpr const char* kEndBackends =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = $1::text AND pid <> pg_backend_pid()";

constexpr const char* kTaken = "another hub has taken the store over, stopping at once";

PostgresParameter text(std::string value) { return {std::move(value), true, false}; }
PostgresParameter number(std::int64_t value) { return {std::to_string(value), false, false}; }

std::int64_t millis(SteadyClock::TimePoint moment) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch()).count();
}

bool names_new(const Transaction& transaction) {
  const auto first = [](const CaseRow& row) { return row.version == 1; };
  return !transaction.keys.empty() || !transaction.aliases.empty() ||
         std::any_of(transaction.cases.begin(), transaction.cases.end(), first);
}

bool has_sweeps(const Pending& pending) {
  return pending.commit.status == CommitStatus::committed && !pending.transaction.sweeps.empty();
}

/// Says how long the writer has been at something, for as long as it is.
class Busy {
 public:
  Busy(std::atomic<std::int64_t>& since, const SteadyClock& steady) : since_(since) {
    since_ = millis(steady.now());
  }
  ~Busy() { since_ = 0; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::atomic<std::int64_t>& since_;
};

}  // namespace

PostgresSessionSettings session_settings(const PostgresSettings& settings,
                                         std::string_view application) {
  PostgresSessionSettings session;
  session.connection = settings.connection;
  session.password = settings.password;
  session.application = application;
  session.unsafe = settings.unsafe;
  session.connect_timeout = settings.connect_timeout;
  session.io_timeout = settings.io_timeout;
  return session;
}

PostgresWriter::PostgresWriter(const PostgresSettings& settings, const BusinessClock& clock,
                               RecentRows& recent)
    : settings_(settings),
      clock_(clock),
      recent_(recent),
      owner_(random_hex(8)),
      application_("masar-" + owner_),
      health_(settings.log),
      group_number_(checked_change(kGroup, "1")),
      queue_(settings, *this) {
  open();
  queue_.start();
}

PostgresWriter::~PostgresWriter() { stop(); }

bool PostgresWriter::healthy() const noexcept {
  const std::int64_t since = busy_since_;
  return health_.well() &&
         (since == 0 || millis(steady_.now()) - since < settings_.unready_after.count());
}

void PostgresWriter::open() {
  session_ = std::make_unique<PostgresSession>(session_settings(settings_, application_));
  const auto end = steady_.now() + settings_.lock_wait;
  while (!take_lock()) {
    if (steady_.now() < end) {
      std::this_thread::sleep_for(settings_.probe_interval);
      continue;
    }
    throw Error(ErrorKind::config, "store-in-use", "another hub has this store open");
  }
  {
    PostgresSessionSettings patient = session_settings(settings_, application_);
    patient.io_timeout = settings_.migration_timeout;
    PostgresSession migration(patient);
    migrate_postgres(migration);
  }
  const PostgresResult taken = session_->run({kTakeOver, {text(owner_)}});
  number_ = taken.integer(0, 0);
  last_stamp_ = Instant(Duration(taken.integer(0, 1)));
  load_counters();
  sample_clock(steady_.now(), session_->run({kClock, {}}));
}

void PostgresWriter::load_counters() {
  const PostgresResult last = session_->run({kLastIds, {}});
  counters_.journal = last.integer(0, 0) + 1;
  counters_.outbox = last.integer(0, 1) + 1;
  counters_.dead_letter = last.integer(0, 2) + 1;
  counters_.audit = last.integer(0, 3) + 1;
  const std::vector<AuditHead> heads = reads::read_audit_heads(*session_);
  chain_.load(heads);
  for (const AuditHead& head : heads) heads_stored_.insert(head.partition);
}

bool PostgresWriter::take_lock() { return session_->run({kLock, {}}).integer(0, 0) != 0; }

/// Makes sure of a connection that owns the store. The lock first: once it is ours, no transaction
/// of the connection before can still be decided.
void PostgresWriter::connect() {
  if (session_ != nullptr && session_->usable()) return;
  recent_.forget();
  session_ = std::make_unique<PostgresSession>(session_settings(settings_, application_));
  try {
    const bool locked = take_lock();
    const PostgresResult owner = session_->run({kOwner, {}});
    if (owner.bytes(0, 0) != owner_) health_.end_process(EX_TEMPFAIL, kTaken);
    if (!locked) {
      end_own_backends();
      throw PostgresError("55P03", "the connection before still holds the store's lock");
    }
    const std::int64_t stored = owner.integer(0, 1);
    if (doubted_ > 0 && stored == number_ + 1) {
      confirm(doubted_counters_);
    } else {
      doubted_ = 0;
      chain_.undo(0);
    }
  } catch (...) {
    session_.reset();
    throw;
  }
}

/// A server that has not noticed that our connection is gone keeps its transaction and its lock.
void PostgresWriter::end_own_backends() { session_->run({kEndBackends, {text(application_)}}); }

std::size_t PostgresWriter::commit(std::span<Pending> group) {
  const Busy busy(busy_since_, steady_);
  std::size_t finished = 0;
  try {
    const std::size_t doubted = doubted_;
    const std::int64_t before = number_;
    connect();
    // Committed after all: what its callers are told has been worked out before.
    if (doubted > 0 && number_ != before) finished = doubted;
    commit_rest(group, finished);
    health_.good();
  } catch (const PostgresError& error) {
    if (error.lost()) session_.reset();
    if (doubted_ == 0) chain_.undo(0);
    recent_.forget();
    health_.bad(error);
  }
  return finished;
}

/// All of it at once; where the data of one of them is at fault, halves, until it stands alone.
void PostgresWriter::commit_rest(std::span<Pending> group, std::size_t& finished) {
  std::size_t bad_end = group.size() + 1;  // before it there is one at fault; beyond: none known
  while (finished < group.size()) {
    std::size_t count = group.size() - finished;
    if (bad_end <= group.size()) count = std::max<std::size_t>(1, (bad_end - finished) / 2);
    const auto range = group.subspan(finished, count);
    try {
      commit_range(range);
      finished += count;
    } catch (const PostgresError& error) {
      if (session_ != nullptr && session_->usable()) session_->roll_back();
      if (!error.of_data()) throw;
      chain_.undo(0);
      if (error.of_unique_key() && wary_ == 0) {
        wary_ = kWaryGroups;
        continue;
      }
      bad_end = finished + count;
      if (count > 1) continue;
      // The store is well, this transaction is not: whoever sent it counts its attempts.
      refuse(range[0].commit, {"constraint", {}, {}}, error.what());
      ++finished;
    }
    if (finished >= bad_end) bad_end = group.size() + 1;
  }
}

void PostgresWriter::commit_range(std::span<Pending> range) {
  GroupPlan group(counters_, chain_);
  if (!plan(range, group)) {
    chain_.undo(0);
    wary_ = 1;
    return commit_range(range);
  }
  if (!group.writes()) return;
  PostgresGroup::Writing rows = writing(group);
  const bool sweeps = std::any_of(range.begin(), range.end(), has_sweeps);
  if (sweeps) {
    run_rows(rows);
    sweep(range);
    rows.clear();
  }
  rows.push_back({kCommit, {}});
  crash_point("before-commit");
  // From here on nobody knows, until the answer is there.
  doubted_ = range.size();
  doubted_counters_ = group.counters();
  recent_.committing(range);
  run_to_commit(rows);
  const std::int64_t new_from = counters_.outbox;
  confirm(group.counters());
  if (sweeps) {
    recent_.forget();
  } else {
    recent_.committed(range, new_from);
  }
  wary_ = std::max(0, wary_ - 1);
  crash_point("after-commit");
}

void PostgresWriter::confirm(const RowCounters& counters) {
  counters_ = counters;
  counters_.links = 0;
  for (const AuditHead& head : chain_.changed()) heads_stored_.insert(head.partition);
  chain_.committed();
  ++number_;
  doubted_ = 0;
}

/// False: one is refused that could be for something that comes first, of which it was taken for
/// granted that there is none.
bool PostgresWriter::plan(std::span<Pending> range, GroupPlan& plan) {
  GroupPlan::Wanted wanted;
  for (const Pending& pending : range) {
    GroupPlan::want(pending.transaction, wanted, wary_ > 0);
  }
  recent_.tell(wanted, plan);
  group_.look_up(*session_, wanted, plan);
  for (Pending& pending : range) {
    pending.commit = {};
    pending.commit.stamp = next_stamp();
    plan.add_or_refuse(pending.transaction, pending.commit);
    const bool refused = pending.commit.status != CommitStatus::committed;
    if (refused && wary_ == 0 && names_new(pending.transaction)) return false;
  }
  return true;
}

/// After the rows of the whole range, in the same transaction.
void PostgresWriter::sweep(std::span<Pending> range) {
  for (Pending& pending : range) {
    if (pending.commit.status != CommitStatus::committed) continue;
    for (const Sweep& sweep : pending.transaction.sweeps) {
      pending.commit.swept.push_back(Sweeper(*session_, sweep).run());
    }
  }
}

/// The plan's rows, from the beginning of their transaction on.
PostgresGroup::Writing PostgresWriter::writing(const GroupPlan& plan) const {
  PostgresGroup::Writing all{
      {kBegin, {}},
      {kClock, {}},
      {group_number_.c_str(),
       {number(number_ + 1), number(last_stamp_.time_since_epoch().count()), text(owner_)}}};
  PostgresGroup::Writing rows = group_.writing(plan, chain_.changed(), heads_stored_);
  std::move(rows.begin(), rows.end(), std::back_inserter(all));
  return all;
}

/// writing(), and what follows it, in one round trip.
void PostgresWriter::run_rows(const PostgresGroup::Writing& writing) {
  const auto asked = steady_.now();
  std::vector<PostgresResult> results;
  try {
    results = session_->run(writing);
  } catch (const PostgresError& error) {
    if (error.of_check()) changed_by_others();
    throw;
  }
  if (writing.size() > kClockAt) sample_clock(asked, results.at(kClockAt));
  if (writing.back().sql == kCommit && results.back().command() != kCommit) {
    throw PostgresError({}, "COMMIT became " + results.back().command());
  }
}

/// COMMIT is the last of `writing`. Where another one was refused, it was not reached: that group
/// is not in doubt.
void PostgresWriter::run_to_commit(const PostgresGroup::Writing& writing) {
  try {
    run_rows(writing);
  } catch (const PostgresError& error) {
    if (!error.lost() && error.command() + 1 < writing.size()) {
      doubted_ = 0;
      throw;
    }
    session_.reset();
    if (error.lost()) throw;
    throw PostgresError({}, "COMMIT was answered with " + error.state());
  }
}

void PostgresWriter::changed_by_others() {
  session_->roll_back();
  const PostgresResult owner = session_->run({kOwner, {}});
  if (owner.bytes(0, 0) != owner_ || owner.integer(0, 1) != number_) {
    health_.end_process(EX_TEMPFAIL, kTaken);
  }
  throw PostgresError("40001", "rows were changed by somebody else meanwhile");
}

/// Between two groups: the clock, and whether the database is still there.
bool PostgresWriter::idle() {
  const Busy busy(busy_since_, steady_);
  try {
    connect();
    const auto asked = steady_.now();
    sample_clock(asked, session_->run({kClock, {}}));
    health_.good();
  } catch (const PostgresError& error) {
    if (error.lost()) session_.reset();
    health_.bad(error);
  }
  return true;
}

void PostgresWriter::sample_clock(SteadyClock::TimePoint asked, const PostgresResult& answer) {
  if (settings_.database_clock != nullptr) {
    settings_.database_clock->sample(asked, Instant(Duration(answer.integer(0, 0))), steady_.now());
  }
}

Instant PostgresWriter::next_stamp() {
  last_stamp_ = std::max(last_stamp_, clock_.now());
  return last_stamp_;
}

}  // namespace masar::store
