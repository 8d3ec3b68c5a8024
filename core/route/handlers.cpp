// What a route's handlers of outcomes and reports must and cannot say.
#include "core/route/handlers.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace masar::route {
namespace {

using Names = std::initializer_list<std::string_view>;

bool is_one_of(std::string_view name, Names names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// An event made of an outcome has these fields and no others.
void check_required(const process::Definition& process, const std::string& name, Names filled,
                    const config::Place& place, config::Diagnostics& diagnostics) {
  const auto* event = name.empty() ? nullptr : process.event(name);
  if (!event) return;
  std::string fields;
  for (const auto field : filled) fields += (fields.empty() ? "" : ", ") + std::string(field);
  for (const auto& required : event->required) {
    if (is_one_of(required, filled)) continue;
    diagnostics.add(
        place,
        "event \"" + name + "\" requires its field \"" + required + "\", which nothing fills here",
        "name an event whose required fields are among " + fields);
  }
}

void check_inquired(const OnFailure& failure, config::Diagnostics& diagnostics) {
  if (failure.kind != "unknown") {
    diagnostics.add(failure.inquiry_place,
                    "inquiry= has no meaning for the outcome \"" + failure.kind +
                        "\": it is known what became of the effect",
                    "write it at <on-failure kind=\"unknown\" …/>");
  } else if (failure.keep_retrying) {
    diagnostics.add(failure.inquiry_place, "inquiry= and keep=\"retrying\" exclude each other",
                    "an outcome that is asked about is not repeated blindly: leave out one");
  } else if (failure.event.empty() && failure.task.empty()) {
    diagnostics.add(failure.place, "the inquiry may leave the outcome undecided",
                    "write event=… or task=… for that beside it");
  }
}

void check_failure(const Route& route, const OnFailure& failure, config::Diagnostics& diagnostics) {
  if (failure.keep_retrying && !is_one_of(failure.kind, {"unavailable", "unknown"})) {
    diagnostics.add(failure.place,
                    "keep=\"retrying\" has no meaning for the outcome \"" + failure.kind +
                        "\": it is not attempted again",
                    "give it event or task");
  }
  if (!failure.inquiry.empty()) check_inquired(failure, diagnostics);
  if (failure.task_after && failure.task.empty()) {
    diagnostics.add(failure.place, "task-after names no task", "write task=… beside it");
  }
  check_required(*route.process, failure.event, {"effect", "code", "text"}, failure.place,
                 diagnostics);
}

}  // namespace

void check_handlers(const Route& route, const process::EffectDeclaration& effect,
                    const config::Place& report, config::Diagnostics& diagnostics) {
  for (const auto& failure : route.failures) check_failure(route, failure, diagnostics);
  check_required(*route.process, route.report_event, {"effect", "text", "state"}, report,
                 diagnostics);
  std::vector<std::string_view> outcomes{"unavailable", "rejected", "unknown"};
  if (effect.may_expire) outcomes.push_back("expired");  // its not-after may pass
  for (const auto kind : outcomes) {
    if (route.on_failure(kind, "")) continue;
    diagnostics.add(route.place, "outcome \"" + std::string(kind) + "\" has no handler",
                    "write <on-failure kind=\"" + std::string(kind) + "\" event=… or task=…/>");
  }
}

}  // namespace masar::route
