#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connectors/amqp/codec.h"
#include "tests/connectors/amqp/client.h"
#include "tests/connectors/amqp/hub.h"

using namespace masar;
using namespace masar::test;

namespace {

struct Fixture {
  Hub hub;
  std::string address;
  Fixture() {
    hub.inbound("roads.in", "roads");
    hub.inbound("parks.in", "parks");
    hub.outbound("roads.out", "roads");
    hub.outbound("parks.out", "parks");
    address = hub.start();
  }
  std::string refusal(const std::string& user, const std::string& password,
                      Client::Login login = Client::Login::plain) {
    Client client(address, user, password, login);
    client.until([&] { return client.closed() || client.opened(); });
    return client.closed() ? client.condition() : "it came in";
  }
};

/// A socket without any AMQP.
class RawSocket {
 public:
  explicit RawSocket(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("connect");
  }
  ~RawSocket() { ::close(socket_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  void write(const std::string& bytes) { (void)!::write(socket_, bytes.data(), bytes.size()); }
  /// All until the hub closes.
  std::string read_all() {
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = ::read(socket_, buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }

 private:
  int socket_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(amqp_login, Fixture)

BOOST_AUTO_TEST_CASE(the_right_password_comes_in_and_no_other) {
  BOOST_TEST(refusal("roads", Hub::password("roads")) == "it came in");
  BOOST_TEST(refusal("roads", Hub::password("parks")) == "amqp:unauthorized-access");
  BOOST_TEST(refusal("roads", "password of road") == "amqp:unauthorized-access");
  BOOST_TEST(refusal("roads", "password of roads ") == "amqp:unauthorized-access");
  BOOST_TEST(refusal("nobody", "x") == "amqp:unauthorized-access");
  BOOST_TEST(hub.intake.wait_refused(4).front().starts_with("amqp amqp:unauthorized-access"));
}

BOOST_AUTO_TEST_CASE(anonymous_is_refused) {
  BOOST_TEST(refusal("", "", Client::Login::anonymous) == "amqp:unauthorized-access");
}

BOOST_AUTO_TEST_CASE(skipping_sasl_is_refused) {
  BOOST_TEST(refusal("", "", Client::Login::skipped) == "amqp:connection:framing-error");
}

BOOST_AUTO_TEST_CASE(an_address_of_another_user_is_not_yours) {
  Client client(address, "parks", Hub::password("parks"));
  for (pn_link_t* link : {client.open_sender("roads.in"), client.open_receiver("roads.out", 10)}) {
    client.until([&] { return client.link_closed(link); });
    BOOST_TEST(!client.link_open(link));
    BOOST_TEST(client.link_condition(link) == "amqp:unauthorized-access");
  }
  const auto refused = hub.intake.wait_refused(2);
  BOOST_TEST(refused[0] ==
             "roads.in-in amqp:unauthorized-access a link of parks: the address is not yours");
  BOOST_TEST(refused[1] ==
             "roads.out-out amqp:unauthorized-access a link of parks: the address is not yours");
  BOOST_TEST(client.link_open(client.open_sender("parks.in")));
}

BOOST_AUTO_TEST_CASE(an_unknown_address_is_not_found) {
  Client client(address, "parks", Hub::password("parks"));
  // What is a source is no target.
  for (pn_link_t* link : {client.open_sender("parks.out"), client.open_sender("x"),
                          client.open_sender(""), client.open_receiver("parks.in", 1)}) {
    client.until([&] { return client.link_closed(link); });
    BOOST_TEST(client.link_condition(link) == "amqp:not-found");
  }
  BOOST_TEST(hub.intake.wait_refused(4).back() ==
             "amqp amqp:not-found a link of parks: there is no such source");
}

BOOST_AUTO_TEST_CASE(too_many_links) {
  Hub narrow("links=\"2\"");
  narrow.inbound("a", "a");
  Client client(narrow.start(), "a", Hub::password("a"));
  pn_link_t* first = client.open_sender("a");
  BOOST_TEST(client.link_open(first));
  BOOST_TEST(client.link_open(client.open_sender("a")));
  pn_link_t* third = client.open_sender("a");
  client.until([&] { return client.link_closed(third); });
  BOOST_TEST(client.link_condition(third) == "amqp:resource-limit-exceeded");
  client.detach(first);
  BOOST_TEST(client.link_open(client.open_sender("a")));
}

BOOST_AUTO_TEST_CASE(too_many_connections) {
  Hub narrow("connections=\"1\"");
  narrow.inbound("a", "a");
  const std::string there = narrow.start();
  Client first(there, "a", Hub::password("a"));
  first.wait_open();
  {
    Client second(there, "a", Hub::password("a"));
    second.until([&] { return second.closed(); });
    BOOST_TEST(second.condition() == "amqp:resource-limit-exceeded");
  }
  first.close();
  // The place is free once the hub has seen the end of the first; it may take a moment.
  for (bool in = false; !in;) {
    Client third(there, "a", Hub::password("a"));
    pn_link_t* link = nullptr;
    third.wait_open();
    if (!third.closed()) link = third.open_sender("a");
    in = !third.closed() && link != nullptr && third.link_open(link);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_amqp_ends_at_once_and_says_nothing_of_itself) {
  RawSocket socket(address);
  socket.write("GET /secret HTTP/1.1\r\n\r\n");
  socket.read_all();
  const auto refused = hub.intake.wait_refused(1);
  BOOST_TEST(refused.front().starts_with("amqp amqp:connection:framing-error"));
  BOOST_TEST(refused.front().find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_silent_connection_ends_when_the_time_to_log_in_is_over) {
  RawSocket socket(address);
  // Another connection after it: the first has been accepted when that one is open.
  Client client(address, "roads", Hub::password("roads"));
  client.wait_open();
  hub.steady.advance(std::chrono::milliseconds(10'000));
  hub.executor.run();
  socket.read_all();
  BOOST_TEST(client.link_open(client.open_sender("roads.in")));  // those who logged in stay
}

BOOST_AUTO_TEST_CASE(a_silent_peer_ends_at_the_idle_time_out) {
  Outcomes outcomes;
  Hub quick("idle=\"PT0.2S\"");
  connector::Outbound& out = quick.outbound("a", "a");
  Client client(quick.start(), "a", Hub::password("a"));
  client.open_receiver("a", 1);
  client.until([&] { return out.ready(); });
  // From here on the client handles no events, so it sends no heartbeat either.
  out.send({}, outcomes.as("e"));
  BOOST_TEST(outcomes.wait(1)[0].second.code == "amqp:connection-lost");
}

BOOST_AUTO_TEST_CASE(a_frame_over_the_maximum_ends_its_connection_only) {
  Client bystander(address, "roads", Hub::password("roads"));
  pn_link_t* link = bystander.open_sender("roads.in");
  RawSocket socket(address);
  socket.write(std::string("AMQP\x03\x01\x00\x00", 8));
  socket.write(std::string("\x00\x20\x00\x00\x02\x01\x00\x00", 8) + std::string(100'000, 'x'));
  socket.read_all();
  bystander.send(link, amqp::encode({}));
  BOOST_TEST(hub.intake.wait_taken(1).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
