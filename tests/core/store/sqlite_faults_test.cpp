#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <future>

#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/contracts/store_contract.h"
#include "tests/core/store/faulty_disk.h"
#include "tests/core/store/store_directory.h"

using namespace masar;
using namespace masar::store;
using contracts::at;
using contracts::commit;
using contracts::commit_ok;
using contracts::opening;

namespace {

struct Opened {
  StoreDirectory directory;
  ManualBusinessClock clock{at(1'000'000)};
  SqliteSettings settings = directory.settings();
  std::unique_ptr<Store> open() { return open_sqlite_store(settings, clock); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sqlite_store_faults)

BOOST_FIXTURE_TEST_CASE(group_shares_one_sync, Opened) {
  FaultyDisk disk;
  settings.group_max = 8;
  auto store = open();
  commit_ok(*store, opening("A", "warm"));
  const int before = disk.syncs;
  int committed = 0;
  for (int i = 0; i < 20; ++i) {
    store->submit(opening("A", "m" + std::to_string(i)), [&](const Commit& c) {
      committed += c.status == CommitStatus::committed;
      // 8, 8 and 4: what waits shares a commit, group_max at most, and no answer comes before its
      // sync.
      BOOST_TEST(disk.syncs - before == (committed - 1) / 8 + 1);
    });
  }
  BOOST_TEST(disk.syncs == before);
  BOOST_TEST(store->run_writer() == 20u);
  BOOST_TEST(committed == 20);
  BOOST_TEST(disk.syncs == before + 3);
}

BOOST_FIXTURE_TEST_CASE(nothing_written_nothing_synced, Opened) {
  FaultyDisk disk;
  auto store = open();
  commit_ok(*store, opening("A", "m1"));
  const int before = disk.syncs;
  BOOST_TEST((commit_ok(*store, {}).stamp == clock.now()));
  BOOST_TEST(disk.syncs == before);
}

BOOST_FIXTURE_TEST_CASE(full_disk_holds_the_group_and_redoes_it, Opened) {
  FaultyDisk disk;
  auto store = open();
  commit_ok(*store, opening("A", "m0"));
  disk.full = true;
  std::vector<Commit> answers;
  for (const char* id : {"m1", "m2", "m0"}) {
    store->submit(opening("A", id), [&](const Commit& c) { answers.push_back(c); });
  }
  BOOST_TEST(store->run_writer() == 0u);
  BOOST_TEST(store->run_writer() == 0u);  // probing
  BOOST_TEST(answers.empty());
  BOOST_TEST(!store->healthy());
  BOOST_TEST(store->undone(0, 10).size() == 1u);

  clock.advance(std::chrono::seconds(60));
  disk.full = false;
  BOOST_TEST(store->run_writer() == 3u);
  BOOST_TEST(store->healthy());
  BOOST_REQUIRE(answers.size() == 3u);
  BOOST_TEST((answers[0].status == CommitStatus::committed && answers[0].stamp == clock.now()));
  BOOST_TEST((answers[1].status == CommitStatus::committed));
  BOOST_TEST((answers[0].journal_ids == std::vector<RowId>{2}));  // what failed took no id
  BOOST_TEST((answers[2].status == CommitStatus::conflict && answers[2].conflict == "key"));
  BOOST_TEST(store->undone(0, 10).size() == 3u);
  BOOST_TEST((store->timeline("A", 0, 10).at(1).at == clock.now()));  // the new stamp
}

BOOST_FIXTURE_TEST_CASE(stamp_of_a_redone_group_is_kept, Opened) {
  const Instant noon = clock.now();
  {
    FaultyDisk disk;
    auto store = open();
    commit_ok(*store, opening("A", "m0"));
    clock.advance(std::chrono::seconds(60));
    disk.full = true;
    Transaction audit_only;
    audit_only.audit = {contracts::audit_row("A", "operator")};
    store->submit(std::move(audit_only), {});
    BOOST_TEST(store->run_writer() == 0u);
    disk.full = false;
    BOOST_TEST(store->run_writer() == 1u);
    store.reset();
  }
  clock.set(noon);
  BOOST_TEST((commit_ok(*open(), opening("A", "m1")).stamp == noon + std::chrono::seconds(60)));
}

// SQLite undoes the whole transaction here, inside a savepoint: the reason for asking after every
// error.
BOOST_FIXTURE_TEST_CASE(full_database_loses_no_neighbour, Opened) {
  settings.pages_max = 120;
  std::size_t stored = 0;
  int failed = 0;
  {
    auto store = open();
    Transaction large = opening("A", "large");
    large.journal[0].payload.assign(600'000, 'x');
    std::vector<std::pair<std::string, CommitStatus>> answers;
    const auto note = [&](const std::string& id) {
      return [&answers, id](const Commit& c) { answers.emplace_back(id, c.status); };
    };
    commit_ok(*store, opening("A", "before"));
    store->submit(opening("A", "m1"), note("m1"));
    store->submit(std::move(large), note("large"));
    store->submit(opening("A", "m2"), note("m2"));
    BOOST_TEST(store->run_writer() == 0u);
    BOOST_TEST(!store->healthy());
    BOOST_TEST(answers.empty());
    stored = store->undone(0, 10).size();
    store->stop();
    BOOST_REQUIRE(answers.size() == 3u);
    for (const auto& [id, status] : answers) failed += status == CommitStatus::failed;
  }
  BOOST_TEST(stored == 1u);
  BOOST_TEST(failed == 3);
  settings.pages_max = 0;
  auto store = open();
  BOOST_TEST(store->undone(0, 10).size() == 1u);
  commit_ok(*store, opening("A", "m1"));
}

BOOST_FIXTURE_TEST_CASE(writer_thread_recovers_by_itself, Opened) {
  FaultyDisk disk;
  settings.writer_thread = true;
  settings.probe_interval = std::chrono::milliseconds(1);
  auto store = open();
  disk.full = true;
  std::promise<CommitStatus> promise;
  store->submit(opening("A", "m1"), [&](const Commit& c) { promise.set_value(c.status); });
  while (store->healthy()) std::this_thread::yield();
  disk.full = false;
  BOOST_TEST((promise.get_future().get() == CommitStatus::committed));
  BOOST_TEST(store->healthy());
}

BOOST_FIXTURE_TEST_CASE(stop_with_a_full_disk_answers_failed, Opened) {
  FaultyDisk disk;
  settings.writer_thread = true;
  auto store = open();
  disk.full = true;
  std::vector<CommitStatus> answers;
  for (const char* id : {"m1", "m2"}) {
    store->submit(opening("A", id), [&](const Commit& c) { answers.push_back(c.status); });
  }
  store->stop();
  BOOST_TEST((answers == std::vector{CommitStatus::failed, CommitStatus::failed}));
}

BOOST_FIXTURE_TEST_CASE(full_queue_refuses_at_once, Opened) {
  settings.queue_max = 2;
  auto store = open();
  std::vector<CommitStatus> answers;
  for (const char* id : {"m1", "m2", "m3"}) {
    store->submit(opening("A", id), [&](const Commit& c) { answers.push_back(c.status); });
  }
  BOOST_TEST((answers == std::vector{CommitStatus::failed}));
  store->run_writer();
  BOOST_TEST(answers.size() == 3u);
  commit_ok(*store, opening("A", "m3"));
}

// In a process of its own, since it must end: no answer, nothing retried, exit status EX_IOERR.
BOOST_FIXTURE_TEST_CASE(failed_sync_ends_the_process, Opened) {
  commit_ok(*open(), opening("A", "m1"));
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    constexpr int kAnswered = 1;
    constexpr int kWentOn = 2;
    FaultyDisk disk;
    auto store = open();
    disk.sync_fails = true;
    store->submit(opening("A", "m2"), [](const Commit&) { ::_exit(kAnswered); });
    store->run_writer();
    ::_exit(kWentOn);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == EX_IOERR);
  auto store = open();
  BOOST_TEST(store->find_key("front-in", "message-id", "m1").has_value());
  commit_ok(*store, opening("A", "m3"));
}

BOOST_FIXTURE_TEST_CASE(reader_in_the_way_does_not_stop_the_writer, Opened) {
  settings.checkpoint_pages = 8;
  auto store = open();
  commit_ok(*store, opening("A", "m0"));
  sqlite3* reader = nullptr;
  BOOST_REQUIRE(sqlite3_open(settings.path.c_str(), &reader) == SQLITE_OK);
  const auto run = [&](const char* sql) {
    return sqlite3_exec(reader, sql, nullptr, nullptr, nullptr);
  };
  BOOST_REQUIRE(run("BEGIN; SELECT * FROM journal") == SQLITE_OK);
  for (int i = 1; i < 100; ++i) {
    commit_ok(*store, opening("A", "m" + std::to_string(i)));
  }
  const auto grown = store->counts()["wal_bytes"];
  BOOST_TEST(grown > 100 * 4096);
  BOOST_REQUIRE(run("COMMIT") == SQLITE_OK);
  for (int i = 100; i < 200; ++i) {
    commit_ok(*store, opening("A", "m" + std::to_string(i)));
  }
  BOOST_TEST(store->counts()["wal_bytes"] <= grown + 16 * 4096);  // it started anew
  sqlite3_close(reader);
  BOOST_TEST(store->undone(0, 1000).size() == 200u);
}

BOOST_AUTO_TEST_SUITE_END()
