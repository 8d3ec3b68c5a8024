// Tasks, dead letters, stop and start (ENGINE.md 21, 23, 25).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;
using connector::OutcomeKind;
using store::TaskState;
using Fields = std::map<std::string, std::string>;

namespace {

/// The order stands in `paying` with an open question about a wrong payment; says the task's id.
std::string with_mismatch(Stage& stage) {
  const auto bill = to_paying(stage, "A");
  stage.say("pay-in", payments("E", {payment(bill, "T", "4")}));
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  return stage.tasks("A")[0].id;
}

engine::ActResult answer(Stage& stage, const std::string& id, const std::string& with,
                         const Fields& fields, std::optional<std::int64_t> version = std::nullopt) {
  return stage.act([&](auto& act, auto done) { act.answer_task(id, with, fields, version, done); });
}

engine::ActResult discard(Stage& stage, std::int64_t letter, const std::string& reason) {
  return stage.act([&](auto& act, auto done) { act.discard_dead_letter(letter, reason, done); });
}

/// A case whose label cannot be made: it lacks a phone, until somebody writes one.
Stage& with_failed_label(Stage& stage) {
  to_paying(stage, "A");
  stage.say("shop-in", note("A", "label"), "n1");
  BOOST_REQUIRE(stage.letters().size() == 1u);
  return stage;
}

engine::ActResult retry(Stage& stage, std::int64_t letter) {
  return stage.act([&](auto& act, auto done) { act.retry_dead_letter(letter, done); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(people)

// ENGINE.md 21

BOOST_AUTO_TEST_CASE(an_answer_with_its_typed_fields_becomes_an_event) {
  Stage stage;
  const auto id = with_mismatch(stage);
  BOOST_TEST(
      answer(stage, id, "settled", {{"reference", "R7"}}, stage.row("A").event_number).status ==
      200);
  BOOST_TEST(stage.data("A", "notes") == "settled R7;");
  BOOST_TEST(stage.tasks("A").empty());
  const auto task = stage.store().find_task(id).value();
  BOOST_TEST((task.state == TaskState::answered));
  BOOST_TEST(task.answer == "settled");
  BOOST_TEST(stage.audited("A", "operator", "answer") == 1);
}

BOOST_AUTO_TEST_CASE(an_answer_that_does_not_fit_is_refused_and_nothing_happens) {
  Stage stage;
  const auto id = with_mismatch(stage);
  BOOST_TEST(answer(stage, "none", "settled", {}).status == 404);
  BOOST_TEST(answer(stage, id, "whatever", {}).status == 422);
  BOOST_TEST(answer(stage, id, "settled", {{"reference", "R"}, {"more", "x"}}).code ==
             "unknown-field");
  BOOST_TEST(answer(stage, id, "settled", {}).code == "missing-field");
  BOOST_TEST(answer(stage, id, "settled", {{"reference", "R"}}, 1).status ==
             409);  // another version was seen
  BOOST_TEST(answer(stage, id, "settled", {{"reference", "R"}}, 1).code == "case-went-on");
  BOOST_TEST(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.data("A", "notes") == "");
}

BOOST_AUTO_TEST_CASE(of_two_answers_at_once_one_counts_and_the_other_is_told) {
  Stage stage;
  const auto id = with_mismatch(stage);
  std::vector<engine::ActResult> results;
  engine::Operations operations(stage.hub());
  for (const char* reference : {"R1", "R2"}) {
    operations.answer_task(id, "settled", {{"reference", reference}}, std::nullopt,
                           [&](engine::ActResult result) { results.push_back(std::move(result)); });
  }
  stage.run();
  BOOST_REQUIRE(results.size() == 2u);
  BOOST_TEST(results[0].status == 200);
  BOOST_TEST(results[1].status == 409);
  BOOST_TEST(results[1].code == "task-over");
  BOOST_TEST(stage.data("A", "notes") == "settled R1;");
  BOOST_TEST(answer(stage, id, "settled", {{"reference", "R3"}}).status == 409);
}

BOOST_AUTO_TEST_CASE(a_task_of_a_visit_is_withdrawn_when_the_state_is_left) {
  Stage stage;
  const auto id = with_mismatch(stage);
  stage.say("shop-in", withdraw("A"), "w");
  BOOST_TEST((stage.store().find_task(id)->state == TaskState::withdrawn));
  BOOST_TEST(stage.store().find_task(id)->ended.has_value());
  BOOST_TEST(answer(stage, id, "settled", {{"reference", "R"}}).status == 409);
}

BOOST_AUTO_TEST_CASE(a_task_of_the_case_survives_its_end) {
  Stage stage;
  to_paying(stage, "A");
  stage.say("shop-in", note("A", "fast"), "f");
  stage.fails("sms", OutcomeKind::rejected, "NO");
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].name == "lost");
  stage.say("shop-in", withdraw("A"), "w");
  BOOST_TEST(stage.tasks("A").size() == 1u);
  BOOST_TEST(answer(stage, stage.tasks("A")[0].id, "seen", {}).status == 200);
  BOOST_TEST(stage.tasks("A").empty());
}

BOOST_AUTO_TEST_CASE(a_task_escalates_at_its_due_time_and_is_due_again_and_never_answers_itself) {
  Stage stage;
  to_paying(stage, "A");
  stage.say("shop-in", note("A", "fast"), "f");
  stage.fails("sms", OutcomeKind::rejected, "NO");
  const auto task = stage.tasks("A")[0];
  BOOST_TEST(format_instant(task.due) == "2026-01-05T05:00:00Z");  // a working day
  stage.clock("2026-01-05T05:00:00Z");
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].id == task.id);
  BOOST_TEST(format_instant(stage.tasks("A")[0].due) == "2026-01-06T05:00:00Z");
  BOOST_TEST(stage.audited("A", "task", "escalated") == 1);
  stage.clock("2026-01-06T05:00:00Z");
  BOOST_TEST(stage.audited("A", "task", "escalated") == 2);
  BOOST_TEST(stage.state("A") == "paying");
}

// ENGINE.md 23

BOOST_AUTO_TEST_CASE(a_deterministic_failure_is_a_dead_letter_at_once_and_the_case_goes_on) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.hand_in("shop-in", note("A", "break"), "n1");
  stage.hand_in("shop-in", note("A", "x"), "n2");
  stage.run();
  BOOST_REQUIRE(stage.letters().size() == 1u);
  const auto letter = stage.letters()[0];
  BOOST_TEST(letter.code == "invariant-broken");
  BOOST_TEST(letter.step == "event note");
  BOOST_TEST(letter.original == note("A", "break"));
  BOOST_TEST(letter.at_step == "<event><text>break</text></event>");
  BOOST_TEST(letter.snapshot == stage.hub().snapshot().hash);
  BOOST_TEST(letter.fingerprint.size() == 16u);
  BOOST_TEST(stage.data("A", "notes") == "x;");
  BOOST_TEST((stage.store().find_journal(letter.journal)->state == store::JournalState::dead));
  BOOST_TEST(stage.metric("masar_alarms_total", "code", "dead-letter") == 1);
  // Of an open case it is a task, too; the answer is the retry.
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  const auto task = stage.tasks("A")[0].id;
  BOOST_TEST(answer(stage, task, "seen", {}).status == 422);
  BOOST_TEST(retry(stage, letter.id).status == 200);
  BOOST_TEST((stage.store().find_task(task)->state == TaskState::answered));
  BOOST_REQUIRE(stage.letters().size() == 1u);  // it failed again
  BOOST_TEST(stage.letters()[0].fingerprint == letter.fingerprint);
  BOOST_TEST(stage.store().find_journal(stage.letters()[0].journal)->origin == letter.journal);
  BOOST_TEST(retry(stage, letter.id).status == 409);
  BOOST_TEST(retry(stage, 999).status == 404);
}

BOOST_AUTO_TEST_CASE(a_dead_letter_is_retried_or_discarded_by_answering_its_task) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", note("A", "break"), "n1");
  const auto first = stage.letters().at(0);
  const auto task = stage.tasks("A").at(0);
  BOOST_TEST(task.effect == std::to_string(first.id));
  BOOST_TEST(answer(stage, task.id, "discard", {}).code == "missing-field");
  BOOST_TEST(answer(stage, task.id, "discard", {{"reason", " \n"}}).code == "no-reason");
  BOOST_TEST(answer(stage, task.id, "retry", {{"reason", "x"}}).code == "unknown-field");
  BOOST_TEST(answer(stage, task.id, "retry", {}).status == 200);
  BOOST_TEST((stage.store().find_task(task.id)->state == TaskState::answered));
  BOOST_TEST(stage.store().find_task(task.id)->answer == "retry");
  const auto second = stage.letters().at(0);  // it failed again, and is a task again
  BOOST_TEST(second.id > first.id);
  const auto asked = stage.tasks("A").at(0);
  BOOST_TEST(answer(stage, asked.id, "discard", {{"reason", "a test message"}}).status == 200);
  BOOST_TEST(stage.letters().empty());
  BOOST_TEST(stage.tasks("A").empty());
  BOOST_TEST(stage.store().find_task(asked.id)->answer == "discard");
  BOOST_TEST(
      (stage.store().find_dead_letter(second.id)->state == store::DeadLetterState::discarded));
  BOOST_TEST(stage.audited("A", "operator", "discard") == 1);
  BOOST_TEST(answer(stage, asked.id, "retry", {}).code == "task-over");
  BOOST_TEST(retry(stage, second.id).code == "dead-letter-over");
}

BOOST_AUTO_TEST_CASE(a_dead_letter_is_discarded_with_a_reason_and_its_task_goes_with_it) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", note("A", "break"), "n1");
  const auto letter = stage.letters().at(0);
  const auto task = stage.tasks("A").at(0).id;
  BOOST_TEST(discard(stage, letter.id, "").code == "no-reason");
  BOOST_TEST(discard(stage, letter.id, std::string(1001, 'x')).code == "bad-reason");
  BOOST_TEST(discard(stage, letter.id, "\xFF").code == "bad-reason");
  BOOST_TEST(discard(stage, 999, "x").status == 404);
  BOOST_TEST(stage.letters().size() == 1u);
  BOOST_TEST(discard(stage, letter.id, "sent twice\nby mistake").status == 200);
  BOOST_TEST(stage.letters().empty());
  BOOST_TEST((stage.store().find_task(task)->state == TaskState::answered));
  const auto timeline = stage.timeline("A");
  BOOST_TEST(timeline.back().name == "discard");
  BOOST_TEST(timeline.back().text ==
             "dead letter " + std::to_string(letter.id) + ": sent twice by mistake");
  BOOST_TEST(discard(stage, letter.id, "again").status == 409);
  stage.clock("2026-01-11T05:00:00Z");  // nothing of it comes due any more
  BOOST_TEST(stage.audited("A", "task", "dead-letter") == 0);
}

BOOST_AUTO_TEST_CASE(the_task_of_a_dead_letter_escalates_until_somebody_deals_with_it) {
  Stage stage;
  to_paying(stage, "A");
  stage.say("shop-in", note("A", "break"), "n1");
  const auto task = stage.tasks("A").at(0);
  BOOST_TEST(format_instant(task.due) == "2026-01-06T05:00:00Z");  // two working days
  stage.clock("2026-01-06T05:00:00Z");
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].id == task.id);
  BOOST_TEST(stage.tasks("A")[0].effect == task.effect);
  BOOST_TEST(format_instant(stage.tasks("A")[0].due) == "2026-01-08T05:00:00Z");
  BOOST_TEST(stage.audited("A", "task", "dead-letter") == 1);
  stage.restart();
  stage.clock("2026-01-08T05:00:00Z");
  BOOST_TEST(stage.audited("A", "task", "dead-letter") == 2);
  BOOST_TEST(retry(stage, stage.letters().at(0).id).status == 200);
}

// Dealt with between the look at the task and the commit: the escalation must not open it again.
BOOST_AUTO_TEST_CASE(a_dead_letter_dealt_with_meanwhile_does_not_escalate) {
  Stage stage;
  to_paying(stage, "A");
  stage.say("shop-in", note("A", "break"), "n1");
  const auto task = stage.tasks("A").at(0);
  stage.set_clock(task.due);
  stage.hub().timers().look();
  stage.run_executor();
  stage.run_store();  // the due time is in the journal
  engine::Operations operations(stage.hub());
  operations.discard_dead_letter(stage.letters().at(0).id, "in time", [](engine::ActResult) {});
  stage.run_executor();  // its turn looks; what it wants is committed behind the discarding
  stage.run();
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST((stage.store().find_task(task.id)->state == TaskState::answered));
  BOOST_TEST(stage.audited("A", "task", "dead-letter") == 0);
  BOOST_TEST(stage.count("timers") == 1);  // the order's own: expiry
}

// ENGINE.md 14

BOOST_AUTO_TEST_CASE(an_effect_that_failed_is_sent_under_its_own_id_once_its_document_can_be_made) {
  Stage stage;
  with_failed_label(stage);
  const auto failed = stage.outbox("A", "label").at(0);
  BOOST_TEST((failed.state == store::OutboxState::failed));
  const auto letter = stage.letters().at(0);
  BOOST_TEST(letter.effect == failed.id);
  BOOST_TEST(letter.step == "steps of label");
  BOOST_TEST(letter.original.starts_with("<effect name=\"label\""));
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  // Still without a phone: a letter of its own.
  BOOST_TEST(retry(stage, letter.id).status == 200);
  const auto second = stage.letters().at(0);
  BOOST_TEST(second.id != letter.id);
  BOOST_TEST(second.fingerprint == letter.fingerprint);
  BOOST_TEST(stage.tasks("A").size() == 1u);
  stage.say("shop-in", note("A", "phone"), "n2");
  BOOST_TEST(retry(stage, second.id).status == 200);
  BOOST_TEST(stage.letters().empty());
  BOOST_TEST(stage.tasks("A").empty());
  BOOST_TEST(stage.next("supplier").effect_id == failed.id);
  BOOST_TEST(stage.next("supplier").body == "<Label>0790000000</Label>");
  stage.delivered("supplier", "<Label>x</Label>");
  BOOST_TEST(stage.outbox("A", "label").size() == 1u);
  BOOST_TEST((stage.outbox("A", "label")[0].state == store::OutboxState::delivered));
  BOOST_TEST(retry(stage, second.id).status == 409);
}

BOOST_AUTO_TEST_CASE(an_effect_is_made_again_with_the_arguments_that_it_had) {
  auto config = order_config();
  config.change("mappings/order/sms.map.xml", "{$effect.text}", "{$effect.text} {$case.phone}");
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  BOOST_REQUIRE(stage.letters().size() == 1u);
  const auto failed = stage.outbox("A", "sms").at(0);
  stage.say("shop-in", note("A", "phone"), "n");
  BOOST_TEST(retry(stage, stage.letters()[0].id).status == 200);
  BOOST_TEST(stage.next("sms").body == "<Sms>pay 0790000000</Sms>");
  const auto made = stage.outbox("A", "sms").at(0);
  BOOST_TEST(made.id == failed.id);
  BOOST_TEST((made.not_after == failed.not_after));
  BOOST_TEST(made.visit == failed.visit);
  BOOST_TEST(made.route == "sms");
  // It expires as it would have.
  stage.fails("sms", OutcomeKind::unavailable, "DOWN");
  stage.clock("2026-01-07T06:00:00Z");
  BOOST_TEST((stage.outbox("A", "sms")[0].state == store::OutboxState::expired));
}

BOOST_AUTO_TEST_CASE(an_effect_whose_visit_is_over_ends_withdrawn_where_its_route_names_an_event) {
  auto config = order_config();
  config.change("mappings/order/sms.map.xml", "{$effect.text}", "{$effect.text} {$case.phone}");
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  BOOST_REQUIRE(stage.letters().size() == 1u);
  stage.say("shop-in", withdraw("A"), "w");
  BOOST_TEST(retry(stage, stage.letters()[0].id).status == 200);
  BOOST_TEST(stage.letters().empty());
  BOOST_TEST((stage.outbox("A", "sms")[0].state == store::OutboxState::withdrawn));
  BOOST_TEST(stage.sent("sms").empty());
}

BOOST_AUTO_TEST_CASE(a_dead_letter_that_owes_a_reply_gets_it_from_its_retry) {
  auto config = order_config();
  // No payment passes until somebody has written a note.
  config.change("config/processes/order.scxml",
                R"(<m:invariant id="whole">not($broken)</m:invariant>)",
                R"(<m:invariant id="whole" states="paid">$notes ne 'paid T;'</m:invariant>)");
  Stage stage(config);
  const auto bill = to_paying(stage, "A");
  const auto body = payments("E", {payment(bill, "T", "5")});
  BOOST_TEST(stage.say("pay-in", body)->text() == "later in-doubt");
  BOOST_TEST(stage.say("pay-in", body)->text() == "later in-doubt");
  BOOST_REQUIRE(stage.letters().size() == 1u);
  stage.say("shop-in", note("A", "corrected"), "n");
  BOOST_TEST(retry(stage, stage.letters()[0].id).status == 200);
  BOOST_TEST(stage.state("A") == "paid");
  BOOST_TEST(stage.say("pay-in", body)->text().starts_with("replied <Accepted>"));
}

BOOST_AUTO_TEST_CASE(an_opening_that_fails_can_be_retried) {
  auto config = order_config();
  config.change("config/routes/tell.xml", "order/tell",
                "order/label");  // essential, and needs a phone
  config.change(
      "config/processes/order.scxml", R"(<onentry><m:effect name="ask-quote"/></onentry>)",
      R"(<onentry><m:effect name="ask-quote"/><m:effect name="tell" essential="true"/></onentry>)");
  Stage stage(config);
  BOOST_TEST(stage.say("shop-in", order("A"), "a")->text() == "accepted");
  BOOST_TEST(stage.state("A") == "");
  BOOST_TEST(!stage.store().find_alias("plate", "P-A").has_value());
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.tasks("A").empty());  // there is no case that could have one
  BOOST_TEST(retry(stage, stage.letters()[0].id).status == 200);
  BOOST_TEST(stage.letters().size() == 1u);
}

// A row that names a process which the configuration lacks: nothing can be done with it, however
// often.
BOOST_AUTO_TEST_CASE(other_failures_are_tried_five_times_over_restarts_and_then_the_case_goes_on) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  store::Transaction odd;
  auto row = stage.row("A");
  row.version += 1;
  row.process = "gone";
  odd.cases.push_back(row);
  stage.hub().journal().submit(std::move(odd), {});
  stage.run();
  stage.restart();  // the case is not in memory any more
  stage.say("shop-in", note("A", "x"), "n");
  stage.wait(std::chrono::milliseconds(300));  // two attempts
  BOOST_TEST(stage.letters().empty());
  const auto counted = stage.store().find_journal(2)->attempts;
  BOOST_TEST(counted >= 2);
  BOOST_TEST(counted < 5);
  stage.crash();
  stage.start();
  stage.wait(std::chrono::seconds(20));
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].code == "attempts-spent");
  BOOST_TEST(stage.letters()[0].attempts == 5);
  BOOST_TEST((stage.store().find_journal(2)->state == store::JournalState::dead));
  BOOST_TEST(stage.count("journal_undone") == 0);
  BOOST_TEST(stage.hub().in_flight() != "events wait for their turn");
}

BOOST_AUTO_TEST_CASE(a_row_that_was_begun_five_times_without_an_end_is_given_up_at_the_next_start) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.hand_in("shop-in", note("A", "poison"), "n1");
  stage.hand_in("shop-in", note("A", "next"), "n2");
  stage.run_store();           // journaled, not applied
  store::Transaction counted;  // as five lives of a process that it killed would have left it
  for (int n = 0; n < 5; ++n) counted.attempts_counted.push_back(2);
  stage.store().submit(std::move(counted), [](const store::Commit&) {});
  stage.run_store();
  stage.crash();
  stage.start();
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].original == note("A", "poison"));
  BOOST_TEST(stage.data("A", "notes") == "next;");  // the rest of its lane goes on
  BOOST_TEST(stage.store().find_journal(2)->attempts == 6);
}

BOOST_AUTO_TEST_CASE(after_an_unclean_stop_each_row_is_counted_before_it_is_begun) {
  Stage stage;
  for (const char* no : {"A", "B", "C"}) stage.hand_in("shop-in", order(no), no);
  stage.run_store();
  stage.crash();
  stage.start();
  for (store::RowId id = 1; id <= 3; ++id)
    BOOST_TEST(stage.store().find_journal(id)->attempts == 1);
  BOOST_TEST(stage.state("C") == "asking");
  stage.restart();  // an orderly stop counts nothing
  BOOST_TEST(stage.store().find_journal(3)->attempts == 1);
}

// ENGINE.md 25

BOOST_AUTO_TEST_CASE(recovery_keeps_the_order_of_a_case_whatever_it_journals_itself) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());  // the short message is under way
  for (int n = 0; n < 5; ++n)
    stage.hand_in("shop-in", note("A", std::to_string(n)), "n" + std::to_string(n));
  stage.run_store();
  stage.crash();
  stage.start();  // its unknown outcome is journaled by recovery: last
  BOOST_TEST(stage.data("A", "notes") == "0;1;2;3;4;sms interrupted;");
  BOOST_TEST(stage.count("journal_undone") == 0);
}

BOOST_AUTO_TEST_CASE(recovery_keeps_the_order_also_beyond_the_rows_that_it_applies_one_by_one) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  std::string expected;
  for (int n = 0; n < 1100; ++n) {
    stage.hand_in("shop-in", note("A", std::to_string(n)), "n" + std::to_string(n));
    expected += std::to_string(n) + ";";
  }
  stage.run_store();
  stage.crash();
  stage.start();
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST((stage.data("A", "notes") == expected + "sms interrupted;"));
  BOOST_TEST(stage.count("journal_undone") == 0);
}

BOOST_AUTO_TEST_CASE(rows_that_careful_recovery_journals_do_not_hide_older_ones) {
  Stage stage;
  stage.hand_in("shop-in", order("A", "P"), "a");
  stage.hand_in("shop-in", order("B", "P"),
                "b");  // joins A, or A joins it: journaled anew meanwhile
  for (int n = 0; n < 5; ++n)
    stage.hand_in("shop-in", order("C" + std::to_string(n)), "c" + std::to_string(n));
  stage.run_store();
  for (int n = 0; n < 5; ++n)
    stage.hand_in("shop-in", note("C" + std::to_string(n), "x"), "n" + std::to_string(n));
  stage.run_store();
  stage.crash();
  stage.start();
  BOOST_TEST(stage.count("journal_undone") == 0);
  BOOST_TEST(stage.audited("A", "message", "order") == 2);
  for (int n = 0; n < 5; ++n) BOOST_TEST(stage.data("C" + std::to_string(n), "notes") == "x;");
  // What they send was not sent before recovery had looked at what was being sent.
  while (stage.pending("supplier") > 0) stage.delivered("supplier", quote());
  BOOST_TEST(stage.sent("supplier").size() == 6u);
}

BOOST_AUTO_TEST_CASE(a_crash_in_the_middle_of_recovery_is_recovered_from) {
  Stage stage;
  for (int n = 0; n < 10; ++n)
    stage.hand_in("shop-in", order("C" + std::to_string(n)), "c" + std::to_string(n));
  stage.run_store();
  for (int life = 0; life < 3; ++life) {
    stage.crash();
    stage.start();
    stage.hand_in("shop-in", note("C1", std::to_string(life)), "n" + std::to_string(life));
    stage.run_store();
  }
  stage.crash();
  stage.start();
  BOOST_TEST(stage.data("C1", "notes") == "0;1;2;");
  BOOST_TEST(stage.count("journal_undone") == 0);
}

BOOST_AUTO_TEST_CASE(an_orderly_stop_finishes_what_is_in_flight) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto paid = stage.hand_in("pay-in", payments("E", {payment(bill, "T", "5")}));
  BOOST_TEST(stage.stop());
  BOOST_TEST(paid->text().starts_with("replied <Accepted>"));
  stage.start();
  BOOST_TEST(stage.state("A") == "paid");
}

BOOST_AUTO_TEST_CASE(a_stop_that_a_partner_holds_up_leaves_the_rest_to_the_next_start) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");  // the supplier never answers
  BOOST_TEST(!stage.stop());
  stage.start();
  BOOST_TEST(stage.pending("supplier") == 1u);  // idempotent: again
}

BOOST_AUTO_TEST_CASE(serial_numbers_are_never_handed_out_twice) {
  Stage stage;
  const auto first = to_paying(stage, "A");
  stage.crash();
  stage.start();
  const auto second = to_paying(stage, "B");
  BOOST_TEST(first != second);
  BOOST_TEST(first < second);
}

BOOST_AUTO_TEST_CASE(all_of_a_stop_has_one_time_limit) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");  // the supplier never answers
  const auto begun = stage.steady_now();
  // Nor does the store, as long as the journal's door is shut.
  (void)stage.hub().journal().alone(
      [&]() -> std::optional<store::Transaction> {
        BOOST_TEST(!stage.hub().stop());
        return std::nullopt;
      },
      {});
  BOOST_TEST((stage.steady_now() - begun <= std::chrono::seconds(30)));
}

BOOST_AUTO_TEST_SUITE_END()
