#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <thread>

#include "tests/connectors/http/tls_stage.h"
#include "tests/support/peers.h"

// HTTP over TLS, both ways, with curl and openssl as the others.

using namespace masar;
using namespace masar::test;
using connector::OutcomeKind;

namespace {

const std::string kWanted = " trust='secret:city' clients='wanted'";
const std::string kRequired = " trust='secret:city' clients='required'";
const std::string kSwitch = "subject='CN=switch,O=EFAWATEER'";
const std::string kOfCity = "<tls trust='secret:city'/>";
const std::string kHello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);  // and no more of it

std::string check(const std::string& listener, bool inbound, const std::string& inner) {
  SecureStage stage;
  http::Listeners listeners;
  const auto connector = http::make_http(stage.context(), listeners);
  config::Diagnostics diagnostics;
  connector->check_listener(element(listener), diagnostics);
  const Endpoint endpoint("e", inbound, inner);
  connector->check(endpoint.spec, diagnostics);
  return diagnostics.text();
}

std::string server_of(const Pem& pem) {
  return "-cert " + pem.certificate_file + " -key " + pem.key_file;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_tls)

BOOST_AUTO_TEST_CASE(bad_configuration_is_found) {
  const std::string plain = "<listener id='http' connector='http' address='127.0.0.1:0'/>";
  const auto open = [](const std::string& tls) {
    return "<listener id='http' connector='http' address='0.0.0.0:0'><tls " + tls + "/></listener>";
  };
  const std::string own = "certificate='secret:hub' key='secret:hub-key'";
  const std::string door = "<http listener='http' path='/a' ";
  BOOST_TEST(has(check(plain, true, door + "subject='CN=a'/>"), "asks for none"));
  BOOST_TEST(has(check(plain, true, door + "subject=''/>"), "empty subject"));
  BOOST_TEST(has(check(open("key='secret:k'"), true, door + "user='u' password='secret:pass'/>"),
                 "certificate"));
  BOOST_TEST(has(check(open(own + " clients='required'"), true, door + "subject='CN=a'/>"),
                 "nobody says whose are good"));
  BOOST_TEST(has(check(open(own), true, door + "/>"), "has no authentication"));
  // A certificate is authentication.
  BOOST_TEST(check(open(own + " trust='secret:city' clients='required'"), true,
                   door + "subject='CN=a'/>") == "");
  const auto out = [&](const std::string& url, const std::string& tls) {
    return check(plain, false, "<http url='" + url + "'><tls " + tls + "/></http>");
  };
  BOOST_TEST(has(out("http://h/a", ""), "begins with https"));
  BOOST_TEST(has(out("https://h/a", own + " trst='secret:city'"), "did you mean \"trust\""));
  BOOST_TEST(has(out("https://h/a", "certificate='secret:hub'"), "without its key"));
  BOOST_TEST(out("https://h/a", own + " trust='secret:city' name='n'") == "");
}

BOOST_AUTO_TEST_CASE(only_tls_1_2_and_1_3_are_spoken) {
  SecureHub hub;
  BOOST_TEST(has(hub.s_client("-tls1_2"), "TLSv1.2"));
  BOOST_TEST(has(hub.s_client("-tls1_3"), "TLSv1.3"));
  BOOST_TEST(!hub.refused("http:no-handshake"));
  for (const std::string version : {"-tls1", "-tls1_1"}) {
    BOOST_TEST(hub.s_client(version + " -cipher DEFAULT@SECLEVEL=0") == "");
  }
  BOOST_TEST(hub.stage.refused().size() == 2u);
  BOOST_TEST(hub.refused("http:no-handshake"));
  // No key exchange without forward secrecy.
  BOOST_TEST(hub.s_client("-tls1_2 -cipher kRSA") == "");
  BOOST_TEST(hub.curl(nullptr) == "0 202");
  test::took_part("OpenSSL (command line)");
  test::took_part("curl");
}

BOOST_AUTO_TEST_CASE(tls_1_3_alone_where_it_is_asked_for) {
  SecureHub hub(" version='1.3'");
  BOOST_TEST(hub.s_client("-tls1_2") == "");
  BOOST_TEST(has(hub.s_client("-tls1_3"), "TLSv1.3"));
}

BOOST_AUTO_TEST_CASE(a_partner_is_bound_to_its_certificate) {
  const Town& town = Town::get();
  SecureHub hub(kWanted, kSwitch);
  for (const std::string version : {"--tls-max 1.2", "--tlsv1.3"}) {
    BOOST_TEST(hub.curl(&town.bank, version) == "0 202");
    BOOST_TEST(hub.curl(&town.roads, version) == "0 403");
    BOOST_TEST(hub.curl(nullptr, version) == "0 403");
  }
  const std::vector<std::string> rows{"in:certificate-not-allowed", "in:certificate-required",
                                      "in:certificate-not-allowed", "in:certificate-required"};
  BOOST_TEST(hub.stage.refused() == rows);
  BOOST_TEST(hub.stage.received().size() == 2u);
  BOOST_TEST(hub.stage.received().front().sender == "partner");
  test::took_part("curl");
}

BOOST_AUTO_TEST_CASE(no_certificate_but_a_good_one_shakes_hands) {
  const Town& town = Town::get();
  SecureHub hub(kRequired, kSwitch);
  BOOST_TEST(hub.curl(&town.bank) == "0 202");
  BOOST_TEST(hub.curl(&town.roads) == "0 403");
  const std::vector<std::pair<const Pem*, std::string>> strangers{
      {nullptr, "http:no-handshake"},
      {&town.old, "http:certificate-expired"},
      {&town.forged, "http:certificate-authority"},
      {&town.alone, "http:certificate-authority"}};
  for (const auto& [pem, row] : strangers) {
    for (const std::string version : {"--tls-max 1.2", "--tlsv1.3"}) {
      const std::size_t before = hub.stage.refused().size();
      BOOST_TEST(has(hub.curl(pem, version), " 000"), row + version);
      // Its row may be written after curl has seen the alert.
      const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
      while (hub.stage.refused().size() == before && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
      BOOST_TEST_REQUIRE(hub.stage.refused().size() == before + 1);
      BOOST_TEST(hub.stage.refused().back() == row);
    }
  }
  BOOST_TEST(hub.stage.received().size() == 1u);
  test::took_part("curl");
}

BOOST_AUTO_TEST_CASE(a_certificate_and_a_password_are_both_asked_for) {
  const Town& town = Town::get();
  SecureHub hub(kWanted, kSwitch + " user='u' password='secret:pass'");
  BOOST_TEST(hub.curl(&town.bank, "-u 'u:open sesame'") == "0 202");
  BOOST_TEST(hub.curl(&town.bank) == "0 401");
  BOOST_TEST(hub.curl(&town.roads, "-u 'u:open sesame'") == "0 403");
}

BOOST_AUTO_TEST_CASE(plain_http_is_closed_at_once) {
  SecureHub hub("", "", "connections-max='1' request-timeout='PT60S'");
  RawSocket socket(hub.address);
  socket.send("POST /in HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" +
              std::string(100'000, 'x'));
  const std::string answer = socket.read_all();
  BOOST_TEST(!has(answer, "HTTP/1"));
  BOOST_TEST(!has(answer, "<reset>"));
  BOOST_TEST(hub.refused("http:no-handshake"));
  BOOST_TEST(hub.stage.received().empty());
  BOOST_TEST(hub.curl_once_there_is_room() == "0 202");  // it takes no place
}

BOOST_AUTO_TEST_CASE(half_a_handshake_has_its_time) {
  SecureHub hub("", "", "request-timeout='PT0.2S'");
  RawSocket silent(hub.address);
  RawSocket half(hub.address);
  half.send(kHello);
  BOOST_TEST(half.read_all() == "");
  BOOST_TEST(silent.read_all() == "");
  BOOST_TEST(hub.refused("http:no-handshake"));
  BOOST_TEST(hub.curl(nullptr, "-m 60") == "0 202");
}

BOOST_AUTO_TEST_CASE(handshakes_count_as_connections) {
  SecureHub hub("", "", "connections-max='1' request-timeout='PT60S'");
  {
    RawSocket half(hub.address);
    half.send(kHello);
    BOOST_TEST(hub.curl(nullptr) == "0 503");
  }
  BOOST_TEST(hub.curl_once_there_is_room() == "0 202");
}

BOOST_AUTO_TEST_CASE(goodbye_is_said_on_both_sides) {
  SecureHub hub("", "", "idle-timeout='PT0.2S'");
  int status = 0;
  // s_client says "closed" after close_notify, and "unexpected eof" where a connection is cut.
  const std::string said =
      run("(printf 'GET /no HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n'; sleep 2) | openssl s_client -quiet "
          "-connect " +
              hub.address + " 2>&1",
          status);
  BOOST_TEST(has(said, "404"));
  BOOST_TEST(!has(said, "unexpected eof"));
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(a_body_over_the_limit_sees_its_answer) {
  SecureHub hub;
  BOOST_TEST(hub.curl(nullptr, "-H 'Expect:' --data-binary @/bin/bash") == "0 413");
}

BOOST_AUTO_TEST_CASE(changed_certificates_are_used_under_load_and_cut_nothing) {
  const Town& town = Town::get();
  SecureHub hub;
  const std::string both = town.city.certificate() + town.other.certificate();
  Caller early(hub.address, kOfCity, true);  // keeps its connection
  BOOST_TEST(early.outcome() == "delivered");
  std::atomic<bool> over{false};
  std::atomic<int> calls{0}, failed{0};
  std::vector<std::thread> load;
  for (int i = 0; i < 2; ++i) {
    load.emplace_back([&] {
      Caller caller(hub.address, "<tls trust='secret:both'/>");  // a connection a call
      caller.stage.put("both", both);
      while (!over) {
        if (caller.outcome() != "delivered") ++failed;
        ++calls;
      }
    });
  }
  const auto more_calls = [&] {
    for (const int until = calls + 20; calls < until;) std::this_thread::yield();
  };
  more_calls();
  for (const Pem* next : {&town.hub_next, &town.renewed, &town.hub_next}) {
    hub.stage.put("hub", next->certificate());  // and for a moment another's key
    hub.stage.steady.advance(std::chrono::seconds(2));
    more_calls();
    hub.stage.put("hub-key", next->key());
    hub.stage.steady.advance(std::chrono::seconds(2));
    more_calls();
  }
  over = true;
  for (std::thread& one : load) one.join();
  BOOST_TEST(failed == 0);
  // New connections meet the new one, whose authority the early ones do not know …
  BOOST_TEST(Caller(hub.address, kOfCity).outcome() == "unavailable certificate-authority");
  // … and the connection from before goes on.
  BOOST_TEST(early.outcome() == "delivered");
}

BOOST_AUTO_TEST_CASE(changed_certificates_that_cannot_be_used_are_not_used) {
  SecureHub hub;
  hub.stage.put("hub-key", "no key, but s3cret");
  for (int i = 0; i < 3; ++i) {
    hub.stage.steady.advance(std::chrono::seconds(2));
    BOOST_TEST(hub.curl(nullptr) == "0 202");
  }
  BOOST_TEST_REQUIRE(hub.stage.logged().size() == 1u);  // said once
  BOOST_TEST(has(hub.stage.logged()[0].line, "error listener http: "));
  BOOST_TEST(has(hub.stage.logged()[0].line, "secret:hub-key"));
  BOOST_TEST(!has(hub.stage.logged()[0].line, "s3cret"));
}

BOOST_AUTO_TEST_CASE(a_client_names_what_is_wrong_with_the_server) {
  const Town& town = Town::get();
  const auto outcome = [](const Pem& server, const std::string& version, const std::string& tls) {
    const ForeignServer foreign(server_of(server) + version);
    Caller caller(foreign.address(), tls);
    return caller.outcome();
  };
  for (const std::string version : {" -tls1_2", " -tls1_3"}) {
    BOOST_TEST(outcome(town.elsewhere, version, kOfCity) == "unavailable certificate-name");
    BOOST_TEST(outcome(town.old, version, kOfCity) == "unavailable certificate-expired");
    BOOST_TEST(outcome(town.hub_next, version, kOfCity) == "unavailable certificate-authority");
    BOOST_TEST(outcome(town.alone, version, kOfCity) == "unavailable certificate-authority");
    // Without <tls> the authorities are the system's.
    BOOST_TEST(outcome(town.hub, version, "") == "unavailable certificate-authority");
  }
  for (const std::string version : {" -tls1", " -tls1_1"}) {
    BOOST_TEST(outcome(town.hub, version + " -cipher DEFAULT@SECLEVEL=0", kOfCity) ==
               "unavailable tls-version");
  }
}

BOOST_AUTO_TEST_CASE(a_client_takes_the_name_that_it_is_told) {
  const Town& town = Town::get();
  SecureHub hub;
  hub.stage.put("hub", town.elsewhere);
  hub.stage.steady.advance(std::chrono::seconds(2));
  BOOST_TEST(Caller(hub.address, kOfCity).outcome() == "unavailable certificate-name");
  BOOST_TEST(Caller(hub.address, "<tls trust='secret:city' name='elsewhere'/>").outcome() ==
             "delivered");
}

BOOST_AUTO_TEST_CASE(a_client_shows_its_certificate) {
  const Town& town = Town::get();
  for (const std::string version : {"1.2", "1.3"}) {
    SecureHub hub(kRequired + (version == "1.3" ? " version='1.3'" : ""), kSwitch);
    const std::string showing =
        "<tls trust='secret:city' certificate='secret:mine' key='secret:mine-key'/>";
    Caller caller(hub.address, showing);
    caller.stage.put("mine", town.bank);
    BOOST_TEST(caller.outcome() == "delivered");
    // Changed while it runs: another's certificate, then one that the hub does not take.
    caller.stage.put("mine", town.roads);
    caller.stage.steady.advance(std::chrono::seconds(2));
    BOOST_TEST(caller.outcome() == "? 403");
    caller.stage.put("mine", town.old);
    caller.stage.steady.advance(std::chrono::seconds(2));
    BOOST_TEST(caller.outcome() == "unavailable own-certificate-refused");
    BOOST_TEST(Caller(hub.address, kOfCity).outcome() == "unavailable own-certificate-refused");
    BOOST_TEST(hub.stage.received().size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_handshake_byte_by_byte_has_the_calls_time) {
  constexpr int kBytes = 300;
  std::atomic<int> sent{0};
  std::promise<void> ended;
  const auto over = ended.get_future().share();
  RawServer slow([&](RawSocket& socket, int) {
    // A record of 16 kB that never ends, each byte well within any time-out of a read.
    const std::string record("\x16\x03\x03\x40\x00\x02", 6);
    for (sent = 0; sent < kBytes; ++sent) {
      if (!socket.send(sent < 6 ? record.substr(static_cast<std::size_t>(sent), 1) : "x")) return;
      over.wait_for(std::chrono::milliseconds(20));  // the pace of a partner that stalls
    }
  });
  Caller caller(slow.address(), kOfCity);
  caller.endpoint.spec.timeout = std::chrono::milliseconds(300);
  BOOST_TEST(caller.outcome() == "unavailable no-handshake");
  BOOST_TEST(sent < kBytes);
  ended.set_value();
}

BOOST_AUTO_TEST_CASE(it_is_known_when_certificates_end) {
  const Town& town = Town::get();
  SecureHub hub(kRequired, kSwitch);
  Caller caller(hub.address,
                "<tls trust='secret:city' certificate='secret:mine' key='secret:mine-key'/>");
  caller.stage.put("mine", town.renewed);
  caller.call();
  const Instant now = SystemBusinessClock().now();
  std::map<std::string, int> days;
  for (const tls::InUse* one : {&hub.in_use, &caller.in_use}) {
    for (const auto& left : one->left(now)) {
      days[left.owner.kind + " " + left.owner.id + " " + left.which] =
          static_cast<int>(left.time / std::chrono::hours(24));
    }
  }
  const std::map<std::string, int> expected{{"listener http certificate", 29},
                                            {"listener http trust", 29},
                                            {"endpoint out certificate", 59},
                                            {"endpoint out trust", 29}};
  BOOST_TEST((days == expected));
  hub.stage.put("hub", town.renewed);
  hub.stage.steady.advance(std::chrono::seconds(2));
  hub.curl(nullptr);
  BOOST_TEST((hub.in_use.left(now).front().time > std::chrono::hours(24 * 40)));
  BOOST_TEST((hub.in_use.left(now + std::chrono::hours(24 * 90)).front().time <
              std::chrono::seconds(0)));
}

BOOST_AUTO_TEST_SUITE_END()
