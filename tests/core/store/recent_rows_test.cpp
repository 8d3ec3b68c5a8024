#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <boost/mpl/list.hpp>

#include <memory>
#include <string>

#include <sqlite3.h>

#include "core/store/columns.h"
#include "core/store/postgres_arrays.h"
#include "core/store/postgres_store.h"
#include "core/store/recent_rows.h"
#include "core/store/sqlite_store.h"
#include "tests/contracts/store_contract.h"
#include "tests/core/store/store_directory.h"
#include "tests/support/postgres_cluster.h"

using namespace masar;
using namespace masar::store;
using namespace masar::contracts;

namespace {

struct Stored {
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

  ManualBusinessClock clock{at(1'000'000)};
  std::unique_ptr<Store> store;
  int tries = 0;
};

struct OnPostgres : Stored {
  OnPostgres() {
    settings.connection = cluster.new_schema();
    settings.writer_thread = false;
    settings.readers = 1;
  }
  void open() { store = open_postgres_store(settings, clock); }
  std::unique_ptr<Store> view() { return open_postgres_view(settings); }
  void sql(const std::string& commands) { cluster.execute(commands, settings.connection); }

  PostgresCluster& cluster = PostgresCluster::shared();
  PostgresSettings settings;
};

struct OnSqlite : Stored {
  ~OnSqlite() { store.reset(); }  // before its directory
  void open() { store = open_sqlite_store(settings, clock); }
  std::unique_ptr<Store> view() { return open_sqlite_view(settings.path); }
  void sql(const std::string& commands) {
    sqlite3* database = nullptr;
    sqlite3_open(settings.path.c_str(), &database);
    BOOST_TEST(sqlite3_exec(database, commands.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
  }

  StoreDirectory directory;
  SqliteSettings settings = directory.settings();
};

using Stores = boost::mpl::list<OnPostgres, OnSqlite>;

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

BOOST_AUTO_TEST_SUITE(recent_rows)

BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_just_written_is_as_the_database_has_it, On, Stores) {
  On on;
  const auto& store = on.store;
  on.open();
  Transaction transaction;
  transaction.outbox = {outbox_row("e1", "A"), outbox_row("e2", "A"), outbox_row("e3", "B")};
  transaction.outbox[1].state = OutboxState::failed;
  transaction.outbox[2].created = transaction.outbox[2].changed = {};  // the store's stamp
  transaction.outbox[2].not_after.reset();
  commit_ok(*store, std::move(transaction));
  const auto stored = on.view();
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
  on.clock.set(at(1'000'010));
  on.update("e1", OutboxState::ready, OutboxState::sending);
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
  on.update("e1", OutboxState::sending, OutboxState::unknown);
  check("ended");
  BOOST_TEST((store->find_outbox("e1")->state == OutboxState::delivered));
  Transaction again;  // is there already: stays as it is
  again.outbox = {outbox_row("e1", "A"), outbox_row("e3", "C")};
  commit_ok(*store, std::move(again));
  check("there already");
  Transaction refused;
  refused.outbox = {outbox_row("e4", "A")};
  refused.outbox_updates = {outbox_update("e3", {OutboxState::sending}, OutboxState::unknown)};
  BOOST_TEST(commit(*store, refused).conflict == "outbox");
  BOOST_TEST(!store->find_outbox("e4"));
  check("refused");
}

// A second's reading session could not answer either: nothing of this asks the database.
BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_just_written_is_not_asked_for, On, Stores) {
  On on;
  auto& store = on.store;
  on.open();
  Transaction transaction;
  transaction.outbox = {outbox_row("e1", "A")};
  commit_ok(*store, std::move(transaction));
  on.sql("UPDATE outbox SET effect = 'changed'");
  BOOST_TEST(store->find_outbox("e1")->effect == outbox_row("e1", "A").effect);
  store.reset();
  on.open();
  BOOST_TEST(store->find_outbox("e1")->effect == "changed");
}

// As it is led to its case by the database afterwards, and while that is away.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_case_just_written_is_found_without_asking, On, Stores) {
  On on;
  auto& store = on.store;
  on.open();
  Transaction made;
  made.cases = {case_row("A", 1), case_row("B", 1)};
  made.aliases = {alias_row("bill", "1", "A"), alias_row("bill", "2", "A"),
                  alias_row("sketch", "1", "A"), alias_row("bill", "9", "gone")};
  commit_ok(*store, std::move(made));
  const auto found = [&] {
    std::string all;
    for (const char* value : {"1", "2", "9"}) {
      all += store->find_alias("bill", value).value_or("-") + " ";
    }
    return all + store->find_alias("sketch", "1").value_or("-") + " " +
           store->find_case_key("A", "sketch").value_or("-") + " " +
           store->find_case_key("C", "sketch").value_or("-");
  };
  BOOST_TEST(found() == "A A gone A A -");
  on.sql("DELETE FROM cases WHERE key = 'A'; DELETE FROM aliases");
  BOOST_TEST(found() == "A A - A A -");
  Transaction handed;
  handed.aliases_ended = {{"bill", "A"}};
  handed.aliases = {alias_row("bill", "2", "B")};
  commit_ok(*store, std::move(handed));
  on.sql("DELETE FROM aliases");
  BOOST_TEST(found() == "- B - A A -");
  Transaction refused;
  refused.aliases_ended = {{"sketch", "A"}};
  refused.cases = {case_row("B", 7)};
  BOOST_TEST(commit(*store, std::move(refused)).conflict == "case");
  BOOST_TEST(found() == "- B - A A -");
  Transaction sweeping;
  sweeping.sweeps = {Sweep{}};
  commit_ok(*store, std::move(sweeping));
  BOOST_TEST(found() == "- - - - - -");
}

BOOST_FIXTURE_TEST_CASE(row_that_somebody_else_has_changed_is_looked_up_again, OnPostgres) {
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

BOOST_AUTO_TEST_CASE_TEMPLATE(no_more_is_kept_than_the_limit, On, Stores) {
  On on;
  const auto& store = on.store;
  on.settings.recent_bytes_max = 3000;
  on.open();
  Transaction transaction;
  for (const char* id : {"e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8"}) {
    transaction.outbox.push_back(outbox_row(id, "A"));
  }
  commit_ok(*store, std::move(transaction));
  on.update("e1", OutboxState::ready, OutboxState::sending);  // one that is not kept any more
  on.sql("UPDATE outbox SET effect = 'changed'");
  BOOST_TEST(store->find_outbox("e1")->effect == "changed");
  BOOST_TEST((store->find_outbox("e1")->state == OutboxState::sending));
  BOOST_TEST(store->find_outbox("e8")->effect == outbox_row("e8", "A").effect);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(aliases_go_with_their_case, On, Stores) {
  On on;
  const auto& store = on.store;
  on.settings.recent_bytes_max = 8000;  // of which cases have a quarter
  on.open();
  for (const char* key : {"A", "B", "C", "D", "E"}) {
    Transaction made;
    made.cases = {case_row(key, 1)};
    made.aliases = {alias_row("bill", key, key)};
    commit_ok(*store, std::move(made));
  }
  on.sql("DELETE FROM aliases");
  BOOST_TEST(!store->find_alias("bill", "A"));
  BOOST_TEST(store->find_alias("bill", "E").value_or("") == "E");
  Transaction handed;  // the one that had it is not known any more
  handed.aliases_ended = {{"bill", "A"}};
  handed.aliases = {alias_row("bill", "A", "E")};
  commit_ok(*store, std::move(handed));
  BOOST_TEST(store->find_alias("bill", "A").value_or("") == "E");
}

// Retention may have taken them.
BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_written_before_a_sweep_is_asked_for, On, Stores) {
  On on;
  on.open();
  Transaction transaction;
  transaction.outbox = {outbox_row("e1", "A")};
  commit_ok(*on.store, std::move(transaction));
  on.sql("UPDATE outbox SET effect = 'changed'");
  Transaction sweeping;
  sweeping.sweeps = {Sweep{}};
  commit_ok(*on.store, std::move(sweeping));
  BOOST_TEST(on.store->find_outbox("e1")->effect == "changed");
}

// An alias that only the database knows of is not ended with those of a case seen from its
// beginning: it was not asked for them. Of a case known only since, it is.
BOOST_FIXTURE_TEST_CASE(aliases_of_a_case_seen_from_its_beginning_are_not_asked_for, OnPostgres) {
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

BOOST_FIXTURE_TEST_CASE(an_alias_changes_hands_without_being_asked_for, OnPostgres) {
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
BOOST_FIXTURE_TEST_CASE(the_first_conflict_is_told_whatever_was_asked_for, OnPostgres) {
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
  RecentRows recent(1 << 20);
  const auto group_of = [](Transaction transaction) {
    std::vector<Pending> group(1);
    group[0].transaction = std::move(transaction);
    group[0].commit.status = CommitStatus::committed;
    group[0].commit.stamp = at(5000);
    return group;
  };
  Transaction made;
  made.outbox = {outbox_row("e1", "A"), outbox_row("e2", "A")};
  auto first = group_of(made);
  recent.committing(first);
  BOOST_TEST(!recent.find_outbox("e1").has_value());
  recent.committed(first, 0);
  BOOST_TEST(recent.find_outbox("e1").has_value());
  Transaction sent;
  sent.outbox_updates = {outbox_update("e1", {OutboxState::ready}, OutboxState::sending)};
  auto second = group_of(sent);
  recent.committing(second);
  BOOST_TEST(!recent.find_outbox("e1").has_value());
  BOOST_TEST((recent.find_outbox("e2")->state == OutboxState::ready));
  recent.committed(second, 0);
  BOOST_TEST((recent.find_outbox("e1")->state == OutboxState::sending));
  recent.committing(second);
  recent.forget();
  first = group_of(made);
  recent.committed(first, 0);
  BOOST_TEST((recent.find_outbox("e1")->state == OutboxState::ready));
  Transaction opened;
  opened.cases = {case_row("A", 1)};
  opened.aliases = {alias_row("bill", "1", "A")};
  first = group_of(opened);
  recent.committed(first, 0);
  BOOST_TEST(recent.find_alias("bill", "1").value_or("") == "A");
  Transaction ended;
  ended.aliases_ended = {{"bill", "A"}};
  second = group_of(ended);
  recent.committing(second);
  BOOST_TEST(!recent.find_alias("bill", "1").has_value());
  recent.committed(second, 0);
  opened.cases[0].version = 2;  // both in one group
  std::vector<Pending> both = group_of(opened);
  both.push_back(std::move(group_of(ended)[0]));
  recent.committing(both);
  recent.committed(both, 0);
  BOOST_TEST(!recent.find_alias("bill", "1").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
