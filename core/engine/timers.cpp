#include "core/engine/timers.h"

#include "core/base/error.h"

namespace masar::engine {
namespace {

constexpr std::chrono::milliseconds kCrowded{20};

std::string_view kind_name(store::TimerKind kind) {
  static constexpr std::string_view kNames[]{"deadline", "task", "task-after", "not-after"};
  return kNames[static_cast<int>(kind)];
}

}  // namespace

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

void Timers::send_due() {
  std::vector<store::TimerRow> due;
  try {
    due = store_.due(business_.now(), kWindow);
  } catch (const Error&) {
    return;  // the store is away: the next look finds them
  }
  store::Transaction transaction;
  std::vector<Id> ids;
  for (const auto& timer : due) {
    Id id{static_cast<int>(timer.kind), timer.case_key, timer.name, timer.serial, timer.due};
    if (!sent_.with([&](auto& sent) { return sent.insert(id).second; })) continue;
    ids.push_back(std::move(id));
    store::JournalRow row;
    row.case_key = timer.case_key;
    row.partition = timer.partition;
    row.kind = store::JournalKind::deadline;
    row.route = kind_name(timer.kind);
    row.name = timer.name;
    row.serial = timer.serial;
    row.snapshot = snapshot_;
    transaction.journal.push_back(std::move(row));
  }
  // A row whose due time is still stored after its turn (a task's next one, a lost turn) is sent
  // again later.
  const auto forget = [this, ids] {
    sent_.with([&](auto& sent) {
      for (const auto& id : ids) sent.erase(id);
    });
  };
  const bool full = due.size() == kWindow;
  if (ids.empty()) {
    // A whole window under way: those behind it are read as soon as some have had their turn.
    if (full) executor_.post_after(kCrowded, [this] { post(); });
    return;
  }
  journal_.submit(std::move(transaction), [this, forget, full](const store::Commit& commit) {
    if (commit.status != store::CommitStatus::committed) return forget();
    executor_.post_after(std::chrono::seconds(10), forget);
    if (full) post();
  });
}

}  // namespace masar::engine
