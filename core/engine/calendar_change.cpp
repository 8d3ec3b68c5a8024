#include "core/engine/calendar_change.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/engine/live_case.h"
#include "core/engine/records.h"

namespace masar::engine {
namespace {

constexpr std::chrono::milliseconds kBreath{20};       ///< between two steps
constexpr std::chrono::milliseconds kStoreAgain{1000};  ///< after the store did not take one
constexpr const char* kSetting = "calendar";

}  // namespace

std::optional<Instant> moved_due(const process::Calendar& calendar, Instant due,
                                 const std::optional<process::WorkingDue>& working, Instant now) {
  if (!working || due <= now) return std::nullopt;
  const Instant anew = std::max(calendar.reckon(*working), now);
  return anew == due ? std::nullopt : std::optional(anew);
}

CalendarMoves moves_by(const process::Calendar& calendar, store::Store& store, Instant now,
                       std::size_t limit, const store::TimerRow* after) {
  CalendarMoves page;
  auto timers = store.working_timers(limit, after);
  if (timers.size() == limit) page.last = timers.back();
  for (auto& timer : timers) {
    const auto due = moved_due(calendar, timer.due, read_working(timer.working), now);
    if (due) page.moves.push_back({std::move(timer), *due});
  }
  return page;
}

void CalendarChange::start() {
  calendar_ = sha256_hex(parts_.snapshot.calendar().text());
  const auto settings = parts_.store.settings();
  const auto known = settings.find(kSetting);
  if (known != settings.end() && known->second == calendar_) return;
  under_way_.store(true);
  again({});
}

void CalendarChange::again(std::chrono::milliseconds after) {
  parts_.executor.post_after(after, [this] { step(); });
}

void CalendarChange::step() {
  if (stopped_.load()) return;
  CalendarMoves page;
  try {
    page = moves_by(parts_.snapshot.calendar(), parts_.store, parts_.business.now(), kWindow,
                    after_ ? &*after_ : nullptr);
  } catch (const Error&) {
    return again(kStoreAgain);
  }
  Counts counts = counts_;
  store::Transaction transaction = next(page, counts);
  parts_.journal.submit(
      std::move(transaction), [this, page = std::move(page), counts](const store::Commit& commit) {
        if (commit.status != store::CommitStatus::committed) return again(kStoreAgain);
        counts_ = counts;
        if (!page.moves.empty()) last_case_ = page.moves.back().timer.case_key;
        after_ = page.last;
        if (after_) return again(kBreath);
        under_way_.store(false);
      });
}

store::Transaction CalendarChange::next(const CalendarMoves& page, Counts& counts) const {
  store::Transaction transaction;
  std::string last = last_case_;
  counts.due_times += page.moves.size();
  for (const auto& move : page.moves) {
    if (move.timer.case_key == last) continue;
    last = move.timer.case_key;
    ++counts.cases;
    store::JournalRow row;
    row.case_key = last;
    row.partition = move.timer.partition;
    row.kind = store::JournalKind::calendar;
    row.snapshot = parts_.snapshot.hash;
    transaction.journal.push_back(std::move(row));
  }
  if (page.last) return transaction;
  transaction.settings.emplace_back(kSetting, calendar_);
  if (counts.cases > 0) {
    transaction.audit.push_back(
        operator_audit({}, "calendar",
                       "changed: moves " + std::to_string(counts.due_times) + " due times of " +
                           std::to_string(counts.cases) + " cases"));
  }
  return transaction;
}

}  // namespace masar::engine
