#include "connectors/http/http.h"

#include <algorithm>
#include <map>

#include "connectors/http/guide.h"
#include "connectors/http/inbound.h"
#include "connectors/http/outbound.h"
#include "connectors/http/payload.h"
#include "connectors/http/query_door.h"
#include "core/base/error.h"

namespace masar::http {

using config::Kind;
using connector::EndpointSpec;
using connector::Intake;
using connector::IntakeAnswer;
using connector::Outbound;
using connector::PartAnswer;

namespace {

const config::ElementTable& in_table() {
  static const config::ElementTable table = [] {
    config::ElementTable made{"http", "Where a partner posts to the hub.", door_fields(), {}};
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
                           "the only media type taken; without it the payload's usual ones",
                           {}});
    for (auto& field : payload_fields()) made.fields.push_back(std::move(field));
    return made;
  }();
  return table;
}

/// `<http>` of an endpoint. Throws where check() would have complained.
const config::Element& own_element(const EndpointSpec& spec) {
  const config::Element* own = spec.root->element("http");
  if (!own) throw Error(ErrorKind::config, "no-element", "endpoint " + spec.id + " has no <http>");
  return *own;
}

Response answer_of(const Door& door, const Payload& payload, const IntakeAnswer& parts) {
  const PartAnswer answer = whole(parts);
  switch (answer.kind) {
    case PartAnswer::Kind::accepted: return {202, {}, {}};
    case PartAnswer::Kind::replied:
      return {200, {{"Content-Type", payload.content_type()}}, payload.body_of(*answer.document)};
    case PartAnswer::Kind::refused:
      return door.answer(
          {answer.code.starts_with("duplicate") ? 409 : 400, answer.code, answer.text});
    case PartAnswer::Kind::retry_later: break;
  }
  return door.answer({503, answer.code.empty() ? "retry-later" : answer.code, answer.text});
}

/// The XML of the body. No value: it was refused, and `respond` has been called.
std::optional<std::string> read_body(const Door& door, const Payload& payload, Request& request,
                                     const Respond& respond) {
  const auto refuse = [&](int status, const std::string& code, const std::string& why,
                          const std::string& text) {
    door.intake->refused(door.endpoint, code, why);
    respond(door.answer({status, code, text}));
    return std::nullopt;
  };
  if (!payload.takes(request.header("content-type")))
    return refuse(415, "content-type", "the Content-Type is not the one that is taken",
                  "send " + std::string(payload.name()) + " in UTF-8 with its Content-Type");
  try {
    return payload.xml_of(std::move(request.body));
  } catch (const Error& error) {
    return refuse(400, error.code(), error.what(), error.what());
  }
}

void take(const Door& door, const Payload& payload, Request request, const Respond& respond) {
  auto body = read_body(door, payload, request, respond);
  if (!body) return;
  connector::Received received = door.message(request);
  received.message_id = std::string(request.header("message-id"));
  received.body = std::move(*body);
  door.intake->take(std::move(received), [door, payload, respond](const IntakeAnswer& parts) {
    try {
      respond(answer_of(door, payload, parts));
    } catch (const std::exception&) {
      // The reply cannot be written; its message stands. The caller repeats and the cause is in the
      // journal.
      respond(door.answer({500, "reply-unwritable", "the reply cannot be written"}));
    }
  });
}

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
    check_outbound(*own, diagnostics);
  }

  void check_listener(const config::Element& listener,
                      config::Diagnostics& diagnostics) const override {
    listeners_.check(listener, diagnostics);
  }
  void add_listener(const config::Element& listener) override {
    listeners_.add(listener, context_);
  }

  void add_inbound(const EndpointSpec& spec, Intake& intake) override {
    config::Diagnostics checked;
    const config::Element& own = own_element(spec);
    const bool query = is_query(own);
    const config::Values values(query ? query_table() : in_table(), own, checked);
    Door door = door_of(values, spec, context_, intake);
    door.method = values.text("method");
    paused_[spec.id] = door.paused;
    Server& server = listeners_.at(values.text("listener"));
    listeners_.refusals_to(intake);
    if (query) {
      const auto asked = std::make_shared<QueryDoor>(
          std::move(door), read_query(values, own, checked), context_.steady);
      return server.route(asked->handler());
    }
    Handler handler = door.handler();
    handler.handle = [door, payload = Payload(values, spec.xml, context_.prefixes)](
                         Request request, const Respond& respond) {
      take(door, payload, std::move(request), respond);
    };
    server.route(std::move(handler));
  }

  std::unique_ptr<Outbound> add_outbound(const EndpointSpec& spec, Intake&) override {
    return make_outbound(own_element(spec), spec, context_, listeners_.certificates());
  }

  void start() override { listeners_.start(); }
  void pause(const std::string& endpoint, bool paused) override {
    const auto found = paused_.find(endpoint);
    if (found != paused_.end()) *found->second = paused;
  }
  void stop_accepting() override { listeners_.stop_accepting(); }
  void stop() override { listeners_.stop(); }
  std::map<std::string, std::string> addresses() const override { return listeners_.addresses(); }
  connector::Guide guide(const connector::GuideRequest& request) const override {
    return http::guide(request, context_.prefixes, listeners_);
  }

 private:
  void check_inbound(const EndpointSpec& spec, const config::Element& own,
                     config::Diagnostics& diagnostics) const {
    const bool query = is_query(own);
    const config::Values values(query ? query_table() : in_table(), own, diagnostics);
    if (query) {
      (void)read_query(values, own, diagnostics);
    } else {
      check_payload(values, diagnostics);
    }
    if (query && !spec.queries) {
      diagnostics.add(values.place("method"), "a GET changes nothing: its routes are queries",
                      "write a route with mode=\"query\", or method=\"POST\"");
    }
    check_door(values, diagnostics);
    listeners_.check_use(own, has_login(values), diagnostics);
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
