#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <sqlite3.h>

#include "core/store/audit_verifier.h"
#include "core/store/sqlite_statement.h"
#include "tests/contracts/store_contract.h"
#include "tests/core/store/store_directory.h"

using namespace masar;
using namespace masar::store;
using contracts::at;
using contracts::audit_row;
using contracts::commit_ok;
using contracts::opening;

namespace {

std::string said_by(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  std::array<char, 4096> part{};
  for (std::size_t got = 0; (got = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
    text.append(part.data(), got);
  ::pclose(pipe);
  return text;
}

// A store with twelve rows in three partitions, two of them with personal content; its heads were
// kept after rows 4 and 12.
struct Logged {
  StoreDirectory directory;
  ManualBusinessClock clock{at(1'000'000)};
  SigningKey key = SigningKey::generate();
  std::string heads = directory.database() + ".heads";
  std::string public_key = directory.database() + ".pem";

  Logged() {
    const auto store = open_sqlite_store(directory.settings(), clock);
    HeadsFile file(heads, key);
    int written = 0;
    for (const char* name : {"A", "B", "A", "C", "A", "B"}) {
      Transaction t;
      t.audit = {audit_row(name, "message"), audit_row(name, "applied")};
      if (*name == 'B') t.audit[1].personal = "a name";
      commit_ok(*store, std::move(t));
      if (++written == 2 || written == 6) file.append(clock.now(), store->audit_heads());
    }
    std::ofstream(public_key) << key.public_pem();
  }
  void change(const char* sql) const {
    sqlite3* database = nullptr;
    BOOST_REQUIRE(sqlite3_open(directory.database().c_str(), &database) == SQLITE_OK);
    execute(database, sql);
    BOOST_TEST(sqlite3_changes(database) > 0, sql);
    sqlite3_close(database);
  }
  std::string verify(bool with_heads = true) const {
    const auto view = open_sqlite_view(directory.database(), ViewOf::audit);
    AuditVerifier verifier(view->audit_heads(),
                           with_heads ? read_heads(heads, key) : std::vector<HeadsLine>{});
    return verify_log(*view, verifier, 5);
  }
  // The same by a program that shares no code with ours.
  std::string check() const {
    return said_by("/usr/bin/python3 " MASAR_SOURCE_DIR "/tests/core/store/audit_check.py " +
                   directory.database() + " " + heads + " " + public_key + " 2>&1");
  }
  void expect(const std::string& start, bool with_heads = false) const {
    const std::string ours = verify(with_heads);
    BOOST_TEST(ours.substr(0, start.size()) == start, ours);
    const std::string theirs = check();
    BOOST_TEST(theirs.substr(0, start.size()) == start, theirs);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(audit_log)

BOOST_FIXTURE_TEST_CASE(a_log_in_order_is_found_so, Logged) {
  BOOST_TEST(verify().empty());
  BOOST_TEST(verify(false).empty());
  BOOST_TEST(check() == "12 rows in order\n");
}

BOOST_AUTO_TEST_CASE(a_changed_column_names_its_row) {
  for (const char* column :
       {"at = at + 1", "version = version + 1", "journal = journal + 1", "case_key = 'X'",
        "kind = 'messagf'", "name = 't:Openee'", "state = 'waitinh'", "reference = 'ref-2'",
        "text = 'taken io'", "hash = zeroblob(32)", "personal_digest = zeroblob(32)"}) {
    const Logged log;
    log.change(("UPDATE audit SET " + std::string(column) + " WHERE id = 4").c_str());
    BOOST_TEST_CONTEXT(column) { log.expect("audit row 4 was changed"); }
  }
}

BOOST_AUTO_TEST_CASE(a_row_in_another_place_names_it) {
  for (const char* change : {"partition = 99", "previous = zeroblob(32)", "previous = NULL"}) {
    const Logged log;
    log.change(("UPDATE audit SET " + std::string(change) + " WHERE id = 4").c_str());
    BOOST_TEST_CONTEXT(change) { log.expect("audit row 4 does not follow"); }
  }
}

BOOST_FIXTURE_TEST_CASE(personal_content_may_go_but_not_change, Logged) {
  change("UPDATE audit_personal SET content = CAST('a game' AS BLOB) WHERE audit = 4");
  expect("audit row 4: its personal content was changed");
  change("UPDATE audit_personal SET content = CAST('a name' AS BLOB), salt = zeroblob(16)");
  expect("audit row 4: its personal content was changed");
  change("DELETE FROM audit_personal");
  BOOST_TEST(verify().empty());
  BOOST_TEST(check() == "12 rows in order\n");
  change("INSERT INTO audit_personal VALUES(7, zeroblob(16), CAST('slander' AS BLOB))");
  expect("audit row 7: its personal content was changed");
}

BOOST_FIXTURE_TEST_CASE(a_deleted_row_is_missing, Logged) {
  change("DELETE FROM audit WHERE id = 5");
  expect("audit row 5 is missing");
}

BOOST_FIXTURE_TEST_CASE(swapped_rows_are_found, Logged) {
  change(
      "UPDATE audit SET id = 100 WHERE id = 5; UPDATE audit SET id = 5 WHERE id = 6; "
      "UPDATE audit SET id = 6 WHERE id = 100");
  expect("audit row 5 does not follow");
}

BOOST_FIXTURE_TEST_CASE(a_row_put_in_is_found, Logged) {
  change(
      "INSERT INTO audit SELECT 13, partition, at, version, journal, case_key, kind, name, state, "
      "reference, text, previous, hash, personal_digest FROM audit WHERE id = 12");
  expect("audit row 13 does not follow");
}

BOOST_FIXTURE_TEST_CASE(a_row_without_a_hash_is_older_than_all_or_wrong, Logged) {
  change("UPDATE audit SET previous = NULL, hash = NULL, personal_digest = NULL WHERE id = 12");
  expect("audit row 12 has no hash");
}

BOOST_FIXTURE_TEST_CASE(a_cut_tail_is_found_by_the_stored_heads, Logged) {
  change("DELETE FROM audit WHERE id > 10");
  expect("audit row 11 is missing");
}

BOOST_FIXTURE_TEST_CASE(a_tail_cut_with_care_is_found_only_by_the_kept_heads, Logged) {
  change("DELETE FROM audit WHERE id > 10");
  change(
      "INSERT OR REPLACE INTO audit_heads SELECT partition, id, hash FROM audit "
      "WHERE id IN (SELECT max(id) FROM audit GROUP BY partition)");
  BOOST_TEST(verify(false).empty());
  expect("audit row 11 is missing", true);
}

// Who can compute hashes writes a log of his own; the heads that were kept know the first one.
BOOST_AUTO_TEST_CASE(a_log_written_anew_is_found_by_the_kept_heads) {
  const Logged log;
  const Logged other;  // the same rows, but for their salts
  std::filesystem::copy_file(other.directory.database(), log.directory.database(),
                             std::filesystem::copy_options::overwrite_existing);
  BOOST_TEST(log.verify(false).empty());
  BOOST_TEST(log.verify() ==
             "an audit row from 1 to 4 was written anew: line 1 of the heads, of "
             "1970-01-12T13:46:40Z, knows other rows");
  BOOST_TEST(log.check() == "audit row 4 or one before it was written anew\n");
}

// The log as it was after row 6, then other rows: right where a signed line says so, and only then.
struct RestoredLog : Logged {
  RestoredLog() {
    change("DELETE FROM audit_personal WHERE audit > 6");
    change("DELETE FROM audit WHERE id > 6");
    change("DELETE FROM audit_heads");
    change(
        "INSERT INTO audit_heads SELECT partition, id, hash FROM audit "
        "WHERE id IN (SELECT max(id) FROM audit GROUP BY partition)");
  }
};

BOOST_FIXTURE_TEST_CASE(a_restore_says_which_rows_it_lost, RestoredLog) {
  {
    const auto store = open_sqlite_store(directory.settings(), clock);
    HeadsFile file(heads, key);
    clock.advance(std::chrono::minutes(1));
    for (int start = 0; start < 2; ++start)  // a hub that died in between says it once
      file.append(clock.now(), store->audit_heads(), "2026-01-04T05:00:00Z");
    Transaction t;
    t.audit = {audit_row("D", "message"), audit_row("A", "applied")};
    commit_ok(*store, std::move(t));
    file.append(clock.now(), store->audit_heads());
  }
  const auto lines = read_heads(heads, key);
  BOOST_REQUIRE(lines.size() == 4u);
  BOOST_TEST((lines[2].rows == 6 && lines[2].restored == "2026-01-04T05:00:00Z"));
  BOOST_TEST(verify().empty());
  BOOST_TEST(check() == "8 rows in order\n");
  const AuditVerifier verifier({}, lines);
  BOOST_REQUIRE(verifier.restores().size() == 1u);
  BOOST_TEST(verifier.restores()[0] ==
             "restored from the backup of 2026-01-04T05:00:00Z at 1970-01-12T13:47:40Z: rows 7 to "
             "12 that the heads knew are not in it");
  change("UPDATE audit SET text = 'other' WHERE id = 5");
  expect("audit row 5 was changed", true);
}

BOOST_FIXTURE_TEST_CASE(a_restore_that_no_line_names_is_a_cut, RestoredLog) {
  expect("audit row 7 is missing", true);
}

BOOST_FIXTURE_TEST_CASE(what_a_restored_log_held_is_still_asked_for, RestoredLog) {
  {
    const auto store = open_sqlite_store(directory.settings(), clock);
    HeadsFile(heads, key).append(clock.now(), store->audit_heads(), "2026-01-04T05:00:00Z");
  }
  change("DELETE FROM audit WHERE id = 6");
  change(
      "INSERT OR REPLACE INTO audit_heads SELECT partition, id, hash FROM audit "
      "WHERE id IN (SELECT max(id) FROM audit GROUP BY partition)");
  expect("audit row 6 is missing", true);
}

BOOST_FIXTURE_TEST_CASE(a_damaged_file_is_no_audit_log, Logged) {
  std::ofstream(directory.database(), std::ios::trunc) << "not a database";
  BOOST_CHECK_THROW(verify(), Error);
  std::filesystem::remove(directory.database());
  BOOST_CHECK_THROW(verify(), Error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(heads_file)

std::string heads_wrong(const Logged& log) {
  try {
    read_heads(log.heads, log.key);
  } catch (const Error& error) {
    return error.code() == "bad-heads" ? error.what() : error.code();
  }
  return {};
}

void write(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << contents;
}

BOOST_FIXTURE_TEST_CASE(lines_follow_each_other_across_restarts, Logged) {
  const auto store = open_sqlite_store(directory.settings(), clock);
  {
    HeadsFile file(heads, key);
    BOOST_TEST((file.last().line == 2 && file.last().rows == 12));
    file.append(clock.now(), store->audit_heads());  // nothing new
    commit_ok(*store, opening("A", "m1"));
    clock.advance(std::chrono::minutes(1));
    file.append(clock.now(), store->audit_heads());
  }
  const auto lines = read_heads(heads, key);
  BOOST_REQUIRE(lines.size() == 3u);
  BOOST_TEST((lines[2].rows == 13 && lines[2].time == "1970-01-12T13:47:40Z"));
  BOOST_TEST(check() == "13 rows in order\n");
  struct stat status {};
  BOOST_REQUIRE(::stat(heads.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777) == 0600u);
}

BOOST_FIXTURE_TEST_CASE(half_a_line_does_not_count_and_is_cut_off, Logged) {
  const std::string whole = contents_of(heads);
  write(heads, whole + "{\"line\":3,\"ti");
  BOOST_TEST(read_heads(heads, key).size() == 2u);
  HeadsFile file(heads, key);
  BOOST_TEST(file.last().line == 2);
  BOOST_TEST(contents_of(heads) == whole);
}

BOOST_FIXTURE_TEST_CASE(changed_lines_are_named, Logged) {
  const std::string whole = contents_of(heads);
  const auto second = whole.find('\n') + 1;
  std::string changed = whole;
  changed.replace(changed.find("\"rows\":4,"), 9, "\"rows\":5,");
  write(heads, changed);
  BOOST_TEST(heads_wrong(*this).find("line 1 of") == 0u);
  write(heads, whole.substr(second));  // the first one deleted
  BOOST_TEST(heads_wrong(*this).find("line 1 of") == 0u);
  write(heads, whole.substr(second) + whole.substr(0, second));
  BOOST_TEST(heads_wrong(*this).find("line 1 of") == 0u);
  write(heads, whole + whole.substr(second));
  BOOST_TEST(heads_wrong(*this).find("line 3 of") == 0u);
  write(heads, "no heads\n");
  BOOST_TEST(heads_wrong(*this).find("line 1 of") == 0u);
  BOOST_CHECK_THROW(HeadsFile(heads, key), Error);
}

BOOST_FIXTURE_TEST_CASE(lines_signed_with_another_key_are_refused, Logged) {
  std::filesystem::remove(heads);
  {
    HeadsFile file(heads, SigningKey::generate());
    file.append(clock.now(), {{0, 12, std::string(32, 'x')}});
  }
  BOOST_TEST(heads_wrong(*this).find("line 1 of") == 0u);
  BOOST_TEST(check() == "line 1 of the heads is not signed with this key\n");
}

BOOST_FIXTURE_TEST_CASE(a_disk_that_is_full_leaves_the_file_as_it_was, Logged) {
  const std::string whole = contents_of(heads);
  HeadsFile file(heads, key);
  const rlimit before = [] {
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    return limit;
  }();
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{whole.size() + 10, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  BOOST_CHECK_THROW(file.append(clock.now(), {{0, 13, std::string(32, 'x')}}), Error);
  ::setrlimit(RLIMIT_FSIZE, &before);
  BOOST_TEST(contents_of(heads) == whole);
  file.append(clock.now(), {{0, 13, std::string(32, 'x')}});
  BOOST_TEST(read_heads(heads, key).size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(signing_key)

BOOST_AUTO_TEST_CASE(a_key_comes_back_and_signs) {
  const auto key = SigningKey::generate();
  const auto again = SigningKey::from_private_pem(key.private_pem());
  const auto open = SigningKey::from_public_pem(key.public_pem());
  BOOST_TEST(again.public_pem() == key.public_pem());
  const std::string signature = again.sign("what was said");
  BOOST_TEST(open.verify("what was said", signature));
  BOOST_TEST(!open.verify("what was sais", signature));
  BOOST_TEST(!open.verify("what was said", signature.substr(1)));
  BOOST_TEST(!SigningKey::generate().verify("what was said", signature));
  BOOST_CHECK_THROW(SigningKey::from_private_pem("no key"), Error);
  BOOST_CHECK_THROW(SigningKey::from_public_pem(key.private_pem()), Error);
}

BOOST_AUTO_TEST_SUITE_END()
