#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/manual.h"
#include "core/store/database_clock.h"

using namespace masar;
using namespace std::chrono_literals;

namespace {

struct Sampled {
  ManualSteadyClock steady;
  store::DatabaseClock clock{steady};

  /// The database's time in the middle of an exchange that takes `trip`.
  void sample(Instant middle, Duration trip) {
    const auto asked = steady.now();
    steady.advance(trip);
    clock.sample(asked, middle, steady.now());
  }
};

Instant at(std::int64_t seconds) { return Instant(std::chrono::seconds(seconds)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(database_clock)

BOOST_FIXTURE_TEST_CASE(follows_the_database, Sampled) {
  BOOST_TEST((clock.error() == Duration::max()));
  sample(at(5000), 2ms);
  BOOST_TEST((clock.now() == at(5000) + 1ms));
  BOOST_TEST((clock.error() == 1ms));
  steady.advance(10s);
  BOOST_TEST((clock.now() == at(5010) + 1ms));
  BOOST_TEST((clock.error() == 6ms));  // and what may have drifted
}

BOOST_FIXTURE_TEST_CASE(slow_answer_says_less_unless_it_contradicts, Sampled) {
  sample(at(5000), 2ms);
  const Instant before = clock.now();
  sample(before + 40ms, 100ms);  // ten milliseconds early: within its own error
  BOOST_TEST((clock.now() == before + 100ms));
  sample(at(9000), 100ms);  // somebody has set the database's clock
  BOOST_TEST((clock.now() == at(9000) + 50ms));
  BOOST_TEST((clock.error() == 50ms));
}

BOOST_AUTO_TEST_SUITE_END()
