#include "ops/admin/motion.h"

#include "core/engine/calendar_change.h"
#include "ops/admin/json.h"

namespace masar::admin {

namespace json = boost::json;
using http::Response;

namespace {

constexpr std::size_t kDueTimesLooked = 2'000;  ///< at, for one page

Response problem(int status, std::string code, std::string text) {
  return http::problem_json({status, std::move(code), std::move(text)});
}

std::string text_of(const json::object& object, const char* name) {
  const auto* found = object.if_contains(name);
  return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::int64_t number_of(const json::object& object, const char* name) {
  const auto* found = object.if_contains(name);
  return found && found->is_int64() ? found->as_int64() : 0;
}

std::optional<store::TimerRow> timer_of(const json::value* after) {
  if (!after || !after->is_object()) return std::nullopt;
  const auto& object = after->as_object();
  store::TimerRow timer;
  timer.kind = static_cast<store::TimerKind>(number_of(object, "kind"));
  timer.case_key = text_of(object, "case");
  timer.name = text_of(object, "name");
  timer.serial = number_of(object, "serial");
  return timer;
}

json::value json_of(const std::optional<store::TimerRow>& timer) {
  if (!timer) return nullptr;
  return json::object{{"kind", static_cast<std::int64_t>(timer->kind)},
                      {"case", timer->case_key},
                      {"name", timer->name},
                      {"serial", timer->serial}};
}

/// As people know it: the name of the task, of the effect that nobody has answered.
std::string name_of(engine::Hub& hub, const store::TimerRow& timer) {
  if (timer.kind == store::TimerKind::deadline) return timer.name;
  if (timer.kind == store::TimerKind::task) {
    const auto task = hub.store().find_task(timer.name);
    return task ? task->name : timer.name;
  }
  const auto effect = hub.store().find_outbox(timer.name);
  return effect ? effect->effect : timer.name;
}

}  // namespace

Response calendar_plan(engine::Hub& hub, const json::value& body) {
  const auto* given = body.if_object();
  const std::string text = given ? text_of(*given, "calendar") : std::string();
  if (text.empty())
    return problem(422, "bad-calendar", "write {\"calendar\": \"<calendar …>\"}");
  config::Diagnostics diagnostics;
  const auto root = config::load_element("calendar", text, diagnostics);
  const auto calendar = root ? process::Calendar::load(*root, diagnostics) : std::nullopt;
  if (!calendar) return problem(422, "bad-calendar", diagnostics.text());
  const Instant now = hub.business().now();
  const auto after = timer_of(given->if_contains("after"));
  const auto page = engine::moves_by(*calendar, hub.store(), now, kDueTimesLooked,
                                     after ? &*after : nullptr);
  json::array moves;
  for (const auto& [timer, due] : page.moves) {
    moves.push_back(json::object{{"case", timer.case_key},
                                 {"kind", engine::kind_name(timer.kind)},
                                 {"name", name_of(hub, timer)},
                                 {"due", format_instant(timer.due)},
                                 {"moves_to", format_instant(due)},
                                 {"at_once", due <= now}});
  }
  return json_response(200,
                       json::object{{"moves", std::move(moves)}, {"after", json_of(page.last)}});
}

}  // namespace masar::admin
