#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <array>
#include <fstream>
#include <sstream>

#include "core/store/postgres_schema.h"
#include "core/store/postgres_session.h"
#include "core/store/postgres_store.h"
#include "tests/contracts/store_contract.h"
#include "tests/core/store/schemas/stored_case.h"
#include "tests/support/postgres_cluster.h"

using namespace masar;
using namespace masar::store;
using contracts::at;

namespace {

struct Schema {
  PostgresCluster& cluster = PostgresCluster::shared();
  std::string connection = cluster.new_schema();
  ManualBusinessClock clock{at(1'000'000)};

  std::unique_ptr<PostgresSession> session() const {
    PostgresSessionSettings settings;
    settings.connection = connection;
    return std::make_unique<PostgresSession>(settings);
  }
  std::unique_ptr<Store> open() const {
    PostgresSettings settings;
    settings.connection = connection;
    settings.writer_thread = false;
    settings.lock_wait = {};
    return open_postgres_store(settings, clock);
  }
  void sql(const std::string& commands) { cluster.execute(commands, connection); }
  std::string text(const std::string& query) { return cluster.query(query, connection); }
  int version() { return std::stoi(text("SELECT value FROM meta WHERE name = 'version'")); }
  /// Columns in their order, and indexes, without the schema's own name.
  std::string shape() {
    return text(
               "SELECT table_name || ' ' || column_name || ' ' || coalesce(domain_name, data_type)"
               " || ' ' || is_nullable || ' ' || is_generated FROM information_schema.columns"
               " WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position") +
           text(
               "SELECT replace(indexdef, current_schema() || '.', '') FROM pg_indexes"
               " WHERE schemaname = current_schema() ORDER BY indexname") +
           text(
               "SELECT relname || ' ' || reloptions::text FROM pg_class"
               " WHERE reloptions IS NOT NULL AND relnamespace = current_schema()::regnamespace"
               " ORDER BY relname");
  }
  std::string code_of_opening() {
    try {
      open();
    } catch (const Error& error) {
      return error.code();
    }
    return "opened";
  }
};

std::string stored_schema(int version) {
  std::ifstream file(std::string(MASAR_SOURCE_DIR) + "/tests/core/store/schemas/postgres-" +
                     std::to_string(version) + ".sql");
  BOOST_REQUIRE_MESSAGE(file.good(), "no stored schema of version " << version);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_migrations)

BOOST_AUTO_TEST_CASE(every_earlier_version_becomes_the_newest) {
  Schema newest;
  migrate_postgres(*newest.session());
  for (int version = 1; version < kSchemaVersion; ++version) {
    BOOST_TEST_CONTEXT("from version " << version) {
      Schema old;
      old.sql(stored_schema(version));
      contracts::check_stored_case(*old.open());
      BOOST_TEST(old.version() == kSchemaVersion);
      BOOST_TEST(old.shape() == newest.shape());
    }
  }
}

BOOST_AUTO_TEST_CASE(published_migrations_have_not_changed) {
  for (int version = 1; version < kSchemaVersion; ++version) {
    Schema stored;
    Schema made;
    stored.sql(stored_schema(version));
    migrate_postgres(*made.session(),
                     std::span(kPostgresMigrations).first(static_cast<std::size_t>(version)));
    BOOST_TEST(made.version() == version);
    BOOST_TEST(made.shape() == stored.shape());
  }
}

// FORMAT.md: of an effect's two updates the first makes no entry in an index.
BOOST_FIXTURE_TEST_CASE(effect_that_is_being_sent_stays_where_its_indexes_find_it, Schema) {
  Transaction transaction;
  transaction.outbox = {contracts::outbox_row("e1", "A")};
  contracts::commit_ok(*open(), std::move(transaction));
  const auto in_place = [&](const std::string& state) {
    return text("BEGIN; UPDATE outbox SET state = " + state +
                ", attempts = 1; SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables"
                " WHERE schemaname = current_schema() AND relname = 'outbox'");
  };
  BOOST_TEST(in_place("1") == "1\n");
  BOOST_TEST(in_place("2") == "0\n");
}

BOOST_FIXTURE_TEST_CASE(newer_store_is_refused_with_both_numbers, Schema) {
  open();
  sql("UPDATE meta SET value = 77 WHERE name = 'version'");
  BOOST_CHECK_EXCEPTION(open(), Error, [](const Error& error) {
    const std::string what = error.what();
    return error.code() == "store-newer" && what.find("77") != std::string::npos &&
           what.find(std::to_string(kSchemaVersion)) != std::string::npos;
  });
  BOOST_TEST(version() == 77);
}

BOOST_FIXTURE_TEST_CASE(foreign_schema_is_refused_and_left_alone, Schema) {
  sql("CREATE TABLE theirs(x integer)");
  BOOST_TEST(code_of_opening() == "store-foreign");
  sql("CREATE TABLE meta(name text, value bigint)");
  BOOST_TEST(code_of_opening() == "store-foreign");
  BOOST_TEST(text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()") == "2\n");
}

BOOST_FIXTURE_TEST_CASE(failed_step_leaves_the_version_before, Schema) {
  const std::array<const char*, 2> steps{kPostgresMigrations[0],
                                         "CREATE TABLE half(x int); CREATE TABLE half(x int);"};
  const auto half_way = session();
  BOOST_CHECK_THROW(migrate_postgres(*half_way, steps), PostgresError);
  BOOST_TEST(version() == 1);
  migrate_postgres(*half_way);  // goes on where it was, with the same session
  BOOST_TEST(version() == kSchemaVersion);
  BOOST_TEST(text("SELECT to_regclass('half')") == "\n");
}

BOOST_FIXTURE_TEST_CASE(second_hub_is_refused, Schema) {
  auto store = open();
  BOOST_TEST(code_of_opening() == "store-in-use");
  Schema other;  // another store in the same database is none of its business
  BOOST_TEST(other.code_of_opening() == "opened");
  contracts::commit_ok(*store, contracts::opening("A", "m1"));
  store.reset();
  BOOST_TEST(code_of_opening() == "opened");
}

BOOST_FIXTURE_TEST_CASE(database_that_may_lose_commits_is_refused, Schema) {
  connection.insert(connection.find("options=") + 8, "'-csynchronous_commit=off ");
  connection += '\'';
  BOOST_TEST(code_of_opening() == "opened");  // the session's own setting counts
  connection = cluster.new_schema();
  sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
  connection.replace(connection.find("dbname=postgres"), 15, "dbname=latin");
  BOOST_TEST(code_of_opening() == "store-unsafe");
}

BOOST_AUTO_TEST_CASE(password_in_a_connection_is_a_problem) {
  BOOST_TEST(connection_problem("host=db dbname=masar sslmode=verify-full").empty());
  BOOST_TEST(connection_problem("host=db password=x") == "it holds a password");
  BOOST_TEST(connection_problem("postgresql://masar:x@db/masar") == "it holds a password");
  BOOST_TEST(!connection_problem("host").empty());
  BOOST_TEST(!connection_problem("hots=db").empty());
}

BOOST_AUTO_TEST_SUITE_END()
