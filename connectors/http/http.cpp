#include "connectors/http/http.h"

#include <algorithm>
#include <map>

#include "connectors/http/client.h"
#include "connectors/http/inbound.h"
#include "connectors/http/query_door.h"
#include "core/base/error.h"
#include "core/message/xml_writer.h"

namespace masar::http {

using config::Kind;
using connector::Attempt;
using connector::EndpointSpec;
using connector::Intake;
using connector::IntakeAnswer;
using connector::Outbound;
using connector::Outcome;
using connector::OutcomeKind;
using connector::PartAnswer;

namespace {

const config::ElementTable& in_table() {
  static const config::ElementTable table = [] {
    config::ElementTable made{"http", "Where a partner posts XML to the hub.", door_fields(), {}};
    made.fields.push_back(
        {"method",
                           Kind::choice,
                           false,
                           "POST",
                           "the method that is taken; GET asks a query",
                           {"POST", "PUT", "GET"}});
    made.fields.push_back({"content-type",
                           Kind::text,
                           false,
                           "",
                           "the only media type taken; without it application/xml and text/xml",
                           {}});
    return made;
  }();
  return table;
}

const config::ElementTable& out_table() {
  static const config::ElementTable table{
      "http",
      "Where the hub posts XML to a partner.",
      {{"url", Kind::url, true, "", "where to; an operation that begins with / is appended", {}},
       {"method", Kind::choice, false, "POST", "the method", {"POST", "PUT"}},
       {"user", Kind::text, false, "", "our user for HTTP Basic", {}},
       {"password", Kind::secret, false, "", "our password for HTTP Basic", {}},
       {"content-type", Kind::text, false, "application/xml", "the media type of what is sent", {}},
       {"proxy", Kind::address, false, "", "host:port of a proxy", {}},
       {"reply-bytes", Kind::bytes, false, "1048576", "limit of a reply, in bytes", {}}},
      {"status"}};
  return table;
}

const config::ElementTable& status_table() {
  static const config::ElementTable table{
      "status",
      "What a status of this partner means.",
      {{"code", Kind::integer, true, "", "the HTTP status, 200 to 599", {}},
       {"means",
        Kind::choice,
        true,
        "",
        "how the attempt ended",
        {"delivered", "rejected", "unavailable", "unknown"}}},
      {}};
  return table;
}

OutcomeKind outcome_named(const std::string& name) {
  if (name == "delivered") return OutcomeKind::delivered;
  if (name == "rejected") return OutcomeKind::rejected;
  if (name == "unavailable") return OutcomeKind::unavailable;
  return OutcomeKind::unknown;
}

/// `<http>` of an endpoint. Throws where check() would have complained.
const config::Element& own_element(const EndpointSpec& spec) {
  const config::Element* own = spec.root->element("http");
  if (!own) throw Error(ErrorKind::config, "no-element", "endpoint " + spec.id + " has no <http>");
  return *own;
}

Response answer_of(const Door& door, const IntakeAnswer& parts) {
  const PartAnswer answer = whole(parts);
  switch (answer.kind) {
    case PartAnswer::Kind::accepted: return {202, {}, {}};
    case PartAnswer::Kind::replied:
      return {
          200, {{"Content-Type", "application/xml; charset=utf-8"}}, write_xml(*answer.document)};
    case PartAnswer::Kind::refused:
      return door.answer(
          {answer.code.starts_with("duplicate") ? 409 : 400, answer.code, answer.text});
    case PartAnswer::Kind::retry_later: break;
  }
  return door.answer({503, answer.code.empty() ? "retry-later" : answer.code, answer.text});
}

void take(const Door& door, const std::string& wanted_type, Request request,
          const Respond& respond) {
  const std::string type = media_type(request.header("content-type"));
  const bool fits =
      wanted_type.empty() ? type == "application/xml" || type == "text/xml" : type == wanted_type;
  if (!fits || !is_utf8_or_unsaid(request.header("content-type"))) {
    door.intake->refused(door.endpoint, "content-type",
                         "the Content-Type is not the one that is taken");
    return respond(door.answer({415, "content-type", "send XML in UTF-8 with its Content-Type"}));
  }
  connector::Received received;
  received.endpoint = door.endpoint;
  received.sender = door.partner;
  received.headers = allowed_headers(request);
  received.message_id = std::string(request.header("message-id"));
  received.body = std::move(request.body);
  door.intake->take(std::move(received), [door, respond](const IntakeAnswer& parts) {
    try {
      respond(answer_of(door, parts));
    } catch (const std::exception&) {
      // The reply cannot be written; its message stands. The caller repeats and the cause is in the
      // journal.
      respond(door.answer({500, "reply-unwritable", "the reply cannot be written"}));
    }
  });
}

class HttpOutbound final : public Outbound {
 public:
  HttpOutbound(const config::Values& values, const config::Element& own, const EndpointSpec& spec,
               const connector::Context& context)
      : url_(values.text("url")),
        method_(values.text("method")),
        type_(values.text("content-type")),
        timeout_(spec.timeout),
        client_(settings_of(values, spec)) {
    if (values.has("user")) {
      authorization_ =
          basic_authorization(values.text("user"), context.secrets.get(values.text("password")));
    }
    config::Diagnostics checked;
    for (const config::Element* one : own.elements("status")) {
      const config::Values status(status_table(), *one, checked);
      meanings_[static_cast<int>(status.integer("code"))] = outcome_named(status.text("means"));
    }
  }

  void send(Attempt attempt, Done done) override {
    Call call;
    call.method = method_;
    call.url = attempt.operation.starts_with("/") ? url_ + attempt.operation : url_;
    call.headers = partner_headers(attempt);
    call.headers.emplace_back("Content-Type", type_);
    call.headers.emplace_back("Idempotency-Key", attempt.effect_id);
    if (!authorization_.empty()) call.headers.emplace_back("Authorization", authorization_);
    call.body = std::move(attempt.body);
    client_.call(std::move(call), timeout_, [this, done = std::move(done)](CallResult result) {
      done(outcome_of(std::move(result)));
    });
  }

 private:
  static ClientSettings settings_of(const config::Values& values, const EndpointSpec& spec) {
    ClientSettings settings;
    settings.threads = spec.concurrency;
    settings.reuse = spec.idempotent;
    settings.reply_bytes_max = static_cast<std::size_t>(values.integer("reply-bytes"));
    settings.proxy = values.text("proxy");
    return settings;
  }

  Outcome outcome_of(CallResult result) const {
    Outcome outcome;
    outcome.body = std::move(result.body);
    if (result.kind != CallResult::Kind::replied) {
      const bool not_sent = result.kind == CallResult::Kind::not_sent;
      outcome.kind = not_sent ? OutcomeKind::unavailable : OutcomeKind::unknown;
      outcome.code = result.code;
      outcome.text = result.text;
      return outcome;
    }
    outcome.code = std::to_string(result.status);
    outcome.text = "the partner answered " + outcome.code;
    outcome.retry_after = result.retry_after();
    const auto declared = meanings_.find(result.status);
    if (declared != meanings_.end()) {
      outcome.kind = declared->second;
    } else if (result.status / 100 == 2) {
      outcome.kind = OutcomeKind::delivered;
    } else if (result.status == 429 || result.status == 503) {
      outcome.kind = OutcomeKind::unavailable;
    }
    return outcome;
  }

  const std::string url_;
  const std::string method_;
  const std::string type_;
  const std::chrono::milliseconds timeout_;
  std::string authorization_;
  std::map<int, OutcomeKind> meanings_;
  Client client_;  // last: its threads use what stands above
};

class HttpConnector final : public connector::Connector {
 public:
  HttpConnector(const connector::Context& context, Listeners& listeners)
      : context_(context), listeners_(listeners) {}

  std::string_view name() const override { return "http"; }

  void check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const override {
    const config::Element* own = spec.root->element("http");
    if (!own)
      return diagnostics.add(spec.root->place, "an endpoint of the connector http needs <http>");
    if (spec.inbound) return check_inbound(spec, *own, diagnostics);
    const config::Values values(out_table(), *own, diagnostics);
    if (values.has("url") && !values.text("url").empty() && !is_callable_url(values.text("url"))) {
      diagnostics.add(values.place("url"), "the URL cannot be called",
                      "write http://host:port/path");
    }
    if (values.has("user") != values.has("password")) {
      diagnostics.add(own->place, "user and password belong together");
    }
    for (const config::Element* one : own->elements("status")) {
      const config::Values status(status_table(), *one, diagnostics);
      if (status.has("code") && (status.integer("code") < 200 || status.integer("code") > 599)) {
        diagnostics.add(status.place("code"), "there is no such status of a reply",
                        "write 200 to 599");
      }
    }
  }

  void check_listener(const config::Element& listener,
                      config::Diagnostics& diagnostics) const override {
    listeners_.check(listener, diagnostics);
  }
  void add_listener(const config::Element& listener) override { listeners_.add(listener); }

  void add_inbound(const EndpointSpec& spec, Intake& intake) override {
    config::Diagnostics checked;
    const config::Element& own = own_element(spec);
    const bool query = is_query(own);
    const config::Values values(query ? query_table() : in_table(), own, checked);
    Door door;
    door.endpoint = spec.id;
    door.partner = spec.partner;
    door.path = values.text("path");
    door.method = values.text("method");
    door.user = values.text("user");
    if (!door.user.empty()) door.password = context_.secrets.get(values.text("password"));
    door.body_bytes_max = spec.xml.bytes_max;
    door.timeout = spec.timeout;
    door.intake = &intake;
    paused_[spec.id] = door.paused;
    Server& server = listeners_.at(values.text("listener"));
    listeners_.refusals_to(intake);
    if (query) {
      const auto asked = std::make_shared<QueryDoor>(
          std::move(door), read_query(values, own, checked), context_.steady);
      return server.route(asked->handler());
    }
    Handler handler = door.handler();
    handler.handle = [door, type = media_type(values.text("content-type"))](
                         Request request, const Respond& respond) {
      take(door, type, std::move(request), respond);
    };
    server.route(std::move(handler));
  }

  std::unique_ptr<Outbound> add_outbound(const EndpointSpec& spec, Intake&) override {
    config::Diagnostics checked;
    const config::Values values(out_table(), own_element(spec), checked);
    return std::make_unique<HttpOutbound>(values, own_element(spec), spec, context_);
  }

  void start() override { listeners_.start(); }
  void pause(const std::string& endpoint, bool paused) override {
    const auto found = paused_.find(endpoint);
    if (found != paused_.end()) *found->second = paused;
  }
  void stop_accepting() override { listeners_.stop_accepting(); }
  void stop() override { listeners_.stop(); }
  std::map<std::string, std::string> addresses() const override { return listeners_.addresses(); }

 private:
  void check_inbound(const EndpointSpec& spec, const config::Element& own,
                     config::Diagnostics& diagnostics) const {
    const bool query = is_query(own);
    const config::Values values(query ? query_table() : in_table(), own, diagnostics);
    if (query) (void)read_query(values, own, diagnostics);
    if (query && !spec.queries) {
      diagnostics.add(values.place("method"), "a GET changes nothing: its routes are queries",
                      "write a route with mode=\"query\", or method=\"POST\"");
    }
    check_door(values, diagnostics);
    listeners_.check_use(own, values.has("user"), diagnostics);
  }

  const connector::Context context_;
  Listeners& listeners_;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> paused_;
};

}  // namespace

std::unique_ptr<connector::Connector> make_http(const connector::Context& context,
                                                Listeners& listeners) {
  return std::make_unique<HttpConnector>(context, listeners);
}

}  // namespace masar::http
