#include "core/store/sqlite_schema.h"

#include <array>
#include <string>

#include <sqlite3.h>

#include "core/base/error.h"
#include "core/store/sqlite_statement.h"

namespace masar::store {
namespace {

// Small columns that change come before the large ones, so that neither a scan nor an update has
// to follow a row into its overflow pages. FORMAT.md says what each column and index is for.
constexpr const char* kMigration1 = R"sql(
CREATE TABLE meta(
  name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE journal(
  id INTEGER PRIMARY KEY, stamp INTEGER NOT NULL, partition INTEGER NOT NULL,
  state INTEGER NOT NULL, kind INTEGER NOT NULL, attempts INTEGER NOT NULL,
  serial INTEGER NOT NULL, origin INTEGER NOT NULL, envelope INTEGER NOT NULL,
  part INTEGER NOT NULL, parts INTEGER NOT NULL, owes_reply INTEGER NOT NULL,
  case_key TEXT NOT NULL, endpoint TEXT NOT NULL, route TEXT NOT NULL, name TEXT NOT NULL,
  sender TEXT NOT NULL, message_id TEXT NOT NULL, snapshot TEXT NOT NULL, effect TEXT NOT NULL,
  headers BLOB, inputs BLOB, payload BLOB) STRICT;
CREATE INDEX journal_undone ON journal(state) WHERE state = 0;
CREATE INDEX journal_undone_partition ON journal(partition) WHERE state = 0;
CREATE INDEX journal_envelope ON journal(envelope, part) WHERE envelope > 0;
CREATE TABLE keys(
  endpoint TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  digest TEXT NOT NULL, journal INTEGER NOT NULL, expires INTEGER NOT NULL,
  PRIMARY KEY(endpoint, name, value)) STRICT, WITHOUT ROWID;
CREATE TABLE cases(
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, partition INTEGER NOT NULL,
  version INTEGER NOT NULL, event_number INTEGER NOT NULL, visit INTEGER NOT NULL,
  opened INTEGER NOT NULL, since INTEGER NOT NULL, ended INTEGER, service_time INTEGER NOT NULL,
  process TEXT NOT NULL, snapshot TEXT NOT NULL, state TEXT NOT NULL,
  search BLOB, data BLOB) STRICT;
CREATE INDEX cases_state ON cases(state, key);
CREATE INDEX cases_open ON cases(ended) WHERE ended IS NULL;
CREATE TABLE case_search(
  value TEXT NOT NULL, field TEXT NOT NULL, case_key TEXT NOT NULL,
  PRIMARY KEY(value, field, case_key)) STRICT, WITHOUT ROWID;
CREATE TABLE aliases(
  name TEXT NOT NULL, value TEXT NOT NULL, case_key TEXT NOT NULL, partition INTEGER NOT NULL,
  PRIMARY KEY(name, value)) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_case ON aliases(case_key, name);
CREATE TABLE timers(
  case_key TEXT NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL, serial INTEGER NOT NULL,
  partition INTEGER NOT NULL, due INTEGER NOT NULL, ord INTEGER NOT NULL, visit INTEGER NOT NULL,
  PRIMARY KEY(case_key, kind, name, serial)) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers(due, ord);
CREATE TABLE tasks(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, case_key TEXT NOT NULL,
  partition INTEGER NOT NULL, state INTEGER NOT NULL, visit INTEGER NOT NULL,
  asked INTEGER NOT NULL, due INTEGER NOT NULL, ended INTEGER,
  name TEXT NOT NULL, until TEXT NOT NULL, effect TEXT NOT NULL,
  detail BLOB, answer BLOB) STRICT;
CREATE INDEX tasks_case ON tasks(case_key, id);
CREATE INDEX tasks_state ON tasks(state, id);
CREATE TABLE outbox(
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, case_key TEXT NOT NULL,
  partition INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
  changed INTEGER NOT NULL, created INTEGER NOT NULL, not_after INTEGER,
  case_version INTEGER NOT NULL, visit INTEGER NOT NULL, step INTEGER NOT NULL,
  effect TEXT NOT NULL, endpoint TEXT NOT NULL, operation TEXT NOT NULL, route TEXT NOT NULL,
  snapshot TEXT NOT NULL, code TEXT NOT NULL, report TEXT NOT NULL, text TEXT NOT NULL,
  headers BLOB, reply BLOB, body BLOB) STRICT;
CREATE INDEX outbox_waiting ON outbox(endpoint, sequence) WHERE state < 2;
CREATE INDEX outbox_case ON outbox(case_key);
CREATE TABLE replies(
  journal INTEGER PRIMARY KEY, code TEXT NOT NULL, body BLOB) STRICT;
CREATE TABLE dead_letters(
  id INTEGER PRIMARY KEY, partition INTEGER NOT NULL, state INTEGER NOT NULL,
  at INTEGER NOT NULL, journal INTEGER NOT NULL, attempts INTEGER NOT NULL,
  case_key TEXT NOT NULL, effect TEXT NOT NULL, endpoint TEXT NOT NULL, route TEXT NOT NULL,
  step TEXT NOT NULL, code TEXT NOT NULL, fingerprint TEXT NOT NULL, snapshot TEXT NOT NULL,
  text TEXT NOT NULL, original BLOB, at_step BLOB) STRICT;
CREATE INDEX dead_letters_state ON dead_letters(state);
CREATE TABLE audit(
  id INTEGER PRIMARY KEY, partition INTEGER NOT NULL, at INTEGER NOT NULL,
  version INTEGER NOT NULL, journal INTEGER NOT NULL,
  case_key TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
  reference TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX audit_case ON audit(case_key);
CREATE TABLE settings(
  name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE series(
  name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// The n-th brings a store from version n − 1 to n. Published ones never change.
constexpr std::array kMigrations{kMigration1};
static_assert(kMigrations.size() == kSchemaVersion);

std::int64_t number(sqlite3* database, const char* sql) {
  Statement statement(database, sql);
  statement.step();
  const std::int64_t value = statement.integer(0);
  statement.reset();
  return value;
}

}  // namespace

void migrate(sqlite3* database) {
  execute(database, "BEGIN IMMEDIATE");
  const std::int64_t version = number(database, "PRAGMA user_version");
  const std::int64_t application = number(database, "PRAGMA application_id");
  const std::int64_t tables = number(database, "SELECT count(*) FROM sqlite_schema");
  execute(database, "COMMIT");
  if (application != kApplicationId && (application != 0 || version != 0 || tables != 0)) {
    throw Error(ErrorKind::config, "store-foreign",
                "the file is an SQLite database, but not a store of this program");
  }
  if (version > kSchemaVersion) {
    throw Error(ErrorKind::config, "store-newer",
                "the store has schema version " + std::to_string(version) +
                    ", this program knows " + std::to_string(kSchemaVersion) +
                    ": use the newer program that wrote it");
  }
  for (int next = static_cast<int>(version) + 1; next <= kSchemaVersion; ++next) {
    execute(database, "BEGIN IMMEDIATE");
    execute(database, kMigrations[static_cast<std::size_t>(next - 1)]);
    execute(database, ("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
    execute(database, ("PRAGMA user_version = " + std::to_string(next)).c_str());
    execute(database, "COMMIT");
  }
}

}  // namespace masar::store
