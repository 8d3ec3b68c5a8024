#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/contracts/store_contract.h"
#include "tests/core/store/store_directory.h"

BOOST_AUTO_TEST_SUITE(sqlite_store_contract)

#define RUN_ON_SQLITE(name)                                                       \
  BOOST_AUTO_TEST_CASE(name) {                                                    \
    const masar::store::StoreDirectory directory;                                 \
    masar::contracts::StoreBench bench;                                           \
    bench.open = [&](const masar::BusinessClock& clock, bool writer_thread) {     \
      auto settings = directory.settings();                                       \
      settings.writer_thread = writer_thread;                                     \
      return masar::store::open_sqlite_store(settings, clock);                    \
    };                                                                            \
    masar::contracts::name(bench);                                                \
  }
MASAR_STORE_CONTRACT(RUN_ON_SQLITE)
#undef RUN_ON_SQLITE

BOOST_AUTO_TEST_SUITE_END()
