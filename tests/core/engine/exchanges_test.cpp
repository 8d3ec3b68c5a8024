#define BOOST_TEST_DYN_LINK
#include "core/engine/exchanges.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/engine_stage.h"

using namespace masar;
using namespace masar::testing;
using connector::Correlation;

namespace {

using Sources = std::set<Correlation>;

/// By root, of what goes out over an endpoint.
std::map<std::string, Sources> correlations(const ConfigText& config, const std::string& endpoint) {
  Stage stage(config);
  std::map<std::string, Sources> found;
  const engine::Snapshot& snapshot = stage.hub().snapshot();
  for (const auto& exchange : engine::exchanges_of(snapshot, *snapshot.endpoint(endpoint)))
    found[exchange.root.local] = exchange.correlation;
  return found;
}

bool is(const Sources& found, const Sources& wanted) { return found == wanted; }

}  // namespace

BOOST_AUTO_TEST_SUITE(engine_exchanges)

BOOST_AUTO_TEST_CASE(effects_and_refusals_have_their_cases_key) {
  const auto found = correlations(order_config(), "shop-out");
  BOOST_TEST(found.size() == 2);
  BOOST_TEST(is(found.at("Told"), {Correlation::case_key}));
  BOOST_TEST(is(found.at("Refused"), {Correlation::case_key}));
}

BOOST_AUTO_TEST_CASE(a_route_may_say_the_correlation_itself) {
  auto config = order_config();
  config.change("config/routes/tell.xml", "<call ",
                R"(<set-header name="correlation-id" value="x"/><call )");
  BOOST_TEST(is(correlations(config, "shop-out").at("Told"), {Correlation::route}));
}

BOOST_AUTO_TEST_CASE(what_a_message_is_tapped_for_has_no_case_yet) {
  auto config = order_config();
  config.change("config/routes/note.xml", "<map using=",
                R"(<wire-tap endpoint="shop-out"/><map using=)");
  BOOST_TEST(is(correlations(config, "shop-out").at("Note"), {Correlation::none}));
}

BOOST_AUTO_TEST_CASE(what_is_passed_on_has_its_senders) {
  auto config = order_config();
  config.set("config/endpoints/through.xml",
             R"(<endpoint id="through" partner="shop" connector="amqp" direction="in">
                <amqp/></endpoint>)");
  config.set("config/routes/through.xml", R"(<route id="through" mode="pass-through">
             <from endpoint="through"/><call endpoint="shop-out"/></route>)");
  BOOST_TEST(is(correlations(config, "shop-out").at(""), {Correlation::sender}));
}

// What is said above, as it is sent.
BOOST_AUTO_TEST_CASE(what_is_sent_has_the_correlation_that_is_told) {
  auto config = order_config();
  config.change("config/routes/note.xml", "<map using=",
                R"(<wire-tap endpoint="shop-out"/><map using=)");
  Stage stage(config);
  const auto correlation = [&]() -> std::string {
    const auto headers = stage.next("shop-out").headers;
    stage.delivered("shop-out");
    for (const auto& [name, value] : headers) {
      if (name == "correlation-id") return value;
    }
    return "none";
  };
  stage.say("shop-in", "<Order><no>A</no><plate>P</plate></Order>");
  stage.say("shop-in", "<Note><no>A</no><text>refuse</text></Note>");
  BOOST_TEST(correlation() == "none");  // the tap
  BOOST_TEST(correlation() == "A");     // the refusal
  stage.delivered("supplier", "<Quote><price>5</price></Quote>");
  BOOST_TEST(correlation() == "A");  // what the shop is told
}

BOOST_AUTO_TEST_SUITE_END()
