#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <boost/test/unit_test.hpp>

#include "core/base/manual.h"
#include "core/store/store.h"
#include "tests/contracts/store_rows.h"

namespace masar::contracts {

using namespace store;

/// Opens the store under test: the first time an empty one, later the same again. The clock is the
/// bench's.
struct StoreBench {
  /// `writer_thread`: whether the store commits on its own thread.
  std::function<std::unique_ptr<Store>(const BusinessClock& clock, bool writer_thread)> open;
  ManualBusinessClock clock{at(1'000'000)};

  std::unique_ptr<Store> open_manual() { return open(clock, false); }
};

/// Submits one transaction to a store without a writer thread and commits it.
inline Commit commit(Store& store, Transaction transaction) {
  Commit result;
  int calls = 0;
  store.submit(std::move(transaction), [&](const Commit& commit) {
    result = commit;
    ++calls;
  });
  BOOST_TEST(calls == 0);
  store.run_writer();
  BOOST_REQUIRE(calls == 1);
  return result;
}

inline Commit commit_ok(Store& store, Transaction transaction) {
  Commit result = commit(store, std::move(transaction));
  BOOST_REQUIRE_MESSAGE(result.status == CommitStatus::committed,
                        result.conflict << ' ' << result.conflict_value << result.error);
  return result;
}

inline Transaction opening(const std::string& key, const std::string& message_id) {
  Transaction t;
  t.journal = {journal_row(key, message_id)};
  t.keys = {key_row(message_id, at(9'000'000))};
  t.audit = {audit_row(key, "message")};
  return t;
}

}  // namespace masar::contracts
