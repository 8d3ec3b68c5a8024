#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/process/order_support.h"

using namespace masar;
using namespace masar::process;
using namespace masar::process::testing;

BOOST_AUTO_TEST_SUITE(deadlines_and_tasks)

BOOST_AUTO_TEST_CASE(deadlines_of_a_state_live_as_long_as_it) {
  Order order;
  BOOST_TEST(order.due("nudge") == "2026-01-04T09:00:00Z");
  BOOST_TEST(order.due("slow") == "2026-01-06T05:00:00Z");
  BOOST_TEST(order.due("audit") == "2026-02-03T05:00:00Z");
  BOOST_TEST(order.deadline("audit")->visit == 0);
  BOOST_TEST(order.deadline("nudge")->visit == 2);
  BOOST_TEST(order.last().deadlines_set.size() == 3);
  // In the order of the document.
  BOOST_TEST(order.deadline("audit")->order < order.deadline("nudge")->order);
  BOOST_TEST(order.deadline("nudge")->order < order.deadline("slow")->order);
  order.to("2026-01-04T06:00:00.250000Z");
  order.to_paying();
  BOOST_TEST(!order.deadline("nudge").has_value());
  BOOST_TEST(order.last().deadlines_cleared.size() == 2);
  BOOST_TEST(order.due("payment") == "2026-01-07T06:00:01Z");  // rounded up to the full second
  BOOST_TEST(order.due("reminder") == "2026-01-06T06:00:01Z");
  BOOST_TEST(order.deadline("reminder")->order < order.deadline("payment")->order);
}

BOOST_AUTO_TEST_CASE(a_deadline_fires_with_its_content_or_its_target) {
  Order order;
  order.to_paying();
  order.fire("reminder");
  BOOST_TEST(order.state() == "paying");
  BOOST_TEST(order.effects() == "sms:remind");
  BOOST_TEST(!order.deadline("reminder").has_value());
  BOOST_TEST(order.last().deadlines_cleared.size() == 1);
  // Fired late: the event's time is the due time, the grace counts from when it applied.
  order.inputs().applied = at("2026-01-09T00:00:00Z");
  order.fire("payment");
  BOOST_TEST(order.state() == "closing");
  BOOST_TEST((order.now().since == at("2026-01-07T05:00:00Z")));
  BOOST_TEST(order.due("grace") == "2026-01-09T02:00:00Z");
  order.fire("grace");
  BOOST_TEST(order.state() == "cancelled");
  BOOST_TEST(order.text("reason") == "not-paid");
}

BOOST_AUTO_TEST_CASE(a_repeating_deadline_is_next_due_from_when_it_applied) {
  Order order;
  const std::int64_t serial = order.deadline("nudge")->serial;
  order.inputs().applied = at("2026-01-04T20:00:00Z");
  order.fire("nudge");
  BOOST_TEST(order.effects() == "nudge:quote");
  BOOST_TEST(order.due("nudge") == "2026-01-05T02:00:00Z");
  BOOST_TEST(order.deadline("nudge")->serial == serial + 1);
  BOOST_TEST(order.deadline("nudge")->visit == 2);
}

BOOST_AUTO_TEST_CASE(a_deadline_set_in_content_is_handled_by_transitions_and_ends_with_the_visit) {
  Order order;
  order.quote("north", 0);
  BOOST_TEST(order.due("ask-again") == "2026-01-04T11:00:00Z");
  BOOST_TEST(order.deadline("ask-again")->serial == 1);
  order.to("2026-01-04T07:00:00Z");
  order.quote("north", 0);
  BOOST_TEST(order.due("ask-again") == "2026-01-04T13:00:00Z");
  BOOST_TEST(order.deadline("ask-again")->serial == 2);
  BOOST_TEST(order.last().deadlines_cleared.size() == 1);
  order.fire("ask-again");
  BOOST_TEST(order.effects() == "ask-quote:all");
  order.quote("north", 0);
  BOOST_TEST(order.deadline("ask-again")->serial == 3);
  order.to_paying();
  BOOST_TEST(!order.deadline("ask-again").has_value());
  BOOST_TEST(order.deadline("audit").has_value());
}

BOOST_AUTO_TEST_CASE(a_deadline_that_is_not_open_cannot_fire) {
  Order order;
  Deadline gone = *order.deadline("nudge");
  ++gone.serial;
  BOOST_TEST(code_of([&] { order.definition().fire(order.now(), gone, order.inputs()); }) ==
             "no-such-deadline");
}

BOOST_AUTO_TEST_CASE(a_task_of_a_visit_is_withdrawn_with_it_and_one_of_the_case_is_not) {
  Order order;
  order.fire("slow");
  const Task slow = order.task("slow").value();
  BOOST_TEST(slow.id == "K-1.2.0");
  BOOST_TEST(slow.visit == order.now().visit);
  BOOST_TEST(format_instant(slow.due) == "2026-01-07T05:00:00Z");
  order.to_paying();
  BOOST_TEST(!order.task("slow").has_value());
  BOOST_TEST(order.last().tasks_ended.size() == 1);
  order.pay(1);
  const Task mismatch = order.task("mismatch").value();
  BOOST_TEST(mismatch.visit == 0);
  BOOST_TEST(mismatch.detail == "paid 0.001");
  BOOST_TEST((mismatch.due - mismatch.asked == std::chrono::hours(48)));
  order.send("withdrawn");
  BOOST_TEST(order.state() == "cancelled");
  BOOST_TEST(order.task("mismatch").has_value());
}

BOOST_AUTO_TEST_CASE(tasks_until_a_state_end_as_it_is_entered_or_withdrawn_by_their_effect) {
  Order order;
  order.to_paying();
  order.send("silence", {{"effect", Value::text("x")}});
  order.send("silence", {{"effect", Value::text("y")}});
  BOOST_TEST(order.now().tasks.size() == 2);
  order.send("heard", {{"effect", Value::text("x")}});
  BOOST_REQUIRE(order.now().tasks.size() == 1);
  BOOST_TEST(order.now().tasks[0].effect == "y");
  BOOST_TEST(order.now().tasks[0].until.size() == 1);
  BOOST_TEST(order.now().tasks[0].visit == 0);
  order.pay(1500);
  BOOST_TEST(order.now().tasks.empty());
}

BOOST_AUTO_TEST_CASE(an_answer_ends_its_task_and_is_an_event) {
  Order order;
  order.fire("slow");
  order.answer("slow", "seen");
  BOOST_TEST(order.last().notes.size() == 1);
  BOOST_TEST(order.now().tasks.empty());
  BOOST_TEST(order.last().tasks_ended.size() == 1);
  order.send("silence", {{"effect", Value::text("x")}});
  const std::string id = order.task("silent")->id;
  order.answer("silent", "stop");
  BOOST_TEST(order.state() == "cancelled");
  BOOST_TEST(code_of([&] {
               order.definition().answer(order.now(), id, "stop", {}, order.inputs());
             }) == "task-over");
  BOOST_TEST(code_of([&] {
               order.definition().answer(order.now(), "none", "stop", {}, order.inputs());
             }) == "task-over");
}

BOOST_AUTO_TEST_CASE(answers_carry_fields) {
  Order order;
  order.to_paying();
  order.pay(1);
  BOOST_TEST(code_of([&] { order.answer("mismatch", "settled", {Value()}); }) == "field-missing");
  BOOST_TEST(code_of([&] { order.answer("mismatch", "settled", {}); }) == "event-shape");
  BOOST_TEST(code_of([&] { order.answer("mismatch", "stop", {}); }) == "unknown-event");
  order.answer("mismatch", "settled", {Value::text("R-1")});
  BOOST_TEST(order.last().notes[0] == "settled");
  BOOST_TEST(order.definition().tasks()[0].answers[0].fields.size() == 1);
  BOOST_TEST(order.definition().tasks()[0].answers[0].event == "task.mismatch.settled");
}

BOOST_AUTO_TEST_CASE(a_task_escalates_and_is_due_again) {
  Order order;
  order.fire("slow");
  const Task slow = order.task("slow").value();
  order.to("2026-01-08T05:00:00Z");  // a Thursday
  order.keep(order.definition().escalate(order.now(), slow.id, order.inputs()));
  BOOST_TEST(order.task("slow")->id == slow.id);
  BOOST_TEST(format_instant(order.task("slow")->due) == "2026-01-11T05:00:00Z");
  BOOST_TEST(order.last().tasks_opened.size() == 1);
  BOOST_TEST(order.last().tasks_ended.empty());
  BOOST_TEST(order.now().event_number == 3);
  BOOST_TEST(code_of([&] { order.definition().escalate(order.now(), "none", order.inputs()); }) ==
             "task-over");
}

BOOST_AUTO_TEST_CASE(the_engine_asks_by_itself) {
  Order order;
  order.keep(
      order.definition().ask(order.now(), "slow", "effect-9", "unknown outcome", order.inputs()));
  BOOST_TEST(order.task("slow")->effect == "effect-9");
  BOOST_TEST(order.task("slow")->detail == "unknown outcome");
  BOOST_TEST(order.task("slow")->visit == order.now().visit);
  BOOST_TEST(order.now().version == 2);
  BOOST_TEST(code_of([&] {
               order.definition().ask(order.now(), "none", "", "", order.inputs());
             }) == "unknown-task");
}

BOOST_AUTO_TEST_CASE(an_end_ends_what_is_not_of_the_case) {
  Order order;
  order.to_paying();
  order.pay(1500);
  order.send("delivered");
  BOOST_TEST(order.state() == "delivered");
  BOOST_TEST(order.definition().is_end("delivered"));
  BOOST_TEST((order.now().ended == at("2026-01-04T05:00:00Z")));
  BOOST_TEST(order.effects() == "sms:done");
  BOOST_REQUIRE(order.now().deadlines.size() == 1);
  BOOST_TEST(order.now().deadlines[0].name == "audit");
  BOOST_REQUIRE(order.last().aliases_ended.size() == 1);
  BOOST_TEST(order.last().aliases_ended[0] == "order-no");
  // Afterwards: what the end names, and all else is recorded.
  order.pay(1);
  BOOST_TEST((order.last().disposition == Disposition::applied));
  BOOST_TEST(order.task("mismatch").has_value());
  order.send("order", {{"orderNo", Value::text("A-7")}});
  BOOST_TEST(order.last().refusal == "ended");
  order.send("withdrawn");
  BOOST_TEST((order.last().disposition == Disposition::recorded));
  order.answer("mismatch", "settled", {Value::text("R")});
  BOOST_TEST(order.now().tasks.empty());
  order.fire("audit");
  BOOST_TEST((order.last().disposition == Disposition::recorded));
  BOOST_TEST(order.now().deadlines.empty());
  BOOST_TEST(order.state() == "delivered");
}

BOOST_AUTO_TEST_CASE(tasks_asked_on_the_way_belong_to_where_it_leads) {
  Player player(document(
      "<m:event name=\"go\" opens=\"true\"/><m:event name=\"e\"/><m:event name=\"f\"/><m:otherwise "
      "events=\"*\" do=\"ignore\"/>"
      "<m:otherwise events=\"task.t.ok task.u.ok\" do=\"ignore\"/>"
      "<m:task-type name=\"t\"><m:answer name=\"ok\"/></m:task-type><m:task-type "
      "name=\"u\"><m:answer name=\"ok\"/></m:task-type>"
      "<state id=\"a\"><transition event=\"e\" target=\"b\"><m:task "
      "name=\"t\"/></transition><transition event=\"f\" target=\"c\"/></state><state id=\"b\"/>"
      "<state id=\"c\"><onentry><m:task name=\"u\"/></onentry><transition cond=\"in('c')\" "
      "target=\"b\"/></state>"));
  player.open();
  const Case start = player.now();
  player.send("e");
  BOOST_TEST(player.task("t").has_value());
  BOOST_TEST(player.task("t")->visit == player.now().visit);
  player.keep(player.definition().apply(start, player.event("f"), player.inputs()));
  BOOST_TEST(player.state() == "b");
  BOOST_TEST(!player.task("u").has_value());  // asked in c, which was left at once
  BOOST_TEST(player.last().tasks_opened.empty());
  BOOST_TEST(player.last().tasks_ended.empty());
}

BOOST_AUTO_TEST_CASE(deadlines_cleared_changed_and_computed) {
  Player player(
      document("<datamodel><data id=\"until\" m:type=\"instant\"/></datamodel><m:event name=\"go\" "
               "opens=\"true\"/><m:event name=\"stop\"/><m:event name=\"more\"/><m:event "
               "name=\"fixed\"/><m:otherwise events=\"go deadline.t\" do=\"ignore\"/>"
               "<state id=\"a\"><m:deadline id=\"t\" after=\"PT1H\"/>"
               "<transition event=\"stop\"><m:clear-deadline id=\"t\"/></transition>"
               "<transition event=\"more\"><m:set-deadline id=\"t\"/><assign location=\"until\" "
               "expr=\"deadline('t')\"/></transition>"
               "<transition event=\"fixed\"><m:set-deadline id=\"t\" at=\"$now + "
               "hours(5)\"/></transition></state>"));
  player.open();
  BOOST_TEST(format_instant(player.deadline("t")->due) == "2026-01-04T06:00:00Z");
  player.send("stop");
  BOOST_TEST(player.now().deadlines.empty());
  BOOST_TEST(player.last().deadlines_cleared.size() == 1);
  player.to("2026-01-04T05:30:00Z");
  player.send("more");
  BOOST_TEST(player.deadline("t")->serial == 2);
  BOOST_TEST(player.text("until") == "2026-01-04T06:30:00Z");
  player.send("fixed");
  BOOST_TEST(format_instant(player.deadline("t")->due) == "2026-01-04T10:30:00Z");
  player.fire("t");
  BOOST_TEST((player.last().disposition == Disposition::ignored));
}

BOOST_AUTO_TEST_CASE(
    before_counts_back_and_never_into_the_past_and_every_alone_begins_with_itself) {
  Player player(document(
      "<m:event name=\"go\" opens=\"true\"/><m:otherwise events=\"go deadline\" do=\"ignore\"/>"
      "<state id=\"a\"><m:deadline id=\"early\" before=\"reminder PT1H\"/>"
      "<m:deadline id=\"reminder\" before=\"end PT2H\"/><m:deadline id=\"past\" before=\"end "
      "PT24H\"/>"
      "<m:deadline id=\"end\" after=\"PT12H\"/><m:deadline id=\"again\" every=\"PT4H\"/></state>"));
  player.open();
  const auto due = [&](const char* name) { return format_instant(player.deadline(name)->due); };
  BOOST_TEST(due("reminder") == "2026-01-04T15:00:00Z");
  BOOST_TEST(due("early") == "2026-01-04T14:00:00Z");
  BOOST_TEST(due("past") == "2026-01-04T05:00:00Z");
  BOOST_TEST(due("again") == "2026-01-04T09:00:00Z");
}

BOOST_AUTO_TEST_SUITE_END()
