#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/connectors/amqp/hub.h"
#include "tests/support/certificates.h"

// A hub's connection and another hub's listener, with TLS between them.

using namespace masar;
using namespace masar::test;
using connector::OutcomeKind;

namespace {

const std::string kServer = "<tls certificate=\"secret:server\" key=\"secret:server-key\"";
const std::string kClient = "<tls trust=\"secret:authority\"";

void put(Hub& hub, const std::string& name, const Pem& identity) {
  hub.secrets.put(name, identity.certificate());
  hub.secrets.put(name + "-key", identity.key());
}

/// Two hubs, and what they know of each other.
struct Pair {
  Authority authority{"Authority"};
  Hub broker{Bare{}};
  Hub hub{Bare{}};
  connector::Outbound* queue = nullptr;

  Pair() {
    put(broker, "server", authority.sign("/CN=broker", "DNS:localhost,IP:127.0.0.1"));
    broker.secrets.put("authority", authority.pem());
    hub.secrets.put("authority", authority.pem());
    put(hub, "me", authority.sign("/O=GAM/CN=roads"));
  }
  void listen(const std::string& tls, const std::string& login = "password=\"secret:hub\"") {
    broker.connector->add_listener(
        broker.parse("<listener id=\"amqp\" connector=\"amqp\" address=\"127.0.0.1:0\">" + tls +
                     "</listener>"));
    auto out = broker.spec("q-out", false,
                           "listener=\"amqp\" address=\"q\" user=\"hub\" " + login);
    queue = broker.keep(broker.connector->add_outbound(out, broker.intake));
    broker.start();
  }
  void dial(const std::string& tls, const std::string& host = "127.0.0.1",
            const std::string& login = "user=\"hub\" password=\"secret:hub\"") {
    const std::string port = broker.address().substr(broker.address().rfind(':'));
    hub.connector->add_connection(
        hub.parse("<connection id=\"broker\" connector=\"amqp\" hosts=\"" + host + port + "\" " +
                  login + " retry-first=\"PT1S\">" + tls + "</connection>"));
    hub.from_broker("q");
    hub.start();
  }
  /// Either it is reached, or there is something in the way.
  std::string obstacle() {
    hub.until([&] {
      const std::string what = hub.obstacle("q-in");
      return queue->ready() || (what != "not connected yet" && !what.empty());
    });
    return queue->ready() ? "" : hub.obstacle("q-in");
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(amqp_tls)

BOOST_AUTO_TEST_CASE(plain_over_tls_reaches_whom_the_authority_names) {
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    Outcomes outcomes;
    Pair pair;
    pair.listen(kServer + "/>");
    pair.dial(kClient + "/>", host);
    BOOST_TEST(pair.obstacle() == "");
    connector::Attempt attempt;
    attempt.effect_id = "E-1";
    attempt.body = std::string(300'000, 'x');  // more than a frame, more than a TLS record
    pair.hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{accepted()}; });
    pair.queue->send(std::move(attempt), outcomes.as("E-1"));
    BOOST_TEST((outcomes.wait(1).front().second.kind == OutcomeKind::delivered));
    BOOST_TEST(pair.hub.intake.wait_taken(1).front().body.size() == 300'000u);
  }
}

BOOST_AUTO_TEST_CASE(a_server_of_another_name_is_not_spoken_to) {
  Pair pair;
  // The common name is right; only alternative names count.
  put(pair.broker, "server", pair.authority.sign("/CN=localhost", "DNS:elsewhere"));
  pair.listen(kServer + "/>");
  pair.dial(kClient + "/>", "localhost");
  BOOST_TEST(has(pair.obstacle(), "certificate verify failed"));
}

BOOST_AUTO_TEST_CASE(the_name_that_is_configured_counts_where_there_is_one) {
  Pair pair;
  put(pair.broker, "server", pair.authority.sign("/CN=broker", "DNS:broker.example"));
  pair.listen(kServer + "/>");
  pair.dial(kClient + " name=\"broker.example\"/>");
  BOOST_TEST(pair.obstacle() == "");
}

BOOST_AUTO_TEST_CASE(a_server_of_another_authority_is_not_spoken_to) {
  Pair pair;
  const Authority other("Other");
  put(pair.broker, "server", other.sign("/CN=broker", "IP:127.0.0.1"));
  pair.listen(kServer + "/>");
  // Not even where the system trusts it: those named are the only ones.
  const std::string file =
      std::filesystem::temp_directory_path() / ("masar-authority-" + std::to_string(::getpid()));
  std::ofstream(file) << other.pem();
  ::setenv("SSL_CERT_FILE", file.c_str(), 1);
  pair.dial(kClient + "/>");
  BOOST_TEST(has(pair.obstacle(), "certificate verify failed"));
  ::unsetenv("SSL_CERT_FILE");
  ::unlink(file.c_str());
}

BOOST_AUTO_TEST_CASE(without_tls_neither_side_is_heard) {
  Pair pair;
  pair.listen(kServer + "/>");
  pair.dial("");
  BOOST_TEST(!pair.obstacle().empty());
  Pair other;
  other.listen("");
  other.dial(kClient + "/>");
  BOOST_TEST(!other.obstacle().empty());
}

BOOST_AUTO_TEST_CASE(a_client_is_known_by_its_certificate) {
  Pair pair;
  pair.listen(kServer + " clients=\"required\" trust=\"secret:authority\"/>",
              "subject=\"CN=roads,O=GAM\"");
  pair.dial(kClient + " certificate=\"secret:me\" key=\"secret:me-key\"/>", "127.0.0.1",
            "login=\"external\"");
  BOOST_TEST(pair.obstacle() == "");
}

BOOST_AUTO_TEST_CASE(another_certificate_is_nobodys) {
  Pair pair;
  put(pair.hub, "me", pair.authority.sign("/O=GAM/CN=parks"));
  pair.listen(kServer + " clients=\"required\" trust=\"secret:authority\"/>",
              "subject=\"CN=roads,O=GAM\"");
  pair.dial(kClient + " certificate=\"secret:me\" key=\"secret:me-key\"/>", "127.0.0.1",
            "login=\"external\"");
  BOOST_TEST(has(pair.obstacle(), "unauthorized"));
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_authority_is_refused) {
  Pair pair;
  const Authority other("Authority");  // of the same name
  put(pair.hub, "me", other.sign("/O=GAM/CN=roads"));
  pair.listen(kServer + " clients=\"wanted\" trust=\"secret:authority\"/>",
              "subject=\"CN=roads,O=GAM\"");
  pair.dial(kClient + " certificate=\"secret:me\" key=\"secret:me-key\"/>", "127.0.0.1",
            "login=\"external\"");
  BOOST_TEST(!pair.obstacle().empty());
}

BOOST_AUTO_TEST_CASE(who_shows_nothing_is_refused_where_a_certificate_is_required) {
  Pair pair;
  pair.listen(kServer + " clients=\"required\" trust=\"secret:authority\"/>");
  pair.dial(kClient + "/>");
  BOOST_TEST(!pair.obstacle().empty());
}

BOOST_AUTO_TEST_CASE(a_new_certificate_is_used_by_what_begins_and_cuts_nothing) {
  Outcomes outcomes;
  Pair pair;
  pair.listen(kServer + "/>");
  pair.dial(kClient + "/>");
  BOOST_TEST(pair.obstacle() == "");
  const Authority next("Next");
  put(pair.broker, "server", next.sign("/CN=broker", "IP:127.0.0.1"));
  pair.broker.steady.advance(std::chrono::seconds(2));
  // The one who is there stays …
  pair.hub.intake.answer_by([](const auto&) { return connector::IntakeAnswer{accepted()}; });
  pair.queue->send({"E-1", 1, "", {}, "<a/>", {}}, outcomes.as("E-1"));
  BOOST_TEST((outcomes.wait(1).front().second.kind == OutcomeKind::delivered));
  // … who comes meets the new one: refused by whom has the old authority, taken by the other.
  Hub late{Bare{}};
  late.secrets.put("authority", pair.authority.pem());
  late.connector->add_connection(late.parse(
      "<connection id=\"broker\" connector=\"amqp\" hosts=\"" + pair.broker.address() +
      "\" user=\"hub\" password=\"secret:hub\" retry-first=\"PT1S\">" + kClient +
      "/></connection>"));
  late.from_broker("q");
  late.start();
  late.until([&] { return has(late.obstacle("q-in"), "certificate verify failed"); });
  late.secrets.put("authority", next.pem());
  late.until([&] {
    late.steady.advance(std::chrono::seconds(2));
    return late.obstacle("q-in").empty();
  });
  BOOST_TEST(pair.hub.obstacle("q-in") == "");
}

BOOST_AUTO_TEST_CASE(a_changed_certificate_that_cannot_be_used_is_not_used) {
  Pair pair;
  pair.listen(kServer + "/>");
  pair.broker.secrets.put("server-key", "no key");
  pair.broker.steady.advance(std::chrono::seconds(2));
  pair.dial(kClient + "/>");
  BOOST_TEST(pair.obstacle() == "");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_used_at_the_start_is_said_without_its_contents) {
  for (const auto& [name, contents] : std::map<std::string, std::string>{
           {"server", "-----BEGIN CERTIFICATE-----\nwrong\n-----END CERTIFICATE-----"},
           {"server-key", "wrong"},
           {"server", ""}}) {
    Pair pair;
    pair.broker.secrets.put(name, contents);
    try {
      pair.listen(kServer + "/>");
      BOOST_ERROR("it was used");
    } catch (const Error& error) {
      BOOST_TEST(error.code() == "bad-certificate");
      BOOST_TEST(has(error.what(), "secret:" + name));
      BOOST_TEST(!has(error.what(), "wrong"));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
