#include "connectors/sms/sms.h"

#include <algorithm>

#include "connectors/http/client.h"
#include "connectors/sms/parts.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/config/fields.h"

namespace masar::sms {

using config::Kind;
using connector::Attempt;
using connector::EndpointSpec;
using connector::Intake;
using connector::Outcome;
using connector::OutcomeKind;

namespace {

constexpr std::size_t kUnitsAlone = 70;
constexpr std::size_t kUnitsInPart = 67;
constexpr std::size_t kMacDigits = 32;
constexpr std::size_t kReplyBytesMax = 16u << 10;

const config::ElementTable& out_table() {
  static const config::ElementTable table{
      "sms",
      "Kannel's sendsms interface.",
      {{"url", Kind::url, true, "", "of sendsms: http://host:port/cgi-bin/sendsms", {}},
       {"user", Kind::text, true, "", "our user there", {}},
       {"password", Kind::secret, true, "", "our password there", {}},
       {"from", Kind::text, true, "", "the sender that people see", {}},
       {"report-listener", Kind::name, true, "", "the HTTP listener that takes delivery reports", {}},
       {"report-path", Kind::text, true, "", "where reports come to, beginning with /", {}},
       {"report-url", Kind::text, false, "", "how Kannel reaches that listener, http://host:port; empty: as bound", {}},
       {"report-key", Kind::secret, true, "", "the key that makes the reports' addresses unguessable", {}},
       {"parts-max", Kind::integer, false, "3", "parts of one text at most; a longer one is rejected", {}}},
      {}};
  return table;
}

struct Settings {
  std::string url, user, password, from, report_listener, report_path, report_url, report_key;
  std::size_t parts_max = 3;
  std::chrono::milliseconds timeout{10'000};
};

/// Kannel's `%d` in words (its user guide, "DLR status").
std::string_view state_of(std::string_view code) {
  if (code == "1") return "delivered";
  if (code == "2") return "failed";
  if (code == "4") return "buffered";
  if (code == "8") return "accepted";
  if (code == "16") return "rejected";
  return {};
}

std::string child_text(pugi::xml_node message, std::string_view local) {
  for (const auto& child : message.children()) {
    const std::string_view name = child.name();
    const auto colon = name.find(':');
    if (name.substr(colon == std::string_view::npos ? 0 : colon + 1) == local) return child.text().get();
  }
  return {};
}

class SmsOutbound final : public connector::Outbound {
 public:
  SmsOutbound(Settings settings, http::ClientSettings client, const connector::Context& context, http::Listeners& listeners)
      : settings_(std::move(settings)), context_(context), listeners_(listeners), reader_({}, {}), client_(std::move(client)) {}

  void send(Attempt attempt, Done done) override {
    std::string to, text;
    try {
      const Document document = reader_.read(attempt.body);
      to = child_text(document->document_element(), "to");
      text = clean_text(child_text(document->document_element(), "text"));
    } catch (const Error&) {
      return refuse("bad-payload", "the message is not well-formed", std::move(done));
    }
    const auto number = jordan_mobile(to);
    if (!number || *number != to) return refuse("bad-number", "the number is not 9627…", std::move(done));
    const std::size_t parts = parts_of(text);
    if (parts == 0) return refuse("no-text", "the text is empty", std::move(done));
    if (parts > settings_.parts_max) {
      // Kannel would cut the rest away and answer 202.
      return refuse("too-long", "the text takes " + std::to_string(parts) + " parts", std::move(done));
    }
    http::Call call;
    call.method = "GET";
    call.url = address(to, text, attempt.effect_id);
    client_.call(std::move(call), settings_.timeout,
                 [done = std::move(done)](const http::CallResult& result) { done(outcome_of(result)); });
  }

 private:
  void refuse(std::string code, std::string text, Done done) {
    context_.executor.post([code = std::move(code), text = std::move(text), done = std::move(done)] {
      done({OutcomeKind::rejected, code, text, {}, {}});
    });
  }

  std::string address(const std::string& to, const std::string& text, const std::string& effect) const {
    std::string base = settings_.report_url;
    if (base.empty()) {
      const auto bound = listeners_.addresses();
      const auto found = bound.find(settings_.report_listener);
      base = "http://" + (found == bound.end() ? std::string() : found->second);
    }
    const std::string report =
        base + settings_.report_path + "/" + report_segment(settings_.report_key, effect) + "?state=%d";
    const auto put = [](const char* name, std::string_view value) {
      return std::string(name) + "=" + http::encode_percent(value);
    };
    return settings_.url + "?" + put("username", settings_.user) + "&" + put("password", settings_.password) + "&" +
           put("from", settings_.from) + "&" + put("to", to) + "&coding=2&charset=UTF-8&" + put("text", text) +
           "&dlr-mask=31&" + put("dlr-url", report);
  }

  static Outcome outcome_of(const http::CallResult& result) {
    if (result.kind == http::CallResult::Kind::not_sent) return {OutcomeKind::unavailable, result.code, result.text, {}, {}};
    if (result.kind == http::CallResult::Kind::unknown) return {OutcomeKind::unknown, result.code, result.text, {}, {}};
    const std::string status = std::to_string(result.status);
    const std::string said = "the gateway answered " + status;
    if (result.status == 202 && (result.body.starts_with("0:") || result.body.starts_with("3:"))) {
      return {OutcomeKind::delivered, result.body.substr(0, 1), said, {}, {}};
    }
    if (result.status == 429 || result.status == 503) {
      return {OutcomeKind::unavailable, status, said, {}, result.retry_after()};
    }
    if (result.status / 100 == 4) return {OutcomeKind::rejected, status, said, {}, {}};
    return {OutcomeKind::unknown, status, said, result.body, {}};
  }

  const Settings settings_;
  const connector::Context& context_;
  http::Listeners& listeners_;
  const XmlReader reader_;
  http::Client client_;
};

class SmsConnector final : public connector::Connector {
 public:
  SmsConnector(const connector::Context& context, http::Listeners& listeners) : context_(context), listeners_(listeners) {}

  std::string_view name() const override { return "sms"; }

  void check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const override {
    const config::Element* own = spec.root->element("sms");
    if (!own) return diagnostics.add(spec.root->place, "an endpoint of the connector sms needs <sms>");
    if (spec.inbound) {
      return diagnostics.add(own->place, "messages from phones are not taken: there is no inbound sms", "write direction=\"out\"");
    }
    const config::Values values(out_table(), *own, diagnostics);
    if (values.has("url") && !http::is_callable_url(values.text("url"))) {
      diagnostics.add(values.place("url"), "the URL cannot be called", "write http://host:port/cgi-bin/sendsms");
    }
    const std::string& path = values.text("report-path");
    if (values.has("report-path") && (!path.starts_with('/') || path.ends_with('/'))) {
      diagnostics.add(values.place("report-path"), "\"" + path + "\" is not a path", "write it as /name/name");
    }
    if (spec.idempotent) {
      diagnostics.add(spec.root->place, "the gateway does not know a message again",
                      "write <idempotency kind=\"at-most-once\"/>");
    }
  }

  void add_inbound(const EndpointSpec& spec, Intake&) override {
    throw Error(ErrorKind::config, "no-inbound", "endpoint " + spec.id + ": there is no inbound sms");
  }

  std::unique_ptr<connector::Outbound> add_outbound(const EndpointSpec& spec, Intake& intake) override {
    config::Diagnostics checked;
    const config::Values values(out_table(), *spec.root->element("sms"), checked);
    Settings settings{values.text("url"), values.text("user"), context_.secrets.get(values.text("password")),
                      values.text("from"), values.text("report-listener"), values.text("report-path"),
                      values.text("report-url"), context_.secrets.get(values.text("report-key")),
                      static_cast<std::size_t>(std::clamp<std::int64_t>(values.integer("parts-max"), 1, 10)), spec.timeout};
    take_reports(settings, spec, intake);
    http::ClientSettings client;
    client.threads = spec.concurrency;
    client.reply_bytes_max = kReplyBytesMax;
    return std::make_unique<SmsOutbound>(std::move(settings), std::move(client), context_, listeners_);
  }

  void start() override {}
  void stop_accepting() override {}
  void stop() override {}
  void pause(const std::string&, bool) override {}
  std::map<std::string, std::string> addresses() const override { return {}; }

 private:
  void take_reports(const Settings& settings, const EndpointSpec& spec, Intake& intake) {
    http::Handler handler;
    handler.path = settings.report_path + "/";
    handler.prefix = true;
    handler.methods = {"GET"};
    handler.body_bytes_max = 0;
    handler.answer_within = spec.timeout;
    handler.on_refused = [&intake, id = spec.id](const http::Problem& problem) { intake.refused(id, problem.code, problem.text); };
    handler.handle = [&intake, id = spec.id, key = settings.report_key](const http::Request& request,
                                                                        const http::Respond& respond) {
      const auto segments = request.segments();
      const auto effect = segments.empty() ? std::nullopt : effect_of_segment(key, segments.back());
      const std::string_view state = state_of(request.query_value("state").value_or(""));
      if (!effect || state.empty()) {
        intake.refused(id, "bad-report", "a delivery report without its key");
        return respond(http::problem_json({404, "not-found", "there is no such report address"}));
      }
      intake.report(*effect, std::string(state), [respond](bool taken) {
        respond(taken ? http::text_response(200, "ok\n") : http::problem_json({503, "try-later", "try again later"}));
      });
    };
    listeners_.at(settings.report_listener).route(std::move(handler));
    listeners_.refusals_to(intake);
  }

  const connector::Context context_;
  http::Listeners& listeners_;
};

}  // namespace

std::unique_ptr<connector::Connector> make_sms(const connector::Context& context, http::Listeners& listeners) {
  return std::make_unique<SmsConnector>(context, listeners);
}

std::size_t parts_of(std::string_view utf8) {
  std::size_t units = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;
    units += byte >= 0xF0 ? 2 : 1;
  }
  if (units <= kUnitsAlone) return units == 0 ? 0 : 1;
  return (units + kUnitsInPart - 1) / kUnitsInPart;
}

std::string report_segment(std::string_view key, std::string_view effect_id) {
  return std::string(effect_id) + "." + to_hex(hmac_sha256(key, effect_id)).substr(0, kMacDigits);
}

std::optional<std::string> effect_of_segment(std::string_view key, std::string_view segment) {
  const auto dot = segment.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view effect = segment.substr(0, dot);
  if (!equal_in_constant_time(report_segment(key, effect), segment)) return std::nullopt;
  return std::string(effect);
}

}  // namespace masar::sms
