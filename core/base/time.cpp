#include "core/base/time.h"

#include <array>
#include <cstdlib>
#include <iterator>
#include <stdexcept>

#include <date/tz.h>

#include "core/base/error.h"

namespace masar {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_t;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using LocalTime = date::local_time<microseconds>;

constexpr int kFractionDigits = 6;
constexpr int kSpanDigitsMax = 9;
constexpr seconds kSpanMax = days(366'000);

/// Reads a text from its front; every function says whether it could, and takes only what it read.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool digit_next() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool digits(int count, int& value) {
    value = 0;
    for (int i = 0; i < count; ++i) {
      if (!digit_next()) return false;
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return true;
  }
  bool number(int digits_max, std::int64_t& value) {
    value = 0;
    int count = 0;
    for (; digit_next() && count < digits_max; ++count) {
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return count > 0 && !digit_next();
  }
  /// Digits after a point, cut to microseconds: a stamp never moves to a later one.
  bool fraction(microseconds& value) {
    std::int64_t read = 0;
    int count = 0;
    for (; digit_next(); ++count, rest_.remove_prefix(1)) {
      if (count < kFractionDigits) read = read * 10 + (rest_[0] - '0');
    }
    for (int i = count; i < kFractionDigits; ++i) read *= 10;
    value = microseconds(read);
    return count > 0;
  }

 private:
  std::string_view rest_;
};

bool scan_date(Scanner& in, Date& date) {
  int year = 0, month = 0, day = 0;
  if (!in.digits(4, year) || !in.take('-') || !in.digits(2, month) || !in.take('-') ||
      !in.digits(2, day)) {
    return false;
  }
  date = Date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
              std::chrono::day(static_cast<unsigned>(day)));
  return year > 0 && date.ok();
}

bool scan_local(Scanner& in, LocalTime& time) {
  Date date;
  int hour = 0, minute = 0, second = 0;
  microseconds fraction{0};
  if (!scan_date(in, date) || !in.take('T') || !in.digits(2, hour) || !in.take(':') ||
      !in.digits(2, minute) || !in.take(':') || !in.digits(2, second)) {
    return false;
  }
  if (in.take('.') && !in.fraction(fraction)) return false;
  // xs:dateTime writes the end of a day as 24:00:00 too.
  bool end_of_day = hour == 24 && minute == 0 && second == 0 && fraction.count() == 0;
  if ((hour > 23 && !end_of_day) || minute > 59 || second > 59) return false;
  time = LocalTime(std::chrono::sys_days(date).time_since_epoch()) + hours(hour) +
         minutes(minute) + seconds(second) + fraction;
  return true;
}

bool scan_offset(Scanner& in, minutes& offset) {
  offset = minutes(0);
  if (in.take('Z')) return true;
  bool west = in.take('-');
  if (!west && !in.take('+')) return false;
  int hour = 0, minute = 0;
  if (!in.digits(2, hour) || !in.take(':') || !in.digits(2, minute)) return false;
  offset = hours(hour) + minutes(minute);
  if (minute > 59 || offset > hours(14)) return false;
  if (west) offset = -offset;
  return true;
}

const date::time_zone& find_zone(const std::string& name) {
  thread_local const date::time_zone* last = nullptr;  // it is mostly the same one
  try {
    if (last == nullptr || last->name() != name) last = date::locate_zone(name);
    return *last;
  } catch (const std::runtime_error&) {
    throw Error(ErrorKind::config, "unknown-zone", "there is no time zone \"" + name + "\"");
  }
}

Instant instant_of(LocalTime local, const date::time_zone& zone) {
  date::local_info info = zone.get_info(local);
  if (info.result == date::local_info::nonexistent) return info.second.begin;
  return Instant(local.time_since_epoch() - info.first.offset);
}

/// At least `width` digits. By hand: instants are written so often that printf would be seen.
void put_digits(std::string& out, std::int64_t value, std::size_t width) {
  std::array<char, 20> digits;
  auto at = digits.end();
  for (; value != 0 || width > 0; value /= 10) {
    *--at = static_cast<char>('0' + value % 10);
    if (width > 0) --width;
  }
  out.append(at, digits.end());
}

/// What is behind the point of a number of seconds; nothing for none.
void put_fraction(std::string& out, std::int64_t micros) {
  if (micros == 0) return;
  out += '.';
  put_digits(out, micros, kFractionDigits);
  out.erase(out.find_last_not_of('0') + 1);
}

std::string format_time(LocalTime time) {
  auto day = std::chrono::floor<days>(time.time_since_epoch());
  auto of_day = time.time_since_epoch() - day;
  std::string text = format_date(Date(std::chrono::sys_days(day)));
  auto whole = std::chrono::floor<seconds>(of_day);
  text += 'T';
  put_digits(text, whole / hours(1), 2);
  text += ':';
  put_digits(text, whole % hours(1) / minutes(1), 2);
  text += ':';
  put_digits(text, (whole % minutes(1)).count(), 2);
  put_fraction(text, (of_day - whole).count());
  return text;
}

}  // namespace

std::string format_instant(Instant at) {
  return format_time(LocalTime(at.time_since_epoch())) + 'Z';
}

std::string format_instant(Instant at, const std::string& zone) {
  auto offset = find_zone(zone).get_info(at).offset;
  std::string text = format_time(LocalTime(at.time_since_epoch() + offset));
  // Old offsets have seconds (local mean time); RFC 3339 has none.
  auto rounded = std::chrono::duration_cast<minutes>(offset);
  text += offset.count() < 0 ? '-' : '+';
  put_digits(text, std::chrono::abs(rounded) / hours(1), 2);
  text += ':';
  put_digits(text, (std::chrono::abs(rounded) % hours(1)).count(), 2);
  return text;
}

std::optional<Instant> parse_instant(std::string_view text) {
  Scanner in(text);
  LocalTime local;
  minutes offset{0};
  if (!scan_local(in, local) || !scan_offset(in, offset) || !in.done()) return std::nullopt;
  return Instant(local.time_since_epoch() - offset);
}

std::optional<Instant> parse_local(std::string_view text, const std::string& zone) {
  const date::time_zone& found = find_zone(zone);
  Scanner in(text);
  LocalTime local;
  if (!scan_local(in, local) || !in.done()) return std::nullopt;
  return instant_of(local, found);
}

std::string format_local(Instant at, const std::string& zone) {
  return format_time(LocalTime(at.time_since_epoch() + find_zone(zone).get_info(at).offset));
}

std::string format_date(Date date) {
  const int year = static_cast<int>(date.year());
  std::string text = year < 0 ? "-" : "";
  text.reserve(std::size("2026-01-04T08:00:00.000000Z"));  // often it goes on as an instant
  put_digits(text, std::abs(year), year < 0 ? 3 : 4);
  text += '-';
  put_digits(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  put_digits(text, static_cast<unsigned>(date.day()), 2);
  return text;
}

std::optional<Date> parse_date(std::string_view text) {
  Scanner in(text);
  Date date;
  if (!scan_date(in, date) || !in.done()) return std::nullopt;
  return date;
}

Date date_of(Instant at, const std::string& zone) {
  auto local = at.time_since_epoch() + find_zone(zone).get_info(at).offset;
  return Date(std::chrono::sys_days(std::chrono::floor<days>(local)));
}

Instant start_of(Date day, const std::string& zone) {
  return instant_of(LocalTime(std::chrono::sys_days(day).time_since_epoch()), find_zone(zone));
}

std::optional<Span> parse_span(std::string_view text) {
  struct Unit {
    std::string_view letter;
    seconds length;
  };
  static constexpr Unit kDays[] = {{"W", days(7)}, {"D", days(1)}};
  static constexpr Unit kTimes[] = {{"H", hours(1)}, {"M", minutes(1)}, {"S", seconds(1)}};

  Scanner in(text);
  if (!in.take('P')) return std::nullopt;
  microseconds total{0};
  std::size_t next_unit = 0;
  bool any = false;
  std::int64_t number = 0;
  while (in.digit_next()) {
    if (!in.number(kSpanDigitsMax, number)) return std::nullopt;
    if (!any && in.take(std::string_view("WD"))) {
      if (!in.done() || number == 0 || number > kSpanMax / days(1)) return std::nullopt;
      return Span{Duration{0}, static_cast<int>(number)};
    }
    while (next_unit < std::size(kDays) && !in.take(kDays[next_unit].letter)) ++next_unit;
    if (next_unit == std::size(kDays)) return std::nullopt;
    if (kDays[next_unit].length * number > kSpanMax) return std::nullopt;
    total += kDays[next_unit++].length * number;
    any = true;
  }
  if (in.take('T')) {
    any = false;
    next_unit = 0;
    while (in.digit_next()) {
      microseconds fraction{0};
      if (!in.number(kSpanDigitsMax, number)) return std::nullopt;
      bool point = in.take('.');
      if (point && !in.fraction(fraction)) return std::nullopt;
      while (next_unit < std::size(kTimes) && !in.take(kTimes[next_unit].letter)) ++next_unit;
      if (next_unit == std::size(kTimes)) return std::nullopt;
      if (point && kTimes[next_unit].length != seconds(1)) return std::nullopt;
      if (kTimes[next_unit].length * number > kSpanMax) return std::nullopt;
      total += kTimes[next_unit++].length * number + fraction;
      any = true;
    }
  }
  if (!any || !in.done() || total > kSpanMax) return std::nullopt;
  return Span{total, 0};
}

std::string format_duration(Duration length) {
  std::string text = length.count() < 0 ? "-PT" : "PT";
  // Unsigned, so that the smallest duration has an absolute value too.
  auto micros = static_cast<std::uint64_t>(length.count());
  if (length.count() < 0) micros = 0 - micros;
  const std::uint64_t whole = micros / 1'000'000;
  const auto fraction = static_cast<std::int64_t>(micros % 1'000'000);
  if (whole >= 3600) text += std::to_string(whole / 3600) + 'H';
  if (whole / 60 % 60 != 0) text += std::to_string(whole / 60 % 60) + 'M';
  if (whole % 60 != 0 || fraction != 0 || whole == 0) {
    text += std::to_string(whole % 60);
    put_fraction(text, fraction);
    text += 'S';
  }
  return text;
}

}  // namespace masar
