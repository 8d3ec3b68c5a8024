#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/base/error.h"
#include "core/base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace masar::store {

/// What SQLite answered, with its primary and extended result code. To the store's callers it is an
/// Error(transient, "store").
class SqliteError : public Error {
 public:
  SqliteError(int primary, int extended, const std::string& text)
      : Error(ErrorKind::transient, "store", text), primary_(primary), extended_(extended) {}
  int primary() const noexcept { return primary_; }
  int extended() const noexcept { return extended_; }

 private:
  int primary_;
  int extended_;
};

/// One prepared statement of one connection, kept and run again. Owned by its session and used
/// only by who holds the session. What is bound is not copied: it outlives the step. Throws
/// SqliteError.
///
/// Values stand on SQLite's own interface and not on Poco::Data::Statement: with the rows of an
/// intake (23 + 6 + 11 columns) Poco's bindings alone cost more than the whole write (FORMAT.md,
/// "Measured").
class Statement {
 public:
  Statement(sqlite3* database, const char* sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;

  void bind_integer(int index, std::int64_t value);    ///< indexes of parameters count from 1
  void bind_text(int index, std::string_view value);
  void bind_blob(int index, std::string_view value);   ///< empty is NULL
  void bind_null(int index);

  /// Binds all parameters in order: numbers, enumerations, instants, texts; an empty optional is
  /// NULL.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (bind_value(++index, values), ...);
    return *this;
  }
  template <typename Value>
  void bind_value(int index, const Value& value) {
    if constexpr (std::is_same_v<Value, Instant>) {
      bind_integer(index, value.time_since_epoch().count());
    } else if constexpr (std::is_same_v<Value, Duration>) {
      bind_integer(index, value.count());
    } else if constexpr (std::is_same_v<Value, std::optional<Instant>>) {
      value ? bind_integer(index, value->time_since_epoch().count()) : bind_null(index);
    } else if constexpr (std::is_enum_v<Value> || std::is_integral_v<Value>) {
      bind_integer(index, static_cast<std::int64_t>(value));
    } else {
      bind_text(index, value);
    }
  }

  bool step();                                         ///< true: a row stands ready
  void run();                                          ///< to its end; a row is passed over
  void reset() noexcept;

  std::int64_t integer(int column) const;              ///< columns count from 0; NULL is 0
  std::string bytes(int column) const;                 ///< text or blob; NULL is empty
  bool is_null(int column) const;

 private:
  [[noreturn]] void fail(int code) const;

  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

/// Runs one or several commands without parameters. Throws SqliteError.
void execute(sqlite3* database, const char* sql);

}  // namespace masar::store
