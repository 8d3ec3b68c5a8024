// The log's lines about messages: ids, never contents.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";

void say_traced(Stage& stage, const std::string& body, const std::string& id) {
  connector::Received received;
  received.endpoint = "shop-in";
  received.sender = stage.hub().snapshot().endpoint("shop-in")->spec.partner;
  received.message_id = id;
  received.headers = {{"traceparent", "00-" + kTrace + "-00f067aa0ba902b7-01"}};
  received.body = body;
  stage.hand_in(std::move(received), [](const connector::IntakeAnswer&) {});
  stage.run();
}

/// The one line about a dead letter.
Logged letter_line(const Stage& stage) {
  std::vector<Logged> found;
  for (const auto& line : stage.logged()) {
    if (line.text.starts_with("a dead letter: ")) found.push_back(line);
  }
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  return found[0];
}

void check_ids(const Logged& line, const std::string& route, const std::string& case_key,
               const std::string& message) {
  BOOST_TEST(line.ids.trace == kTrace);
  BOOST_TEST(line.ids.route == route);
  BOOST_TEST(line.ids.case_key == case_key);
  BOOST_TEST(line.ids.message == message);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(logs)

BOOST_AUTO_TEST_CASE(a_dead_letter_is_logged_with_its_ids) {
  Stage stage;
  say_traced(stage, order("A"), "m1");
  BOOST_TEST(stage.logged().empty());  // nothing to say of what goes well
  say_traced(stage, note("A", "break"), "m2");
  const Logged line = letter_line(stage);
  BOOST_TEST(line.text == "a dead letter: " + stage.letters().at(0).code + ", at event note");
  check_ids(line, "note", "A", "m2");
}

BOOST_AUTO_TEST_CASE(so_is_a_message_that_is_kept_without_a_case) {
  Stage stage;
  say_traced(stage, "<Keep><no>A</no></Keep>", "m1");
  check_ids(letter_line(stage), "keep", "", "m1");
}

BOOST_AUTO_TEST_CASE(an_effect_that_could_not_be_made_is_logged_with_the_trace_of_its_message) {
  Stage stage;
  say_traced(stage, order("A"), "m1");
  say_traced(stage, note("A", "label"), "m2");
  check_ids(letter_line(stage), "label", "A", stage.outbox("A", "label").at(0).id);
}

BOOST_AUTO_TEST_CASE(without_a_trace_the_line_has_the_one_that_began_with_the_message) {
  Stage stage;
  stage.say("shop-in", order("A"), "m1");
  stage.say("shop-in", note("A", "break"), "m2");
  BOOST_TEST(letter_line(stage).ids.trace.size() == kTrace.size());
}

BOOST_AUTO_TEST_SUITE_END()
