// Order and time: stamps, deadlines against events, queries, the stepped clock (ENGINE.md 6–9).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/hash.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

BOOST_AUTO_TEST_SUITE(deadlines)

// ENGINE.md 6

BOOST_AUTO_TEST_CASE(journal_stamps_and_application_have_one_order) {
  Stage stage;
  stage.say("shop-in", order("A"), "m0");
  for (int n = 0; n < 20; ++n)
    stage.hand_in("shop-in", note("A", std::to_string(n)), "n" + std::to_string(n));
  stage.run();
  std::string expected;
  for (int n = 0; n < 20; ++n) expected += std::to_string(n) + ";";
  BOOST_TEST(stage.data("A", "notes") == expected);
  Instant last{};
  for (store::RowId id = 1; id <= 21; ++id) {
    const auto row = stage.store().find_journal(id).value();
    BOOST_TEST((row.stamp >= last));
    last = row.stamp;
  }
}

// ENGINE.md 7. An order in `paying` since 05:00 expires on 2026-01-07T05:00:00Z, reminded a day
// before.

BOOST_AUTO_TEST_CASE(an_event_stamped_before_the_deadline_wins_however_late_it_is_processed) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  stage.set_clock(*parse_instant("2026-01-07T04:59:59.999999Z"));
  const auto paid = stage.hand_in("pay-in", payments("E", {payment(bill, "T", "5")}));
  stage.run_store();  // stamped now, applied later
  stage.clock("2026-01-07T06:00:00Z");
  BOOST_TEST(paid->text().starts_with("replied <Accepted>"));
  BOOST_TEST(stage.state("A") == "paid");
  BOOST_TEST(stage.data("A", "notes") == "reminder;paid T;");
}

BOOST_AUTO_TEST_CASE(an_event_stamped_at_the_deadline_loses_though_no_timer_has_looked) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  stage.set_clock(*parse_instant("2026-01-07T05:00:00Z"));
  const auto paid = stage.say("pay-in", payments("E", {payment(bill, "T", "5")}));
  BOOST_TEST(paid->text() == "refused no-bill");
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(format_instant(stage.row("A").ended.value()) == "2026-01-07T05:00:00Z");
  BOOST_TEST(stage.audited("A", "deadline", "reminder") == 1);
  BOOST_TEST(stage.audited("A", "deadline", "expiry") == 1);
}

BOOST_AUTO_TEST_CASE(an_event_before_the_deadline_wins_also_over_a_crash) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  stage.set_clock(*parse_instant("2026-01-07T04:59:59Z"));
  stage.hand_in("pay-in", payments("E", {payment(bill, "T", "5")}));
  stage.run_store();
  stage.crash();
  stage.set_clock(*parse_instant("2026-01-09T05:00:00Z"));
  stage.start();
  BOOST_TEST(stage.state("A") == "paid");
}

BOOST_AUTO_TEST_CASE(a_case_without_events_gets_its_deadlines_from_the_timer_through_the_journal) {
  Stage stage;
  to_paying(stage, "A");
  stage.clock("2026-01-06T04:59:59Z");
  BOOST_TEST(stage.data("A", "notes") == "");
  stage.clock("2026-01-06T05:00:00Z");
  BOOST_TEST(stage.data("A", "notes") == "reminder;");
  stage.clock("2026-01-07T05:00:00Z");
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(stage.count("journal_undone") == 0);
  BOOST_TEST(stage.count("timers") == 0);
}

BOOST_AUTO_TEST_CASE(the_timer_looks_by_itself_at_the_due_time) {
  Stage stage;
  to_paying(stage, "A");
  stage.set_clock(*parse_instant("2026-01-06T05:00:00Z"));
  stage.wait(engine::Timers::kLook);
  BOOST_TEST(stage.data("A", "notes") == "reminder;");
}

BOOST_AUTO_TEST_CASE(deadlines_apply_in_the_order_of_due_time_each_with_its_own_event_number) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto before = stage.row("A");
  stage.set_clock(*parse_instant("2026-01-08T05:00:00Z"));
  stage.say("shop-in", note("A", "late"), "m9");
  const auto after = stage.row("A");
  BOOST_TEST(after.event_number == before.event_number + 3);
  BOOST_TEST(after.version == before.version + 1);      // one transaction
  BOOST_TEST(stage.data("A", "notes") == "reminder;");  // the end state ignores the note
  std::vector<std::string> order;
  for (const auto& one : stage.timeline("A")) {
    if (one.kind == "deadline" || (one.kind == "message" && one.name == "note"))
      order.push_back(one.name);
  }
  BOOST_TEST((order == std::vector<std::string>{"reminder", "expiry", "note"}));
}

BOOST_AUTO_TEST_CASE(a_repeating_deadline_fires_once_and_is_next_due_from_the_stamp) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.clock(
      "2026-01-05T05:00:00Z");  // due at 09:00 the day before, every six hours: four times passed
  BOOST_TEST(stage.data("A", "notes") == "nudge;");
  stage.clock("2026-01-05T10:59:59Z");
  BOOST_TEST(stage.data("A", "notes") == "nudge;");
  stage.clock("2026-01-05T11:00:00Z");
  BOOST_TEST(stage.data("A", "notes") == "nudge;nudge;");
}

BOOST_AUTO_TEST_CASE(a_due_time_sent_in_twice_is_done_once) {
  Stage stage;
  to_paying(stage, "A");
  stage.set_clock(*parse_instant("2026-01-06T05:00:00Z"));
  stage.hub().timers().look();
  stage.run_executor();
  stage.run_store();  // the deadline's row is journaled, not applied
  stage.crash();
  stage.start();  // recovery applies it, the new timer sends it in again
  BOOST_TEST(stage.data("A", "notes") == "reminder;");
  BOOST_TEST(stage.audited("A", "deadline", "reminder") == 1);
  BOOST_TEST(stage.count("journal_undone") == 0);
}

BOOST_AUTO_TEST_CASE(a_due_time_under_way_is_not_sent_in_again) {
  Stage stage;
  to_paying(stage, "A");
  stage.set_clock(*parse_instant("2026-01-06T05:00:00Z"));
  for (int n = 0; n < 3; ++n) {
    stage.hub().timers().look();
    stage.run_executor();  // its turn, at the second look, waits for its commit
  }
  stage.run();
  BOOST_TEST(stage.audited("A", "deadline", "reminder") == 1);
  int rows = 0;
  for (store::RowId id = 1; const auto row = stage.store().find_journal(id); ++id) {
    if (row->kind == store::JournalKind::deadline) ++rows;
  }
  BOOST_TEST(rows == 1);
}

BOOST_AUTO_TEST_CASE(a_silence_is_asked_about_once_though_its_due_time_was_sent_in_twice) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.set_clock(*parse_instant("2026-01-04T07:00:00Z"));
  stage.hub().timers().look();
  stage.run_executor();
  stage.run_store();                                 // journaled
  stage.wait_uncommitted(std::chrono::seconds(11));  // its turn takes so long that it is sent again
  stage.run();
  BOOST_TEST(stage.audited("A", "task", "silent") > 0);
  BOOST_TEST(stage.tasks("A").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_failing_inline_deadline_is_a_dead_letter_alone_and_the_event_applies) {
  Stage stage;
  const auto bill = to_paying(stage, "A", "<mode>bad-reminder</mode>");
  stage.set_clock(*parse_instant("2026-01-06T06:00:00Z"));
  const auto paid = stage.say("pay-in", payments("E", {payment(bill, "T", "5")}));
  BOOST_TEST(paid->text().starts_with("replied <Accepted>"));
  BOOST_TEST(stage.state("A") == "paid");
  BOOST_TEST(stage.data("A", "notes") == "paid T;");
  BOOST_REQUIRE(stage.letters().size() == 1u);
  const auto letter = stage.letters()[0];
  BOOST_TEST(letter.code == "invariant-broken");
  BOOST_TEST(letter.step == "deadline reminder");
  BOOST_TEST(stage.count("timers") == 1);  // of the task that stands for the letter
  // Its journal row is the deadline's own: a retry does not pay once more.
  const auto row = stage.store().find_journal(letter.journal).value();
  BOOST_TEST((row.kind == store::JournalKind::deadline));
  BOOST_TEST(row.name == "reminder");
  BOOST_TEST(
      stage.act([&](auto& act, auto done) { act.retry_dead_letter(letter.id, done); }).status ==
      200);
  BOOST_TEST(stage.audited("A", "message", "payment") == 1);
  BOOST_TEST(stage.tasks("A").empty());
}

BOOST_AUTO_TEST_CASE(a_failing_deadline_is_retried_by_itself_while_its_state_stands) {
  Stage stage;
  to_paying(stage, "A", "<mode>bad-reminder</mode>");
  stage.clock("2026-01-06T06:00:00Z");
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.audited("A", "deadline") == 0);
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].name == "dead-letter");
  const auto id = stage.letters()[0].id;
  BOOST_TEST(stage.act([&](auto& act, auto done) { act.retry_dead_letter(id, done); }).status ==
             200);
  // It fails once more, for the same reason: a new dead letter, a new task, no event of the case.
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].id != id);
  BOOST_TEST(stage.letters()[0].code == "invariant-broken");
  BOOST_TEST(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.state("A") == "paying");
}

BOOST_AUTO_TEST_CASE(an_event_that_fails_leaves_the_deadlines_before_it_applied) {
  Stage stage;
  to_paying(stage, "A");
  stage.set_clock(*parse_instant("2026-01-06T06:00:00Z"));
  stage.say("shop-in", note("A", "break"), "m9");
  BOOST_TEST(stage.data("A", "notes") == "reminder;");
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].step == "event note");
  BOOST_TEST(stage.audited("A", "deadline", "reminder") == 1);
}

// ENGINE.md 8

BOOST_AUTO_TEST_CASE(a_query_sees_the_case_as_due_deadlines_would_leave_it_and_writes_nothing) {
  Stage stage;
  to_paying(stage, "A");
  stage.set_clock(*parse_instant("2026-01-06T05:00:00Z"));
  const auto version = stage.row("A").version;
  BOOST_TEST(stage.say("ask-in", ask("A"))->text() ==
             "replied <Answer><state>paying</state><notes>reminder;</notes></Answer>");
  stage.set_clock(*parse_instant("2026-01-07T05:00:00Z"));
  BOOST_TEST(stage.say("ask-in", ask("A"))->text() ==
             "replied <Answer><state>cancelled</state><notes>reminder;</notes></Answer>");
  BOOST_TEST(stage.row("A").version == version);
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.audited("A", "deadline") == 0);
}

BOOST_AUTO_TEST_CASE(a_query_passes_over_a_deadline_that_fails) {
  Stage stage;
  to_paying(stage, "A", "<mode>bad-reminder</mode>");
  stage.set_clock(*parse_instant("2026-01-06T05:00:00Z"));
  BOOST_TEST(stage.say("ask-in", ask("A"))->text() ==
             "replied <Answer><state>paying</state><notes/></Answer>");
}

BOOST_AUTO_TEST_CASE(a_query_waits_for_what_was_written_before_it) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.hand_in("shop-in", note("A", "one"), "m2");
  const auto asked = stage.hand_in("ask-in", ask("A"));
  stage.run();
  BOOST_TEST(asked->text() == "replied <Answer><state>asking</state><notes>one;</notes></Answer>");
}

BOOST_AUTO_TEST_CASE(a_query_that_waits_too_long_gets_the_retryable_error) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.hand_in("shop-in", note("A", "one"), "m2");
  stage.run_store();
  const auto asked = stage.hand_in("ask-in", ask("A"));
  stage.run_store();  // its stamp; the note's turn then waits for its commit
  stage.wait_uncommitted(std::chrono::seconds(8));
  BOOST_TEST(asked->text() == "later timeout");
  stage.run();
  BOOST_TEST(asked->text() == "later timeout");
}

BOOST_AUTO_TEST_CASE(a_query_without_a_case_gets_the_routes_answer) {
  Stage stage;
  BOOST_TEST(stage.say("ask-in", ask("none"))->text() == "replied <NoOrder/>");
}

// ENGINE.md 9

BOOST_AUTO_TEST_CASE(the_stepped_clock_jumps_to_the_next_due_time_when_nothing_moves) {
  Stage stage;
  const auto step = [](auto& act, auto done) { act.step_clock(done); };
  stage.say("shop-in", order("A"), "m1");
  const auto busy = stage.act(step);
  BOOST_TEST(busy.status == 409);  // the supplier has not answered
  BOOST_TEST(busy.text.find("supplier") != std::string::npos);
  stage.delivered("supplier", quote());
  stage.delivered("sms");
  stage.delivered("shop-out");
  BOOST_TEST(stage.act(step).status == 200);
  BOOST_TEST(format_instant(stage.now()) == "2026-01-06T05:00:00Z");
  BOOST_TEST(stage.data("A", "notes") == "reminder;");
  BOOST_TEST(stage.act(step).status == 200);
  BOOST_TEST(stage.state("A") == "cancelled");
  stage.delivered("shop-out");
  BOOST_TEST(stage.act(step).code == "nothing-due");
  // It stands there after a restart, too.
  stage.restart();
  BOOST_TEST(format_instant(stage.now()) == "2026-01-07T05:00:00Z");
}

BOOST_AUTO_TEST_CASE(back_off_pause_task_and_an_open_breaker_do_not_hold_the_stepped_clock) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.fails("supplier", connector::OutcomeKind::unavailable, "503");
  BOOST_TEST(stage.hub().in_flight() == "");
  stage.act([](auto& act, auto done) { act.pause_endpoint("supplier", true, done); });
  stage.wait(std::chrono::seconds(5));
  BOOST_TEST(stage.hub().in_flight() == "");
}

BOOST_AUTO_TEST_CASE(an_undone_row_or_an_open_exchange_holds_the_stepped_clock) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  BOOST_TEST(stage.hub().in_flight() == "");
  stage.hand_in("pay-in", payments("E", {payment(bill, "T", "5")}));
  BOOST_TEST(stage.hub().in_flight() != "");
  stage.run_store();
  BOOST_TEST(stage.hub().in_flight() != "");
  stage.run_executor();
  BOOST_TEST(stage.hub().in_flight() != "");
}

BOOST_AUTO_TEST_CASE(an_open_query_holds_the_stepped_clock) {
  Stage stage;
  to_paying(stage, "A");
  const auto asked = stage.hand_in("ask-in", ask("A"));
  stage.run_store();
  BOOST_TEST(stage.hub().in_flight() == "an exchange is open");
  stage.run();
  BOOST_TEST(asked->answered());
  BOOST_TEST(stage.hub().in_flight() == "");
}

BOOST_AUTO_TEST_CASE(what_begins_while_the_clock_is_moved_has_the_new_time) {
  Stage stage;
  to_paying(stage, "A");
  const auto stepped = stage.act([&](auto& act, auto done) {
    act.step_clock(done);
    stage.hand_in("shop-in", order("B"), "b");
    act.step_clock([](engine::ActResult result) { BOOST_TEST(result.status == 409); });
  });
  BOOST_TEST(stepped.status == 200);
  BOOST_TEST(format_instant(stage.now()) == "2026-01-06T05:00:00Z");
  BOOST_TEST(format_instant(stage.row("B").opened) == "2026-01-06T05:00:00Z");
  BOOST_TEST(stage.pending("supplier") == 1u);
}

BOOST_AUTO_TEST_CASE(not_after_is_looked_at_in_the_commit_that_begins_the_attempt) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.act([](auto& act, auto done) { act.pause_route("sms", true, done); });
  stage.delivered("supplier", quote());
  stage.act([&](auto& act, auto done) {
    act.pause_route("sms", false, done);
    stage.run_store();
    stage.run_executor();  // it is being marked as sending
    stage.set_clock(*parse_instant("2026-01-07T05:00:00Z"));
  });
  BOOST_TEST(stage.sent("sms").empty());
  BOOST_TEST((stage.outbox("A", "sms")[0].state == store::OutboxState::expired));
}

BOOST_AUTO_TEST_CASE(a_stored_deadline_stands_where_the_definition_of_today_declares_it) {
  Stage stage;
  to_paying(stage, "A");
  auto record = stage.store().find_case("A").value();
  const auto places = [&] {
    std::vector<int> all;
    for (const auto& deadline :
         engine::from_record(stage.hub().snapshots().current_one(), record).value.deadlines)
      all.push_back(deadline.order);
    return all;
  };
  const auto declared = places();
  BOOST_REQUIRE(declared.size() == 2u);
  for (auto& row : record.deadlines) row.order += 7;
  BOOST_TEST((places() == declared));
}

// ENGINE.md 7, DESIGN D12: windows

// Due times whose cases cannot be read stay due for as long as their rows are tried again; those
// behind them do not wait for that.
BOOST_AUTO_TEST_CASE(due_times_behind_a_window_that_is_under_way_fire_all_the_same) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  store::Transaction odd;
  const auto at = *parse_instant("2026-01-04T08:59:00Z");
  for (std::size_t n = 0; n < engine::Timers::kWindow + 100; ++n) {
    auto row = stage.row("A");
    row.key = "gone-" + std::to_string(n);
    row.partition = partition_of(row.key);
    row.version = 1;
    row.process = "gone";
    row.search.clear();
    odd.timers.push_back(
        {store::TimerKind::deadline, row.key, row.partition, "nudge", 1, at, 0, 0});
    odd.cases.push_back(std::move(row));
  }
  stage.hub().journal().submit(std::move(odd), {});
  stage.run();
  stage.clock("2026-01-04T09:00:00Z");
  BOOST_TEST(stage.data("A", "notes") == "nudge;");
}

BOOST_AUTO_TEST_CASE(more_deadlines_than_a_window_due_in_the_same_second_fire_once_each) {
  Stage stage;
  constexpr std::size_t count = 3 * engine::Timers::kWindow + 7;
  for (std::size_t n = 0; n < count; ++n)
    stage.hand_in("shop-in", order("C" + std::to_string(n)), "o" + std::to_string(n));
  stage.run();
  stage.clock("2026-01-04T09:00:00Z");
  std::size_t fired = 0;
  for (std::size_t n = 0; n < count; ++n)
    fired += static_cast<std::size_t>(stage.audited("C" + std::to_string(n), "deadline", "nudge"));
  BOOST_TEST(fired == count);
  stage.wait(std::chrono::seconds(30));  // nor later
  BOOST_TEST(stage.audited("C0", "deadline", "nudge") == 1);
}

BOOST_AUTO_TEST_SUITE_END()
