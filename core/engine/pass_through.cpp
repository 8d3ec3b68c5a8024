#include "core/engine/pass_through.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/guarded.h"
#include "core/base/hash.h"
#include "core/connector/trace.h"
#include "core/engine/aggregate.h"
#include "core/engine/outcomes.h"
#include "core/message/xml_writer.h"

namespace masar::engine {

using connector::Attempt;
using connector::IntakeAnswer;
using connector::OutcomeKind;
using connector::PartAnswer;

/// One message, or one part of it, on its way.
struct PassThrough::Leg {
  std::size_t part = 0;
  std::optional<PartAnswer> answer;  ///< known without a call: refused, filtered, waits
  std::string endpoint;
  Attempt attempt;
  std::size_t next = 0;  ///< the step that goes on with the reply
  bool unread = false;   ///< the source takes the reply as it is written
  route::Flow flow;      ///< as it was at the call
};

/// The answers to a message's parts, as they come; the last one answers the source.
class PassThrough::Passage {
 public:
  Passage(const route::Route& of, route::Origin from, Metrics& metrics,
          connector::Intake::Answer answer)
      : route(of), origin_(std::move(from)), metrics_(metrics), answer_(std::move(answer)) {}

  void expect(std::size_t parts) {
    state_.with([&](State& state) {
      state.answers.resize(parts);
      state.open = parts;
    });
  }
  void put(std::size_t part, PartAnswer answer) {
    const auto complete = state_.with([&](State& state) -> std::optional<IntakeAnswer> {
      state.answers[part] = std::move(answer);
      if (--state.open > 0) return std::nullopt;
      return std::move(state.answers);
    });
    if (complete) answer_(aggregated(route, origin_, *complete, metrics_));
  }

  const route::Route& route;  // the current configuration's: it outlives every message

 private:
  struct State {
    IntakeAnswer answers;
    std::size_t open = 0;
  };
  const route::Origin origin_;
  Metrics& metrics_;
  const connector::Intake::Answer answer_;
  Guarded<State> state_;
};

namespace {

constexpr std::size_t kSeedBytes = 16;

/// Nothing is kept of what passes, so that nothing of it could tell two calls apart.
std::string new_seed() {
  static const std::string process = random_bytes(kSeedBytes);
  static std::atomic<std::uint64_t> count{0};
  return process + std::to_string(++count);
}

/// Whether some step, or the way the message is taken apart, needs its tree.
bool looks_inside(const route::Route& route) { return route.before.size() > 1 || route.parts; }

/// Of an outcome other than delivered. Where it is not known, or nothing was done, the source keeps
/// the message and sends it again: both sides are reliable, and may see it twice.
PartAnswer failure_of(const connector::Outcome& outcome) {
  const bool final = outcome.kind == OutcomeKind::rejected;
  return {final ? PartAnswer::Kind::refused : PartAnswer::Kind::retry_later, outcome.code,
          outcome.text, {}};
}

PartAnswer refusal_of(const Error& error) {
  if (error.kind() == ErrorKind::rejected)
    return {PartAnswer::Kind::refused, error.code(), error.what(), {}};
  return {PartAnswer::Kind::retry_later, error.code(), "the message could not be passed on", {}};
}

}  // namespace

void PassThrough::forward(const route::Route& route, connector::Received received,
                          connector::Intake::Answer answer) {
  if (!looks_inside(route) && !received.encoded.empty())
    return forward_encoded(route, std::move(received), std::move(answer));
  route::Origin origin{received.message_id, received.sender, {}, received.endpoint, std::nullopt};
  std::vector<Leg> legs;
  try {
    legs = prepare(route, std::move(received), origin);
  } catch (const std::exception& thrown) {
    return answer({refusal_of(typed_failure(thrown))});
  }
  const auto refused = std::find_if(legs.begin(), legs.end(), [](const Leg& leg) {
    return leg.answer && leg.answer->kind != PartAnswer::Kind::accepted;
  });
  if (refused != legs.end()) return answer({*refused->answer});
  auto passage = std::make_shared<Passage>(route, std::move(origin), metrics_, std::move(answer));
  passage->expect(legs.size());
  send(std::move(legs), passage);
}

// The shortest way: nothing is looked at, nothing comes back but the outcome.
void PassThrough::forward_encoded(const route::Route& route, connector::Received received,
                                  connector::Intake::Answer answer) {
  const route::Call& call = route.calls.front();
  Attempt attempt;
  attempt.effect_id = std::move(received.message_id);
  attempt.operation = call.operation;
  attempt.headers.emplace_back(kEncodedHeader, "1");
  attempt.body = std::move(received.encoded);
  outbounds_.find(call.endpoint)
      ->second->send(std::move(attempt), [answer = std::move(answer)](
                                             const connector::Outcome& outcome) {
        answer({outcome.kind == OutcomeKind::delivered ? PartAnswer{} : failure_of(outcome)});
      });
}

// The steps of the route, up to the call, for each part. What the message is goes to `origin`.
std::vector<PassThrough::Leg> PassThrough::prepare(const route::Route& route,
                                                   connector::Received received,
                                                   route::Origin& origin) const {
  std::vector<Leg> legs;
  Attempt attempt;
  attempt.effect_id = received.message_id;
  route::Flow whole;
  whole.headers = std::move(received.headers);
  connector::put_trace(whole.headers, connector::trace_or_new(whole.headers, new_seed()));
  if (looks_inside(route)) whole.document = reader_.read(received.body);
  if (whole.document) origin.type = whole.document->document_element().name();
  route::fill_message(origin, whole.variables);
  attempt.body = std::move(received.body);
  attempt.written = received.written;
  if (!route.parts) {
    legs.push_back(prepare_leg(route, std::move(whole), std::move(attempt)));
    return legs;
  }
  for (const auto& node : parts_of(route, whole.frame())) {
    route::Flow flow = whole;
    Attempt of_part;
    flow.document = part_document(node, true, reader_, of_part.body);
    if (!attempt.effect_id.empty())
      of_part.effect_id = attempt.effect_id + "." + std::to_string(legs.size() + 1);
    Leg leg = prepare_leg(route, std::move(flow), std::move(of_part));
    leg.part = legs.size();
    legs.push_back(std::move(leg));
  }
  return legs;
}

PassThrough::Leg PassThrough::prepare_leg(const route::Route& route, route::Flow flow,
                                          Attempt attempt) const {
  Leg leg;
  leg.flow = std::move(flow);
  const route::Exit exit = route.before.run(leg.flow);
  if (exit.kind == route::Exit::Kind::filtered) {
    leg.answer = PartAnswer{};
    return leg;
  }
  if (exit.kind != route::Exit::Kind::call) {
    leg.answer = PartAnswer{
        PartAnswer::Kind::refused, exit.code.empty() ? "not-passed" : exit.code, exit.text, {}};
    return leg;
  }
  leg.endpoint = exit.endpoint;
  if (pauses_.endpoint(leg.endpoint))
    leg.answer = PartAnswer{PartAnswer::Kind::retry_later, "paused", "the endpoint is paused", {}};
  leg.next = exit.next;
  leg.attempt = std::move(attempt);
  leg.attempt.operation = exit.operation;
  leg.unread = leg.attempt.written && leg.next >= route.before.size() && !route.aggregate;
  if (looks_inside(route)) {
    leg.attempt.body = write_xml(*leg.flow.document);
    leg.attempt.written = true;
  }
  leg.attempt.headers = leg.flow.headers;
  connector::begin_span(leg.attempt.headers, new_seed());
  return leg;
}

void PassThrough::send(std::vector<Leg> legs, const std::shared_ptr<Passage>& passage) {
  for (Leg& leg : legs) {
    tap(leg);
    if (leg.answer) {
      metrics_.filtered(passage->route.id);
      passage->put(leg.part, std::move(*leg.answer));
      continue;
    }
    auto* outbound = outbounds_.find(leg.endpoint)->second;
    Attempt attempt = std::move(leg.attempt);
    const std::size_t part = leg.part;
    outbound->send(std::move(attempt), [this, passage, part, sent = std::move(leg)](
                                           const connector::Outcome& outcome) mutable {
      passage->put(part, answer_for(passage->route, std::move(sent), outcome));
    });
  }
}

// Copies beside the way: nobody waits for them, and what became of them is counted.
void PassThrough::tap(Leg& leg) {
  for (route::Tap& tap : leg.flow.taps) {
    Attempt copy;
    copy.effect_id = leg.attempt.effect_id;
    copy.operation = std::move(tap.operation);
    copy.headers = std::move(tap.headers);
    connector::begin_span(copy.headers, new_seed());
    copy.body = write_xml(*tap.document);
    outbounds_.find(tap.endpoint)
        ->second->send(std::move(copy),
                       [this, endpoint = tap.endpoint](const connector::Outcome& outcome) {
                         metrics_.sent(endpoint, outcome_name(outcome.kind));
                       });
  }
  leg.flow.taps.clear();
}

PartAnswer PassThrough::answer_for(const route::Route& route, Leg leg,
                                   const connector::Outcome& outcome) const {
  if (outcome.kind != OutcomeKind::delivered) return failure_of(outcome);
  if (leg.unread && outcome.written) return {PartAnswer::Kind::replied, {}, {}, {}, outcome.body};
  try {
    leg.flow.document = outcome.body.empty() ? nullptr : reader_.read(outcome.body);
    if (leg.next < route.before.size()) {
      const route::Exit exit = route.before.run(leg.flow, leg.next);
      if (exit.kind == route::Exit::Kind::refuse)
        return {PartAnswer::Kind::refused, exit.code, exit.text, {}};
    }
  } catch (const std::exception& thrown) {
    // Downstream has it, and what it says cannot be handed back.
    const Error error = typed_failure(thrown);
    return {PartAnswer::Kind::retry_later, error.code(), "the reply could not be read", {}};
  }
  if (!leg.flow.document) return {};
  return {PartAnswer::Kind::replied, {}, {}, leg.flow.document};
}

}  // namespace masar::engine
