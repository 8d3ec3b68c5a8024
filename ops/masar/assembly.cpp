#include "ops/masar/assembly.h"

#include <cstdio>
#include <map>

#include "connectors/all.h"
#include "connectors/http/server.h"

namespace masar {

Machine::Machine(Executor& executor, const std::string& secrets, const engine::Snapshot& snapshot)
    : executor_(executor),
      snapshot_(snapshot),
      stepped_(snapshot.hub.stepped_from),
      secrets_(secrets) {}

const BusinessClock& Machine::business() const {
  return snapshot_.hub.stepped_clock ? static_cast<const BusinessClock&>(stepped_) : system_;
}

connector::Context Machine::context() const {
  return {business(),         steady_, executor_, secrets_, snapshot_.prefixes,
          snapshot_.hub.zone, log_line};
}

void log_line(std::string_view level, std::string_view text) {
  const std::string line = "{\"time\":\"" + format_instant(SystemBusinessClock().now()) +
                           "\",\"level\":\"" + std::string(level) +
                           "\",\"text\":" + http::json_quote(text) + "}\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void check_connectors(const engine::Snapshot& snapshot, const connector::Context& context,
                      config::Diagnostics& diagnostics) {
  auto connectors = make_connectors(context);
  std::map<std::string, connector::Connector*, std::less<>> by_name;
  for (const auto& connector : connectors.all)
    by_name[std::string(connector->name())] = connector.get();
  for (const auto* listener : snapshot.hub.listeners) {
    const auto found = by_name.find(listener->value("connector"));
    if (found != by_name.end()) found->second->check_listener(*listener, diagnostics);
  }
  for (const auto& [id, endpoint] : snapshot.endpoints) {
    const auto found = by_name.find(endpoint->connector);
    if (found != by_name.end()) found->second->check(endpoint->spec, diagnostics);
  }
}

}  // namespace masar
