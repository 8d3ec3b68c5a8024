#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "core/store/postgres_store.h"
#include "tests/contracts/store_contract.h"
#include "tests/support/cutting_proxy.h"
#include "tests/support/postgres_cluster.h"

using namespace masar;
using namespace masar::store;
using contracts::at;
using contracts::commit_ok;
using contracts::opening;

namespace {

/// A store on a server that may come to harm; commits when run_writer() is called.
struct Faults {
  explicit Faults(PostgresCluster& server) : cluster(server) {
    settings.connection = cluster.new_schema();
    settings.writer_thread = false;
    settings.connect_timeout = std::chrono::seconds(2);
    settings.lock_wait = std::chrono::minutes(1);
  }
  Faults() : Faults(PostgresCluster::shared()) {}

  std::unique_ptr<Store> open() { return open_postgres_store(settings, clock); }
  void submit(Store& store, const std::string& id, const std::string& key = "A") {
    store.submit(opening(key, id), [this](const Commit& c) { answers.push_back(c); });
  }
  /// Tries as the writer's thread would, until all that waits is committed.
  void until_written(Store& store, std::size_t count) {
    for (int tries = 0; answers.size() < count && tries < 1000; ++tries) store.run_writer();
    BOOST_REQUIRE(answers.size() == count);
    BOOST_TEST(store.healthy());
  }
  bool committed(std::size_t at) const { return answers.at(at).status == CommitStatus::committed; }

  PostgresCluster& cluster;
  PostgresSettings settings;
  ManualBusinessClock clock{at(1'000'000)};
  std::vector<Commit> answers;
};

/// A server of its own: the tests with the other one go on.
PostgresCluster& victim() {
  static PostgresCluster cluster;
  return cluster;
}
struct OnVictim : Faults {
  OnVictim() : Faults(victim()) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_store_faults)

BOOST_FIXTURE_TEST_CASE(killed_server_takes_nothing_along, OnVictim) {
  auto store = open();
  commit_ok(*store, opening("A", "m0"));
  BOOST_TEST(store->undone(0, 10).size() == 1u);  // a reader's connection is there, too
  cluster.kill();
  submit(*store, "m1");
  submit(*store, "m2");
  BOOST_TEST(store->run_writer() == 0u);
  BOOST_TEST(!store->healthy());
  BOOST_TEST(answers.empty());
  BOOST_CHECK_THROW(store->undone(0, 10), Error);
  cluster.start();
  until_written(*store, 2);
  BOOST_TEST((committed(0) && committed(1)));
  BOOST_TEST(store->undone(0, 10).size() == 3u);
  BOOST_TEST(answers[1].journal_ids.at(0) == 3);
  BOOST_TEST(store->timeline("A", 0, 10).size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(frozen_server_is_waited_for, OnVictim) {
  settings.io_timeout = std::chrono::seconds(3);  // a loaded machine answers in less
  auto store = open();
  commit_ok(*store, opening("A", "m0"));
  cluster.freeze(true);
  submit(*store, "m1");
  BOOST_TEST(store->run_writer() == 0u);
  BOOST_TEST(!store->healthy());
  cluster.freeze(false);
  until_written(*store, 1);
  BOOST_TEST(committed(0));
  BOOST_TEST(store->undone(0, 10).size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(no_connection_left, OnVictim) {
  auto store = open();
  commit_ok(*store, opening("A", "m0"));
  cluster.take_all_connections();
  submit(*store, "m1");
  until_written(*store, 1);                        // the writer has its own already
  BOOST_CHECK_THROW(store->undone(0, 10), Error);  // a reader has not
  cluster.give_connections_back();

  cluster.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE application_name LIKE 'masar-%'");
  cluster.take_all_connections();
  submit(*store, "m2");
  BOOST_TEST(store->run_writer() == 0u);
  BOOST_TEST(!store->healthy());
  cluster.give_connections_back();
  until_written(*store, 2);
  BOOST_TEST((committed(0) && committed(1)));
  BOOST_TEST(store->undone(0, 10).size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(commit_without_an_answer_is_looked_up, Faults) {
  CuttingProxy proxy(cluster.socket());
  settings.connection = PostgresCluster::through(settings.connection, "127.0.0.1", proxy.port());
  auto store = open();
  commit_ok(*store, opening("A", "m0"));
  proxy.cut_at(std::string("COMMIT\0", 7));
  submit(*store, "m1");
  submit(*store, "m0");  // stands against the first one: its answer must be the same afterwards
  submit(*store, "m2");
  BOOST_TEST(store->run_writer() == 0u);
  BOOST_TEST(proxy.cuts() == 1);
  BOOST_TEST((answers.empty() && !store->healthy()));
  until_written(*store, 3);
  BOOST_TEST((committed(0) && committed(2)));
  BOOST_TEST((answers[1].status == CommitStatus::conflict && answers[1].conflict == "key"));
  const auto rows = store->undone(0, 10);
  BOOST_REQUIRE(rows.size() == 3u);  // neither lost nor twice
  BOOST_TEST((rows[1].id == answers[0].journal_ids.at(0) && rows[1].message_id == "m1"));
  BOOST_TEST((rows[2].id == answers[2].journal_ids.at(0) && rows[2].message_id == "m2"));
  commit_ok(*store, opening("A", "m3"));  // ids and the audit chain go on where they were
  const auto audit = store->audit_rows(0, 10);
  BOOST_REQUIRE(audit.size() == 4u);
  for (std::size_t i = 1; i < audit.size(); ++i) BOOST_TEST(audit[i].previous == audit[i - 1].hash);
}

BOOST_FIXTURE_TEST_CASE(group_cut_before_its_commit_is_done_again, Faults) {
  CuttingProxy proxy(cluster.socket());
  settings.connection = PostgresCluster::through(settings.connection, "127.0.0.1", proxy.port());
  auto store = open();
  commit_ok(*store, opening("A", "m0"));
  proxy.cut_request_at("m1");  // in the midst of its rows
  submit(*store, "m1");
  BOOST_TEST(store->run_writer() == 0u);
  BOOST_TEST(proxy.cuts() == 1);
  until_written(*store, 1);
  BOOST_TEST((committed(0) && answers[0].journal_ids.at(0) == 2));
  BOOST_TEST(store->undone(0, 10).size() == 2u);
  const auto audit = store->audit_rows(0, 10);
  BOOST_REQUIRE(audit.size() == 2u);
  BOOST_TEST(audit[1].previous == audit[0].hash);
}

BOOST_FIXTURE_TEST_CASE(bad_data_is_refused_alone, Faults) {
  auto store = open();
  for (int i = 0; i < 9; ++i) {
    Transaction t = opening("A", "m" + std::to_string(i));
    if (i == 2) t.journal[0].name = std::string("a\0b", 3);
    if (i == 6) t.audit[0].text = "\xff";
    store->submit(std::move(t), [this](const Commit& c) { answers.push_back(c); });
  }
  until_written(*store, 9);
  for (std::size_t i = 0; i < 9; ++i) {
    BOOST_TEST(committed(i) == (i != 2 && i != 6));
  }
  BOOST_TEST((answers[2].conflict == "constraint" && !answers[2].error.empty()));
  const auto rows = store->undone(0, 20);
  BOOST_REQUIRE(rows.size() == 7u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    BOOST_TEST(rows[i].id == static_cast<RowId>(i) + 1);  // no gap
  }
  BOOST_TEST(!store->find_key("front-in", "message-id", std::string("\0", 1)).has_value());
}

BOOST_FIXTURE_TEST_CASE(taken_over_hub_ends, Faults) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = open();
    cluster.execute("UPDATE groups SET owner = 'another'", settings.connection);
    submit(*store, "m1");
    store->run_writer();
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL));
  BOOST_TEST(open()->undone(0, 10).empty());
}

BOOST_AUTO_TEST_SUITE_END()
