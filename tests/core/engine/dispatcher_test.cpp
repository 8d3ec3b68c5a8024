// What goes out (ENGINE.md 16, 18, 19, 20).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <set>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;
using connector::OutcomeKind;
using store::OutboxState;

namespace {

OutboxState state_of(Stage& stage, const std::string& id) {
  return stage.store().find_outbox(id)->state;
}

std::vector<std::string> bodies(const std::vector<Sent>& sent) {
  std::vector<std::string> texts;
  for (const auto& one : sent) texts.push_back(one.attempt.body);
  return texts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dispatcher)

// ENGINE.md 16

BOOST_AUTO_TEST_CASE(effects_of_one_case_leave_in_order_and_other_cases_do_not_wait) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", order("B"), "b");
  stage.say("shop-in", note("A", "fast"), "a2");
  BOOST_TEST(stage.pending("sms") == 1u);
  stage.say("shop-in", note("B", "fast"), "b2");
  BOOST_TEST(stage.pending("sms") == 2u);  // one of each
  stage.delivered("sms");
  stage.delivered("sms");
  stage.delivered("sms");
  stage.delivered("sms");
  stage.delivered("sms");
  stage.delivered("sms");
  std::vector<std::string> of_a, of_b;
  for (const auto& one : stage.sent("sms")) {
    const auto row = stage.store().find_outbox(one.attempt.effect_id).value();
    (row.case_key == "A" ? of_a : of_b).push_back(one.attempt.body);
  }
  const std::vector<std::string> in_order{"<Sms>one</Sms>", "<Sms>two</Sms>", "<Sms>three</Sms>"};
  BOOST_TEST((of_a == in_order));
  BOOST_TEST((of_b == in_order));
}

BOOST_AUTO_TEST_CASE(a_row_holds_the_next_one_back_only_while_it_may_still_be_attempted) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", note("A", "fast"), "a2");
  stage.fails("sms", OutcomeKind::unavailable, "503");
  BOOST_TEST(stage.pending("sms") == 0u);  // "one" will be tried again: "two" waits
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST(stage.next("sms").body == "<Sms>one</Sms>");
  stage.fails("sms", OutcomeKind::unknown, "timeout");  // at most once: final
  BOOST_TEST(stage.next("sms").body == "<Sms>two</Sms>");
  stage.fails("sms", OutcomeKind::rejected, "NO");
  BOOST_TEST(stage.next("sms").body == "<Sms>three</Sms>");
}

BOOST_AUTO_TEST_CASE(a_row_past_its_not_after_expires_visibly_and_is_not_sent) {
  Stage stage;
  stage.set_ready("sms", false);
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  const auto id = stage.outbox("A", "sms")[0].id;
  BOOST_TEST((stage.outbox("A", "sms")[0].not_after == *parse_instant("2026-01-07T05:00:00Z")));
  stage.act([](auto& act, auto done) {
    act.pause_endpoint("sms", true, done);
  });  // a pause does not stop it
  stage.clock("2026-01-07T05:00:00Z");
  BOOST_TEST((state_of(stage, id) == OutboxState::expired));
  BOOST_TEST(stage.audited("A", "expired", "sms") == 1);
  stage.act([](auto& act, auto done) { act.pause_endpoint("sms", false, done); });
  stage.set_ready("sms", true);
  stage.wait(std::chrono::seconds(5));
  BOOST_TEST(stage.sent("sms").empty());
  BOOST_TEST(stage.count("outbox_ready") == 1);  // what the portal is told
}

BOOST_AUTO_TEST_CASE(not_after_counts_also_where_it_passed_while_an_attempt_was_under_way) {
  auto config = order_config();
  config.change("config/processes/order.scxml", R"x(not-after="deadline('expiry')")x",
                R"x(not-after="$now + duration('PT1H')")x");
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  const auto id = stage.next("sms").effect_id;
  stage.clock("2026-01-04T06:00:00Z");  // under way: it may still arrive
  BOOST_TEST((state_of(stage, id) == OutboxState::sending));
  stage.fails("sms", OutcomeKind::unavailable, "503");
  stage.wait(std::chrono::seconds(30));
  BOOST_TEST((state_of(stage, id) == OutboxState::expired));
  BOOST_TEST(stage.sent("sms").size() == 1u);
  BOOST_TEST(stage.data("A", "notes") == "sms expired;");  // the route's handler of expired
}

// ENGINE.md 18: outcomes and retries

BOOST_AUTO_TEST_CASE(the_row_is_marked_sending_in_a_commit_before_the_attempt) {
  Stage stage;
  stage.set_ready("supplier", false);
  stage.say("shop-in", order("A"), "a");
  stage.set_ready("supplier", true);
  const auto row = stage.outbox("A", "ask-quote")[0];
  BOOST_TEST((row.state == OutboxState::sending));
  BOOST_TEST(row.attempts == 1);
  BOOST_TEST(stage.next("supplier").effect_id == row.id);
  BOOST_TEST(stage.next("supplier").number == 1);
}

BOOST_AUTO_TEST_CASE(an_endpoint_serves_effects_and_a_pass_through_route) {
  auto config = order_config();
  config.set("config/endpoints/bridge-in.xml",
             R"(<endpoint id="bridge-in" partner="bank" connector="amqp" direction="in"><amqp/>
</endpoint>)");
  config.set("config/routes/bridge.xml", R"(<route id="bridge" mode="pass-through">
  <from endpoint="bridge-in"/><call endpoint="shop-out"/></route>)");
  Stage stage(config);
  (void)to_paying(stage, "A");
  BOOST_TEST((stage.outbox("A", "tell").at(0).state == OutboxState::delivered));
  const auto bridged = stage.say("bridge-in", "<X/>", "x");
  BOOST_REQUIRE(stage.pending("shop-out") == 1u);
  BOOST_TEST(stage.next("shop-out").body == "<X/>");
  stage.delivered("shop-out");
  BOOST_TEST(bridged->text() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_missing_receiver_is_waiting_not_an_attempt) {
  Stage stage;
  stage.set_ready("supplier", false);
  stage.say("shop-in", order("A"), "a");
  stage.wait(std::chrono::minutes(10));
  BOOST_TEST(stage.sent("supplier").empty());
  BOOST_TEST(stage.outbox("A", "ask-quote")[0].attempts == 0);
  BOOST_TEST(stage.hub().in_flight() != "");
  stage.set_ready("supplier", true);
  BOOST_TEST(stage.pending("supplier") == 1u);
}

BOOST_AUTO_TEST_CASE(a_rejection_runs_the_handler_that_names_its_code_first) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.fails("supplier", OutcomeKind::rejected, "NO_STOCK");
  BOOST_TEST(stage.state("A") == "cancelled");
  stage.say("shop-in", order("B"), "b");
  stage.fails("supplier", OutcomeKind::rejected, "OTHER");
  BOOST_TEST(stage.state("B") == "asking");
  BOOST_REQUIRE(stage.tasks("B").size() == 1u);
  BOOST_TEST(stage.tasks("B")[0].name == "silent");
  BOOST_TEST(stage.tasks("B")[0].effect == stage.outbox("B", "ask-quote")[0].id);
  BOOST_TEST(stage.sent("supplier").size() == 2u);
}

BOOST_AUTO_TEST_CASE(unavailable_is_tried_again_at_growing_intervals_until_its_attempts_are_spent) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  stage.fails("sms", OutcomeKind::unavailable, "503");
  BOOST_TEST((stage.outbox("A", "sms")[0].state == OutboxState::ready));
  stage.wait(std::chrono::milliseconds(999));
  BOOST_TEST(stage.pending("sms") == 0u);
  stage.wait(std::chrono::milliseconds(1));
  BOOST_TEST(stage.next("sms").number == 2);
  stage.fails("sms", OutcomeKind::unavailable, "503");
  BOOST_TEST((stage.outbox("A", "sms")[0].state == OutboxState::unavailable));
  BOOST_TEST(stage.data("A", "notes") == "sms 503;");
  BOOST_TEST(stage.tasks("A").size() == 1u);
  stage.wait(std::chrono::minutes(10));
  BOOST_TEST(stage.sent("sms").size() == 2u);
}

BOOST_AUTO_TEST_CASE(keep_retrying_goes_on_at_the_longest_interval_and_a_person_is_told) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  std::vector<int> intervals;
  for (int n = 0; n < 3; ++n) {
    stage.fails("supplier", OutcomeKind::unavailable, "503");
    int seconds = 0;
    while (stage.pending("supplier") == 0 && seconds < 100)
      stage.wait(std::chrono::seconds(1)), ++seconds;
    intervals.push_back(seconds);
  }
  BOOST_TEST((intervals == std::vector<int>{1, 2, 4}));
  BOOST_TEST(stage.next("supplier").number == 4);  // three were declared
  stage.clock("2026-01-04T07:00:00Z");             // two hours of silence
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].name == "silent");
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.tasks("A").empty());  // withdrawn with its visit
}

BOOST_AUTO_TEST_CASE(retry_after_of_the_partner_is_respected) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.answer("supplier",
               {OutcomeKind::unavailable, "429", "slow down", {}, std::chrono::seconds(8)});
  stage.wait(std::chrono::seconds(7));
  BOOST_TEST(stage.pending("supplier") == 0u);
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST(stage.pending("supplier") == 1u);
}

BOOST_AUTO_TEST_CASE(unknown_is_repeated_only_where_the_partner_knows_a_repetition) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.fails("supplier", OutcomeKind::unknown, "timeout");
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST(stage.pending("supplier") == 1u);  // idempotent
  stage.delivered("supplier", quote());
  stage.fails("sms", OutcomeKind::unknown, "timeout");
  stage.wait(std::chrono::minutes(10));
  BOOST_TEST(stage.sent("sms").size() == 1u);
  BOOST_TEST((stage.outbox("A", "sms")[0].state == OutboxState::unknown));
  BOOST_TEST(stage.data("A", "notes") == "sms timeout;");
}

BOOST_AUTO_TEST_CASE(a_reply_that_cannot_be_used_is_unknown_and_kept) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  for (int n = 0; n < 2; ++n) {
    stage.delivered("supplier", n == 0 ? "<Quote>" : "<Quote><cheap/></Quote>");
    const auto row = stage.outbox("A", "ask-quote")[0];
    BOOST_TEST((row.state == OutboxState::ready));  // idempotent: asked again
    BOOST_TEST(row.reply == (n == 0 ? "<Quote>" : "<Quote><cheap/></Quote>"));
    stage.wait(std::chrono::seconds(2));
  }
  stage.delivered("supplier", "<Quote><cheap/></Quote>");
  BOOST_TEST((stage.outbox("A", "ask-quote")[0].state == OutboxState::unknown));
  BOOST_TEST(stage.outbox("A", "ask-quote")[0].code == "schema-invalid");
  BOOST_TEST(stage.tasks("A").size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_outcome_for_which_the_route_names_no_event_ends_there) {
  Stage stage;
  to_paying(stage, "A");
  const auto tell = stage.outbox("A", "tell")[0];
  BOOST_TEST((tell.state == OutboxState::delivered));
  BOOST_TEST(stage.audited("A", "outcome", "tell") == 1);
  BOOST_TEST(stage.row("A").version == 2);
}

BOOST_AUTO_TEST_CASE(
    a_row_whose_visit_is_over_is_withdrawn_instead_of_attempted_again_and_its_task_with_it) {
  auto config = order_config();
  // The question outlives its visit: only the row's end can withdraw it.
  config.change("config/processes/order.scxml", R"(<m:task-type name="silent">)",
                R"(<m:task-type name="silent" scope="case">)");
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  stage.clock("2026-01-04T07:00:00Z");
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  const auto id = stage.next("supplier").effect_id;
  stage.say("shop-in", withdraw("A"), "a2");
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(stage.tasks("A").size() == 1u);
  stage.fails("supplier", OutcomeKind::unavailable, "503");
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST((state_of(stage, id) == OutboxState::withdrawn));
  BOOST_TEST(stage.sent("supplier").size() == 1u);
  BOOST_TEST(stage.tasks("A").empty());
  BOOST_TEST(stage.tasks("A", store::TaskState::withdrawn).size() == 1u);
}

// ENGINE.md 18: breaker, concurrency, rate

BOOST_AUTO_TEST_CASE(no_more_than_concurrency_are_under_way) {
  Stage stage;
  for (const char* no : {"A", "B", "C", "D"}) stage.say("shop-in", order(no), no);
  BOOST_TEST(stage.pending("supplier") == 2u);
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.pending("supplier") == 2u);
  stage.delivered("supplier", quote());
  stage.delivered("supplier", quote());
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.sent("supplier").size() == 4u);
}

// The bound is for the partner's sake: time in the store does not count.
BOOST_AUTO_TEST_CASE(an_outcome_that_is_being_stored_holds_nothing_back) {
  Stage stage;
  const auto& status = [&] { return stage.hub().dispatchers().find("supplier")->second->status(); };
  for (const char* no : {"A", "B", "C", "D", "E", "F"}) stage.say("shop-in", order(no), no);
  BOOST_TEST(status().sending == 2u);
  stage.hand_back("supplier", {OutcomeKind::unavailable, "503", {}, {}, {}});
  stage.run_executor();
  BOOST_TEST(status().sending == 3u);  // A's outcome and C's mark in one commit
  stage.run();
  BOOST_TEST(status().sending == 2u);  // A backs off
  BOOST_TEST(stage.pending("supplier") == 2u);
  // Each place is given back once, however an attempt ends.
  stage.hand_back("supplier", {OutcomeKind::delivered, {}, {}, quote(), {}});
  stage.hand_back("supplier", {OutcomeKind::rejected, "OTHER", {}, {}, {}});
  stage.run();
  stage.wait(std::chrono::minutes(1));
  BOOST_TEST(stage.pending("supplier") == 2u);
  for (int n = 0; n < 4; ++n) {
    stage.delivered("supplier", quote());
    BOOST_TEST(stage.pending("supplier") <= 2u);
  }
  BOOST_TEST(status().sending == 0u);
  BOOST_TEST(stage.sent("supplier").size() == 7u);
}

BOOST_AUTO_TEST_CASE(the_breaker_opens_after_failures_in_a_row_and_one_attempt_tries_again) {
  Stage stage;
  for (const char* no : {"A", "B", "C", "D", "E", "F"}) stage.say("shop-in", order(no), no);
  for (int n = 0; n < 4; ++n) stage.fails("supplier", OutcomeKind::unavailable, "503");
  const auto& status = [&] { return stage.hub().dispatchers().find("supplier")->second->status(); };
  BOOST_TEST(status().breaker == "open");
  while (stage.pending("supplier") > 0) stage.fails("supplier", OutcomeKind::unavailable, "503");
  const auto before = stage.sent("supplier").size();
  stage.wait(std::chrono::seconds(29));
  BOOST_TEST(stage.sent("supplier").size() == before);
  stage.wait(std::chrono::seconds(2));
  BOOST_TEST(stage.pending("supplier") == 1u);  // half-open: one
  stage.fails("supplier", OutcomeKind::unavailable, "503");
  BOOST_TEST(status().breaker == "open");
  stage.wait(std::chrono::seconds(31));
  BOOST_TEST(stage.pending("supplier") == 1u);
  stage.delivered("supplier", quote());
  BOOST_TEST(status().breaker == "closed");
  BOOST_TEST(stage.pending("supplier") == 2u);
}

BOOST_AUTO_TEST_CASE(the_one_attempt_of_a_half_open_breaker_does_not_get_lost) {
  Stage stage;
  for (const char* no : {"A", "B", "C", "D"}) stage.say("shop-in", order(no), no);
  for (int n = 0; n < 4; ++n) stage.fails("supplier", OutcomeKind::unavailable, "503");
  stage.say("shop-in", withdraw("A"), "wa");  // whatever is picked first: three of them end unsent
  stage.say("shop-in", withdraw("B"), "wb");
  stage.say("shop-in", withdraw("C"), "wc");
  stage.wait(std::chrono::seconds(31));
  BOOST_TEST(stage.pending("supplier") == 1u);
  BOOST_TEST((stage.outbox("A", "ask-quote")[0].state == OutboxState::withdrawn));
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.state("D") == "paying");
}

BOOST_AUTO_TEST_CASE(rejections_do_not_open_the_breaker) {
  Stage stage;
  for (int n = 0; n < 8; ++n) {
    const std::string no = "N" + std::to_string(n);
    stage.say("shop-in", order(no), no);
    stage.fails("supplier", OutcomeKind::rejected, "OTHER");
  }
  BOOST_TEST(stage.sent("supplier").size() == 8u);
}

BOOST_AUTO_TEST_CASE(no_more_than_the_rate_begin_in_a_second) {
  auto config = order_config();
  config.change("config/endpoints/supplier.xml", R"(<rate per-second="0"/><concurrency max="2"/>)",
                R"(<rate per-second="2"/><concurrency max="100"/>)");
  Stage stage(config);
  for (int n = 0; n < 10; ++n)
    stage.say("shop-in", order("N" + std::to_string(n)), std::to_string(n));
  BOOST_TEST(stage.sent("supplier").size() == 2u);
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST(stage.sent("supplier").size() == 4u);
  stage.wait(std::chrono::seconds(10));
  BOOST_TEST(stage.sent("supplier").size() == 10u);
}

// ENGINE.md 18: reports

BOOST_AUTO_TEST_CASE(reports_go_forward_only_and_delivered_withdraws_the_task_of_the_failure) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  const auto id = stage.next("sms").effect_id;
  stage.fails("sms", OutcomeKind::unknown, "timeout");
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.report(id, "buffered"));
  BOOST_TEST(stage.report(id, "failed"));
  BOOST_TEST(stage.report(id, "buffered"));  // backwards: known already
  BOOST_TEST(stage.data("A", "notes") == "sms timeout;report buffered;report failed;");
  BOOST_TEST(stage.report(id, "delivered"));
  BOOST_TEST((state_of(stage, id) == OutboxState::delivered));
  BOOST_TEST(stage.tasks("A").empty());
  BOOST_TEST(stage.report(id, "failed"));
  BOOST_TEST(stage.report(id, "delivered"));
  BOOST_TEST(stage.data("A", "notes") ==
             "sms timeout;report buffered;report failed;report delivered;");
  BOOST_TEST(stage.report("no-such-effect", "delivered"));
}

BOOST_AUTO_TEST_CASE(the_same_report_twice_at_once_is_one_event) {
  Stage stage;
  to_paying(stage, "A");
  const auto id = stage.outbox("A", "sms")[0].id;
  int answers = 0;
  for (int n = 0; n < 2; ++n)
    stage.hub().intake().report(id, "delivered", [&](bool yes) { answers += yes ? 1 : 0; });
  stage.run();
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST(answers == 2);
  BOOST_TEST(stage.data("A", "notes") == "report delivered;");
}

BOOST_AUTO_TEST_CASE(a_report_after_the_visit_stands_in_the_timeline_only) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto id = stage.outbox("A", "sms")[0].id;
  stage.say("pay-in", payments("E", {payment(bill, "T", "5")}));
  BOOST_TEST(stage.report(id, "delivered"));
  BOOST_TEST(stage.data("A", "notes") == "paid T;");
  BOOST_TEST(stage.audited("A", "report", "sms") == 1);
}

// ENGINE.md 19

BOOST_AUTO_TEST_CASE(at_most_once_is_unknown_after_a_crash_and_never_sent_again) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.pending("sms") == 1u);  // sending, no outcome
  const auto id = stage.next("sms").effect_id;
  stage.crash();
  stage.start();
  BOOST_TEST((state_of(stage, id) == OutboxState::unknown));
  BOOST_TEST(stage.outbox("A", "sms")[0].code == "interrupted");
  stage.wait(std::chrono::minutes(10));
  BOOST_TEST(stage.sent("sms").size() == 1u);
  BOOST_TEST(stage.data("A", "notes") == "sms interrupted;");
  BOOST_TEST(stage.tasks("A").size() == 1u);  // shown to a person
}

BOOST_AUTO_TEST_CASE(an_idempotent_attempt_is_made_again_with_the_same_id) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.crash();
  stage.start();
  const auto sent = stage.sent("supplier");
  BOOST_REQUIRE(sent.size() == 2u);
  BOOST_TEST(sent[0].attempt.effect_id == sent[1].attempt.effect_id);
  BOOST_TEST(sent[0].attempt.body == sent[1].attempt.body);
  BOOST_TEST(sent[1].attempt.number == 2);
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.state("A") == "paying");
}

BOOST_AUTO_TEST_CASE(a_crash_before_the_commit_of_sending_is_no_attempt) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.set_ready("sms", false);
  stage.delivered("supplier", quote());
  stage.crash();
  stage.set_ready("sms", true);
  stage.start();
  BOOST_TEST(stage.sent("sms").size() == 1u);
  BOOST_TEST(stage.next("sms").number == 1);
}

BOOST_AUTO_TEST_CASE(rows_of_a_paused_endpoint_left_sending_are_unknown_too) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  stage.act([](auto& act, auto done) { act.pause_endpoint("sms", true, done); });
  const auto id = stage.next("sms").effect_id;
  stage.crash();
  stage.start();
  BOOST_TEST((state_of(stage, id) == OutboxState::unknown));
  BOOST_TEST(stage.hub().in_flight() == "rows for endpoint shop-out are ready or sending");
}

BOOST_AUTO_TEST_CASE(order_out_holds_over_a_crash) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", note("A", "fast"), "a2");
  stage.delivered("sms");
  stage.hand_in("shop-in", note("A", "fast"), "a3");  // journaled: applied by the next life
  stage.run_store();
  stage.crash();
  stage.start();
  while (stage.pending("sms") > 0) stage.delivered("sms");
  // "two" was under way: unknown. Everything else came once, in order.
  const std::vector<std::string> expected{"<Sms>one</Sms>", "<Sms>two</Sms>", "<Sms>three</Sms>",
                                          "<Sms>one</Sms>", "<Sms>two</Sms>", "<Sms>three</Sms>"};
  BOOST_TEST((bodies(stage.sent("sms")) == expected));
  BOOST_TEST(stage.count("outbox_ready") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
