#include "connectors/mfep/mfep.h"

#include "connectors/http/inbound.h"
#include "connectors/mfep/answer.h"
#include "connectors/mfep/guide.h"
#include "connectors/mfep/request.h"
#include "core/base/error.h"
#include "core/connector/trace.h"

namespace masar::mfep {

using config::Kind;
using connector::EndpointSpec;
using connector::Intake;

namespace {

const config::ElementTable& in_table() {
  static const config::ElementTable table = [] {
    config::ElementTable made{
        "mfep", "Where the payment switch posts its requests.", http::door_fields(), {}};
    const std::vector<config::Field> own{
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
        {"profile",
         Kind::choice,
         false,
         "signed-xml",
         "the form of messages: XML with signatures, or JSON with HTTP Basic",
         {"signed-xml", "json"}},
        {"sender-code", Kind::text, true, "", "the switch's code: SdrCode of its requests", {}},
        {"receiver-code", Kind::text, true, "", "our code as a biller: their RcvCode", {}},
        {"verify", Kind::secret, false, "", "the switch's public keys or certificates, PEM", {}},
        {"sign", Kind::secret, false, "", "our private key, PEM", {}},
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
         "where the error of a bill or of payments stands",
         {"body", "header"}}};
    made.fields.insert(made.fields.end(), own.begin(), own.end());
    return made;
  }();
  return table;
}

SignedForm form_of(const std::string& name) {
  if (name == "unformatted") return SignedForm::unformatted;
  return name == "dotnet" ? SignedForm::dotnet : SignedForm::as_sent;
}

bool is_json(const config::Values& values) { return values.text("profile") == "json"; }

/// What authenticates a request, and nothing that would look as if it did: keys with signatures,
/// user and password with JSON.
void check_authentication(const config::Values& values, const config::Element& own,
                          config::Diagnostics& diagnostics) {
  const std::string profile = is_json(values) ? "json" : "signed-xml";
  const std::vector<const char*> keys{"verify", "sign"}, login{"user", "password"};
  for (const char* name : is_json(values) ? login : keys) {
    if (values.has(name)) continue;
    diagnostics.add(own.place, "<mfep> needs the attribute \"" + std::string(name) +
                                   "\" with profile=\"" + profile + "\"");
  }
  if (!is_json(values)) return;
  for (const char* name : {"verify", "sign", "checked-form"}) {
    if (!values.has(name)) continue;
    diagnostics.add(values.place(name), "nothing is signed with profile=\"json\"",
                    "take " + std::string(name) + " away");
  }
}

/// One endpoint. Shared by its requests: the last answer may come after the connector's end.
/// Immutable; any thread.
struct Inbound {
  Inbound(const EndpointSpec& spec, Intake& the_intake, const connector::Context& context,
          Profile spoken)
      : endpoint(spec.id), partner(spec.partner), intake(the_intake), profile(std::move(spoken)),
        reader(context.prefixes, spec.xml), clock(context.business), executor(context.executor),
        log(context.log) {}

  std::string endpoint;
  std::string partner;
  Intake& intake;
  Profile profile;
  XmlReader reader;
  const BusinessClock& clock;
  Executor& executor;
  Log log;

  /// An error as the protocol says it; as plain HTTP where even that cannot be written. `about`:
  /// the request's headers, with its trace.
  http::Response error(int status, std::string_view code, const std::string& guid,
                       const connector::Headers& about = {}) const {
    try {
      return written(status, write_error(code, guid, profile, clock.now()));
    } catch (const std::exception& failure) {
      say("an error could not be answered", failure, guid, about);
      return http::problem_json({500, "internal", "the answer could not be written"});
    }
  }
  http::Response answer(const connector::IntakeAnswer& parts, const Opened& request,
                        const connector::Headers& about) const {
    try {
      return written(200, write_answer(parts, request, profile, clock.now()));
    } catch (const std::exception& failure) {
      // What was taken stands: the switch comes again and gets the same answer, once it can be
      // written.
      say("a reply could not be written", failure, request.guid, about);
      return error(200, "303", request.guid, about);
    }
  }

 private:
  void say(const char* what, const std::exception& failure, const std::string& guid,
           const connector::Headers& about) const {
    log("error", endpoint + ": " + what + ": " + failure.what(),
        {connector::trace_id(about), {}, {}, guid});
  }
  http::Response written(int status, std::string body) const {
    const std::string media = profile.json ? "application/json" : "application/xml";
    return {status, {{"Content-Type", media + "; charset=utf-8"}}, std::move(body)};
  }
};

bool is_of_profile(const http::Request& request, const Profile& profile) {
  const auto type = request.header("content-type");
  const std::string media = http::media_type(type);
  const bool fits = profile.json ? media == "application/json"
                                 : media == "application/xml" || media == "text/xml";
  return (media.empty() || fits) && http::is_utf8_or_unsaid(type);
}

Opened opened_of(const Inbound& me, const http::Request& request) {
  if (!is_of_profile(request, me.profile)) {
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
  const auto opened = std::make_shared<Opened>(opened_of(*me, request));
  if (!opened->refusal.empty()) {
    const std::string code = error_code_of(opened->refusal);
    me->intake.refused(me->endpoint, opened->refusal, "answered with " + code);
    return respond(me->error(200, code, opened->guid, http::allowed_headers(request)));
  }
  connector::Received received;
  received.endpoint = me->endpoint;
  received.sender = me->partner;
  received.message_id = opened->guid;
  received.headers = http::allowed_headers(request);
  received.body = std::move(opened->body);
  received.document = opened->document;
  connector::Headers trace = connector::trace_of(received.headers);
  me->intake.take(std::move(received), [me, respond, opened, trace = std::move(trace)](
                                           connector::IntakeAnswer parts) mutable {
    // Not on the thread that answers: it may be the store's writer, and a signature takes a
    // millisecond.
    me->executor.post([me, respond, opened, trace = std::move(trace), parts = std::move(parts)] {
      respond(me->answer(parts, *opened, trace));
    });
  });
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
  connector::Guide guide(const connector::GuideRequest& request) const override {
    return mfep::guide(request, listeners_);
  }
  void pause(const std::string& endpoint, bool paused) override {
    const auto found = paused_.find(endpoint);
    if (found != paused_.end()) *found->second = paused;
  }

 private:
  std::shared_ptr<LiveKey> key(const std::string& secret, Key (*read)(const std::string&)) const {
    // The secret's last newline was taken away.
    return std::make_shared<LiveKey>(
        context_.secrets, secret, context_.steady, context_.log,
        [read](const std::string& pem) { return read(pem + "\n"); });
  }
  Profile profile_of(const config::Values& values) const;

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
  http::check_door(values, diagnostics);
  const bool bill_asked = values.text("request") == "BILPULRQ";
  const bool bill_answered = values.text("reply") == "BILPULRS";
  if (values.has("request") && values.has("reply") && bill_asked != bill_answered) {
    diagnostics.add(values.place("reply"), "this is not the reply of " + values.text("request"),
                    bill_asked ? "write reply=\"BILPULRS\"" : "write reply=\"BLRPMTNTFRS\"");
  }
  check_authentication(values, *own, diagnostics);
  listeners_.check_use(*own, values.has(is_json(values) ? "user" : "verify"), diagnostics);
}

Profile MfepConnector::profile_of(const config::Values& values) const {
  Profile profile;
  profile.request = values.text("request");
  profile.reply = values.text("reply");
  profile.partner_code = values.text("sender-code");
  profile.our_code = values.text("receiver-code");
  profile.json = is_json(values);
  profile.error_in_header = values.text("error-place") == "header";
  profile.form = form_of(values.text("checked-form"));
  profile.zone = context_.zone;
  if (!profile.json) {
    profile.verify = key(values.text("verify"), &Key::verifying);
    profile.sign = key(values.text("sign"), &Key::signing);
  }
  return profile;
}

void MfepConnector::add_inbound(const EndpointSpec& spec, Intake& intake) {
  const config::Element* own = spec.root->element("mfep");
  if (!own) throw Error(ErrorKind::config, "no-element", "endpoint " + spec.id + " has no <mfep>");
  config::Diagnostics checked;
  const config::Values values(in_table(), *own, checked);
  const auto me = std::make_shared<const Inbound>(spec, intake, context_, profile_of(values));
  http::Door door = http::door_of(values, spec, context_, intake);
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
