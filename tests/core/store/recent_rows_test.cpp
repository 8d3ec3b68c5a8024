#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

#include "core/store/columns.h"
#include "core/store/postgres_arrays.h"
#include "core/store/postgres_store.h"
#include "core/store/recent_rows.h"
#include "tests/contracts/store_contract.h"
#include "tests/support/postgres_cluster.h"

using namespace masar;
using namespace masar::store;
using namespace masar::contracts;

namespace {

struct Fixture {
  Fixture() {
    settings.connection = cluster.new_schema();
    settings.writer_thread = false;
    settings.readers = 1;
  }
  void open() { store = open_postgres_store(settings, clock); }
  void sql(const std::string& commands) { cluster.execute(commands, settings.connection); }
  Commit update(const std::string& id, OutboxState from, OutboxState to) {
    Transaction transaction;
    transaction.outbox_updates = {outbox_update(id, {from}, to)};
    Commit answer;
    store->submit(std::move(transaction), [&](const Commit& commit) { answer = commit; });
    tries = 1;
    while (store->run_writer() == 0u && tries < 10) ++tries;
    return answer;
  }

  PostgresCluster& cluster = PostgresCluster::shared();
  PostgresSettings settings;
  ManualBusinessClock clock{at(1'000'000)};
  std::unique_ptr<Store> store;
  int tries = 0;
};

/// All columns of a row, as bytes.
std::string all_of(const std::optional<OutboxRow>& row) {
  std::string bytes;
  if (!row) return bytes;
  PostgresArrays columns;
  visit_columns(*row, columns.row());
  for (const auto& column : columns.parameters()) bytes += column.bytes;
  return bytes;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(recent_rows, Fixture)

BOOST_AUTO_TEST_CASE(what_was_just_written_is_as_the_database_has_it) {
  open();
  Transaction transaction;
  transaction.outbox = {outbox_row("e1", "A"), outbox_row("e2", "A"), outbox_row("e3", "B")};
  transaction.outbox[1].state = OutboxState::failed;
  transaction.outbox[2].created = transaction.outbox[2].changed = {};  // the store's stamp
  transaction.outbox[2].not_after.reset();
  commit_ok(*store, std::move(transaction));
  const auto stored = open_postgres_view(settings);
  const auto check = [&](const std::string& step) {
    BOOST_TEST_CONTEXT(step) {
      for (const char* id : {"e1", "e2", "e3"}) {
        BOOST_TEST_CONTEXT(id) {
          BOOST_TEST(!all_of(store->find_outbox(id)).empty());
          BOOST_TEST((all_of(store->find_outbox(id)) == all_of(stored->find_outbox(id))));
        }
      }
    }
  };
  check("written");
  clock.set(at(1'000'010));
  update("e1", OutboxState::ready, OutboxState::sending);
  check("sending");
  Transaction later;  // written anew and changed in one commit, and a report before its outcome
  later.outbox = {outbox_row("e2", "A")};
  later.outbox[0].body = "<anew/>";
  later.outbox_updates = {outbox_update("e2", {OutboxState::ready}, OutboxState::sending),
                          outbox_update("e1", {OutboxState::sending}, OutboxState::sending)};
  later.outbox_updates[0].reply.clear();
  later.outbox_updates[1].report = "delivered";
  commit_ok(*store, std::move(later));
  check("reported");
  update("e1", OutboxState::sending, OutboxState::unknown);
  check("ended");
  BOOST_TEST((store->find_outbox("e1")->state == OutboxState::delivered));
}

// A second's reading session could not answer either: nothing of this asks the database.
BOOST_AUTO_TEST_CASE(what_was_just_written_is_not_asked_for) {
  open();
  Transaction transaction;
  transaction.outbox = {outbox_row("e1", "A")};
  commit_ok(*store, std::move(transaction));
  sql("UPDATE outbox SET body = 'changed'");
  BOOST_TEST(store->find_outbox("e1")->body == outbox_row("e1", "A").body);
  store.reset();
  open();
  BOOST_TEST(store->find_outbox("e1")->body == "changed");
}

BOOST_AUTO_TEST_CASE(row_that_somebody_else_has_changed_is_looked_up_again) {
  open();
  Transaction transaction;
  transaction.outbox = {outbox_row("e1", "A")};
  transaction.cases = {case_row("A", 1)};
  commit_ok(*store, std::move(transaction));
  sql("UPDATE outbox SET state = 8");
  const Commit refused = update("e1", OutboxState::ready, OutboxState::sending);
  BOOST_TEST((refused.status == CommitStatus::conflict && refused.conflict == "outbox"));
  BOOST_TEST(tries == 2);  // the group was undone first
  BOOST_TEST((store->find_outbox("e1")->state == OutboxState::withdrawn));
  BOOST_TEST(store->healthy());
}

BOOST_AUTO_TEST_CASE(no_more_is_kept_than_the_limit) {
  settings.recent_bytes_max = 3000;
  open();
  Transaction transaction;
  for (const char* id : {"e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8"}) {
    transaction.outbox.push_back(outbox_row(id, "A"));
  }
  commit_ok(*store, std::move(transaction));
  update("e1", OutboxState::ready, OutboxState::sending);  // one that is not kept any more
  sql("UPDATE outbox SET body = 'changed'");
  BOOST_TEST(store->find_outbox("e1")->body == "changed");
  BOOST_TEST((store->find_outbox("e1")->state == OutboxState::sending));
  BOOST_TEST(store->find_outbox("e8")->body == outbox_row("e8", "A").body);
}

// Others may see a commit before its answer is here.
BOOST_AUTO_TEST_CASE(what_is_being_committed_is_asked_for) {
  AuditChain chain;
  RecentRows recent(1 << 20);
  const auto plan_of = [&](Transaction& transaction) {
    auto plan = std::make_unique<GroupPlan>(RowCounters{}, chain);
    GroupPlan::Wanted wanted;
    GroupPlan::want(transaction, wanted);
    recent.tell(wanted, *plan);
    Commit commit;
    commit.stamp = at(5000);
    plan->add(transaction, commit);
    return plan;
  };
  Transaction made;
  made.outbox = {outbox_row("e1", "A"), outbox_row("e2", "A")};
  const auto first = plan_of(made);
  recent.committing(*first);
  BOOST_TEST(!recent.find_outbox("e1").has_value());
  recent.committed(*first);
  BOOST_TEST(recent.find_outbox("e1").has_value());
  Transaction sent;
  sent.outbox_updates = {outbox_update("e1", {OutboxState::ready}, OutboxState::sending)};
  const auto second = plan_of(sent);
  recent.committing(*second);
  BOOST_TEST(!recent.find_outbox("e1").has_value());
  BOOST_TEST((recent.find_outbox("e2")->state == OutboxState::ready));
  recent.committed(*second);
  BOOST_TEST((recent.find_outbox("e1")->state == OutboxState::sending));
  recent.committing(*second);
  recent.forget();
  recent.committed(*first);
  BOOST_TEST((recent.find_outbox("e1")->state == OutboxState::ready));
}

BOOST_AUTO_TEST_SUITE_END()
