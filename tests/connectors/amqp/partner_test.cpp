#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <cstdlib>

#include "tests/connectors/amqp/hub.h"
#include "tests/support/peers.h"

using namespace masar;
using namespace masar::test;

BOOST_AUTO_TEST_SUITE(amqp_partner)

/// The same contract with another implementation of the partner: partner_check.py.
BOOST_AUTO_TEST_CASE(a_python_partner_finds_the_contract_kept) {
  Outcomes outcomes;
  Hub hub;
  hub.inbound("echo.in", "echo");
  hub.inbound("other.in", "other");
  connector::Outbound& out = hub.outbound("echo.out", "echo");
  hub.intake.answer_by([&](const connector::Received& received) {
    if (received.body == "<refuse/>") return connector::IntakeAnswer{refused("no", "because")};
    if (received.body == "<later/>") return connector::IntakeAnswer{later()};
    connector::Attempt attempt;
    attempt.effect_id = received.message_id;
    attempt.headers = received.headers;
    attempt.body = received.body;
    out.send(std::move(attempt), outcomes.as(received.message_id));
    return connector::IntakeAnswer{accepted()};
  });
  const std::string command =
      "/usr/bin/python3 " MASAR_SOURCE_DIR "/tests/connectors/amqp/partner_check.py " + hub.start();
  BOOST_TEST(std::system(command.c_str()) == 0);
  for (const auto& [id, outcome] : outcomes.wait(6)) {
    BOOST_TEST((outcome.kind == connector::OutcomeKind::delivered), id);
  }
  took_part("Qpid Proton (Python)");
}

BOOST_AUTO_TEST_SUITE_END()
