#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <thread>

#include "core/store/gathering_vfs.h"
#include "tests/contracts/store_contract.h"
#include "tests/core/store/faulty_disk.h"
#include "tests/core/store/store_directory.h"
#include "tests/support/memory_disk.h"
#include "tests/support/split_mix.h"

using namespace masar;
using namespace masar::store;
using testing::MemoryDisk;
using testing::split_mix;

namespace {

constexpr int kFrame = 24 + 4096;

/// A connection to a database, through a VFS of its own where it gathers.
class Connection {
 public:
  explicit Connection(const std::string& path, bool gathers = true, const char* more = "") {
    std::string uri = "file:" + path + "?cache=private" + more;
    if (gathers) {
      uri += "&vfs=" + vfs_.emplace().name();
    }
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
    BOOST_REQUIRE(sqlite3_open_v2(uri.c_str(), &handle_, kFlags, nullptr) == SQLITE_OK);
    sqlite3_busy_timeout(handle_, 5000);
    ok("PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
  }
  ~Connection() { sqlite3_close(handle_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int run(const std::string& sql) {
    return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  }
  void ok(const std::string& sql) {
    const int code = run(sql);
    BOOST_TEST_INFO(sql << ": " << sqlite3_errmsg(handle_));
    BOOST_REQUIRE_EQUAL(code, SQLITE_OK);
  }
  /// The first column of the first row; nothing where it cannot be read.
  std::optional<std::string> value(const std::string& sql) {
    std::optional<std::string> found;
    const auto take = [](void* to, int, char** values, char**) {
      *static_cast<std::optional<std::string>*>(to) = values[0] ? values[0] : "";
      return 0;
    };
    const int code = sqlite3_exec(handle_, sql.c_str(), take, &found, nullptr);
    return code == SQLITE_OK ? found : std::nullopt;
  }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  sqlite3* handle() const { return handle_; }

 private:
  std::optional<GatheringVfs> vfs_;
  sqlite3* handle_ = nullptr;
};

const std::string kTable = "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, x, filler)";
const std::string kAll = "SELECT count(*) || ' ' || total(id * x) || ' ' || total(length(filler))"
                         " || group_concat(substr(filler, 1, 2)) FROM t";

/// Rows of which three fill a page and a bit.
std::string insert(int rows, int x) {
  return "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(rows) +
         ") INSERT INTO t(x, filler) SELECT " + std::to_string(x) +
         ", hex(zeroblob(600 + i % 50)) || i FROM n";
}

struct Directory {
  StoreDirectory directory;
  std::string path = directory.database();
  /// How the file stands to whoever opens it anew.
  std::string seen() {
    Connection other(path, false);
    BOOST_TEST(other.value("PRAGMA integrity_check").value_or("") == "ok");
    return other.value(kAll).value_or("unreadable");
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gathering_vfs)

BOOST_FIXTURE_TEST_CASE(frames_of_a_commit_are_written_at_once, Directory) {
  FaultyDisk disk;
  const auto writes_and_frames = [&](Connection& connection) {
    connection.ok(kTable);
    connection.ok("DELETE FROM t");
    const auto length = std::filesystem::file_size(path + "-wal");
    const int before = disk.wal_writes;
    connection.ok(insert(100, 1));
    const auto frames = (std::filesystem::file_size(path + "-wal") - length) / kFrame;
    BOOST_TEST(frames > 30u);
    return std::pair(disk.wal_writes - before, static_cast<int>(frames));
  };
  {
    Connection plain(path, false);
    const auto [writes, frames] = writes_and_frames(plain);
    BOOST_TEST(writes == 2 * frames);
  }
  Connection gathers(path);
  const auto [writes, frames] = writes_and_frames(gathers);
  BOOST_TEST(writes == (frames * kFrame + 65'535) / 65'536);
}

BOOST_FIXTURE_TEST_CASE(commit_of_the_writer_is_a_write_or_two_and_one_sync, Directory) {
  FaultyDisk disk;
  ManualBusinessClock clock{contracts::at(1'000'000)};
  auto store = open_sqlite_store(directory.settings(), clock);
  contracts::commit_ok(*store, contracts::opening("A", "m0"));
  for (const char* id : {"m1", "m2", "m3"}) {
    const int writes = disk.wal_writes;
    const int syncs = disk.syncs;
    contracts::commit_ok(*store, contracts::opening("A", id));
    BOOST_TEST(disk.wal_writes - writes <= 2);  // of a dozen frames and more
    BOOST_TEST(disk.syncs - syncs == 1);
  }
}

// Padding behind the sync is published as the frames before it are.
BOOST_FIXTURE_TEST_CASE(nothing_is_gathered_where_a_write_may_harm_its_neighbours, Directory) {
  FaultyDisk disk;
  Connection connection(path, true, "&psow=0");
  connection.ok(kTable);
  const int before = disk.wal_writes;
  connection.ok(insert(100, 1));
  BOOST_TEST(disk.wal_writes - before > 60);
  BOOST_TEST(seen() == connection.value(kAll).value());
}

// The random salts of a WAL are the same from the same seed.
BOOST_AUTO_TEST_CASE(files_are_the_same_to_the_byte) {
  const auto written = [](bool gathers) {
    const StoreDirectory directory;
    const std::string path = directory.database();
    Connection connection(path, gathers);
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 7, connection.handle());
    connection.ok("PRAGMA cache_size = 10");  // pages go out, and are read again, before the commit
    connection.ok(kTable);
    connection.ok(insert(300, 1));
    for (const char* checkpoint : {"PASSIVE", "RESTART", "TRUNCATE"}) {
      connection.ok("BEGIN; " + insert(100, 2) + "; SAVEPOINT s; " + insert(100, 3) +
                    "; UPDATE t SET x = x + 1; ROLLBACK TO s; UPDATE t SET x = x * 3; COMMIT");
      connection.ok("BEGIN; " + insert(100, 5) + "; ROLLBACK");
      connection.ok(insert(150, 6));  // more than what was rolled back
      connection.ok("PRAGMA wal_checkpoint(" + std::string(checkpoint) + ")");
      connection.ok("DELETE FROM t WHERE id % 3 = 0");
      connection.ok(insert(10, 7));
    }
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 0, connection.handle());
    return contents_of(path + "-wal") + contents_of(path);
  };
  const std::string plain = written(false);
  BOOST_TEST(plain.size() > 100u * kFrame);
  BOOST_TEST((written(true) == plain));
}

BOOST_FIXTURE_TEST_CASE(full_disk_anywhere_in_a_commit_is_its_error_alone, Directory) {
  FaultyDisk disk;
  for (const char* cache : {"PRAGMA cache_size = 2000", "PRAGMA cache_size = 10"}) {
    Connection connection(path);
    connection.ok(cache);
    connection.ok(kTable);
    sqlite3_int64 room = 0;
    for (bool fits = false; !fits; room += 7'000) {
      BOOST_TEST_INFO_SCOPE(cache << ", room " << room);
      connection.ok(insert(3, 1));
      const std::string before = seen();
      disk.room = room;
      const int code =
          connection.run("BEGIN; UPDATE t SET x = x + 1; " + insert(150, 2) + "; COMMIT");
      fits = code == SQLITE_OK;
      BOOST_TEST((fits || code == SQLITE_FULL));
      disk.room = FaultyDisk::kEndless;
      if (connection.in_transaction()) {
        connection.run("ROLLBACK");
      }
      BOOST_TEST((seen() == before) == !fits);
      BOOST_TEST(connection.value(kAll).value() == seen());
      connection.ok("UPDATE t SET x = x + 3");
      BOOST_TEST(seen() == connection.value(kAll).value());
    }
    BOOST_TEST(room > 200'000);
  }
}

// Whoever goes on after an error must not commit what was lost; whatever SQLite undoes by itself.
BOOST_AUTO_TEST_CASE(what_a_commit_says_is_what_others_see) {
  int failed = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Directory of;
    FaultyDisk disk;
    std::uint64_t state = seed;
    const auto under = [&state](int n) {
      return static_cast<int>(split_mix(state) % static_cast<unsigned>(n));
    };
    Connection connection(of.path);
    connection.ok("PRAGMA cache_size = 10");
    connection.ok(kTable + "; CREATE UNIQUE INDEX t_x ON t(x, id)");
    std::string committed = of.seen();
    for (int turn = 0; turn < 12; ++turn) {
      BOOST_TEST_INFO_SCOPE("seed " << seed << ", turn " << turn);
      connection.ok("BEGIN");
      for (int step = 0; step < 6; ++step) {
        disk.room = under(3) == 0 ? under(80'000) : FaultyDisk::kEndless;
        const std::string statements[] = {
            insert(under(90) + 1, turn), "UPDATE t SET x = x + 1 WHERE id % 2 = 0",
            "INSERT INTO t(x, filler) SELECT x, filler FROM t ORDER BY filler LIMIT 60",
            "DELETE FROM t WHERE id % 5 = 1", "SELECT * FROM t", "SAVEPOINT s", "ROLLBACK TO s"};
        if (connection.run(statements[under(7)]) == SQLITE_FULL) {
          ++failed;
        }
        if (!connection.in_transaction()) {
          break;
        }
      }
      disk.room = FaultyDisk::kEndless;
      const auto mine = connection.value(kAll);
      disk.room = under(3) == 0 ? under(80'000) : FaultyDisk::kEndless;
      const bool done = connection.in_transaction() && connection.run("COMMIT") == SQLITE_OK;
      if (connection.in_transaction()) {
        connection.run("ROLLBACK");
      }
      disk.room = FaultyDisk::kEndless;
      BOOST_TEST((!done || mine.has_value()));
      committed = done ? mine.value_or("") : committed;
      BOOST_TEST(of.seen() == committed);
    }
  }
  BOOST_TEST(failed > 20);
}

BOOST_FIXTURE_TEST_CASE(what_was_rolled_back_is_never_written_later, Directory) {
  FaultyDisk disk;
  Connection connection(path);
  Connection other(path, false);
  connection.ok("PRAGMA cache_size = 10");
  connection.ok(kTable);
  for (int rows = 20; rows < 120; rows += 10) {
    connection.ok("BEGIN; " + insert(rows, 1) + "; UPDATE t SET x = 2");
    connection.ok("ROLLBACK");
    const int before = disk.wal_writes;
    other.ok(insert(rows, 3));
    BOOST_TEST(disk.wal_writes > before);
    connection.ok(insert(2, 4));
    BOOST_TEST(seen() == connection.value(kAll).value());
  }
}

BOOST_FIXTURE_TEST_CASE(others_see_whole_commits_while_it_writes, Directory) {
  Connection connection(path);
  connection.ok("PRAGMA cache_size = 10");
  connection.ok(kTable);
  connection.ok(insert(120, 0));
  std::atomic<bool> over{false};
  int torn = 0;
  int back = 0;
  int looks = 0;
  Connection other(path, false);  // made here: what Boost.Test notes is one thread's
  std::thread reader([&] {
    int last = 0;
    while (!over) {
      const auto seen = other.value("SELECT CASE WHEN min(x) = max(x) AND count(*) = 120"
                                    " THEN min(x) ELSE 'torn' END FROM t");
      if (!seen || *seen == "torn") {
        ++torn;
        continue;
      }
      back += std::stoi(*seen) < last ? 1 : 0;
      last = std::stoi(*seen);
      ++looks;
    }
  });
  for (int i = 0; i < 150; ++i) {
    connection.ok("BEGIN; UPDATE t SET x = x + 1, filler = filler || 'x'; COMMIT");
    connection.ok("BEGIN; UPDATE t SET x = -1; ROLLBACK");
    if (i % 40 == 39) {
      connection.run("PRAGMA wal_checkpoint(RESTART)");
    }
  }
  over = true;
  reader.join();
  BOOST_TEST(torn == 0);
  BOOST_TEST(back == 0);
  BOOST_TEST(looks > 0);
}

BOOST_AUTO_TEST_CASE(loss_of_power_anywhere_leaves_what_was_committed) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    MemoryDisk disk;
    std::string committed;
    std::string next;
    {
      Connection connection("/on-memory-disk/a.db");
      connection.ok("PRAGMA cache_size = 10");
      connection.ok(kTable);
      connection.ok(insert(40, 1));
      disk.crash_after(seed, seed % 3 == 0 ? MemoryDisk::Keeps::nothing : MemoryDisk::Keeps::some,
                       seed);
      while (!disk.crashed()) {
        committed = connection.value(kAll).value();
        connection.ok("BEGIN; UPDATE t SET x = x + 1; " + insert(30, 2));
        next = connection.value(kAll).value();
        connection.ok("COMMIT");
        if (!disk.crashed()) {
          committed = next;
          connection.ok("PRAGMA wal_checkpoint(RESTART)");
        }
      }
    }
    disk.restart();
    Connection again("/on-memory-disk/a.db");
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    BOOST_TEST(again.value("PRAGMA integrity_check").value_or("") == "ok");
    const std::string left = again.value(kAll).value_or("unreadable");
    BOOST_TEST((left == committed || left == next));
    lost += left == committed ? 1 : 0;
  }
  BOOST_TEST(lost > 0);
}

BOOST_AUTO_TEST_SUITE_END()
