#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "core/store/audit_verifier.h"
#include "core/store/sqlite_backup.h"
#include "tests/contracts/store_contract.h"
#include "tests/core/store/faulty_disk.h"
#include "tests/core/store/store_directory.h"

using namespace masar;
using namespace masar::store;
using contracts::at;
using contracts::audit_row;
using contracts::commit_ok;
using contracts::opening;

namespace {

struct BackedUp {
  StoreDirectory directory;
  ManualBusinessClock clock{at(1'000'000)};
  std::unique_ptr<Store> store = open_sqlite_store(directory.settings(), clock);
  SqliteBackup backup{directory.database(), directory.database() + ".copy", {}, {}};

  void write(int number) {
    Transaction t = opening("A", "m" + std::to_string(number));
    t.journal[0].payload = std::string(20'000, 'x');
    t.audit = {audit_row("A", "message")};
    commit_ok(*store, std::move(t));
  }
  std::string code_of_backup() const {
    try {
      back_up_sqlite(backup, at(5));
    } catch (const Error& error) {
      return error.code();
    }
    return "done";
  }
  /// Nothing of an attempt is left, whatever SQLite puts beside a file.
  bool nothing_left() const {
    for (const auto& file :
         std::filesystem::directory_iterator(std::filesystem::path(backup.to).parent_path())) {
      if (file.path().string().starts_with(backup.to)) return false;
    }
    return true;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sqlite_backup)

BOOST_FIXTURE_TEST_CASE(a_copy_is_of_one_moment_though_the_hub_writes, BackedUp) {
  for (int i = 0; i < 600; ++i) write(i);  // 12 MB: several steps
  int steps = 0;
  std::int64_t last = 0;
  backup.progress = [&](std::int64_t done, std::int64_t all) {
    BOOST_TEST(done > last);  // it never begins anew
    BOOST_TEST(done <= all);
    last = done;
    write(1000 + steps++);
  };
  backup.stopped = [&] { return steps > 50; };  // where each write begins it anew, for ever
  const auto bytes = back_up_sqlite(backup, at(5));
  BOOST_TEST(steps >= 3);
  BOOST_TEST(bytes == static_cast<std::int64_t>(std::filesystem::file_size(backup.to)));
  struct stat status {};
  BOOST_REQUIRE(::stat(backup.to.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777) == 0600u);
  BOOST_TEST(!std::filesystem::exists(backup.to + ".part"));
  BOOST_TEST(!std::filesystem::exists(backup.to + "-wal"));

  const auto copy = open_sqlite_view(backup.to);
  BOOST_TEST(copy->counts()["journal_rows"] == 600);
  BOOST_TEST(copy->settings()[kBackupSetting] == "1970-01-01T00:00:05Z");
  BOOST_TEST(store->settings().count(kBackupSetting) == 0u);
  AuditVerifier verifier(copy->audit_heads(), {});
  BOOST_TEST(verify_log(*copy, verifier).empty());
  BOOST_TEST(verifier.rows() == 600);
}

BOOST_FIXTURE_TEST_CASE(a_copy_is_a_store_that_goes_on, BackedUp) {
  write(1);
  store.reset();  // without a hub, too
  back_up_sqlite(backup, at(5));
  auto settings = directory.settings();
  settings.path = backup.to;
  const auto restored = open_sqlite_store(settings, clock);
  commit_ok(*restored, opening("A", "m2"));
  BOOST_TEST(restored->undone(0, 10).size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_written_over, BackedUp) {
  std::ofstream(backup.to) << "another one";
  BOOST_TEST(code_of_backup() == "backup-exists");
  BOOST_TEST(contents_of(backup.to) == "another one");
  std::filesystem::remove(backup.to);
  std::ofstream(backup.to + ".part") << "half of one";
  BOOST_TEST(code_of_backup() == "backup-exists");
  BOOST_TEST(contents_of(backup.to + ".part") == "half of one");
  std::filesystem::remove(backup.to + ".part");
  // One that appears meanwhile.
  backup.progress = [&](auto, auto) { std::ofstream(backup.to) << "another one"; };
  BOOST_TEST(code_of_backup() == "backup-exists");
  BOOST_TEST(contents_of(backup.to) == "another one");
  BOOST_TEST(!std::filesystem::exists(backup.to + ".part"));
}

BOOST_FIXTURE_TEST_CASE(a_full_disk_leaves_nothing, BackedUp) {
  for (int i = 0; i < 600; ++i) write(i);
  store.reset();
  FaultyDisk disk;
  backup.progress = [&](auto, auto) { disk.full = true; };
  BOOST_TEST(code_of_backup() == "backup");
  BOOST_TEST(nothing_left());
  disk.full = false;
  backup.progress = {};
  BOOST_TEST(code_of_backup() == "done");
}

BOOST_FIXTURE_TEST_CASE(who_stops_it_leaves_nothing, BackedUp) {
  for (int i = 0; i < 600; ++i) write(i);
  int asked = 0;
  backup.stopped = [&] { return ++asked == 2; };
  BOOST_TEST(code_of_backup() == "backup-stopped");
  BOOST_TEST(nothing_left());
}

BOOST_FIXTURE_TEST_CASE(an_unsound_store_gives_no_backup, BackedUp) {
  for (int i = 0; i < 50; ++i) write(i);
  store.reset();
  const auto sql = [&](const char* commands) {
    sqlite3* database = nullptr;
    BOOST_REQUIRE(sqlite3_open(directory.database().c_str(), &database) == SQLITE_OK);
    BOOST_TEST(sqlite3_exec(database, commands, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
  };
  sql("UPDATE audit SET text = 'other' WHERE id = 50");
  BOOST_TEST(code_of_backup() == "backup-damaged");
  BOOST_TEST(nothing_left());
  // An index that lacks a row: only the integrity check sees it.
  sql("DELETE FROM audit; DELETE FROM audit_heads; PRAGMA writable_schema = ON;"
      "CREATE TABLE kept AS SELECT rootpage FROM sqlite_schema WHERE name = 'audit_case';"
      "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema"
      " WHERE name = 'cases_open') WHERE name = 'audit_case'");
  BOOST_TEST(code_of_backup() == "backup-damaged");
  BOOST_TEST(nothing_left());
}

BOOST_FIXTURE_TEST_CASE(what_is_no_store_is_not_copied, BackedUp) {
  backup.from = directory.database() + ".none";
  BOOST_TEST(code_of_backup() == "store-missing");
  BOOST_TEST(!std::filesystem::exists(backup.from));
  std::ofstream(backup.from) << "not a database, however long it may be";
  BOOST_TEST(code_of_backup() == "store-foreign");
  BOOST_TEST(nothing_left());
  backup.from = directory.database();
  backup.to = directory.database() + ".folder/copy";
  BOOST_TEST(code_of_backup() == "backup");
}

BOOST_AUTO_TEST_SUITE_END()
