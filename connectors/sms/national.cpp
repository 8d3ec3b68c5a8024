#include "connectors/sms/national.h"

#include <algorithm>
#include <array>

#include "connectors/http/outbound.h"
#include "connectors/http/token_calls.h"
#include "connectors/http/token_login.h"
#include "connectors/sms/message.h"
#include "connectors/sms/national_json.h"
#include "core/connector/trace.h"

namespace masar::sms {

using connector::Attempt;
using connector::Outcome;
using connector::OutcomeKind;
using http::CallResult;

namespace {

constexpr int kUnauthorized = 401;

bool is_ok(int status) { return status >= 200 && status < 300; }

bool is_busy(int status) { return status == 429 || status == 503; }

/// Nothing was taken, and nothing will be another time.
bool is_refusal(int status) {
  constexpr std::array kRefusals{400, kUnauthorized, 403, 404, 405, 413, 415, 422};
  return std::find(kRefusals.begin(), kRefusals.end(), status) != kRefusals.end();
}

Outcome outcome(OutcomeKind kind, std::string code, std::string text) {
  return {kind, std::move(code), std::move(text), {}, {}};
}

Outcome outcome_of(CallResult result) {
  if (result.kind != CallResult::Kind::replied) return http::without_reply(std::move(result));
  const std::string status = std::to_string(result.status);
  const std::string said = "the platform answered " + status;
  if (is_busy(result.status))
    return {OutcomeKind::unavailable, status, said, {}, result.retry_after()};
  if (is_refusal(result.status)) return outcome(OutcomeKind::rejected, status, said);
  const auto answer = is_ok(result.status) ? read_answer(result.body) : std::nullopt;
  if (!answer) return {OutcomeKind::unknown, status, said, result.body, {}};
  if (answer->sent) return outcome(OutcomeKind::delivered, answer->code, said);
  return outcome(OutcomeKind::rejected, answer->code, said + " and sent nothing");
}

class National final : public connector::Outbound {
 public:
  National(NationalSettings settings, http::ClientSettings client,
           const connector::Context& context)
      : settings_(std::move(settings)), executor_(context.executor), reader_({}, {}),
        calls_({settings_.token_lifetime, client.waiting_max}, client_, context,
               [this](const http::TokenKeeper::Use& use) { authenticate(use); }, outcome_of),
        client_(std::move(client)) {}

  void send(Attempt attempt, Done done) override {
    const ReadMessage read = read_message(reader_, attempt.body, settings_.parts_max);
    if (!read.message)
      return executor_.post([done = std::move(done), read] { done(read.refused); });
    http::Call call = post("/sendSmsNotifications", message_json(*read.message, settings_.from));
    connector::put_trace(call.headers, connector::trace_of(attempt.headers));
    calls_.call(std::move(call), settings_.timeout, std::move(done));
  }

 private:
  http::Call post(const std::string& path, std::string body) const {
    http::Call call;
    call.url = settings_.url + path;
    call.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    call.body = std::move(body);
    return call;
  }

  void authenticate(const http::TokenKeeper::Use& use) {
    client_.call(
        post("/authenticate",
             http::login_json("username", settings_.user, "password", settings_.password)),
        settings_.timeout,
        [use](const CallResult& result) { use(http::token_of(result, "token")); });
  }

  const NationalSettings settings_;
  Executor& executor_;
  const XmlReader reader_;
  http::TokenCalls calls_;
  http::Client client_;  // last: it may call back until it is gone
};

}  // namespace

std::unique_ptr<connector::Outbound> make_national(NationalSettings settings,
                                                   http::ClientSettings client,
                                                   const connector::Context& context) {
  return std::make_unique<National>(std::move(settings), std::move(client), context);
}

}  // namespace masar::sms
