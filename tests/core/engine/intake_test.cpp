// What happens to a message before, and while, it is written to the journal (ENGINE.md 1, 2, 4, 5).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

BOOST_AUTO_TEST_SUITE(intake)

// ENGINE.md 1

BOOST_AUTO_TEST_CASE(what_is_refused_before_the_journal_leaves_one_audit_row_and_nothing_else) {
  const std::pair<std::string, std::string> cases[]{
      {"<Order><no>A</no>", "refused not-well-formed"},
      {"<!DOCTYPE Order><Order/>", "refused doctype"},
      {"<Order><no>A</no></Order>", "refused schema-invalid"},
      {"<Unrouted>x</Unrouted>", "refused unknown-type"},
      {note("A", "x"), "refused no-such-order"},
      {order("A", "P", "<mode>" + std::string(5000, 'x') + "</mode>"), "refused too-large"},
  };
  for (const auto& [body, expected] : cases) {
    Stage stage;
    const auto text = stage.say("shop-in", body, "m1")->text();
    BOOST_TEST_CONTEXT(body.substr(0, 60)) {
      BOOST_TEST(text.starts_with("refused"));
      if (expected != "refused not-well-formed" && expected != "refused doctype")
        BOOST_TEST(text == expected);
      const auto rows = stage.timeline("");
      BOOST_REQUIRE(rows.size() == 1u);
      BOOST_TEST(rows[0].kind == "refused");
      BOOST_TEST(!stage.store().find_journal(1).has_value());
      BOOST_TEST(stage.count("cases_open") == 0);
      BOOST_TEST(stage.count("outbox_ready") == 0);
      BOOST_TEST(stage.count("dead_letters_open") == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_came_after_its_expiry_is_refused_unless_it_repeats_what_came_in_time) {
  Stage stage;
  stage.clock("2026-01-04T08:00:00Z");
  std::string said;
  const auto send = [&](const std::string& id, const std::string& body, const char* expires) {
    connector::Received received;
    received.endpoint = "shop-in";
    received.sender = stage.hub().snapshot().endpoint("shop-in")->spec.partner;
    received.message_id = id;
    received.body = body;
    received.expires = parse_instant(expires);
    said.clear();
    stage.hand_in(std::move(received), [&](const connector::IntakeAnswer& answer) {
      using Kind = connector::PartAnswer::Kind;
      said = answer.front().kind == Kind::accepted  ? "accepted"
             : answer.front().kind == Kind::refused ? "refused " + answer.front().code
                                                    : "other";
    });
    stage.run();
    return said;
  };
  BOOST_TEST(send("m1", order("A"), "2026-01-04T08:00:01Z") == "accepted");
  BOOST_TEST(send("m2", order("B"), "2026-01-04T08:00:00Z") == "refused expired");
  BOOST_TEST(stage.state("B") == "");
  const auto rows = stage.timeline("");
  BOOST_REQUIRE(!rows.empty());
  BOOST_TEST(rows.back().name == "expired");
  stage.clock("2026-01-04T09:00:00Z");
  BOOST_TEST(send("m1", order("A"), "2026-01-04T08:00:01Z") == "accepted");
  BOOST_TEST(send("m1", order("C"), "2026-01-04T08:00:01Z") == "refused duplicate-differs");
}

BOOST_AUTO_TEST_CASE(audit_rows_of_refusals_are_capped_per_partner_and_minute) {
  Stage stage;
  for (int n = 0; n < 10; ++n)
    BOOST_TEST(stage.say("shop-in", "<Bad/>", "")->text() == "refused unknown-type");
  BOOST_TEST(stage.timeline("").size() == 3u);
  BOOST_TEST(stage.metric("masar_messages_received_total", "result", "refused") == 10);
  for (int n = 0; n < 10; ++n) stage.say("ask-in", "<Bad/>");  // another partner has its own count
  BOOST_TEST(stage.timeline("").size() == 6u);
  stage.wait(std::chrono::minutes(1));
  stage.say("shop-in", "<Bad/>");
  BOOST_TEST(stage.timeline("").size() == 7u);
}

BOOST_AUTO_TEST_CASE(bytes_that_a_connector_refuses_are_capped_as_well) {
  Stage stage;
  for (int n = 0; n < 10; ++n) stage.hub().intake().refused("shop-in", "bad-login", "who is that");
  stage.run();
  BOOST_TEST(stage.timeline("").size() == 3u);
  BOOST_TEST(stage.timeline("")[0].name == "bad-login");
}

BOOST_AUTO_TEST_CASE(a_journaled_message_that_its_route_refuses_was_accepted_and_is_told_of) {
  Stage stage;
  BOOST_TEST(stage.say("shop-in", order("A", "P", "<mode>unwanted</mode>"), "m1")->text() ==
             "accepted");
  BOOST_TEST(stage.state("A") == "");
  BOOST_TEST(!stage.store().find_alias("plate", "P").has_value());
  BOOST_REQUIRE(stage.pending("shop-out") == 1u);
  BOOST_TEST(stage.next("shop-out").body == "<Refused><id>m1</id><code>unwanted</code></Refused>");
  stage.delivered("shop-out");
  BOOST_TEST(stage.hub().in_flight() == "");
}

BOOST_AUTO_TEST_CASE(a_message_that_its_case_refuses_is_told_of_with_the_state) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  BOOST_TEST(stage.say("shop-in", note("A", "refuse"), "m2")->text() == "accepted");
  BOOST_TEST(stage.next("shop-out").body ==
             "<Refused><id>m2</id><code>not-now</code><state>asking</state></Refused>");
  BOOST_TEST(stage.data("A", "notes") == "");
  BOOST_TEST(stage.letters().empty());
}

// ENGINE.md 2

BOOST_AUTO_TEST_CASE(the_same_message_again_is_taken_and_does_nothing) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  BOOST_TEST(stage.say("shop-in", order("A"), "m1")->text() == "accepted");
  BOOST_TEST(stage.audited("A", "received") == 1);
  BOOST_TEST(stage.sent("supplier").size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_content_of_a_key_is_its_elements_and_texts_however_they_are_written) {
  Stage stage;
  stage.say("shop-in", order("A", "P-AP"), "m1");
  const auto again = [&](std::string body) { return stage.say("shop-in", body, "m1")->text(); };
  const std::string first = again(order("A", "P-AP"));
  BOOST_TEST(!first.starts_with("refused"));
  std::string spaced = order("A", "P-AP");
  spaced.insert(spaced.find('>') + 1, "\n <!-- again --> ");
  BOOST_TEST(again(spaced) == first);
  // The same characters in other elements.
  BOOST_TEST(again(order("A", {}, "<mode>P</mode>")) == "refused duplicate-differs");
}

BOOST_AUTO_TEST_CASE(the_same_key_with_other_content_is_refused_with_an_alarm) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  BOOST_TEST(stage.say("shop-in", order("B"), "m1")->text() == "refused duplicate-differs");
  BOOST_TEST(stage.state("B") == "");
  BOOST_TEST(stage.metric("masar_alarms_total", "code", "duplicate-differs") == 1);
  const auto rows = stage.timeline("");
  BOOST_REQUIRE(rows.size() == 1u);
  BOOST_TEST(rows[0].name == "duplicate-differs");
}

BOOST_AUTO_TEST_CASE(a_key_that_is_absent_or_forgotten_does_not_count) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.say("shop-in", note("A", "x"));
  stage.say("shop-in", note("A", "x"));
  BOOST_TEST(stage.data("A", "notes") == "x;x;");
  stage.say("shop-in", note("A", "y"), "m2");
  stage.set_clock(stage.now() + std::chrono::hours(24 * 401));
  stage.say("shop-in", note("A", "y"), "m2");
  BOOST_TEST(stage.data("A", "notes").ends_with("y;y;") == false);  // nudges lie between
  BOOST_TEST(stage.data("A", "notes").ends_with("y;"));
  BOOST_TEST(stage.audited("A", "message", "note") == 4);
}

BOOST_AUTO_TEST_CASE(a_repetition_gets_the_stored_reply) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto first = stage.say("pay-in", payments("E1", {payment(bill, "T1", "5")}))->text();
  BOOST_TEST(first.starts_with("replied <Accepted>"));
  BOOST_TEST(stage.say("pay-in", payments("E1", {payment(bill, "T1", "5")}))->text() == first);
  BOOST_TEST(stage.say("pay-in", payments("E2", {payment(bill, "T1", "5")}))->text() == first);
  stage.restart();
  BOOST_TEST(stage.say("pay-in", payments("E1", {payment(bill, "T1", "5")}))->text() == first);
  BOOST_TEST(stage.audited("A", "message", "payment") == 1);
}

BOOST_AUTO_TEST_CASE(a_repetition_before_the_reply_gets_it_when_it_comes) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto first = stage.hand_in("pay-in", payments("E1", {payment(bill, "T1", "5")}));
  stage.run_store();  // journaled, not applied
  const auto again = stage.hand_in("pay-in", payments("E1", {payment(bill, "T1", "5")}));
  BOOST_TEST(first->text() == "open");
  BOOST_TEST(again->text() == "open");
  stage.run();
  BOOST_TEST(first->text().starts_with("replied <Accepted>"));
  BOOST_TEST(again->text() == first->text());
  BOOST_TEST(stage.audited("A", "message", "payment") == 1);
}

BOOST_AUTO_TEST_CASE(two_at_once_meet_at_the_unique_index_and_one_of_them_is_the_duplicate) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  // Neither is stored when the other is looked up.
  const auto first = stage.hand_in("pay-in", payments("E1", {payment(bill, "T1", "5")}));
  const auto second = stage.hand_in("pay-in", payments("E1", {payment(bill, "T1", "5")}));
  const auto other = stage.hand_in("pay-in", payments("E9", {payment(bill, "T1", "6")}));
  stage.run();
  BOOST_TEST(first->text().starts_with("replied <Accepted>"));
  BOOST_TEST(second->text() == first->text());
  BOOST_TEST(other->text() == "refused duplicate-differs");
  BOOST_TEST(stage.audited("A", "received") == 2);  // the order and one payment
  BOOST_TEST(stage.state("A") == "paid");
}

BOOST_AUTO_TEST_CASE(a_refusal_by_the_case_is_the_stored_reply_too) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  stage.say("shop-in", note("A", "again"), "m5");  // back in asking: no bill is open
  BOOST_TEST(stage.say("pay-in", payments("E1", {payment(bill, "T1", "5")}))->text() ==
             "refused no-bill");
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.say("pay-in", payments("E1", {payment(bill, "T1", "5")}))->text() ==
             "refused no-bill");
}

// ENGINE.md 4

BOOST_AUTO_TEST_CASE(parts_do_not_stop_each_other) {
  Stage stage;
  const auto bill_a = to_paying(stage, "A");
  const auto bill_b = to_paying(stage, "B");
  stage.say("pay-in", payments("E1", {payment(bill_a, "T1", "5")}));
  const auto mixed =
      stage.say("pay-in", payments("E2", {payment(bill_a, "T1", "5"), payment("none", "T2", "5"),
                                          payment(bill_b, "T3", "5")}));
  BOOST_TEST(mixed->text() == "replied <Accepted><bill>" + bill_a +
                                  "</bill><amount>5.000</amount></Accepted>, "
                                  "refused no-such-bill, "
                                  "replied <Accepted><bill>" +
                                  bill_b + "</bill><amount>5.000</amount></Accepted>");
  BOOST_TEST(stage.state("B") == "paid");
}

BOOST_AUTO_TEST_CASE(a_message_whose_parts_repeat_each_other_applies_each_once) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto twice =
      stage.say("pay-in", payments("E1", {payment(bill, "T1", "5"), payment(bill, "T1", "5"),
                                          payment(bill, "T1", "6")}));
  const std::string accepted =
      "replied <Accepted><bill>" + bill + "</bill><amount>5.000</amount></Accepted>";
  BOOST_TEST(twice->text() == accepted + ", " + accepted + ", refused duplicate-differs");
  BOOST_TEST(stage.audited("A", "message", "payment") == 1);
  BOOST_TEST(stage.hub().in_flight() != "an exchange is open");
}

BOOST_AUTO_TEST_CASE(a_time_out_answers_the_retryable_error_and_a_repetition_the_whole_answer) {
  Stage stage;
  const auto bill_a = to_paying(stage, "A");
  const auto bill_b = to_paying(stage, "B");
  const std::string body = payments(
      "E1", {payment(bill_a, "T1", "5"), payment("none", "T2", "5"), payment(bill_b, "T3", "6")});
  const auto first = stage.hand_in("pay-in", body);
  stage.run_store();  // journaled
  stage.wait_uncommitted(std::chrono::seconds(8));
  BOOST_TEST(first->text() == "later timeout, refused no-such-bill, later timeout");
  stage.run();
  BOOST_TEST(stage.state("A") == "paid");
  BOOST_TEST(first->answers.size() == 1u);
  const auto again = stage.say("pay-in", body);
  BOOST_TEST(again->text() == "replied <Accepted><bill>" + bill_a +
                                  "</bill><amount>5.000</amount></Accepted>, "
                                  "refused no-such-bill, replied <WrongAmount>6</WrongAmount>");
  BOOST_TEST(stage.audited("A", "message", "payment") == 1);
}

BOOST_AUTO_TEST_CASE(parts_without_keys_of_their_own_are_known_by_their_place_in_the_message) {
  auto config = order_config();
  config.change("config/endpoints/pay-in.xml", R"( of="part")", "");  // of no message: it is absent
  Stage stage(config);
  const auto bill_a = to_paying(stage, "A");
  const auto bill_b = to_paying(stage, "B");
  const std::string body = payments(
      "E1", {payment("none", "T2", "5"), payment(bill_a, "T1", "5"), payment(bill_b, "T3", "6")});
  const auto first = stage.say("pay-in", body)->text();
  BOOST_TEST(first.starts_with("refused no-such-bill, replied <Accepted>"));
  BOOST_TEST(stage.say("pay-in", body)->text() == first);
  BOOST_TEST(stage.audited("A", "message", "payment") == 1);
  BOOST_TEST(stage.audited("B", "message", "payment") == 1);
}

BOOST_AUTO_TEST_CASE(a_part_without_its_optional_key_is_taken_in_each_time) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const std::string part = "<Payment><bill>" + bill + "</bill><amount>4</amount></Payment>";
  const std::string body = "<Payments>" + part + "</Payments>";  // no envelope, no transaction
  BOOST_TEST(stage.say("pay-in", body)->text() == "replied <WrongAmount>4</WrongAmount>");
  BOOST_TEST(stage.say("pay-in", body)->text() == "replied <WrongAmount>4</WrongAmount>");
  BOOST_TEST(stage.audited("A", "message", "payment") == 2);
}

BOOST_AUTO_TEST_CASE(a_part_that_does_not_say_its_case_is_refused_alone) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto mixed = stage.say(
      "pay-in", payments("E", {"<Payment><amount>4</amount></Payment>", payment(bill, "T", "5")}));
  BOOST_TEST(mixed->text().starts_with("refused no-such-bill, replied <Accepted>"));
}

// ENGINE.md 5

BOOST_AUTO_TEST_CASE(nothing_is_acknowledged_before_it_is_committed) {
  Stage stage;
  const auto exchange = stage.hand_in("shop-in", order("A"), "m1");
  stage.run_executor();
  BOOST_TEST(exchange->text() == "open");
  stage.crash();
  stage.start();
  BOOST_TEST(exchange->text() == "open");
  BOOST_TEST(stage.state("A") == "");
  stage.say("shop-in", order("A"), "m1");
  BOOST_TEST(stage.state("A") == "asking");
}

BOOST_AUTO_TEST_CASE(what_was_acknowledged_is_applied_after_a_crash) {
  Stage stage;
  const auto exchange = stage.hand_in("shop-in", order("A"), "m1");
  stage.run_store();
  BOOST_TEST(exchange->text() == "accepted");
  BOOST_TEST(stage.state("A") == "");
  stage.crash();
  stage.start();
  BOOST_TEST(stage.state("A") == "asking");
  BOOST_TEST(stage.pending("supplier") == 1u);
}

BOOST_AUTO_TEST_CASE(a_reply_comes_only_after_its_commit) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto exchange = stage.hand_in("pay-in", payments("E1", {payment(bill, "T1", "5")}));
  stage.run_store();
  stage.run_executor();  // decided, not committed
  BOOST_TEST(exchange->text() == "open");
  stage.crash();
  stage.start();
  BOOST_TEST(stage.state("A") == "paid");
  BOOST_TEST(stage.say("pay-in", payments("E1", {payment(bill, "T1", "5")}))
                 ->text()
                 .starts_with("replied <Accepted>"));
  BOOST_TEST(stage.audited("A", "message", "payment") == 1);
}

BOOST_AUTO_TEST_CASE(the_key_of_a_message_that_repeats_only_known_parts_is_kept_too) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto first = stage.say("pay-in", payments("E1", {payment(bill, "T1", "5")}));
  const auto journaled = stage.count("journal_rows");
  const auto second = payments("E2", {payment(bill, "T1", "5")});
  BOOST_TEST(stage.say("pay-in", second)->text() == first->text());
  BOOST_TEST(stage.say("pay-in", payments("E2", {payment(bill, "T2", "5")}))->text() ==
             "refused duplicate-differs");
  BOOST_TEST(stage.say("pay-in", second)->text() == first->text());
  BOOST_TEST(stage.count("journal_rows") == journaled);
}

BOOST_AUTO_TEST_CASE(the_stores_writer_neither_reads_nor_sends) {
  Stage stage;
  const auto bill = to_paying(stage, "A");
  const auto body = payments("E1", {payment(bill, "T1", "5")});
  stage.say("pay-in", body);
  const auto again = stage.hand_in("pay-in", payments("E2", {payment(bill, "T1", "5")}));
  stage.run_store();  // knows the key of the part
  BOOST_TEST(again->text() == "open");
  stage.run_executor();  // what it repeats is looked up
  stage.run_store();
  BOOST_TEST(again->text() == "open");
  stage.run_executor();
  BOOST_TEST(again->answered());
  stage.hand_in("shop-in", order("B"), "b");
  stage.run_store();
  stage.run_executor();  // its turn
  stage.run_store();
  stage.run_executor();  // its question is being marked as sending
  stage.run_store();
  BOOST_TEST(stage.pending("supplier") == 0u);
  stage.run_executor();
  BOOST_TEST(stage.pending("supplier") == 1u);
}

BOOST_AUTO_TEST_CASE(a_limit_that_lets_nothing_through_is_refused) {
  const auto refused = [](const std::string& old, const std::string& now, const std::string& says) {
    auto config = order_config();
    config.change("config/hub.xml", old, now);
    BOOST_CHECK_EXCEPTION(Stage{config}, std::runtime_error, [&](const std::runtime_error& error) {
      return std::string(error.what()).find(says) != std::string::npos;
    });
  };
  const std::string limits = "<limits body-bytes=\"4096\"";
  refused(limits, "<limits body-bytes=\"0\"", "body-bytes of 0 lets nothing through");
  refused(limits, limits + " xml-depth=\"0\"", "xml-depth of 0 lets nothing through");
  refused(limits, limits + " xml-nodes=\"-1\"", "xml-nodes of -1 lets nothing through");
  refused(limits, "<store group-max=\"0\"/>" + limits, "group-max of 0 lets nothing through");
}

BOOST_AUTO_TEST_SUITE_END()
