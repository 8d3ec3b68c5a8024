#include "core/store/sqlite_schema.h"

#include <string>

#include <sqlite3.h>

#include "core/base/error.h"
#include "core/store/migrations.h"
#include "core/store/reading.h"
#include "core/store/sqlite_statement.h"

namespace masar::store {
namespace {

// Small columns that change come before the large ones, so that neither a scan nor an update has
// to follow a row into its overflow pages. FORMAT.md says what each column and index is for.
constexpr const char* kVersion1 = R"sql(
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

// Snapshots; the audit log's chain, with what is personal apart, so that it can be deleted.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE snapshots(
  hash TEXT PRIMARY KEY, created INTEGER NOT NULL, content BLOB) STRICT;
ALTER TABLE audit ADD COLUMN previous BLOB;
ALTER TABLE audit ADD COLUMN hash BLOB;
ALTER TABLE audit ADD COLUMN personal_digest BLOB;
CREATE TABLE audit_personal(
  audit INTEGER PRIMARY KEY, salt BLOB, content BLOB) STRICT;
CREATE TABLE audit_heads(
  partition INTEGER PRIMARY KEY, audit INTEGER NOT NULL, hash BLOB) STRICT;
)sql";

// Which open cases began with which configuration; how a due time was computed in working time.
constexpr const char* kVersion3 = R"sql(
CREATE INDEX cases_snapshot ON cases(snapshot, process, key) WHERE ended IS NULL;
ALTER TABLE timers ADD COLUMN working TEXT NOT NULL DEFAULT '';
CREATE INDEX timers_working ON timers(case_key) WHERE working <> '';
)sql";

// What a message became that was journaled anew.
constexpr const char* kVersion4 = R"sql(
CREATE INDEX journal_origin ON journal(origin) WHERE origin > 0;
)sql";

// PostgreSQL's alone: SQLite changes a row in its place.
constexpr const char* kVersion5 = "";

class SqliteSchema final : public SchemaSession {
 public:
  explicit SqliteSchema(sqlite3* database) : database_(database) {}

  void begin() override { execute(database_, "BEGIN IMMEDIATE"); }
  int version() override {
    const std::int64_t version = number("PRAGMA user_version");
    const std::int64_t application = number("PRAGMA application_id");
    const std::int64_t tables = number("SELECT count(*) FROM sqlite_schema");
    if (application != kApplicationId && (application != 0 || version != 0 || tables != 0)) {
      throw Error(ErrorKind::config, "store-foreign",
                  "the file is an SQLite database, but not a store of this program");
    }
    return static_cast<int>(version);
  }
  void apply(const char* commands, int version) override {
    execute(database_, commands);
    execute(database_, ("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
    execute(database_, ("PRAGMA user_version = " + std::to_string(version)).c_str());
  }
  void commit() override { execute(database_, "COMMIT"); }
  // SQLite may have undone it already; then there is nothing to do, and nothing that could fail.
  void roll_back() noexcept override {
    sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
  }

 private:
  std::int64_t number(const char* sql) {
    Statement statement(database_, sql);
    const Reading reading(statement);
    statement.step();
    return statement.integer(0);
  }

  sqlite3* database_;
};

}  // namespace

const Migrations kSqliteMigrations{kVersion1, kVersion2, kVersion3, kVersion4, kVersion5};

void migrate_sqlite(sqlite3* database, std::span<const char* const> steps) {
  SqliteSchema session(database);
  migrate(session, steps);
}

}  // namespace masar::store
