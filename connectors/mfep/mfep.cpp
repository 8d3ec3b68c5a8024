#include "connectors/mfep/mfep.h"

#include <vector>

#include "connectors/http/inbound.h"
#include "connectors/mfep/exchange.h"
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
       {"request", Kind::choice, true, "", "the ReqTyp that it takes", {"BILPULRQ", "BLRPMTNTFRQ"}},
       {"reply", Kind::choice, true, "", "the ResTyp that it answers", {"BILPULRS", "BLRPMTNTFRS"}},
       {"profile", Kind::choice, false, "signed-xml", "the form", {"signed-xml"}},
       {"sender-code", Kind::text, true, "", "the switch's code", {}},
       {"receiver-code", Kind::text, true, "", "our code as a biller", {}},
       {"verify", Kind::secret, true, "", "the switch's public key or certificate, PEM", {}},
       {"sign", Kind::secret, true, "", "our private key, PEM", {}},
       {"checked-form", Kind::choice, false, "as-sent", "the bytes that the signature is over", {"as-sent"}},
       {"error-place", Kind::choice, false, "body", "where the error of a bill stands", {"body", "header"}}},
      {}};
  return table;
}

/// One endpoint: shared by its requests, which may outlive the connector's stop.
struct Inbound {
  http::Door door;
  Profile profile;
  std::vector<Key> keys;   ///< verify, sign
  XmlReader reader;
  const BusinessClock* clock = nullptr;

  http::Response xml(int status, std::string body) const { return {status, {{"Content-Type", kContentType}}, std::move(body)}; }
  http::Response error(const MfepError& error, const std::string& guid) const {
    return xml(200, write_error(error, guid, profile, clock->now()));
  }
};

void serve(const std::shared_ptr<Inbound>& me, const http::Request& request, const http::Respond& respond) {
  Opened opened;
  try {
    opened = open_request(request.body, request.query_value("GUID"), me->profile, me->reader);
  } catch (const MfepError& error) {
    me->door.intake->refused(me->door.endpoint, error.text, "refused with " + error.code);
    return respond(me->error(error, request.query_value("GUID").value_or("")));
  }
  connector::Received received;
  received.endpoint = me->door.endpoint;
  received.sender = me->door.partner;
  received.message_id = opened.guid;
  received.headers = http::allowed_headers(request);
  received.body = opened.body;
  me->door.intake->take(std::move(received), [me, respond, document = opened.document,
                                              guid = opened.guid](const connector::IntakeAnswer& parts) {
    try {
      respond(me->xml(200, write_answer(parts, document, guid, me->profile, me->clock->now())));
    } catch (const Error&) {
      // The reply cannot be written; its message stands, and the switch repeats.
      respond(me->error({"303", {}}, guid));
    }
  });
}

class MfepConnector final : public connector::Connector {
 public:
  MfepConnector(const connector::Context& context, http::Listeners& listeners)
      : context_(context), listeners_(listeners) {}

  std::string_view name() const override { return "mfep"; }

  void check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const override {
    const config::Element* own = spec.root->element("mfep");
    if (!own) return diagnostics.add(spec.root->place, "an endpoint of the connector mfep needs <mfep>");
    if (!spec.inbound) {
      return diagnostics.add(own->place, "the switch calls us: there is no outbound mfep", "write direction=\"in\"");
    }
    const config::Values values(in_table(), *own, diagnostics);
    const std::string& path = values.text("path");
    if (values.has("path") && !path.starts_with('/')) {
      diagnostics.add(values.place("path"), "\"" + path + "\" is not a path", "write it as /name/name");
    }
    const bool pair = (values.text("request") == "BILPULRQ") == (values.text("reply") == "BILPULRS");
    if (values.has("request") && values.has("reply") && !pair) {
      diagnostics.add(values.place("reply"), "this is not the reply of " + values.text("request"), "");
    }
    // The signature is the sender's authentication.
    listeners_.check_use(*own, values.has("verify"), diagnostics);
  }

  void add_inbound(const EndpointSpec& spec, Intake& intake) override {
    config::Diagnostics checked;
    const config::Values values(in_table(), *spec.root->element("mfep"), checked);
    auto me = std::make_shared<Inbound>(Inbound{{}, {}, {}, XmlReader({}, limits(spec)), &context_.business});
    me->keys.push_back(key(values.text("verify"), true));
    me->keys.push_back(key(values.text("sign"), false));
    me->profile = {values.text("request"), values.text("reply"), values.text("receiver-code"),
                   values.text("error-place") == "header", context_.zone, &me->keys[0], &me->keys[1]};
    me->door.endpoint = spec.id;
    me->door.partner = spec.partner;
    me->door.path = values.text("path");
    me->door.body_bytes_max = spec.body_bytes_max;
    me->door.timeout = spec.timeout;
    me->door.intake = &intake;
    paused_[spec.id] = me->door.paused;
    http::Handler handler = me->door.handler();
    handler.handle = [me](const http::Request& request, const http::Respond& respond) { serve(me, request, respond); };
    listeners_.at(values.text("listener")).route(std::move(handler));
    listeners_.refusals_to(intake);
  }

  std::unique_ptr<connector::Outbound> add_outbound(const EndpointSpec& spec, Intake&) override {
    throw Error(ErrorKind::config, "no-outbound", "endpoint " + spec.id + ": there is no outbound mfep");
  }

  void start() override {}
  void stop_accepting() override {}
  void stop() override {}
  std::map<std::string, std::string> addresses() const override { return {}; }
  void pause(const std::string& endpoint, bool paused) override {
    const auto found = paused_.find(endpoint);
    if (found != paused_.end()) *found->second = paused;
  }

 private:
  static XmlLimits limits(const EndpointSpec& spec) {
    XmlLimits limits;
    limits.bytes_max = spec.body_bytes_max;
    return limits;
  }
  Key key(const std::string& secret, bool verifying) const {
    const std::string pem = context_.secrets.get(secret) + "\n";
    try {
      return verifying ? Key::verifying(pem) : Key::signing(pem);
    } catch (const Error& error) {
      throw Error(ErrorKind::config, error.code(), secret + ": " + error.what());
    }
  }

  const connector::Context context_;
  http::Listeners& listeners_;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> paused_;
};

}  // namespace

std::unique_ptr<connector::Connector> make_mfep(const connector::Context& context, http::Listeners& listeners) {
  return std::make_unique<MfepConnector>(context, listeners);
}

}  // namespace masar::mfep
