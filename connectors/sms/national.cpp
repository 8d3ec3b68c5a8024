#include "connectors/sms/national.h"

#include <algorithm>
#include <array>

#include "connectors/http/outbound.h"
#include "connectors/http/token.h"
#include "connectors/sms/message.h"
#include "connectors/sms/national_json.h"

namespace masar::sms {

using connector::Attempt;
using connector::Outcome;
using connector::OutcomeKind;
using http::CallResult;
using http::FetchedToken;

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

/// No message has left yet: without a token it is unavailable, or rejected where our login is.
FetchedToken token_of(const CallResult& result) {
  if (result.kind != CallResult::Kind::replied) {
    return {{}, outcome(OutcomeKind::unavailable, "no-token", "no token: " + result.text)};
  }
  const std::string said = "/authenticate answered " + std::to_string(result.status);
  if (is_refusal(result.status))
    return {{}, outcome(OutcomeKind::rejected, "login-" + std::to_string(result.status), said)};
  auto token = is_ok(result.status) ? read_token(result.body) : std::nullopt;
  if (token) return {std::move(*token), {}};
  Outcome failure = outcome(OutcomeKind::unavailable, "no-token", said + ", without a token");
  failure.retry_after = result.retry_after();
  return {{}, std::move(failure)};
}

Outcome outcome_of(const CallResult& result) {
  if (result.kind != CallResult::Kind::replied) return http::without_reply(result);
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
      : settings_(std::move(settings)), context_(context), reader_({}, {}),
        keeper_({settings_.token_lifetime, settings_.token_lifetime / kSpare, client.waiting_max},
                context.steady, [this](http::TokenKeeper::Use use) { authenticate(use); }),
        client_(std::move(client)) {}

  void send(Attempt attempt, Done done) override {
    ReadMessage read = read_message(reader_, attempt.body, settings_.parts_max);
    // Not from inside send(), which a refusal or a failed token would end.
    context_.executor.post([this, read = std::move(read), done = std::move(done),
                            end = context_.steady.now() + settings_.timeout] {
      if (!read.message) return done(read.refused);
      present({message_json(*read.message, settings_.from), done, end, true});
    });
  }

 private:
  static constexpr int kSpare = 6;  ///< the last sixth of a token's life is not relied upon

  struct Sending {
    std::string body;
    Done done;
    SteadyClock::TimePoint end;
    bool may_renew = true;
  };

  static http::Call post(std::string url, std::string body) {
    http::Call call;
    call.url = std::move(url);
    call.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    call.body = std::move(body);
    return call;
  }

  void authenticate(const http::TokenKeeper::Use& use) {
    client_.call(
        post(settings_.url + "/authenticate", login_json(settings_.user, settings_.password)),
        settings_.timeout, [use](const CallResult& result) { use(token_of(result)); });
  }

  void present(Sending sending) {
    keeper_.get([this, sending = std::move(sending)](const FetchedToken& got) {
      if (got.token.empty()) return sending.done(got.failure);
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          sending.end - context_.steady.now());
      if (left.count() <= 0) {
        return sending.done(outcome(OutcomeKind::unavailable, "no-time-left",
                                    "the token came when the attempt's time was over"));
      }
      call(sending, got.token, left);
    });
  }

  void call(const Sending& sending, const std::string& token, std::chrono::milliseconds left) {
    http::Call call = post(settings_.url + "/sendSmsNotifications", sending.body);
    call.headers.emplace_back("Authorization", "Bearer " + token);
    client_.call(std::move(call), left, [this, sending, token](const CallResult& result) {
      const bool refused =
          result.kind == CallResult::Kind::replied && result.status == kUnauthorized;
      if (refused) keeper_.refused(token);
      if (!refused || !sending.may_renew) return sending.done(outcome_of(result));
      present({sending.body, sending.done, sending.end, false});
    });
  }

  const NationalSettings settings_;
  const connector::Context& context_;
  const XmlReader reader_;
  http::TokenKeeper keeper_;
  http::Client client_;  // last: it may call back until it is gone
};

}  // namespace

std::unique_ptr<connector::Outbound> make_national(NationalSettings settings,
                                                   http::ClientSettings client,
                                                   const connector::Context& context) {
  return std::make_unique<National>(std::move(settings), std::move(client), context);
}

}  // namespace masar::sms
