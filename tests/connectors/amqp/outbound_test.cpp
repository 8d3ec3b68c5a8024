#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <thread>

#include "connectors/amqp/codec.h"
#include "tests/connectors/amqp/client.h"
#include "tests/connectors/amqp/hub.h"

using namespace masar;
using namespace masar::test;
using connector::OutcomeKind;

namespace {

struct Fixture {
  // What the hub's threads call goes after the hub.
  Outcomes outcomes;
  std::mutex mutex;
  std::condition_variable changed;
  Hub hub;
  connector::Outbound* out = nullptr;
  std::string address;
  std::unique_ptr<Client> client;
  pn_link_t* link = nullptr;

  void open(int credit, const std::string& attributes = "") {
    out = &hub.outbound("roads.out", "roads", attributes);
    out->on_ready([this] {
      std::lock_guard lock(mutex);
      changed.notify_all();
    });
    address = hub.start();
    connect(credit);
    if (credit > 0) wait_ready();
  }
  void connect(int credit) {
    client = std::make_unique<Client>(address, "roads", Hub::password("roads"));
    link = client->open_receiver("roads.out", credit);
    BOOST_REQUIRE(client->link_open(link));
  }
  void wait_ready() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return out->ready(); });
  }
  void send(const std::string& id, const std::string& body = "<a/>") {
    connector::Attempt attempt;
    attempt.effect_id = id;
    attempt.body = body;
    attempt.headers = {{"correlation-id", "A-1"}, {"issue", "7"}};
    out->send(std::move(attempt), outcomes.as(id));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(amqp_outbound, Fixture)

BOOST_AUTO_TEST_CASE(ready_is_a_receiver_with_credit) {
  open(0);
  BOOST_TEST(!out->ready());
  client->act([&] { pn_link_flow(link, 2); });
  wait_ready();
  send("e-1");
  BOOST_TEST(out->ready());
  send("e-2");
  BOOST_TEST(!out->ready());  // both are spoken for, whether they have left or not
  client->wait_arrived();
  const auto second = client->wait_arrived();
  BOOST_TEST(!out->ready());
  client->settle(second.delivery, PN_ACCEPTED);
  outcomes.wait(1);
  BOOST_TEST(!out->ready());  // a settled message is no credit
  client->act([&] { pn_link_flow(link, 1); });
  wait_ready();
}

BOOST_AUTO_TEST_CASE(a_message_goes_out_as_the_contract_says) {
  open(1);
  send("e-1", "<update/>");
  const auto decoded = amqp::decode(client->wait_arrived().bytes, {"issue"}, Instant{});
  BOOST_TEST(decoded.message_id == "e-1");
  BOOST_TEST(decoded.body == "<update/>");
  BOOST_TEST(decoded.headers.size() == 3u);
}

BOOST_AUTO_TEST_CASE(each_settlement_is_its_outcome) {
  open(4);
  for (const char* id : {"e-1", "e-2", "e-3", "e-4"}) send(id);
  std::vector<pn_delivery_t*> deliveries;
  for (int i = 0; i < 4; ++i) deliveries.push_back(client->wait_arrived().delivery);
  client->settle(deliveries[0], PN_ACCEPTED);
  outcomes.wait(1);
  client->settle(deliveries[1], PN_REJECTED, "partner:no", "because");
  outcomes.wait(2);
  client->settle(deliveries[2], PN_RELEASED);
  outcomes.wait(3);
  client->settle(deliveries[3], PN_MODIFIED);
  const auto all = outcomes.wait(4);
  BOOST_TEST((all[0].second.kind == OutcomeKind::delivered));
  BOOST_TEST((all[1].second.kind == OutcomeKind::rejected));
  BOOST_TEST(all[1].second.code == "partner:no");
  BOOST_TEST(all[1].second.text == "because");
  BOOST_TEST((all[2].second.kind == OutcomeKind::unavailable));
  BOOST_TEST(all[2].second.code == "amqp:released");
  BOOST_TEST((all[3].second.kind == OutcomeKind::unavailable));
  BOOST_TEST(all[3].first == "e-4");
}

BOOST_AUTO_TEST_CASE(settled_without_an_outcome_is_unknown) {
  open(1);
  send("e-1");
  client->settle(client->wait_arrived().delivery, 0);
  BOOST_TEST((outcomes.wait(1)[0].second.kind == OutcomeKind::unknown));
}

BOOST_AUTO_TEST_CASE(several_in_flight_end_in_any_order) {
  open(100);
  for (int i = 0; i < 50; ++i) send("e-" + std::to_string(i));
  std::vector<Client::Arrived> arrived;
  for (int i = 0; i < 50; ++i) arrived.push_back(client->wait_arrived());
  for (int i = 0; i < 50; ++i) {
    BOOST_TEST(amqp::decode(arrived[static_cast<std::size_t>(i)].bytes, {}, Instant{}).message_id ==
               "e-" + std::to_string(i));
  }
  for (int i = 49; i >= 0; --i)
    client->settle(arrived[static_cast<std::size_t>(i)].delivery, PN_ACCEPTED);
  const auto all = outcomes.wait(50);
  for (int i = 0; i < 50; ++i)
    BOOST_TEST(all[static_cast<std::size_t>(i)].first == "e-" + std::to_string(49 - i));
}

BOOST_AUTO_TEST_CASE(a_receiver_that_never_settles_is_unknown_at_the_time_out) {
  open(2);
  send("e-1");
  client->wait_arrived();
  hub.steady.advance(std::chrono::milliseconds(3'000));
  send("e-2");
  client->wait_arrived();
  hub.executor.run();
  BOOST_TEST(outcomes.count() == 0u);
  hub.steady.advance(std::chrono::milliseconds(2'000));
  hub.executor.run();
  auto all = outcomes.wait(1);
  BOOST_TEST(all[0].first == "e-1");
  BOOST_TEST((all[0].second.kind == OutcomeKind::unknown));
  BOOST_TEST(all[0].second.code == "amqp:timeout");
  hub.steady.advance(std::chrono::milliseconds(3'000));
  // The next errand is set by the connection's own thread; it may not have come to that yet.
  while (outcomes.count() < 2) hub.executor.run();
  BOOST_TEST(outcomes.wait(2)[1].first == "e-2");
}

BOOST_AUTO_TEST_CASE(a_receiver_that_comes_and_goes) {
  open(5);
  send("e-1");
  send("e-2");
  const auto first = client->wait_arrived();
  client->wait_arrived();
  client->settle(first.delivery, PN_ACCEPTED);
  outcomes.wait(1);
  client->detach(link);
  auto all = outcomes.wait(2);
  BOOST_TEST((all[1].second.kind == OutcomeKind::unknown));
  BOOST_TEST(all[1].second.code == "amqp:connection-lost");
  BOOST_TEST(!out->ready());
  link = client->open_receiver("roads.out", 1);
  wait_ready();
  send("e-3");
  client->wait_arrived();
  client->drop();
  BOOST_TEST((outcomes.wait(3)[2].second.kind == OutcomeKind::unknown));
  client.reset();
  connect(1);
  wait_ready();
  send("e-4");
  client->settle(client->wait_arrived().delivery, PN_ACCEPTED);
  BOOST_TEST((outcomes.wait(4)[3].second.kind == OutcomeKind::delivered));
}

BOOST_AUTO_TEST_CASE(nobody_there_is_unavailable_and_never_said_from_inside) {
  open(0);
  send("e-1");
  BOOST_TEST(outcomes.count() == 0u);
  hub.executor.run();
  const auto all = outcomes.wait(1);
  BOOST_TEST((all[0].second.kind == OutcomeKind::unavailable));
  BOOST_TEST(all[0].second.code == "amqp:no-credit");
}

BOOST_AUTO_TEST_CASE(receivers_take_turns) {
  open(100);
  Client other(address, "roads", Hub::password("roads"));
  BOOST_REQUIRE(other.link_open(other.open_receiver("roads.out", 100)));
  std::size_t sent = 0;
  const auto send_one_by_one = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      send("e-" + std::to_string(++sent));
      client->until([&] {
        other.act([] {});
        return client->arrived().size() + other.arrived().size() == sent;
      });
    }
  };
  // Both are known to have credit once both have got one.
  while (client->arrived().empty() || other.arrived().empty()) send_one_by_one(1);
  const std::size_t before = client->arrived().size();
  send_one_by_one(6);
  BOOST_TEST(client->arrived().size() == before + 3);
}

BOOST_AUTO_TEST_CASE(what_is_in_flight_has_a_limit_whatever_the_credit) {
  open(100, "in-flight=\"2\"");
  send("e-1");
  send("e-2");
  BOOST_TEST(!out->ready());
  const auto first = client->wait_arrived();
  client->settle(first.delivery, PN_ACCEPTED);
  outcomes.wait(1);
  wait_ready();
}

BOOST_AUTO_TEST_CASE(a_drained_receiver_gives_its_credit_back) {
  open(5);
  client->act([&] { pn_link_drain(link, 0); });
  client->until([&] { return pn_link_credit(link) == 0; });
  while (out->ready()) client->act([] {});  // the hub says so after the batch in which it was told
  client->act([&] { pn_link_flow(link, 1); });
  wait_ready();
}

BOOST_AUTO_TEST_CASE(an_encoded_message_goes_out_as_it_is) {
  open(1);
  connector::Attempt attempt;
  attempt.effect_id = "ignored";
  attempt.body = "bytes as they came";
  attempt.headers = {{":encoded", "1"}};
  out->send(std::move(attempt), outcomes.as("e"));
  const auto arrived = client->wait_arrived();
  BOOST_TEST(arrived.bytes == "bytes as they came");
  client->settle(arrived.delivery, PN_REJECTED, "next:hop", "no");
  BOOST_TEST(outcomes.wait(1)[0].second.code == "next:hop");
}

BOOST_AUTO_TEST_CASE(a_large_message_goes_out_in_frames) {
  open(1);
  send("e-1", std::string(900'000, 'x'));
  BOOST_TEST(amqp::decode(client->wait_arrived().bytes, {}, Instant{}).body.size() == 900'000u);
}

BOOST_AUTO_TEST_CASE(stopping_leaves_no_attempt_without_its_outcome) {
  open(5);
  send("e-1");
  client->wait_arrived();
  std::thread stopping([&] { hub.connector->stop(); });
  client->until([&] { return client->closed(); });
  stopping.join();
  BOOST_TEST((outcomes.wait(1)[0].second.kind == OutcomeKind::unknown));
  BOOST_TEST(!out->ready());
}

BOOST_AUTO_TEST_SUITE_END()
