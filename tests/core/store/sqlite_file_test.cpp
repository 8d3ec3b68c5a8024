#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

#include <sqlite3.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/store/sqlite_schema.h"
#include "core/store/search_fields.h"
#include "core/store/sqlite_statement.h"
#include "tests/contracts/store_contract.h"
#include "tests/core/store/store_directory.h"

using namespace masar;
using namespace masar::store;
using contracts::at;
using contracts::commit_ok;
using contracts::opening;

namespace {

struct Files {
  StoreDirectory directory;
  ManualBusinessClock clock{at(1'000'000)};
  std::unique_ptr<Store> open() { return open_sqlite_store(directory.settings(), clock); }

  std::string code_of_opening() {
    try {
      open();
    } catch (const Error& error) {
      BOOST_TEST((error.kind() == ErrorKind::config));
      return error.code();
    }
    return "opened";
  }
  void sql(const std::string& commands) const {
    sqlite3* database = nullptr;
    BOOST_REQUIRE(sqlite3_open(directory.database().c_str(), &database) == SQLITE_OK);
    BOOST_REQUIRE(sqlite3_exec(database, commands.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
  }
};

mode_t mode_of(const std::string& path) {
  struct stat status {};
  BOOST_REQUIRE_MESSAGE(::stat(path.c_str(), &status) == 0, path);
  return status.st_mode & 07777;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sqlite_store_files)

BOOST_FIXTURE_TEST_CASE(only_the_owner_reads_the_files, Files) {
  const mode_t before = ::umask(0);
  auto store = open();
  commit_ok(*store, opening("A", "m1"));
  BOOST_TEST(store->undone(0, 10).size() == 1u);
  ::umask(before);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    BOOST_TEST(mode_of(directory.database() + suffix) == 0600u, suffix);
  }
}

BOOST_FIXTURE_TEST_CASE(rights_of_others_are_taken_away, Files) {
  open();
  BOOST_REQUIRE(::chmod(directory.database().c_str(), 0644) == 0);
  auto store = open();
  commit_ok(*store, opening("A", "m1"));
  BOOST_TEST(mode_of(directory.database()) == 0600u);
  BOOST_TEST(mode_of(directory.database() + "-wal") == 0600u);
}

BOOST_FIXTURE_TEST_CASE(second_hub_is_refused, Files) {
  auto store = open();
  BOOST_TEST(code_of_opening() == "store-in-use");
  commit_ok(*store, opening("A", "m1"));  // and the first is none the worse for it
  store.reset();
  BOOST_TEST(code_of_opening() == "opened");
}

BOOST_FIXTURE_TEST_CASE(newer_schema_is_refused, Files) {
  open();
  sql("PRAGMA user_version = " + std::to_string(kSchemaVersion + 1));
  BOOST_TEST(code_of_opening() == "store-newer");
  sql("PRAGMA user_version = " + std::to_string(kSchemaVersion));
  BOOST_TEST(code_of_opening() == "opened");
}

BOOST_FIXTURE_TEST_CASE(foreign_files_are_refused_and_left_alone, Files) {
  sql("CREATE TABLE theirs(x)");
  BOOST_TEST(code_of_opening() == "store-foreign");
  sql("INSERT INTO theirs VALUES(1)");
  std::ofstream(directory.database()) << std::string(5000, 'x');
  BOOST_TEST(code_of_opening() == "store-foreign");
}

BOOST_AUTO_TEST_CASE(missing_directory_is_a_config_error) {
  ManualBusinessClock clock{at(0)};
  SqliteSettings settings;
  settings.path = "/nonexistent/masar.db";
  BOOST_CHECK_EXCEPTION(open_sqlite_store(settings, clock), Error, [](const Error& error) {
    return error.kind() == ErrorKind::config && error.code() == "store-unusable";
  });
}

BOOST_FIXTURE_TEST_CASE(empty_wal_after_stop, Files) {
  auto store = open();
  commit_ok(*store, opening("A", "m1"));
  BOOST_TEST(store->counts()["wal_bytes"] > 0);
  store->stop();
  BOOST_TEST(store->counts()["wal_bytes"] == 0);
}

BOOST_AUTO_TEST_CASE(search_fields_survive_any_bytes) {
  const SearchFields fields = {{"plate", "12:3,4"}, {"", ""}, {"phone", std::string("\0\n7", 3)}};
  BOOST_TEST((decode_search(encode_search(fields)) == fields));
  BOOST_TEST(encode_search({}).empty());
  for (const char* damaged : {"x", "3", "3:", "3:ab", "1:a9:b", "99999999999999999999:a", ":"}) {
    BOOST_CHECK_THROW(decode_search(damaged), Error);
  }
}

BOOST_AUTO_TEST_CASE(view_reads_beside_the_hub_and_writes_nothing) {
  Files files;
  const std::string path = files.directory.database();
  BOOST_CHECK_EXCEPTION(open_sqlite_view(path), Error,
                        [](const Error& error) { return error.code() == "store-missing"; });
  const auto store = files.open();
  commit_ok(*store, opening("A", "m1"));
  const auto view = open_sqlite_view(path);
  BOOST_TEST(view->undone(0, 10).size() == 1u);
  auto status = CommitStatus::committed;
  view->submit(opening("B", "m2"), [&](const Commit& commit) { status = commit.status; });
  BOOST_TEST((status == CommitStatus::failed));
  BOOST_TEST(store->undone(0, 10).size() == 1u);
  commit_ok(*store, opening("B", "m2"));
  BOOST_TEST(view->undone(0, 10).size() == 2u);
}

BOOST_AUTO_TEST_CASE(view_refuses_what_it_cannot_read) {
  Files files;
  const auto code_of = [&](ViewOf what) -> std::string {
    try {
      open_sqlite_view(files.directory.database(), what);
    } catch (const Error& error) {
      return error.code();
    }
    return "opened";
  };
  files.sql("CREATE TABLE x(y); PRAGMA user_version = 3");
  BOOST_TEST(code_of(ViewOf::audit) == "store-foreign");
  files.sql("PRAGMA application_id = 0x4D534152; PRAGMA user_version = 1");
  BOOST_TEST(code_of(ViewOf::audit) == "store-version");
  files.sql("PRAGMA user_version = 2");
  BOOST_TEST(code_of(ViewOf::audit) == "opened");
  BOOST_TEST(code_of(ViewOf::everything) == "store-version");
  files.sql("PRAGMA user_version = 99");
  BOOST_TEST(code_of(ViewOf::audit) == "store-version");
}

BOOST_AUTO_TEST_CASE(view_leaves_the_file_as_it_is) {
  Files files;
  commit_ok(*files.open(), opening("A", "m1"));
  const std::string odd = files.directory.database() + " 100%?#";
  std::filesystem::rename(files.directory.database(), odd);
  sqlite3* database = nullptr;
  BOOST_REQUIRE(sqlite3_open(odd.c_str(), &database) == SQLITE_OK);
  execute(database, "PRAGMA journal_mode = DELETE");  // one file, as a copy is
  sqlite3_close(database);
  const auto bytes = contents_of(odd);
  BOOST_TEST(open_sqlite_view(odd)->undone(0, 10).size() == 1u);
  BOOST_TEST((contents_of(odd) == bytes));
  BOOST_TEST(!std::filesystem::exists(odd + "-wal"));
}

BOOST_AUTO_TEST_SUITE_END()
