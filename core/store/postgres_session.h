#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "core/base/error.h"
#include "core/base/time.h"

struct pg_conn;
struct pg_result;

namespace masar::store {

/// What PostgreSQL answered, with its SQLSTATE; empty: the connection is lost, and nobody knows
/// what became of the last command. To the store's callers it is an Error(transient, "store").
class PostgresError : public Error {
 public:
  PostgresError(std::string state, const std::string& text, std::size_t command = 0)
      : Error(ErrorKind::transient, "store", "store: " + text),
        state_(std::move(state)),
        command_(command) {}
  const std::string& state() const noexcept { return state_; }
  /// Which of the commands sent at once it refused; those after it were not run.
  std::size_t command() const noexcept { return command_; }
  bool lost() const noexcept { return state_.empty(); }
  /// The fault of what was sent (a constraint, a value that a column cannot hold), as opposed to
  /// the database's or the machine's.
  bool of_data() const noexcept;
  /// A text that no column can hold: not UTF-8, or with a NUL.
  bool of_text() const noexcept;
  /// There is a row of that key already.
  bool of_unique_key() const noexcept;
  /// A checked_change() has changed other than what it should.
  bool of_check() const noexcept;

 private:
  std::string state_;
  std::size_t command_;
};

/// A value for one parameter. Arrays and texts travel in binary form: any length, nothing escaped.
struct PostgresParameter {
  std::string bytes;
  bool binary = true;
  bool null = false;
};

/// One statement with its values. `sql` is not copied: a literal or a text that outlives the
/// session; its address is its name.
struct PostgresCommand {
  const char* sql;
  std::vector<PostgresParameter> parameters;
};

/// The rows of one answer, in binary form.
class PostgresResult {
 public:
  explicit PostgresResult(pg_result* result);
  int rows() const;
  std::string command() const;    ///< what PostgreSQL says it did: "COMMIT", "UPDATE 3"
  std::int64_t integer(int row, int column) const;  ///< NULL is 0
  std::string bytes(int row, int column) const;     ///< NULL is empty
  bool is_null(int row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const noexcept;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

/// One row, as Extractor wants it.
class PostgresRow {
 public:
  PostgresRow(const PostgresResult& result, int row) : result_(result), row_(row) {}
  std::int64_t integer(int column) const { return result_.integer(row_, column); }
  std::string bytes(int column) const { return result_.bytes(row_, column); }
  bool is_null(int column) const { return result_.is_null(row_, column); }

 private:
  const PostgresResult& result_;
  int row_;
};

struct PostgresSessionSettings {
  std::string connection;  ///< libpq's conninfo, without the password
  std::string password;
  std::string application;  ///< seen in pg_stat_activity
  bool read_only = false;
  bool unsafe = false;  ///< fsync off is allowed: benchmarks only
  std::chrono::seconds connect_timeout{5};
  /// Longest wait for the answer to what was sent at once; then the connection counts as lost.
  std::chrono::milliseconds io_timeout{10'000};
};

class PostgresStatement;

/// One connection with its kept statements. Used by one thread at a time. Throws PostgresError;
/// Error(config, "store-unsafe") where the database may lose what it has confirmed, or its
/// encoding is not UTF-8.
///
/// By libpq itself: Poco::Data's statements know neither arrays in binary form nor pipelines, and
/// its handle never frees a connection that failed or was lost (FORMAT.md, "PostgreSQL").
class PostgresSession {
 public:
  explicit PostgresSession(const PostgresSessionSettings& settings);
  ~PostgresSession();
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;

  /// Commands without parameters and results, several in one text. For migrations and settings.
  void execute(const char* commands);
  /// All commands in one round trip, answers in their order. Throws the first one's error; what
  /// follows it was not run.
  std::vector<PostgresResult> run(std::span<const PostgresCommand> commands);
  PostgresResult run(const PostgresCommand& command);
  /// Reading commands that see the same commits, in one round trip.
  std::vector<PostgresResult> view(std::span<const PostgresCommand> commands);
  /// Ends the open transaction, if there is one. Throws where the connection is lost.
  void roll_back();
  bool usable() const noexcept { return usable_; }

  // What row_reader.h asks of a session.
  PostgresStatement& prepared(const char* sql);
  void begin_view();
  void end_view() noexcept;

 private:
  const std::string& name_of(const char* sql);
  void send(const PostgresCommand& command);
  void flush();
  pg_result* next_result();
  void wait(bool to_write);
  [[noreturn]] void lose(const std::string& why);
  void refuse_unsafe();

  const PostgresSessionSettings settings_;
  struct Finish {
    void operator()(pg_conn* connection) const noexcept;
  };
  std::unique_ptr<pg_conn, Finish> connection_;
  bool usable_ = true;
  std::chrono::steady_clock::time_point deadline_;  // of what is being waited for
  std::unordered_map<const char*, std::string> names_;
  std::unordered_map<const char*, std::unique_ptr<PostgresStatement>> statements_;
};

/// A reading statement with the interface of SQLite's: bound, then stepped through its rows.
class PostgresStatement {
 public:
  PostgresStatement(PostgresSession& session, const char* sql) : session_(session) {
    command_.sql = sql;
  }

  template <typename... Values>
  PostgresStatement& bind(const Values&... values) {
    reset();
    command_.parameters.clear();
    (bind_value(values), ...);
    return *this;
  }
  bool step();
  void run() { step(); }
  void reset() noexcept;
  std::int64_t integer(int column) const { return result_->integer(row_, column); }
  std::string bytes(int column) const { return result_->bytes(row_, column); }
  bool is_null(int column) const { return result_->is_null(row_, column); }

 private:
  template <typename Value>
  void bind_value(const Value& value) {
    if constexpr (std::is_same_v<Value, Instant>) {
      bind_integer(value.time_since_epoch().count());
    } else if constexpr (std::is_enum_v<Value> || std::is_integral_v<Value>) {
      bind_integer(static_cast<std::int64_t>(value));
    } else {
      command_.parameters.push_back({std::string(value), true, false});
    }
  }
  // As text: PostgreSQL decides which of its integers a parameter is.
  void bind_integer(std::int64_t value) {
    command_.parameters.push_back({std::to_string(value), false, false});
  }

  PostgresSession& session_;
  PostgresCommand command_;
  std::optional<PostgresResult> result_;
  int row_ = -1;
};

}  // namespace masar::store
