#include "tests/bench/raw_store.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <sqlite3.h>

#include "core/store/sqlite_store.h"

namespace masar::bench {
namespace {

constexpr int kModelRows = 500;
constexpr int kCheckpointPages = 8192;

void check(sqlite3* database, int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  throw std::runtime_error(std::string("raw store: ") + sqlite3_errmsg(database));
}

sqlite3* open(const std::string& path) {
  sqlite3* database = nullptr;
  check(database, sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr));
  return database;
}

/// One table: model rows in memory, and the statement that writes them.
struct Table {
  const char* name;
  int fresh;  ///< the column that each row gets a value of its own in
  std::vector<std::vector<sqlite3_value*>> rows;
  sqlite3_stmt* insert = nullptr;
  std::uint64_t per_message = 1;
  std::int64_t next = 1;
};

}  // namespace

struct RawStore::State {
  sqlite3* database = nullptr;
  sqlite3_stmt* begin = nullptr;
  sqlite3_stmt* commit = nullptr;
  std::array<Table, 3> tables{Table{"journal", 0, {}}, Table{"keys", 2, {}}, Table{"audit", 0, {}}};
  sqlite3_stmt* put_head = nullptr;  ///< the newest audit row of a partition: once a group

  void load(sqlite3* model, std::uint64_t messages, Table& table);
  void prepare(Table& table);
  void write(Table& table);
  void run(sqlite3_stmt* statement);
};

/// How many rows a message has in this table.
std::uint64_t rows_of_message(sqlite3* model, const char* table, std::uint64_t messages) {
  const std::string sql = std::string("SELECT count(*) FROM ") + table;
  sqlite3_stmt* statement = nullptr;
  check(model, sqlite3_prepare_v2(model, sql.c_str(), -1, &statement, nullptr));
  check(model, sqlite3_step(statement));
  const auto rows = static_cast<std::uint64_t>(sqlite3_column_int64(statement, 0));
  sqlite3_finalize(statement);
  // A few rows are the hub's own, such as its start.
  return std::max<std::uint64_t>(1, (rows + messages / 2) / messages);
}

void RawStore::State::load(sqlite3* model, std::uint64_t messages, Table& table) {
  table.per_message = rows_of_message(model, table.name, messages);
  const std::string sql =
      std::string("SELECT * FROM ") + table.name + " LIMIT " + std::to_string(kModelRows);
  sqlite3_stmt* statement = nullptr;
  check(model, sqlite3_prepare_v2(model, sql.c_str(), -1, &statement, nullptr));
  while (sqlite3_step(statement) == SQLITE_ROW) {
    auto& row = table.rows.emplace_back();
    for (int at = 0; at < sqlite3_column_count(statement); ++at) {
      row.push_back(sqlite3_value_dup(sqlite3_column_value(statement, at)));
    }
  }
  sqlite3_finalize(statement);
  if (table.rows.empty()) throw std::runtime_error("raw store: no rows to copy");
}

void RawStore::State::prepare(Table& table) {
  std::string sql = std::string("INSERT INTO ") + table.name + " VALUES(?";
  for (std::size_t at = 1; at < table.rows[0].size(); ++at) sql += ",?";
  sql += ")";
  check(database, sqlite3_prepare_v3(database, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT,
                                     &table.insert, nullptr));
}

void RawStore::State::run(sqlite3_stmt* statement) {
  check(database, sqlite3_step(statement));
  sqlite3_reset(statement);
}

void RawStore::State::write(Table& table) {
  const std::int64_t next = table.next++;
  const auto& row = table.rows[static_cast<std::size_t>(next) % table.rows.size()];
  for (std::size_t at = 0; at < row.size(); ++at) {
    sqlite3_bind_value(table.insert, static_cast<int>(at) + 1, row[at]);
  }
  char text[24];
  if (table.fresh == 0) {
    sqlite3_bind_int64(table.insert, 1, next);
  } else {
    const int length = std::snprintf(text, sizeof text, "m-%010lld", static_cast<long long>(next));
    sqlite3_bind_text(table.insert, table.fresh + 1, text, length, SQLITE_STATIC);
  }
  run(table.insert);
}

std::unique_ptr<store::Store> open_sqlite(const std::string& path, const BusinessClock& clock) {
  store::SqliteSettings settings;
  settings.path = path;
  return store::open_sqlite_store(settings, clock);
}

RawStore::RawStore(const std::string& model, std::uint64_t messages, const std::string& path)
    : state_(std::make_unique<State>()) {
  sqlite3* from = open(model);
  for (Table& table : state_->tables) state_->load(from, messages, table);
  sqlite3_close(from);
  state_->database = open(path);
  const std::string settings =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384;"
      "PRAGMA wal_autocheckpoint=" +
      std::to_string(kCheckpointPages);
  check(state_->database,
        sqlite3_exec(state_->database, settings.c_str(), nullptr, nullptr, nullptr));
  for (Table& table : state_->tables) state_->prepare(table);
  constexpr const char* kPutHead =
      "INSERT INTO audit_heads VALUES(0, ?1, randomblob(32)) "
      "ON CONFLICT DO UPDATE SET audit = excluded.audit, hash = excluded.hash";
  check(state_->database,
        sqlite3_prepare_v3(state_->database, kPutHead, -1, SQLITE_PREPARE_PERSISTENT,
                           &state_->put_head, nullptr));
  check(state_->database,
        sqlite3_prepare_v2(state_->database, "BEGIN IMMEDIATE", -1, &state_->begin, nullptr));
  check(state_->database,
        sqlite3_prepare_v2(state_->database, "COMMIT", -1, &state_->commit, nullptr));
}

RawStore::~RawStore() {
  for (Table& table : state_->tables) {
    sqlite3_finalize(table.insert);
    for (auto& row : table.rows) {
      for (sqlite3_value* value : row) sqlite3_value_free(value);
    }
  }
  sqlite3_finalize(state_->put_head);
  sqlite3_finalize(state_->begin);
  sqlite3_finalize(state_->commit);
  sqlite3_close(state_->database);
}

void RawStore::write_group(std::size_t messages) {
  state_->run(state_->begin);
  for (std::size_t at = 0; at < messages; ++at) {
    for (Table& table : state_->tables) {
      for (std::uint64_t row = 0; row < table.per_message; ++row) state_->write(table);
    }
  }
  sqlite3_bind_int64(state_->put_head, 1, state_->tables[2].next);
  state_->run(state_->put_head);
  state_->run(state_->commit);
}

}  // namespace masar::bench
