#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <map>
#include <optional>
#include <vector>

#include "core/connector/live_secret.h"

using namespace masar;
using connector::kSecretLookEvery;
using connector::LiveSecret;

namespace {

struct Bench final : connector::Secrets, SteadyClock {
  std::string get(std::string_view) const override {
    ++reads;
    if (text) return *text;
    throw Error(ErrorKind::config, "no-secret", "there is no secret \"n\"");
  }
  TimePoint now() const override { return time; }

  LiveSecret<std::string> make() {
    return LiveSecret<std::string>(
        *this, "secret:n", *this,
        [this](std::string_view level, std::string_view said, const LogIds&) {
          log.push_back(std::string(level) + " " + std::string(said));
        },
        [](const std::string& one) {
          if (one == "junk") throw Error(ErrorKind::config, "bad-key", "not a key");
          return "<" + one + ">";
        });
  }
  void pass() { time += kSecretLookEvery; }

  std::optional<std::string> text = "old";
  TimePoint time;
  std::vector<std::string> log;
  mutable int reads = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(live_secret_test)

BOOST_AUTO_TEST_CASE(what_cannot_be_used_at_the_start_stops_it_and_is_named) {
  Bench bench;
  bench.text = "junk";
  BOOST_CHECK_EXCEPTION(bench.make(), Error, [](const Error& error) {
    return error.kind() == ErrorKind::config && error.code() == "bad-key" &&
           error.what() == std::string("secret:n: not a key");
  });
  bench.text.reset();
  BOOST_CHECK_EXCEPTION(bench.make(), Error,
                        [](const Error& error) { return error.code() == "no-secret"; });
}

BOOST_AUTO_TEST_CASE(a_change_counts_when_it_is_looked_for) {
  Bench bench;
  auto secret = bench.make();
  bench.text = "new";
  BOOST_TEST(*secret.current() == "<old>");
  BOOST_TEST(bench.reads == 1);
  bench.pass();
  BOOST_TEST(*secret.current() == "<new>");
  BOOST_TEST(bench.reads == 2);
  BOOST_TEST(*secret.current() == "<new>");
  BOOST_TEST(bench.reads == 2);
  BOOST_REQUIRE(bench.log.size() == 1u);
  BOOST_TEST(bench.log[0] == "info secret:n has changed and is used from now on");
}

BOOST_AUTO_TEST_CASE(who_cannot_go_on_with_it_looks_at_once) {
  Bench bench;
  auto secret = bench.make();
  const auto known = secret.current();
  BOOST_TEST(!secret.refreshed(known));
  bench.text = "new";
  const auto changed = secret.refreshed(known);
  BOOST_REQUIRE(changed);
  BOOST_TEST(*changed == "<new>");
  // Another who still has the old one gets the new one without a look.
  const int reads = bench.reads;
  BOOST_TEST(secret.refreshed(known) == changed);
  BOOST_TEST(bench.reads == reads);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_used_changes_nothing_and_is_said_once) {
  Bench bench;
  auto secret = bench.make();
  const auto known = secret.current();
  bench.text = "junk";
  for (int i = 0; i < 3; ++i) {
    bench.pass();
    BOOST_TEST(secret.current() == known);
    BOOST_TEST(!secret.refreshed(known));
  }
  BOOST_REQUIRE(bench.log.size() == 1u);
  BOOST_TEST(bench.log[0].starts_with("error "));
  BOOST_TEST(bench.log[0].ends_with("secret:n: not a key"));
  bench.text.reset();
  bench.pass();
  BOOST_TEST(secret.current() == known);
  BOOST_REQUIRE(bench.log.size() == 2u);
  BOOST_TEST(bench.log[1].ends_with("there is no secret \"n\""));
  // Put back as it was, it is no change; the same junk again is said again.
  bench.text = "old";
  bench.pass();
  BOOST_TEST(secret.current() == known);
  BOOST_TEST(bench.log.size() == 2u);
  bench.text.reset();
  bench.pass();
  BOOST_TEST(secret.current() == known);
  BOOST_TEST(bench.log.size() == 3u);
  bench.text = "new";
  bench.pass();
  BOOST_TEST(*secret.current() == "<new>");
}

BOOST_AUTO_TEST_SUITE_END()
