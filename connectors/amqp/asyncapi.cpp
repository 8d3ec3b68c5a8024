#include "connectors/amqp/asyncapi.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json.hpp>

#include "core/base/hash.h"

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

/// Of what tells two things apart whose readable names cannot.
std::string mark_of(const std::string& text) { return "-" + sha256_hex(text).substr(0, 16); }

/// A thing that needs a key: its names, from the most readable one to one that nothing else has.
/// What is the same may share a key.
struct Named {
  std::vector<std::string> names;
  std::string is;
  std::size_t level = 0;
  const std::string& key() const { return names[level]; }
};

/// Where different things have one key all of them go on to their next names, so that no key
/// depends on the order.
template <typename Things>
void tell_apart(Things& things) {
  for (bool again = true; again;) {
    again = false;
    std::map<std::string, std::set<std::string_view>> by_key;
    for (const Named& one : things) by_key[one.key()].insert(one.is);
    for (Named& one : things) {
      if (by_key[one.key()].size() == 1 || one.level + 1 == one.names.size()) continue;
      ++one.level;
      again = true;
    }
  }
}

void add_once(json::object& object, std::string_view name, const json::value& value) {
  json::array& all = object.emplace(name, json::array()).first->value().as_array();
  if (std::find(all.begin(), all.end(), value) == all.end()) all.push_back(value);
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
    for (const Channel& channel : channels) {
      add_servers(channel);
      add_messages(channel);
    }
    tell_apart(named_servers_);
    tell_apart(named_messages_);
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
    const std::string key = key_of(spec.id);
    json::array servers;
    for (const Server& server : named_servers_) {
      if (server.channel != &channel) continue;
      write(server);
      servers.push_back(reference("#/servers/" + server.key()));
    }
    json::object messages;
    json::array of_operation;
    for (const Message& message : named_messages_) {
      if (message.channel != &channel) continue;
      write(message);
      messages[message.key()] = reference("#/components/messages/" + message.key());
      of_operation.push_back(reference("#/channels/" + key + "/messages/" + message.key()));
    }
    channels_[key] = {
        {"address", channel.settings.address},
        {"title", spec.id},
        {"description", spec.inbound ? "What the hub takes" : "What the hub sends"},
        {"servers", std::move(servers)},
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

  struct Server : Named {
    const Channel* channel = nullptr;
    json::object object;
  };

  /// A connection's hosts are several servers of one channel: each has the queue.
  void add_servers(const Channel& channel) {
    const std::vector<std::string> hosts = channel.connection
                                               ? channel.connection->hosts
                                               : std::vector{channel.listener->told_address()};
    std::string about = channel.tls() ? "AMQP 1.0 over TLS 1.2 or 1.3, with SASL"
                                      : "AMQP 1.0 with SASL, without TLS";
    if (hosts.size() > 1) about += "; one of the hosts that the hub tries one after the other";
    for (std::size_t at = 0; at < hosts.size(); ++at) {
      const std::string number = at == 0 ? "" : "-" + std::to_string(at + 1);
      const std::string key = key_of(channel.settings.edge()) + number;
      Server server;
      server.channel = &channel;
      server.is = (channel.connection ? "connection " : "listener ") + channel.settings.edge() +
                  " " + std::to_string(at);
      server.names = {key, key + mark_of(server.is)};
      server.object = {{"host", hosts[at]},
                       {"protocol", "amqp1"},
                       {"protocolVersion", "1.0.0"},
                       {"description", about}};
      named_servers_.push_back(std::move(server));
    }
  }

  /// Endpoints of one edge share its servers, each with a login of its own.
  void write(const Server& server) {
    const auto [scheme, object] = scheme_of(*server.channel);
    schemes_[scheme] = object;
    json::value& written = servers_.emplace(server.key(), server.object).first->value();
    add_once(written.as_object(), "security",
             reference("#/components/securitySchemes/" + scheme));
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

  struct Message : Named {
    const Channel* channel = nullptr;
    json::object object;
    json::array examples;
  };

  void add_messages(const Channel& channel) {
    const auto& spec = *channel.endpoint->spec;
    std::vector<Exchange> exchanges;
    for (const Exchange& exchange : channel.endpoint->exchanges) {
      if (exchange.reply) continue;
      const auto same = std::find_if(exchanges.begin(), exchanges.end(), [&](const Exchange& one) {
        return one.root == exchange.root;
      });
      if (same == exchanges.end()) {
        exchanges.push_back(exchange);
      } else {
        same->join(exchange);  // of another operation, which AMQP knows nothing of
      }
    }
    for (const Exchange& exchange : exchanges) {
      Message message;
      message.channel = &channel;
      message.object = message_of(spec, exchange);
      message.is = json::serialize(message.object);
      message.examples = examples_of(spec, exchange);
      const std::string local = local_of(exchange);
      const std::string type = exchange.type.empty() ? local : exchange.type;
      const std::string full = key_of(type + "." + spec.id);
      message.names = {key_of(local), full,
                       full + mark_of(exchange.root.uri + " " + exchange.root.local)};
      named_messages_.push_back(std::move(message));
    }
  }

  /// Endpoints that share a message share its examples.
  void write(const Message& message) {
    json::value& written = messages_.emplace(message.key(), message.object).first->value();
    for (const auto& example : message.examples)
      add_once(written.as_object(), "examples", example);
  }

  static std::string local_of(const Exchange& exchange) {
    return exchange.root.local.empty() ? "any" : exchange.root.local;
  }

  json::object message_of(const connector::EndpointSpec& spec, const Exchange& exchange) const {
    const std::string local = local_of(exchange);
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
    if (spec.inbound || !correlation_from(exchange.correlation).empty())
      message["correlationId"] = {{"description", "The property correlation-id of AMQP"},
                                  {"location", "$message.header#/correlation-id"}};
    message["bindings"] = bindings();
    return message;
  }

  static std::string envelope(const connector::EndpointSpec& spec, const Exchange& exchange) {
    if (spec.inbound)
      return "Property message-id: yours, the same in every repetition. correlation-id: where you "
             "have one. absolute-expiry-time or the header's ttl: after it the message is refused.";
    const std::string correlation = correlation_from(exchange.correlation);
    return "Property message-id: " + message_id_from(exchange.correlation) +
           ", the same in every repetition; know it again by that. "
           "absolute-expiry-time: where it has a deadline. correlation-id: " +
           (correlation.empty() ? "none" : correlation) + ".";
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
  std::vector<Server> named_servers_;
  std::vector<Message> named_messages_;
  json::object servers_, channels_, operations_, messages_, schemes_;
};

}  // namespace

std::string message_id_from(const std::set<connector::Correlation>& sources) {
  if (!sources.contains(connector::Correlation::sender)) return "the hub's";
  const std::string own = "that of the message it passes on";
  return sources.size() == 1 ? own : "the hub's, or " + own;
}

std::string correlation_from(const std::set<connector::Correlation>& sources) {
  using connector::Correlation;
  static const std::map<Correlation, std::string> kTold{
      {Correlation::none, "or none"},
      {Correlation::sender, "that of the message it passes on, where that has one"},
      {Correlation::case_key, "the key of its case"},
      {Correlation::route, "what the configuration of the hub says"}};
  std::string text;
  for (auto at = sources.rbegin(); at != sources.rend(); ++at) {
    if (text.empty() && *at == Correlation::none) break;
    text += (text.empty() ? "" : "; ") + kTold.at(*at);
  }
  return text;
}

std::string asyncapi(const connector::GuideRequest& request, const std::vector<Channel>& channels) {
  return Writer(request).write(channels);
}

}  // namespace masar::amqp
