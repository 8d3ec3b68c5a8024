#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/process/order_support.h"

using namespace masar;
using namespace masar::process;
using namespace masar::process::testing;

BOOST_AUTO_TEST_SUITE(process_language)

BOOST_AUTO_TEST_CASE(a_case_opens_with_its_event_at_hand) {
  Order order;
  BOOST_TEST(order.state() == "quoting");
  BOOST_TEST(order.effects() == "ask-quote:north ask-quote:south");
  BOOST_TEST(order.last().effects[1].index == 1);
  BOOST_TEST(order.last().effects[1].visit == order.now().visit);
  BOOST_TEST(order.now().version == 1);
  BOOST_TEST(order.now().event_number == 1);
  BOOST_TEST(order.now().visit == 2);  // open and quoting
  BOOST_TEST(order.now().key == "K-1");
  BOOST_TEST(order.now().process == "order");
  BOOST_TEST(order.now().snapshot == "snapshot");
  BOOST_TEST((order.now().opened == at("2026-01-04T05:00:00Z")));
  BOOST_TEST((order.now().since == at("2026-01-04T05:00:00Z")));
  BOOST_TEST(!order.now().ended.has_value());
  BOOST_REQUIRE(order.last().aliases_taken.size() == 1);
  BOOST_TEST(order.last().aliases_taken[0].name == "order-no");
  BOOST_TEST(order.last().aliases_taken[0].value == "A-7");
}

BOOST_AUTO_TEST_CASE(an_event_lacking_a_required_field_is_refused) {
  Player player(Order::shared());
  BOOST_TEST(code_of([&] { player.open("order"); }) == "field-missing");
}

BOOST_AUTO_TEST_CASE(tables_gather_and_eventless_transitions_go_on) {
  Order order;
  order.quote("north", 1000);
  order.quote("north", 1250);  // replaces
  BOOST_TEST(order.state() == "quoting");
  order.quote("south", 500);
  BOOST_TEST(order.state() == "paying");
  BOOST_TEST(order.text("price") == "1.750");
  BOOST_TEST(order.data("quotes").as<std::shared_ptr<const expression::Table>>()->rows.empty());
  BOOST_TEST(order.text("bill") == "bill-number-1");
  BOOST_REQUIRE(order.last().aliases_taken.size() == 1);
  BOOST_TEST(order.last().aliases_taken[0].name == "bill");
  BOOST_TEST(order.effects() == "sms:pay state-changed");
  BOOST_TEST((order.last().effects[0].not_after == order.deadline("payment")->due));
  BOOST_TEST(order.last().effects[0].visit == order.now().visit);
  BOOST_TEST(order.last().effects[1].visit == 0);
  BOOST_TEST(order.last().effects[1].essential);
  BOOST_TEST(order.definition().waits_for("paying") == "customer");
  BOOST_TEST(order.definition().waits_for("closing") == "");
}

BOOST_AUTO_TEST_CASE(a_refused_event_changes_nothing_but_the_counts) {
  Order order;
  const Case before = order.now();
  order.send("quote", {{"supplier", Value::text("east")}, {"price", fils(1)}}, "east");
  BOOST_TEST((order.last().disposition == Disposition::refused));
  BOOST_TEST(order.last().refusal == "foreign-supplier");
  BOOST_TEST(order.now().version == before.version + 1);
  BOOST_TEST(order.now().event_number == before.event_number + 1);
  BOOST_TEST(order.now().visit == before.visit);
  BOOST_TEST(order.definition().encode(order.now()) == order.definition().encode(before));
  BOOST_TEST(order.last().effects.empty());
}

BOOST_AUTO_TEST_CASE(otherwise_refuses_ignores_and_asks) {
  Order order;
  order.to_paying();
  order.quote("north", 1);
  BOOST_TEST((order.last().disposition == Disposition::refused));
  BOOST_TEST(order.last().refusal == "too-late");
  order.send("delivered");
  BOOST_TEST((order.last().disposition == Disposition::ignored));
  order.fire("payment");
  BOOST_TEST(order.state() == "closing");
  order.pay(1);
  BOOST_TEST((order.last().disposition == Disposition::applied));
  BOOST_TEST(order.task("mismatch").has_value());
}

BOOST_AUTO_TEST_CASE(an_inner_transition_goes_before_the_one_around_it) {
  Order order;
  order.to_paying();
  order.pay(1500);
  BOOST_TEST(order.state() == "delivering");
  BOOST_REQUIRE(order.last().reply.has_value());
  BOOST_TEST(order.last().reply->name == "accepted");
  BOOST_TEST(expression::to_text(order.last().reply->arguments[0].second) == "1.500");
  order.send("withdrawn");
  BOOST_TEST(order.last().refusal == "on-its-way");
  BOOST_TEST(order.state() == "delivering");
}

BOOST_AUTO_TEST_CASE(a_broken_invariant_undoes_the_event_and_is_named) {
  Player player(document(
      "<datamodel><data id=\"n\" m:type=\"integer\" expr=\"0\"/></datamodel><m:event name=\"go\" "
      "opens=\"true\"/>"
      "<m:event name=\"up\"/><m:event name=\"over\"/><m:invariant id=\"small\" states=\"s\">$n le "
      "1</m:invariant><m:otherwise events=\"*\" do=\"ignore\"/>"
      "<state id=\"s\"><state id=\"a\"><transition event=\"up\"><assign location=\"n\" expr=\"$n + "
      "1\"/></transition><transition event=\"over\" target=\"b\"/></state></state>"
      "<state id=\"b\"><onentry><assign location=\"n\" expr=\"9\"/></onentry></state>"));
  player.open();
  player.send("up");
  BOOST_TEST(code_of([&] { player.send("up"); }) == "invariant-broken");
  try {
    player.send("up");
  } catch (const Error& error) {
    BOOST_TEST(std::string(error.what()).find("small") != std::string::npos);
    BOOST_TEST((error.kind() == ErrorKind::rejected));
  }
  BOOST_TEST(player.text("n") == "1");
  player.send("over");  // not in s: it does not hold there, and need not
  BOOST_TEST(player.state() == "b");
}

BOOST_AUTO_TEST_CASE(a_chart_that_never_rests_is_stopped) {
  Player player(document(
      "<m:event name=\"go\" opens=\"true\"/><m:event name=\"e\"/><m:otherwise events=\"*\" "
      "do=\"ignore\"/>"
      "<state id=\"a\"><transition event=\"e\" target=\"b\"/></state><state id=\"b\"><transition "
      "target=\"c\"/></state><state id=\"c\"><transition target=\"b\"/></state>"));
  player.open();
  BOOST_TEST(code_of([&] { player.send("e"); }) == "too-many-transitions");
  BOOST_TEST(player.state() == "a");
}

BOOST_AUTO_TEST_CASE(a_hundred_eventless_transitions_are_still_taken) {
  const auto counts_to = [](int n) {
    Player player(document(
        "<datamodel><data id=\"n\" m:type=\"integer\" expr=\"0\"/></datamodel><m:event name=\"go\" "
        "opens=\"true\"/><m:otherwise events=\"*\" do=\"ignore\"/>"
        "<state id=\"a\"><transition cond=\"$n lt " +
        std::to_string(n) + "\"><assign location=\"n\" expr=\"$n + 1\"/></transition></state>"));
    return code_of([&] { player.open(); });
  };
  BOOST_TEST(counts_to(100) == "none");
  BOOST_TEST(counts_to(101) == "too-many-transitions");
}

BOOST_AUTO_TEST_CASE(an_alias_is_taken_when_its_value_changes_and_keeps_earlier_ones) {
  Player player(document(
      "<datamodel><data id=\"no\" m:type=\"text\"/></datamodel><m:event name=\"go\" "
      "opens=\"true\"/>"
      "<m:event name=\"set\"><m:field id=\"no\" type=\"text\"/></m:event><m:event "
      "name=\"end\"/><m:event name=\"back\"/><m:otherwise events=\"*\" do=\"ignore\"/>"
      "<m:alias id=\"no\" expr=\"concat('n-', $no)\" until=\"off\"/>"
      "<state id=\"on\"><transition event=\"set\"><assign location=\"no\" "
      "expr=\"$event.no\"/></transition><transition event=\"end\" target=\"off1\"/></state>"
      "<state id=\"off\"><state id=\"off1\"><transition event=\"back\" "
      "target=\"on\"/></state></state>"));
  const auto taken = [&] {
    std::string all;
    for (const auto& alias : player.last().aliases_taken)
      all += alias.name + "=" + alias.value + " ";
    return all;
  };
  player.open();
  BOOST_TEST(taken() == "");
  player.send("set", {{"no", Value::text("1")}});
  BOOST_TEST(taken() == "no=n-1 ");
  player.send("set", {{"no", Value::text("1")}});
  BOOST_TEST(taken() == "");
  player.send("set", {{"no", Value::text("2")}});
  BOOST_TEST(taken() == "no=n-2 ");
  BOOST_TEST(player.last().aliases_ended.empty());
  player.send("set", {{"no", Value::text("1")}});  // it has that one still
  BOOST_TEST(taken() == "");
  player.send("end");
  BOOST_TEST(player.last().aliases_ended.size() == 1);
  BOOST_TEST(taken() == "");
  player.send("back");
  BOOST_TEST(taken() == "no=n-1 ");
}

BOOST_AUTO_TEST_CASE(a_refused_opening_is_no_case) {
  Player player(
      document("<m:event name=\"go\" opens=\"true\"><m:field id=\"phone\" "
               "type=\"text\"/></m:event><m:otherwise events=\"*\" do=\"ignore\"/>"
               "<state id=\"a\"><onentry><if cond=\"not(exists($event.phone))\"><m:refuse "
               "code=\"phone-invalid\"/></if></onentry></state>"));
  player.open();
  BOOST_TEST((player.last().disposition == Disposition::refused));
  BOOST_TEST(player.last().refusal == "phone-invalid");
  BOOST_TEST(player.state() == "");
  player.open("go", {{"phone", Value::text("1")}});
  BOOST_TEST(player.state() == "a");
}

BOOST_AUTO_TEST_CASE(a_refusal_after_changes_undoes_them) {
  Player player(document(
      "<datamodel><data id=\"n\" m:type=\"integer\" expr=\"0\"/></datamodel><m:event name=\"go\" "
      "opens=\"true\"/><m:event name=\"e\"/><m:otherwise events=\"go\" do=\"ignore\"/>"
      "<state id=\"a\"><onexit><assign location=\"n\" expr=\"1\"/><m:effect "
      "name=\"x\"/></onexit><transition event=\"e\" target=\"b\"/></state>"
      "<state id=\"b\"><onentry><if cond=\"$n eq 1\"><m:note code=\"no\"/><m:refuse "
      "code=\"never\"/></if></onentry><transition event=\"e\"/></state>"));
  player.open();
  player.send("e");
  BOOST_TEST((player.last().disposition == Disposition::refused));
  BOOST_TEST(player.state() == "a");
  BOOST_TEST(player.text("n") == "0");
  BOOST_TEST(player.last().effects.empty());
  BOOST_TEST(player.last().states.empty());
  BOOST_TEST(player.last().notes.size() == 1);
}

BOOST_AUTO_TEST_CASE(the_same_input_gives_the_same_output) {
  Order order;
  order.quote("north", 1000);
  const Event event =
      order.event("quote", {{"supplier", Value::text("south")}, {"price", fils(500)}}, "south");
  Inputs inputs = order.inputs();
  inputs.serial = [](std::string_view) { return std::string("recorded"); };
  const Case before = order.now();
  const Transition first = order.definition().apply(before, event, inputs);
  const Transition second = order.definition().apply(before, event, inputs);
  const auto print = [&](const Transition& t) {
    std::string all = order.definition().encode(t.after) + t.after.state +
                      std::to_string(t.after.version) + std::to_string(t.after.visit);
    for (const auto& effect : t.effects) {
      all += effect.name + std::to_string(effect.index) + std::to_string(effect.visit);
      for (const auto& [name, value] : effect.arguments) all += name + expression::to_text(value);
      if (effect.not_after) all += format_instant(*effect.not_after);
    }
    for (const auto& d : t.after.deadlines)
      all += d.name + std::to_string(d.serial) + format_instant(d.due);
    for (const auto& d : t.deadlines_cleared) all += d.name;
    for (const auto& a : t.aliases_taken) all += a.name + a.value;
    return all;
  };
  BOOST_TEST(print(first) == print(second));
  BOOST_TEST(first.after.state == "paying");
  BOOST_TEST(before.state == "quoting");
  BOOST_TEST(order.definition().encode(before) == order.definition().encode(order.now()));
}

BOOST_AUTO_TEST_CASE(what_is_declared_is_told) {
  const auto& definition = *Order::shared();
  BOOST_TEST(definition.name() == "order");
  BOOST_TEST(definition.events().size() == 7);
  BOOST_TEST(definition.event("quote") != nullptr);
  BOOST_TEST(definition.event("task.slow.seen") == nullptr);
  BOOST_TEST(definition.event("order")->personal.size() == 1);
  BOOST_TEST(definition.event("order")->required[0] == "orderNo");
  BOOST_TEST(definition.opens_with("order"));
  BOOST_TEST(!definition.opens_with("quote"));
  BOOST_TEST(!definition.is_end("paying"));
  BOOST_TEST(definition.alias_names().size() == 2);
  BOOST_TEST(definition.data().size() == 8);
  BOOST_TEST(definition.data()[6].personal);
  BOOST_TEST(definition.data()[0].search == "order");
  std::string effects;
  for (const auto& effect : definition.effects())
    effects +=
        effect.name + "(" + (effect.arguments.empty() ? "" : effect.arguments[0].first) + ") ";
  BOOST_TEST(effects == "ask-quote(supplier) nudge(text) sms(text) state-changed() ");
  BOOST_TEST(definition.replies().size() == 2);
  BOOST_TEST(definition.replies()[0].arguments[0].first == "amount");
}

BOOST_AUTO_TEST_CASE(mappings_see_the_case) {
  Order order;
  order.to_paying();
  expression::Scope scope;
  order.definition().add_to(scope);
  std::vector<Value> values;
  order.definition().values_of(order.now(), values);
  BOOST_REQUIRE(values.size() == scope.size());
  const auto text = [&](const char* name) {
    return expression::to_text(values[scope.find(name).value()]);
  };
  BOOST_TEST(text("case.key") == "K-1");
  BOOST_TEST(text("case.version") == "3");
  BOOST_TEST(text("case.state") == "paying");
  BOOST_TEST(text("case.waiting-for") == "customer");
  BOOST_TEST(text("case.deadline") == "2026-01-07T05:00:00Z");  // the reminder leads nowhere
  BOOST_TEST(text("case.price") == "1.500");
  BOOST_TEST(!values[scope.find("case.reason").value()].is_set());
}

BOOST_AUTO_TEST_SUITE_END()
