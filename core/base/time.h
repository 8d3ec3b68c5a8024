#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace masar {

/// A point of business time: microseconds since 1970-01-01T00:00:00Z.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
/// A day of the calendar, without a zone.
using Date = std::chrono::year_month_day;
using Duration = std::chrono::microseconds;

/// `2026-01-04T05:00:00Z`; a fraction is written only where there is one. Never throws.
std::string format_instant(Instant at);
/// The instant in a zone of the system's zone database ("Asia/Amman"), with its offset:
/// `2026-01-04T08:00:00+03:00`. Throws Error(config, "unknown-zone").
std::string format_instant(Instant at, const std::string& zone);
/// RFC 3339 / xs:dateTime with a zone designator (`Z` or ±hh:mm). No value where the text is
/// anything else.
std::optional<Instant> parse_instant(std::string_view text);
/// xs:dateTime without a zone, read as local time of `zone`. A time that the zone skipped reads as
/// the first instant after the gap; one that it had twice reads as the earlier. Throws
/// Error(config, "unknown-zone"). No value where the text is anything else.
std::optional<Instant> parse_local(std::string_view text, const std::string& zone);
/// Local date and time of `at` in `zone`, without designator: `2026-01-04T08:00:00`.
std::string format_local(Instant at, const std::string& zone);

std::string format_date(Date date);                      ///< `2026-01-04`
std::optional<Date> parse_date(std::string_view text);   ///< strictly yyyy-mm-dd, an existing day
Date date_of(Instant at, const std::string& zone);       ///< the local day of an instant
Instant start_of(Date day, const std::string& zone);     ///< the first instant of a local day

/// A duration as the configuration writes it: an ISO 8601 duration of weeks, days, hours, minutes
/// and seconds (`PT72H`, `P3D`; a day is 24 h), or working days (`P2WD`), which a calendar
/// resolves.
struct Span {
  Duration fixed{0};
  int working_days = 0;  ///< when not 0, `fixed` is 0
};
std::optional<Span> parse_span(std::string_view text);
/// `PT72H`, `PT1M30S`, `PT0S`; days are written as hours.
std::string format_duration(Duration length);

}  // namespace masar
