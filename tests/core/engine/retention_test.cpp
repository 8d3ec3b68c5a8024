#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/store/audit_verifier.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

namespace {

ConfigText keeping(const std::string& element) {
  auto config = order_config();
  config.change("config/hub.xml", "</hub>", "<retention " + element + "/></hub>");
  return config;
}

std::string verified(store::Store& store) {
  store::AuditVerifier verifier(store.audit_heads(), {});
  return store::verify_log(store, verifier);
}

// The order has ended unpaid, and everything that it wanted to say is said.
void to_end(Stage& stage) {
  to_paying(stage, "A");
  stage.clock("2026-01-07T05:00:00Z");
  for (const char* endpoint : {"sms", "shop-out"}) {
    while (stage.pending(endpoint) > 0) stage.delivered(endpoint);
  }
  BOOST_REQUIRE(stage.state("A") == "cancelled");
}

// Payloads, by journal row, that are still there.
std::size_t with_content(Stage& stage) {
  std::size_t count = 0;
  for (store::RowId id = 1;; ++id) {
    const auto row = stage.store().find_journal(id);
    if (!row) return count;
    if (!row->payload.empty()) ++count;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(retention)

BOOST_AUTO_TEST_CASE(content_goes_when_its_time_is_over_and_the_chain_still_verifies) {
  Stage stage(keeping("messages=\"P10D\" cases=\"P20D\" batch=\"1\""));
  to_end(stage);
  const auto whole = with_content(stage);
  BOOST_REQUIRE(whole > 1u);

  stage.set_clock(*parse_instant("2026-01-14T05:00:00Z"));  // 10 days after the first message
  stage.wait(std::chrono::hours(1));
  BOOST_TEST(with_content(stage) == whole);
  stage.set_clock(*parse_instant("2026-01-14T05:00:01Z"));
  stage.wait(std::chrono::hours(1));
  BOOST_TEST(with_content(stage) < whole);
  BOOST_TEST(stage.metric("masar_retention_removed_total", "kind", "messages") > 0);
  BOOST_TEST(stage.audited("", "retention", "messages") == 1);
  BOOST_TEST(stage.state("A") == "cancelled");  // the case is kept longer
  BOOST_TEST(verified(stage.store()).empty());

  stage.set_clock(*parse_instant("2026-01-28T05:00:00Z"));
  stage.wait(std::chrono::hours(1));
  BOOST_TEST(with_content(stage) == 0u);
  BOOST_TEST(stage.state("A").empty());
  BOOST_TEST(stage.audited("", "retention", "cases") == 1);
  BOOST_TEST(stage.audited("A", "deadline") > 0);  // the log stays
  BOOST_TEST(verified(stage.store()).empty());

  stage.restart();  // ids go on where they were
  stage.say("shop-in", order("B"), "m-B");
  BOOST_TEST(!stage.state("B").empty());
  BOOST_TEST(verified(stage.store()).empty());
}

BOOST_AUTO_TEST_CASE(a_round_goes_on_where_the_last_one_ended_and_says_nothing_about_nothing) {
  Stage stage(keeping("messages=\"P10D\""));
  to_end(stage);
  stage.set_clock(*parse_instant("2026-01-20T05:00:00Z"));
  stage.wait(std::chrono::hours(1));
  const auto removed = stage.metric("masar_retention_removed_total", "kind", "messages");
  BOOST_TEST(removed > 0);
  BOOST_TEST(!stage.store().settings()["retention.messages"].empty());
  stage.wait(std::chrono::hours(3));
  BOOST_TEST(stage.metric("masar_retention_removed_total", "kind", "messages") == removed);
  BOOST_TEST(stage.audited("", "retention", "messages") == 1);
}

BOOST_AUTO_TEST_CASE(a_duplicate_gets_its_answer_as_long_as_its_key_is_kept) {
  Stage stage(keeping("messages=\"P1D\""));
  const auto bill = to_paying(stage, "A");
  const auto first = stage.say("pay-in", payments("E", {payment(bill, "T", "5")}));
  stage.set_clock(stage.now() + std::chrono::hours(24 * 30));
  stage.wait(std::chrono::hours(1));
  BOOST_TEST(stage.metric("masar_retention_removed_total", "kind", "messages") > 0);
  const auto again = stage.say("pay-in", payments("E", {payment(bill, "T", "5")}));
  BOOST_REQUIRE((first && again));
  BOOST_TEST(stage.metric("masar_retention_removed_total", "kind", "replies") == 0);
}

BOOST_AUTO_TEST_CASE(zero_keeps_for_ever) {
  Stage stage(keeping("messages=\"PT0S\" cases=\"PT0S\""));
  to_end(stage);
  const auto whole = with_content(stage);
  stage.set_clock(*parse_instant("2046-01-07T05:00:00Z"));
  stage.wait(std::chrono::hours(1));
  BOOST_TEST(with_content(stage) == whole);
  BOOST_TEST(stage.state("A") == "cancelled");
  BOOST_TEST(stage.metric("masar_retention_removed_total", "kind", "keys") > 0);
}

BOOST_AUTO_TEST_SUITE_END()
