#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/process/calendar.h"
#include "tests/core/process/process_support.h"

using namespace masar;
using namespace masar::process;
using masar::process::testing::at;

namespace {

Date day(const char* text) { return parse_date(text).value(); }

Calendar plain() { return Calendar("Asia/Amman", {5, 6}, {}); }

std::string local(Instant instant) { return format_local(instant, "Asia/Amman"); }
Instant from_local(const char* text) { return parse_local(text, "Asia/Amman").value(); }

std::string after(const Calendar& calendar, const char* from, int days) {
  return local(calendar.add_working_days(from_local(from), days));
}

std::optional<Calendar> load(const std::string& xml, std::string* findings = nullptr) {
  config::Diagnostics diagnostics;
  const auto root = config::load_element("jordan.xml", xml, diagnostics);
  auto calendar = root ? Calendar::load(*root, diagnostics) : std::nullopt;
  if (findings != nullptr) *findings = diagnostics.text();
  return calendar;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(calendar)

BOOST_AUTO_TEST_CASE(a_working_day_is_24_hours_of_working_days) {
  const Calendar calendar = plain();
  BOOST_TEST(after(calendar, "2026-01-02T15:00:00", 1) ==
             "2026-01-05T00:00:00");  // Friday: Monday 00:00
  BOOST_TEST(after(calendar, "2026-01-03T10:00:00", 1) == "2026-01-05T00:00:00");  // Saturday
  BOOST_TEST(after(calendar, "2026-01-04T08:00:00", 1) == "2026-01-05T08:00:00");  // Sunday
  BOOST_TEST(after(calendar, "2026-01-08T08:00:00", 1) ==
             "2026-01-11T08:00:00");  // Thursday: Sunday
  BOOST_TEST(after(calendar, "2026-01-08T00:00:00", 1) ==
             "2026-01-09T00:00:00");  // a whole Thursday ends as Friday begins
  BOOST_TEST(after(calendar, "2026-01-04T08:00:00", 5) == "2026-01-11T08:00:00");
  BOOST_TEST(after(calendar, "2026-01-02T15:00:00", 0) == "2026-01-02T15:00:00");
}

BOOST_AUTO_TEST_CASE(holidays_do_not_count) {
  const Calendar calendar("Asia/Amman", {5, 6}, {day("2026-01-05"), day("2026-01-06")});
  BOOST_TEST(after(calendar, "2026-01-04T08:00:00", 1) == "2026-01-07T08:00:00");
  BOOST_TEST(after(calendar, "2026-01-05T08:00:00", 1) == "2026-01-08T00:00:00");
  BOOST_TEST(!calendar.is_working(day("2026-01-05")));
  BOOST_TEST(calendar.is_working(day("2026-01-07")));
}

BOOST_AUTO_TEST_CASE(year_end_and_29_february) {
  const auto calendar = load(
      "<calendar id=\"jordan\" zone=\"Asia/Amman\" weekend=\"friday saturday\"><holiday "
      "every=\"01-01\" name=\"New Year\"/></calendar>");
  BOOST_REQUIRE(calendar.has_value());
  BOOST_TEST(after(*calendar, "2025-12-31T12:00:00", 1) ==
             "2026-01-04T12:00:00");  // Wednesday; Thursday is the 1st
  BOOST_TEST(!calendar->is_working(day("2031-01-01")));
  BOOST_TEST(after(*calendar, "2028-02-28T12:00:00", 1) ==
             "2028-02-29T12:00:00");  // Monday; leap year
  BOOST_TEST(after(*calendar, "2028-02-29T12:00:00", 1) == "2028-03-01T12:00:00");
  BOOST_TEST(after(*calendar, "2027-02-28T12:00:00", 1) == "2027-03-01T12:00:00");  // Sunday
}

BOOST_AUTO_TEST_CASE(a_day_that_the_zone_made_shorter_counts_as_long_as_it_was) {
  const Calendar calendar("Asia/Amman", {}, {});
  // 2022-02-25 had 23 hours.
  BOOST_TEST((calendar.working_time(from_local("2022-02-25T00:00:00"),
                                    from_local("2022-02-26T00:00:00")) == std::chrono::hours(23)));
}

BOOST_AUTO_TEST_CASE(working_time_between_instants) {
  const Calendar calendar("Asia/Amman", {5, 6}, {day("2026-01-06")});
  const auto hours = [&](const char* from, const char* until) {
    return std::chrono::duration_cast<std::chrono::hours>(
               calendar.working_time(from_local(from), from_local(until)))
        .count();
  };
  BOOST_TEST(hours("2026-01-04T08:00:00", "2026-01-04T10:00:00") == 2);
  BOOST_TEST(hours("2026-01-02T08:00:00", "2026-01-03T23:00:00") == 0);
  BOOST_TEST(hours("2026-01-01T12:00:00", "2026-01-04T06:00:00") == 18);
  BOOST_TEST(hours("2026-01-05T12:00:00", "2026-01-07T12:00:00") == 24);
  BOOST_TEST(hours("2026-01-05T12:00:00", "2026-01-05T12:00:00") == 0);
  BOOST_TEST(hours("2026-01-07T12:00:00", "2026-01-05T12:00:00") == 0);
}

BOOST_AUTO_TEST_CASE(adding_and_measuring_agree) {
  const Calendar calendar("Asia/Amman", {5, 6}, {day("2026-01-06"), day("2026-01-15")});
  for (int hour = 0; hour < 24 * 21; ++hour) {
    const Instant from = from_local("2026-01-01T00:30:00") + std::chrono::hours(hour);
    for (const int days : {1, 2, 5}) {
      const Instant until = calendar.add_working_days(from, days);
      BOOST_REQUIRE((calendar.working_time(from, until) == std::chrono::hours(24 * days)));
      BOOST_REQUIRE(
          (calendar.working_time(from, until - Duration(1)) < std::chrono::hours(24 * days)));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_span_of_hours_does_not_look_at_the_calendar) {
  const Calendar calendar = plain();
  BOOST_TEST((calendar.reckon(at("2026-01-02T12:00:00Z"), parse_span("PT72H").value()).at ==
              at("2026-01-05T12:00:00Z")));
  BOOST_TEST((calendar.reckon(at("2026-01-04T05:00:00Z"), parse_span("P2WD").value()).at ==
              at("2026-01-06T05:00:00Z")));
}

BOOST_AUTO_TEST_CASE(limits) {
  const Calendar calendar = plain();
  BOOST_CHECK_NO_THROW(calendar.add_working_days(at("2026-01-04T05:00:00Z"), 3660));
  BOOST_CHECK_THROW(calendar.add_working_days(at("2026-01-04T05:00:00Z"), 3661), Error);
  BOOST_CHECK_THROW(calendar.add_working_days(at("2026-01-04T05:00:00Z"), -1), Error);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_in_a_calendar_is_named_with_its_place) {
  std::string text;
  BOOST_TEST(
      !load("<calendar id=\"j\" zone=\"Asia/Aman\" weekend=\"fryday\">\n<holiday "
            "date=\"2026-02-30\"/>\n<holiday/>\n<holliday/>\n<holiday every=\"13-01\"/></calendar>",
            &text)
           .has_value());
  BOOST_TEST(text.find("jordan.xml:1:") != std::string::npos, text);
  BOOST_TEST(text.find("Asia/Aman") != std::string::npos, text);
  BOOST_TEST(text.find("did you mean \"friday\"?") != std::string::npos, text);
  BOOST_TEST(text.find("jordan.xml:2:16: \"2026-02-30\" is not a day") != std::string::npos, text);
  BOOST_TEST(text.find("jordan.xml:3:1: a holiday has either") != std::string::npos, text);
  BOOST_TEST(text.find("jordan.xml:4:1: unknown element <holliday>") != std::string::npos, text);
  BOOST_TEST(text.find("\"13-01\" is not a day of the year") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(a_due_time_is_reckoned_anew_as_it_was_reckoned) {
  const Calendar before = plain();
  const Calendar changed("Asia/Amman", {5, 6}, {day("2026-01-05")});
  const DueTime due = before.reckon(from_local("2026-01-04T08:00:00"), Span{Duration{0}, 2});
  BOOST_REQUIRE(due.working.has_value());
  BOOST_TEST((before.reckon(*due.working) == due.at));
  BOOST_TEST(local(changed.reckon(*due.working)) == "2026-01-07T08:00:00");
  BOOST_TEST(!before.reckon(Instant{}, Span{std::chrono::hours(1), 0}).working);

  WorkingDue lead = *due.working;
  lead.from += std::chrono::milliseconds(1);
  lead.full_second = true;
  lead.lead = std::chrono::hours(24);
  BOOST_TEST(local(changed.reckon(lead)) == "2026-01-06T08:00:01");
  lead.not_before = from_local("2026-01-06T09:00:00");
  BOOST_TEST(local(changed.reckon(lead)) == "2026-01-06T09:00:00");
}

BOOST_AUTO_TEST_CASE(its_text_makes_the_same_calendar) {
  const auto calendar = load(
      "<calendar id=\"a\" zone=\"Asia/Amman\" weekend=\"saturday friday\"><holiday "
      "every=\"02-29\"/><holiday every=\"01-01\" name=\"x\"/><holiday date=\"2026-01-05\"/>"
      "</calendar>");
  BOOST_REQUIRE(calendar.has_value());
  const auto again = load(calendar->text());
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(again->text() == calendar->text());
  BOOST_TEST(calendar->text() != plain().text());
  for (const char* holiday : {"2026-01-01", "2027-01-01", "2026-01-05", "2028-02-29"})
    BOOST_TEST(!again->is_working(day(holiday)), holiday);
  BOOST_TEST(again->is_working(day("2027-01-05")));
}

BOOST_AUTO_TEST_SUITE_END()
