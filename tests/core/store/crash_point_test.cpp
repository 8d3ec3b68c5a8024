#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/contracts/store_contract.h"
#include "tests/core/store/store_directory.h"

using namespace masar;
using namespace masar::store;
using contracts::at;
using contracts::opening;

namespace {

/// Commits m1 to m3 one by one in a process that dies as `plan` says; returns how many are stored.
std::size_t stored_after_crash(const char* plan) {
  const StoreDirectory directory;
  ManualBusinessClock clock{at(1'000'000)};
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv("MASAR_CRASH", plan, 1);
    auto store = open_sqlite_store(directory.settings(), clock);
    for (const char* id : {"m1", "m2", "m3"}) {
      store->submit(opening("A", id), {});
      store->run_writer();
    }
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  return open_sqlite_store(directory.settings(), clock)->undone(0, 10).size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crash_points)

BOOST_AUTO_TEST_CASE(before_the_commit_nothing_of_it_is_there) {
  BOOST_TEST(stored_after_crash("before-commit:1") == 0u);
  BOOST_TEST(stored_after_crash("before-commit:3") == 2u);
}

BOOST_AUTO_TEST_CASE(after_the_commit_all_of_it_is_there) {
  BOOST_TEST(stored_after_crash("after-commit:1") == 1u);
  BOOST_TEST(stored_after_crash("after-commit:2") == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
