#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "connectors/amqp/back_off.h"
#include "tests/connectors/amqp/hub.h"

// The hub connects out; another hub's listener is the broker. tests/brokers has real ones.

using namespace masar;
using namespace masar::test;
using connector::OutcomeKind;
using std::chrono::milliseconds;

namespace {

connector::Attempt attempt(const std::string& id, const std::string& body = "<a/>") {
  connector::Attempt one;
  one.effect_id = id;
  one.body = body;
  return one;
}

/// The broker's queues "q" (drained by the hub) and "p" (filled by it).
struct Broker : Hub {
  explicit Broker(const std::string& address = "127.0.0.1:0") : Hub("", address) {
    queue = &outbound("q", "hub");
    inbound("p", "hub");
    intake.answer_by([](const connector::Received& received) {
      if (received.body == "<no/>") return connector::IntakeAnswer{refused("no", "because")};
      if (received.body == "<later/>") return connector::IntakeAnswer{later()};
      return connector::IntakeAnswer{accepted()};
    });
    start();
  }
  connector::Outbound* queue;
};

/// A socket that takes connections and says nothing.
class Silent {
 public:
  Silent() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&any), size) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&any), &size) != 0) {
      throw std::runtime_error("no socket");
    }
    port_ = ntohs(any.sin_port);
  }
  ~Silent() { ::close(socket_); }
  void listen() { ::listen(socket_, 5); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  int port_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(amqp_connection)

BOOST_AUTO_TEST_CASE(waits_double_up_to_the_longest_and_begin_anew_after_what_lasted) {
  amqp::BackOff back_off(milliseconds(500), milliseconds(1'500));
  BOOST_TEST(back_off.wait().count() == 500);
  BOOST_TEST(back_off.wait().count() == 1'000);
  BOOST_TEST(!back_off.lasted(milliseconds(1'499)));
  BOOST_TEST(back_off.wait().count() == 1'500);
  BOOST_TEST(back_off.wait().count() == 1'500);
  BOOST_TEST(back_off.lasted(milliseconds(1'500)));
  BOOST_TEST(back_off.wait().count() == 500);
  BOOST_TEST(amqp::seconds_text(milliseconds(1'450)) == "1.5 s");
}

BOOST_AUTO_TEST_CASE(a_message_is_accepted_after_the_hub_took_it) {
  Outcomes outcomes;
  Broker broker;
  Hub hub;
  hub.connect(broker.address(), "hub");
  hub.from_broker("q", "properties=\"kind\"");
  hub.start();
  hub.until([&] { return broker.queue->ready(); });
  connector::Attempt one = attempt("E-1");
  one.headers = {{"kind", "x"}, {"correlation-id", "A-1"}};
  broker.queue->send(std::move(one), outcomes.as("E-1"));
  const auto taken = hub.intake.wait_taken(1).front();
  BOOST_TEST(taken.message_id == "E-1");
  BOOST_TEST(taken.body == "<a/>");
  BOOST_TEST(taken.endpoint == "q-in");
  BOOST_TEST(taken.sender == "partner-of-q-in");
  BOOST_TEST(taken.headers.size() == 3u);
  BOOST_TEST(outcomes.count() == 0u);
  hub.intake.answer(accepted());
  BOOST_TEST((outcomes.wait(1).front().second.kind == OutcomeKind::delivered));
  BOOST_TEST(hub.obstacle("q-in") == "");
}

BOOST_AUTO_TEST_CASE(the_order_of_a_queue_is_kept) {
  Outcomes outcomes;
  Broker broker;
  Hub hub;
  hub.connect(broker.address(), "hub");
  hub.from_broker("q", "credit=\"7\"");
  hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{accepted()}; });
  hub.start();
  for (int i = 0; i < 200; ++i) {
    hub.until([&] { return broker.queue->ready(); });
    broker.queue->send(attempt("E-" + std::to_string(i)), outcomes.as(""));
  }
  const auto taken = hub.intake.wait_taken(200);
  for (int i = 0; i < 200; ++i) {
    BOOST_REQUIRE(taken[static_cast<std::size_t>(i)].message_id == "E-" + std::to_string(i));
  }
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_rejected) {
  Outcomes outcomes;
  Broker broker;
  Hub hub;
  hub.connect(broker.address(), "hub");
  hub.from_broker("q");
  hub.start();
  hub.until([&] { return broker.queue->ready(); });
  broker.queue->send(attempt("E-1"), outcomes.as("E-1"));
  hub.intake.answer(refused("bad", "not like this"));
  const auto outcome = outcomes.wait(1).front().second;
  BOOST_TEST((outcome.kind == OutcomeKind::rejected));
  BOOST_TEST(outcome.code == "masar:bad");
}

BOOST_AUTO_TEST_CASE(what_may_come_again_is_given_back_after_its_wait) {
  for (const bool modified : {false, true}) {
    Outcomes outcomes;
    Broker broker;
    Hub hub;
    hub.connect(broker.address(), "hub");
    hub.from_broker("q", std::string("gives-back-after=\"PT3S\" gives-back=\"") +
                             (modified ? "modified\"" : "released\""));
    hub.intake.answer_by([](const auto& received) {
      return connector::IntakeAnswer{received.message_id == "E-1" ? later() : accepted()};
    });
    hub.start();
    hub.until([&] { return broker.queue->ready(); });
    broker.queue->send(attempt("E-1"), outcomes.as("E-1"));
    hub.intake.wait_taken(1);
    broker.queue->send(attempt("E-2"), outcomes.as("E-2"));
    BOOST_TEST(outcomes.wait(1).front().first == "E-2");
    hub.steady.advance(milliseconds(2'999));
    hub.executor.run();
    BOOST_TEST(outcomes.count() == 1u);
    hub.steady.advance(milliseconds(1));
    hub.until([&] { return outcomes.count() == 2; });
    const auto outcome = outcomes.wait(2).back().second;
    BOOST_TEST((outcome.kind == OutcomeKind::unavailable));
    BOOST_TEST((outcome.text.find("modified") != std::string::npos) == modified, outcome.text);
  }
}

BOOST_AUTO_TEST_CASE(a_message_over_the_limit_is_rejected_and_the_link_goes_on) {
  Outcomes outcomes;
  Broker broker;
  Hub hub;
  hub.connect(broker.address(), "hub", "frame-bytes=\"512\" session-bytes=\"2048\"");
  hub.from_broker("q", "", 1'000);
  hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{accepted()}; });
  hub.start();
  hub.until([&] { return broker.queue->ready(); });
  broker.queue->send(attempt("E-1", std::string(100'000, 'x')), outcomes.as("E-1"));
  const auto outcome = outcomes.wait(1).front().second;
  BOOST_TEST((outcome.kind == OutcomeKind::rejected));
  BOOST_TEST(outcome.code == "amqp:link:message-size-exceeded");
  BOOST_TEST(hub.intake.wait_refused(1).front() ==
             "q-in amqp:link:message-size-exceeded a message of more than 1000 bytes");
  broker.queue->send(attempt("E-2"), outcomes.as("E-2"));
  BOOST_TEST((outcomes.wait(2).back().second.kind == OutcomeKind::delivered));
  BOOST_TEST(hub.intake.taken() == 1u);
}

BOOST_AUTO_TEST_CASE(a_paused_endpoint_gives_no_credit) {
  Broker broker;
  Hub hub;
  hub.connect(broker.address(), "hub");
  hub.from_broker("q");
  hub.start();
  hub.until([&] { return broker.queue->ready(); });
  hub.connector->pause("q-in", true);
  hub.until([&] { return !broker.queue->ready(); });
  hub.connector->pause("q-in", false);
  hub.until([&] { return broker.queue->ready(); });
  BOOST_TEST(hub.obstacle("q-in") == "");
}

BOOST_AUTO_TEST_CASE(an_effect_goes_where_the_broker_gives_credit) {
  Outcomes outcomes;
  Broker broker;
  Hub hub;
  hub.connect(broker.address(), "hub");
  connector::Outbound& out = hub.to_broker("p");
  BOOST_TEST(!out.ready());
  hub.start();
  hub.until([&] { return out.ready(); });
  out.send(attempt("E-1"), outcomes.as("E-1"));
  BOOST_TEST((outcomes.wait(1).back().second.kind == OutcomeKind::delivered));
  BOOST_TEST(broker.intake.wait_taken(1).front().message_id == "E-1");
  out.send(attempt("E-2", "<no/>"), outcomes.as("E-2"));
  BOOST_TEST((outcomes.wait(2).back().second.kind == OutcomeKind::rejected));
  out.send(attempt("E-3", "<later/>"), outcomes.as("E-3"));
  BOOST_TEST((outcomes.wait(3).back().second.kind == OutcomeKind::unavailable));
}

BOOST_AUTO_TEST_CASE(what_is_larger_than_the_broker_takes_is_not_sent) {
  Outcomes outcomes;
  Broker broker;  // it takes a megabyte
  Hub hub;
  hub.connect(broker.address(), "hub");
  connector::Outbound& out = hub.to_broker("p");
  hub.start();
  hub.until([&] { return out.ready(); });
  out.send(attempt("E-1", std::string(2 << 20, 'x')), outcomes.as("E-1"));
  const auto outcome = outcomes.wait(1).front().second;
  BOOST_TEST((outcome.kind == OutcomeKind::rejected));
  BOOST_TEST(outcome.code == "amqp:link:message-size-exceeded");
  out.send(attempt("E-2"), outcomes.as("E-2"));
  BOOST_TEST((outcomes.wait(2).back().second.kind == OutcomeKind::delivered));
  BOOST_TEST(broker.intake.taken() == 1u);
}

BOOST_AUTO_TEST_CASE(a_broker_that_goes_leaves_unknown_and_is_reached_again) {
  Outcomes outcomes;
  auto broker = std::make_unique<Broker>();
  const std::string address = broker->address();
  broker->intake.answer_by(nullptr);  // it never answers
  Hub hub;
  hub.connect(address, "hub", "retry-first=\"PT2S\"");
  connector::Outbound& out = hub.to_broker("p");
  hub.start();
  hub.until([&] { return out.ready(); });
  out.send(attempt("E-1"), outcomes.as("E-1"));
  broker->intake.wait_taken(1);
  hub.steady.advance(std::chrono::minutes(1));
  broker.reset();
  BOOST_TEST((outcomes.wait(1).back().second.kind == OutcomeKind::unknown));
  hub.until([&] { return hub.obstacle("p-out").find("refused") != std::string::npos; });
  BOOST_TEST(!out.ready());
  out.send(attempt("E-2"), outcomes.as("E-2"));
  hub.until([&] { return outcomes.count() == 2; });
  BOOST_TEST(!outcomes.wait(2).back().second.attempted);
  Broker again(address);
  hub.steady.advance(std::chrono::seconds(2));
  hub.until([&] { return out.ready(); });
  BOOST_TEST(hub.obstacle("p-out") == "");
  out.send(attempt("E-3"), outcomes.as("E-3"));
  BOOST_TEST((outcomes.wait(3).back().second.kind == OutcomeKind::delivered));
}

BOOST_AUTO_TEST_CASE(the_hosts_are_tried_in_turn) {
  Silent nobody;  // its port is taken, and nobody listens
  auto first = std::make_unique<Broker>();
  Broker second;
  Hub hub;
  hub.connect(nobody.address() + "  " + first->address() + " " + second.address(), "hub");
  hub.from_broker("q");
  hub.start();
  hub.until([&] { return first->queue->ready(); });
  BOOST_TEST(!second.queue->ready());
  hub.steady.advance(std::chrono::minutes(1));
  first.reset();
  hub.until([&] { return second.queue->ready(); });
}

BOOST_AUTO_TEST_CASE(a_host_that_says_nothing_is_left_after_its_time) {
  Silent silent;
  silent.listen();
  Broker broker;
  Hub hub;
  hub.connect(silent.address() + " " + broker.address(), "hub", "connect=\"PT3S\"");
  hub.from_broker("q");
  hub.start();
  hub.until([&] {
    hub.steady.advance(std::chrono::seconds(1));
    return broker.queue->ready();
  });
  BOOST_TEST(hub.obstacle("q-in") == "");
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_said_and_tried_again) {
  Broker broker;
  Hub hub;
  hub.connect(broker.address(), "other", "retry-first=\"PT1S\"");
  hub.from_broker("q");
  hub.start();
  hub.until([&] { return hub.obstacle("q-in").find("unauthorized") != std::string::npos; });
  BOOST_TEST(hub.obstacle("q-in").find("password of") == std::string::npos);
  broker.intake.wait_refused(1);
  hub.steady.advance(std::chrono::seconds(1));
  hub.until([&] {
    hub.steady.advance(std::chrono::seconds(1));
    return broker.intake.refusals() >= 3;
  });
}

BOOST_AUTO_TEST_CASE(a_link_that_the_broker_refuses_is_asked_for_again_after_its_wait) {
  Outcomes outcomes;
  Broker broker;
  Hub hub;
  hub.connect(broker.address(), "hub", "retry-first=\"PT2S\"");
  hub.from_broker("nowhere");
  connector::Outbound& out = hub.to_broker("p");
  hub.start();
  hub.until([&] { return hub.obstacle("nowhere-in").find("not-found") != std::string::npos; });
  hub.until([&] { return out.ready(); });  // the others of the connection are not touched
  BOOST_TEST(hub.obstacle("p-out") == "");
  BOOST_TEST(broker.intake.wait_refused(1).size() == 1u);
  hub.steady.advance(milliseconds(1'999));
  hub.executor.run();
  out.send(attempt("E-1"), outcomes.as("E-1"));
  outcomes.wait(1);
  BOOST_TEST(broker.intake.refusals() == 1u);
  hub.steady.advance(milliseconds(1));
  hub.until([&] { return broker.intake.refusals() == 2; });
}

BOOST_AUTO_TEST_CASE(a_hub_starts_and_stops_without_its_broker) {
  Silent nobody;
  Hub hub;
  hub.connect(nobody.address(), "hub");
  hub.from_broker("q");
  hub.start();
  hub.until([&] { return hub.obstacle("q-in").find("refused") != std::string::npos; });
  hub.connector->stop();
  BOOST_TEST(!hub.obstacle("q-in").empty());
}

BOOST_AUTO_TEST_SUITE_END()
