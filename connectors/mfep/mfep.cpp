#include "connectors/mfep/mfep.h"

#include "connectors/http/inbound.h"
#include "connectors/mfep/answer.h"
#include "connectors/mfep/request.h"
#include "core/base/error.h"

namespace masar::mfep {

using config::Kind;
using connector::EndpointSpec;
using connector::Intake;

namespace {

constexpr const char* kContentType = "application/xml; charset=utf-8";

const config::ElementTable& in_table() {
  static const config::ElementTable table{
      "mfep",
      "Where the payment switch posts its requests.",
      {{"listener", Kind::name, true, "", "the HTTP listener, by its id in hub.xml", {}},
       {"path", Kind::text, true, "", "the path that the switch posts to, beginning with /", {}},
       {"request",
        Kind::choice,
        true,
        "",
        "the ReqTyp that it takes",
        {"BILPULRQ", "BLRPMTNTFRQ"}},
       {"reply",
        Kind::choice,
        true,
        "",
        "the ResTyp that it answers",
        {"BILPULRS", "BLRPMTNTFRS"}},
       {"profile", Kind::choice, false, "signed-xml", "the form of messages", {"signed-xml"}},
       {"sender-code", Kind::text, true, "", "the switch's code: SdrCode of its requests", {}},
       {"receiver-code", Kind::text, true, "", "our code as a biller: their RcvCode", {}},
       {"verify", Kind::secret, true, "", "the switch's public key or certificate, PEM", {}},
       {"sign", Kind::secret, true, "", "our private key, PEM", {}},
       {"checked-form",
        Kind::choice,
        false,
        "as-sent",
        "the form of MsgBody that is signed, both ways",
        {"as-sent", "unformatted", "dotnet"}},
       {"error-place",
        Kind::choice,
        false,
        "body",
        "where the error of a bill stands",
        {"body", "header"}}},
      {}};
  return table;
}

SignedForm form_of(const std::string& name) {
  if (name == "unformatted") return SignedForm::unformatted;
  return name == "dotnet" ? SignedForm::dotnet : SignedForm::as_sent;
}

/// One endpoint. Shared by its requests: the last answer may come after the connector's end.
/// Immutable; any thread.
struct Inbound {
  Inbound(const EndpointSpec& spec, Intake& the_intake, const connector::Context& context,
          Key verifying, Key signing)
      : endpoint(spec.id), partner(spec.partner), intake(the_intake), verify(std::move(verifying)),
        sign(std::move(signing)), reader({}, spec.xml), clock(context.business),
        executor(context.executor), log(context.log) {}

  std::string endpoint;
  std::string partner;
  Intake& intake;
  Key verify;
  Key sign;
  Profile profile;
  XmlReader reader;
  const BusinessClock& clock;
  Executor& executor;
  std::function<void(std::string_view, std::string_view)> log;

  /// An error as the protocol says it; as plain HTTP where even that cannot be written.
  http::Response error(int status, std::string_view code, const std::string& guid) const {
    try {
      return {status,
              {{"Content-Type", kContentType}},
              write_error(code, guid, profile, clock.now())};
    } catch (const std::exception& failure) {
      log("error", endpoint + ": an error could not be answered: " + failure.what());
      return http::problem_json({500, "internal", "the answer could not be written"});
    }
  }
  http::Response answer(const connector::IntakeAnswer& parts, const Document& request,
                        const std::string& guid) const {
    try {
      return {200,
              {{"Content-Type", kContentType}},
              write_answer(parts, request, guid, profile, clock.now())};
    } catch (const std::exception& failure) {
      // What was taken stands: the switch comes again and gets the same answer, once it can be
      // written.
      log("error", endpoint + ": a reply could not be written: " + failure.what());
      return error(200, "303", guid);
    }
  }
};

bool is_xml(const http::Request& request) {
  const auto type = request.header("content-type");
  const std::string media = http::media_type(type);
  return (media.empty() || media == "application/xml" || media == "text/xml") &&
         http::is_utf8_or_unsaid(type);
}

Opened opened_of(const Inbound& me, const http::Request& request) {
  if (!is_xml(request)) {
    Opened refused;
    refused.refusal = "mfep-content-type";
    return refused;
  }
  std::vector<std::string> guids;
  for (const auto& [name, value] : request.query) {
    if (name == "GUID") guids.push_back(value);
  }
  return open_request(request.body, guids, me.profile, me.reader);
}

void serve(const std::shared_ptr<const Inbound>& me, const http::Request& request,
           const http::Respond& respond) {
  Opened opened = opened_of(*me, request);
  if (!opened.refusal.empty()) {
    const std::string code = error_code_of(opened.refusal);
    me->intake.refused(me->endpoint, opened.refusal, "answered with " + code);
    return respond(me->error(200, code, opened.guid));
  }
  connector::Received received;
  received.endpoint = me->endpoint;
  received.sender = me->partner;
  received.message_id = opened.guid;
  received.headers = http::allowed_headers(request);
  received.body = std::move(opened.body);
  auto on_answer = [me, respond, request_document = std::move(opened.document),
                    guid = opened.guid](connector::IntakeAnswer parts) {
    // Not on the thread that answers: it may be the store's writer, and a signature takes a
    // millisecond.
    me->executor.post([me, respond, request_document, guid, parts = std::move(parts)] {
      respond(me->answer(parts, request_document, guid));
    });
  };
  me->intake.take(std::move(received), std::move(on_answer));
}

class MfepConnector final : public connector::Connector {
 public:
  MfepConnector(const connector::Context& context, http::Listeners& listeners)
      : context_(context), listeners_(listeners) {}

  std::string_view name() const override { return "mfep"; }
  void check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const override;
  void add_inbound(const EndpointSpec& spec, Intake& intake) override;
  std::unique_ptr<connector::Outbound> add_outbound(const EndpointSpec& spec, Intake&) override {
    throw Error(ErrorKind::config, "no-outbound",
                "endpoint " + spec.id + ": there is no outbound mfep");
  }

  // The listeners are the http connector's to start and stop.
  void start() override {}
  void stop_accepting() override {}
  void stop() override {}
  std::map<std::string, std::string> addresses() const override { return {}; }
  void pause(const std::string& endpoint, bool paused) override {
    const auto found = paused_.find(endpoint);
    if (found != paused_.end()) *found->second = paused;
  }

 private:
  Key key(const std::string& secret, Key (*read)(const std::string&)) const {
    const std::string pem = context_.secrets.get(secret) + "\n";
    try {
      return read(pem);
    } catch (const Error& error) {
      throw Error(ErrorKind::config, error.code(), secret + ": " + error.what());
    }
  }

  const connector::Context context_;
  http::Listeners& listeners_;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> paused_;
};

void MfepConnector::check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const {
  const config::Element* own = spec.root->element("mfep");
  if (!own) {
    return diagnostics.add(spec.root->place, "an endpoint of the connector mfep needs <mfep>");
  }
  if (!spec.inbound) {
    return diagnostics.add(own->place, "the switch calls us: there is no outbound mfep",
                           "write direction=\"in\"");
  }
  const config::Values values(in_table(), *own, diagnostics);
  const std::string& path = values.text("path");
  if (values.has("path") &&
      (!path.starts_with('/') || path.find_first_of("?# ") != std::string::npos)) {
    diagnostics.add(values.place("path"), "\"" + path + "\" is not a path",
                    "write it as /name/name");
  }
  const bool bill_asked = values.text("request") == "BILPULRQ";
  const bool bill_answered = values.text("reply") == "BILPULRS";
  if (values.has("request") && values.has("reply") && bill_asked != bill_answered) {
    diagnostics.add(values.place("reply"), "this is not the reply of " + values.text("request"),
                    bill_asked ? "write reply=\"BILPULRS\"" : "write reply=\"BLRPMTNTFRS\"");
  }
  // The signature is the sender's authentication.
  listeners_.check_use(*own, values.has("verify"), diagnostics);
}

void MfepConnector::add_inbound(const EndpointSpec& spec, Intake& intake) {
  const config::Element* own = spec.root->element("mfep");
  if (!own) throw Error(ErrorKind::config, "no-element", "endpoint " + spec.id + " has no <mfep>");
  config::Diagnostics checked;
  const config::Values values(in_table(), *own, checked);
  auto me = std::make_shared<Inbound>(spec, intake, context_,
                                      key(values.text("verify"), &Key::verifying),
                                      key(values.text("sign"), &Key::signing));
  me->profile = {values.text("request"),
                 values.text("reply"),
                 values.text("sender-code"),
                 values.text("receiver-code"),
                 values.text("error-place") == "header",
                 form_of(values.text("checked-form")),
                 context_.zone,
                 &me->verify,
                 &me->sign};
  http::Door door;
  door.endpoint = spec.id;
  door.partner = spec.partner;
  door.path = values.text("path");
  door.body_bytes_max = spec.xml.bytes_max;
  door.timeout = spec.timeout;
  door.intake = &intake;
  door.error = [me](const http::Problem& problem, std::string_view) {
    return me->error(problem.status, problem.status / 100 == 5 ? "303" : "101", {});
  };
  paused_[spec.id] = door.paused;
  http::Handler handler = door.handler();
  handler.handle = [me](const http::Request& request, const http::Respond& respond) {
    serve(me, request, respond);
  };
  listeners_.at(values.text("listener")).route(std::move(handler));
  listeners_.refusals_to(intake);
}

}  // namespace

std::unique_ptr<connector::Connector> make_mfep(const connector::Context& context,
                                                http::Listeners& listeners) {
  return std::make_unique<MfepConnector>(context, listeners);
}

}  // namespace masar::mfep
