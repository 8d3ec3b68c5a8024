#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/time.h"
#include "core/store/postgres_session.h"

namespace masar::store {

/// Rows as arrays, one for each column, in PostgreSQL's binary form: what `unnest` turns into rows
/// again. A visitor for the visit_columns() of columns.h.
class PostgresArrays {
 public:
  /// A row begins: its columns follow in order, by one call or several.
  PostgresArrays& row() {
    column_ = 0;
    ++rows_;
    return *this;
  }
  template <typename... Values>
  void operator()(const Values&... values) {
    (add(values), ...);
  }
  void blob(std::string_view bytes);  ///< empty is NULL
  void raw(std::string_view bytes) { blob(bytes); }

  int rows() const noexcept { return rows_; }
  /// `bigint`, `text` or `bytea`: the types of the columns of the rows given so far.
  std::vector<const char*> types() const;
  /// The arrays as parameters, in the order of the columns.
  std::vector<PostgresParameter> parameters() const;

 private:
  enum class Type { integers, texts, bytes };
  struct Column {
    Type type;
    bool nulls = false;
    std::string elements;
  };

  template <typename Value>
  void add(const Value& value) {
    if constexpr (std::is_same_v<Value, Instant>) {
      add_integer(value.time_since_epoch().count());
    } else if constexpr (std::is_same_v<Value, Duration>) {
      add_integer(value.count());
    } else if constexpr (std::is_same_v<Value, std::optional<Instant>>) {
      value ? add_integer(value->time_since_epoch().count()) : add_null(Type::integers);
    } else if constexpr (std::is_enum_v<Value> || std::is_integral_v<Value>) {
      add_integer(static_cast<std::int64_t>(value));
    } else {
      add_text(value);
    }
  }
  Column& next(Type type);
  void add_integer(std::int64_t value);
  void add_text(std::string_view value);
  void add_null(Type type);

  std::vector<Column> columns_;
  std::size_t column_ = 0;
  int rows_ = 0;
};

}  // namespace masar::store
