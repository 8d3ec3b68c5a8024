#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "core/store/sqlite_schema.h"
#include "core/store/reading.h"
#include "core/store/sqlite_statement.h"
#include "tests/contracts/store_contract.h"
#include "tests/core/store/schemas/stored_case.h"
#include "tests/core/store/store_directory.h"

#include <sqlite3.h>

using namespace masar;
using namespace masar::store;
using contracts::at;
using contracts::commit_ok;

namespace {

struct Database {
  explicit Database(const std::string& path) {
    BOOST_REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  }
  ~Database() { sqlite3_close(handle); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  std::string text(const char* sql) const {
    Statement statement(handle, sql);
    const Reading reading(statement);
    std::string all;
    while (statement.step()) all += statement.bytes(0) + "\n";
    return all;
  }
  int version() const { return std::stoi(text("PRAGMA user_version")); }
  /// Tables and indexes; how their text is broken into lines says nothing.
  std::string schema() const {
    std::string all = text("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name");
    all.erase(std::remove_if(all.begin(), all.end(), [](char c) { return c == ' ' || c == '\n'; }),
              all.end());
    return all;
  }

  sqlite3* handle = nullptr;
};

std::string stored_schema(int version) {
  std::ifstream file(std::string(MASAR_SOURCE_DIR) + "/tests/core/store/schemas/sqlite-" +
                     std::to_string(version) + ".sql");
  BOOST_REQUIRE_MESSAGE(file.good(), "no stored schema of version " << version);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::span<const char* const> up_to(int version) {
  return std::span(kSqliteMigrations).first(static_cast<std::size_t>(version));
}

struct Stores {
  StoreDirectory directory;
  ManualBusinessClock clock{at(1'000'000)};
  std::unique_ptr<Store> open() { return open_sqlite_store(directory.settings(), clock); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sqlite_migrations)

BOOST_AUTO_TEST_CASE(every_earlier_version_becomes_the_newest) {
  StoreDirectory fresh;
  const Database newest(fresh.database());
  migrate_sqlite(newest.handle);
  for (int version = 1; version < kSchemaVersion; ++version) {
    BOOST_TEST_CONTEXT("from version " << version) {
      Stores old;
      execute(Database(old.directory.database()).handle, stored_schema(version).c_str());
      contracts::check_stored_case(*old.open());
      const Database database(old.directory.database());
      BOOST_TEST(database.version() == kSchemaVersion);
      BOOST_TEST(database.schema() == newest.schema());
    }
  }
}

BOOST_AUTO_TEST_CASE(published_migrations_have_not_changed) {
  for (int version = 1; version < kSchemaVersion; ++version) {
    StoreDirectory stored;
    StoreDirectory made;
    const Database was(stored.database());
    const Database is(made.database());
    execute(was.handle, stored_schema(version).c_str());
    migrate_sqlite(is.handle, up_to(version));
    BOOST_TEST(is.version() == version);
    BOOST_TEST(is.schema() == was.schema());
  }
}

BOOST_AUTO_TEST_CASE(newer_store_is_refused_with_both_numbers) {
  StoreDirectory directory;
  const Database database(directory.database());
  migrate_sqlite(database.handle);
  execute(database.handle, "PRAGMA user_version = 77");
  BOOST_CHECK_EXCEPTION(migrate_sqlite(database.handle), Error, [](const Error& error) {
    const std::string text = error.what();
    return error.code() == "store-newer" && text.find("77") != std::string::npos &&
           text.find(std::to_string(kSchemaVersion)) != std::string::npos;
  });
  BOOST_TEST(database.version() == 77);
}

BOOST_AUTO_TEST_CASE(failed_step_leaves_the_version_before) {
  StoreDirectory directory;
  const Database database(directory.database());
  const std::array<const char*, 2> steps{kSqliteMigrations[0],
                                         "CREATE TABLE half(x); CREATE TABLE half(x);"};
  BOOST_CHECK_THROW(migrate_sqlite(database.handle, steps), Error);
  BOOST_TEST(database.version() == 1);
  BOOST_TEST(database.text("SELECT name FROM sqlite_schema WHERE name = 'half'").empty());
  migrate_sqlite(database.handle);  // goes on where it was
  BOOST_TEST(database.version() == kSchemaVersion);
}

BOOST_AUTO_TEST_CASE(another_program_at_work_keeps_the_step_out) {
  StoreDirectory directory;
  const Database one(directory.database());
  const Database other(directory.database());
  execute(one.handle, "PRAGMA journal_mode = WAL");
  execute(one.handle, "BEGIN IMMEDIATE");
  BOOST_CHECK_THROW(migrate_sqlite(other.handle), SqliteError);
  execute(one.handle, "COMMIT");
  migrate_sqlite(other.handle);
  BOOST_TEST(one.version() == kSchemaVersion);
}

BOOST_AUTO_TEST_SUITE_END()
