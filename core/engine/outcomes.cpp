#include "core/engine/outcomes.h"

#include <cstdlib>

#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/connector/trace.h"

namespace masar::engine {

using connector::OutcomeKind;

std::string_view outcome_name(OutcomeKind kind) {
  static constexpr std::string_view kNames[]{"delivered", "rejected", "unavailable", "unknown"};
  return kNames[static_cast<int>(kind)];
}

store::AuditRow audit_of(const store::OutboxRow& row, std::string_view kind, std::string text) {
  store::AuditRow audit;
  audit.partition = row.partition;
  audit.case_key = row.case_key;
  audit.kind = kind;
  audit.name = row.effect;
  audit.reference = row.id;
  audit.text = std::move(text);
  return audit;
}

void put_timers_cleared(const store::OutboxRow& row, const route::Route* route,
                        store::Transaction& transaction) {
  const auto clear = [&](store::TimerKind kind) {
    transaction.timers_cleared.push_back({kind, row.case_key, row.partition, row.id, 0, {}, 0, 0});
  };
  if (row.not_after) clear(store::TimerKind::not_after);
  if (!route || route->counts_silence()) clear(store::TimerKind::task_after);
}

namespace {

constexpr std::string_view kSecond = "-2";  ///< no effect's own id ends so: it is hexadecimal

store::OutboxState final_state(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::delivered: return store::OutboxState::delivered;
    case OutcomeKind::rejected: return store::OutboxState::rejected;
    case OutcomeKind::unavailable: return store::OutboxState::unavailable;
    case OutcomeKind::unknown: break;
  }
  return store::OutboxState::unknown;
}

/// Whether the case hears of this outcome.
bool becomes_event(const store::OutboxRow& row, const connector::Outcome& outcome,
                   const route::Route& route) {
  if (route.mode == route::Mode::inquiry) return true;  // its effect waits for the verdict
  if (outcome.kind == OutcomeKind::delivered)
    return static_cast<std::size_t>(row.step) < route.before.size();
  if (outcome.kind == OutcomeKind::unavailable && !fails_over_to(row, &route).empty()) return true;
  const auto* handler = route.on_failure(outcome_name(outcome.kind), outcome.code);
  return handler && (!handler->event.empty() || !handler->task.empty());
}

}  // namespace

bool still_attempted(store::OutboxState state) {
  return state == store::OutboxState::ready || state == store::OutboxState::sending;
}

bool begins_inquiry(const connector::Outcome& outcome, bool again, const route::Route* route) {
  return !again && route && outcome.kind == OutcomeKind::unknown &&
         route->inquiry("unknown", outcome.code);
}

bool tries_again(const store::OutboxRow& row, OutcomeKind kind, std::string_view code,
                 const DeliveryPolicy& policy, const route::Route* route) {
  const bool idempotent = policy.idempotent || planted("unknown-resent");
  const bool repeatable =
      kind == OutcomeKind::unavailable || (kind == OutcomeKind::unknown && idempotent);
  if (!repeatable) return false;
  const bool refusal = row.route.empty() && row.effect != kWireTap;
  if (refusal) return true;  // its sender is told, however long it takes
  if (row.attempts < policy.attempts) return true;
  if (kind == OutcomeKind::unavailable && !fails_over_to(row, route).empty()) return false;
  const auto* handler = route ? route->on_failure(outcome_name(kind), code) : nullptr;
  return handler && handler->keep_retrying;
}

std::string inquiry_id(const store::OutboxRow& effect) {
  return effect.id + "." + std::to_string(effect.attempts);
}

InquiryOf inquiry_of(std::string_view id) {
  const auto dot = id.find('.');
  if (dot == std::string_view::npos) return {std::string(id), 0};
  return {std::string(id.substr(0, dot)), std::atoi(std::string(id.substr(dot + 1)).c_str())};
}

std::string second_id(const store::OutboxRow& first) { return first.id + std::string(kSecond); }

std::string_view first_id(std::string_view id) {
  if (id.ends_with(kSecond)) id.remove_suffix(kSecond.size());
  return id;
}

std::string fails_over_to(const store::OutboxRow& row, const route::Route* route) {
  if (!route || row.id.ends_with(kSecond)) return {};
  return route->or_else(row.endpoint, row.operation);
}

bool is_asked_about(const store::OutboxRow& row) {
  return row.state == store::OutboxState::sending && !row.code.empty();
}

store::JournalRow outcome_event(const store::OutboxRow& row, std::string_view name,
                                const std::string& snapshot) {
  store::JournalRow event;
  event.case_key = row.case_key;
  event.partition = row.partition;
  event.kind = store::JournalKind::outcome;
  event.endpoint = row.endpoint;
  event.route = row.route;
  event.name = name;
  event.effect = row.id;
  event.serial = row.attempts;
  event.snapshot = snapshot;
  return event;
}

std::string outcome_headers(const store::OutboxRow& row, const std::string& code,
                            const std::string& text) {
  connector::Headers headers{{"code", code}, {"text", text}};
  connector::put_trace(headers, connector::trace_of(connector::read_headers(row.headers)));
  return connector::write_headers(headers);
}

store::Transaction outcome_transaction(const store::OutboxRow& row,
                                       const connector::Outcome& outcome, bool again,
                                       const route::Route* route, const std::string& snapshot) {
  store::Transaction transaction;
  const bool asks = begins_inquiry(outcome, again, route);
  auto update = store::update_of(row, store::OutboxState::sending,
                                 again  ? store::OutboxState::ready
                                 : asks ? store::OutboxState::sending
                                        : final_state(outcome.kind));
  update.code = asks && outcome.code.empty() ? outcome_name(outcome.kind) : outcome.code;
  update.text = mask_numbers(outcome.text);  // a partner's own words
  if (outcome.kind == OutcomeKind::unknown) update.reply = outcome.body;
  transaction.outbox_updates.push_back(std::move(update));
  std::string text(outcome_name(outcome.kind));
  if (!outcome.code.empty()) text += " " + mask_numbers(outcome.code);
  if (again) text += ", will be tried again";
  if (asks) text += ", is asked about";
  transaction.audit.push_back(audit_of(row, "outcome", text));
  if (again) return transaction;
  if (!asks) put_timers_cleared(row, route, transaction);
  if (!asks && (!route || !becomes_event(row, outcome, *route))) return transaction;
  store::JournalRow event = outcome_event(row, outcome_name(outcome.kind), snapshot);
  event.payload = outcome.kind == OutcomeKind::delivered ? outcome.body : std::string();
  event.headers = outcome_headers(row, outcome.code, outcome.text);
  transaction.journal.push_back(std::move(event));
  return transaction;
}

}  // namespace masar::engine
