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
                                       "query-ignores-undone",
                                       "stamp-goes-back"};
/// Those whose place is not in SQLite's store.
const std::vector<std::string> kInTheEngine{
    "acknowledge-before-commit", "deduplication-off",   "deadline-early",
    "unknown-resent",            "event-applied-twice", "reply-before-case",
    "order-broken",              "stale-reply-applied", "query-ignores-undone"};

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

/// What the first of the seeds that finds it came to.
Verdict must_be_found(const std::string& name, Plan plan) {
  plant(name);
  for (plan.seed = 1; plan.seed <= kSeeds; ++plan.seed) {
    Verdict verdict = simulation().run(plan);
    if (verdict.breaches.empty()) continue;
    const auto& first = verdict.breaches.front();
    BOOST_TEST_MESSAGE(name << ": seed " << plan.seed << ", " << first.oracle << ": "
                            << first.text);
    return verdict;
  }
  BOOST_ERROR(name << " is not found in " << kSeeds << " seeds");
  return {};
}

Plan only_jumps() {
  Plan plan = plan_of(1);
  for (bool& off : plan.off) off = true;
  plan.off[static_cast<int>(Fault::clock)] = false;
  return plan;
}

BOOST_AUTO_TEST_SUITE(planted_bugs)

BOOST_DATA_TEST_CASE_F(Clean, a_planted_bug_is_found, boost::unit_test::data::make(kPlants), name) {
  (void)must_be_found(name, plan_of(1));
}

BOOST_DATA_TEST_CASE_F(Clean, it_is_found_on_the_store_in_memory,
                       boost::unit_test::data::make(kInTheEngine), name) {
  Plan plan = plan_of(1);
  plan.in_memory = true;
  (void)must_be_found(name, plan);
}

// Not hidden by a clock that is wrong anyway.
BOOST_FIXTURE_TEST_CASE(an_early_deadline_is_found_while_the_clock_jumps, Clean) {
  Plan plan = only_jumps();
  plan.in_memory = true;
  plant("deadline-early");
  int found = 0;
  for (plan.seed = 1; plan.seed <= kSeeds; ++plan.seed) {
    const Verdict verdict = simulation().run(plan);
    if (verdict.counts.struck[static_cast<int>(Fault::clock)] == 0) continue;
    for (const auto& breach : verdict.breaches) found += breach.oracle == 'T' ? 1 : 0;
    if (found > 0) return;
  }
  BOOST_ERROR("not found in " << kSeeds << " seeds");
}

// Nothing but the jumps shows it.
BOOST_FIXTURE_TEST_CASE(a_stamp_that_goes_back_needs_a_jump, Clean) {
  (void)must_be_found("stamp-goes-back", only_jumps());
  Plan plan = plan_of(1);
  plan.off[static_cast<int>(Fault::clock)] = true;
  for (; plan.seed <= 10; ++plan.seed) BOOST_TEST(simulation().run(plan).breaches.empty());
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
