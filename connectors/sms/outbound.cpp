#include "connectors/sms/outbound.h"

#include <algorithm>
#include <array>

#include "connectors/http/outbound.h"
#include "connectors/sms/message.h"
#include "connectors/sms/report.h"
#include "core/connector/trace.h"

namespace masar::sms {

using connector::Attempt;
using connector::Outcome;
using connector::OutcomeKind;
using http::CallResult;

namespace {

/// The refusals of sendsms: nothing was taken, and nothing will be another time.
bool is_refusal(int status) {
  constexpr std::array kRefusals{400, 401, 403, 404, 405, 413, 414};
  return std::find(kRefusals.begin(), kRefusals.end(), status) != kRefusals.end();
}

Outcome outcome_of(const CallResult& result) {
  if (result.kind != CallResult::Kind::replied) return http::without_reply(result);
  const std::string status = std::to_string(result.status);
  const std::string said = "the gateway answered " + status;
  if (result.status == 202 && (result.body.starts_with("0:") || result.body.starts_with("3:"))) {
    return {OutcomeKind::delivered, result.body.substr(0, 1), said, {}, {}};
  }
  if (result.status == 429 || result.status == 503) {
    return {OutcomeKind::unavailable, status, said, {}, result.retry_after()};
  }
  if (is_refusal(result.status)) return {OutcomeKind::rejected, status, said, {}, {}};
  return {OutcomeKind::unknown, status, said, result.body, {}};
}

class SmsOutbound final : public connector::Outbound {
 public:
  SmsOutbound(Settings settings, http::ClientSettings client, const connector::Context& context,
              const http::Listeners& listeners)
      : settings_(std::move(settings)), context_(context), listeners_(listeners), reader_({}, {}),
        client_(std::move(client)) {}

  void send(Attempt attempt, Done done) override {
    const ReadMessage read = read_message(reader_, attempt.body, settings_.parts_max);
    if (!read.message) return end(read.refused, done);
    const std::string reports = report_base();
    if (reports.empty()) {
      return end({OutcomeKind::unavailable,
                  "no-report-address",
                  "the listener for delivery reports is not bound",
                  {},
                  {}},
                 done);
    }
    http::Call call;
    call.method = "GET";
    call.headers = connector::trace_of(attempt.headers);
    call.url = address(read.message->to, read.message->text,
                       reports + settings_.report_path + "/" +
                           report_segment(settings_.report_key, attempt.effect_id) + "?state=%d");
    client_.call(std::move(call), settings_.timeout,
                 [done = std::move(done)](const CallResult& result) { done(outcome_of(result)); });
  }

 private:
  /// Ends an attempt that never began, and not from inside send().
  void end(const Outcome& outcome, const Done& done) {
    context_.executor.post([outcome, done] { done(outcome); });
  }

  std::string report_base() const {
    if (!settings_.report_url.empty()) return settings_.report_url;
    const auto bound = listeners_.addresses();
    const auto found = bound.find(settings_.report_listener);
    if (found == bound.end()) return {};
    return (listeners_.is_secure(found->first) ? "https://" : "http://") + found->second;
  }

  std::string address(const std::string& to, const std::string& text,
                      const std::string& report) const {
    const auto put = [](const char* name, std::string_view value) {
      return std::string(name) + "=" + http::encode_percent(value);
    };
    // Without coding=2 Arabic becomes question marks. dlr-mask=31: every state.
    return settings_.url + "?" + put("username", settings_.user) + "&" +
           put("password", settings_.password) + "&" + put("from", settings_.from) + "&" +
           put("to", to) + "&coding=2&charset=UTF-8&" + put("text", text) + "&dlr-mask=31&" +
           put("dlr-url", report);
  }

  const Settings settings_;
  const connector::Context& context_;
  const http::Listeners& listeners_;
  const XmlReader reader_;
  http::Client client_;
};

}  // namespace

std::unique_ptr<connector::Outbound> make_outbound(Settings settings, http::ClientSettings client,
                                                   const connector::Context& context,
                                                   const http::Listeners& listeners) {
  return std::make_unique<SmsOutbound>(std::move(settings), std::move(client), context, listeners);
}

}  // namespace masar::sms
