// Inquiries: an unknown outcome is asked about before anything else is done (ENGINE.md 18).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/engine/inquiries.h"

using namespace masar;
using namespace masar::testing;
using connector::OutcomeKind;
using store::OutboxState;

namespace {

/// An order whose question to the supplier went out, and nobody knows what became of it.
struct Asked : Stage {
  explicit Asked(const ConfigText& config = inquiry_config()) : Stage(config) {
    say("shop-in", order("A"), "a");
    fails("supplier", OutcomeKind::unknown, "timeout");
  }
  store::OutboxRow effect() { return outbox("A", "ask-quote").at(0); }
  std::vector<std::string> texts(const std::string& kind) {
    std::vector<std::string> texts;
    for (const auto& row : timeline("A")) {
      if (row.kind == kind) texts.push_back(row.name + ": " + row.text);
    }
    return texts;
  }
};

/// An order in `paying` that wants three short messages; the first one's outcome is unknown.
struct Messages : Stage {
  explicit Messages(const ConfigText& config = inquiry_config()) : Stage(config) {
    (void)to_paying(*this, "A");
    say("shop-in", note("A", "fast"), "n");
    fails("sms", OutcomeKind::unknown, "timeout");
  }
  store::OutboxRow first() { return outbox("A", "sms").at(1); }  // the bill's is before it
  std::size_t sent_in_all() { return sent("sms").size() - 1; }
};

using Texts = std::vector<std::string>;

/// The hub's next `pieces` pieces of work; false: there were fewer.
bool work(Stage& stage, int pieces) {
  for (; pieces > 0; --pieces) {
    if (!stage.step() && stage.run_store() == 0) return false;
  }
  return true;
}

/// What is wrong with a configuration: one finding a line, each with its place in its folder.
std::string findings(const ConfigText& config) {
  try {
    const Stage stage(config);
  } catch (const std::runtime_error& error) {
    std::string text = error.what();
    text.erase(0, text.find('\n') + 1);
    for (auto at = text.find("/tmp/"); at != std::string::npos; at = text.find("/tmp/"))
      text.erase(at, text.find("config/", at) - at);
    return text;
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inquiry)

BOOST_AUTO_TEST_CASE(the_partner_is_asked_with_what_was_sent_and_nothing_is_repeated) {
  Asked stage;
  const auto effect = stage.effect();
  BOOST_TEST((effect.state == OutboxState::sending));
  BOOST_TEST(effect.code == "timeout");
  BOOST_REQUIRE(stage.pending("desk") == 1u);
  BOOST_TEST(stage.next("desk").body ==
             "<WasGiven id=\"" + effect.id + "\" of=\"A\">A</WasGiven>");
  BOOST_TEST(stage.next("desk").effect_id == effect.id + ".1");
  BOOST_TEST(stage.tasks("A").empty());
  stage.wait(std::chrono::minutes(10));
  BOOST_TEST(stage.sent("supplier").size() == 1u);
}

BOOST_AUTO_TEST_CASE(done_is_the_partners_reply) {
  Asked stage;
  stage.delivered("desk", given("7"));
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.data("A", "amount") == "7.000");
  BOOST_TEST((stage.effect().state == OutboxState::delivered));
  BOOST_TEST((stage.texts("inquiry") == Texts{"ask-quote: asked at desk", "ask-quote: done"}));
  BOOST_TEST((stage.texts("outcome") == Texts{"ask-quote: unknown timeout, is asked about",
                                              "inquiry: delivered", "quoted: applied"}));
  BOOST_TEST(stage.metric("masar_inquiries_total", "verdict", "done") == 1);
  BOOST_TEST(stage.sent("supplier").size() == 1u);
  BOOST_TEST(stage.letters().empty());
}

BOOST_AUTO_TEST_CASE(done_of_an_effect_without_a_reply_ends_it) {
  Messages stage;
  stage.delivered("gateway-desk", sms_sent("yes"));
  BOOST_TEST((stage.first().state == OutboxState::delivered));
  BOOST_TEST(stage.data("A", "notes") == "");
  BOOST_TEST(stage.next("sms").body == "<Sms>two</Sms>");
}

BOOST_AUTO_TEST_CASE(not_done_counts_as_an_attempt_and_is_tried_again_after_the_interval) {
  Asked stage;
  stage.delivered("desk", given("no"));
  BOOST_TEST((stage.effect().state == OutboxState::ready));
  BOOST_TEST(stage.effect().code == "not-done");
  BOOST_TEST(stage.texts("inquiry").back() == "ask-quote: not-done, will be tried again");
  BOOST_TEST(stage.pending("supplier") == 0u);
  stage.wait(std::chrono::seconds(1));
  BOOST_REQUIRE(stage.pending("supplier") == 1u);
  BOOST_TEST(stage.next("supplier").number == 2);
  BOOST_TEST(stage.next("supplier").effect_id == stage.effect().id);
  stage.fails("supplier", OutcomeKind::unknown, "reset");  // each attempt has an inquiry of its own
  BOOST_TEST(stage.next("desk").effect_id == stage.effect().id + ".2");
  stage.delivered("desk", given("5"));
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.metric("masar_inquiries_total", "verdict", "not-done") == 1);
}

BOOST_AUTO_TEST_CASE(not_done_with_the_attempts_spent_is_unavailable) {
  Messages stage;
  stage.delivered("gateway-desk", sms_sent("no"));
  stage.wait(std::chrono::seconds(1));
  stage.fails("sms", OutcomeKind::unknown, "timeout");
  stage.delivered("gateway-desk", sms_sent("no"));  // two attempts were declared
  BOOST_TEST((stage.first().state == OutboxState::unavailable));
  BOOST_TEST(stage.data("A", "notes") == "sms not-done;");
  BOOST_TEST(stage.next("sms").body == "<Sms>two</Sms>");
}

BOOST_AUTO_TEST_CASE(undecided_runs_the_handler_of_unknown) {
  Asked stage;
  stage.delivered("desk", given("lost"));
  BOOST_TEST((stage.effect().state == OutboxState::unknown));
  BOOST_TEST(stage.effect().code == "timeout");
  BOOST_REQUIRE(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.tasks("A")[0].name == "silent");
  BOOST_TEST(stage.tasks("A")[0].effect == stage.effect().id);
  BOOST_TEST(stage.texts("inquiry").back() == "ask-quote: undecided");
  BOOST_TEST(stage.metric("masar_inquiries_total", "verdict", "undecided") == 1);
  stage.wait(std::chrono::minutes(10));
  BOOST_TEST(stage.sent("supplier").size() == 1u);
}

BOOST_AUTO_TEST_CASE(its_own_attempts_follow_its_endpoint_and_spent_is_undecided) {
  Asked stage;
  stage.fails("desk", OutcomeKind::unavailable, "503");
  stage.wait(std::chrono::seconds(1));
  stage.fails("desk", OutcomeKind::unknown, "timeout");  // asking twice does no harm
  stage.wait(std::chrono::seconds(2));
  BOOST_TEST(stage.next("desk").number == 3);
  BOOST_TEST(stage.tasks("A").empty());
  stage.fails("desk", OutcomeKind::unavailable, "503");
  BOOST_TEST(stage.sent("desk").size() == 3u);
  BOOST_TEST((stage.effect().state == OutboxState::unknown));
  BOOST_TEST(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.texts("inquiry").back() ==
             "ask-quote: undecided: the inquiry is unavailable 503");
}

BOOST_AUTO_TEST_CASE(a_rejected_inquiry_and_an_answer_that_cannot_be_used_are_undecided) {
  for (const bool rejected : {true, false}) {
    Asked stage;
    if (rejected) {
      stage.fails("desk", OutcomeKind::rejected, "NO");
    } else {
      stage.delivered("desk", given("cheap"));  // no price, as the supplier's schema has it
    }
    BOOST_TEST((stage.effect().state == OutboxState::unknown));
    BOOST_TEST(stage.tasks("A").size() == 1u);
    const std::string last = stage.texts("inquiry").back();
    BOOST_TEST(last.find(rejected ? "the inquiry is rejected NO" : "its answer cannot be used") !=
               std::string::npos);
    BOOST_TEST(stage.letters().empty());
  }
}

BOOST_AUTO_TEST_CASE(a_question_that_cannot_be_made_is_undecided) {
  auto config = inquiry_config();
  config.change("mappings/order/was-given.map.xml", "{/AskQuote}", "{$case.phone}");
  Asked stage(config);
  BOOST_TEST((stage.effect().state == OutboxState::unknown));
  BOOST_TEST(stage.tasks("A").size() == 1u);
  BOOST_TEST(stage.sent("desk").empty());
}

// ENGINE.md 16: the row may still be attempted.
BOOST_AUTO_TEST_CASE(the_cases_next_row_waits_for_the_verdict_and_other_cases_do_not) {
  Messages stage;
  BOOST_TEST(stage.pending("sms") == 0u);
  (void)to_paying(stage, "B");
  stage.say("shop-in", note("B", "fast"), "nb");
  BOOST_REQUIRE(stage.pending("sms") == 1u);
  BOOST_TEST(stage.store().find_outbox(stage.next("sms").effect_id)->case_key == "B");
  for (int n = 0; n < 3; ++n) stage.delivered("sms");
  stage.delivered("gateway-desk", sms_sent("no"));
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST(stage.next("sms").body == "<Sms>one</Sms>");
  stage.delivered("sms");
  BOOST_TEST(stage.next("sms").body == "<Sms>two</Sms>");
}

// An inquiry takes no place of other attempts: the supplier's endpoint has two.
BOOST_AUTO_TEST_CASE(what_is_asked_about_is_not_under_way) {
  Asked stage;
  for (const char* no : {"B", "C"}) stage.say("shop-in", order(no), no);
  BOOST_TEST(stage.pending("supplier") == 2u);
  stage.delivered("desk", given("5"));
  BOOST_TEST(stage.state("A") == "paying");
}

BOOST_AUTO_TEST_CASE(it_survives_a_stop_and_a_crash_at_each_of_its_steps) {
  const auto settled_once = [](Stage& stage) {
    BOOST_REQUIRE(stage.pending("desk") == 1u);
    stage.delivered("desk", given("5"));
    BOOST_TEST(stage.state("A") == "paying");
    BOOST_TEST(stage.sent("supplier").size() == 1u);
    BOOST_TEST(stage.audited("A", "inquiry") == 2);  // asked, done
  };
  const auto dies = [](Stage& stage, bool crash) {
    crash ? stage.crash() : (void)stage.stop();
    stage.start();
  };
  for (const bool crash : {true, false}) {  // while the question waits, and while it is asked
    Asked stage;
    stage.set_ready("desk", false);
    dies(stage, crash);
    BOOST_TEST((stage.effect().state == OutboxState::sending));
    stage.set_ready("desk", true);
    dies(stage, crash);
    stage.wait(std::chrono::seconds(1));
    settled_once(stage);
  }
  Stage stage(inquiry_config());  // between "sending" and the outcome
  stage.say("shop-in", order("A"), "a");
  BOOST_REQUIRE(stage.pending("supplier") == 1u);
  stage.crash();
  stage.start();
  BOOST_TEST(stage.outbox("A", "ask-quote").at(0).code == "interrupted");
  settled_once(stage);
}

// The hub may die between any two pieces of its work, commits among them: from the unknown outcome
// to the question, and from the answer to what follows its verdict.
BOOST_AUTO_TEST_CASE(wherever_its_life_ends_the_effect_is_settled_once) {
  for (const std::string says : {"5", "no"}) {
    for (const bool asked : {false, true}) {
      int pieces = 0;
      for (bool more = true; more; ++pieces) {
        Stage stage(inquiry_config());
        stage.say("shop-in", order("A"), "a");
        if (asked) stage.fails("supplier", OutcomeKind::unknown, "timeout");
        if (asked) stage.hand_back("desk", {OutcomeKind::delivered, {}, {}, given(says), {}});
        if (!asked) stage.hand_back("supplier", {OutcomeKind::unknown, "timeout", {}, {}, {}});
        more = work(stage, pieces);
        stage.crash();
        stage.start();
        stage.wait(std::chrono::seconds(1));
        if (stage.pending("desk") > 0) stage.delivered("desk", given(says));
        if (says == "no") {
          stage.wait(std::chrono::seconds(2));
          BOOST_REQUIRE(stage.pending("supplier") == 1u);
          stage.delivered("supplier", quote());
        }
        BOOST_TEST(stage.state("A") == "paying");
        BOOST_TEST(stage.sent("supplier").size() == (says == "no" ? 2u : 1u));
        BOOST_TEST(stage.audited("A", "inquiry", "ask-quote") == 2);  // asked, and its verdict
      }
      BOOST_TEST(pieces > 4);
    }
  }
}

// ENGINE.md 13, 18: the visit rule

BOOST_AUTO_TEST_CASE(a_verdict_whose_visit_is_over_stands_in_the_timeline_and_runs_no_transition) {
  Asked stage;
  stage.say("shop-in", note("A", "again"), "n");  // enters `asking` once more
  BOOST_TEST(stage.pending("supplier") == 0u);    // its new question waits for the old one
  stage.delivered("desk", given("5"));
  BOOST_TEST(stage.state("A") == "asking");
  BOOST_TEST((stage.effect().state == OutboxState::delivered));
  BOOST_TEST(stage.texts("inquiry").back() == "ask-quote: done");
  BOOST_TEST(stage.audited("A", "late", "ask-quote") == 1);
  BOOST_REQUIRE(stage.pending("supplier") == 1u);
  stage.delivered("supplier", quote());
  BOOST_TEST(stage.state("A") == "paying");
}

BOOST_AUTO_TEST_CASE(not_done_is_not_sent_again_once_its_visit_is_over) {
  Asked stage;
  stage.say("shop-in", note("A", "again"), "n");
  stage.delivered("desk", given("no"));
  stage.wait(std::chrono::seconds(1));
  BOOST_TEST((stage.effect().state == OutboxState::withdrawn));
  BOOST_TEST(stage.audited("A", "withdrawn", "ask-quote") == 1);
  BOOST_REQUIRE(stage.pending("supplier") == 1u);
  BOOST_TEST(stage.next("supplier").effect_id == stage.outbox("A", "ask-quote").at(1).id);
}

BOOST_AUTO_TEST_CASE(undecided_of_a_visit_that_is_over_asks_nobody) {
  Asked stage;
  stage.say("shop-in", note("A", "again"), "n");
  stage.delivered("desk", given("lost"));
  BOOST_TEST((stage.effect().state == OutboxState::unknown));
  BOOST_TEST(stage.tasks("A").empty());
}

BOOST_AUTO_TEST_CASE(not_after_and_task_after_run_on) {
  auto config = inquiry_config();
  config.change("config/processes/order.scxml", R"x(not-after="deadline('expiry')")x",
                R"x(not-after="$now + duration('PT1H')")x");
  Asked asked(config);
  asked.clock("2026-01-04T07:00:00Z");  // two hours of silence
  BOOST_TEST(asked.tasks("A").size() == 1u);
  asked.delivered("desk", given("5"));
  asked.fails("sms", OutcomeKind::unknown, "timeout");
  asked.clock("2026-01-04T08:30:00Z");
  BOOST_TEST((asked.outbox("A", "sms").at(0).state == OutboxState::sending));
  asked.delivered("gateway-desk", sms_sent("no"));
  asked.wait(std::chrono::seconds(5));
  BOOST_TEST((asked.outbox("A", "sms").at(0).state == OutboxState::expired));
  BOOST_TEST(asked.sent("sms").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_report_that_says_delivered_beats_the_verdict) {
  Messages stage;
  BOOST_TEST(stage.report(stage.first().id, "delivered"));
  BOOST_TEST((stage.first().state == OutboxState::sending));
  stage.delivered("gateway-desk", sms_sent("no"));
  BOOST_TEST((stage.first().state == OutboxState::delivered));
  stage.wait(std::chrono::minutes(1));
  BOOST_TEST(stage.next("sms").body == "<Sms>two</Sms>");
  BOOST_TEST(stage.data("A", "notes") == "report delivered;");
}

// ENGINE.md 20
BOOST_AUTO_TEST_CASE(pauses_hold_the_question_and_a_route_that_is_asked_about_is_not_drained) {
  Asked stage;
  const auto drained = [&](const char* route) {
    return stage.hub().drained(*stage.hub().snapshot().route(route));
  };
  stage.set_ready("desk", false);
  stage.restart();
  stage.act([](auto& act, auto done) { act.pause_route("ask-quote", true, done); });
  stage.act([](auto& act, auto done) { act.pause_route("quote-given", true, done); });
  BOOST_TEST(!drained("ask-quote"));
  BOOST_TEST(drained("quote-given"));
  stage.set_ready("desk", true);
  stage.restart();
  stage.wait(std::chrono::minutes(1));
  BOOST_TEST(stage.pending("desk") == 0u);
  BOOST_TEST(!drained("ask-quote"));
  stage.act([](auto& act, auto done) { act.pause_route("quote-given", false, done); });
  stage.delivered("desk", given("no"));
  stage.wait(std::chrono::minutes(1));
  BOOST_TEST(stage.pending("supplier") == 0u);  // its route is paused
  BOOST_TEST(drained("ask-quote"));
  stage.act([](auto& act, auto done) { act.pause_route("ask-quote", false, done); });
  BOOST_TEST(stage.pending("supplier") == 1u);
}

// ENGINE.md 22

BOOST_AUTO_TEST_CASE(the_case_is_asked_and_judged_as_it_began_and_the_endpoint_is_todays) {
  Asked stage;
  auto later = inquiry_config();
  later.change("config/routes/quote-given.xml", R"(test="/Given eq 'no'")",
               R"(test="/Given ne 'lost'")");
  later.change("config/endpoints/desk.xml", R"(attempts="3")", R"(attempts="1")");
  stage.restart(later);
  stage.delivered("desk", given("5"));
  BOOST_TEST(stage.state("A") == "paying");
  stage.say("shop-in", order("B"), "b");
  stage.fails("supplier", OutcomeKind::unknown, "timeout");
  stage.fails("desk", OutcomeKind::unavailable, "503");  // the only attempt by now
  BOOST_TEST(stage.tasks("B").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_configuration_without_what_an_open_case_may_ask_is_refused) {
  Stage stage(inquiry_config());
  stage.say("shop-in", order("A"), "a");
  stage.stop();
  auto without = inquiry_config();
  without.remove("config/endpoints/desk.xml");
  without.remove("config/routes/quote-given.xml");
  without.change("config/routes/ask-quote.xml", R"(inquiry="quote-given" )", "");
  try {
    stage.start(without);
    BOOST_ERROR("it was taken");
  } catch (const Error& error) {
    BOOST_TEST(std::string(error.what()).find("outbound endpoint \"desk\" is gone") !=
               std::string::npos);
  }
}

// ENGINE.md 23

BOOST_AUTO_TEST_CASE(a_verdict_stands_where_what_follows_it_fails_and_its_retry_goes_on) {
  auto config = inquiry_config();
  config.change("mappings/order/quoted.map.xml", "{/Quote/price}",
                "{if (exists($case.phone)) then /Quote/price else $case.phone}");
  config.change("mappings/order/quoted.map.xml", "<event>", "<event><!--{$case.phone}-->");
  Asked stage(config);
  stage.delivered("desk", given("5"));
  BOOST_TEST(stage.state("A") == "asking");
  BOOST_TEST((stage.effect().state == OutboxState::delivered));
  BOOST_REQUIRE(stage.letters().size() == 1u);
  stage.say("shop-in", note("A", "phone"), "n");
  stage.act([&](auto& act, auto done) { act.retry_dead_letter(stage.letters().at(0).id, done); });
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.sent("supplier").size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_effect_whose_verdict_cannot_have_its_turn_ends_unknown_with_a_dead_letter) {
  Asked stage;
  stage.stop();
  stage.forget_snapshots();
  auto renamed = inquiry_config();
  renamed.change("config/routes/ask-quote.xml", R"(id="ask-quote")", R"(id="ask-otherwise")");
  stage.start(renamed);
  BOOST_TEST((stage.effect().state == OutboxState::sending));
  stage.wait(std::chrono::seconds(1));
  stage.delivered("desk", given("5"));
  BOOST_TEST((stage.effect().state == OutboxState::unknown));
  BOOST_REQUIRE(stage.letters().size() == 1u);
  BOOST_TEST(stage.letters()[0].code == "unknown-route");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_is_a_finding) {
  const std::string quote = "config/routes/ask-quote.xml";
  const std::string asks = "config/routes/quote-given.xml";
  const auto finds = [](const ConfigText& config, const std::string& only) {
    BOOST_TEST(findings(config) == only + "\n");
  };
  auto config = inquiry_config();
  config.change(quote, R"(inquiry="quote-given")", R"(inquiry="quote-givn")");
  config.change("config/routes/sms.xml", "sms-sent", "quote-given");  // which somebody names
  config.remove("config/routes/sms-sent.xml");
  finds(config, quote + ":8:39: unknown inquiry \"quote-givn\"; did you mean \"quote-given\"?");

  config = inquiry_config();
  config.change(quote, R"(inquiry="quote-given")", R"(inquiry="tell")");
  BOOST_TEST(findings(config).starts_with(quote + ":8:39: route \"tell\" is no inquiry"));

  config = inquiry_config();
  config.change(quote, R"(inquiry="quote-given" )", "");
  finds(config, asks + ":1:1: no route names the inquiry \"quote-given\"; write "
                       "inquiry=\"quote-given\" at an <on-failure kind=\"unknown\" …/>");

  config = inquiry_config();
  config.change("config/endpoints/desk.xml", R"("idempotent")", R"("at-most-once")");
  finds(config, asks + ":3:33: endpoint \"desk\", which this inquiry asks, is not idempotent; "
                       "name one with <idempotency kind=\"idempotent\"/>");

  config = inquiry_config();
  config.change("config/endpoints/supplier.xml", R"("at-most-once")", R"("idempotent")");
  finds(config, quote + ":8:39: endpoint \"supplier\", which this route calls, is idempotent; "
                        "leave out inquiry=: an unknown outcome is attempted again");

  config = inquiry_config();
  config.change(quote, R"(inquiry="quote-given" task="silent")", R"(keep="retrying")");
  config.change("config/routes/sms.xml", "sms-sent", "quote-given");
  config.remove("config/routes/sms-sent.xml");
  finds(config, quote + ":8:3: endpoint \"supplier\" is not idempotent: nobody would hear of an "
                        "unknown outcome; give it event=… or task=…, and inquiry=… where the "
                        "partner can be asked");

  config = inquiry_config();
  config.change(asks, R"(<verdict is="not-done"/>)", "");  // a mistake of its own, and no other
  finds(config, asks + ":1:1: not every way through this inquiry ends in a verdict; end each "
                       "branch in <verdict is=…/>, or write one behind the <choice>");
}

BOOST_AUTO_TEST_SUITE_END()
