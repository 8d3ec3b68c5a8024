// The clock that jumps, and what may be said of a stamp that it gave.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/faults/host_clock.h"

namespace masar::faults {
namespace {

using namespace std::chrono_literals;

constexpr Instant at(int seconds) { return Instant(std::chrono::seconds(seconds)); }

struct Jumping {
  Instant world = at(100);
  HostClock clock{[this] { return world; }};
  void jump(Instant when, Duration off) {
    world = when;
    clock.jump(off);
  }
};

BOOST_AUTO_TEST_SUITE(clock_of_the_host)

BOOST_AUTO_TEST_CASE(without_a_jump_it_is_the_worlds_time) {
  Jumping one;
  BOOST_TEST((one.clock.now() == at(100)));
  BOOST_TEST((one.clock.least(at(40), at(60)) == at(40)));
  BOOST_TEST((one.clock.most(at(60)) == at(60)));
}

BOOST_AUTO_TEST_CASE(what_it_showed_is_known_over_jumps) {
  Jumping one;
  one.jump(at(200), 50s);
  BOOST_TEST(!one.clock.went_back());
  one.jump(at(300), -30s);
  BOOST_TEST(one.clock.went_back());
  one.world = at(310);
  BOOST_TEST((one.clock.now() == at(280)));
  BOOST_TEST((one.clock.least(at(190), at(210)) == at(190)));
  BOOST_TEST((one.clock.least(at(210), at(220)) == at(260)));
  BOOST_TEST((one.clock.least(at(290), at(310)) == at(270)));
  BOOST_TEST((one.clock.least(at(305), at(310)) == at(275)));
  BOOST_TEST((one.clock.most(at(199)) == at(199)));
  BOOST_TEST((one.clock.most(at(250)) == at(300)));
  BOOST_TEST((one.clock.most(at(310)) == at(350)));
}

// Both readings of the instant of a jump are possible.
BOOST_AUTO_TEST_CASE(the_instant_of_a_jump_counts_on_both_sides) {
  Jumping one;
  one.jump(at(200), -60s);
  BOOST_TEST((one.clock.least(at(200), at(200)) == at(140)));
  BOOST_TEST((one.clock.most(at(200)) == at(200)));
  one.jump(at(300), 0s);
  BOOST_TEST((one.clock.least(at(300), at(300)) == at(240)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace masar::faults
