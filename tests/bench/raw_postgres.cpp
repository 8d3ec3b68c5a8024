#include "tests/bench/raw_postgres.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <vector>

#include <libpq-fe.h>

#include "core/base/bytes.h"

namespace masar::bench {
namespace {

constexpr int kModelRows = 500;
constexpr std::uint32_t kNull = 0xffffffff;  // as an element's length
constexpr int kBinary = 1;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, Finish>;

[[noreturn]] void fail(const Connection& connection) {
  throw std::runtime_error(std::string("raw PostgreSQL: ") + PQerrorMessage(connection.get()));
}

void check(const Connection& connection, const Result& result) {
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC) {
    fail(connection);
  }
}

Connection connect(const std::string& conninfo) {
  Connection connection(PQconnectdb(conninfo.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) fail(connection);
  return connection;
}

void run(const Connection& connection, const std::string& sql) {
  check(connection, Result(PQexec(connection.get(), sql.c_str())));
}

/// PostgreSQL's names of the types of the three tables (pg_type.dat).
const char* type_name(Oid type) {
  switch (type) {
    case 17: return "bytea";
    case 20: return "int8";
    case 21: return "int2";
    case 23: return "int4";
    case 25: return "text";
    default: throw std::runtime_error("raw PostgreSQL: an unexpected type of column");
  }
}

/// One table: columns of model rows in memory, and the arrays of the group that is being made.
struct Table {
  const char* name;
  int fresh;  ///< the column that each row gets a value of its own in
  struct Column {
    Oid type = 0;
    std::vector<std::optional<std::string>> values;
    std::string array;
  };
  std::vector<Column> columns;

  void load(const Connection& model);
  void prepare(const Connection& copy) const;
  void make(std::uint64_t first, std::size_t count);
  void send(const Connection& copy) const;
};

void Table::load(const Connection& model) {
  const std::string sql =
      std::string("SELECT * FROM ") + name + " LIMIT " + std::to_string(kModelRows);
  const Result rows(PQexecParams(model.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr,
                                 kBinary));
  check(model, rows);
  if (PQntuples(rows.get()) == 0) throw std::runtime_error("raw PostgreSQL: no rows to copy");
  for (int at = 0; at < PQnfields(rows.get()); ++at) {
    Column& column = columns.emplace_back();
    column.type = PQftype(rows.get(), at);
    for (int row = 0; row < PQntuples(rows.get()); ++row) {
      if (PQgetisnull(rows.get(), row, at) != 0) {
        column.values.emplace_back();
        continue;
      }
      const auto length = static_cast<std::size_t>(PQgetlength(rows.get(), row, at));
      column.values.emplace_back(std::in_place, PQgetvalue(rows.get(), row, at), length);
    }
  }
}

void Table::prepare(const Connection& copy) const {
  std::string sql = std::string("INSERT INTO ") + name + " SELECT ";
  for (std::size_t at = 0; at < columns.size(); ++at) {
    sql += (at == 0 ? "unnest($" : ", unnest($") + std::to_string(at + 1) + "::";
    sql += type_name(columns[at].type) + std::string("[])");
  }
  check(copy, Result(PQprepare(copy.get(), name, sql.c_str(), 0, nullptr)));
}

void Table::make(std::uint64_t first, std::size_t count) {
  for (std::size_t at = 0; at < columns.size(); ++at) {
    Column& column = columns[at];
    std::string& array = column.array;
    array.clear();
    put_big_endian(array, 1, 4);  // dimensions
    put_big_endian(array, 1, 4);  // there may be NULLs
    put_big_endian(array, column.type, 4);
    put_big_endian(array, count, 4);
    put_big_endian(array, 1, 4);  // where its indexes begin
    for (std::uint64_t number = first; number < first + count; ++number) {
      const auto& value = column.values[number % column.values.size()];
      if (static_cast<int>(at) != fresh) {
        put_big_endian(array, value ? value->size() : kNull, 4);
        if (value) array += *value;
      } else if (column.type == 20) {
        put_big_endian(array, 8, 4);
        put_big_endian(array, number, 8);
      } else {
        char text[24];
        const int length =
            std::snprintf(text, sizeof text, "m-%010llu", static_cast<unsigned long long>(number));
        put_big_endian(array, static_cast<std::uint64_t>(length), 4);
        array.append(text, static_cast<std::size_t>(length));
      }
    }
  }
}

void Table::send(const Connection& copy) const {
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const Column& column : columns) {
    values.push_back(column.array.data());
    lengths.push_back(static_cast<int>(column.array.size()));
  }
  const std::vector<int> formats(columns.size(), kBinary);
  if (PQsendQueryPrepared(copy.get(), name, static_cast<int>(values.size()), values.data(),
                          lengths.data(), formats.data(), kBinary) == 0) {
    fail(copy);
  }
}

void send(const Connection& copy, const char* prepared) {
  if (PQsendQueryPrepared(copy.get(), prepared, 0, nullptr, nullptr, nullptr, kBinary) == 0) {
    fail(copy);
  }
}

}  // namespace

struct RawPostgres::State {
  Connection copy;
  std::array<Table, 3> tables{Table{"journal", 0, {}}, Table{"keys", 2, {}},
                              Table{"audit", 0, {}}};
  std::uint64_t next = 1;
};

RawPostgres::RawPostgres(const std::string& model, const std::string& copy)
    : state_(std::make_unique<State>()) {
  const Connection from = connect(model);
  for (Table& table : state_->tables) table.load(from);
  state_->copy = connect(copy);
  run(state_->copy, "SET synchronous_commit = on; SET plan_cache_mode = force_generic_plan");
  for (const Table& table : state_->tables) table.prepare(state_->copy);
  for (const char* command : {"BEGIN", "COMMIT"}) {
    check(state_->copy, Result(PQprepare(state_->copy.get(), command, command, 0, nullptr)));
  }
}

RawPostgres::~RawPostgres() = default;

void RawPostgres::write_group(std::size_t messages) {
  const Connection& copy = state_->copy;
  for (Table& table : state_->tables) table.make(state_->next, messages);
  state_->next += messages;
  if (PQenterPipelineMode(copy.get()) == 0) fail(copy);
  send(copy, "BEGIN");
  for (const Table& table : state_->tables) table.send(copy);
  send(copy, "COMMIT");
  if (PQpipelineSync(copy.get()) == 0) fail(copy);
  for (;;) {
    const Result result(PQgetResult(copy.get()));
    if (result == nullptr) continue;  // the end of one command's results
    check(copy, result);
    if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) break;
  }
  if (PQexitPipelineMode(copy.get()) == 0) fail(copy);
}

}  // namespace masar::bench
