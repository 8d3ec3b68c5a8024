// What a turn sends out: effects, replies, refusals.
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/connector/trace.h"
#include "core/engine/outcomes.h"
#include "core/engine/records.h"
#include "core/engine/turn.h"
#include "core/message/xml_writer.h"

namespace masar::engine {
namespace {

constexpr int kTapsMax = 10'000;  ///< of one run: as many as it has steps

/// The row of an effect before its document is known.
store::OutboxRow effect_row(const process::Effect& effect, const process::Case& value,
                            Instant created) {
  store::OutboxRow row;
  row.id = effect_id(value.key, value.event_number, effect.index);
  row.case_key = value.key;
  row.partition = partition_of(value.key);
  row.case_version = value.version;
  row.visit = effect.visit;
  row.effect = effect.name;
  row.snapshot = value.snapshot;
  row.created = row.changed = created;
  row.not_after = effect.not_after;
  return row;
}

store::TimerRow effect_timer(store::TimerKind kind, const store::OutboxRow& row,
                             const process::DueTime& due) {
  return {kind,   row.case_key, row.partition, row.id, 0,
          due.at, 0,            row.visit,     write_working(due.working)};
}

}  // namespace

void Turn::add_effect(const process::Effect& effect, const process::Case& value) {
  store::OutboxRow row = effect_row(effect, value, row_.stamp);
  switch (make_document(effect, row)) {
    case Made::document: return put_effect(std::move(row));
    case Made::failed: return put_failed_outcome(row);
    case Made::nothing: return;
  }
}

Turn::Made Turn::make_document(const process::Effect& effect, store::OutboxRow& row) {
  std::string step = "start";
  try {
    return run_effect_route(effect, row, step) ? Made::document : Made::nothing;
  } catch (const std::exception& thrown) {
    const Error error = typed_failure(thrown);
    if (error.kind() != ErrorKind::rejected || effect.essential) throw;
    failed_effect(effect, row, error, step);
    return Made::failed;
  }
}

// False: the route chose to send nothing.
bool Turn::run_effect_route(const process::Effect& effect, store::OutboxRow& row,
                            std::string& step) {
  const auto* route = live_->snapshot->of_effect(live_->value.process, effect.name);
  if (!route)
    throw Error(ErrorKind::rejected, "no-route", "effect " + effect.name + " has no route");
  row.route = route->id;
  route::Flow flow;
  flow.headers = envelope();
  route::fill_case(*live_->definition, live_->value, flow.variables);
  route::fill_effect(*live_->definition, effect, row.id, row.created, flow.variables);
  step = "steps of " + route->id;
  const route::Exit exit = route->before.run(flow);
  if (exit.kind == route::Exit::Kind::end) return false;
  if (exit.kind != route::Exit::Kind::call)
    throw Error(ErrorKind::rejected, exit.code, "the route did not call");
  put_call(exit, flow, *live_->snapshot, row, step);
  put_taps(flow, row.id, 0);
  return true;
}

// Copies of what is on its way, for endpoints beside it: rows of no route, so that what becomes of
// them ends with them. `of` and `number` tell their ids from others'.
void Turn::put_taps(const route::Flow& flow, const std::string& of, std::int64_t number) {
  int index = static_cast<int>(parts_.epoch) * kTapsMax;
  for (const route::Tap& tap : flow.taps) {
    store::OutboxRow row;
    row.id = effect_id(of, number, index++);
    row.case_key = live_ ? live_->value.key : row_.case_key;
    row.partition = partition_of(row.case_key);
    row.effect = kWireTap;
    row.endpoint = tap.endpoint;
    row.operation = tap.operation;
    row.snapshot = live_ ? live_->snapshot->hash : current_snapshot().hash;
    auto headers = tap.headers;
    connector::put_trace(headers, connector::trace_of(envelope()));
    row.headers = connector::write_headers(headers);
    if (tap.document) row.body = write_xml(*tap.document);
    row.created = row.changed = row_.stamp;
    audit("tap", row.endpoint);
    result_.transaction.outbox.push_back(std::move(row));
  }
}

// What the route has made, where it goes, and where its reply goes on.
void Turn::put_call(const route::Exit& exit, const route::Flow& flow, const Snapshot& snapshot,
                    store::OutboxRow& row, std::string& step) {
  row.endpoint = exit.endpoint;
  row.operation = exit.operation;
  row.step = static_cast<int>(exit.next);
  row.headers = connector::write_headers(flow.headers);
  if (flow.document) row.body = write_xml(*flow.document);
  const auto* endpoint = snapshot.endpoint(row.endpoint);
  if (!endpoint->gate || !flow.document) return;
  step = "schema of " + row.endpoint;
  endpoint->gate->require_valid(flow.document->document_element());
}

// What goes with all that this turn sends: its case, and the trace of what it is about. Without one
// (a deadline, a person's act, a sender that traces nothing) all of it is of one new trace.
const connector::Headers& Turn::envelope() {
  if (!envelope_.empty()) return envelope_;
  envelope_ = connector::trace_or_new(
      connector::read_headers(row_.headers),
      effect_id("trace", row_.id, static_cast<int>(parts_.epoch)));
  envelope_.emplace(envelope_.begin(), "correlation-id", row_.case_key);
  return envelope_;
}

void Turn::put_effect(store::OutboxRow row) {
  const auto& route = *live_->snapshot->route(row.route);
  put_effect(std::move(row), route, row_.stamp);
}

/// `since`: when its silence begins.
void Turn::put_effect(store::OutboxRow row, const route::Route& route, Instant since) {
  if (row.not_after) {
    result_.transaction.timers.push_back(
        effect_timer(store::TimerKind::not_after, row, {*row.not_after}));
  }
  for (const auto& failure : route.failures) {
    if (!failure.task_after) continue;
    const auto due = current_snapshot().calendar().reckon(since, *failure.task_after);
    result_.transaction.timers.push_back(effect_timer(store::TimerKind::task_after, row, due));
    break;
  }
  audit("effect", row.effect, "to " + row.endpoint);
  result_.transaction.outbox.push_back(std::move(row));
}

// Provably not done at the first endpoint: the same document goes to the second, once. Its silence
// is counted from the effect on.
void Turn::fail_over(const store::OutboxRow& first, const std::string& endpoint) {
  if (!current_snapshot().endpoint(endpoint))
    throw Error(ErrorKind::rejected, "no-endpoint", "there is no endpoint " + endpoint);
  store::OutboxRow row = first;
  row.id = second_id(first);
  row.endpoint = endpoint;
  row.sequence = 0;
  row.state = store::OutboxState::ready;
  row.attempts = 0;
  row.code = row.text = row.reply = row.report = {};
  row.changed = row_.stamp;
  audit("fail-over", row.effect, "from " + first.endpoint + " to " + endpoint);
  put_effect(std::move(row), *route_, first.created);
}

void Turn::add_reply(const process::Reply& reply) {
  if (!row_.owes_reply || !route_) return;
  // What comes after `<to>` is of the configuration that the case began with, where that has it.
  const auto* own = live_->snapshot->inbound(row_.endpoint, row_.name);
  const bool is_own = own && own->replies.contains(reply.name);
  const route::Route& route = is_own ? *own : *route_;
  const Snapshot& snapshot = is_own ? *live_->snapshot : current_snapshot();
  const auto found = route.replies.find(reply.name);
  if (found == route.replies.end()) {
    throw Error(ErrorKind::rejected, "no-reply",
                "route " + route.id + " has no reply " + reply.name);
  }
  route::Flow flow;
  flow.document = document_for(snapshot);
  route::fill_message(origin(), flow.variables);
  const process::Definition& definition = fill_seen(snapshot, *live_, flow.variables);
  route::fill_reply(definition, reply, flow.variables);
  step_ = "reply " + reply.name;
  (void)found->second.run(flow);
  result_.answer =
      connector::PartAnswer{connector::PartAnswer::Kind::replied, {}, {}, flow.document};
}

void Turn::refuse(const std::string& code, const std::string& text) {
  audit("refused", code, text);
  if (row_.owes_reply) {
    result_.answer = connector::PartAnswer{connector::PartAnswer::Kind::refused, code, text, {}};
    return;
  }
  const auto* endpoint = current_snapshot().endpoint(row_.endpoint);
  if (endpoint && endpoint->refusal) put_refusal(*endpoint, code, text);
}

// The sender is told on its outbound endpoint; the row uses the journal row's id in place of a
// case's event, and the epoch, because a restored store gives such an id again.
void Turn::put_refusal(const Endpoint& endpoint, const std::string& code, const std::string& text) {
  route::Refusal refusal{code, text, live_ ? live_->value.state : "", row_.case_key};
  route::Flow flow;
  flow.document = document();
  route::fill_refusal(origin(), refusal, flow.variables);
  const Document written = endpoint.refusal->apply(flow.frame());
  store::OutboxRow row;
  row.id = effect_id("refusal", answers_to(), static_cast<int>(parts_.epoch));
  row.case_key = row_.case_key;
  row.partition = row_.partition;
  row.effect = "refusal";
  row.endpoint = endpoint.refusals;
  row.snapshot = current_snapshot().hash;
  row.headers = connector::write_headers(envelope());
  row.body = write_xml(*written);
  row.created = row.changed = row_.stamp;
  result_.transaction.outbox.push_back(std::move(row));
}

}  // namespace masar::engine
