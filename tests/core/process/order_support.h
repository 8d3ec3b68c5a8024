#pragma once

#include "tests/core/process/process_support.h"

/// A miniature process with every element of our own, and a case of it.
namespace masar::process::testing {

/// A miniature with every element of our own: an order is quoted by several suppliers, paid, and
/// delivered.
inline const char* const kOrder =
    R"xml(<scxml xmlns="http://www.w3.org/2005/07/scxml" xmlns:m="urn:masar:process" version="1.0"
        datamodel="masar" name="order" initial="open">
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
  <m:event name="order" opens="true"><m:field id="orderNo" type="text" required="true"/><m:field
      id="suppliers" type="list"/><m:field id="phone" type="text" personal="true"/></m:event>
  <m:event name="quote"><m:field id="supplier" type="text"/><m:field id="price"
      type="fils"/></m:event>
  <m:event name="payment"><m:field id="bill" type="text"/><m:field id="paid" type="fils"/></m:event>
  <m:event name="delivered"/>
  <m:event name="withdrawn"/>
  <m:event name="silence"><m:field id="effect" type="text"/></m:event>
  <m:event name="heard"><m:field id="effect" type="text"/></m:event>
  <m:alias id="order-no" expr="$orderNo" lifetime="while-open"/>
  <m:alias data="bill"/>
  <m:task-type name="mismatch" scope="case"><m:answer name="settled"><m:field id="reference"
      type="text" required="true"/></m:answer></m:task-type>
  <m:task-type name="slow" due="P1WD"><m:answer name="seen"/></m:task-type>
  <m:task-type name="silent" until="delivering"><m:answer name="stop"/></m:task-type>
  <m:deadline-type id="ask-again" scope="visit"/>
  <m:deadline-type id="audit"/>
  <m:invariant id="no-free-delivery" states="delivering delivered">exists($reason) and $price gt
      fils('0')</m:invariant>
  <state id="open">
    <onentry>
      <assign location="orderNo" expr="$event.orderNo"/>
      <assign location="suppliers" expr="$event.suppliers"/>
      <if cond="exists($event.phone)"><assign location="phone" expr="$event.phone"/></if>
      <m:set-deadline id="audit" after="P30D"/>
    </onentry>
    <transition event="withdrawn" target="cancelled"><assign location="reason"
        expr="'withdrawn'"/></transition>
    <transition event="deadline.audit"><m:note code="audited"/></transition>
    <transition event="task.mismatch.settled"><m:note code="settled"/></transition>
    <transition event="silence"><m:task name="silent" effect="$event.effect" detail="'no
        answer'"/></transition>
    <transition event="heard"><m:withdraw-task name="silent" effect="$event.effect"/></transition>
    <transition event="task.silent.stop" target="cancelled"><assign location="reason"
        expr="'by-office'"/></transition>
    <m:otherwise events="quote" do="refuse" code="too-late"/>
    <m:otherwise events="payment" do="task" task="mismatch"/>
    <m:otherwise events="order delivered" do="ignore"/>
    <state id="quoting" m:waits-for="partner">
      <onentry><foreach array="$suppliers" item="s"><m:effect name="ask-quote"
          supplier="$s"/></foreach></onentry>
      <m:deadline id="nudge" after="PT4H" every="PT6H" from="now"><m:effect name="nudge"
          text="'quote'"/></m:deadline>
      <m:deadline id="slow" after="P2WD"><m:task name="slow"/></m:deadline>
      <transition event="quote" cond="not(some $s in $suppliers satisfies $s eq
          $sender)"><m:refuse code="foreign-supplier"/></transition>
      <transition event="quote" cond="$event.price le fils('0')">
        <m:set-deadline id="ask-again" after="PT6H"/><assign location="asked" expr="$asked +
            1"/></transition>
      <transition event="quote">
        <m:put table="quotes" supplier="$event.supplier" price="$event.price"/></transition>
      <transition event="deadline.ask-again"><m:effect name="ask-quote"
          supplier="'all'"/></transition>
      <transition event="task.slow.seen"><m:note code="seen"/></transition>
      <transition cond="count($suppliers) gt 0 and count($quotes) eq count($suppliers)"
          target="paying">
        <foreach array="$quotes" item="q"><assign location="price" expr="$price +
            $q.price"/></foreach>
        <m:clear table="quotes"/></transition>
    </state>
    <state id="paying" m:waits-for="customer">
      <onentry>
        <assign location="bill" expr="serial('bill-number')"/>
        <m:effect name="sms" text="'pay'" not-after="deadline('payment')"/>
        <m:effect name="state-changed" scope="case" essential="true"/>
      </onentry>
      <m:deadline id="reminder" before="payment PT24H"><m:effect name="sms"
          text="'remind'"/></m:deadline>
      <m:deadline id="payment" after="PT72H" round="second" target="closing"/>
      <transition event="payment" cond="$event.paid eq $price" target="delivering">
        <assign location="reason" expr="'paid'"/><m:reply name="accepted"
            amount="$event.paid"/></transition>
      <transition event="payment"><m:reply name="wrong-amount"/><m:task name="mismatch"
          detail="concat('paid ', $event.paid)"/></transition>
    </state>
    <state id="closing">
      <m:deadline id="grace" after="PT2H" from="applied" target="cancelled"><assign
          location="reason" expr="'not-paid'"/></m:deadline>
    </state>
    <state id="delivering">
      <transition event="delivered" target="delivered"/>
      <transition event="withdrawn"><m:refuse code="on-its-way"/></transition>
    </state>
  </state>
  <final id="delivered"><onentry><m:effect name="sms" text="'done'"/></onentry>
    <m:transition event="payment"><m:task name="mismatch"/><m:reply name="accepted"
        amount="$event.paid"/></m:transition>
    <m:otherwise events="order" do="refuse" code="ended"/></final>
  <final id="cancelled"/>
</scxml>)xml";

inline Value list(std::initializer_list<const char*> items) {
  auto made = std::make_shared<expression::List>();
  for (const char* item : items) made->push_back(Value::text(item));
  return Value(std::shared_ptr<const expression::List>(std::move(made)));
}

inline Value fils(std::int64_t amount) { return Value(Fils{amount}); }

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
  const Transition& pay(std::int64_t paid) {
    return send("payment", {{"bill", Value::text("b")}, {"paid", fils(paid)}});
  }
  std::string due(const std::string& name) const {
    return format_instant(deadline(name).value().due);
  }
};

}  // namespace masar::process::testing
