// One order from its coming in to its end: everything that the other tests take apart.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <set>

#include "core/engine/records.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

BOOST_AUTO_TEST_SUITE(straight_line)

BOOST_AUTO_TEST_CASE(an_order_is_quoted_paid_and_told_of) {
  Stage stage;
  BOOST_TEST(stage.say("shop-in", order("A"), "m1")->text() == "accepted");
  BOOST_TEST(stage.state("A") == "asking");
  BOOST_REQUIRE(stage.pending("supplier") == 1);
  BOOST_TEST(stage.next("supplier").body == "<AskQuote>A</AskQuote>");
  BOOST_TEST(stage.next("supplier").operation == "Quote");
  stage.delivered("supplier", "<Quote><price>12.500</price></Quote>");
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.next("sms").body == "<Sms>pay</Sms>");
  BOOST_TEST(stage.next("shop-out").body ==
             "<Told><no>A</no><state>paying</state><version>2</version></Told>");
  stage.delivered("sms");
  stage.delivered("shop-out");
  const std::string bill = stage.data("A", "bill");
  BOOST_TEST(bill == "00000018");  // 1, and Luhn's digit of it
  const auto paid = stage.say("pay-in", payments("E1", {payment(bill, "T1", "12.500")}));
  BOOST_TEST(paid->text() ==
             "replied <Accepted><bill>" + bill + "</bill><amount>12.500</amount></Accepted>");
  BOOST_TEST(stage.state("A") == "paid");
  stage.delivered("shop-out");
  BOOST_TEST(stage.hub().in_flight() == "");
  BOOST_TEST(stage.letters().empty());
  BOOST_TEST(stage.row("A").version == 3);
}

BOOST_AUTO_TEST_CASE(an_orderly_stop_leaves_nothing_undone) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.delivered("supplier", "<Quote><price>1</price></Quote>");
  stage.delivered("sms");
  stage.delivered("shop-out");
  BOOST_TEST(stage.stop());
  stage.start();
  BOOST_TEST(stage.hub().not_ready() == "");
  BOOST_TEST(stage.state("A") == "paying");
  BOOST_TEST(stage.sent("sms").size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_message_causes_is_of_its_trace_and_what_outcomes_cause_too) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  Stage stage;
  connector::Received received;
  received.endpoint = "shop-in";
  received.sender = stage.hub().snapshot().endpoint("shop-in")->spec.partner;
  received.message_id = "m";
  received.headers = {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}};
  received.body = order("A");
  stage.hand_in(std::move(received), [](const connector::IntakeAnswer&) {});
  stage.run();
  stage.delivered("supplier", quote());  // its outcome causes the others
  stage.delivered("sms");
  stage.delivered("shop-out");
  std::set<std::string> spans;
  for (const char* endpoint : {"supplier", "sms", "shop-out"}) {
    const auto sent = stage.sent(endpoint);
    BOOST_REQUIRE(!sent.empty());
    const std::string parent = engine::header_value(sent.back().attempt.headers, "traceparent");
    BOOST_TEST(parent.starts_with("00-" + trace + "-"), endpoint);
    spans.insert(parent.substr(parent.size() - 19, 16));
  }
  BOOST_TEST(spans.size() == 3u);
  BOOST_TEST(!spans.contains("00f067aa0ba902b7"));
}

BOOST_AUTO_TEST_SUITE_END()
