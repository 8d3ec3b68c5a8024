// Many seeds in several processes.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <stdexcept>

#include "tests/faults/sum.h"
#include "tests/faults/workers.h"

namespace masar::faults {
namespace {

constexpr int kSeeds = 6;

/// Every so many seeds, from one of them on.
std::string play(int first, int every) {
  Simulation simulation(MASAR_SOURCE_DIR);
  Sum sum;
  for (int at = first; at < kSeeds; at += every) {
    Plan plan;
    plan.in_memory = true;
    plan.cases = 3;
    plan.days = 2;
    plan.seed = static_cast<std::uint64_t>(1 + at);
    sum.add(simulation.run(plan));
  }
  return sum.text();
}

Sum play_in(int processes) {
  Sum sum;
  for (const auto& text : in_processes(processes, [&](int at) { return play(at, processes); }))
    sum.add(Sum::read(text));
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(faults_workers)

BOOST_AUTO_TEST_CASE(each_has_a_process_of_its_own_and_all_are_heard) {
  const pid_t parent = ::getpid();
  const std::string large(1'000'000, 'x');
  const auto said = in_processes(3, [&](int at) {
    return std::to_string(at) + (::getpid() == parent ? "?" : large);
  });
  BOOST_REQUIRE(said.size() == 3u);
  for (int at = 0; at < 3; ++at) BOOST_TEST((said[at] == std::to_string(at) + large));
}

BOOST_AUTO_TEST_CASE(one_that_fails_is_not_left_out_in_silence) {
  const auto work = [](int at) {
    if (at == 1) throw std::runtime_error("this one is meant to fail");
    return std::string("done");
  };
  BOOST_CHECK_THROW(in_processes(3, work), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(several_processes_come_to_what_one_comes_to) {
  const Sum one = play_in(1);
  const Sum several = play_in(4);
  BOOST_TEST(one.seeds == static_cast<std::uint64_t>(kSeeds));
  BOOST_TEST(one.ends.size() > 2u);
  BOOST_TEST((one.ends == several.ends));
  BOOST_TEST(one.cases == several.cases);
  BOOST_TEST(one.days == several.days, boost::test_tools::tolerance(0.001));
  BOOST_TEST(one.counts.attempts == several.counts.attempts);
  BOOST_TEST(one.counts.messages == several.counts.messages);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace masar::faults
