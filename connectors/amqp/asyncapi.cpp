#include "connectors/amqp/asyncapi.h"

#include <set>

#include <boost/json.hpp>

namespace masar::amqp {
namespace {

namespace json = boost::json;
using connector::Exchange;

/// AsyncAPI 3.0: names of channels, operations, servers and messages. A name in a URI reference
/// (`$ref`) is a JSON pointer, so that nothing in it may need an escape there.
std::string key_of(std::string_view name) {
  std::string key;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    key += plain ? c : '_';
  }
  return key;
}

json::object reference(const std::string& to) { return {{"$ref", to}}; }

/// Two spaces a level; empty objects and arrays in one line. The order is that of insertion.
void write_value(const json::value& value, std::size_t depth, std::string& out);

template <typename Range, typename Each>
void write_members(const Range& range, char open, char close, std::size_t depth, std::string& out,
                   const Each& each) {
  out += open;
  bool first = true;
  for (const auto& member : range) {
    out += first ? "\n" : ",\n";
    first = false;
    out.append(2 * (depth + 1), ' ');
    each(member);
  }
  if (!first) out.append(1, '\n').append(2 * depth, ' ');
  out += close;
}

void write_value(const json::value& value, std::size_t depth, std::string& out) {
  if (const auto* object = value.if_object()) {
    return write_members(*object, '{', '}', depth, out, [&](const auto& member) {
      out += json::serialize(json::string(member.key())) + ": ";
      write_value(member.value(), depth + 1, out);
    });
  }
  if (const auto* array = value.if_array()) {
    return write_members(*array, '[', ']', depth, out, [&](const json::value& member) {
      write_value(member, depth + 1, out);
    });
  }
  out += json::serialize(value);
}

/// The document's parts as they grow.
class Writer {
 public:
  explicit Writer(const connector::GuideRequest& request) : request_(request) {}

  std::string write(const std::vector<Channel>& channels) {
    for (const Channel& channel : channels) add(channel);
    json::object document{
        {"asyncapi", "3.0.0"},
        {"info", info()},
        {"defaultContentType", "application/xml"},
        {"servers", servers_},
        {"channels", channels_},
        {"operations", operations_},
        {"components", json::object{{"messages", messages_}, {"securitySchemes", schemes_}}}};
    std::string text;
    write_value(document, 0, text);
    return text + "\n";
  }

 private:
  json::object info() const {
    return {{"title", "AMQP addresses of " + request_.hub + " for " + request_.partner},
            {"version", request_.version},
            {"description",
             "The application that this document describes is the hub: `receive` is what " +
                 request_.partner + " sends to it, `send` what " + request_.partner +
                 " gets from it. Payloads are XML documents in one data section; `x-xsd` names the "
                 "schema beside this document."}};
  }

  void add(const Channel& channel) {
    const auto& spec = *channel.endpoint->spec;
    const std::string server = server_of(channel);
    const std::string key = key_of(spec.id);
    json::object messages;
    json::array of_operation;
    for (const Exchange& exchange : channel.endpoint->exchanges) {
      if (exchange.reply) continue;
      const std::string message = message_of(spec, exchange);
      if (messages.contains(message)) continue;
      messages[message] = reference("#/components/messages/" + message);
      of_operation.push_back(reference("#/channels/" + key + "/messages/" + message));
    }
    channels_[key] = {
        {"address", channel.settings.address},
        {"title", spec.id},
        {"description", spec.inbound ? "What the hub takes" : "What the hub sends"},
        {"servers", json::array{reference("#/servers/" + server)}},
        {"messages", std::move(messages)},
        {"bindings", bindings()}};
    operations_[spec.inbound ? "receive-" + key : "send-" + key] = {
        {"action", spec.inbound ? "receive" : "send"},
        {"channel", reference("#/channels/" + key)},
        {"summary", summary(channel)},
        {"messages", std::move(of_operation)},
        {"bindings", bindings()}};
  }

  /// The binding `amqp1` has no properties (bindings/amqp1, 0.1.0): its name is reserved.
  static json::object bindings() { return {{"amqp1", json::object()}}; }

  static std::string summary(const Channel& channel) {
    const std::string partner = channel.endpoint->spec->partner;
    if (channel.connection)
      return channel.endpoint->spec->inbound ? "The hub receives from this queue"
                                             : "The hub sends to this queue";
    return channel.endpoint->spec->inbound ? partner + " opens a sender with this target address"
                                           : partner + " opens a receiver with this source address";
  }

  std::string server_of(const Channel& channel) {
    const std::string key = key_of(channel.settings.edge());
    const std::string& host = channel.connection ? channel.connection->hosts.front()
                                                 : channel.listener->told_address();
    json::object server{{"host", host},
                        {"protocol", "amqp1"},
                        {"protocolVersion", "1.0.0"},
                        {"description", channel.tls() ? "AMQP 1.0 over TLS 1.2 or 1.3, with SASL"
                                                      : "AMQP 1.0 with SASL, without TLS"}};
    const auto [scheme, object] = scheme_of(channel);
    schemes_[scheme] = object;
    const json::object wanted = reference("#/components/securitySchemes/" + scheme);
    if (json::value* known = servers_.if_contains(key)) {
      json::array& security = known->as_object()["security"].as_array();
      for (const auto& one : security) {
        if (one == wanted) return key;
      }
      security.push_back(wanted);
      return key;
    }
    server["security"] = json::array{wanted};
    servers_[key] = std::move(server);
    return key;
  }

  static std::pair<std::string, json::object> scheme_of(const Channel& channel) {
    if (channel.connection) {
      if (channel.connection->external)
        return {"certificate", {{"type", "X509"}, {"description", "SASL EXTERNAL: the hub's"}}};
      return {"password", {{"type", "plain"}, {"description", "SASL PLAIN: the hub's user"}}};
    }
    const std::string& user = channel.settings.user;
    if (channel.settings.subject.empty())
      return {"user-" + key_of(user),
              {{"type", "plain"}, {"description", "SASL PLAIN, user " + user}}};
    return {"certificate-" + key_of(user),
            {{"type", "X509"},
             {"description", "SASL EXTERNAL by the certificate of " + channel.settings.subject +
                                 ", user " + user}}};
  }

  /// Its name among the components: by direction, for what the envelope holds differs.
  std::string message_of(const connector::EndpointSpec& spec, const Exchange& exchange) {
    const std::string local = exchange.root.local.empty() ? "any" : exchange.root.local;
    const std::string key = key_of(local);
    if (messages_.contains(key)) return key;
    json::object payload{{"type", "string"}, {"contentMediaType", "application/xml"}};
    if (!exchange.root.local.empty()) {
      payload["description"] = "An XML document with the root element " + exchange.root.local +
                               (exchange.root.uri.empty() ? std::string(" of no namespace")
                                                          : " of " + exchange.root.uri);
      if (!spec.schema.empty()) {
        payload["x-xsd"] = {{"file", connector::schema_path(spec.schema)},
                            {"namespace", exchange.root.uri},
                            {"element", exchange.root.local}};
      }
    }
    json::object message{{"name", local},
                         {"title", local},
                         {"summary", (spec.inbound ? spec.partner : "The hub") + " sends it"},
                         {"description", envelope(spec, exchange)},
                         {"contentType", "application/xml"},
                         {"headers", headers(exchange)},
                         {"payload", std::move(payload)}};
    if (is_correlated(exchange))
      message["correlationId"] = {{"description", "The property correlation-id of AMQP"},
                                  {"location", "$message.header#/correlation-id"}};
    if (json::array examples = examples_of(spec, exchange); !examples.empty())
      message["examples"] = std::move(examples);
    message["bindings"] = bindings();
    messages_[key] = std::move(message);
    return key;
  }

  static bool is_correlated(const Exchange& exchange) {
    for (const auto& header : exchange.headers) {
      if (header == "correlation-id") return true;
    }
    return exchange.from_partner;
  }

  static std::string envelope(const connector::EndpointSpec& spec, const Exchange& exchange) {
    if (spec.inbound)
      return "Property message-id: yours, the same in every repetition. correlation-id: where you "
             "have one. absolute-expiry-time or the header's ttl: after it the message is refused.";
    std::string text = "Property message-id: the hub's, the same in every repetition; know it "
                       "again by that. absolute-expiry-time: where it has a deadline.";
    if (is_correlated(exchange)) text += " correlation-id: the case it belongs to.";
    return text;
  }

  /// Application properties only: those of the protocol do not belong here.
  static json::object headers(const Exchange& exchange) {
    json::object properties{
        {"traceparent",
         {{"type", "string"},
          {"description", "W3C Trace Context"},
          {"pattern", "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"}}},
        {"tracestate", {{"type", "string"}, {"description", "W3C Trace Context"}}}};
    static const std::set<std::string, std::less<>> kOwn{"correlation-id", "subject",
                                                         "content-type",   "reply-to-group",
                                                         "traceparent",    "tracestate"};
    for (const auto& name : exchange.headers) {
      if (!kOwn.contains(name) && !name.starts_with(':')) properties[name] = {{"type", "string"}};
    }
    return {{"type", "object"}, {"properties", std::move(properties)}};
  }

  json::array examples_of(const connector::EndpointSpec& spec, const Exchange& exchange) const {
    json::array examples;
    if (exchange.root.local.empty()) return examples;
    for (const auto& sample : request_.samples(spec.id, exchange.root))
      examples.push_back({{"name", sample.name}, {"payload", sample.xml}});
    return examples;
  }

  const connector::GuideRequest& request_;
  json::object servers_, channels_, operations_, messages_, schemes_;
};

}  // namespace

std::string asyncapi(const connector::GuideRequest& request, const std::vector<Channel>& channels) {
  return Writer(request).write(channels);
}

}  // namespace masar::amqp
