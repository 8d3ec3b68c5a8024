#pragma once

#include <initializer_list>
#include <string>

#include "tests/support/engine_stage.h"

/// Messages of the small service of the tests (tests/support/order_config.h), and shared ways
/// through it.
namespace masar::testing {

inline std::string order(const std::string& no, const std::string& plate = {},
                         const std::string& more = {}) {
  return "<Order><no>" + no + "</no><plate>" + (plate.empty() ? "P-" + no : plate) + "</plate>" +
         more + "</Order>";
}
inline std::string note(const std::string& no, const std::string& text) {
  return "<Note><no>" + no + "</no><text>" + text + "</text></Note>";
}
inline std::string withdraw(const std::string& no) {
  return "<Withdraw><no>" + no + "</no></Withdraw>";
}
inline std::string payment(const std::string& bill, const std::string& transaction,
                           const std::string& amount) {
  return "<Payment><bill>" + bill + "</bill><transaction>" + transaction +
         "</transaction><amount>" + amount + "</amount></Payment>";
}
inline std::string payments(const std::string& envelope, std::initializer_list<std::string> parts) {
  std::string text = "<Payments><envelope>" + envelope + "</envelope>";
  for (const auto& part : parts) text += part;
  return text + "</Payments>";
}
inline std::string ask(const std::string& no) { return "<Ask><no>" + no + "</no></Ask>"; }

inline std::string quote(const std::string& price = "5") {
  return "<Quote><price>" + price + "</price></Quote>";
}

/// The order `no` stands in `paying`, told of and with its short message sent; says its bill.
inline std::string to_paying(Stage& stage, const std::string& no, const std::string& more = {}) {
  stage.say("shop-in", order(no, {}, more), "open-" + no);
  stage.delivered("supplier", quote());
  stage.delivered("sms");
  stage.delivered("shop-out");
  return stage.data(no, "bill");
}

}  // namespace masar::testing
