// The simulation itself: the same seed twice is the same run, and many seeds break nothing.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/faults/simulation.h"

namespace masar::faults {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSeeds = 100;
#else
constexpr int kSeeds = 1'000;
#endif
constexpr int kInMemory = 2 * kSeeds;  ///< they cost a third

Simulation& simulation() {
  static Simulation one(MASAR_SOURCE_DIR);
  return one;
}

Plan plan_of(std::uint64_t seed, int cases, int days, bool in_memory = false) {
  Plan plan;
  plan.in_memory = in_memory;
  plan.seed = seed;
  plan.cases = cases;
  plan.days = days;
  return plan;
}

void must_be_the_same_run(std::uint64_t seed, bool in_memory) {
  const Verdict first = simulation().run(plan_of(seed, 6, 3, in_memory));
  (void)simulation().run(plan_of(seed + 100, 2, 1, in_memory));
  const Verdict second = simulation().run(plan_of(seed, 6, 3, in_memory));
  BOOST_TEST(first.trace == second.trace);
  BOOST_TEST(first.trace != simulation().run(plan_of(seed + 1, 6, 3, in_memory)).trace);
}

void must_break_nothing(std::uint64_t first, int seeds, bool in_memory) {
  int cases = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const Plan plan = plan_of(first + static_cast<std::uint64_t>(seed), 3, 2, in_memory);
    const Verdict verdict = simulation().run(plan);
    cases += verdict.cases;
    if (verdict.breaches.empty()) continue;
    for (const auto& breach : verdict.breaches) BOOST_ERROR(breach.oracle << ": " << breach.text);
    BOOST_ERROR("again: " << command_of(simulation().shrink(plan)));
    return;
  }
  BOOST_TEST(cases > 2 * seeds);
}

BOOST_AUTO_TEST_SUITE(simulation_of_the_hub)

BOOST_AUTO_TEST_CASE(the_same_seed_is_the_same_run) {
  for (const std::uint64_t seed : {11, 12, 13}) {
    must_be_the_same_run(seed, false);
    must_be_the_same_run(seed, true);
  }
}

BOOST_AUTO_TEST_CASE(a_run_on_real_files_breaks_nothing_either) {
  Plan plan = plan_of(5, 5, 2);
  plan.on_disk = true;
  const Verdict verdict = simulation().run(plan);
  for (const auto& breach : verdict.breaches) BOOST_ERROR(breach.oracle << ": " << breach.text);
  BOOST_TEST(verdict.cases > 0);
}

BOOST_AUTO_TEST_CASE(every_fault_strikes_and_every_end_is_reached) {
  World::Counts counts;
  std::map<std::string, int> ends;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    const Verdict verdict = simulation().run(plan_of(seed, 4, 2));
    counts += verdict.counts;
    for (const auto& [state, count] : verdict.ends) ends[state] += count;
  }
  const std::uint64_t crashes = counts.crashes;
  BOOST_TEST(crashes > 25u);
  for (std::uint64_t seed = 1; seed <= 25; ++seed)
    counts += simulation().run(plan_of(seed, 4, 2, true)).counts;
  BOOST_TEST(counts.crashes > crashes + 25);
  BOOST_TEST(counts.stops > 0u);
  for (int fault = static_cast<int>(Fault::duplicate); fault < static_cast<int>(Fault::count);
       ++fault) {
    BOOST_TEST(counts.struck[fault] > 0u, name_of(static_cast<Fault>(fault)));
  }
  for (const char* state : {"cleared", "cancelled", "rejected", "joined or refused"})
    BOOST_TEST(ends[state] > 0, state);
}

BOOST_AUTO_TEST_CASE(many_seeds_break_nothing) { must_break_nothing(10'001, kSeeds, false); }

BOOST_AUTO_TEST_CASE(many_more_break_nothing_on_the_store_in_memory) {
  must_break_nothing(20'001, kInMemory, true);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace masar::faults
