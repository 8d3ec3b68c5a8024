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
    transaction.audit = {audit_row("A", "note")};
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
  Transaction next;
  next.outbox = {outbox_row("e2", "A")};
  next.audit = {audit_row("A", "note")};
  commit_ok(*store, std::move(next));
  sql("UPDATE outbox SET state = 8");
  Transaction two;  // one that goes through when the group is done again, and one that does not
  two.audit = {audit_row("A", "note")};
  store->submit(std::move(two), {});
  update("e2", OutboxState::ready, OutboxState::sending);
  BOOST_TEST(tries == 2);
  const auto audit = store->audit_rows(0, 10);
  BOOST_REQUIRE(audit.size() == 2u);
  BOOST_TEST(audit[1].previous == audit[0].hash);
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

// An alias that only the database knows of is not ended with those of a case seen from its
// beginning: it was not asked for them. Of a case known only since, it is.
BOOST_AUTO_TEST_CASE(aliases_of_a_case_seen_from_its_beginning_are_not_asked_for) {
  const auto end = [&](const std::string& case_key) {
    Transaction transaction;
    transaction.aliases_ended = {{"bill", case_key}};
    commit_ok(*store, std::move(transaction));
  };
  open();
  Transaction made;
  made.cases = {case_row("A", 1), case_row("B", 1)};
  made.aliases = {alias_row("bill", "1", "A"), alias_row("bill", "2", "A"),
                  alias_row("sketch", "1", "A")};
  commit_ok(*store, std::move(made));
  sql("INSERT INTO aliases(name, value, case_key, partition) VALUES ('bill', '3', 'A', 0)");
  Transaction more;  // later ones are known too
  more.aliases = {alias_row("bill", "4", "A")};
  commit_ok(*store, std::move(more));
  end("A");
  for (const char* ended : {"1", "2", "4"}) BOOST_TEST(!store->find_alias("bill", ended));
  BOOST_TEST(store->find_alias("bill", "3").has_value());
  BOOST_TEST(store->find_alias("sketch", "1").has_value());
  store.reset();
  open();
  Transaction next;  // its second version: others may have come before
  next.cases = {case_row("A", 2)};
  commit_ok(*store, std::move(next));
  end("A");
  BOOST_TEST(!store->find_alias("bill", "3"));
}

BOOST_AUTO_TEST_CASE(an_alias_changes_hands_without_being_asked_for) {
  open();
  Transaction made;
  made.cases = {case_row("A", 1), case_row("B", 1)};
  made.aliases = {alias_row("bill", "1", "A"), alias_row("bill", "2", "A")};
  commit_ok(*store, std::move(made));
  Transaction handed;  // in one transaction, and in the same group another comes too late
  handed.aliases_ended = {{"bill", "A"}};
  handed.aliases = {alias_row("bill", "1", "B")};
  Transaction late;
  late.aliases = {alias_row("bill", "1", "A")};
  std::vector<Commit> answers;
  for (Transaction* transaction : {&handed, &late}) {
    store->submit(std::move(*transaction), [&](const Commit& c) { answers.push_back(c); });
  }
  BOOST_TEST(store->run_writer() == 2u);
  BOOST_TEST((answers.at(0).status == CommitStatus::committed));
  BOOST_TEST(answers.at(1).conflict == "alias");
  BOOST_TEST(store->find_alias("bill", "1").value_or("") == "B");
  BOOST_TEST(!store->find_alias("bill", "2"));
  Transaction none;  // A has none left
  none.aliases_ended = {{"bill", "A"}};
  commit_ok(*store, std::move(none));
  BOOST_TEST(store->find_alias("bill", "1").value_or("") == "B");
  Transaction back;
  back.aliases_ended = {{"bill", "B"}};
  back.aliases = {alias_row("bill", "1", "A")};
  commit_ok(*store, std::move(back));
  BOOST_TEST(store->find_alias("bill", "1").value_or("") == "A");
}

// Two things stand against it. Which one is said must not depend on what was asked for.
BOOST_AUTO_TEST_CASE(the_first_conflict_is_told_whatever_was_asked_for) {
  open();
  Transaction made = opening("A", "m1");
  made.outbox = {outbox_row("e1", "A")};
  commit_ok(*store, made);
  Transaction both = opening("A", "m1");
  both.outbox_updates = {outbox_update("e1", {OutboxState::sending}, OutboxState::delivered)};
  for (int i = 0; i < 2; ++i) BOOST_TEST(commit(*store, both).conflict == "key");
  Transaction fresh = opening("A", "m2");
  fresh.outbox_updates = both.outbox_updates;
  BOOST_TEST(commit(*store, fresh).conflict == "outbox");
  // A repetition beside others in a group: it alone is refused, at the first try.
  std::vector<Commit> answers;
  for (const char* value : {"m3", "m1", "m4"}) {
    store->submit(opening("A", value), [&](const Commit& commit) { answers.push_back(commit); });
  }
  BOOST_TEST(store->run_writer() == 3u);
  for (const std::size_t i : {0, 2}) {
    BOOST_TEST((answers.at(i).status == CommitStatus::committed));
  }
  BOOST_TEST(answers.at(1).conflict == "key");
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
