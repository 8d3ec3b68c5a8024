#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/process/process_support.h"

using namespace masar;
using namespace masar::process;
using namespace masar::process::testing;

namespace {

/// A miniature with every element of our own: an order is quoted by several suppliers, paid, and delivered.
const char* kOrder = R"xml(<scxml xmlns="http://www.w3.org/2005/07/scxml" xmlns:m="urn:masar:process" version="1.0" datamodel="masar" name="order" initial="open">
  <datamodel>
    <data id="orderNo" m:type="text" m:search="order"/>
    <data id="suppliers" m:type="list"/>
    <data id="price" m:type="fils" expr="fils('0')"/>
    <data id="bill" m:type="text" m:search="bill"/>
    <data id="asked" m:type="integer" expr="0"/>
    <data id="reason" m:type="text"/>
    <data id="phone" m:type="text" m:personal="true"/>
    <data id="quotes" m:type="table" m:key="supplier" m:columns="supplier text, price fils"/>
  </datamodel>
  <m:event name="order" opens="true"><m:field id="orderNo" type="text" required="true"/><m:field id="suppliers" type="list"/><m:field id="phone" type="text" personal="true"/></m:event>
  <m:event name="quote"><m:field id="supplier" type="text"/><m:field id="price" type="fils"/></m:event>
  <m:event name="payment"><m:field id="bill" type="text"/><m:field id="paid" type="fils"/></m:event>
  <m:event name="delivered"/>
  <m:event name="withdrawn"/>
  <m:event name="silence"><m:field id="effect" type="text"/></m:event>
  <m:event name="heard"><m:field id="effect" type="text"/></m:event>
  <m:alias id="order-no" expr="$orderNo" lifetime="while-open"/>
  <m:alias data="bill"/>
  <m:task-type name="mismatch" scope="case"><m:answer name="settled"><m:field id="reference" type="text" required="true"/></m:answer></m:task-type>
  <m:task-type name="slow" due="P1WD"><m:answer name="seen"/></m:task-type>
  <m:task-type name="silent" until="delivering"><m:answer name="stop"/></m:task-type>
  <m:deadline-type id="ask-again" scope="visit"/>
  <m:deadline-type id="audit"/>
  <m:invariant id="no-free-delivery" states="delivering delivered">exists($reason) and $price gt fils('0')</m:invariant>
  <state id="open">
    <onentry>
      <assign location="orderNo" expr="$event.orderNo"/>
      <assign location="suppliers" expr="$event.suppliers"/>
      <if cond="exists($event.phone)"><assign location="phone" expr="$event.phone"/></if>
      <m:set-deadline id="audit" after="P30D"/>
    </onentry>
    <transition event="withdrawn" target="cancelled"><assign location="reason" expr="'withdrawn'"/></transition>
    <transition event="deadline.audit"><m:note code="audited"/></transition>
    <transition event="task.mismatch.settled"><m:note code="settled"/></transition>
    <transition event="silence"><m:task name="silent" effect="$event.effect" detail="'no answer'"/></transition>
    <transition event="heard"><m:withdraw-task name="silent" effect="$event.effect"/></transition>
    <transition event="task.silent.stop" target="cancelled"><assign location="reason" expr="'by-office'"/></transition>
    <m:otherwise events="quote" do="refuse" code="too-late"/>
    <m:otherwise events="payment" do="task" task="mismatch"/>
    <m:otherwise events="order delivered" do="ignore"/>
    <state id="quoting" m:waits-for="partner">
      <onentry><foreach array="$suppliers" item="s"><m:effect name="ask-quote" supplier="$s"/></foreach></onentry>
      <m:deadline id="nudge" after="PT4H" every="PT6H" from="now"><m:effect name="nudge" text="'quote'"/></m:deadline>
      <m:deadline id="slow" after="P2WD"><m:task name="slow"/></m:deadline>
      <transition event="quote" cond="not(some $s in $suppliers satisfies $s eq $sender)"><m:refuse code="foreign-supplier"/></transition>
      <transition event="quote" cond="$event.price le fils('0')">
        <m:set-deadline id="ask-again" after="PT6H"/><assign location="asked" expr="$asked + 1"/></transition>
      <transition event="quote">
        <m:put table="quotes" supplier="$event.supplier" price="$event.price"/></transition>
      <transition event="deadline.ask-again"><m:effect name="ask-quote" supplier="'all'"/></transition>
      <transition event="task.slow.seen"><m:note code="seen"/></transition>
      <transition cond="count($suppliers) gt 0 and count($quotes) eq count($suppliers)" target="paying">
        <foreach array="$quotes" item="q"><assign location="price" expr="$price + $q.price"/></foreach>
        <m:clear table="quotes"/></transition>
    </state>
    <state id="paying" m:waits-for="customer">
      <onentry>
        <assign location="bill" expr="serial('bill-number')"/>
        <m:effect name="sms" text="'pay'" not-after="deadline('payment')"/>
        <m:effect name="state-changed" scope="case" essential="true"/>
      </onentry>
      <m:deadline id="reminder" before="payment PT24H"><m:effect name="sms" text="'remind'"/></m:deadline>
      <m:deadline id="payment" after="PT72H" round="second" target="closing"/>
      <transition event="payment" cond="$event.paid eq $price" target="delivering">
        <assign location="reason" expr="'paid'"/><m:reply name="accepted" amount="$event.paid"/></transition>
      <transition event="payment"><m:reply name="wrong-amount"/><m:task name="mismatch" detail="concat('paid ', $event.paid)"/></transition>
    </state>
    <state id="closing">
      <m:deadline id="grace" after="PT2H" from="applied" target="cancelled"><assign location="reason" expr="'not-paid'"/></m:deadline>
    </state>
    <state id="delivering">
      <transition event="delivered" target="delivered"/>
      <transition event="withdrawn"><m:refuse code="on-its-way"/></transition>
    </state>
  </state>
  <final id="delivered"><onentry><m:effect name="sms" text="'done'"/></onentry>
    <m:transition event="payment"><m:task name="mismatch"/><m:reply name="accepted" amount="$event.paid"/></m:transition>
    <m:otherwise events="order" do="refuse" code="ended"/></final>
  <final id="cancelled"/>
</scxml>)xml";

Value list(std::initializer_list<const char*> items) {
  auto made = std::make_shared<expression::List>();
  for (const char* item : items) made->push_back(Value::text(item));
  return Value(std::shared_ptr<const expression::List>(std::move(made)));
}

Value fils(std::int64_t amount) { return Value(Fils{amount}); }

struct Order : Player {
  explicit Order() : Player(shared()) {
    open("order", {{"orderNo", Value::text("A-7")}, {"suppliers", list({"north", "south"})}});
  }
  static std::shared_ptr<const Definition> shared() {
    static const auto definition = define(kOrder);
    return definition;
  }
  const Transition& quote(const char* supplier, std::int64_t price) {
    return send("quote", {{"supplier", Value::text(supplier)}, {"price", fils(price)}}, supplier);
  }
  void to_paying() {
    quote("north", 1000);
    quote("south", 500);
    BOOST_REQUIRE(state() == "paying");
  }
  const Transition& pay(std::int64_t paid) { return send("payment", {{"bill", Value::text("b")}, {"paid", fils(paid)}}); }
  std::string due(const std::string& name) const { return format_instant(deadline(name).value().due); }
};

}  // namespace

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

BOOST_AUTO_TEST_CASE(deadlines_of_a_state_live_as_long_as_it) {
  Order order;
  BOOST_TEST(order.due("nudge") == "2026-01-04T09:00:00Z");
  BOOST_TEST(order.due("slow") == "2026-01-06T05:00:00Z");
  BOOST_TEST(order.due("audit") == "2026-02-03T05:00:00Z");
  BOOST_TEST(order.deadline("audit")->visit == 0);
  BOOST_TEST(order.deadline("nudge")->visit == 2);
  BOOST_TEST(order.last().deadlines_set.size() == 3);
  // In the order of the document.
  BOOST_TEST(order.deadline("audit")->order < order.deadline("nudge")->order);
  BOOST_TEST(order.deadline("nudge")->order < order.deadline("slow")->order);
  order.to("2026-01-04T06:00:00.250000Z");
  order.to_paying();
  BOOST_TEST(!order.deadline("nudge").has_value());
  BOOST_TEST(order.last().deadlines_cleared.size() == 2);
  BOOST_TEST(order.due("payment") == "2026-01-07T06:00:01Z");   // rounded up to the full second
  BOOST_TEST(order.due("reminder") == "2026-01-06T06:00:01Z");
  BOOST_TEST(order.deadline("reminder")->order < order.deadline("payment")->order);
}

BOOST_AUTO_TEST_CASE(a_deadline_fires_with_its_content_or_its_target) {
  Order order;
  order.to_paying();
  order.fire("reminder");
  BOOST_TEST(order.state() == "paying");
  BOOST_TEST(order.effects() == "sms:remind");
  BOOST_TEST(!order.deadline("reminder").has_value());
  BOOST_TEST(order.last().deadlines_cleared.size() == 1);
  // Fired late: the event's time is the due time, the grace counts from when it applied.
  order.inputs().applied = at("2026-01-09T00:00:00Z");
  order.fire("payment");
  BOOST_TEST(order.state() == "closing");
  BOOST_TEST((order.now().since == at("2026-01-07T05:00:00Z")));
  BOOST_TEST(order.due("grace") == "2026-01-09T02:00:00Z");
  order.fire("grace");
  BOOST_TEST(order.state() == "cancelled");
  BOOST_TEST(order.text("reason") == "not-paid");
}

BOOST_AUTO_TEST_CASE(a_repeating_deadline_is_next_due_from_when_it_applied) {
  Order order;
  const std::int64_t serial = order.deadline("nudge")->serial;
  order.inputs().applied = at("2026-01-04T20:00:00Z");
  order.fire("nudge");
  BOOST_TEST(order.effects() == "nudge:quote");
  BOOST_TEST(order.due("nudge") == "2026-01-05T02:00:00Z");
  BOOST_TEST(order.deadline("nudge")->serial == serial + 1);
  BOOST_TEST(order.deadline("nudge")->visit == 2);
}

BOOST_AUTO_TEST_CASE(a_deadline_set_in_content_is_handled_by_transitions_and_ends_with_the_visit) {
  Order order;
  order.quote("north", 0);
  BOOST_TEST(order.due("ask-again") == "2026-01-04T11:00:00Z");
  BOOST_TEST(order.deadline("ask-again")->serial == 1);
  order.to("2026-01-04T07:00:00Z");
  order.quote("north", 0);
  BOOST_TEST(order.due("ask-again") == "2026-01-04T13:00:00Z");
  BOOST_TEST(order.deadline("ask-again")->serial == 2);
  BOOST_TEST(order.last().deadlines_cleared.size() == 1);
  order.fire("ask-again");
  BOOST_TEST(order.effects() == "ask-quote:all");
  order.quote("north", 0);
  BOOST_TEST(order.deadline("ask-again")->serial == 3);
  order.to_paying();
  BOOST_TEST(!order.deadline("ask-again").has_value());
  BOOST_TEST(order.deadline("audit").has_value());
}

BOOST_AUTO_TEST_CASE(a_deadline_that_is_not_open_cannot_fire) {
  Order order;
  Deadline gone = *order.deadline("nudge");
  ++gone.serial;
  BOOST_TEST(code_of([&] { order.definition().fire(order.now(), gone, order.inputs()); }) == "no-such-deadline");
}

BOOST_AUTO_TEST_CASE(a_task_of_a_visit_is_withdrawn_with_it_and_one_of_the_case_is_not) {
  Order order;
  order.fire("slow");
  const Task slow = order.task("slow").value();
  BOOST_TEST(slow.id == "K-1.2.0");
  BOOST_TEST(slow.visit == order.now().visit);
  BOOST_TEST(format_instant(slow.due) == "2026-01-07T05:00:00Z");
  order.to_paying();
  BOOST_TEST(!order.task("slow").has_value());
  BOOST_TEST(order.last().tasks_ended.size() == 1);
  order.pay(1);
  const Task mismatch = order.task("mismatch").value();
  BOOST_TEST(mismatch.visit == 0);
  BOOST_TEST(mismatch.detail == "paid 0.001");
  BOOST_TEST((mismatch.due - mismatch.asked == std::chrono::hours(48)));
  order.send("withdrawn");
  BOOST_TEST(order.state() == "cancelled");
  BOOST_TEST(order.task("mismatch").has_value());
}

BOOST_AUTO_TEST_CASE(tasks_until_a_state_end_as_it_is_entered_or_withdrawn_by_their_effect) {
  Order order;
  order.to_paying();
  order.send("silence", {{"effect", Value::text("x")}});
  order.send("silence", {{"effect", Value::text("y")}});
  BOOST_TEST(order.now().tasks.size() == 2);
  order.send("heard", {{"effect", Value::text("x")}});
  BOOST_REQUIRE(order.now().tasks.size() == 1);
  BOOST_TEST(order.now().tasks[0].effect == "y");
  BOOST_TEST(order.now().tasks[0].until.size() == 1);
  BOOST_TEST(order.now().tasks[0].visit == 0);
  order.pay(1500);
  BOOST_TEST(order.now().tasks.empty());
}

BOOST_AUTO_TEST_CASE(an_answer_ends_its_task_and_is_an_event) {
  Order order;
  order.fire("slow");
  order.answer("slow", "seen");
  BOOST_TEST(order.last().notes.size() == 1);
  BOOST_TEST(order.now().tasks.empty());
  BOOST_TEST(order.last().tasks_ended.size() == 1);
  order.send("silence", {{"effect", Value::text("x")}});
  const std::string id = order.task("silent")->id;
  order.answer("silent", "stop");
  BOOST_TEST(order.state() == "cancelled");
  BOOST_TEST(code_of([&] { order.definition().answer(order.now(), id, "stop", {}, order.inputs()); }) == "task-over");
  BOOST_TEST(code_of([&] { order.definition().answer(order.now(), "none", "stop", {}, order.inputs()); }) == "task-over");
}

BOOST_AUTO_TEST_CASE(answers_carry_fields) {
  Order order;
  order.to_paying();
  order.pay(1);
  BOOST_TEST(code_of([&] { order.answer("mismatch", "settled", {Value()}); }) == "field-missing");
  BOOST_TEST(code_of([&] { order.answer("mismatch", "settled", {}); }) == "event-shape");
  BOOST_TEST(code_of([&] { order.answer("mismatch", "stop", {}); }) == "unknown-event");
  order.answer("mismatch", "settled", {Value::text("R-1")});
  BOOST_TEST(order.last().notes[0] == "settled");
  BOOST_TEST(order.definition().tasks()[0].answers[0].fields.size() == 1);
  BOOST_TEST(order.definition().tasks()[0].answers[0].event == "task.mismatch.settled");
}

BOOST_AUTO_TEST_CASE(a_task_escalates_and_is_due_again) {
  Order order;
  order.fire("slow");
  const Task slow = order.task("slow").value();
  order.to("2026-01-08T05:00:00Z");  // a Thursday
  order.keep(order.definition().escalate(order.now(), slow.id, order.inputs()));
  BOOST_TEST(order.task("slow")->id == slow.id);
  BOOST_TEST(format_instant(order.task("slow")->due) == "2026-01-11T05:00:00Z");
  BOOST_TEST(order.last().tasks_opened.size() == 1);
  BOOST_TEST(order.last().tasks_ended.empty());
  BOOST_TEST(order.now().event_number == 3);
  BOOST_TEST(code_of([&] { order.definition().escalate(order.now(), "none", order.inputs()); }) == "task-over");
}

BOOST_AUTO_TEST_CASE(the_engine_asks_by_itself) {
  Order order;
  order.keep(order.definition().ask(order.now(), "slow", "effect-9", "unknown outcome", order.inputs()));
  BOOST_TEST(order.task("slow")->effect == "effect-9");
  BOOST_TEST(order.task("slow")->detail == "unknown outcome");
  BOOST_TEST(order.task("slow")->visit == order.now().visit);
  BOOST_TEST(order.now().version == 2);
  BOOST_TEST(code_of([&] { order.definition().ask(order.now(), "none", "", "", order.inputs()); }) == "unknown-task");
}

BOOST_AUTO_TEST_CASE(an_end_ends_what_is_not_of_the_case) {
  Order order;
  order.to_paying();
  order.pay(1500);
  order.send("delivered");
  BOOST_TEST(order.state() == "delivered");
  BOOST_TEST(order.definition().is_end("delivered"));
  BOOST_TEST((order.now().ended == at("2026-01-04T05:00:00Z")));
  BOOST_TEST(order.effects() == "sms:done");
  BOOST_REQUIRE(order.now().deadlines.size() == 1);
  BOOST_TEST(order.now().deadlines[0].name == "audit");
  BOOST_REQUIRE(order.last().aliases_ended.size() == 1);
  BOOST_TEST(order.last().aliases_ended[0] == "order-no");
  // Afterwards: what the end names, and all else is recorded.
  order.pay(1);
  BOOST_TEST((order.last().disposition == Disposition::applied));
  BOOST_TEST(order.task("mismatch").has_value());
  order.send("order", {{"orderNo", Value::text("A-7")}});
  BOOST_TEST(order.last().refusal == "ended");
  order.send("withdrawn");
  BOOST_TEST((order.last().disposition == Disposition::recorded));
  order.answer("mismatch", "settled", {Value::text("R")});
  BOOST_TEST(order.now().tasks.empty());
  order.fire("audit");
  BOOST_TEST((order.last().disposition == Disposition::recorded));
  BOOST_TEST(order.now().deadlines.empty());
  BOOST_TEST(order.state() == "delivered");
}

BOOST_AUTO_TEST_CASE(a_broken_invariant_undoes_the_event_and_is_named) {
  Player player(document("<datamodel><data id=\"n\" m:type=\"integer\" expr=\"0\"/></datamodel><m:event name=\"go\" opens=\"true\"/>"
                         "<m:event name=\"up\"/><m:event name=\"over\"/><m:invariant id=\"small\" states=\"s\">$n le 1</m:invariant><m:otherwise events=\"*\" do=\"ignore\"/>"
                         "<state id=\"s\"><state id=\"a\"><transition event=\"up\"><assign location=\"n\" expr=\"$n + 1\"/></transition><transition event=\"over\" target=\"b\"/></state></state>"
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
  Player player(document("<m:event name=\"go\" opens=\"true\"/><m:event name=\"e\"/><m:otherwise events=\"*\" do=\"ignore\"/>"
                         "<state id=\"a\"><transition event=\"e\" target=\"b\"/></state><state id=\"b\"><transition target=\"c\"/></state><state id=\"c\"><transition target=\"b\"/></state>"));
  player.open();
  BOOST_TEST(code_of([&] { player.send("e"); }) == "too-many-transitions");
  BOOST_TEST(player.state() == "a");
}

BOOST_AUTO_TEST_CASE(a_hundred_eventless_transitions_are_still_taken) {
  const auto counts_to = [](int n) {
    Player player(document("<datamodel><data id=\"n\" m:type=\"integer\" expr=\"0\"/></datamodel><m:event name=\"go\" opens=\"true\"/><m:otherwise events=\"*\" do=\"ignore\"/>"
                           "<state id=\"a\"><transition cond=\"$n lt " + std::to_string(n) + "\"><assign location=\"n\" expr=\"$n + 1\"/></transition></state>"));
    return code_of([&] { player.open(); });
  };
  BOOST_TEST(counts_to(100) == "none");
  BOOST_TEST(counts_to(101) == "too-many-transitions");
}

BOOST_AUTO_TEST_CASE(an_alias_is_taken_when_its_value_changes_and_keeps_earlier_ones) {
  Player player(document("<datamodel><data id=\"no\" m:type=\"text\"/></datamodel><m:event name=\"go\" opens=\"true\"/>"
                         "<m:event name=\"set\"><m:field id=\"no\" type=\"text\"/></m:event><m:event name=\"end\"/><m:event name=\"back\"/><m:otherwise events=\"*\" do=\"ignore\"/>"
                         "<m:alias id=\"no\" expr=\"concat('n-', $no)\" until=\"off\"/>"
                         "<state id=\"on\"><transition event=\"set\"><assign location=\"no\" expr=\"$event.no\"/></transition><transition event=\"end\" target=\"off1\"/></state>"
                         "<state id=\"off\"><state id=\"off1\"><transition event=\"back\" target=\"on\"/></state></state>"));
  const auto taken = [&] {
    std::string all;
    for (const auto& alias : player.last().aliases_taken) all += alias.name + "=" + alias.value + " ";
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
  Player player(document("<m:event name=\"go\" opens=\"true\"><m:field id=\"phone\" type=\"text\"/></m:event><m:otherwise events=\"*\" do=\"ignore\"/>"
                         "<state id=\"a\"><onentry><if cond=\"not(exists($event.phone))\"><m:refuse code=\"phone-invalid\"/></if></onentry></state>"));
  player.open();
  BOOST_TEST((player.last().disposition == Disposition::refused));
  BOOST_TEST(player.last().refusal == "phone-invalid");
  BOOST_TEST(player.state() == "");
  player.open("go", {{"phone", Value::text("1")}});
  BOOST_TEST(player.state() == "a");
}

BOOST_AUTO_TEST_CASE(a_refusal_after_changes_undoes_them) {
  Player player(document("<datamodel><data id=\"n\" m:type=\"integer\" expr=\"0\"/></datamodel><m:event name=\"go\" opens=\"true\"/><m:event name=\"e\"/><m:otherwise events=\"go\" do=\"ignore\"/>"
                         "<state id=\"a\"><onexit><assign location=\"n\" expr=\"1\"/><m:effect name=\"x\"/></onexit><transition event=\"e\" target=\"b\"/></state>"
                         "<state id=\"b\"><onentry><if cond=\"$n eq 1\"><m:note code=\"no\"/><m:refuse code=\"never\"/></if></onentry><transition event=\"e\"/></state>"));
  player.open();
  player.send("e");
  BOOST_TEST((player.last().disposition == Disposition::refused));
  BOOST_TEST(player.state() == "a");
  BOOST_TEST(player.text("n") == "0");
  BOOST_TEST(player.last().effects.empty());
  BOOST_TEST(player.last().states.empty());
  BOOST_TEST(player.last().notes.size() == 1);
}

BOOST_AUTO_TEST_CASE(tasks_asked_on_the_way_belong_to_where_it_leads) {
  Player player(document("<m:event name=\"go\" opens=\"true\"/><m:event name=\"e\"/><m:event name=\"f\"/><m:otherwise events=\"*\" do=\"ignore\"/>"
                         "<m:otherwise events=\"task.t.ok task.u.ok\" do=\"ignore\"/>"
                         "<m:task-type name=\"t\"><m:answer name=\"ok\"/></m:task-type><m:task-type name=\"u\"><m:answer name=\"ok\"/></m:task-type>"
                         "<state id=\"a\"><transition event=\"e\" target=\"b\"><m:task name=\"t\"/></transition><transition event=\"f\" target=\"c\"/></state><state id=\"b\"/>"
                         "<state id=\"c\"><onentry><m:task name=\"u\"/></onentry><transition cond=\"in('c')\" target=\"b\"/></state>"));
  player.open();
  const Case start = player.now();
  player.send("e");
  BOOST_TEST(player.task("t").has_value());
  BOOST_TEST(player.task("t")->visit == player.now().visit);
  player.keep(player.definition().apply(start, player.event("f"), player.inputs()));
  BOOST_TEST(player.state() == "b");
  BOOST_TEST(!player.task("u").has_value());       // asked in c, which was left at once
  BOOST_TEST(player.last().tasks_opened.empty());
  BOOST_TEST(player.last().tasks_ended.empty());
}

BOOST_AUTO_TEST_CASE(deadlines_cleared_changed_and_computed) {
  Player player(document("<datamodel><data id=\"until\" m:type=\"instant\"/></datamodel><m:event name=\"go\" opens=\"true\"/><m:event name=\"stop\"/><m:event name=\"more\"/><m:event name=\"fixed\"/><m:otherwise events=\"go deadline.t\" do=\"ignore\"/>"
                         "<state id=\"a\"><m:deadline id=\"t\" after=\"PT1H\"/>"
                         "<transition event=\"stop\"><m:clear-deadline id=\"t\"/></transition>"
                         "<transition event=\"more\"><m:set-deadline id=\"t\"/><assign location=\"until\" expr=\"deadline('t')\"/></transition>"
                         "<transition event=\"fixed\"><m:set-deadline id=\"t\" at=\"$now + hours(5)\"/></transition></state>"));
  player.open();
  BOOST_TEST(format_instant(player.deadline("t")->due) == "2026-01-04T06:00:00Z");
  player.send("stop");
  BOOST_TEST(player.now().deadlines.empty());
  BOOST_TEST(player.last().deadlines_cleared.size() == 1);
  player.to("2026-01-04T05:30:00Z");
  player.send("more");
  BOOST_TEST(player.deadline("t")->serial == 2);
  BOOST_TEST(player.text("until") == "2026-01-04T06:30:00Z");
  player.send("fixed");
  BOOST_TEST(format_instant(player.deadline("t")->due) == "2026-01-04T10:30:00Z");
  player.fire("t");
  BOOST_TEST((player.last().disposition == Disposition::ignored));
}

BOOST_AUTO_TEST_CASE(the_same_input_gives_the_same_output) {
  Order order;
  order.quote("north", 1000);
  const Event event = order.event("quote", {{"supplier", Value::text("south")}, {"price", fils(500)}}, "south");
  Inputs inputs = order.inputs();
  inputs.serial = [](std::string_view) { return std::string("recorded"); };
  const Case before = order.now();
  const Transition first = order.definition().apply(before, event, inputs);
  const Transition second = order.definition().apply(before, event, inputs);
  const auto print = [&](const Transition& t) {
    std::string all = order.definition().encode(t.after) + t.after.state + std::to_string(t.after.version) + std::to_string(t.after.visit);
    for (const auto& effect : t.effects) {
      all += effect.name + std::to_string(effect.index) + std::to_string(effect.visit);
      for (const auto& [name, value] : effect.arguments) all += name + expression::to_text(value);
      if (effect.not_after) all += format_instant(*effect.not_after);
    }
    for (const auto& d : t.after.deadlines) all += d.name + std::to_string(d.serial) + format_instant(d.due);
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
  for (const auto& effect : definition.effects()) effects += effect.name + "(" + (effect.arguments.empty() ? "" : effect.arguments[0].first) + ") ";
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
  const auto text = [&](const char* name) { return expression::to_text(values[scope.find(name).value()]); };
  BOOST_TEST(text("case.key") == "K-1");
  BOOST_TEST(text("case.version") == "3");
  BOOST_TEST(text("case.state") == "paying");
  BOOST_TEST(text("case.waiting-for") == "customer");
  BOOST_TEST(text("case.deadline") == "2026-01-07T05:00:00Z");  // the reminder leads nowhere
  BOOST_TEST(text("case.price") == "1.500");
  BOOST_TEST(!values[scope.find("case.reason").value()].is_set());
}

BOOST_AUTO_TEST_SUITE_END()
