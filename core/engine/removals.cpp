#include "core/engine/removals.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/route/compiler.h"

namespace masar::engine {
namespace {

constexpr std::size_t kHashShown = 12;  ///< characters of a configuration's name in a finding

std::string short_name(const std::string& hash) { return hash.substr(0, kHashShown); }

std::string counted(std::int64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// One configuration that open cases of one process began with, against the current one.
class Removals {
 public:
  Removals(const Snapshot& current, store::Store& store, config::Diagnostics& diagnostics)
      : current_(current), store_(store), diagnostics_(diagnostics) {}

  void check(const Snapshot& began, const store::SnapshotUse& use) {
    const auto process = began.library.processes.find(use.process);
    if (process == began.library.processes.end()) {
      return add(
          {}, "configuration " + short_name(use.hash) + " has no process \"" + use.process + "\"",
          users_of(use), kNone);
    }
    const std::string users = users_of(use);
    for (const auto& route : began.routes) {
      if (!route->process || route->process->name() != use.process) continue;
      if (!route->from_effect.empty() || route->mode == route::Mode::inquiry) {
        for (const auto* calls : {&route->calls, &route->taps}) {
          for (const auto& call : *calls) {
            check_call(call.endpoint, call.operation, call.place, users, kOpen);
            if (!call.or_else.empty())
              check_call(call.or_else, call.operation, call.or_else_place, users, kOpen);
          }
        }
      } else if (route->mode == route::Mode::durable) {
        check_event(*route, *process->second, users);
      }
    }
    for (const auto& series : process->second->series()) check_series(series.first, users);
  }

  void check(const store::OutboxUse& use) {
    const std::string users = counted(use.rows, "effect waits", "effects wait") +
                              " for it, such as one of case " + use.case_key;
    check_call(use.endpoint, use.operation, {}, users, kSent);
  }

 private:
  static constexpr const char* kOpen = "keep it until they have ended";
  static constexpr const char* kSent = "keep it until they are sent";
  static constexpr const char* kNone = "the store is corrupt: restore a backup";

  std::string users_of(const store::SnapshotUse& use) {
    return counted(store_.count_cases_of(use.hash, use.process), "open case", "open cases") +
           " of process \"" + use.process + "\" need it, such as " + use.case_key +
           ", which began with configuration " + short_name(use.hash);
  }

  void add(const config::Place& place, const std::string& what, const std::string& users,
           const char* hint) {
    if (!told_.insert(what + users).second) return;
    diagnostics_.add(place.file.empty() ? hub_place() : place, what + "; " + users, hint);
  }

  config::Place hub_place() const {
    return current_.documents.empty() ? config::Place{} : current_.documents.front()->place;
  }

  void check_call(const std::string& id, const std::string& operation, const config::Place& place,
                  const std::string& users, const char* hint) {
    const auto* endpoint = current_.endpoint(id);
    if (!endpoint || endpoint->spec.inbound)
      return add(place, "outbound endpoint \"" + id + "\" is gone", users, hint);
    const auto declared = current_.library.operations.find(id);
    if (declared == current_.library.operations.end() || declared->second.empty()) return;
    const auto& known = declared->second;
    if (std::find(known.begin(), known.end(), operation) != known.end()) return;
    add(endpoint->place, "operation \"" + operation + "\" of endpoint \"" + id + "\" is gone",
        users, hint);
  }

  /// Some route of today must still bring the event.
  void check_event(const route::Route& began, const process::Definition& process,
                   const std::string& users) {
    const auto brings = [&](const auto& route) {
      return !route->from_endpoint.empty() && route->mode == route::Mode::durable &&
             route->process->name() == process.name() && route->to_event == began.to_event;
    };
    const auto& routes = current_.routes;
    const auto found = std::find_if(routes.begin(), routes.end(), brings);
    if (found == routes.end()) {
      const auto* same = current_.route(began.id);
      return add(same ? same->place : began.place,
                 "no route brings event \"" + began.to_event + "\" any more", users, kOpen);
    }
    const auto& fields = (*found)->process->event(began.to_event)->fields;
    const auto& expected = *process.event(began.to_event);
    for (const auto& name : expected.required) {
      const auto named = [&](const auto& field) { return field.first == name; };
      const auto now = std::find_if(fields.begin(), fields.end(), named);
      const auto then = std::find_if(expected.fields.begin(), expected.fields.end(), named);
      if (now != fields.end() &&
          expression::type_name(now->second) == expression::type_name(then->second))
        continue;
      add((*found)->place,
          "event \"" + began.to_event + "\" comes without field \"" + name + "\" of type " +
              expression::type_name(then->second),
          users, kOpen);
    }
  }

  void check_series(const std::string& name, const std::string& users) {
    const auto& series = current_.hub.series;
    if (std::any_of(series.begin(), series.end(), [&](const auto& s) { return s.name == name; }))
      return;
    add(hub_place(), "series \"" + name + "\" is gone", users, kOpen);
  }

  const Snapshot& current_;
  store::Store& store_;
  config::Diagnostics& diagnostics_;
  std::set<std::string> told_;
};

}  // namespace

void check_removals(const OpenUses& uses, Snapshots& snapshots, store::Store& store,
                    config::Diagnostics& diagnostics) {
  const Snapshot& current = snapshots.current();
  Removals removals(current, store, diagnostics);
  for (const auto& use : uses.cases) {
    try {
      const auto began = snapshots.find(use.hash);
      if (began.get() != &current) removals.check(*began, use);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::transient) throw;
      diagnostics.add({},
                      "configuration " + short_name(use.hash) + ", which open cases such as " +
                          use.case_key + " began with, cannot be used: " + error.what(),
                      "run the program that they began with until they have ended");
    }
  }
  for (const auto& use : uses.effects) removals.check(use);
}

}  // namespace masar::engine
