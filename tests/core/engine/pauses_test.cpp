// Pauses of endpoints and routes (ENGINE.md 20).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;
using connector::OutcomeKind;

namespace {

int pause_route(Stage& stage, const std::string& id, bool paused = true) {
  return stage.act([&](auto& act, auto done) { act.pause_route(id, paused, done); }).status;
}
int pause_endpoint(Stage& stage, const std::string& id, bool paused = true) {
  return stage.act([&](auto& act, auto done) { act.pause_endpoint(id, paused, done); }).status;
}

/// The service with a bridge beside it.
ConfigText with_bridge() {
  auto config = order_config();
  config.set("config/endpoints/bridge-in.xml",
             R"(<endpoint id="bridge-in" partner="shop" connector="amqp" direction="in"><amqp/>
</endpoint>)");
  config.set("config/endpoints/bridge-out.xml",
             R"(<endpoint id="bridge-out" partner="bank" connector="amqp" direction="out">
  <timeout after="PT5S"/><retry attempts="5" first="PT1S" factor="2" max="PT1M" jitter="0"/>
  <breaker failures="0" open="PT5S"/><rate per-second="0"/><concurrency max="8"/>
  <idempotency kind="idempotent"/><amqp/></endpoint>)");
  config.set("config/routes/bridge.xml", R"(<route id="bridge" mode="pass-through">
  <from endpoint="bridge-in"/><call endpoint="bridge-out"/></route>)");
  return config;
}

/// E stands in `paying`; an effect of its other route to the supplier can be asked for by a note.
void to_labelled(Stage& stage) { to_paying(stage, "E", "<phone>0790000000</phone>"); }
void label(Stage& stage, const std::string& id = "label") {
  stage.say("shop-in", note("E", "label"), id);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pauses)

BOOST_AUTO_TEST_CASE(a_paused_inbound_endpoint_journals_nothing_and_survives_restart) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  BOOST_TEST(
      stage.act([](auto& act, auto done) { act.pause_endpoint("shop-in", true, done); }).status ==
      200);
  BOOST_TEST(!stage.accepting("shop-in"));
  BOOST_TEST(stage.say("shop-in", note("A", "x"), "n")->text() == "later paused");
  stage.restart();
  BOOST_TEST(!stage.accepting("shop-in"));
  BOOST_TEST(stage.say("shop-in", note("A", "x"), "n")->text() == "later paused");
  BOOST_TEST(
      stage.act([](auto& act, auto done) { act.pause_endpoint("shop-in", false, done); }).status ==
      200);
  BOOST_TEST(stage.accepting("shop-in"));
  BOOST_TEST(stage.say("shop-in", note("A", "x"), "n")->text() == "accepted");
  BOOST_TEST(stage.data("A", "notes") == "x;");
  BOOST_TEST(
      stage.act([](auto& act, auto done) { act.pause_endpoint("none", true, done); }).status ==
      404);
}

BOOST_AUTO_TEST_CASE(a_paused_outbound_endpoint_or_effects_route_keeps_its_rows) {
  for (const bool route : {false, true}) {
    Stage stage;
    const auto set = [&](bool paused) {
      return stage.act([&](auto& act, auto done) {
        if (route) return act.pause_route("ask-quote", paused, done);
        act.pause_endpoint("supplier", paused, done);
      });
    };
    BOOST_TEST(set(true).status == 200);
    stage.say("shop-in", order("A"), "a");
    stage.wait(std::chrono::minutes(1));
    BOOST_TEST(stage.sent("supplier").empty());
    stage.crash();
    stage.start();
    stage.wait(std::chrono::minutes(1));
    BOOST_TEST(stage.sent("supplier").empty());
    stage.clock("2026-01-04T07:00:00Z");  // task-after runs on
    BOOST_TEST(stage.tasks("A").size() == 1u);
    BOOST_TEST(set(false).status == 200);
    stage.wait(std::chrono::seconds(2));
    BOOST_TEST(stage.pending("supplier") == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_paused_inbound_route_takes_nothing_in_while_others_do) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.act([](auto& act, auto done) { act.pause_route("note", true, done); });
  BOOST_TEST(stage.say("shop-in", note("A", "x"), "n")->text() == "later paused");
  BOOST_TEST(stage.say("shop-in", order("B"), "b")->text() == "accepted");
}

BOOST_AUTO_TEST_CASE(rows_of_a_paused_route_take_no_rate_of_the_others) {
  auto config = order_config();
  config.change("config/endpoints/supplier.xml", R"(<rate per-second="0"/>)",
                R"(<rate per-second="1"/>)");
  Stage stage(config);
  to_labelled(stage);
  pause_route(stage, "ask-quote");
  stage.wait(std::chrono::seconds(2));
  for (const char* no : {"A", "B", "C"}) stage.say("shop-in", order(no), no);
  label(stage);
  BOOST_TEST(stage.pending("supplier") == 1u);
}

BOOST_AUTO_TEST_CASE(rows_of_a_paused_route_are_not_the_attempt_of_a_half_open_breaker) {
  Stage stage;
  to_labelled(stage);
  for (const char* no : {"A", "B", "C", "D"}) stage.say("shop-in", order(no), no);
  while (stage.pending("supplier") > 0) stage.fails("supplier", OutcomeKind::unavailable, "503");
  pause_route(stage, "ask-quote");
  label(stage);
  stage.wait(std::chrono::seconds(31));
  BOOST_TEST(stage.pending("supplier") == 1u);
  stage.delivered("supplier");
  BOOST_TEST(stage.outbox("E", "label").size() == 1u);
}

BOOST_AUTO_TEST_CASE(more_rows_of_a_paused_route_than_memory_holds_take_no_place_of_the_others) {
  Stage stage;
  to_labelled(stage);
  pause_route(stage, "ask-quote");
  store::Transaction many;
  const auto count = engine::Dispatcher::kHeldMax + 100;
  for (std::size_t n = 0; n < count; ++n) {
    store::OutboxRow row;
    row.case_key = "N" + std::to_string(n);
    row.id = "effect-" + row.case_key;
    row.endpoint = "supplier";
    row.route = "ask-quote";
    row.effect = "ask-quote";
    many.outbox.push_back(std::move(row));
  }
  stage.hub().journal().submit(std::move(many), {});
  stage.run();
  label(stage);
  BOOST_TEST(stage.pending("supplier") == 1u);
  BOOST_TEST(stage.hub().in_flight() == "rows for endpoint supplier are ready or sending");
  stage.delivered("supplier");
  BOOST_TEST(stage.hub().in_flight() == "");
  pause_route(stage, "ask-quote", false);
  while (stage.pending("supplier") > 0) stage.delivered("supplier", quote());
  BOOST_TEST(stage.sent("supplier").size() == count + 2);  // all of them, each once
}

BOOST_AUTO_TEST_CASE(resumed_rows_go_at_once_in_their_order_and_each_once) {
  Stage stage;
  to_labelled(stage);
  const auto before = stage.sent("sms").size();
  pause_route(stage, "sms");
  stage.say("shop-in", note("E", "fast"), "f1");
  pause_route(stage, "sms", false);
  BOOST_TEST(stage.pending("sms") == 1u);  // without any time passing
  pause_route(stage, "sms");  // the first is on its way; the others go back, and more come
  stage.say("shop-in", note("E", "fast"), "f2");
  stage.delivered("sms");
  BOOST_TEST(stage.pending("sms") == 0u);
  BOOST_TEST(stage.hub().in_flight() == "");
  stage.crash();
  stage.start();
  BOOST_TEST(stage.pending("sms") == 0u);
  pause_route(stage, "sms", false);
  pause_route(stage, "sms", false);
  while (stage.pending("sms") > 0) stage.delivered("sms");
  std::string all;
  const auto sent = stage.sent("sms");
  for (std::size_t n = before; n < sent.size(); ++n) all += sent[n].attempt.body;
  const std::string three = "<Sms>one</Sms><Sms>two</Sms><Sms>three</Sms>";
  BOOST_TEST(all == three + three);
}

BOOST_AUTO_TEST_CASE(a_row_in_back_off_whose_route_is_paused_waits_for_its_end) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  stage.fails("supplier", OutcomeKind::unavailable, "503");
  pause_route(stage, "ask-quote");
  stage.wait(std::chrono::minutes(1));
  BOOST_TEST(stage.sent("supplier").size() == 1u);
  pause_route(stage, "ask-quote", false);
  BOOST_TEST(stage.sent("supplier").size() == 2u);
  BOOST_TEST(stage.next("supplier").number == 2);
}

BOOST_AUTO_TEST_CASE(not_after_runs_on_while_the_route_is_paused) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  pause_route(stage, "sms");
  stage.delivered("supplier", quote());
  stage.clock("2026-01-07T05:00:00Z");  // the expiry of the payment
  BOOST_TEST((stage.outbox("A", "sms")[0].state == store::OutboxState::expired));
  pause_route(stage, "sms", false);
  BOOST_TEST(stage.sent("sms").empty());
}

BOOST_AUTO_TEST_CASE(a_paused_query_or_pass_through_is_answered_come_again) {
  Stage stage(with_bridge());
  stage.say("shop-in", order("A"), "a");
  pause_route(stage, "ask");
  BOOST_TEST(stage.say("ask-in", ask("A"))->text() == "later paused");
  pause_route(stage, "bridge");
  BOOST_TEST(stage.say("bridge-in", "<Any/>")->text() == "later paused");
  BOOST_TEST(stage.sent("bridge-out").empty());
  pause_route(stage, "ask", false);
  pause_route(stage, "bridge", false);
  BOOST_TEST(stage.say("ask-in", ask("A"))->text().starts_with("replied"));
  const auto passed = stage.say("bridge-in", "<Any/>");
  stage.delivered("supplier", quote());
  stage.delivered("sms");
  stage.delivered("shop-out");
  BOOST_TEST(stage.hub().in_flight() == "an exchange is open");
  stage.delivered("bridge-out");
  BOOST_TEST(passed->text() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_bridge_to_a_paused_endpoint_is_paused_with_it) {
  Stage stage(with_bridge());
  pause_endpoint(stage, "bridge-out");
  BOOST_TEST(!stage.accepting("bridge-in"));
  BOOST_TEST(stage.say("bridge-in", "<Any/>")->text() == "later paused");
  stage.restart();
  BOOST_TEST(!stage.accepting("bridge-in"));
  pause_endpoint(stage, "bridge-out", false);
  BOOST_TEST(stage.accepting("bridge-in"));
}

BOOST_AUTO_TEST_CASE(an_endpoint_whose_routes_are_all_paused_is_closed) {
  Stage stage;
  for (const char* id : {"order", "note", "withdraw", "log"}) {
    pause_route(stage, id);
    BOOST_TEST(stage.accepting("shop-in"));
  }
  pause_route(stage, "keep");
  BOOST_TEST(!stage.accepting("shop-in"));
  stage.restart();
  BOOST_TEST(!stage.accepting("shop-in"));
  pause_route(stage, "log", false);
  BOOST_TEST(stage.accepting("shop-in"));
}

BOOST_AUTO_TEST_CASE(a_source_that_can_keep_messages_is_told_which_ones_wait) {
  Stage stage(with_bridge());
  const auto holds = [&](const std::string& endpoint, const std::string& body) {
    connector::Received received;
    received.endpoint = endpoint;
    received.body = body;
    return stage.hub().intake().holds(received);
  };
  BOOST_TEST(!holds("shop-in", note("A", "x")));
  pause_route(stage, "note");
  BOOST_TEST(holds("shop-in", note("A", "x")));
  BOOST_TEST(!holds("shop-in", order("A")));
  BOOST_TEST(!holds("shop-in", "no XML"));
  BOOST_TEST(!holds("bridge-in", "no XML"));
  pause_route(stage, "bridge");
  BOOST_TEST(holds("bridge-in", "no XML"));
  pause_endpoint(stage, "shop-in");
  BOOST_TEST(holds("shop-in", order("A")));
}

BOOST_AUTO_TEST_CASE(a_pause_that_is_not_committed_is_none) {
  Stage stage;
  stage.store().stop();
  BOOST_TEST(pause_route(stage, "note") == 503);
  BOOST_TEST(!stage.hub().pauses().route("note"));
  BOOST_TEST(pause_endpoint(stage, "shop-in") == 503);
  BOOST_TEST(!stage.hub().pauses().endpoint("shop-in"));
  BOOST_TEST(stage.accepting("shop-in"));
}

BOOST_AUTO_TEST_CASE(a_route_is_drained_when_nothing_of_it_is_sent_or_owes_its_answer) {
  Stage stage;
  const auto drained = [&](const char* id) {
    return stage.hub().drained(*stage.hub().snapshot().route(id));
  };
  stage.say("shop-in", order("A"), "a");
  BOOST_TEST(!drained("ask-quote"));  // not paused
  pause_route(stage, "ask-quote");
  BOOST_TEST(!drained("ask-quote"));  // its question is under way
  stage.delivered("supplier", quote());
  BOOST_TEST(drained("ask-quote"));
  stage.delivered("sms");
  stage.delivered("shop-out");
  const auto bill = stage.data("A", "bill");
  const auto paid = stage.hand_in("pay-in", payments("E", {payment(bill, "T", "5")}));
  stage.act([&](auto& act, auto done) {
    act.pause_route("payment", true, done);
    stage.run_store();
    stage.run_executor();
    BOOST_TEST(paid->text() == "open");
    BOOST_TEST(!drained("payment"));
  });
  BOOST_TEST(paid->text().starts_with("replied"));
  BOOST_TEST(drained("payment"));
}

BOOST_AUTO_TEST_SUITE_END()
