// One order from its coming in to its end: everything that the other tests take apart.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

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

BOOST_AUTO_TEST_SUITE_END()
