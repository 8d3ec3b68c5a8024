#include "core/store/postgres_arrays.h"

#include "core/base/bytes.h"

namespace masar::store {
namespace {

// PostgreSQL's numbers of its own types (pg_type.dat); they never change.
constexpr std::uint32_t kBytea = 17;
constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kText = 25;
constexpr std::uint32_t kNull = 0xffffffff;  // as a length

}  // namespace

PostgresArrays::Column& PostgresArrays::next(Type type) {
  if (column_ == columns_.size()) columns_.push_back({type, false, {}});
  return columns_[column_++];
}

void PostgresArrays::add_integer(std::int64_t value) {
  std::string& elements = next(Type::integers).elements;
  put_big_endian(elements, 8, 4);
  put_big_endian(elements, static_cast<std::uint64_t>(value), 8);
}

void PostgresArrays::add_text(std::string_view value) {
  std::string& elements = next(Type::texts).elements;
  put_big_endian(elements, value.size(), 4);
  elements += value;
}

void PostgresArrays::blob(std::string_view bytes) {
  if (bytes.empty()) return add_null(Type::bytes);
  std::string& elements = next(Type::bytes).elements;
  put_big_endian(elements, bytes.size(), 4);
  elements += bytes;
}

void PostgresArrays::add_null(Type type) {
  Column& column = next(type);
  column.nulls = true;
  put_big_endian(column.elements, kNull, 4);
}

std::vector<const char*> PostgresArrays::types() const {
  std::vector<const char*> types;
  for (const Column& column : columns_) {
    types.push_back(column.type == Type::integers ? "bigint"
                    : column.type == Type::texts  ? "text"
                                                  : "bytea");
  }
  return types;
}

std::vector<PostgresParameter> PostgresArrays::parameters() const {
  std::vector<PostgresParameter> parameters;
  for (const Column& column : columns_) {
    std::string bytes;
    bytes.reserve(column.elements.size() + 20);
    put_big_endian(bytes, 1, 4);  // dimensions
    put_big_endian(bytes, column.nulls ? 1 : 0, 4);
    put_big_endian(bytes,
                   column.type == Type::integers ? kInt8
                   : column.type == Type::texts  ? kText
                                                 : kBytea,
                   4);
    put_big_endian(bytes, static_cast<std::uint64_t>(rows_), 4);
    put_big_endian(bytes, 1, 4);  // where its indexes begin
    bytes += column.elements;
    parameters.push_back({std::move(bytes), true, false});
  }
  return parameters;
}

}  // namespace masar::store
