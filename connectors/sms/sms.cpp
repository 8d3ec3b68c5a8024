#include "connectors/sms/sms.h"

#include "connectors/http/client_tls.h"
#include "connectors/sms/guide.h"
#include "connectors/sms/national.h"
#include "connectors/sms/outbound.h"
#include "connectors/sms/report.h"
#include "core/base/error.h"
#include "core/config/fields.h"

namespace masar::sms {

using config::Kind;
using connector::EndpointSpec;
using connector::Intake;

namespace {

constexpr std::size_t kReplyBytesMax = 16u << 10;
constexpr std::int64_t kPartsMax = 10;  ///< Kannel's own limit, where it is not configured
constexpr std::size_t kReportKeyBytesMin = 16;

config::Field parts_field() {
  return {"parts-max", Kind::integer, false, "3",
          "parts of one text at most, 1 to 10; a longer one is rejected", {}};
}

const config::ElementTable& out_table() {
  static const config::ElementTable table{
      "sms",
      "Kannel's sendsms interface.",
      {{"url", Kind::url, true, "", "of sendsms: http://host:port/cgi-bin/sendsms", {}},
       {"user", Kind::text, true, "", "our user there", {}},
       {"password", Kind::secret, true, "", "our password there", {}},
       {"from", Kind::text, true, "", "the sender that people see", {}},
       {"report-listener",
        Kind::name,
        true,
        "",
        "the HTTP listener that takes delivery reports, by its id in hub.xml",
        {}},
       {"report-path", Kind::text, true, "", "where reports come to, beginning with /", {}},
       {"report-url",
        Kind::text,
        false,
        "",
        "how Kannel reaches that listener, http://host:port; empty: as bound",
        {}},
       {"report-key",
        Kind::secret,
        true,
        "",
        "the key that makes the reports' addresses unguessable",
        {}},
       parts_field()},
      {"tls"}};
  return table;
}

const config::ElementTable& national_table() {
  static const config::ElementTable table{
      "national",
      "The national platform's interface.",
      {{"url", Kind::url, true, "", "what /authenticate is appended to: http://host:port/path", {}},
       {"user", Kind::text, true, "", "our user there", {}},
       {"password", Kind::secret, true, "", "our password there", {}},
       {"from", Kind::text, true, "", "the sender that people see, the platform's header", {}},
       {"token-lifetime", Kind::duration, false, "PT1M", "how long a token is valid", {}},
       parts_field()},
      {}};
  return table;
}

/// `<sms>` around `<national>`: it has nothing of Kannel's.
const config::ElementTable& around_table() {
  static const config::ElementTable table{
      "sms", "Text messages by the platform inside.", {}, {"national"}};
  return table;
}

void check_parts(const config::Values& values, config::Diagnostics& diagnostics) {
  const std::int64_t parts = values.integer("parts-max");
  if (parts >= 1 && parts <= kPartsMax) return;
  diagnostics.add(values.place("parts-max"), "a text has 1 to 10 parts", "");
}

void check_national(const config::Element& around, const config::Element& own,
                    config::Diagnostics& diagnostics) {
  const config::Values outside(around_table(), around, diagnostics);
  const config::Values values(national_table(), own, diagnostics);
  const std::string& url = values.text("url");
  if (values.has("url") && (!http::is_callable_url(url) || url.ends_with('/') ||
                            url.find('?') != std::string::npos)) {
    diagnostics.add(values.place("url"), "the URL cannot be called",
                    "write http://host:port/path, without a / at its end");
  }
  if (values.duration("token-lifetime") < std::chrono::seconds(1)) {
    diagnostics.add(values.place("token-lifetime"), "a token is valid for a second at least",
                    "write what the platform says, as PT1M");
  }
  check_parts(values, diagnostics);
}

void check_urls(const config::Values& values, config::Diagnostics& diagnostics) {
  const std::string& url = values.text("url");
  if (values.has("url") && (!http::is_callable_url(url) || url.find('?') != std::string::npos)) {
    diagnostics.add(values.place("url"), "the URL cannot be called",
                    "write http://host:port/cgi-bin/sendsms");
  }
  const std::string& path = values.text("report-path");
  // Kannel would take a % for one of its own codes.
  if (values.has("report-path") && (!path.starts_with('/') || path.ends_with('/') ||
                                    path.find_first_of("?#% ") != std::string::npos)) {
    diagnostics.add(values.place("report-path"), "\"" + path + "\" is not a path",
                    "write it as /name/name");
  }
  const std::string& back = values.text("report-url");
  if (!back.empty() && (!http::is_callable_url(back) || back.ends_with('/') ||
                        back.find_first_of("?%") != std::string::npos)) {
    diagnostics.add(values.place("report-url"), "reports cannot be sent to that URL",
                    "write http://host:port");
  }
}

/// A connection a call: nothing is to be repeated.
http::ClientSettings client_settings(const EndpointSpec& spec) {
  http::ClientSettings client;
  client.concurrency = spec.concurrency;
  client.reply_bytes_max = kReplyBytesMax;
  return client;
}

class SmsConnector final : public connector::Connector {
 public:
  SmsConnector(const connector::Context& context, http::Listeners& listeners)
      : context_(context), listeners_(listeners) {}

  std::string_view name() const override { return "sms"; }
  void check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const override;
  void add_inbound(const EndpointSpec& spec, Intake&) override {
    throw Error(ErrorKind::config, "no-inbound",
                "endpoint " + spec.id + ": there is no inbound sms");
  }
  std::unique_ptr<connector::Outbound> add_outbound(const EndpointSpec& spec,
                                                    Intake& intake) override;

  // The listeners are the http connector's to start and stop; a pause is the dispatcher's.
  void start() override {}
  void stop_accepting() override {}
  void stop() override {}
  void pause(const std::string&, bool) override {}
  std::map<std::string, std::string> addresses() const override { return {}; }
  connector::Guide guide(const connector::GuideRequest& request) const override {
    return sms::guide(request, listeners_);
  }

 private:
  std::unique_ptr<connector::Outbound> add_national(const EndpointSpec& spec,
                                                    const config::Element& own);
  void take_reports(const Settings& settings, const EndpointSpec& spec, Intake& intake);

  const connector::Context context_;
  http::Listeners& listeners_;
};

void SmsConnector::check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const {
  const config::Element* own = spec.root->element("sms");
  if (!own) {
    return diagnostics.add(spec.root->place, "an endpoint of the connector sms needs <sms>");
  }
  if (spec.inbound) {
    return diagnostics.add(own->place,
                           "messages from phones are not taken: there is no inbound sms",
                           "write direction=\"out\"");
  }
  if (spec.idempotent) {
    diagnostics.add(spec.root->place, "the gateway does not know a message again",
                    "write <idempotency kind=\"at-most-once\"/>");
  }
  if (const auto* national = own->element("national"))
    return check_national(*own, *national, diagnostics);
  const config::Values values(out_table(), *own, diagnostics);
  check_urls(values, diagnostics);
  check_parts(values, diagnostics);
  http::check_client_tls(*own, values.text("url"), diagnostics);
  // The address of a report is its authentication.
  listeners_.check_use(*own, true, diagnostics, "report-listener");
  if (listeners_.is_open(values.text("report-listener")) && values.text("report-url").empty()) {
    diagnostics.add(values.place("report-url"),
                    "a listener that is open to others may be bound to no address of its own",
                    "say how the gateway reaches it: report-url=\"http://host:port\"");
  }
}

std::unique_ptr<connector::Outbound> SmsConnector::add_national(const EndpointSpec& spec,
                                                                const config::Element& own) {
  config::Diagnostics checked;
  const config::Values values(national_table(), own, checked);
  NationalSettings settings;
  settings.url = values.text("url");
  settings.user = values.text("user");
  settings.password = context_.secrets.get(values.text("password"));
  settings.from = values.text("from");
  settings.parts_max = static_cast<std::size_t>(values.integer("parts-max"));
  settings.token_lifetime =
      std::chrono::duration_cast<std::chrono::milliseconds>(values.duration("token-lifetime"));
  settings.timeout = spec.timeout;
  return make_national(std::move(settings), client_settings(spec), context_);
}

std::unique_ptr<connector::Outbound> SmsConnector::add_outbound(const EndpointSpec& spec,
                                                                Intake& intake) {
  const config::Element* own = spec.root->element("sms");
  if (!own) throw Error(ErrorKind::config, "no-element", "endpoint " + spec.id + " has no <sms>");
  if (const auto* national = own->element("national")) return add_national(spec, *national);
  config::Diagnostics checked;
  const config::Values values(out_table(), *own, checked);
  Settings settings;
  settings.url = values.text("url");
  settings.user = values.text("user");
  settings.password = context_.secrets.get(values.text("password"));
  settings.from = values.text("from");
  settings.report_listener = values.text("report-listener");
  settings.report_path = values.text("report-path");
  settings.report_url = values.text("report-url");
  settings.report_key = context_.secrets.get(values.text("report-key"));
  settings.parts_max = static_cast<std::size_t>(values.integer("parts-max"));
  settings.timeout = spec.timeout;
  if (settings.report_key.size() < kReportKeyBytesMin) {
    throw Error(ErrorKind::config, "weak-key",
                values.text("report-key") + " is shorter than " +
                    std::to_string(kReportKeyBytesMin) + " bytes");
  }
  take_reports(settings, spec, intake);
  http::ClientSettings client = client_settings(spec);
  client.tls =
      http::client_tls(*own, settings.url, spec.id, context_, listeners_.certificates());
  return make_outbound(std::move(settings), std::move(client), context_, listeners_);
}

void SmsConnector::take_reports(const Settings& settings, const EndpointSpec& spec,
                                Intake& intake) {
  http::Handler handler;
  handler.path = settings.report_path + "/";
  handler.prefix = true;
  handler.methods = {"GET"};
  handler.body_bytes_max = 0;
  handler.answer_within = spec.timeout;
  handler.on_refused = [&intake, id = spec.id](const http::Problem& problem) {
    intake.refused(id, problem.code, problem.text);
  };
  handler.handle = [&intake, id = spec.id, key = settings.report_key, prefix = handler.path](
                       const http::Request& request, const http::Respond& respond) {
    const auto effect =
        effect_of_segment(key, std::string_view(request.path).substr(prefix.size()));
    if (!effect) {
      intake.refused(id, "bad-report", "a delivery report without its key");
      return respond(http::problem_json({404, "not-found", "there is no such report address"}));
    }
    const std::string_view state = state_of(request.query_value("state").value_or(""));
    if (state.empty()) {
      intake.refused(id, "bad-report-state", "a delivery report with a state that is none");
      return respond(http::problem_json({400, "bad-state", "that is no state of a report"}));
    }
    intake.report(*effect, std::string(state), [respond](bool taken) {
      respond(taken ? http::text_response(200, "ok\n")
                    : http::problem_json({503, "try-later", "try again later"}));
    });
  };
  listeners_.at(settings.report_listener).route(std::move(handler));
  listeners_.refusals_to(intake);
}

}  // namespace

std::unique_ptr<connector::Connector> make_sms(const connector::Context& context,
                                               http::Listeners& listeners) {
  return std::make_unique<SmsConnector>(context, listeners);
}

}  // namespace masar::sms
