// A changed calendar moves the due times that were reckoned by the one before (ENGINE.md 22).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/engine/calendar_change.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

namespace {

/// The small service with due times in working days, and these holidays.
ConfigText working(const std::vector<std::string>& holidays) {
  ConfigText config = order_config();
  const std::string process = "config/processes/order.scxml";
  config.change(process, "id=\"expiry\" after=\"PT72H\"",
                "id=\"expiry\" after=\"P2WD\" round=\"second\"");
  config.change("config/routes/ask-quote.xml", "task-after=\"PT2H\"", "task-after=\"P1WD\"");
  std::string days;
  for (const auto& day : holidays) days += "<holiday date=\"" + day + "\"/>";
  config.set("config/calendars/working.xml",
             "<calendar id=\"working\" zone=\"Asia/Amman\" weekend=\"friday saturday\">" + days +
                 "</calendar>");
  return config;
}

process::Calendar calendar(const std::vector<std::string>& holidays) {
  std::set<Date> days;
  for (const auto& day : holidays) days.insert(*parse_date(day));
  return {"Asia/Amman", {5, 6}, days};
}

/// What the calendar would move: "case kind name from to" a line.
std::string plan(Stage& stage, const std::vector<std::string>& holidays, std::size_t page = 100) {
  std::string text;
  std::optional<store::TimerRow> after;
  do {
    const auto moves = engine::moves_by(calendar(holidays), stage.store(), stage.now(), page,
                                        after ? &*after : nullptr);
    for (const auto& [timer, due] : moves.moves) {
      text += timer.case_key + " " + std::string(engine::kind_name(timer.kind)) + " " +
              (timer.kind == store::TimerKind::deadline ? timer.name + " " : "") +
              format_instant(timer.due) + " " + format_instant(due) + "\n";
    }
    after = moves.last;
  } while (after);
  return text;
}

/// Every due time stored in working time, as plan() writes them, without where from.
std::string stored(Stage& stage) {
  std::string text;
  for (const auto& timer : stage.store().working_timers(10'000)) {
    text += timer.case_key + " " + std::string(engine::kind_name(timer.kind)) + " " +
            (timer.kind == store::TimerKind::deadline ? timer.name + " " : "") +
            format_instant(timer.due) + "\n";
  }
  return text;
}

const std::vector<std::string> kMonday{"2026-01-05"};

}  // namespace

BOOST_AUTO_TEST_SUITE(calendar_change)

BOOST_AUTO_TEST_CASE(the_plan_says_what_the_next_start_moves) {
  Stage stage(working({}));
  to_paying(stage, "A");  // on Sunday at 8:00
  stage.say("shop-in", order("B"), "open-B");
  BOOST_TEST(plan(stage, {}).empty());
  const std::string expected =
      "A deadline expiry 2026-01-06T05:00:00Z 2026-01-07T05:00:00Z\n"
      "A deadline reminder 2026-01-05T05:00:00Z 2026-01-06T05:00:00Z\n"
      "B task-after 2026-01-05T05:00:00Z 2026-01-06T05:00:00Z\n";
  BOOST_TEST(plan(stage, kMonday) == expected);
  BOOST_TEST(plan(stage, kMonday, 1) == expected);
  BOOST_TEST(stage.audited("A", "calendar") == 0);

  const auto version = stage.row("A").version;
  stage.restart(working(kMonday));
  BOOST_TEST(plan(stage, kMonday).empty());
  BOOST_TEST(stored(stage) ==
             "A deadline expiry 2026-01-07T05:00:00Z\nA deadline reminder 2026-01-06T05:00:00Z\n"
             "B task-after 2026-01-06T05:00:00Z\n");
  BOOST_TEST(stage.audited("A", "calendar") == 2);
  BOOST_TEST(stage.audited("A", "calendar", "expiry") == 1);
  BOOST_TEST(stage.audited("B", "calendar", "ask-quote") == 1);
  BOOST_TEST(stage.audited("", "operator", "calendar") == 1);
  BOOST_TEST(stage.row("A").version == version + 1);

  stage.clock("2026-01-06T04:59:59Z");
  BOOST_TEST(stage.data("A", "notes").empty());
  stage.clock("2026-01-06T05:00:00Z");
  BOOST_TEST(stage.data("A", "notes") == "reminder;");
  BOOST_TEST(stage.state("A") == "paying");
  stage.clock("2026-01-07T05:00:00Z");
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(stage.letters().empty());
}

BOOST_AUTO_TEST_CASE(tasks_and_those_of_dead_letters_move) {
  Stage stage(working({}));
  to_paying(stage, "A");
  stage.say("shop-in", note("A", "break"), "n");  // a dead letter: due in two working days
  stage.say("shop-in", note("A", "fast"), "f");
  stage.fails("sms", connector::OutcomeKind::unknown, "no-answer");  // task lost: in one
  while (stage.pending("sms") > 0) stage.delivered("sms");
  BOOST_REQUIRE(stage.tasks("A").size() == 2u);
  stage.restart(working(kMonday));
  for (const auto& task : stage.tasks("A")) {
    const bool lost = task.name == "lost";
    BOOST_TEST(format_instant(task.due) ==
               (lost ? "2026-01-06T05:00:00Z" : "2026-01-07T05:00:00Z"));
    BOOST_TEST(stage.audited("A", "calendar", task.name) == 1);
  }
  stage.clock("2026-01-06T05:00:00Z");  // it escalates, by the calendar of now
  for (const auto& task : stage.tasks("A")) {
    if (task.name == "lost") BOOST_TEST(format_instant(task.due) == "2026-01-07T05:00:00Z");
  }
  BOOST_TEST(stage.audited("A", "task", "escalated") == 1);
}

BOOST_AUTO_TEST_CASE(one_that_moves_into_the_past_is_due_at_once) {
  Stage stage(working({"2026-01-05", "2026-01-06"}));
  to_paying(stage, "A");
  stage.clock("2026-01-06T06:00:00Z");
  BOOST_TEST(plan(stage, {}) ==
             "A deadline expiry 2026-01-08T05:00:00Z 2026-01-06T06:00:00Z\n"
             "A deadline reminder 2026-01-07T05:00:00Z 2026-01-06T06:00:00Z\n");
  stage.restart(working({}));
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(stage.data("A", "notes") == "reminder;");
}

BOOST_AUTO_TEST_CASE(one_whose_time_has_come_does_not_move) {
  Stage stage(working({}));
  to_paying(stage, "A");
  stage.set_clock(*parse_instant("2026-01-06T05:00:00Z"));
  BOOST_TEST(plan(stage, kMonday).empty());
  stage.crash();
  stage.start(working(kMonday));
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(stage.audited("A", "calendar") == 0);
}

BOOST_AUTO_TEST_CASE(an_event_from_before_applies_by_the_due_times_of_before) {
  Stage stage(working({"2026-01-05", "2026-01-06"}));
  const auto bill = to_paying(stage, "A");
  stage.clock("2026-01-06T06:00:00Z");
  stage.hand_in("pay-in", payments("E", {payment(bill, "T", "5")}));
  stage.run_executor();
  stage.run_store();  // journaled, and nothing more
  stage.crash();
  stage.set_clock(*parse_instant("2026-01-06T06:00:01Z"));
  stage.start(working({}));
  BOOST_TEST(stage.state("A") == "paid");
}

BOOST_AUTO_TEST_CASE(a_hub_that_dies_midway_goes_on) {
  Stage stage(working({}));
  constexpr std::size_t kCases = engine::CalendarChange::kWindow / 2 + 20;  // two due times each
  for (std::size_t n = 0; n < kCases; ++n) to_paying(stage, "C" + std::to_string(1000 + n));
  stage.stop();
  stage.start(working(kMonday));  // the first window
  const auto left = plan(stage, kMonday);
  BOOST_TEST(std::count(left.begin(), left.end(), '\n') == 40);
  BOOST_TEST(!stage.hub().in_flight().empty());
  stage.crash();
  stage.start(working(kMonday));
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST(plan(stage, kMonday).empty());
  BOOST_TEST(stage.hub().in_flight().empty());
  for (std::size_t n = 0; n < kCases; ++n) {
    BOOST_TEST(stage.audited("C" + std::to_string(1000 + n), "calendar") == 2);
  }
  BOOST_TEST(stage.audited("", "operator", "calendar") == 1);
}

BOOST_AUTO_TEST_CASE(the_same_calendar_moves_nothing) {
  Stage stage(working(kMonday));
  to_paying(stage, "A");
  const auto rows = stage.count("journal_rows");
  auto other = working(kMonday);
  other.change("config/calendars/working.xml", "<holiday date=\"2026-01-05\"/>",
               "<holiday date=\"2026-01-05\" name=\"a day\"/>");
  stage.restart(other);
  BOOST_TEST(stage.count("journal_rows") == rows);
  BOOST_TEST(stage.audited("", "operator", "calendar") == 0);
}

BOOST_AUTO_TEST_CASE(the_encoding_is_that_of_the_format) {
  process::WorkingDue due{*parse_instant("2026-01-04T05:00:00Z"), 2};
  BOOST_TEST(engine::write_working(due) == "1767502800000000 2 0 0 0");
  due.full_second = true;
  due.lead = std::chrono::hours(24);
  due.not_before = due.from;
  const auto text = engine::write_working(due);
  BOOST_TEST(text == "1767502800000000 2 1 86400000000 1767502800000000");
  const auto again = engine::read_working(text);
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(engine::write_working(*again) == text);
  BOOST_TEST(engine::write_working(std::nullopt).empty());
  for (const char* bad : {"", "x", "1 2 0 0"}) BOOST_TEST(!engine::read_working(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()
