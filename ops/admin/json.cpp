#include "ops/admin/json.h"

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/engine/live_case.h"
#include "core/engine/operations.h"
#include "core/engine/outcomes.h"
#include "ops/admin/letters.h"

namespace masar::admin {

namespace json = boost::json;

namespace {

constexpr std::size_t kTimelineMax = 500;

std::string_view outbox_state(const store::OutboxRow& row) {
  static constexpr std::string_view kNames[]{"ready",    "sending",     "delivered",
                                             "rejected", "unavailable", "unknown",
                                             "expired",  "failed",      "withdrawn"};
  return engine::is_asked_about(row) ? "inquiring" : kNames[static_cast<int>(row.state)];
}

std::string_view task_state(store::TaskState state) {
  static constexpr std::string_view kNames[]{"open", "answered", "withdrawn"};
  return kNames[static_cast<int>(state)];
}

json::value or_null(const std::optional<Instant>& at) {
  return at ? json::value(format_instant(*at)) : json::value(nullptr);
}

json::value value_json(const expression::Value& value, const expression::Type& type,
                       bool personal) {
  using expression::Kind;
  if (!value.is_set()) return nullptr;
  if (type.kind == Kind::list) {
    json::array items;
    for (const auto& item : *value.as<std::shared_ptr<const expression::List>>()) {
      const std::string text = expression::to_text(item);
      items.emplace_back(personal ? masked(text) : text);
    }
    return items;
  }
  if (type.kind == Kind::table) {
    json::array rows;
    for (const auto& row : value.as<std::shared_ptr<const expression::Table>>()->rows) {
      json::object columns;
      for (std::size_t at = 0; at < type.columns->size() && at < row.size(); ++at) {
        if (!row[at].is_set()) continue;
        const std::string text = expression::to_text(row[at]);
        columns[(*type.columns)[at].first] = personal ? masked(text) : text;
      }
      rows.emplace_back(std::move(columns));
    }
    return rows;
  }
  const std::string text = expression::to_text(value);
  return json::value(personal ? masked(text) : text);
}

json::object step_json(const store::AuditRow& row) {
  return {{"id", row.id},           {"at", format_instant(row.at)},
          {"kind", row.kind},       {"name", row.name},
          {"text", row.text},       {"state", row.state},
          {"version", row.version}, {"reference", row.reference}};
}

/// 0 where there is none.
std::int64_t number_in(const std::string& text) { return std::atoll(text.c_str()); }

json::array timeline_json(engine::Hub& hub, const std::string& key, std::int64_t after) {
  json::array timeline;
  for (const auto& row : hub.store().timeline(key, after, kTimelineMax))
    timeline.push_back(step_json(row));
  return timeline;
}

/// The last answer that could not be used, as its size and its shape.
json::value unusable_reply(const store::OutboxRow& row) {
  return row.reply.empty() ? json::value(nullptr) : json::value(bytes_json(row.reply));
}

json::array effects_json(engine::Hub& hub, const std::string& key) {
  json::array effects;
  for (const auto& row : hub.store().outbox_of(key)) effects.push_back(effect_json(row));
  return effects;
}

}  // namespace

json::object effect_json(const store::OutboxRow& row) {
  return {{"id", row.id},
          {"effect", row.effect},
          {"endpoint", row.endpoint},
          {"operation", row.operation},
          {"state", outbox_state(row)},
          {"attempts", row.attempts},
          {"code", row.code},
          {"text", row.text},
          {"report", row.report},
          {"unusable_reply", unusable_reply(row)},
          {"created", format_instant(row.created)},
          {"not_after", or_null(row.not_after)}};
}

std::string masked(std::string_view text) {
  const std::size_t points = code_points(text);
  if (points <= 2) return std::string(points, '*');
  std::size_t keep = text.size();
  for (int shown = 0; shown < 2 && keep > 0; --keep) {
    if ((static_cast<unsigned char>(text[keep - 1]) & 0xC0) != 0x80) ++shown;
  }
  return std::string(points - 2, '*') + std::string(text.substr(keep));
}

json::object case_summary(engine::Hub& hub, const store::CaseRow& row) {
  json::object out{{"key", row.key},
                   {"process", row.process},
                   {"state", row.state},
                   {"version", row.event_number},
                   {"opened", format_instant(row.opened)},
                   {"since", format_instant(row.since)},
                   {"ended", or_null(row.ended)},
                   {"snapshot", row.snapshot}};
  const auto began = engine::snapshot_of(hub.snapshots(), row);
  const auto found = began->library.processes.find(row.process);
  if (found != began->library.processes.end())
    out["waiting_for"] = found->second->waits_for(row.state);
  Duration served = row.service_time;
  if (!row.ended && out.contains("waiting_for") && out["waiting_for"].as_string() != "citizen") {
    served += hub.snapshot().calendar().working_time(row.since, hub.business().now());
  }
  out["service_hours"] = std::chrono::duration_cast<std::chrono::hours>(served).count();
  return out;
}

json::object case_detail(engine::Hub& hub, const store::CaseRecord& record, std::int64_t after) {
  json::object out = case_summary(hub, record.row);
  const engine::LiveCase live =
      engine::from_record(engine::snapshot_of(hub.snapshots(), record.row), record);
  json::object data;
  const auto& declared = live.definition->data();
  for (std::size_t at = 0; at < declared.size() && at < live.value.data.size(); ++at) {
    data[declared[at].name] =
        value_json(live.value.data[at], declared[at].type, declared[at].personal);
  }
  out["data"] = std::move(data);
  json::array deadlines;
  for (const auto& deadline : live.value.deadlines) {
    deadlines.push_back(
        json::object{{"name", deadline.name}, {"due", format_instant(deadline.due)}});
  }
  out["deadlines"] = std::move(deadlines);
  json::array tasks;
  for (const auto& task : hub.store().tasks(std::nullopt, record.row.key, {}, 500))
    tasks.push_back(task_json(hub, task));
  out["tasks"] = std::move(tasks);
  out["effects"] = effects_json(hub, record.row.key);
  out["timeline"] = timeline_json(hub, record.row.key, after);
  return out;
}

json::object audit_json(const store::AuditRow& row) {
  json::object out = step_json(row);
  out["case"] = row.case_key;
  out["journal"] = row.journal;
  out["hash"] = to_hex(row.hash);
  return out;
}

json::object task_json(engine::Hub& hub, const store::TaskRow& row) {
  json::object out{{"id", row.id},
                   {"name", row.name},
                   {"case", row.case_key},
                   {"state", task_state(row.state)},
                   {"asked", format_instant(row.asked)},
                   {"due", format_instant(row.due)},
                   {"effect", row.effect},
                   {"detail", row.detail},
                   {"answer", row.answer},
                   {"ended", or_null(row.ended)}};
  if (row.state != store::TaskState::open) return out;
  json::array answers;
  if (row.name == engine::kDeadLetterTask) {
    out["effect"] = "";
    out["dead_letter"] = number_in(row.effect);
    const json::object reason{{"name", engine::kReasonField}, {"type", "text"}};
    answers.push_back(json::object{{"answer", engine::kRetryAnswer}, {"fields", json::array{}}});
    answers.push_back(
        json::object{{"answer", engine::kDiscardAnswer}, {"fields", json::array{reason}}});
    out["answers"] = std::move(answers);
    return out;
  }
  engine::Operations operations(hub);
  if (const auto declared = operations.declaration(row)) {
    for (const auto& answer : declared->answers) {
      json::array fields;
      for (const auto& [name, type] : answer.fields) {
        fields.push_back(json::object{{"name", name}, {"type", expression::type_name(type)}});
      }
      answers.push_back(json::object{{"answer", answer.name}, {"fields", std::move(fields)}});
    }
  }
  out["answers"] = std::move(answers);
  return out;
}

http::Response json_response(int status, const json::value& value) {
  return http::text_response(status, json::serialize(value) + "\n", "application/json");
}

http::Response problem(int status, std::string code, std::string text) {
  return http::problem_json({status, std::move(code), std::move(text)});
}

http::Response act_response(const engine::ActResult& result, const json::object& body) {
  if (result.status == 200) return json_response(200, body);
  return problem(result.status, result.code, result.text);
}

}  // namespace masar::admin
