#include "tests/support/order_config.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace masar::testing {

ConfigText& ConfigText::set(const std::string& path, std::string contents) {
  files_[path] = std::move(contents);
  return *this;
}

ConfigText& ConfigText::remove(const std::string& path) {
  if (files_.erase(path) != 1) throw std::runtime_error("there is no file " + path);
  return *this;
}

ConfigText& ConfigText::change(const std::string& path, std::string_view from,
                               std::string_view to) {
  std::string& text = files_.at(path);
  const auto at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos) {
    throw std::runtime_error(path + ": not exactly once: " + std::string(from));
  }
  text.replace(at, from.size(), to);
  return *this;
}

void ConfigText::write_to(const std::string& folder) const {
  for (const auto& [path, contents] : files_) {
    const std::filesystem::path file = std::filesystem::path(folder) / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << contents;
  }
}

namespace {

constexpr const char* kHub =
    R"(<hub name="test" zone="Asia/Amman" clock="stepped" calendar="working">
  <limits body-bytes="4096"/>
  <admin address="127.0.0.1:0"/>
  <series name="bill" digits="8" check="luhn"/>
  <engine refusals-audited="3"/>
</hub>)";

constexpr const char* kCalendar =
    R"(<calendar id="working" zone="Asia/Amman" weekend="friday saturday"/>)";

constexpr const char* kSchema = R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="Order"><xs:complexType><xs:sequence>
    <xs:element name="no" type="xs:string"/><xs:element name="plate" type="xs:string"/>
    <xs:element name="phone" type="xs:string" minOccurs="0"/>
    <xs:element name="mode" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Note"><xs:complexType><xs:sequence>
    <xs:element name="no" type="xs:string"/><xs:element name="text" type="xs:string"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Withdraw"><xs:complexType><xs:sequence>
    <xs:element name="no" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="Log"><xs:complexType><xs:sequence>
    <xs:element name="no" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="Keep"><xs:complexType><xs:sequence>
    <xs:element name="no" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="Unrouted" type="xs:string"/>
</xs:schema>)";

constexpr const char* kQuoteSchema = R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="AskQuote" type="xs:string"/>
  <xs:element name="Label" type="xs:string"/>
  <xs:element name="Quote"><xs:complexType><xs:sequence>
    <xs:element name="price" type="xs:decimal"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>)";

constexpr const char* kShopIn =
    R"(<endpoint id="shop-in" partner="shop" connector="amqp" direction="in" schema="shop.xsd"
          refusals="shop-out" refusal-mapping="order/refused">
  <amqp/>
  <deduplicate name="message-id" key="$message.id" same="/*" keep="P400D"/>
</endpoint>)";

constexpr const char* kPayIn =
    R"(<endpoint id="pay-in" partner="bank" connector="http" direction="in" wait="PT8S">
  <http/>
  <deduplicate name="envelope" key="/Payments/envelope" same="/Payments/Payment"/>
  <deduplicate name="transaction" of="part" key="/Payment/transaction"
               same="/Payment/bill /Payment/amount"/>
</endpoint>)";

constexpr const char* kAskIn =
    R"(<endpoint id="ask-in" partner="bank" connector="http" direction="in" wait="PT8S">
  <http/></endpoint>)";

std::string outbound(const std::string& id, const std::string& partner,
                     const std::string& connector, const std::string& delivery,
                     const std::string& attributes = {}) {
  return "<endpoint id=\"" + id + "\" partner=\"" + partner + "\" connector=\"" + connector +
         "\" direction=\"out\" " + attributes + ">" + delivery + "<" + connector + "/></endpoint>";
}

constexpr const char* kShopOutDelivery = R"(
  <timeout after="PT5S"/><retry attempts="5" first="PT1S" factor="2" max="PT1M" jitter="0"/>
  <breaker failures="0" open="PT5S"/><rate per-second="0"/><concurrency max="8"/>
  <idempotency kind="idempotent"/>)";
constexpr const char* kSupplierDelivery = R"(
  <timeout after="PT5S"/><retry attempts="3" first="PT1S" factor="2" max="PT10S" jitter="0"/>
  <breaker failures="4" open="PT30S"/><rate per-second="0"/><concurrency max="2"/>
  <idempotency kind="idempotent"/>)";
constexpr const char* kSmsDelivery = R"(
  <timeout after="PT5S"/><retry attempts="2" first="PT1S" factor="2" max="PT10S" jitter="0"/>
  <breaker failures="0" open="PT5S"/><rate per-second="0"/><concurrency max="8"/>
  <idempotency kind="at-most-once"/>)";

constexpr const char* kProcess =
    R"xml(<scxml xmlns="http://www.w3.org/2005/07/scxml" xmlns:m="urn:masar:process" version="1.0"
       datamodel="masar" name="order" initial="open">
  <datamodel>
    <data id="no" m:type="text"/>
    <data id="plate" m:type="text" m:personal="true" m:search="plate"/>
    <data id="phone" m:type="text" m:personal="true" m:search="phone"/>
    <data id="mode" m:type="text" expr="''"/>
    <data id="amount" m:type="fils"/>
    <data id="bill" m:type="text" m:search="bill"/>
    <data id="notes" m:type="text" expr="''"/>
    <data id="broken" m:type="boolean" expr="false()"/>
  </datamodel>
  <m:event name="order" opens="true">
    <m:field id="no" type="text" required="true"/><m:field id="plate" type="text" required="true"/>
    <m:field id="phone" type="text" personal="true"/><m:field id="mode" type="text"/></m:event>
  <m:event name="note"><m:field id="text" type="text" required="true"/></m:event>
  <m:event name="withdrawn"/>
  <m:event name="payment"><m:field id="transaction" type="text"/><m:field id="paid" type="fils"/>
    </m:event>
  <m:event name="quoted"><m:field id="price" type="fils" required="true"/></m:event>
  <m:event name="quote-refused"><m:field id="code" type="text"/><m:field id="effect" type="text"/>
    </m:event>
  <m:event name="sms-failed"><m:field id="code" type="text"/><m:field id="effect" type="text"/>
    </m:event>
  <m:event name="sms-report"><m:field id="effect" type="text"/><m:field id="state" type="text"/>
    </m:event>
  <m:alias id="plate" data="plate" until="cancelled"/>
  <m:alias id="bill" data="bill" lifetime="always"/>
  <m:task-type name="mismatch"><m:answer name="settled"><m:field id="reference" type="text"/>
    </m:answer></m:task-type>
  <m:task-type name="silent"><m:answer name="stop"/></m:task-type>
  <m:task-type name="lost" scope="case" due="P1WD"><m:answer name="seen"/></m:task-type>
  <m:invariant id="whole">not($broken)</m:invariant>
  <m:otherwise events="order note withdrawn quoted quote-refused sms-failed sms-report"
               do="ignore"/>
  <m:otherwise events="payment" do="refuse" code="no-bill"/>
  <m:otherwise events="task.mismatch task.silent task.lost" do="ignore"/>
  <state id="open">
    <onentry>
      <assign location="no" expr="$event.no"/><assign location="plate" expr="$event.plate"/>
      <if cond="exists($event.phone)"><assign location="phone" expr="$event.phone"/></if>
      <if cond="exists($event.mode)"><assign location="mode" expr="$event.mode"/></if>
    </onentry>
    <transition event="withdrawn" target="cancelled"/>
    <transition event="note" cond="$event.text eq 'break'">
      <assign location="broken" expr="true()"/></transition>
    <transition event="note" cond="$event.text eq 'again'" target="asking" type="internal"/>
    <transition event="note" cond="$event.text eq 'refuse'"><m:refuse code="not-now"/></transition>
    <transition event="note" cond="$event.text eq 'label'"><m:effect name="label"/>
      <assign location="notes" expr="concat($notes, 'label;')"/></transition>
    <transition event="note" cond="$event.text eq 'label!'">
      <m:effect name="label" essential="true"/>
      <assign location="notes" expr="concat($notes, 'label!;')"/></transition>
    <transition event="note" cond="$event.text eq 'phone'">
      <assign location="phone" expr="'0790000000'"/></transition>
    <transition event="note" cond="$event.text eq 'fast'">
      <m:effect name="sms" text="'one'" scope="case"/>
        <m:effect name="sms" text="'two'" scope="case"/>
      <m:effect name="sms" text="'three'" scope="case"/></transition>
    <transition event="note"><assign location="notes" expr="concat($notes, $event.text, ';')"/>
      </transition>
    <transition event="sms-failed"><m:task name="lost" effect="$event.effect" detail="$event.code"/>
      <assign location="notes" expr="concat($notes, 'sms ', $event.code, ';')"/></transition>
    <transition event="sms-report">
      <assign location="notes" expr="concat($notes, 'report ', $event.state, ';')"/></transition>
    <transition event="quote-refused" target="cancelled"/>
    <transition event="task.silent.stop" target="cancelled"/>
    <transition event="task.mismatch.settled">
      <assign location="notes" expr="concat($notes, 'settled ', $event.reference, ';')"/>
        </transition>
    <transition event="task.lost.seen"><assign location="notes" expr="concat($notes, 'seen;')"/>
      </transition>
    <state id="asking" m:waits-for="partner">
      <onentry><m:effect name="ask-quote"/></onentry>
      <m:deadline id="nudge" after="PT4H" every="PT6H">
        <assign location="notes" expr="concat($notes, 'nudge;')"/></m:deadline>
      <transition event="quoted" target="paying"><assign location="amount" expr="$event.price"/>
        </transition>
    </state>
    <state id="paying" m:waits-for="citizen">
      <onentry>
        <assign location="bill" expr="serial('bill')"/>
        <m:effect name="sms" text="'pay'" not-after="deadline('expiry')"/>
        <m:effect name="tell" scope="case" essential="true"/>
      </onentry>
      <m:deadline id="reminder" before="expiry PT24H">
        <assign location="notes" expr="concat($notes, 'reminder;')"/>
        <assign location="broken" expr="$mode eq 'bad-reminder'"/></m:deadline>
      <m:deadline id="expiry" after="PT72H" target="cancelled"/>
      <transition event="payment" cond="$event.paid eq $amount" target="paid">
        <assign location="notes" expr="concat($notes, 'paid ', $event.transaction, ';')"/>
        <m:reply name="accepted" amount="$event.paid"/></transition>
      <transition event="payment"><m:task name="mismatch"/><m:reply name="wrong-amount"/>
        </transition>
    </state>
  </state>
  <final id="paid">
    <onentry><m:effect name="tell" scope="case" essential="true"/></onentry>
    <m:transition event="payment"><m:task name="lost"/>
      <m:reply name="accepted" amount="$event.paid"/></m:transition>
  </final>
  <final id="cancelled"><onentry><m:effect name="tell" scope="case" essential="true"/></onentry>
    </final>
</scxml>)xml";

const char* const kRouteHead = R"(<?xml version="1.0"?>)";

std::string mapping(const std::string& id, const std::string& output) {
  return "<mapping id=\"" + id + "\" xmlns:mp=\"urn:masar:mapping\"><output>" + output +
         "</output></mapping>";
}

void add_routes(ConfigText& config) {
  const std::string head(kRouteHead);
  config.set("config/routes/order.xml", head + R"(<route id="order" mode="durable">
  <from endpoint="shop-in" type="Order"/>
  <find key="/Order/no"/><find alias="plate" value="/Order/plate"/><no-case do="open"/>
  <choice><when test="exists(/Order/mode) and /Order/mode eq 'unwanted'">
    <refuse code="unwanted" text="No, thank you"/></when></choice>
  <map using="order/order"/><to process="order" event="order"/></route>)");
  config.set("config/routes/note.xml", head + R"(<route id="note" mode="durable">
  <from endpoint="shop-in" type="Note"/><find key="/Note/no"/>
    <no-case do="refuse" code="no-such-order"/>
  <map using="order/note"/><to process="order" event="note"/></route>)");
  config.set("config/routes/withdraw.xml", head + R"(<route id="withdraw" mode="durable">
  <from endpoint="shop-in" type="Withdraw"/><find key="/Withdraw/no"/>
  <map using="order/nothing"/><to process="order" event="withdrawn"/></route>)");
  config.set("config/routes/log.xml", head + R"(<route id="log" mode="durable">
  <from endpoint="shop-in" type="Log"/><find key="/Log/no"/><no-case do="record"/>
  <map using="order/nothing"/><to process="order" event="withdrawn"/></route>)");
  config.set("config/routes/keep.xml", head + R"(<route id="keep" mode="durable">
  <from endpoint="shop-in" type="Keep"/><find key="/Keep/no"/><no-case do="keep"/>
  <map using="order/kept"/><to process="order" event="note"/></route>)");
  config.set("config/routes/payment.xml", head + R"(<route id="payment" mode="durable">
  <from endpoint="pay-in" type="Payments" parts="/Payments/Payment"/>
  <find alias="bill" value="/Payment/bill"/><no-case do="refuse" code="no-such-bill"/>
  <map using="order/payment"/><to process="order" event="payment"/>
  <reply name="accepted"><map using="order/accepted"/></reply>
  <reply name="wrong-amount"><map using="order/wrong-amount"/></reply></route>)");
  config.set("config/routes/ask.xml", head + R"(<route id="ask" mode="query">
  <from endpoint="ask-in" type="Ask"/><find key="/Ask/no"/><query process="order"/>
  <map using="order/answer"/><no-case><map using="order/no-answer"/></no-case></route>)");
  config.set("config/routes/ask-quote.xml", head + R"(<route id="ask-quote" mode="durable">
  <from process="order" effect="ask-quote"/><map using="order/ask-quote"/>
  <call endpoint="supplier" operation="Quote"/><map using="order/quoted"/>
    <to process="order" event="quoted"/>
  <on-failure kind="unavailable" keep="retrying" task-after="PT2H" task="silent"/>
  <on-failure kind="rejected" code="NO_STOCK" event="quote-refused"/>
  <on-failure kind="rejected" task="silent"/>
  <on-failure kind="unknown" task="silent"/></route>)");
  config.set("config/routes/sms.xml", head + R"(<route id="sms" mode="durable">
  <from process="order" effect="sms"/><map using="order/sms"/><call endpoint="sms"/>
  <on-failure kind="unavailable" event="sms-failed"/>
  <on-failure kind="rejected" event="sms-failed"/>
  <on-failure kind="unknown" event="sms-failed"/>
  <on-failure kind="expired" event="sms-failed"/>
  <on-report event="sms-report"/></route>)");
  config.set("config/routes/tell.xml", head + R"(<route id="tell" mode="durable">
  <from process="order" effect="tell"/><map using="order/tell"/><call endpoint="shop-out"/>
  <on-failure kind="unavailable" keep="retrying"/>
  <on-failure kind="rejected" task="lost"/><on-failure kind="unknown" keep="retrying"/></route>)");
  config.set("config/routes/label.xml", head + R"(<route id="label" mode="durable">
  <from process="order" effect="label"/><map using="order/label"/><call endpoint="supplier"/>
  <on-failure kind="unavailable" task="lost"/>
  <on-failure kind="rejected" task="lost"/><on-failure kind="unknown" task="lost"/></route>)");
}

void add_mappings(ConfigText& config) {
  const auto add = [&](const std::string& id, const std::string& output) {
    config.set("mappings/order/" + id + ".map.xml", mapping("order/" + id, output));
  };
  add("order", R"(<event><no>{/Order/no}</no><plate>{/Order/plate}</plate>
    <phone mp:optional="true">{/Order/phone}</phone><mode mp:optional="true">{/Order/mode}</mode>
      </event>)");
  add("note", "<event><text>{/Note/text}</text></event>");
  add("kept", "<event><text>kept</text></event>");
  add("nothing", "<event/>");
  add("payment", R"(<event><transaction mp:optional="true">{/Payment/transaction}</transaction>
    <paid>{/Payment/amount}</paid></event>)");
  add("accepted", "<Accepted><bill>{$case.bill}</bill><amount>{$reply.amount}</amount></Accepted>");
  add("wrong-amount", "<WrongAmount>{/Payment/amount}</WrongAmount>");
  add("answer", "<Answer><state>{$case.state}</state><notes>{$case.notes}</notes></Answer>");
  add("no-answer", "<NoOrder/>");
  add("ask-quote", "<AskQuote>{$case.no}</AskQuote>");
  add("quoted", "<event><price>{/Quote/price}</price></event>");
  add("sms", "<Sms>{$effect.text}</Sms>");
  add("tell",
      "<Told><no>{$case.key}</no><state>{$case.state}</state><version>{$case.version}</version></"
      "Told>");
  add("label", "<Label>{$case.phone}</Label>");
  add("refused", R"(<Refused><id>{$message.id}</id><code>{$refusal.code}</code>
    <state mp:optional="true">{$refusal.state}</state></Refused>)");
}

}  // namespace

ConfigText order_config() {
  ConfigText config;
  config.set("config/hub.xml", kHub);
  config.set("config/calendars/working.xml", kCalendar);
  config.set("config/schemas/shop.xsd", kSchema);
  config.set("config/schemas/supplier.xsd", kQuoteSchema);
  config.set("config/processes/order.scxml", kProcess);
  config.set("config/endpoints/shop-in.xml", kShopIn);
  config.set("config/endpoints/pay-in.xml", kPayIn);
  config.set("config/endpoints/ask-in.xml", kAskIn);
  config.set("config/endpoints/shop-out.xml",
             outbound("shop-out", "shop", "amqp", kShopOutDelivery));
  config.set(
      "config/endpoints/supplier.xml",
      outbound("supplier", "supplier", "http", kSupplierDelivery, "schema=\"supplier.xsd\""));
  config.set("config/endpoints/sms.xml", outbound("sms", "gateway", "http", kSmsDelivery));
  add_routes(config);
  add_mappings(config);
  return config;
}

}  // namespace masar::testing
