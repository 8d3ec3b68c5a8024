#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/engine/journal.h"
#include "core/engine/snapshot.h"
#include "core/store/store.h"

namespace masar::engine {

/// When `due` is by `calendar`, as seen at `now`; none: it does not move. One whose time has come
/// stays, and none moves into the past: it is then due at once.
std::optional<Instant> moved_due(const process::Calendar& calendar, Instant due,
                                 const std::optional<process::WorkingDue>& working, Instant now);

/// A stored due time that a calendar moves.
struct CalendarMove {
  store::TimerRow timer;
  Instant due{};  ///< by that calendar
};

struct CalendarMoves {
  std::vector<CalendarMove> moves;
  std::optional<store::TimerRow> last;  ///< looked at; none: there are no more behind it
};

/// Looks at the next `limit` due times in working time behind `after` (null: from the beginning),
/// in the order of their cases. Throws what the store throws.
CalendarMoves moves_by(const process::Calendar& calendar, store::Store& store, Instant now,
                       std::size_t limit, const store::TimerRow* after);

/// Brings a changed calendar to the due times that were reckoned by the one before: at a start
/// whose calendar is not the one that the store's setting "calendar" names, each case with one that
/// moves gets a row in the journal, at most kWindow due times a commit with a breath between them.
/// The case's turn moves them (Turn::reckon_anew). The setting is written with the last rows: a hub
/// that dies before begins anew, and what has been moved moves no further.
///
/// Owned by the hub. start() once; stop() and under_way() from any thread.
class CalendarChange {
 public:
  struct Parts {
    const Snapshot& snapshot;
    store::Store& store;
    Journal& journal;
    Executor& executor;
    const BusinessClock& business;
  };
  static constexpr std::size_t kWindow = 500;

  explicit CalendarChange(const Parts& parts) : parts_(parts) {}
  void start();
  void stop() { stopped_.store(true); }
  bool under_way() const noexcept { return under_way_.load(); }

 private:
  struct Counts {
    std::size_t due_times = 0;
    std::size_t cases = 0;
  };
  void step();
  void again(std::chrono::milliseconds after);
  store::Transaction next(const CalendarMoves& page, Counts& counts) const;

  const Parts parts_;
  std::string calendar_;  ///< hash of its text
  std::atomic<bool> stopped_{false};
  std::atomic<bool> under_way_{false};

  // Of the step that is under way.
  std::optional<store::TimerRow> after_;
  std::string last_case_;  ///< has its row
  Counts counts_;
};

}  // namespace masar::engine
