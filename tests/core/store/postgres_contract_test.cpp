#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

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

BOOST_AUTO_TEST_SUITE_END()
