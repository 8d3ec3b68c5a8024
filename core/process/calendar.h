#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/config/element.h"

namespace masar::process {

/// How a due time was reckoned in working time, so that another calendar can reckon it anew.
struct WorkingDue {
  Instant from{};            ///< the working days count from here
  int days = 0;              ///< > 0
  bool full_second = false;  ///< rounded up
  Duration lead{0};          ///< it is so long before what the days come to …
  Instant not_before{};      ///< … but not before this
};

/// A due time; `working` where it depends on a calendar.
struct DueTime {
  Instant at{};
  std::optional<WorkingDue> working = {};
};

/// Working days of one zone (ENGINE.md 7): every day that is neither weekend nor holiday counts its
/// 24 hours. Immutable, any thread.
class Calendar {
 public:
  Calendar(std::string zone, std::set<unsigned> weekend, std::set<Date> holidays);
  /// `<calendar id zone weekend="friday saturday"><holiday date="2026-01-01"
  /// name="…"/>…</calendar>`;
  /// `<holiday every="01-01">` repeats each year. What is wrong goes to `diagnostics`.
  static std::optional<Calendar> load(const config::Element& root,
                                      config::Diagnostics& diagnostics);

  const std::string& zone() const noexcept { return zone_; }
  bool is_working(Date day) const;
  /// The earliest instant when `days` × 24 h of working time have passed since `from` (Friday 15:00
  /// + P1WD = Monday 00:00 where Friday and Saturday are the weekend). days ≥ 0; at most 3,660.
  Instant add_working_days(Instant from, int days) const;
  /// `from` + the span, by working days where it has them.
  DueTime reckon(Instant from, const Span& span) const;
  Instant reckon(const WorkingDue& due) const;
  /// Working time between two instants; zero where until ≤ from.
  Duration working_time(Instant from, Instant until) const;
  /// A document that load() makes this calendar of; equal for equal calendars.
  std::string text() const;

 private:
  std::string zone_;
  std::set<unsigned> weekend_;  ///< std::chrono weekday encoding, 0 = Sunday
  std::set<Date> holidays_;
  std::set<std::pair<unsigned, unsigned>> yearly_;  ///< month, day
};

}  // namespace masar::process
