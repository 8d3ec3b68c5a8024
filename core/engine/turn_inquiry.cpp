// Inquiries: a partner is asked whether an effect was done whose outcome is unknown (ENGINE.md 18).
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/outcomes.h"
#include "core/engine/records.h"
#include "core/engine/turn.h"

namespace masar::engine {

using route::Verdict;
using store::OutboxState;

namespace {
constexpr const char* kNotDone = "not-done";  ///< the outcome's code
}

/// What the inquiry says of its effect.
struct Turn::Judgement {
  Verdict verdict = Verdict::undecided;
  std::string why = {};  ///< of undecided, for people
  Document reply = {};   ///< of done
};

/// Of the attempt that this row is about; a later one has an inquiry of its own.
bool Turn::awaits_verdict(const store::OutboxRow& effect) const {
  const int asked = inquiry_of(row_.effect).attempt;
  return effect.state == OutboxState::sending &&
         effect.attempts == (asked == 0 ? static_cast<int>(row_.serial) : asked);
}

// Also where the visit is over: what became of the effect is for its timeline. A row that asks
// already stays as it is.
void Turn::ask_about(const store::OutboxRow& effect) {
  try {
    store::OutboxRow question = question_about(effect);
    audit("inquiry", effect.effect, "asked at " + question.endpoint);
    result_.transaction.outbox.push_back(std::move(question));
  } catch (const std::exception& thrown) {
    const Error error = typed_failure(thrown);
    if (error.kind() != ErrorKind::rejected) throw;
    conclude(effect, {Verdict::undecided, "the question could not be made, at " + step_ + ": " +
                                              mask_numbers(error.what())});
  }
}

store::OutboxRow Turn::question_about(const store::OutboxRow& effect) {
  const auto* name = route_->inquiry("unknown", effect.code);
  const auto* asks = name ? route_owner_->route(*name) : nullptr;
  if (!asks) throw Error(ErrorKind::rejected, "no-inquiry", "the route names no inquiry");
  step_ = "steps of " + asks->id;
  route::Flow flow = flow_after(
      effect, effect.body.empty() ? nullptr : route_owner_->reader->read(effect.body));
  flow.headers = envelope();
  const route::Exit exit = asks->before.run(flow);
  if (exit.kind != route::Exit::Kind::call)
    throw Error(ErrorKind::rejected, "no-question", "the inquiry did not call");
  if (!current_snapshot().endpoint(exit.endpoint))
    throw Error(ErrorKind::rejected, "no-endpoint", "there is no endpoint " + exit.endpoint);
  store::OutboxRow row;
  row.id = inquiry_id(effect);
  row.case_key = effect.case_key;
  row.partition = effect.partition;
  row.case_version = live_->value.version;
  row.visit = effect.visit;
  row.effect = "inquiry";
  row.route = asks->id;
  row.snapshot = effect.snapshot;
  row.created = row.changed = row_.stamp;
  put_call(exit, flow, *route_owner_, row, step_);
  return row;
}

void Turn::take_verdict(const store::OutboxRow& inquiry) {
  const route::Route& asks = *route_;
  const store::OutboxRow effect = effect_of(parts_.store, inquiry_of(inquiry.id).effect);
  route_ = route_of(effect);
  if (!route_)
    throw Error(ErrorKind::rejected, "unknown-route",
                "the configuration has no route " + effect.route);
  conclude(effect, judge(asks, inquiry.step, effect));
}

// What cannot be used decides nothing: the effect may have been done.
Turn::Judgement Turn::judge(const route::Route& asks, int step, const store::OutboxRow& effect) {
  if (row_.name != "delivered") {
    const auto code = header_value(connector::read_headers(row_.headers), "code");
    return {Verdict::undecided, "the inquiry is " + row_.name + " " + mask_numbers(code)};
  }
  try {
    route::Flow flow = flow_after(effect, document_for(*route_owner_));
    const route::Exit exit = asks.before.run(flow, static_cast<std::size_t>(step));
    if (exit.kind != route::Exit::Kind::verdict)
      throw Error(ErrorKind::rejected, "no-verdict", "the inquiry ended without a verdict");
    if (exit.verdict != Verdict::done) return {exit.verdict};
    const auto* endpoint = route_owner_->endpoint(effect.endpoint);
    if (wants_reply(effect) && endpoint->gate)
      endpoint->gate->require_valid(flow.document->document_element());
    return {Verdict::done, {}, flow.document};
  } catch (const std::exception& thrown) {
    const Error error = typed_failure(thrown);
    if (error.kind() != ErrorKind::rejected) throw;
    return {Verdict::undecided, "its answer cannot be used: " + mask_numbers(error.what())};
  }
}

// The retry of a dead letter finds the row settled: then only what follows is done once more.
void Turn::conclude(const store::OutboxRow& effect, const Judgement& judgement) {
  if (judgement.verdict == Verdict::done) return conclude_done(effect, judgement.reply);
  const bool reported = effect.report == "delivered";  // which beats whatever the partner says
  auto end = effect.state;
  std::string text(verdict_name(judgement.verdict));
  if (!judgement.why.empty()) text += ": " + judgement.why;
  if (awaits_verdict(effect)) {
    end = OutboxState::unknown;
    if (judgement.verdict == Verdict::not_done && !reported)
      end = attempted_again(effect) ? OutboxState::ready : OutboxState::unavailable;
    if (end == OutboxState::ready) text += ", will be tried again";
  }
  audit("inquiry", effect.effect, text);
  if (awaits_verdict(effect)) settle(effect, end, judgement.verdict);
  if (end == OutboxState::ready) return;
  if (reported) return audit("outcome", effect.effect, "its report says delivered");
  if (visit_over(effect)) return;
  if (end == OutboxState::unavailable)
    return fail_effect(effect, *route_, "unavailable", kNotDone, "not done, as its inquiry says");
  fail_effect(effect, *route_, "unknown", effect.code, effect.text);
}

void Turn::conclude_done(const store::OutboxRow& effect, const Document& reply) {
  audit("inquiry", effect.effect, std::string(verdict_name(Verdict::done)));
  if (awaits_verdict(effect) || effect.state == OutboxState::unknown)
    settle(effect, OutboxState::delivered, Verdict::done);
  if (wants_reply(effect) && !visit_over(effect)) go_on(effect, reply);
}

bool Turn::wants_reply(const store::OutboxRow& effect) const {
  return static_cast<std::size_t>(effect.step) < route_->before.size();
}

// Whether its visit is over is looked at before the attempt, as of any row that waits.
bool Turn::attempted_again(const store::OutboxRow& effect) const {
  const auto* endpoint = current_snapshot().endpoint(effect.endpoint);
  return endpoint && tries_again(effect, connector::OutcomeKind::unavailable, kNotDone,
                                 endpoint->delivery, route_);
}

// The row is settled whatever becomes of the rest of this turn.
void Turn::settle(const store::OutboxRow& effect, OutboxState to, Verdict verdict) {
  auto update = store::update_of(effect, effect.state, to);
  if (verdict == Verdict::not_done) update.code = kNotDone;
  if (verdict == Verdict::undecided) {
    update.code = effect.code;
    update.text = effect.text;
  }
  result_.transaction.outbox_updates.push_back(std::move(update));
  if (to != OutboxState::ready) put_timers_cleared(effect, nullptr, result_.transaction);
  result_.settled = effect;
  result_.settled->state = to;
  result_.verdict = verdict_name(verdict);
  checkpoint_ = {result_, live_, recorded_};
}

// A turn that fails before it has a verdict must not leave its effect open for ever: it ends
// unknown, and the dead letter is for a person.
void Turn::settle_unjudged() {
  if (row_.kind != store::JournalKind::outcome || result_.settled) return;
  const auto effect = parts_.store.find_outbox(inquiry_of(row_.effect).effect);
  if (!effect || !awaits_verdict(*effect)) return;
  audit("inquiry", effect->effect, "undecided: its turn failed");
  settle(*effect, OutboxState::unknown, Verdict::undecided);
}

}  // namespace masar::engine
