#include "core/process/calendar.h"

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/process/schema.h"

namespace masar::process {
namespace {

using config::Element;

constexpr int kWorkingDaysMax = 3'660;
/// Days looked at for one answer: ten working days a year would still do.
constexpr int kDaysMax = 200'000;

Date next_day(Date day) { return std::chrono::sys_days(day) + std::chrono::days(1); }

unsigned weekday_of(Date day) {
  return std::chrono::weekday(std::chrono::sys_days(day)).c_encoding();
}

const std::map<std::string, unsigned, std::less<>>& weekdays() {
  static const std::map<std::string, unsigned, std::less<>> names{
      {"sunday", 0},   {"monday", 1}, {"tuesday", 2}, {"wednesday", 3},
      {"thursday", 4}, {"friday", 5}, {"saturday", 6}};
  return names;
}

/// "01-31"; 29 February is there in leap years only.
std::optional<std::pair<unsigned, unsigned>> parse_yearly(std::string_view text) {
  const auto date = parse_date("2024-" + std::string(text));
  if (!date) return std::nullopt;
  return std::pair{static_cast<unsigned>(date->month()), static_cast<unsigned>(date->day())};
}

const config::ElementTable& calendar_table() {
  using config::Kind;
  static const config::ElementTable table{
      "calendar",
      "The working days of one zone.",
      {{"id", Kind::name, true, "", "Its name.", {}},
       {"zone", Kind::text, true, "", "Its time zone.", {}},
       {"weekend", Kind::text, false, "", "Days of the week that are not worked, in English.", {}}},
      {"holiday"}};
  return table;
}

const config::ElementTable& holiday_table() {
  using config::Kind;
  static const config::ElementTable table{
      "holiday",
      "A day that is not worked.",
      {{"date", Kind::text, false, "", "The day: 2026-01-01.", {}},
       {"every", Kind::text, false, "", "The day of every year: 01-01.", {}},
       {"name", Kind::text, false, "", "What it is.", {}}},
      {}};
  return table;
}

std::set<unsigned> read_weekend(const Element& root, config::Diagnostics& diagnostics) {
  std::set<unsigned> weekend;
  for (const auto& name : words(root.value("weekend"))) {
    const auto found = weekdays().find(name);
    if (found != weekdays().end()) {
      weekend.insert(found->second);
      continue;
    }
    std::vector<std::string> known;
    for (const auto& [day, number] : weekdays()) known.push_back(day);
    diagnostics.add(place_of(root, "weekend"), "unknown day \"" + name + "\"",
                    config::suggest(name, known));
  }
  if (weekend.size() == weekdays().size())
    diagnostics.add(place_of(root, "weekend"), "no day is left to work");
  return weekend;
}

bool zone_exists(const std::string& zone) {
  try {
    date_of(Instant{}, zone);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

Calendar::Calendar(std::string zone, std::set<unsigned> weekend, std::set<Date> holidays)
    : zone_(std::move(zone)), weekend_(std::move(weekend)), holidays_(std::move(holidays)) {}

std::optional<Calendar> Calendar::load(const Element& root, config::Diagnostics& diagnostics) {
  config::Diagnostics own;
  if (root.name.local != "calendar" || !root.name.uri.empty())
    own.add(root.place, "a calendar is a <calendar> document");
  const config::Values values(calendar_table(), root, own);
  Calendar calendar(values.text("zone"), read_weekend(root, own), {});
  if (values.has("zone") && !zone_exists(calendar.zone_))
    own.add(values.place("zone"), "unknown zone \"" + calendar.zone_ + "\"",
            "write a name of the zone database: Asia/Amman");
  for (const Element* element : root.elements()) {
    if (element->name.local != "holiday") {
      own.add(element->place, "unknown element <" + element->name.local + ">",
              config::suggest(element->name.local, {"holiday"}));
      continue;
    }
    const config::Values holiday(holiday_table(), *element, own);
    const auto date = parse_date(holiday.text("date"));
    const auto yearly = parse_yearly(holiday.text("every"));
    if (holiday.has("date") == holiday.has("every"))
      own.add(element->place, "a holiday has either date or every");
    else if (holiday.has("date") && !date)
      own.add(holiday.place("date"), "\"" + holiday.text("date") + "\" is not a day",
              "write 2026-01-31");
    else if (holiday.has("every") && !yearly)
      own.add(holiday.place("every"), "\"" + holiday.text("every") + "\" is not a day of the year",
              "write 01-31");
    else if (date) calendar.holidays_.insert(*date);
    else calendar.yearly_.insert(*yearly);
  }
  for (const auto& finding : own.findings())
    diagnostics.add(finding.place, finding.what, finding.hint);
  if (!own.empty()) return std::nullopt;
  return calendar;
}

bool Calendar::is_working(Date day) const {
  if (weekend_.count(weekday_of(day)) != 0 || holidays_.count(day) != 0) return false;
  return yearly_.count({static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day())}) == 0;
}

Instant Calendar::add_working_days(Instant from, int days) const {
  if (days < 0 || days > kWorkingDaysMax)
    throw Error(ErrorKind::rejected, "working-days-out-of-range",
                "0 to " + std::to_string(kWorkingDaysMax) + " working days");
  Duration left = std::chrono::hours(24) * days;
  if (left == Duration{0}) return from;
  Date day = date_of(from, zone_);
  for (int looked = 0; looked < kDaysMax; ++looked, day = next_day(day)) {
    if (!is_working(day)) continue;
    const Instant begin = std::max(from, start_of(day, zone_));
    const Duration length = start_of(next_day(day), zone_) - begin;
    if (left <= length) return begin + left;
    left -= length;
  }
  throw Error(ErrorKind::config, "calendar-without-working-days",
              "the calendar has too few working days");
}

DueTime Calendar::reckon(Instant from, const Span& span) const {
  if (span.working_days == 0) return {from + span.fixed};
  return {add_working_days(from, span.working_days), WorkingDue{from, span.working_days}};
}

Instant Calendar::reckon(const WorkingDue& due) const {
  const Instant end = add_working_days(due.from, due.days);
  const Instant rounded = due.full_second ? std::chrono::ceil<std::chrono::seconds>(end) : end;
  return std::max(rounded - due.lead, due.not_before);
}

std::string Calendar::text() const {
  std::string weekend;
  for (const auto& [name, number] : weekdays()) {
    if (weekend_.contains(number)) weekend += (weekend.empty() ? "" : " ") + name;
  }
  std::string text =
      "<calendar id=\"calendar\" zone=\"" + zone_ + "\" weekend=\"" + weekend + "\">";
  for (const Date& day : holidays_) text += "<holiday date=\"" + format_date(day) + "\"/>";
  for (const auto& [month, day] : yearly_) {
    const Date leap(std::chrono::year(2024), std::chrono::month(month), std::chrono::day(day));
    text += "<holiday every=\"" + format_date(leap).substr(5) + "\"/>";
  }
  return text + "</calendar>";
}

Duration Calendar::working_time(Instant from, Instant until) const {
  Duration total{0};
  if (until <= from) return total;
  Date day = date_of(from, zone_);
  Instant begin = from;
  for (int looked = 0; begin < until; ++looked, day = next_day(day)) {
    if (looked == kDaysMax)
      throw Error(ErrorKind::rejected, "time-too-long", "working time over centuries");
    const Instant end = std::min(until, start_of(next_day(day), zone_));
    if (is_working(day)) total += end - begin;
    begin = end;
  }
  return total;
}

}  // namespace masar::process
