#include "connectors/http/token_calls.h"

#include <utility>

namespace masar::http {

using connector::Outbound;
using connector::Outcome;
using connector::OutcomeKind;
using std::chrono::milliseconds;

namespace {

constexpr int kUnauthorized = 401;

}  // namespace

TokenCalls::TokenCalls(TokenKeeper::Settings settings, Client& client,
                       const connector::Context& context, TokenKeeper::Fetch fetch, Read read)
    : client_(client),
      steady_(context.steady),
      executor_(context.executor),
      read_(std::move(read)),
      keeper_(settings, context.steady, std::move(fetch)) {}

void TokenCalls::call(Call call, milliseconds timeout, Outbound::Done done) {
  present({std::move(call), std::move(done), steady_.now() + timeout, true});
}

void TokenCalls::present(Sending sending) {
  keeper_.get([this, sending = std::move(sending)](const FetchedToken& got) {
    if (got.token.empty()) return fail(sending, got.failure);
    const auto left = std::chrono::duration_cast<milliseconds>(sending.end - steady_.now());
    if (left.count() > 0) return send(sending, got.token, left);
    fail(sending, {OutcomeKind::unavailable, "no-time-left",
                   "the token came when the attempt's time was over", {}, {}});
  });
}

void TokenCalls::send(const Sending& sending, const std::string& token, milliseconds left) {
  Call call = sending.call;
  call.headers.emplace_back("Authorization", "Bearer " + token);
  client_.call(std::move(call), left, [this, sending, token](CallResult result) {
    const bool refused =
        result.kind == CallResult::Kind::replied && result.status == kUnauthorized;
    if (refused) keeper_.refused(token);
    if (!refused || !sending.may_renew) return sending.done(read_(std::move(result)));
    present({sending.call, sending.done, sending.end, false});
  });
}

void TokenCalls::fail(const Sending& sending, Outcome failure) {
  // Never from inside call().
  executor_.post([done = sending.done, failure = std::move(failure)] { done(failure); });
}

}  // namespace masar::http
