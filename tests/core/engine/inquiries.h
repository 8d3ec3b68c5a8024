#pragma once

#include <string>

#include "tests/core/engine/orders.h"

/// The small service of the tests where nobody knows a repetition: the supplier, too, takes a
/// request at most once, and his desk and the gateway's are asked whether a request was done.
namespace masar::testing {

inline std::string desk(const std::string& id) {
  return "<endpoint id=\"" + id + R"(" partner="supplier" connector="http" direction="out">
  <timeout after="PT5S"/><retry attempts="3" first="PT1S" factor="2" max="PT10S" jitter="0"/>
  <breaker failures="0" open="PT5S"/><rate per-second="0"/><concurrency max="2"/>
  <idempotency kind="idempotent"/><http/></endpoint>)";
}

inline std::string desk_mapping(const std::string& id, const std::string& output) {
  return "<mapping id=\"" + id + "\"><output>" + output + "</output></mapping>";
}

inline ConfigText inquiry_config() {
  ConfigText config = order_config();
  config.change("config/endpoints/supplier.xml", R"(kind="idempotent")", R"(kind="at-most-once")");
  config.change("config/routes/ask-quote.xml", R"(kind="unknown" task="silent")",
                R"(kind="unknown" inquiry="quote-given" task="silent")");
  config.change("config/routes/sms.xml", R"(kind="unknown" event="sms-failed")",
                R"(kind="unknown" inquiry="sms-sent" event="sms-failed")");
  config.set("config/endpoints/desk.xml", desk("desk"));
  config.set("config/endpoints/gateway-desk.xml", desk("gateway-desk"));
  config.set("config/routes/quote-given.xml", R"(<route id="quote-given" mode="inquiry">
  <from process="order"/>
  <map using="order/was-given"/><call endpoint="desk"/>
  <choice>
    <when test="/Given eq 'no'"><verdict is="not-done"/></when>
    <when test="/Given eq 'lost'"><verdict is="undecided"/></when>
    <otherwise><map using="order/given"/><verdict is="done"/></otherwise>
  </choice></route>)");
  config.set("config/routes/sms-sent.xml", R"(<route id="sms-sent" mode="inquiry">
  <from process="order"/>
  <map using="order/was-sent"/><call endpoint="gateway-desk"/>
  <choice>
    <when test="/Sent eq 'yes'"><verdict is="done"/></when>
    <otherwise><verdict is="not-done"/></otherwise>
  </choice></route>)");
  config.set("mappings/order/was-given.map.xml",
             desk_mapping("order/was-given",
                          R"(<WasGiven id="{$effect.id}" of="{$case.no}">{/AskQuote}</WasGiven>)"));
  config.set(
      "mappings/order/given.map.xml",
      desk_mapping("order/given", "<Quote><price>{/Given}</price></Quote>"));
  config.set("mappings/order/was-sent.map.xml",
             desk_mapping("order/was-sent", "<WasSent>{/Sms}</WasSent>"));
  return config;
}

inline std::string given(const std::string& price) { return "<Given>" + price + "</Given>"; }
inline std::string sms_sent(const std::string& yes_or_no) {
  return "<Sent>" + yes_or_no + "</Sent>";
}

}  // namespace masar::testing
