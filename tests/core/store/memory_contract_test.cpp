// The store of the simulation keeps the contract of the others (tests/support/memory_store.h).
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/contracts/store_contract.h"
#include "tests/support/memory_store.h"

BOOST_AUTO_TEST_SUITE(memory_store_contract)

#define RUN_IN_MEMORY(name)                                                   \
  BOOST_AUTO_TEST_CASE(name) {                                                \
    masar::testing::MemoryMachine machine;                                    \
    masar::contracts::StoreBench bench;                                       \
    bench.open = [&](const masar::BusinessClock& clock, bool writer_thread) { \
      masar::store::GroupSettings settings;                                   \
      settings.writer_thread = writer_thread;                                 \
      return masar::testing::open_memory_store(machine, clock, settings);     \
    };                                                                        \
    masar::contracts::name(bench);                                            \
  }
MASAR_STORE_CONTRACT(RUN_IN_MEMORY)
#undef RUN_IN_MEMORY

BOOST_AUTO_TEST_SUITE_END()

namespace masar::testing {
namespace {

store::Commit put(store::Store& store, const std::string& key) {
  store::Commit result;
  store::Transaction transaction;
  transaction.cases = {contracts::case_row(key, 1)};
  store.submit(std::move(transaction), [&](const store::Commit& commit) { result = commit; });
  store.run_writer();
  return result;
}

struct Machine {
  MemoryMachine memory;
  ManualBusinessClock clock{contracts::at(1'000'000)};
  std::unique_ptr<store::Store> open() {
    store::GroupSettings settings;
    settings.writer_thread = false;
    return open_memory_store(memory, clock, settings);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_store_crash)

BOOST_AUTO_TEST_CASE(what_was_committed_stays_and_what_came_after_the_crash_does_not) {
  Machine machine;
  {
    auto store = machine.open();
    BOOST_TEST((put(*store, "A").status == store::CommitStatus::committed));
    machine.memory.crash();
    put(*store, "B");  // of a process that is dead already
  }
  machine.memory.restart();
  auto store = machine.open();
  BOOST_TEST(store->find_case("A").has_value());
  BOOST_TEST(!store->find_case("B").has_value());
  BOOST_TEST((put(*store, "B").status == store::CommitStatus::committed));
}

BOOST_AUTO_TEST_CASE(a_crash_inside_a_commit_loses_or_keeps_it) {
  for (const bool kept : {false, true}) {
    Machine machine;
    int told = 0;
    machine.memory.on_crash([&told] { ++told; });
    machine.memory.crash_after(2, kept);
    {
      auto store = machine.open();
      BOOST_TEST((put(*store, "A").status == store::CommitStatus::committed));
      BOOST_TEST(told == 0);
      put(*store, "B");
      BOOST_TEST(told == 1);
      put(*store, "C");
    }
    machine.memory.restart();
    auto store = machine.open();
    BOOST_TEST(store->find_case("A").has_value());
    BOOST_TEST(store->find_case("B").has_value() == kept);
    BOOST_TEST(!store->find_case("C").has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace masar::testing
