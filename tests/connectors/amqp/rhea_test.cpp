#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tests/connectors/amqp/hub.h"
#include "tests/support/peers.h"

// The same listener with a partner on npm's rhea: rhea/check.js. npm puts it into the build folder.

using namespace masar;
using namespace masar::test;

namespace {

const std::string kHere = MASAR_SOURCE_DIR "/tests/connectors/amqp/rhea";
const std::string kThere = MASAR_BINARY_DIR "/rhea";

/// Installed once by the committed lock; npm says what it misses.
void install() {
  static const bool installed = std::system(("mkdir -p " + kThere + " && cp " + kHere +
                                             "/package*.json " + kHere + "/check.js " + kThere +
                                             " && cd " + kThere +
                                             " && { test -d node_modules/rhea || npm ci --silent "
                                             "--ignore-scripts --no-audit --no-fund; }")
                                                .c_str()) == 0;
  if (!installed) throw std::runtime_error("npm did not install rhea");
}

std::string command(const std::string& test, const std::string& address) {
  return "node " + kThere + "/check.js " + test + " " + address;
}

struct Listening : Hub {
  explicit Listening(const std::string& attributes = "") : Hub(attributes) {
    install();
    inbound("echo.in", "echo", "credit=\"10\"");
    out = &outbound("echo.out", "echo");
    intake.answer_by([](const connector::Received& received) {
      if (received.body == "<refuse/>") return connector::IntakeAnswer{refused("no", "because")};
      return connector::IntakeAnswer{accepted()};
    });
    start();
  }
  bool passes(const std::string& test) {
    return std::system(command(test, address()).c_str()) == 0;
  }
  connector::Outbound* out;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(amqp_rhea)

BOOST_AUTO_TEST_CASE(a_partner_on_rhea_finds_the_contract_kept) {
  Listening hub;
  BOOST_TEST(hub.passes("contract"));
  BOOST_TEST(hub.intake.taken() == 21u);
  took_part("rhea (npm)");
}

BOOST_AUTO_TEST_CASE(one_that_never_settles_leaves_unknown_after_the_time_out) {
  Outcomes outcomes;
  Listening hub;
  const std::string line = command("silent", hub.address());
  const std::unique_ptr<FILE, int (*)(FILE*)> partner(::popen(line.c_str(), "w"), ::pclose);
  hub.until([&] { return hub.out->ready(); });
  connector::Attempt attempt;
  attempt.effect_id = "E-1";
  attempt.body = "<a/>";
  hub.out->send(std::move(attempt), outcomes.as("E-1"));
  hub.until([&] { return !hub.out->ready(); });
  hub.until([&] {
    hub.steady.advance(std::chrono::seconds(1));
    return outcomes.count() == 1;
  });
  const auto outcome = outcomes.wait(1).front().second;
  BOOST_TEST((outcome.kind == connector::OutcomeKind::unknown));
  BOOST_TEST(outcome.code == "amqp:timeout");
  took_part("rhea (npm)");
}

BOOST_AUTO_TEST_CASE(one_that_floods_takes_nothing_from_the_others) {
  Listening hub("buffer-bytes=\"65536\"");
  BOOST_TEST(hub.passes("flood"));
  took_part("rhea (npm)");
}

BOOST_AUTO_TEST_CASE(one_that_sends_half_a_frame_takes_nothing_from_the_others) {
  Listening hub;
  BOOST_TEST(hub.passes("half"));
  BOOST_TEST(hub.intake.taken() == 20u);
  took_part("rhea (npm)");
}

BOOST_AUTO_TEST_SUITE_END()
