// A test of the tests: bugs planted on purpose, each of which the simulation must find.
#define BOOST_TEST_DYN_LINK
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "core/base/plant.h"
#include "tests/faults/simulation.h"

namespace masar::faults {
namespace {

constexpr int kSeeds = 400;  ///< at most, for one plant

const std::vector<std::string> kPlants{"acknowledge-before-commit",
                                       "deduplication-off",
                                       "deadline-early",
                                       "fsync-dropped",
                                       "unique-index-dropped",
                                       "unknown-resent",
                                       "event-applied-twice",
                                       "reply-before-case",
                                       "order-broken",
                                       "alias-race-lost",
                                       "stale-reply-applied",
                                       "query-ignores-undone"};

Simulation& simulation() {
  static Simulation one(MASAR_SOURCE_DIR);
  return one;
}

Plan plan_of(int seed) {
  Plan plan;
  plan.seed = static_cast<std::uint64_t>(seed);
  plan.cases = 5;
  plan.days = 1;
  return plan;
}

struct Clean {
  ~Clean() { plant({}); }
};

BOOST_AUTO_TEST_SUITE(planted_bugs)

BOOST_DATA_TEST_CASE_F(Clean, a_planted_bug_is_found, boost::unit_test::data::make(kPlants), name) {
  plant(name);
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const Verdict verdict = simulation().run(plan_of(seed));
    if (verdict.breaches.empty()) continue;
    const auto& first = verdict.breaches.front();
    BOOST_TEST_MESSAGE(name << ": seed " << seed << ", " << first.oracle << ": " << first.text);
    return;
  }
  BOOST_ERROR(name << " is not found in " << kSeeds << " seeds");
}

BOOST_FIXTURE_TEST_CASE(without_one_the_same_program_breaks_nothing, Clean) {
  plant({});
  for (int seed = 1; seed <= 10; ++seed)
    BOOST_TEST(simulation().run(plan_of(seed)).breaches.empty());
}

BOOST_FIXTURE_TEST_CASE(a_failing_seed_is_cut_down_to_what_it_needs, Clean) {
  plant("unknown-resent");
  Plan plan = plan_of(1);
  while (simulation().run(plan).breaches.empty()) ++plan.seed;
  const Plan shortest = simulation().shrink(plan);
  BOOST_TEST(!simulation().run(shortest).breaches.empty());
  BOOST_TEST(shortest.cases < plan.cases);
  BOOST_TEST(shortest.off[static_cast<int>(Fault::outage)]);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace masar::faults
