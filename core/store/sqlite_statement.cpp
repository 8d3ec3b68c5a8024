#include "core/store/sqlite_statement.h"

#include <utility>

#include <sqlite3.h>

namespace masar::store {
namespace {

[[noreturn]] void fail_with(sqlite3* database, int code, const char* what) {
  // Extended codes stay off (Poco::Data reads the primary ones), but the connection knows them.
  const int extended = sqlite3_extended_errcode(database);
  const bool fits = (extended & 0xff) == (code & 0xff);
  throw SqliteError(code & 0xff, fits ? extended : code,
                    std::string("store: ") + sqlite3_errstr(code & 0xff) + " (" +
                        std::to_string(fits ? extended : code) + ") in " + what);
}

// The first words only: enough to find the statement, and no value ever stands in it.
std::string beginning(const char* sql) {
  constexpr std::size_t kShown = 40;
  return std::string(std::string_view(sql == nullptr ? "" : sql).substr(0, kShown));
}

}  // namespace

Statement::Statement(sqlite3* database, const char* sql) : database_(database) {
  const int code =
      sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code != SQLITE_OK) {
    fail_with(database, code, beginning(sql).c_str());
  }
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

void Statement::fail(int code) const {
  fail_with(database_, code, beginning(sqlite3_sql(statement_)).c_str());
}

void Statement::bind_integer(int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_, index, value); code != SQLITE_OK) {
    fail(code);
  }
}

void Statement::bind_text(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  const int code =
      sqlite3_bind_text64(statement_, index, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) {
    fail(code);
  }
}

void Statement::bind_blob(int index, std::string_view value) {
  if (value.empty()) {
    return bind_null(index);
  }
  const int code =
      sqlite3_bind_blob64(statement_, index, value.data(), value.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) {
    fail(code);
  }
}

void Statement::bind_null(int index) {
  if (const int code = sqlite3_bind_null(statement_, index); code != SQLITE_OK) {
    fail(code);
  }
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    return false;
  }
  // The codes are read before the reset, which would report the same error a second time.
  try {
    fail(code);
  } catch (...) {
    sqlite3_reset(statement_);
    throw;
  }
}

void Statement::run() {
  while (step()) {
  }
  sqlite3_reset(statement_);
}

void Statement::reset() noexcept { sqlite3_reset(statement_); }

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void execute(sqlite3* database, const char* sql) {
  const int code = sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail_with(database, code, beginning(sql).c_str());
  }
}

}  // namespace masar::store
