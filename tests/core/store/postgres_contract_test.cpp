#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/store/postgres_store.h"
#include "tests/contracts/store_contract.h"
#include "tests/support/postgres_cluster.h"

BOOST_AUTO_TEST_SUITE(postgres_store_contract)

#define RUN_ON_POSTGRES(name)                                                 \
  BOOST_AUTO_TEST_CASE(name) {                                                \
    masar::store::PostgresSettings settings;                                  \
    settings.connection = masar::PostgresCluster::shared().new_schema();      \
    masar::contracts::StoreBench bench;                                       \
    bench.open = [&](const masar::BusinessClock& clock, bool writer_thread) { \
      settings.writer_thread = writer_thread;                                 \
      return masar::store::open_postgres_store(settings, clock);              \
    };                                                                        \
    masar::contracts::name(bench);                                            \
  }
MASAR_STORE_CONTRACT(RUN_ON_POSTGRES)
#undef RUN_ON_POSTGRES

// FORMAT.md: such a text is in no column. Who asks for it gets no error, the next one an answer.
BOOST_AUTO_TEST_CASE(what_is_looked_up_by_a_text_that_cannot_be_stored_is_not_there) {
  masar::store::PostgresSettings settings;
  settings.connection = masar::PostgresCluster::shared().new_schema();
  settings.writer_thread = false;
  settings.readers = 1;
  const masar::SystemBusinessClock clock;
  const auto store = masar::store::open_postgres_store(settings, clock);
  masar::store::Transaction transaction;
  masar::store::CaseRow row;
  row.key = "A";
  row.version = 1;
  transaction.cases.push_back(row);
  store->submit(std::move(transaction), {});
  BOOST_REQUIRE(store->run_writer() == 1u);
  for (const std::string& text : {std::string("\xff"), std::string("A\0", 2)}) {
    BOOST_TEST(!store->find_case(text).has_value());
    BOOST_TEST(!store->find_alias("plate", text).has_value());
    BOOST_TEST(!store->find_key("in", "id", text).has_value());
    BOOST_TEST(store->find_case("A").has_value());
  }
}

BOOST_AUTO_TEST_CASE(long_values_are_compressed_by_lz4) {
  auto& cluster = masar::PostgresCluster::shared();
  masar::store::PostgresSettings settings;
  settings.connection = cluster.new_schema();
  settings.writer_thread = false;
  const masar::SystemBusinessClock clock;
  const auto store = masar::store::open_postgres_store(settings, clock);
  masar::store::Transaction transaction;
  transaction.cases.push_back(masar::contracts::case_row("A", 1));
  transaction.cases[0].data = std::string(6000, 'x');
  masar::contracts::commit_ok(*store, std::move(transaction));
  BOOST_TEST(store->find_case("A")->row.data == std::string(6000, 'x'));
  BOOST_TEST(cluster.query("SELECT pg_column_compression(data) FROM cases", settings.connection) ==
             "lz4\n");
}

// A new effect's due times are inserted as new ones, those of one that failed replace what it had.
BOOST_AUTO_TEST_CASE(due_time_of_an_effect_made_anew_replaces_the_one_before) {
  using namespace masar::contracts;
  masar::store::PostgresSettings settings;
  settings.connection = masar::PostgresCluster::shared().new_schema();
  settings.writer_thread = false;
  const masar::SystemBusinessClock clock;
  const auto store = masar::store::open_postgres_store(settings, clock);
  for (const int due : {100, 200}) {
    masar::store::Transaction transaction;
    transaction.outbox = {outbox_row("e1", "A")};
    transaction.outbox[0].state = masar::store::OutboxState::failed;
    transaction.timers = {timer_row(masar::store::TimerKind::not_after, "A", "e1", 0, at(due)),
                          timer_row(masar::store::TimerKind::deadline, "A", "e1", 0, at(due))};
    commit_ok(*store, std::move(transaction));
    const auto timers = store->due(at(1000), 10);
    BOOST_TEST(timers.size() == 2u);
    for (const auto& timer : timers) BOOST_TEST((timer.due == at(due)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
