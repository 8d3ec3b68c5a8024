#include "core/store/postgres_store.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "core/store/postgres_schema.h"
#include "core/store/postgres_session.h"
#include "core/store/postgres_writer.h"
#include "core/store/writing_store.h"

namespace masar::store {
namespace {

PostgresSessionSettings reading(const PostgresSettings& settings) {
  PostgresSessionSettings session = session_settings(settings, "masar-reader");
  session.read_only = true;
  return session;
}

// A dump that is restored makes other tables, elsewhere mostly in another database or cluster, too.
constexpr const char* kHome =
    "SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' ||"
    " (SELECT oid FROM pg_database WHERE datname = current_database())::text || '/' ||"
    " 'settings'::regclass::oid::text";

template <typename Row>
std::vector<Row> rows_of(const PostgresResult& result) {
  std::vector<Row> rows(static_cast<std::size_t>(result.rows()));
  for (int row = 0; row < result.rows(); ++row) {
    reads::extract(PostgresRow(result, row), rows[static_cast<std::size_t>(row)]);
  }
  return rows;
}

// As reads::read_case, but in one round trip: every turn of a case that is not in memory waits for
// it, and five cost more than what they ask.
std::optional<CaseRecord> read_case(PostgresSession& session, std::string_view key) {
  const std::vector<PostgresParameter> by_key{{std::string(key), true, false}};
  const PostgresCommand commands[]{
      {reads::kCase, by_key}, {reads::kDeadlines, by_key}, {reads::kOpenTasks, by_key}};
  try {
    const std::vector<PostgresResult> found = session.view(commands);
    auto cases = rows_of<CaseRow>(found.at(0));
    if (cases.empty()) return std::nullopt;
    return CaseRecord{std::move(cases.front()), rows_of<TimerRow>(found.at(1)),
                      rows_of<TaskRow>(found.at(2))};
  } catch (const PostgresError& error) {
    if (!error.of_text()) throw;
    return std::nullopt;  // what no text column can hold is in none
  }
}

struct PostgresWriting {
  PostgresWriting(const PostgresSettings& settings, const BusinessClock& clock)
      : recent(settings.recent_bytes_max), writer(settings, clock, recent) {}
  RecentRows recent;
  PostgresWriter writer;
};

class PostgresStore final : public WritingStore<PostgresWriting, PostgresSession> {
 public:
  PostgresStore(const PostgresSettings& settings, const BusinessClock& clock)
      : WritingStore(settings, clock, [session = reading(settings)] {
          return std::make_unique<PostgresSession>(session);
        }) {}

  std::optional<CaseRecord> find_case(std::string_view key) override {
    return read([&](PostgresSession& s) { return read_case(s, key); });
  }

  std::string home() override {
    return read([](PostgresSession& s) { return s.run({kHome, {}}).bytes(0, 0); });
  }

  std::map<std::string, std::int64_t> counts() override {
    auto counts = WritingStore::counts();
    counts["wal_bytes"] = 0;  // the database's own affair
    return counts;
  }
};

}  // namespace

std::unique_ptr<Store> open_postgres_store(const PostgresSettings& settings,
                                           const BusinessClock& clock) {
  return std::make_unique<PostgresStore>(settings, clock);
}

std::unique_ptr<Store> open_postgres_view(const PostgresSettings& settings, ViewOf what) {
  auto session = reading(settings);
  session.unsafe = true;  // what it confirms is not asked for
  PostgresSession looking(session);
  check_view("the store", postgres_version(looking), what);
  return std::make_unique<StoreView<PostgresSession>>(
      [session] { return std::make_unique<PostgresSession>(session); });
}

std::string connection_problem(const std::string& connection) {
  char* error = nullptr;
  PQconninfoOption* const options = PQconninfoParse(connection.c_str(), &error);
  if (options == nullptr) {
    std::string text = error == nullptr ? "it cannot be read" : error;
    PQfreemem(error);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  std::string problem;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    if (option->val != nullptr && (keyword == "password" || keyword == "sslpassword")) {
      problem = "it holds a password";
    }
  }
  PQconninfoFree(options);
  return problem;
}

}  // namespace masar::store
