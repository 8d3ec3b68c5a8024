#include "core/engine/pass_through.h"

#include "core/base/error.h"
#include "core/message/xml_writer.h"

namespace masar::engine {

using connector::OutcomeKind;
using connector::PartAnswer;

namespace {

PartAnswer answer_for(const connector::Outcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::delivered: return {};
    case OutcomeKind::rejected: return {PartAnswer::Kind::refused, outcome.code, outcome.text, {}};
    case OutcomeKind::unavailable:
    case OutcomeKind::unknown: break;
  }
  // The source keeps it and sends it again: both sides are reliable, and may see it twice.
  return {PartAnswer::Kind::retry_later, outcome.code, outcome.text, {}};
}

}  // namespace

void PassThrough::forward(const route::Route& route, connector::Received received,
                          connector::Intake::Answer answer) {
  const auto found = outbounds_.find(route.calls.front().endpoint);
  if (found == outbounds_.end()) {
    return answer({PartAnswer{
        PartAnswer::Kind::retry_later, "no-endpoint", "the route's endpoint is not there", {}}});
  }
  connector::Attempt attempt;
  try {
    if (auto refused = prepare(route, received, attempt)) return answer({std::move(*refused)});
  } catch (const std::exception& thrown) {
    const Error error = typed_failure(thrown);
    const bool rejected = error.kind() == ErrorKind::rejected;
    return answer({PartAnswer{rejected ? PartAnswer::Kind::refused : PartAnswer::Kind::retry_later,
                              error.code(),
                              rejected ? error.what() : "the message could not be passed on",
                              {}}});
  }
  found->second->send(std::move(attempt), [answer = std::move(answer)](connector::Outcome outcome) {
    answer({answer_for(outcome)});
  });
}

// The steps of the route; a value where they do not end in the call.
std::optional<PartAnswer> PassThrough::prepare(const route::Route& route,
                                               connector::Received& received,
                                               connector::Attempt& attempt) const {
  attempt.effect_id = received.message_id;
  const bool looks_inside = route.before.size() > 1;
  if (!looks_inside && !received.encoded.empty()) {
    attempt.headers.emplace_back(kEncodedHeader, "1");
    attempt.body = std::move(received.encoded);
    return std::nullopt;
  }
  route::Flow flow;
  flow.headers = std::move(received.headers);
  if (looks_inside) flow.document = reader_.read(received.body);
  const std::string type = flow.document ? flow.document->document_element().name() : "";
  route::fill_message({received.message_id, received.sender, type, received.endpoint, std::nullopt},
                      flow.variables);
  const route::Exit exit = route.before.run(flow);
  if (exit.kind != route::Exit::Kind::call) {
    return PartAnswer{
        PartAnswer::Kind::refused, exit.code.empty() ? "not-passed" : exit.code, exit.text, {}};
  }
  attempt.operation = exit.operation;
  attempt.body = looks_inside ? write_xml(*flow.document) : std::move(received.body);
  attempt.headers = std::move(flow.headers);
  return std::nullopt;
}

}  // namespace masar::engine
