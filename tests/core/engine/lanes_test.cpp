// What lanes leave in the journal, and read from there (ENGINE.md 8, 10).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

namespace {

/// Memory for one event.
ConfigText narrow() {
  auto config = order_config();
  config.change("config/hub.xml", R"(<engine refusals-audited="3"/>)",
                R"(<engine refusals-audited="3" lane-bytes="500"/>)");
  return config;
}

/// The case's row names a process that is not there, or names its own again.
void set_process(Stage& stage, const std::string& key, const std::string& process) {
  store::Transaction change;
  auto row = stage.row(key);
  row.version += 1;
  row.process = process;
  change.cases.push_back(row);
  stage.hub().journal().submit(std::move(change), {});
  stage.run_store();
}

std::string numbers(int count) {
  std::string all;
  for (int n = 0; n < count; ++n) all += std::to_string(n) + ";";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lanes)

BOOST_AUTO_TEST_CASE(a_query_behind_rows_that_a_full_lane_left_in_the_journal_waits_for_them) {
  Stage stage(narrow());
  stage.say("shop-in", order("A"), "a");
  for (int n = 0; n < 300; ++n)
    stage.hand_in("shop-in", note("A", std::to_string(n)), "n" + std::to_string(n));
  stage.run_store();
  const auto asked = stage.hand_in("ask-in", ask("A"));
  const auto other = stage.hand_in("ask-in", ask("none"));
  stage.run();
  stage.wait(std::chrono::milliseconds(100));
  BOOST_TEST(asked->text() ==
             "replied <Answer><state>asking</state><notes>" + numbers(300) + "</notes></Answer>");
  BOOST_TEST(other->text() == "replied <NoOrder/>");
  BOOST_TEST(stage.hub().in_flight() == "rows for endpoint supplier are ready or sending");
}

BOOST_AUTO_TEST_CASE(what_waits_behind_an_event_that_is_tried_again_takes_no_memory_of_others) {
  Stage stage(narrow());
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", order("B"), "b");
  set_process(stage, "A", "gone");
  stage.restart();  // the case is not in memory any more
  for (int n = 0; n < 20; ++n)
    stage.hand_in("shop-in", note("A", std::to_string(n)), "n" + std::to_string(n));
  stage.run();
  const auto asked = stage.hand_in("ask-in", ask("A"));
  stage.say("shop-in", note("B", "x"), "bx");
  BOOST_TEST(stage.data("B", "notes") == "x;");  // at once
  BOOST_TEST(asked->text() == "open");
  set_process(stage, "A", "order");
  stage.wait(std::chrono::seconds(2));
  BOOST_TEST(stage.data("A", "notes") == numbers(20));
  BOOST_TEST(asked->text().find("<notes>" + numbers(20) + "</notes>") != std::string::npos);
  BOOST_TEST(stage.letters().empty());
  BOOST_TEST(stage.count("journal_undone") == 0);
  stage.say("shop-in", note("A", "last"), "last");
  BOOST_TEST(stage.data("A", "notes") == numbers(20) + "last;");
}

BOOST_AUTO_TEST_CASE(more_than_is_read_at_once_waits_behind_an_event_that_is_tried_again) {
  Stage stage;
  stage.say("shop-in", order("A"), "a");
  set_process(stage, "A", "gone");
  stage.restart();
  for (int n = 0; n < 600; ++n)
    stage.hand_in("shop-in", note("A", std::to_string(n)), "n" + std::to_string(n));
  stage.run();
  set_process(stage, "A", "order");
  stage.wait(std::chrono::seconds(2));
  BOOST_TEST((stage.data("A", "notes") == numbers(600)));
  BOOST_TEST(stage.count("journal_undone") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
