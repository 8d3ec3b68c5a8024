#include "core/engine/migration.h"

#include <algorithm>
#include <tuple>

#include "core/engine/outcomes.h"

namespace masar::engine {
namespace {

/// What one waiting effect may bring to a case that has gone over to another definition.
class Continuation {
 public:
  Continuation(const route::Route& route, const store::OutboxRow& effect,
               const process::Definition& to, std::vector<std::string>& reasons)
      : route_(route), effect_(effect), to_(to), reasons_(reasons) {}

  void check() {
    check_event(route_.to_event);
    check_event(route_.report_event);
    for (const auto& failure : route_.failures) {
      check_event(failure.event);
      check_task(failure.task);
    }
  }

 private:
  void refuse(const std::string& what) {
    const std::string reason = "effect " + effect_.effect + " waits, and " + what;
    if (std::find(reasons_.begin(), reasons_.end(), reason) == reasons_.end())
      reasons_.push_back(reason);
  }

  void check_event(const std::string& name) {
    if (name.empty()) return;
    const auto* now = to_.event(name);
    if (!now) return refuse("its event " + name + " is gone");
    const auto& brought = route_.process->event(name)->fields;
    for (const auto& field : now->required) {
      const auto named = [&](const auto& one) { return one.first == field; };
      const auto has = std::find_if(brought.begin(), brought.end(), named);
      const auto wants = std::find_if(now->fields.begin(), now->fields.end(), named);
      if (has == brought.end() ||
          expression::type_name(has->second) != expression::type_name(wants->second))
        refuse("its event " + name + " comes without field " + field + " of type " +
               expression::type_name(wants->second));
    }
  }

  void check_task(const std::string& name) {
    const auto& tasks = to_.tasks();
    if (name.empty() || std::any_of(tasks.begin(), tasks.end(),
                                    [&](const auto& task) { return task.name == name; }))
      return;
    refuse("its task " + name + " is gone");
  }

  const route::Route& route_;
  const store::OutboxRow& effect_;
  const process::Definition& to_;
  std::vector<std::string>& reasons_;
};

void check_effects(const LiveCase& live, const process::Definition& to, Snapshots& snapshots,
                   store::Store& store, std::vector<std::string>& reasons) {
  for (const auto& effect : store.outbox_of(live.value.key)) {
    if (!still_attempted(effect.state) || effect.route.empty()) continue;
    const auto began = snapshots.find(effect.snapshot);
    const auto* route = began->route(effect.route);
    if (!route || !route->process) continue;
    if (!snapshots.current().route(effect.route))
      reasons.push_back("effect " + effect.effect + " waits, and its route " + effect.route +
                        " is gone");
    Continuation(*route, effect, to, reasons).check();
  }
}

}  // namespace

process::Adopted migrated(const LiveCase& live, Snapshots& snapshots, store::Store& store,
                          Instant now) {
  const auto& processes = snapshots.current().library.processes;
  const auto found = processes.find(live.value.process);
  if (found == processes.end())
    return {live.value, {"process " + live.value.process + " is gone"}};
  process::Inputs inputs;
  inputs.now = inputs.applied = now;
  inputs.calendar = &snapshots.current().calendar();
  process::Adopted adopted = found->second->adopt(*live.definition, live.value, inputs);
  check_effects(live, *found->second, snapshots, store, adopted.reasons);
  adopted.after.snapshot = snapshots.current().hash;
  return adopted;
}

std::vector<store::SnapshotUse> cases_behind(const Snapshot& current, store::Store& store,
                                             const store::SnapshotUse* after, std::size_t limit) {
  std::vector<store::SnapshotUse> cases;
  const auto place = [](const store::SnapshotUse& use) { return std::tie(use.hash, use.process); };
  for (const auto& use : store.snapshot_uses()) {
    if (use.hash == current.hash || (after && place(use) < place(*after))) continue;
    const bool goes_on = after && place(use) == place(*after);
    const auto left = limit - cases.size();
    for (auto& key :
         store.cases_of(use.hash, use.process, goes_on ? after->case_key : std::string(), left))
      cases.push_back({use.hash, use.process, std::move(key)});
    if (cases.size() == limit) break;
  }
  return cases;
}

}  // namespace masar::engine
