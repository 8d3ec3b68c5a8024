// Fail-over: an effect that ended unavailable goes to its call's other endpoint (ENGINE.md 18).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;
using connector::OutcomeKind;
using store::OutboxState;

namespace {

/// The gateway for texts has a second one behind it; each is tried twice.
ConfigText two_gateways(const std::string& kind = "at-most-once",
                        const std::string& second = "sms-second") {
  ConfigText config = order_config();
  const std::string delivery = R"(<timeout after="PT5S"/>
  <retry attempts="2" first="PT1S" factor="2" max="PT10S" jitter="0"/>
  <breaker failures="0" open="PT5S"/><rate per-second="0"/><concurrency max="8"/>
  <idempotency kind="at-most-once"/><http/></endpoint>)";
  config.set("config/endpoints/sms-second.xml",
             R"(<endpoint id="sms-second" partner="gateway" connector="http" direction="out">)" +
                 delivery);
  config.change("config/endpoints/sms.xml", R"(kind="at-most-once")", "kind=\"" + kind + "\"");
  config.change("config/routes/sms.xml", R"(<call endpoint="sms"/>)",
                "<call endpoint=\"sms\" or-else=\"" + second + "\"/>");
  return config;
}

/// An order whose first text waits for its outcome at the first gateway.
struct Texting : Stage {
  explicit Texting(const ConfigText& config = two_gateways()) : Stage(config) {
    say("shop-in", order("A"), "a");
    delivered("supplier", quote());
  }
  void unavailable_twice(const std::string& endpoint) {
    fails(endpoint, OutcomeKind::unavailable, "503");
    wait(std::chrono::seconds(1));
    fails(endpoint, OutcomeKind::unavailable, "503");
  }
  std::string rows() {
    std::string all;
    for (const auto& row : outbox("A", "sms")) {
      all += row.endpoint + " " + std::to_string(static_cast<int>(row.state)) + " " +
             std::to_string(row.attempts) + ";";
    }
    return all;
  }
};

std::string refused(const ConfigText& config) {
  try {
    Stage stage(config);
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

bool says(const std::string& all, const std::string& part) {
  return all.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fail_over)

BOOST_AUTO_TEST_CASE(unavailable_for_good_goes_to_the_second_with_the_same_document) {
  Texting stage;
  const std::string body = stage.next("sms").body;
  stage.fails("sms", OutcomeKind::unavailable, "503");
  BOOST_TEST(stage.pending("sms-second") == 0u);  // an attempt is left
  stage.wait(std::chrono::seconds(1));
  stage.fails("sms", OutcomeKind::unavailable, "503");
  BOOST_REQUIRE(stage.pending("sms-second") == 1u);
  BOOST_TEST(stage.next("sms-second").body == body);
  stage.delivered("sms-second");
  BOOST_TEST(stage.rows() == "sms 4 2;sms-second 2 1;");
  BOOST_TEST(stage.audited("A", "fail-over", "sms") == 1);
  BOOST_TEST(stage.data("A", "notes") == "");
  BOOST_TEST(stage.sent("sms").size() == 2u);
  stage.restart();
  BOOST_TEST(stage.sent("sms-second").size() == 1u);
}

BOOST_AUTO_TEST_CASE(rejected_and_unknown_never_go_elsewhere) {
  for (const auto kind : {OutcomeKind::rejected, OutcomeKind::unknown}) {
    Texting stage;
    stage.fails("sms", OutcomeKind::unavailable, "503");
    stage.wait(std::chrono::seconds(1));
    stage.fails("sms", kind, "no");
    BOOST_TEST(stage.sent("sms-second").empty());
    BOOST_TEST(stage.data("A", "notes") == "sms no;");
  }
}

BOOST_AUTO_TEST_CASE(the_second_ends_as_any_and_goes_nowhere) {
  Texting gone;
  gone.unavailable_twice("sms");
  gone.unavailable_twice("sms-second");
  BOOST_TEST(gone.rows() == "sms 4 2;sms-second 4 2;");
  BOOST_TEST(gone.data("A", "notes") == "sms 503;");
  gone.wait(std::chrono::hours(1));
  BOOST_TEST(gone.sent("sms").size() + gone.sent("sms-second").size() == 4u);

  Texting lost;
  lost.unavailable_twice("sms");
  lost.fails("sms-second", OutcomeKind::unknown, "timeout");
  BOOST_TEST(lost.data("A", "notes") == "sms timeout;");
  BOOST_TEST(lost.sent("sms").size() + lost.sent("sms-second").size() == 3u);
  BOOST_TEST(lost.report(lost.outbox("A", "sms").back().id, "delivered"));
  BOOST_TEST(lost.data("A", "notes") == "sms timeout;report delivered;");
}

BOOST_AUTO_TEST_CASE(a_crash_between_the_outcome_and_its_turn_loses_and_doubles_nothing) {
  int whole = 0;
  for (int steps = 0; steps < 12; ++steps) {
    BOOST_TEST_CONTEXT("after " << steps << " steps") {
      Texting stage;
      stage.fails("sms", OutcomeKind::unavailable, "503");
      stage.wait(std::chrono::seconds(1));
      stage.hand_back("sms", {OutcomeKind::unavailable, "503", {}, {}, {}});
      for (int step = 0; step < steps; ++step) {
        (void)(step % 2 == 0 ? stage.run_executor() : stage.run_store());
      }
      stage.crash();
      stage.start();
      stage.run();
      // Before the outcome was stored it is unknown to the next life: at most once.
      const std::string rows = stage.rows();
      if (rows.starts_with("sms 5 ")) {
        BOOST_TEST(steps < 2);
        BOOST_TEST(stage.sent("sms-second").empty());
        continue;
      }
      BOOST_TEST(stage.outbox("A", "sms").size() == 2u);
      if (rows.find("sms-second 5 ") != std::string::npos) {  // and so at the second
        BOOST_TEST(stage.sent("sms-second").size() <= 1u);
        BOOST_TEST(says(stage.data("A", "notes"), "sms "));
      } else {
        BOOST_TEST(stage.sent("sms-second").size() == 1u);
        ++whole;
      }
      BOOST_TEST(stage.sent("sms").size() == 2u);
    }
  }
  BOOST_TEST(whole >= 2);  // with the outcome committed alone, and with its turn
}

BOOST_AUTO_TEST_CASE(nothing_goes_elsewhere_once_it_is_too_late) {
  Texting stage;
  stage.fails("sms", OutcomeKind::unavailable, "503");
  stage.wait(std::chrono::seconds(1));
  stage.set_clock(stage.now() + std::chrono::hours(24 * 5));  // the case's expiry is its not-after
  stage.fails("sms", OutcomeKind::unavailable, "503");
  stage.clock("2026-01-10T05:00:00Z");
  BOOST_TEST(stage.sent("sms-second").empty());
}

BOOST_AUTO_TEST_CASE(the_check_refuses_nonsense) {
  BOOST_TEST(refused(two_gateways()) == "");
  BOOST_TEST(says(refused(two_gateways("at-most-once", "sms-secnd")), "did you mean"));
  BOOST_TEST(says(refused(two_gateways("at-most-once", "pay-in")), "is inbound"));
  BOOST_TEST(says(refused(two_gateways("at-most-once", "sms")), "names the endpoint itself"));
  BOOST_TEST(says(refused(two_gateways("at-most-once", "supplier")), "takes other messages"));
  BOOST_TEST(says(refused(two_gateways("idempotent")), "done twice"));
  ConfigText unheard = two_gateways();
  unheard.change("config/routes/tell.xml", R"(<call endpoint="shop-out"/>)",
                 R"(<call endpoint="sms" or-else="shop-out"/>)");
  BOOST_TEST(says(refused(unheard), "nobody would hear of an unknown outcome"));
}

BOOST_AUTO_TEST_SUITE_END()
