#include "core/store/sqlite_audit.h"

#include <unordered_map>

#include <sqlite3.h>

#include "core/store/row_reader.h"
#include "core/store/sqlite_schema.h"
#include "core/store/sqlite_statement.h"

namespace masar::store {
namespace {

constexpr int kBusyMilliseconds = 5000;
constexpr int kChainVersion = 2;  // of the schema: older ones have no chain

}  // namespace

struct SqliteAudit::Session {
  explicit Session(const std::string& path) {
    if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) {
      const std::string why = sqlite3_errmsg(database);
      sqlite3_close(database);
      throw Error(ErrorKind::config, "store-unusable", "the store " + path + ": " + why);
    }
    sqlite3_busy_timeout(database, kBusyMilliseconds);
  }
  ~Session() {
    statements.clear();
    sqlite3_close(database);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Statement& prepared(const char* sql) {
    if (const auto found = statements.find(sql); found != statements.end()) return found->second;
    return statements.emplace(sql, Statement(database, sql)).first->second;
  }
  std::int64_t number(const char* sql) {
    Statement& statement = prepared(sql);
    const Reading reading(statement);
    return statement.step() ? statement.integer(0) : 0;
  }

  sqlite3* database = nullptr;
  std::unordered_map<const char*, Statement> statements;
};

SqliteAudit::SqliteAudit(const std::string& path) : session_(std::make_unique<Session>(path)) {
  if (session_->number("PRAGMA application_id") != kApplicationId ||
      session_->number("PRAGMA user_version") < kChainVersion) {
    throw Error(ErrorKind::config, "store-unusable",
                "the file " + path + " is not a store that has an audit chain");
  }
}

SqliteAudit::~SqliteAudit() = default;

std::vector<AuditHead> SqliteAudit::heads() { return reads::read_audit_heads(*session_); }

std::vector<AuditRow> SqliteAudit::rows(std::int64_t after, std::size_t limit) {
  return reads::read_audit_rows(*session_, after, limit);
}

}  // namespace masar::store
