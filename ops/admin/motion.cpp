#include "ops/admin/motion.h"

#include "core/engine/calendar_change.h"
#include "core/engine/migration.h"
#include "ops/admin/json.h"

namespace masar::admin {

namespace json = boost::json;
using http::Request;
using http::Response;

namespace {

constexpr std::size_t kDueTimesLooked = 2'000;  ///< at, for one page

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

/// HASH/PROCESS/KEY
std::optional<store::SnapshotUse> use_of(const std::string& text) {
  const auto first = text.find('/');
  const auto second = first == std::string::npos ? first : text.find('/', first + 1);
  if (second == std::string::npos) return std::nullopt;
  return store::SnapshotUse{text.substr(0, first), text.substr(first + 1, second - first - 1),
                            text.substr(second + 1)};
}

json::object case_json(engine::Hub& hub, const store::CaseRecord& record) {
  auto& snapshots = hub.snapshots();
  const auto live = engine::from_record(engine::snapshot_of(snapshots, record.row), record);
  const auto adopted = engine::migrated(live, snapshots, hub.store(), hub.business().now());
  json::array reasons;
  for (const auto& reason : adopted.reasons) reasons.push_back(json::string(reason));
  return {{"key", record.row.key},
          {"state", record.row.state},
          {"snapshot", record.row.snapshot},
          {"fits", reasons.empty()},
          {"reasons", std::move(reasons)}};
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

Response migration_plan(engine::Hub& hub, const Request& request, std::size_t limit) {
  json::array cases;
  if (const auto key = request.query_value("key")) {
    const auto record = hub.store().find_case(*key);
    if (!record) return problem(404, "no-such-case", "there is no case " + std::string(*key));
    if (record->row.ended) return problem(409, "case-over", "the case has ended");
    if (record->row.snapshot != hub.snapshot().hash) cases.push_back(case_json(hub, *record));
    return json_response(200, json::object{{"cases", std::move(cases)}, {"after", nullptr}});
  }
  const auto after = use_of(request.query_value("after").value_or(""));
  const std::string state(request.query_value("state").value_or(""));
  const auto behind = engine::cases_behind(hub.snapshot(), hub.store(),
                                           after ? &*after : nullptr, limit);
  for (const auto& use : behind) {
    const auto record = hub.store().find_case(use.case_key);
    if (!record || record->row.ended || (!state.empty() && record->row.state != state)) continue;
    cases.push_back(case_json(hub, *record));
  }
  json::value next;
  if (behind.size() == limit) {
    const auto& last = behind.back();
    next = json::string(last.hash + "/" + last.process + "/" + last.case_key);
  }
  return json_response(200, json::object{{"cases", std::move(cases)}, {"after", std::move(next)}});
}

}  // namespace masar::admin
