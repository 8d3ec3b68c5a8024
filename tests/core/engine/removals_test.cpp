// A configuration is refused where something open needs what it lacks (ENGINE.md 22).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <sstream>

#include "tests/core/engine/editions.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

namespace {

/// What the hub says against `config`; empty: it starts.
std::string refused(Stage& stage, const ConfigText& config) {
  try {
    stage.start(config);
    return {};
  } catch (const Error& error) {
    BOOST_TEST(error.code() == "configuration-refused");
    return error.what();
  }
}

void expect(const std::string& findings, std::initializer_list<const char*> parts) {
  for (const char* part : parts)
    BOOST_TEST(findings.find(part) != std::string::npos, part << " is not in\n" << findings);
}

const std::string kSupplier = "config/endpoints/supplier.xml";

ConfigText with_operations(ConfigText config, const std::string& names) {
  std::string operations;
  std::istringstream words(names);
  for (std::string name; words >> name;) operations += "<operation name=\"" + name + "\"/>";
  config.change("config/routes/label.xml", "<call endpoint=\"supplier\"/>",
                "<call endpoint=\"supplier\" operation=\"Label\"/>");
  return config.change(kSupplier, "<http/>", "<http>" + operations + "</http>");
}

/// Without the endpoint `supplier`: what it was asked goes to the gateway.
ConfigText without_supplier() {
  ConfigText config = edition(2);
  config.remove(kSupplier);
  config.change("config/routes/ask-quote.xml", "endpoint=\"supplier\"", "endpoint=\"sms\"");
  config.change("config/routes/label.xml", "endpoint=\"supplier\"", "endpoint=\"sms\"");
  return config;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(removals)

BOOST_AUTO_TEST_CASE(an_endpoint_that_open_cases_name) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", order("B"), "b");
  stage.delivered("supplier", quote_of(1));
  stage.delivered("supplier", quote_of(1));
  stage.stop();
  const std::string findings = refused(stage, without_supplier());
  expect(findings,
         {"config/routes/ask-quote.xml:3:", "outbound endpoint \"supplier\" is gone",
          "2 open cases of process \"order\" need it, such as A", "keep it until they have ended"});
  stage.start(edition(2));  // nothing was changed by the attempt
  BOOST_TEST(stage.state("A") == "paying");
}

BOOST_AUTO_TEST_CASE(an_endpoint_that_only_waiting_effects_name) {
  Stage stage(edition(1));
  stage.set_ready("shop-out", false);
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", withdraw("A"), "w");
  BOOST_TEST(stage.state("A") == "cancelled");
  const auto tell_elsewhere = [] {
    ConfigText config = edition(2);
    config.remove("config/endpoints/shop-out.xml");
    config.change("config/routes/tell.xml", "endpoint=\"shop-out\"", "endpoint=\"sms\"");
    config.change("config/routes/tell.xml", R"(kind="unknown" keep="retrying")",
                  R"(kind="unknown" task="lost")");
    config.change("config/endpoints/shop-in.xml", "refusals=\"shop-out\"", "refusals=\"sms\"");
    return config;
  };
  stage.stop();
  const std::string findings = refused(stage, tell_elsewhere());
  expect(findings, {"config/hub.xml:1:", "outbound endpoint \"shop-out\" is gone",
                    "1 effect waits for it, such as one of case A", "until they are sent"});
  stage.start(edition(1));
  stage.set_ready("shop-out", true);
  stage.delivered("shop-out");
  stage.stop();
  BOOST_TEST(refused(stage, tell_elsewhere()) == "");
}

BOOST_AUTO_TEST_CASE(an_operation) {
  Stage stage(with_operations(edition(1), "Quote1 Label"));
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote_of(1));
  stage.stop();
  const std::string findings = refused(stage, with_operations(edition(2), "Quote2 Label"));
  expect(findings, {"config/endpoints/supplier.xml:1:1",
                    "operation \"Quote1\" of endpoint \"supplier\" is gone", "such as A"});
  BOOST_TEST(refused(stage, with_operations(edition(2), "Quote2 Quote1 Label")) == "");
}

BOOST_AUTO_TEST_CASE(an_event_that_a_case_waits_for) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");
  stage.stop();
  ConfigText config = edition(2);
  config.remove("config/routes/withdraw.xml");
  config.remove("config/routes/log.xml");
  const std::string findings = refused(stage, config);
  expect(findings, {"config/routes/log.xml:1:", "no route brings event \"withdrawn\" any more",
                    "1 open case of process"});
  // One of another name does as well.
  config.set("config/routes/leave.xml", R"(<route id="leave" mode="durable">
    <from endpoint="shop-in" type="Withdraw"/><find key="/Withdraw/no"/>
    <map using="order/nothing"/><to process="order" event="withdrawn"/></route>)");
  BOOST_TEST(refused(stage, config) == "");
  stage.say("shop-in", withdraw("A"), "w");
  BOOST_TEST(stage.state("A") == "cancelled");
}

BOOST_AUTO_TEST_CASE(a_field_that_a_case_requires) {
  ConfigText first = edition(1);
  first.change("config/processes/order.scxml", "<m:field id=\"tone1\" type=\"text\"/>",
               "<m:field id=\"tone1\" type=\"text\" required=\"true\"/>");
  Stage stage(first);
  stage.say("shop-in", order("A"), "a");
  stage.stop();
  const std::string findings = refused(stage, edition(2));
  expect(findings, {"config/routes/keep.xml:1:",
                    "event \"note\" comes without field \"tone1\" of type text", "such as A"});
}

BOOST_AUTO_TEST_CASE(a_series_that_a_case_numbers_from) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");
  stage.stop();
  ConfigText config = edition(2);
  config.change("config/hub.xml", "series name=\"bill\"", "series name=\"paper\"");
  config.change("config/processes/order.scxml", "serial('bill')", "serial('paper')");
  expect(refused(stage, config), {"config/hub.xml:1:", "series \"bill\" is gone"});
}

BOOST_AUTO_TEST_CASE(cases_that_have_ended_need_nothing) {
  Stage stage(edition(1));
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", quote_of(1));
  stage.say("shop-in", withdraw("A"), "w");
  stage.delivered("sms");
  stage.delivered("shop-out");
  if (stage.pending("shop-out") > 0) stage.delivered("shop-out");
  stage.stop();
  BOOST_TEST(refused(stage, without_supplier()) == "");
}

BOOST_AUTO_TEST_SUITE_END()
