#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <set>

#include "core/base/manual.h"
#include "tests/core/store/store_directory.h"
#include "tests/support/memory_disk.h"

namespace masar::testing {
namespace {

/// A database on the disk, closed at the end of its scope.
struct Database {
  Database() {
    BOOST_REQUIRE_EQUAL(sqlite3_open("/on-memory-disk/a.db", &handle), SQLITE_OK);
    run("PRAGMA journal_mode = WAL");
    run("CREATE TABLE IF NOT EXISTS t(x INTEGER)");
  }
  ~Database() { sqlite3_close(handle); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  void run(const std::string& sql) {
    char* message = nullptr;
    const int code = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message);
    BOOST_TEST_INFO((message ? message : ""));
    BOOST_REQUIRE_EQUAL(code, SQLITE_OK);
  }
  void put(int value) { run("INSERT INTO t VALUES(" + std::to_string(value) + ")"); }
  std::set<int> rows() {
    std::set<int> all;
    const auto each = [](void* to, int, char** values, char**) {
      static_cast<std::set<int>*>(to)->insert(std::stoi(values[0]));
      return 0;
    };
    BOOST_REQUIRE_EQUAL(sqlite3_exec(handle, "SELECT x FROM t", each, &all, nullptr), SQLITE_OK);
    return all;
  }
  sqlite3* handle = nullptr;
};

BOOST_AUTO_TEST_SUITE(disk_in_memory)

BOOST_AUTO_TEST_CASE(a_cut_loses_what_was_not_synced_and_nothing_else) {
  MemoryDisk disk;
  {
    Database one;
    one.run("PRAGMA synchronous = FULL");
    one.put(1);
    one.run("PRAGMA synchronous = OFF");
    one.put(2);
    disk.crash(MemoryDisk::Keeps::nothing, 1);
    one.put(3);  // by a process that is dead
  }
  disk.restart();
  Database again;
  BOOST_TEST(again.rows() == (std::set<int>{1}));
}

BOOST_AUTO_TEST_CASE(a_killed_process_leaves_all_that_it_wrote) {
  MemoryDisk disk;
  {
    Database one;
    one.run("PRAGMA synchronous = OFF");
    one.put(2);
    disk.crash(MemoryDisk::Keeps::all, 1);
    one.put(3);
  }
  disk.restart();
  Database again;
  BOOST_TEST(again.rows() == (std::set<int>{2}));
}

BOOST_AUTO_TEST_CASE(whatever_sectors_are_kept_synced_rows_stand) {
  bool torn = false;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    MemoryDisk disk;
    {
      Database one;
      one.run("PRAGMA synchronous = FULL");
      one.put(1);
      one.put(2);
      disk.crash_after(seed % 5 + 1, MemoryDisk::Keeps::some, seed);
      one.put(3);
      one.run("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    BOOST_TEST(disk.crashed());
    disk.restart();
    Database again;
    const auto rows = again.rows();
    BOOST_TEST(rows.contains(1));
    BOOST_TEST(rows.contains(2));
    torn = torn || !rows.contains(3);
  }
  BOOST_TEST(torn);
}

BOOST_AUTO_TEST_CASE(a_crash_that_comes_by_itself_is_told_once) {
  MemoryDisk disk;
  int told = 0;
  disk.on_crash([&told] { ++told; });
  {
    Database one;
    disk.crash_after(2, MemoryDisk::Keeps::nothing, 1);
    one.put(1);
    one.put(2);
  }
  BOOST_TEST(told == 1);
  disk.clear();
  Database fresh;
  BOOST_TEST(fresh.rows().empty());
}

BOOST_AUTO_TEST_CASE(a_store_whose_making_is_cut_off_is_made_by_the_next_start) {
  MemoryDisk disk;
  ManualBusinessClock clock{Instant{}};
  const store::StoreDirectory folder;  // of the lock; the database itself is on the memory's disk
  const store::SqliteSettings settings = folder.settings();
  std::uint64_t cuts = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (std::uint64_t after = 1;; ++after) {
      disk.clear();
      disk.crash_after(after, MemoryDisk::Keeps::some, seed);
      store::open_sqlite_store(settings, clock).reset();
      if (!disk.crashed()) break;
      ++cuts;
      disk.restart();
      BOOST_TEST_INFO("cut at " << after << ", seed " << seed);
      BOOST_CHECK_NO_THROW(store::open_sqlite_store(settings, clock));
    }
  }
  BOOST_TEST(cuts > 50u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace masar::testing
