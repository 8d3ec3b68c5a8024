#include "ops/masar/assembly.h"

#include <cstdio>
#include <filesystem>
#include <map>

#include "connectors/http/server.h"
#include "core/store/sqlite_store.h"

namespace masar {
namespace {

bool is_database(const engine::Snapshot& snapshot) {
  return snapshot.hub.store.kind == "postgresql";
}

}  // namespace

Machine::Machine(Executor& executor, const std::string& secrets, const engine::Snapshot& snapshot)
    : executor_(executor),
      snapshot_(snapshot),
      stepped_(snapshot.hub.stepped_from),
      secrets_(secrets) {}

const BusinessClock& Machine::business() const {
  if (snapshot_.hub.stepped_clock) return stepped_;
  if (is_database(snapshot_)) return database_;
  return system_;
}

store::PostgresSettings Machine::database_settings() const {
  const engine::StoreChoice& choice = snapshot_.hub.store;
  store::PostgresSettings settings;
  settings.connection = choice.connection;
  if (!choice.password.empty()) settings.password = secrets_.get(choice.password);
  settings.group_max = choice.group_max;
  return settings;
}

std::unique_ptr<store::Store> Machine::open_store(const std::string& state) {
  const engine::StoreChoice& choice = snapshot_.hub.store;
  if (is_database(snapshot_)) {
    store::PostgresSettings settings = database_settings();
    settings.database_clock = &database_;
    settings.log = log_line;
    return store::open_postgres_store(settings, business());
  }
  store::SqliteSettings settings;
  settings.path = in_state(state, choice.path).string();
  settings.log = log_line;
  settings.group_max = choice.group_max;
  return store::open_sqlite_store(settings, business());
}

std::unique_ptr<store::Store> Machine::open_view(const std::string& state,
                                                 store::ViewOf what) const {
  if (is_database(snapshot_)) return store::open_postgres_view(database_settings(), what);
  return store::open_sqlite_view(in_state(state, snapshot_.hub.store.path).string(), what);
}

connector::Context Machine::context() const {
  return {business(),         steady_, executor_, secrets_, snapshot_.prefixes,
          snapshot_.hub.zone, log_line};
}

void log_line(std::string_view level, std::string_view text, const LogIds& ids) {
  std::string line = "{\"time\":\"" + format_instant(SystemBusinessClock().now()) +
                     "\",\"level\":\"" + std::string(level) +
                     "\",\"text\":" + http::json_quote(text);
  const auto add = [&line](const char* name, const std::string& id) {
    if (!id.empty()) line += ",\"" + std::string(name) + "\":" + http::json_quote(id);
  };
  add("trace", ids.trace);
  add("route", ids.route);
  add("case", ids.case_key);
  add("message", ids.message);
  line += "}\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::filesystem::path in_state(const std::string& state, const std::string& path) {
  return std::filesystem::path(state) / path;  // an absolute path stays as it is
}

void check_connectors(const engine::Snapshot& snapshot, const Connectors& connectors,
                      config::Diagnostics& diagnostics) {
  std::map<std::string, connector::Connector*, std::less<>> by_name;
  for (const auto& connector : connectors.all)
    by_name[std::string(connector->name())] = connector.get();
  for (const auto* listener : snapshot.hub.listeners) {
    const auto found = by_name.find(listener->value("connector"));
    if (found != by_name.end()) found->second->check_listener(*listener, diagnostics);
  }
  for (const auto* connection : snapshot.hub.connections) {
    const auto found = by_name.find(connection->value("connector"));
    if (found != by_name.end()) found->second->check_connection(*connection, diagnostics);
  }
  for (const auto& [id, endpoint] : snapshot.endpoints) {
    const auto found = by_name.find(endpoint->connector);
    if (found != by_name.end()) {
      found->second->check(endpoint->spec, diagnostics);
    } else if (const auto* named = endpoint->spec.root->attribute("connector")) {
      std::vector<std::string> known;
      for (const auto& connector : connectors.all) known.emplace_back(connector->name());
      diagnostics.add(named->value_place, "there is no connector \"" + named->value + "\"",
                      config::suggest(named->value, known));
    }
  }
}

}  // namespace masar
