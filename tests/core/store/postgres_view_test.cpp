#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/store/audit_verifier.h"
#include "core/store/postgres_store.h"
#include "tests/contracts/store_contract.h"
#include "tests/support/postgres_cluster.h"

using namespace masar;
using namespace masar::store;
using contracts::at;
using contracts::audit_row;
using contracts::commit_ok;
using contracts::opening;

namespace {

struct Database {
  PostgresCluster& cluster = PostgresCluster::shared();
  ManualBusinessClock clock{at(1'000'000)};
  PostgresSettings settings = [this] {
    PostgresSettings made;
    made.connection = cluster.new_schema();
    made.writer_thread = false;
    return made;
  }();

  std::unique_ptr<Store> open() const { return open_postgres_store(settings, clock); }
  std::string code_of_viewing(ViewOf what) const {
    try {
      open_postgres_view(settings, what);
    } catch (const Error& error) {
      return error.code();
    }
    return "opened";
  }
  std::string verify() const {
    const auto view = open_postgres_view(settings, ViewOf::audit);
    AuditVerifier verifier(view->audit_heads(), {});
    return verify_log(*view, verifier, 5);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_view)

BOOST_FIXTURE_TEST_CASE(reads_beside_the_hub_and_writes_nothing, Database) {
  const auto store = open();
  commit_ok(*store, opening("A", "m1"));
  const auto view = open_postgres_view(settings);
  BOOST_TEST(view->undone(0, 10).size() == 1u);
  auto status = CommitStatus::committed;
  view->submit(opening("B", "m2"), [&](const Commit& commit) { status = commit.status; });
  BOOST_TEST((status == CommitStatus::failed));
  commit_ok(*store, opening("B", "m2"));
  BOOST_TEST(view->undone(0, 10).size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(refuses_what_it_cannot_read, Database) {
  BOOST_TEST(code_of_viewing(ViewOf::audit) == "store-version");  // empty
  open();
  BOOST_TEST(code_of_viewing(ViewOf::everything) == "opened");
  cluster.execute("UPDATE meta SET value = 2 WHERE name = 'version'", settings.connection);
  BOOST_TEST(code_of_viewing(ViewOf::audit) == "opened");
  BOOST_TEST(code_of_viewing(ViewOf::everything) == "store-version");
  cluster.execute("DELETE FROM meta WHERE name = 'application'", settings.connection);
  BOOST_TEST(code_of_viewing(ViewOf::audit) == "store-foreign");
}

BOOST_FIXTURE_TEST_CASE(a_flipped_byte_names_its_audit_row, Database) {
  const auto store = open();
  for (const char* name : {"A", "B", "A", "C"}) {
    Transaction t;
    t.audit = {audit_row(name, "message"), audit_row(name, "applied")};
    t.audit[1].personal = "a name";
    commit_ok(*store, std::move(t));
  }
  BOOST_TEST(verify().empty());
  const auto change = [&](const std::string& sql) { cluster.execute(sql, settings.connection); };
  change("UPDATE audit_personal SET content = set_byte(content, 0, get_byte(content, 0) # 1) "
         "WHERE audit = 4");
  BOOST_TEST(verify() == "audit row 4: its personal content was changed");
  change("UPDATE audit SET hash = set_byte(hash, 31, get_byte(hash, 31) # 1) WHERE id = 3");
  BOOST_TEST(verify() == "audit row 3 was changed");
  change("UPDATE audit SET text = overlay(text placing 'T' from 1 for 1) WHERE id = 2");
  BOOST_TEST(verify() == "audit row 2 was changed");
  change("DELETE FROM audit WHERE id = 1");
  BOOST_TEST(verify() == "audit row 1 is missing");
}

BOOST_AUTO_TEST_SUITE_END()
