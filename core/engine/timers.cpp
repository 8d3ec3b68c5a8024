#include "core/engine/timers.h"

#include "core/base/error.h"

namespace masar::engine {
namespace {

constexpr std::chrono::milliseconds kCrowded{20};        ///< until there may be room again
constexpr std::chrono::milliseconds kSentAgain{10'000};  ///< one that is still due by then

enum class Taken { now, before, no };

}  // namespace

std::string_view kind_name(store::TimerKind kind) {
  static constexpr std::string_view kNames[]{"deadline", "task", "task-after", "not-after"};
  return kNames[static_cast<int>(kind)];
}

void Timers::start() { tick(); }

void Timers::tick() {
  if (stopped_.load()) return;
  post();
  executor_.post_after(kLook, [this] { tick(); });
}

void Timers::changed(const store::TimerRow& timer) {
  const auto left = timer.due - business_.now();
  if (left > kLook) return;
  if (left <= Duration{0}) return post();
  executor_.post_after(left, [this] { post(); });
}

void Timers::post() {
  if (posted_.exchange(true)) return;
  active_.fetch_add(1);
  executor_.post([this] { run(); });
}

void Timers::run() {
  posted_.store(false);
  if (!stopped_.load()) send_due();
  active_.fetch_sub(1);
}

// One window a look. The next look goes on behind it, past rows that are under way however long
// they stay, and begins anew once it has come to the end.
void Timers::send_due() {
  const auto after = seen_.with([](const Seen& seen) { return seen.last; });
  std::vector<store::TimerRow> due;
  try {
    due = store_.due(business_.now(), kWindow, after ? &*after : nullptr);
  } catch (const std::exception&) {
    return;  // the store is away: the next look finds them
  }
  store::Transaction transaction;
  std::vector<Id> ids;
  bool crowded = false;
  std::optional<store::TimerRow> last;
  for (const auto& timer : due) {
    Id id{static_cast<int>(timer.kind), timer.case_key, timer.name, timer.serial, timer.due};
    const auto taken = seen_.with([&](Seen& seen) {
      if (seen.sent.contains(id)) return Taken::before;
      if (seen.sent.size() >= kUnderWayMax) return Taken::no;
      seen.sent.insert(id);
      return Taken::now;
    });
    crowded = taken == Taken::no;
    if (crowded) break;
    last = timer;
    if (taken == Taken::before) continue;
    ids.push_back(std::move(id));
    transaction.journal.push_back(deadline_event(timer));
  }
  const bool more = due.size() == kWindow;
  seen_.with([&](Seen& seen) { seen.last = more ? (last ? last : after) : std::nullopt; });
  if (crowded) executor_.post_after(kCrowded, [this] { post(); });
  if (ids.empty()) {
    if (more && !crowded) post();
    return;
  }
  journal_.submit(std::move(transaction),
                  [this, ids, goes_on = more && !crowded](const store::Commit& commit) {
                    if (commit.status != store::CommitStatus::committed) return forget(ids);
                    executor_.post_after(kSentAgain, [this, ids] { forget(ids); });
                    if (goes_on) post();
                  });
}

store::JournalRow Timers::deadline_event(const store::TimerRow& timer) const {
  store::JournalRow row;
  row.case_key = timer.case_key;
  row.partition = timer.partition;
  row.kind = store::JournalKind::deadline;
  row.route = kind_name(timer.kind);
  row.name = timer.name;
  row.serial = timer.serial;
  row.snapshot = snapshot_;
  return row;
}

// A row whose due time is still stored after its turn (a task's next one, a lost turn) is sent
// again later.
void Timers::forget(const std::vector<Id>& ids) {
  seen_.with([&](Seen& seen) {
    for (const auto& id : ids) seen.sent.erase(id);
  });
}

}  // namespace masar::engine
