// Outcomes: what decides, what is kept of them, and what they become (ENGINE.md 14, 18).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <set>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;
using connector::OutcomeKind;

BOOST_AUTO_TEST_SUITE(outcomes)

// What an attempt of before brings says nothing about the partner as it is by now.
BOOST_AUTO_TEST_CASE(only_the_one_attempt_of_a_half_open_breaker_decides) {
  for (const bool good : {false, true}) {
    Stage stage;
    stage.say("shop-in", order("Old"), "old");
    const auto status = [&] {
      return stage.hub().dispatchers().find("supplier")->second->status().breaker;
    };
    const auto old_ends = [&](OutcomeKind kind) {
      BOOST_REQUIRE(stage.next("supplier").body == "<AskQuote>Old</AskQuote>");
      stage.answer("supplier", {kind, "503", {}, quote(), {}});
    };
    // Four failures of others while the first attempt has no end.
    for (const char* no : {"A", "B", "C", "D"}) {
      stage.say("shop-in", order(no), no);
      stage.fails_last("supplier", OutcomeKind::unavailable, "503");
    }
    BOOST_TEST(status() == "open");
    stage.wait(std::chrono::seconds(31));
    BOOST_TEST(status() == "half-open");
    BOOST_TEST(stage.pending("supplier") == 2u);
    old_ends(good ? OutcomeKind::delivered : OutcomeKind::unavailable);
    BOOST_TEST(status() == "half-open");
    BOOST_TEST(stage.pending("supplier") == 1u);  // no second one tries beside it
    stage.delivered("supplier", quote());
    BOOST_TEST(status() == "closed");
  }
}

BOOST_AUTO_TEST_CASE(what_a_partner_asks_to_wait_is_capped_by_the_longest_interval) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.answer("supplier",
               {OutcomeKind::unavailable, "503", "busy", {}, std::chrono::seconds(86'400)});
  stage.wait(std::chrono::milliseconds(9'900));
  BOOST_TEST(stage.pending("supplier") == 0u);
  stage.wait(std::chrono::milliseconds(200));
  BOOST_TEST(stage.pending("supplier") == 1u);
}

// GUARANTEES G13
BOOST_AUTO_TEST_CASE(numbers_in_a_partners_own_words_are_masked) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.answer(
      "supplier",
      {OutcomeKind::rejected, "NO 9871234567", "no plate 20-12345 for 0791234567", {}, {}});
  const auto row = stage.outbox("A", "ask-quote").at(0);
  BOOST_TEST(row.text == "no plate **-***45 for ********67");
  for (const auto& one : stage.timeline("A")) {
    BOOST_TEST(one.text.find("123") == std::string::npos);
    BOOST_TEST(one.name.find("123") == std::string::npos);
  }
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].detail == "ask-quote: rejected NO ********67");
}

BOOST_AUTO_TEST_CASE(the_last_answer_that_could_not_be_used_is_kept_through_later_attempts) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", "<html>sorry</html>");
  const auto reply = [&] { return stage.outbox("A", "ask-quote").at(0).reply; };
  BOOST_TEST(reply() == "<html>sorry</html>");
  stage.wait(std::chrono::seconds(2));
  BOOST_REQUIRE(stage.pending("supplier") == 1u);
  BOOST_TEST(reply() == "<html>sorry</html>");  // while it is sent again
  stage.fails("supplier", OutcomeKind::unavailable, "503");
  BOOST_TEST(reply() == "<html>sorry</html>");
  stage.wait(std::chrono::seconds(5));
  stage.fails("supplier", OutcomeKind::rejected, "NO_STOCK");
  BOOST_TEST(reply() == "<html>sorry</html>");
}

// ENGINE.md 14, 18: failed

BOOST_AUTO_TEST_CASE(a_failed_effect_runs_the_handler_of_its_route) {
  auto config = order_config();
  config.change("config/routes/label.xml", R"(<on-failure kind="unavailable" task="lost"/>)",
                R"(<on-failure kind="unavailable" task="lost"/>
                   <on-failure kind="failed" task="lost"/>)");
  config.change("mappings/order/sms.map.xml", "{$effect.text}", "{$effect.text} {$case.phone}");
  config.change("config/routes/sms.xml", R"(<on-failure kind="expired" event="sms-failed"/>)",
                R"(<on-failure kind="expired" event="sms-failed"/>
                   <on-failure kind="failed" event="sms-failed"/>)");
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.state("A") == "paying");  // the event that asked for it stands
  BOOST_TEST(stage.data("A", "notes") == "sms unset-value;");
  BOOST_TEST(stage.letters().size() == 1u);
  stage.say("shop-in", note("A", "label"), "n");
  std::multiset<std::string> names;
  for (const auto& task : stage.tasks("A")) names.insert(task.name);
  BOOST_TEST((names == std::multiset<std::string>{"dead-letter", "dead-letter", "lost", "lost"}));
  BOOST_TEST(stage.audited("A", "outcome", "sms-failed") == 1);
  BOOST_TEST(stage.audited("A", "outcome", "label") == 1);
  // A retry that fails again is told nobody twice.
  stage.act([&](auto& act, auto done) { act.retry_dead_letter(stage.letters().at(0).id, done); });
  BOOST_TEST(stage.data("A", "notes") == "sms unset-value;label;");
  BOOST_TEST(stage.letters().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
