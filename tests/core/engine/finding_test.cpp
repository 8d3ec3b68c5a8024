// How a message finds its case, and what happens where there is none (ENGINE.md 3).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

BOOST_AUTO_TEST_SUITE(finding)

BOOST_AUTO_TEST_CASE(by_key_and_by_alias) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  stage.say("shop-in", note("A", "by key"), "m2");
  BOOST_TEST(stage.data("A", "notes") == "by key;");
  BOOST_TEST(stage.store().find_alias("bill", bill).value() == "A");
  BOOST_TEST(
      stage.say("pay-in", payments("E", {payment(bill, "T", "5")}))->text().starts_with("replied"));
}

BOOST_AUTO_TEST_CASE(a_second_opening_for_a_living_alias_comes_to_the_open_case) {
  Stage stage;
  stage.say("shop-in", order("A", "P"), "m1");
  BOOST_TEST(stage.say("shop-in", order("B", "P"), "m2")->text() == "accepted");
  BOOST_TEST(stage.state("B") == "");
  BOOST_TEST(stage.audited("A", "message", "order") == 2);  // the process ignores the second
}

BOOST_AUTO_TEST_CASE(
    the_loser_of_a_race_for_an_alias_joins_the_winners_case_and_is_found_by_its_own_key) {
  Stage stage;
  const auto first = stage.hand_in("shop-in", order("A", "P"), "m1");
  const auto second = stage.hand_in("shop-in", order("B", "P"), "m2");
  stage.run();
  BOOST_TEST(first->text() == "accepted");
  BOOST_TEST(second->text() == "accepted");
  const std::string open = stage.state("A").empty() ? "B" : "A";
  const std::string joined = open == "A" ? "B" : "A";
  BOOST_TEST(stage.state(open) == "asking");
  BOOST_TEST(stage.state(joined) == "");
  BOOST_TEST(stage.audited(open, "joined", joined) == 1);
  BOOST_TEST(stage.audited(open, "message", "order") == 2);
  BOOST_TEST(stage.store().find_alias("key", joined).value() == open);
  stage.say("shop-in", note(joined, "for the other"), "m3");
  BOOST_TEST(stage.data(open, "notes") == "for the other;");
  BOOST_TEST(stage.count("journal_undone") == 0);
  // The original is done, and the new row is linked to it.
  const auto original = stage.store().find_journal(open == "A" ? 2 : 1).value();
  BOOST_TEST((original.state == store::JournalState::done));
  const auto anew = stage.store().find_journal(3).value();
  BOOST_TEST(anew.origin == original.id);
  BOOST_TEST(anew.case_key == open);
  BOOST_TEST((anew.stamp >= original.stamp));
}

BOOST_AUTO_TEST_CASE(an_opening_that_finds_its_case_ended_and_the_alias_given_up_opens_its_own) {
  Stage stage;
  stage.say("shop-in", order("A", "P"), "m1");
  const auto end = stage.hand_in("shop-in", withdraw("A"), "m2");
  const auto next =
      stage.hand_in("shop-in", order("B", "P"), "m3");  // A is open while it is looked up
  stage.run();
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(stage.state("B") == "asking");
  BOOST_TEST(stage.store().find_alias("plate", "P").value() == "B");
  BOOST_TEST(stage.audited("A", "moved") == 1);
  BOOST_TEST(stage.count("journal_undone") == 0);
}

BOOST_AUTO_TEST_CASE(so_does_one_whose_case_ends_by_a_deadline_that_is_due_before_it) {
  Stage stage;
  stage.say("shop-in", order("A", "P"), "m1");
  stage.delivered("supplier", quote());
  stage.set_clock(*parse_instant("2026-01-07T05:00:00Z"));  // the expiry; no timer has looked
  stage.say("shop-in", order("B", "P"), "m2");
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(stage.state("B") == "asking");
}

BOOST_AUTO_TEST_CASE(an_alias_taken_and_given_up_in_one_turn_does_not_live_on) {
  auto config = order_config();
  config.change("config/processes/order.scxml", "concat($notes, 'nudge;')\"/>",
                "concat($notes, 'nudge;')\"/><assign location=\"plate\" expr=\"'Q'\"/>");
  Stage stage(config);
  stage.say("shop-in", order("A", "P"), "m1");
  stage.set_clock(*parse_instant("2026-01-04T10:00:00Z"));  // the nudge is due, no timer has looked
  stage.say("shop-in", withdraw("A"), "m2");
  BOOST_TEST(stage.data("A", "plate") == "Q");
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(!stage.store().find_alias("plate", "P").has_value());
  BOOST_TEST(!stage.store().find_alias("plate", "Q").has_value());
  stage.say("shop-in", order("B", "Q"), "m3");
  BOOST_TEST(stage.state("B") == "asking");
}

BOOST_AUTO_TEST_CASE(an_always_alias_still_finds_the_ended_case) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  stage.say("pay-in", payments("E", {payment(bill, "T1", "5")}));
  BOOST_TEST(stage.say("pay-in", payments("F", {payment(bill, "T2", "5")}))
                 ->text()
                 .starts_with("replied <Accepted>"));
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].name == "lost");
  // The plate is given up by "cancelled" alone: an order for it still belongs to the paid case.
  stage.say("shop-in", order("B", "P-A"), "m9");
  BOOST_TEST(stage.state("B") == "");
}

BOOST_AUTO_TEST_CASE(without_a_case_record_accepts_and_writes_it_down) {
  Stage stage;
  BOOST_TEST(stage.say("shop-in", "<Log><no>none</no></Log>", "m1")->text() == "accepted");
  BOOST_TEST(stage.timeline("").size() == 1u);
  BOOST_TEST(stage.timeline("")[0].kind == "recorded");
  BOOST_TEST((stage.store().find_journal(1).value().state == store::JournalState::done));
  BOOST_TEST(stage.letters().empty());
}

BOOST_AUTO_TEST_CASE(without_a_case_keep_makes_a_dead_letter_at_once) {
  Stage stage;
  const std::string body = "<Keep><no>A</no></Keep>";
  BOOST_TEST(stage.say("shop-in", body, "m1")->text() == "accepted");
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].code == "no-such-case");
  BOOST_TEST(stage.letters()[0].original == body);
  BOOST_TEST(stage.say("shop-in", body, "m1")->text() == "accepted");
  BOOST_TEST(stage.letters().size() == 1u);
  BOOST_TEST(stage.metric("masar_alarms_total", "code", "kept-without-case") == 1);
  // Once more: still no case. Then there is one.
  const auto id = stage.letters()[0].id;
  const auto retry = [&](engine::Operations& act, auto done) { act.retry_dead_letter(id, done); };
  BOOST_TEST(stage.act(retry).status == 409);
  stage.say("shop-in", order("A"), "m2");
  BOOST_TEST(stage.act(retry).status == 200);
  BOOST_TEST(stage.data("A", "notes") == "kept;");
  BOOST_TEST(stage.letters().empty());
  BOOST_TEST(stage.act(retry).status == 409);
}

BOOST_AUTO_TEST_CASE(a_kept_part_answers_with_the_routes_reply_also_when_it_comes_again) {
  auto config = order_config();
  config.change("config/routes/payment.xml", R"(<no-case do="refuse" code="no-such-bill"/>)",
                R"(<no-case do="keep" reply="unknown"/>)");
  config.change(
      "config/routes/payment.xml", R"(<reply name="wrong-amount">)",
      R"(<reply name="unknown"><map using="order/unknown"/></reply><reply name="wrong-amount">)");
  config.set("mappings/order/unknown.map.xml",
             "<mapping "
             "id=\"order/unknown\"><output><Unknown>{/Payment/bill}</Unknown></output></mapping>");
  Stage stage(config);
  const auto bill = to_paying(stage, "A");
  const std::string body = payments("E", {payment("none", "T1", "5"), payment(bill, "T2", "5")});
  const auto first = stage.say("pay-in", body)->text();
  BOOST_TEST(first == "replied <Unknown>none</Unknown>, replied <Accepted><bill>" + bill +
                          "</bill><amount>5.000</amount></Accepted>");
  BOOST_TEST(stage.letters().size() == 1u);
  BOOST_TEST(stage.say("pay-in", body)->text() == first);
  BOOST_TEST(stage.letters().size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_opening_without_a_key_is_refused) {
  Stage stage;
  BOOST_TEST(stage.say("shop-in", order("", "P"), "m1")->text() == "refused no-key");
  BOOST_TEST(!stage.store().find_journal(1).has_value());
  BOOST_TEST(stage.timeline("").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_message_behind_its_cases_opening_waits_for_it) {
  Stage stage;
  stage.hand_in("shop-in", order("A"), "m1");
  stage.run_store();  // journaled, not applied
  const auto next = stage.hand_in("shop-in", note("A", "x"), "m2");
  stage.run();
  BOOST_TEST(next->text() == "accepted");
  BOOST_TEST(stage.data("A", "notes") == "x;");
}

BOOST_AUTO_TEST_CASE(a_message_for_a_case_that_is_just_joining_another_one_comes_to_that_one) {
  Stage stage;
  stage.hand_in("shop-in", order("A", "P"), "a");
  stage.hand_in("shop-in", order("B", "P"), "b");
  stage.run_store();  // B looks as if it were about to open
  const auto noted = stage.hand_in("shop-in", note("B", "x"), "n");
  stage.run();
  BOOST_TEST(noted->text() == "accepted");
  BOOST_TEST(stage.state("B") == "");
  BOOST_TEST(stage.data("A", "notes") == "x;");
  BOOST_TEST(stage.audited("B", "moved") == 1);
  stage.say("shop-in", note("B", "y"), "n2");
  BOOST_TEST(stage.data("A", "notes") == "x;y;");
}

BOOST_AUTO_TEST_SUITE_END()
