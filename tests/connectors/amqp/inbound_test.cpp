#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <thread>

#include "connectors/amqp/codec.h"
#include "tests/connectors/amqp/client.h"
#include "tests/connectors/amqp/hub.h"

using namespace masar;
using namespace masar::test;

namespace {

std::string message(const std::string& body, const std::string& id = "m-1") {
  connector::Attempt attempt;
  attempt.effect_id = id;
  attempt.body = body;
  attempt.headers = {{"correlation-id", "A-1"}};
  return amqp::encode(attempt);
}

struct Fixture {
  Hub hub;
  std::string address;
  std::unique_ptr<Client> client;
  pn_link_t* link = nullptr;

  void open(const std::string& attributes = "", std::size_t bytes_max = 1 << 20) {
    hub.inbound("roads.in", "roads", attributes, bytes_max);
    address = hub.start();
    connect();
  }
  void connect() {
    client = std::make_unique<Client>(address, "roads", Hub::password("roads"));
    link = client->open_sender("roads.in");
    BOOST_REQUIRE(client->link_open(link));
  }
  void wait_credit(int credit) {
    client->until([&] { return client->credit(link) == credit; });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(amqp_inbound, Fixture)

BOOST_AUTO_TEST_CASE(a_message_is_handed_in_whole_and_accepted_after_its_answer) {
  open();
  const std::size_t number = client->send(link, message("<a/>"));
  const auto taken = hub.intake.wait_taken(1).front();
  BOOST_TEST(taken.endpoint == "roads.in-in");
  BOOST_TEST(taken.sender == "partner-of-roads.in-in");
  BOOST_TEST(taken.message_id == "m-1");
  BOOST_TEST(taken.body == "<a/>");
  BOOST_TEST(taken.encoded == "");
  BOOST_TEST(taken.headers.at(0).first == "correlation-id");
  // A message that is answered at once overtakes nothing: this one is still open when the next is
  // accepted.
  hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{accepted()}; });
  const std::size_t second = client->send(link, message("<b/>"));
  BOOST_TEST(client->wait_settled(second).state == PN_ACCEPTED);
  BOOST_TEST(!client->settled().contains(number));
  hub.intake.answer(accepted());
  BOOST_TEST(client->wait_settled(number).state == PN_ACCEPTED);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_rejected_with_condition_and_description) {
  open();
  hub.intake.answer_by(
      [](const auto&) { return connector::IntakeAnswer{refused("schema", "not\r\nvalid")}; });
  const auto settled = client->wait_settled(client->send(link, message("<a/>")));
  BOOST_TEST(settled.state == PN_REJECTED);
  BOOST_TEST(settled.condition == "masar:schema");
  BOOST_TEST(settled.description == "not valid");
}

BOOST_AUTO_TEST_CASE(a_condition_of_the_next_hop_passes_as_it_is) {
  open();
  hub.intake.answer_by(
      [](const auto&) { return connector::IntakeAnswer{refused("amqp:decode-error", "d")}; });
  BOOST_TEST(client->wait_settled(client->send(link, message("<a/>"))).condition ==
             "amqp:decode-error");
}

BOOST_AUTO_TEST_CASE(what_may_be_repeated_is_released) {
  open();
  hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{later()}; });
  BOOST_TEST(client->wait_settled(client->send(link, message("<a/>"))).state == PN_RELEASED);
}

BOOST_AUTO_TEST_CASE(parts_are_one_disposition) {
  open();
  hub.intake.answer_by([](const connector::Received& received) {
    if (received.body == "mixed") return connector::IntakeAnswer{refused("x", ""), accepted()};
    if (received.body == "late")
      return connector::IntakeAnswer{refused("x", ""), accepted(), later()};
    return connector::IntakeAnswer{refused("x", "1"), refused("y", "2")};
  });
  BOOST_TEST(client->wait_settled(client->send(link, message("mixed"))).state == PN_ACCEPTED);
  BOOST_TEST(client->wait_settled(client->send(link, message("late"))).state == PN_RELEASED);
  BOOST_TEST(client->wait_settled(client->send(link, message("none"))).condition == "masar:x");
}

BOOST_AUTO_TEST_CASE(credit_is_buffer_space) {
  open("credit=\"4\"");
  wait_credit(4);
  for (int i = 0; i < 6; ++i) client->send(link, message("<a/>", "m-" + std::to_string(i)));
  BOOST_TEST(hub.intake.wait_taken(4).size() == 4u);  // the fifth has no credit to leave with
  client->until([&] { return client->credit(link) <= 0; });
  BOOST_TEST(hub.intake.taken() == 4u);
  hub.intake.answer(accepted());
  client->until([&] { return hub.intake.taken() == 5; });
  const auto taken = hub.intake.wait_taken(5);
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(taken[static_cast<std::size_t>(i)].message_id == "m-" + std::to_string(i));
  for (int i = 0; i < 4; ++i) hub.intake.answer(accepted());
  client->until([&] { return hub.intake.taken() == 6; });
  hub.intake.answer(accepted());
  client->until([&] { return client->settled().size() == 6 && client->credit(link) > 0; });
}

BOOST_AUTO_TEST_CASE(a_message_in_pieces_is_one) {
  open();
  const std::string bytes = message("<piecemeal/>");
  const std::size_t number = client->send(link, bytes.substr(0, 3), false);
  for (std::size_t at = 3; at < bytes.size(); ++at)
    client->more(number, bytes.substr(at, 1), at + 1 == bytes.size());
  client->until([&] { return hub.intake.taken() == 1; });
  BOOST_TEST(hub.intake.wait_taken(1).front().body == "<piecemeal/>");
}

BOOST_AUTO_TEST_CASE(a_message_at_the_limit_passes_one_beyond_closes_the_link) {
  const std::size_t framing = message(std::string(60'000, 'x')).size() - 60'000;
  open("", 60'000 + framing);
  hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{accepted()}; });
  BOOST_TEST(client->wait_settled(client->send(link, message(std::string(59'999, 'x')))).state ==
             PN_ACCEPTED);
  BOOST_TEST(client->wait_settled(client->send(link, message(std::string(60'000, 'x')))).state ==
             PN_ACCEPTED);
  client->send(link, message(std::string(60'001, 'x')));
  client->until([&] { return client->link_closed(link); });
  BOOST_TEST(client->link_condition(link) == "amqp:link:message-size-exceeded");
  BOOST_TEST(hub.intake.wait_refused(1).front().starts_with(
      "roads.in-in amqp:link:message-size-exceeded"));
  BOOST_TEST(hub.intake.taken() == 2u);
  // The connection lives, and another link works.
  pn_link_t* again = client->open_sender("roads.in");
  BOOST_TEST(client->wait_settled(client->send(again, message("<a/>"))).state == PN_ACCEPTED);
}

BOOST_AUTO_TEST_CASE(an_endless_message_is_cut_at_the_limit) {
  open("", 100'000);
  const std::size_t number = client->send(link, std::string(30'000, 'x'), false);
  for (int i = 0; i < 3; ++i) client->more(number, std::string(30'000, 'x'), false);
  client->until([&] { return client->link_closed(link); });
  BOOST_TEST(client->link_condition(link) == "amqp:link:message-size-exceeded");
}

BOOST_AUTO_TEST_CASE(an_aborted_delivery_leaves_nothing) {
  open();
  hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{accepted()}; });
  const std::size_t number = client->send(link, message("<never/>").substr(0, 20), false);
  client->act([] {});  // the piece is on its way
  client->abort(number);
  BOOST_TEST(client->wait_settled(client->send(link, message("<a/>"))).state == PN_ACCEPTED);
  BOOST_TEST(hub.intake.wait_taken(1).front().body == "<a/>");
  BOOST_TEST(hub.intake.taken() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_rejected_and_nobody_else_notices) {
  open();
  hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{accepted()}; });
  const auto empty = client->wait_settled(client->send(link, ""));
  BOOST_TEST(empty.state == PN_REJECTED);
  BOOST_TEST(empty.condition == "amqp:decode-error");
  BOOST_TEST(empty.description == "an empty transfer is no message");
  const auto junk = client->wait_settled(client->send(link, "hello world"));
  BOOST_TEST(junk.condition == "amqp:decode-error");
  BOOST_TEST(!junk.description.empty());
  BOOST_TEST(hub.intake.wait_refused(2).back() ==
             "roads.in-in amqp:decode-error a section has no descriptor");
  BOOST_TEST(client->wait_settled(client->send(link, message("<a/>"))).state == PN_ACCEPTED);
}

BOOST_AUTO_TEST_CASE(passed_on_as_it_came_where_the_endpoint_says_so) {
  open("passes=\"encoded\"");
  const std::string bytes = "no message at all, for all we know";
  client->send(link, bytes);
  const auto taken = hub.intake.wait_taken(1).front();
  BOOST_TEST(taken.encoded == bytes);
  BOOST_TEST(taken.body == "");
  BOOST_TEST(taken.message_id == "");
}

BOOST_AUTO_TEST_CASE(an_answer_for_a_dead_connection_goes_nowhere_and_the_sender_repeats) {
  open();
  client->send(link, message("<a/>"));
  hub.intake.wait_taken(1);
  client->drop();
  client.reset();
  connect();
  const std::size_t number = client->send(link, message("<a/>"));
  hub.intake.wait_taken(2);
  hub.intake.answer(refused("late", "for the dead connection"));
  hub.intake.answer(accepted());
  BOOST_TEST(client->wait_settled(number).state == PN_ACCEPTED);
}

BOOST_AUTO_TEST_CASE(an_answer_for_a_detached_link_goes_nowhere) {
  open();
  client->send(link, message("<a/>"));
  hub.intake.wait_taken(1);
  client->detach(link);
  pn_link_t* again = client->open_sender("roads.in");
  const std::size_t number = client->send(again, message("<b/>"));
  hub.intake.wait_taken(2);
  hub.intake.answer(refused("late", "for the detached link"));
  hub.intake.answer(accepted());
  BOOST_TEST(client->wait_settled(number).state == PN_ACCEPTED);
}

BOOST_AUTO_TEST_CASE(paused_takes_credit_back_and_resumed_gives_it_again) {
  open("credit=\"10\"");
  wait_credit(10);
  hub.connector->pause("roads.in-in", true);
  // The client's engine answers a drain with its credit; a message without credit stays with it.
  client->until([&] {
    if (pn_link_get_drain(link)) client->act([&] { pn_link_drained(link); });
    return client->credit(link) == 0;
  });
  const std::size_t number = client->send(link, message("<a/>"));
  hub.connector->pause("roads.in-in", false);
  client->until([&] { return hub.intake.taken() == 1; });
  hub.intake.answer(accepted());
  BOOST_TEST(client->wait_settled(number).state == PN_ACCEPTED);
}

BOOST_AUTO_TEST_CASE(what_a_partner_sends_into_a_pause_is_held_and_goes_on_in_its_order) {
  open("credit=\"10\"");
  wait_credit(10);
  hub.connector->pause("roads.in-in", true);
  const std::size_t first = client->send(link, message("<a/>", "m-1"));
  const std::size_t second = client->send(link, message("<b/>", "m-2"));
  client->until([&] {  // the hub has both, and has asked for the credit back
    if (pn_link_get_drain(link)) client->act([&] { pn_link_drained(link); });
    return client->credit(link) == 0;
  });
  BOOST_TEST(hub.intake.taken() == 0u);
  BOOST_TEST(client->settled().empty());
  hub.connector->pause("roads.in-in", false);
  const auto taken = hub.intake.wait_taken(2);
  BOOST_TEST(taken[0].message_id == "m-1");
  BOOST_TEST(taken[1].message_id == "m-2");
  BOOST_TEST(taken[0].admitted);
  hub.intake.answer(accepted());
  hub.intake.answer(accepted());
  BOOST_TEST(client->wait_settled(first).state == PN_ACCEPTED);
  BOOST_TEST(client->wait_settled(second).state == PN_ACCEPTED);
  client->until([&] { return client->credit(link) >= 8; });  // topped up in steps
}

BOOST_AUTO_TEST_CASE(a_message_of_a_paused_route_is_held_and_none_overtakes_it) {
  open("credit=\"4\"");
  wait_credit(4);
  hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{accepted()}; });
  hub.intake.hold("b");
  BOOST_TEST(client->wait_settled(client->send(link, message("<a/>", "m-1"))).state == PN_ACCEPTED);
  const std::size_t second = client->send(link, message("<b/>", "m-2"));
  const std::size_t third = client->send(link, message("<c/>", "m-3"));
  client->until([&] {
    if (pn_link_get_drain(link)) client->act([&] { pn_link_drained(link); });
    return client->credit(link) == 0;
  });
  BOOST_TEST(hub.intake.taken() == 1u);
  hub.connector->pause("roads.in-in", false);  // looked at once more: the route is still paused
  client->act([] {});
  BOOST_TEST(hub.intake.taken() == 1u);
  BOOST_TEST(client->credit(link) == 0);
  hub.intake.hold("");
  hub.connector->pause("roads.in-in", false);
  BOOST_TEST(client->wait_settled(second).state == PN_ACCEPTED);
  BOOST_TEST(client->wait_settled(third).state == PN_ACCEPTED);
  const auto taken = hub.intake.wait_taken(3);
  BOOST_TEST(taken[1].message_id == "m-2");
  BOOST_TEST(taken[2].message_id == "m-3");
  wait_credit(4);
}

BOOST_AUTO_TEST_CASE(what_is_held_is_released_at_a_stop_and_forgotten_with_its_link) {
  open();
  hub.intake.hold("b");
  pn_link_t* other = client->open_sender("roads.in");
  client->send(other, message("<b/>", "m-1"));
  client->detach(other);
  const std::size_t second = client->send(link, message("<b/>", "m-2"));
  client->until([&] { return pn_link_get_drain(link); });
  hub.connector->stop_accepting();
  BOOST_TEST(client->wait_settled(second).state == PN_RELEASED);
  BOOST_TEST(hub.intake.taken() == 0u);
}

BOOST_AUTO_TEST_CASE(a_full_buffer_stops_reading_until_answers_come) {
  Hub narrow("buffer-bytes=\"30000\"");
  narrow.inbound("roads.in", "roads", "credit=\"100\"");
  Client sender(narrow.start(), "roads", Hub::password("roads"));
  pn_link_t* to = sender.open_sender("roads.in");
  std::vector<std::size_t> numbers;
  for (int i = 0; i < 8; ++i) numbers.push_back(sender.send(to, message(std::string(10'000, 'x'))));
  BOOST_TEST(narrow.intake.wait_taken(3).size() == 3u);
  for (const std::size_t number : numbers) {
    sender.until([&] { return narrow.intake.taken() > sender.settled().size(); });
    BOOST_TEST(narrow.intake.taken() <= 3 + sender.settled().size());
    narrow.intake.answer(accepted());
    BOOST_TEST(sender.wait_settled(number).state == PN_ACCEPTED);
  }
}

BOOST_AUTO_TEST_CASE(stopping_gives_no_credit_refuses_newcomers_and_ends_politely) {
  open();
  const std::size_t number = client->send(link, message("<a/>"));
  hub.intake.wait_taken(1);
  hub.connector->stop_accepting();
  hub.connector->stop_accepting();
  hub.intake.answer(accepted());
  BOOST_TEST(client->wait_settled(number).state ==
             PN_ACCEPTED);  // what was in flight has its answer
  Client late(address, "roads", Hub::password("roads"));
  late.until([&] { return late.closed(); });
  BOOST_TEST(!late.opened());
  std::thread stopping([&] { hub.connector->stop(); });
  client->until([&] { return client->closed(); });
  stopping.join();
  BOOST_TEST(client->condition() == "amqp:connection:forced");
}

BOOST_AUTO_TEST_CASE(answers_may_come_after_the_connector_is_gone) {
  open();
  client->send(link, message("<a/>"));
  hub.intake.wait_taken(1);
  hub.connector.reset();
  hub.intake.answer(accepted());
  client->until([&] { return client->closed(); });
  BOOST_TEST(client->settled().empty());
}

BOOST_AUTO_TEST_SUITE_END()
