// Lanes, and what one transaction holds (ENGINE.md 10–15, 17).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <set>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

BOOST_AUTO_TEST_SUITE(turns)

// ENGINE.md 10

BOOST_AUTO_TEST_CASE(a_case_is_suspended_while_its_commit_waits_and_its_lane_goes_on) {
  Stage stage;
  for (int n = 0; n < 40; ++n)
    stage.hand_in("shop-in", order("C" + std::to_string(n)), "o" + std::to_string(n));
  stage.run_store();
  for (int n = 0; n < 40; ++n)
    stage.hand_in("shop-in", note("C" + std::to_string(n), "x"), "n" + std::to_string(n));
  stage.run_store();
  stage.run_executor();  // every case is opened, none of them twice, none goes on
  stage.run_store();
  for (int n = 0; n < 40; ++n) {
    BOOST_TEST(stage.state("C" + std::to_string(n)) == "asking");
    BOOST_TEST(stage.data("C" + std::to_string(n), "notes") == "");
  }
  stage.run();
  for (int n = 0; n < 40; ++n) BOOST_TEST(stage.data("C" + std::to_string(n), "notes") == "x;");
}

BOOST_AUTO_TEST_CASE(a_full_lane_leaves_its_events_in_the_journal_and_reads_them_from_there) {
  auto config = order_config();
  config.change("config/hub.xml", R"(<engine refusals-audited="3"/>)",
                R"(<engine refusals-audited="3" lane-bytes="2048"/>)");
  Stage stage(config);
  stage.say("shop-in", order("A"), "m0");
  std::string expected;
  for (int n = 0; n < 600; ++n) {  // more than one window of the journal
    stage.hand_in("shop-in", note("A", std::to_string(n)), "n" + std::to_string(n));
    expected += std::to_string(n) + ";";
  }
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST(stage.data("A", "notes") == expected);
  BOOST_TEST(stage.count("journal_undone") == 0);
}

// ENGINE.md 11, 12

BOOST_AUTO_TEST_CASE(one_transaction_holds_all_of_one_event) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  const auto& attempt = stage.next("supplier");
  const std::string asked = attempt.effect_id;
  stage.answer("supplier", {connector::OutcomeKind::delivered, {}, {}, quote(), {}});
  // Case, deadlines, outbox, alias, audit and the mark, of one version.
  const auto row = stage.row("A");
  BOOST_TEST(row.version == 2);
  BOOST_TEST(row.state == "paying");
  const auto record = stage.store().find_case("A").value();
  BOOST_TEST(record.deadlines.size() == 2u);  // nudge is gone, reminder and expiry are there
  BOOST_TEST(stage.outbox("A", "sms").size() == 1u);
  BOOST_TEST(stage.outbox("A", "tell").size() == 1u);
  BOOST_TEST(stage.store().find_alias("bill", stage.data("A", "bill")).value() == "A");
  BOOST_TEST(stage.audited("A", "state", "paying") == 1);
  BOOST_TEST(stage.audited("A", "effect", "sms") == 1);
  BOOST_TEST(stage.count("journal_undone") == 0);
  const auto outcome = stage.store().find_journal(2).value();
  BOOST_TEST(outcome.effect == asked);
  BOOST_TEST(outcome.inputs.starts_with("serial bill="));
}

BOOST_AUTO_TEST_CASE(nothing_of_an_uncommitted_event_is_there_after_a_crash_and_it_applies_again) {
  Stage stage;
  stage.hand_in("shop-in", order("A"), "m1");
  stage.run_store();
  stage.run_executor();  // decided
  stage.crash();
  BOOST_TEST(stage.sent("supplier").empty());
  stage.start();
  BOOST_TEST(stage.state("A") == "asking");
  BOOST_TEST(stage.sent("supplier").size() == 1u);
  BOOST_TEST(stage.audited("A", "message", "order") == 1);
}

// ENGINE.md 13

BOOST_AUTO_TEST_CASE(an_effects_id_depends_on_case_event_and_index_alone) {
  Stage one, other;
  for (auto* stage : {&one, &other}) {
    stage->say("shop-in", order("A"), "m1");
    stage->say("shop-in", note("A", "fast"), "m2");
  }
  std::set<std::string> ids;
  for (const auto& row : one.outbox("A")) ids.insert(row.id);
  BOOST_TEST(ids.size() == 4u);
  for (const auto& row : other.outbox("A")) BOOST_TEST(ids.contains(row.id));
}

BOOST_AUTO_TEST_CASE(the_outbox_holds_the_document_as_it_will_be_sent_and_where_the_reply_goes_on) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  const auto rows = stage.outbox("A", "ask-quote");
  BOOST_REQUIRE(rows.size() == 1u);
  BOOST_TEST(rows[0].body == "<AskQuote>A</AskQuote>");
  BOOST_TEST(rows[0].route == "ask-quote");
  BOOST_TEST(rows[0].snapshot == stage.hub().snapshot().hash);
  BOOST_TEST(rows[0].visit == stage.row("A").visit);
  BOOST_TEST(rows[0].step > 0);
  BOOST_TEST(rows[0].headers.find("correlation-id: A") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_reply_whose_visit_is_over_runs_no_transition) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  const std::string first = stage.next("supplier").effect_id;
  stage.say("shop-in", note("A", "again"), "m2");  // asking is entered once more and asks anew
  BOOST_TEST(stage.pending("supplier") == 1u);     // in the order of the case
  stage.delivered("supplier", quote("7"));
  BOOST_TEST(stage.state("A") == "asking");
  BOOST_TEST(stage.audited("A", "late", "ask-quote") == 1);
  BOOST_TEST((stage.store().find_outbox(first)->state == store::OutboxState::delivered));
  BOOST_TEST(stage.next("supplier").effect_id != first);
  stage.delivered("supplier", quote("9"));
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.data("A", "amount") == "9.000");
}

// ENGINE.md 14

BOOST_AUTO_TEST_CASE(an_effect_whose_document_cannot_be_built_does_not_undo_its_event) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.say("shop-in", note("A", "label"), "m2");
  BOOST_TEST(stage.data("A", "notes") == "label;");
  const auto rows = stage.outbox("A", "label");
  BOOST_REQUIRE(rows.size() == 1u);
  BOOST_TEST((rows[0].state == store::OutboxState::failed));
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].effect == rows[0].id);
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].name == "dead-letter");
  BOOST_TEST(stage.sent("supplier").size() == 1u);  // the quote only
}

BOOST_AUTO_TEST_CASE(one_that_its_schema_does_not_allow_is_not_sent_either) {
  auto config = order_config();
  config.change("mappings/order/label.map.xml", "<Label>{$case.phone}</Label>",
                "<Sticker>{$case.no}</Sticker>");
  Stage stage(config);
  stage.say("shop-in", order("A"), "m1");
  stage.say("shop-in", note("A", "label"), "m2");
  BOOST_TEST((stage.outbox("A", "label")[0].state == store::OutboxState::failed));
  BOOST_TEST(stage.outbox("A", "label")[0].code == "schema-invalid");
  BOOST_TEST(stage.letters()[0].at_step == "<Sticker>A</Sticker>");
}

BOOST_AUTO_TEST_CASE(an_essential_effect_makes_the_event_fail) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.say("shop-in", note("A", "label!"), "m2");
  BOOST_TEST(stage.data("A", "notes") == "");
  BOOST_TEST(stage.outbox("A", "label").empty());
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].journal != 0);
}

BOOST_AUTO_TEST_CASE(a_reply_that_cannot_be_built_makes_the_event_fail) {
  auto config = order_config();
  config.change("mappings/order/accepted.map.xml", "{$case.bill}", "{$case.phone}");
  Stage stage(config);
  const auto bill = to_paying(stage, "A");
  BOOST_TEST(stage.say("pay-in", payments("E", {payment(bill, "T", "5")}))->text() ==
             "later in-doubt");
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.letters().size() == 1u);
  // Not stored: a repetition gets the same, at once.
  BOOST_TEST(stage.say("pay-in", payments("E", {payment(bill, "T", "5")}))->text() ==
             "later in-doubt");
  BOOST_TEST(stage.letters().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
