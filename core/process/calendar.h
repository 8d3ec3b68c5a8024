#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/config/element.h"

namespace masar::process {

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
  Instant add(Instant from, const Span& span) const;
  /// Working time between two instants; zero where until ≤ from.
  Duration working_time(Instant from, Instant until) const;

 private:
  std::string zone_;
  std::set<unsigned> weekend_;  ///< std::chrono weekday encoding, 0 = Sunday
  std::set<Date> holidays_;
  std::set<std::pair<unsigned, unsigned>> yearly_;  ///< month, day
};

}  // namespace masar::process
