#include "tests/bench/case_copies.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "core/base/hash.h"
#include "core/store/audit_chain.h"
#include "core/store/columns.h"

namespace masar::bench {
namespace {

// No syncs and no log: a copy that does not come to its end is thrown away.
constexpr const char* kQuick =
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA cache_size = -262144; PRAGMA temp_store = FILE; BEGIN EXCLUSIVE";
constexpr const char* kSafe =
    "COMMIT; PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL";

class Database {
 public:
  explicit Database(const std::string& path) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    handle_.reset(opened);
    check(code);
  }
  void run(const std::string& sql) {
    check(sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr));
  }
  void check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    throw std::runtime_error(std::string("copying cases: ") + sqlite3_errmsg(handle_.get()));
  }
  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  Statement(const Database& database, const std::string& sql) : database_(database) {
    database.check(
        sqlite3_prepare_v2(database.handle(), sql.c_str(), -1, &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  bool step() {
    const int code = sqlite3_step(statement_);
    database_.check(code);
    return code == SQLITE_ROW;
  }
  void reset() {
    sqlite3_reset(statement_);
    bound_ = 0;
  }

  // As Extractor and the visitors of columns.h want them.
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  bool is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::string bytes(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const auto length = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return length == 0 ? std::string() : std::string(static_cast<const char*>(bytes), length);
  }
  template <typename... Values>
  void operator()(const Values&... values) {
    (bind(values), ...);
  }
  void blob(const std::string& value) {
    if (value.empty()) return database_.check(sqlite3_bind_null(statement_, ++bound_));
    database_.check(sqlite3_bind_blob(statement_, ++bound_, value.data(),
                                      static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }

 private:
  void bind(const std::string& value) {
    database_.check(sqlite3_bind_text(statement_, ++bound_, value.data(),
                                      static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }
  void bind(Instant value) { bind(value.time_since_epoch().count()); }
  void bind(std::int64_t value) {
    database_.check(sqlite3_bind_int64(statement_, ++bound_, value));
  }

  const Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

/// The same bytes with the copy's own name wherever that of copy 0 stands; of the same length, so
/// that what counts bytes stays right.
void rename(std::string& bytes, std::size_t copy) {
  static const std::string original = copy_name(0);
  const std::string name = copy_name(copy);
  for (auto at = bytes.find(original); at != std::string::npos;
       at = bytes.find(original, at + name.size())) {
    bytes.replace(at, name.size(), name);
  }
}

// SQL's renamed(value, copy): of texts and bytes; anything else stays.
void renamed(sqlite3_context* context, int, sqlite3_value** values) {
  const bool text = sqlite3_value_type(values[0]) == SQLITE_TEXT;
  if (!text && sqlite3_value_type(values[0]) != SQLITE_BLOB)
    return sqlite3_result_value(context, values[0]);
  const auto* from = static_cast<const char*>(sqlite3_value_blob(values[0]));
  std::string bytes(from == nullptr ? "" : from,
                    static_cast<std::size_t>(sqlite3_value_bytes(values[0])));
  rename(bytes, static_cast<std::size_t>(sqlite3_value_int64(values[1])));
  const int length = static_cast<int>(bytes.size());
  text ? sqlite3_result_text(context, bytes.data(), length, SQLITE_TRANSIENT)
       : sqlite3_result_blob(context, bytes.data(), length, SQLITE_TRANSIENT);
}

// SQL's partition_of(key).
void partition(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  const auto length = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
  sqlite3_result_int(context, partition_of(std::string_view(text, length)));
}

std::vector<std::string> columns_of(const Database& database, const std::string& table) {
  std::vector<std::string> columns;
  Statement info(database, "SELECT name FROM pragma_table_info('" + table + "')");
  while (info.step()) columns.push_back(info.bytes(0));
  return columns;
}

/// How a table is copied.
struct Table {
  std::string name;
  std::string key = {};  ///< the column of the case's key, of a table with partitions
  std::vector<std::string> numbers = {};  ///< columns of ids that the writer counts
  bool rows_first = false;  ///< all copies of a row, then the next row; else copy by copy
};

/// What a copy has in a column, as SQL over the row `b` and the copy's number `k`.
std::string copied(const Table& table, const std::string& column, std::size_t copies) {
  const std::string from = "b.\"" + column + '"';
  const auto& numbers = table.numbers;
  if (std::find(numbers.begin(), numbers.end(), column) != numbers.end()) {
    return "iif(" + from + " > 0, (" + from + " - 1) * " + std::to_string(copies) + " + k + 1, " +
           from + ')';
  }
  if (column == "id") return "NULL";  // SQLite's own, who counts on
  if (column == "partition") return "partition_of(renamed(b." + table.key + ", k))";
  return "renamed(" + from + ", k)";
}

void copy_table(Database& database, const Table& table, std::size_t copies) {
  std::string values;
  for (const std::string& column : columns_of(database, table.name)) {
    values += (values.empty() ? "" : ", ") + copied(table, column, copies);
  }
  database.run("CREATE TEMP TABLE base AS SELECT * FROM main." + table.name);
  database.run("DELETE FROM " + table.name);
  database.run("INSERT INTO " + table.name + " SELECT " + values + " FROM " +
               (table.rows_first ? "base b CROSS JOIN copies" : "copies CROSS JOIN base b"));
  database.run("DROP TABLE temp.base");
}

void copy_audit(Database& database, std::size_t copies) {
  database.run("CREATE TEMP TABLE base AS SELECT * FROM main.audit ORDER BY id; "
               "DELETE FROM audit; DELETE FROM audit_heads");
  store::AuditChain chain;
  chain.load({});
  Statement read(database, "SELECT " MASAR_AUDIT_COLUMNS " FROM temp.base");
  Statement write(database, "INSERT INTO audit(" MASAR_AUDIT_COLUMNS
                            ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  const auto of_copy = [copies](std::int64_t id, std::size_t copy) {
    return id == 0 ? 0 : (id - 1) * static_cast<std::int64_t>(copies) +
                             static_cast<std::int64_t>(copy) + 1;
  };
  while (read.step()) {
    store::AuditRow row;
    store::Extractor columns(read);
    store::visit_columns(row, columns);
    if (row.case_key.empty()) throw std::runtime_error("copying cases: an audit row of none");
    for (std::size_t copy = 0; copy < copies; ++copy) {
      store::AuditRow own = row;
      own.id = of_copy(row.id, copy);
      own.journal = of_copy(row.journal, copy);
      for (std::string* text : {&own.case_key, &own.name, &own.reference, &own.text}) {
        rename(*text, copy);
      }
      own.partition = partition_of(own.case_key);
      chain.link(own);
      write.reset();
      store::visit_columns(std::as_const(own), write);
      write.step();
    }
  }
  Statement head(database, "INSERT INTO audit_heads(" MASAR_AUDIT_HEAD_COLUMNS ") VALUES(?,?,?)");
  for (const store::AuditHead& row : chain.changed()) {
    head.reset();
    store::visit_columns(row, head);
    head.step();
  }
  database.run("DROP TABLE temp.base");
}

}  // namespace

std::string copy_name(std::size_t copy) {
  char name[32];
  std::snprintf(name, sizeof name, "C-%06zu-", copy);
  return name;
}

void copy_cases(const std::string& store, std::size_t copies) {
  Database database(store);
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  database.check(sqlite3_create_function(database.handle(), "renamed", 2, flags, nullptr, renamed,
                                         nullptr, nullptr));
  database.check(sqlite3_create_function(database.handle(), "partition_of", 1, flags, nullptr,
                                         partition, nullptr, nullptr));
  database.run(kQuick);
  database.run("CREATE TEMP TABLE copies(k INTEGER PRIMARY KEY); INSERT INTO copies "
               "WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n WHERE k + 1 < " +
               std::to_string(copies) + ") SELECT k FROM n");
  for (const Table& table : {Table{"journal", "case_key", {"id", "origin", "envelope"}, true},
                             Table{"keys", {}, {"journal"}}, Table{"cases", "key"},
                             Table{"case_search"}, Table{"timers", "case_key"}}) {
    copy_table(database, table, copies);
  }
  copy_audit(database, copies);
  database.run(kSafe);
}

}  // namespace masar::bench
