#include "core/store/postgres_session.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include <libpq-fe.h>
#include <poll.h>

namespace masar::store {
namespace {

using Clock = std::chrono::steady_clock;

// Invalid bytes for a text, also a NUL.
constexpr const char* kNotInRepertoire = "22021";
constexpr const char* kUniqueViolation = "23505";
constexpr const char* kDivisionByZero = "22012";

constexpr const char* kBeginView = "BEGIN ISOLATION LEVEL REPEATABLE READ";
constexpr const char* kEndView = "COMMIT";

// Server texts may quote values ("Key (value)=(…)"): the primary message does not.
std::string state_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state == nullptr ? std::string() : std::string(state);
}

std::string text_of(const PGresult* result) {
  const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return text == nullptr ? std::string("no answer") : std::string(text);
}

bool failed(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
}

std::string quoted(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

std::string conninfo(const PostgresSessionSettings& settings) {
  // What stands last counts, so what the connection itself says about time-outs does.
  std::string text = "connect_timeout=" + std::to_string(settings.connect_timeout.count()) +
                     " keepalives_idle=10 keepalives_interval=5 keepalives_count=3 ";
  text += "tcp_user_timeout=" + std::to_string(settings.io_timeout.count()) + ' ';
  text += settings.connection;
  text += " client_encoding=UTF8 application_name=" + quoted(settings.application);
  if (!settings.password.empty()) text += " password=" + quoted(settings.password);
  return text;
}

// libpq's first line; what quotes the password is not passed on.
std::string reason(const PGconn* connection, const std::string& password) {
  std::string text = connection == nullptr ? "no memory" : PQerrorMessage(connection);
  text.resize(std::min(text.find('\n'), text.size()));
  const bool quotes = !password.empty() && text.find(password) != std::string::npos;
  return quotes ? "the connection cannot be read" : text;
}

/// A text of row_reader.h or sweep.h in PostgreSQL's words: without SQLite's hints, and with the
/// column by which an index finds open effects (FORMAT.md, "PostgreSQL").
std::string in_own_words(std::string sql) {
  constexpr std::string_view kHint = " INDEXED BY ";
  for (auto at = sql.find(kHint); at != std::string::npos; at = sql.find(kHint, at)) {
    sql.erase(at, sql.find(' ', at + kHint.size()) - at);
  }
  constexpr std::string_view kOpen = "state < 2";
  for (auto at = sql.find(kOpen); at != std::string::npos; at = sql.find(kOpen, at)) {
    sql.replace(at, kOpen.size(), "open");
  }
  return sql;
}

std::uint64_t big_endian(const char* bytes, int length) {
  std::uint64_t value = 0;
  for (int i = 0; i < length; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

bool PostgresError::of_data() const noexcept {
  const std::string_view kind = std::string_view(state_).substr(0, 2);
  // Data exception, integrity constraint, program limit exceeded (an index entry too long).
  return kind == "22" || kind == "23" || kind == "54";
}

bool PostgresError::of_text() const noexcept { return state_ == kNotInRepertoire; }

bool PostgresError::of_unique_key() const noexcept { return state_ == kUniqueViolation; }

bool PostgresError::of_check() const noexcept { return state_ == kDivisionByZero; }

void PostgresResult::Clear::operator()(pg_result* result) const noexcept { PQclear(result); }
PostgresResult::PostgresResult(pg_result* result) : result_(result) {}
int PostgresResult::rows() const { return PQntuples(result_.get()); }
std::string PostgresResult::command() const { return PQcmdStatus(result_.get()); }
std::int64_t PostgresResult::integer(int row, int column) const {
  const char* bytes = PQgetvalue(result_.get(), row, column);
  switch (const int length = PQgetlength(result_.get(), row, column)) {
    case 1:  // boolean
    case 8: return static_cast<std::int64_t>(big_endian(bytes, length));
    case 4: return static_cast<std::int32_t>(big_endian(bytes, length));
    case 2: return static_cast<std::int16_t>(big_endian(bytes, length));
    default: return 0;
  }
}
std::string PostgresResult::bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
bool PostgresResult::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

PostgresSession::PostgresSession(const PostgresSessionSettings& settings)
    : settings_(settings), connection_(PQconnectdb(conninfo(settings_).c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw PostgresError(
        {}, "cannot connect to the database: " + reason(connection_.get(), settings_.password));
  }
  if (PQserverVersion(connection_.get()) < 140'000) {
    throw Error(ErrorKind::config, "store-unusable", "the store needs PostgreSQL 14 or newer");
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(connection_.get(), 1) != 0) lose("non-blocking mode");
  // Plans do not depend on what statistics a table has at the moment: always its indexes. The
  // server gives up by itself too, so that no dead hub's transaction stays.
  execute(("SET synchronous_commit = on; SET enable_seqscan = off; SET enable_hashjoin = off; "
           "SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan; SET jit = off; "
           "SET default_transaction_isolation = 'read committed'; "
           "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
           "SET tcp_keepalives_count = 3; "
           "SET idle_in_transaction_session_timeout = '60s'; SET statement_timeout = " +
           std::to_string(settings_.io_timeout.count()) +
           "; SET default_transaction_read_only = " + (settings_.read_only ? "on" : "off"))
              .c_str());
  refuse_unsafe();
  // A case's data are compressed at each of its steps; not every server is built with lz4.
  execute(
      "SELECT set_config(name, 'lz4', false) FROM pg_settings "
      "WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)");
}

PostgresSession::~PostgresSession() = default;

void PostgresSession::Finish::operator()(pg_conn* connection) const noexcept {
  PQfinish(connection);
}

void PostgresSession::refuse_unsafe() {
  const PostgresResult shown =
      run({"SELECT current_setting('fsync'), current_setting('full_page_writes'),"
           " current_setting('server_encoding'), current_setting('synchronous_commit')",
           {}});
  if (shown.bytes(0, 2) != "UTF8") {
    throw Error(ErrorKind::config, "store-unsafe",
                "the database's encoding is " + shown.bytes(0, 2) + ": make one with UTF8");
  }
  if (!settings_.unsafe && (shown.bytes(0, 0) != "on" || shown.bytes(0, 3) == "off")) {
    throw Error(ErrorKind::config, "store-unsafe",
                "the database runs with fsync or synchronous_commit off: it may lose what it has "
                "confirmed");
  }
}

void PostgresSession::lose(const std::string& why) {
  usable_ = false;
  throw PostgresError({}, "the connection to the database is lost: " + why);
}

void PostgresSession::wait(bool to_write) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
  if (left <= 0) lose("no answer in time");
  const auto events = static_cast<short>(to_write ? POLLIN | POLLOUT : POLLIN);
  pollfd socket{PQsocket(connection_.get()), events, 0};
  const int ready = ::poll(&socket, 1, static_cast<int>(left));
  if (ready < 0 && errno != EINTR) lose(std::strerror(errno));
}

void PostgresSession::flush() {
  for (int left = PQflush(connection_.get()); left != 0; left = PQflush(connection_.get())) {
    if (left < 0) lose("cannot send");
    wait(true);
    // The server may wait for us to read before it goes on reading.
    if (PQconsumeInput(connection_.get()) == 0) lose("cannot receive");
  }
}

pg_result* PostgresSession::next_result() {
  while (PQisBusy(connection_.get()) != 0) {
    wait(false);
    if (PQconsumeInput(connection_.get()) == 0) lose("cannot receive");
  }
  return PQgetResult(connection_.get());
}

void PostgresSession::execute(const char* commands) {
  deadline_ = Clock::now() + settings_.io_timeout;
  if (PQsendQuery(connection_.get(), commands) == 0) lose("cannot send");
  flush();
  std::string state;
  std::string text;
  for (PGresult* next = next_result(); next != nullptr; next = next_result()) {
    const PostgresResult result(next);
    if (failed(next) && text.empty()) {
      state = state_of(next);
      text = text_of(next);
    }
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK) lose(text);
  if (!text.empty()) throw PostgresError(state, text + " (" + state + ")");
}

const std::string& PostgresSession::name_of(const char* sql) {
  if (const auto found = names_.find(sql); found != names_.end()) return found->second;
  const std::string name = "masar" + std::to_string(names_.size());
  if (PQsendPrepare(connection_.get(), name.c_str(), in_own_words(sql).c_str(), 0, nullptr) == 0) {
    lose("cannot send");
  }
  flush();
  std::optional<PostgresError> error;
  for (PGresult* next = next_result(); next != nullptr; next = next_result()) {
    const PostgresResult result(next);
    if (failed(next) && !error) {
      error.emplace(state_of(next), text_of(next) + " (" + state_of(next) + ") preparing " + sql);
    }
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK) lose("while preparing");
  if (error) throw *error;
  return names_.emplace(sql, name).first->second;
}

void PostgresSession::send(const PostgresCommand& command) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  for (const PostgresParameter& parameter : command.parameters) {
    values.push_back(parameter.null ? nullptr : parameter.bytes.c_str());
    lengths.push_back(static_cast<int>(parameter.bytes.size()));
    formats.push_back(parameter.binary ? 1 : 0);
  }
  if (PQsendQueryPrepared(connection_.get(), names_.at(command.sql).c_str(),
                          static_cast<int>(values.size()), values.data(), lengths.data(),
                          formats.data(), 1) == 0) {
    lose("cannot send");
  }
}

std::vector<PostgresResult> PostgresSession::run(std::span<const PostgresCommand> commands) {
  deadline_ = Clock::now() + settings_.io_timeout;
  for (const PostgresCommand& command : commands) name_of(command.sql);
  if (PQenterPipelineMode(connection_.get()) == 0) lose("pipeline mode");
  for (const PostgresCommand& command : commands) send(command);
  if (PQpipelineSync(connection_.get()) == 0) lose("cannot send");
  flush();
  std::vector<PostgresResult> results;
  std::optional<PostgresError> error;
  for (bool synced = false, ended = false; !synced;) {
    PGresult* const next = next_result();
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      PQclear(next);
      lose("while waiting for an answer");
    }
    if (next == nullptr) {  // the end of one command's results
      if (ended) lose("an answer too few");
      ended = true;
      continue;
    }
    ended = false;
    PostgresResult result(next);
    if (PQresultStatus(next) == PGRES_PIPELINE_SYNC) {
      synced = true;
    } else if (failed(next)) {
      if (!error) {
        const std::string state = state_of(next);
        error.emplace(state, text_of(next) + " (" + state + ')', results.size());
      }
    } else {
      results.push_back(std::move(result));
    }
  }
  if (PQexitPipelineMode(connection_.get()) == 0) lose("pipeline mode");
  if (error) throw *error;
  return results;
}

PostgresResult PostgresSession::run(const PostgresCommand& command) {
  return std::move(run(std::span(&command, 1)).front());
}

std::vector<PostgresResult> PostgresSession::view(std::span<const PostgresCommand> commands) {
  std::vector<PostgresCommand> all{{kBeginView, {}}};
  all.insert(all.end(), commands.begin(), commands.end());
  all.push_back({kEndView, {}});
  try {
    std::vector<PostgresResult> results = run(all);
    results.erase(results.begin());
    results.pop_back();
    return results;
  } catch (const PostgresError&) {
    if (usable_) end_view();
    throw;
  }
}

void PostgresSession::roll_back() {
  if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) execute("ROLLBACK");
}

PostgresStatement& PostgresSession::prepared(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) statement = std::make_unique<PostgresStatement>(*this, sql);
  return *statement;
}

void PostgresSession::begin_view() { execute(kBeginView); }

void PostgresSession::end_view() noexcept {
  try {
    roll_back();
  } catch (const Error&) {
    usable_ = false;  // a session whose transaction did not end is not lent again
  }
}

bool PostgresStatement::step() {
  if (!result_) {
    row_ = -1;
    try {
      result_.emplace(session_.run(command_));
    } catch (const PostgresError& error) {
      // What no text column can hold is in none.
      if (!error.of_text()) throw;
      return false;
    }
  }
  return ++row_ < result_->rows();
}

void PostgresStatement::reset() noexcept { result_.reset(); }

}  // namespace masar::store
