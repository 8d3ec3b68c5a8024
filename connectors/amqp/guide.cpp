#include "connectors/amqp/guide.h"

#include "connectors/amqp/asyncapi.h"

namespace masar::amqp {
namespace {

using connector::Guide;

Guide::Table dispositions() {
  return {"What your message is settled with",
          {"disposition", "when", "repeat it?"},
          {{"accepted", "it is on disk", "no need; a repetition is known again"},
           {"rejected, `masar:CODE`", "refused; the description says why", "not as it is"},
           {"rejected, `amqp:decode-error`",
            "an empty transfer, or a body that is neither data sections nor one amqp-value of "
            "string or binary",
            "not as it is"},
           {"released", "not now, or the hub stops", "yes, as it is, under the same message-id"},
           {"none, and no credit", "the hub is paused or busy", "wait"}}};
}

Guide::Table links() {
  return {"What a link or a connection ends with",
          {"condition", "when"},
          {{"connection not opened", "another password, an unknown user, no SASL"},
           {"`amqp:unauthorized-access`", "the address is another user's"},
           {"`amqp:not-found`", "there is no such address"},
           {"`amqp:resource-limit-exceeded`", "one link or one connection too many"},
           {"`amqp:link:message-size-exceeded`", "a message over the limit"},
           {"`amqp:connection:forced`", "the hub stops: connect again"}}};
}

Guide::Table settlements() {
  return {"What your settlement means to the hub",
          {"settlement", "means"},
          {{"accepted", "done"},
           {"rejected", "refused for good: a person or the process goes on from there"},
           {"released, modified", "not done: the hub sends it again"},
           {"none, and the link or the connection ends",
            "not known whether it was done: see \"Repetitions\""}}};
}

std::string login_of(const Channel& channel) {
  const EndpointSettings& settings = channel.settings;
  if (channel.connection) {
    return channel.connection->external ? "the hub logs in by SASL EXTERNAL with its certificate"
                                        : "the hub logs in by SASL PLAIN";
  }
  if (settings.subject.empty())
    return "SASL PLAIN, user `" + settings.user + "`; the password is handed over apart";
  return "SASL EXTERNAL, user `" + settings.user + "`, by the certificate of `" +
         settings.subject + "`";
}

std::string host_of(const Channel& channel) {
  if (channel.listener) return "`" + channel.listener->told_address() + "`";
  std::string hosts;
  for (const auto& host : channel.connection->hosts) {
    hosts += hosts.empty() ? "`" : ", `";
    hosts += host;
    hosts += '`';
  }
  return "the hub connects to the broker at " + hosts;
}

std::string how_to(const Channel& channel) {
  const bool inbound = channel.endpoint->spec->inbound;
  const std::string address = "`" + channel.settings.address + "`";
  if (channel.connection)
    return inbound ? "the hub receives from " + address : "the hub sends to " + address;
  if (inbound) return "open a sender with the target " + address;
  return "open a receiver with the source " + address + "; the hub sends as credit allows";
}

/// Of all that the hub sends there; asyncapi.json has it by message.
std::set<connector::Correlation> sources_of(const connector::GuideRequest::Endpoint& endpoint) {
  std::set<connector::Correlation> sources;
  for (const auto& exchange : endpoint.exchanges)
    sources.insert(exchange.correlation.begin(), exchange.correlation.end());
  return sources;
}

std::string correlation_of(const connector::GuideRequest::Endpoint& endpoint) {
  const std::string told = correlation_from(sources_of(endpoint));
  return told.empty() ? "none" : "property correlation-id: " + told;
}

Guide::Part part_of(const Channel& channel) {
  const bool inbound = channel.endpoint->spec->inbound;
  Guide::Part part;
  part.facts = {{"Host", host_of(channel)},
                {"Protocol",
                 channel.tls() ? "AMQP 1.0 over TLS 1.2 or 1.3" : "AMQP 1.0 without TLS"},
                {"Login", login_of(channel)},
                {"Address", how_to(channel)},
                {"Body", "one XML document as one data section, content-type `application/xml`"}};
  auto& facts = part.facts;
  if (inbound) {
    facts.push_back({"Message id", "property message-id: yours, the same in every repetition"});
    facts.push_back({"Correlation", "property correlation-id, if you have one"});
    facts.push_back({"Expiry", "property absolute-expiry-time or the header's ttl, whichever is "
                               "earlier: what comes after it is refused, `masar:expired`"});
    if (!channel.connection)
      facts.push_back({"Credit", std::to_string(channel.settings.credit) +
                                     " messages on the way or without an answer"});
  } else {
    facts.push_back({"Message id", "property message-id: " +
                                       message_id_from(sources_of(*channel.endpoint)) +
                                       ", the same in every repetition"});
    facts.push_back({"Correlation", correlation_of(*channel.endpoint)});
    facts.push_back({"Expiry", "property absolute-expiry-time, where the message has a deadline"});
    facts.push_back({"In flight", "at most " + std::to_string(channel.settings.in_flight_max) +
                                      " messages sent and not settled"});
  }
  facts.push_back({"Trace", "application properties `traceparent` and `tracestate` as text (W3C "
                            "Trace Context); binary ones are read too"});
  if (channel.connection) return part;
  if (inbound) part.tables.push_back(dispositions());
  if (!inbound) part.tables.push_back(settlements());
  part.tables.push_back(links());
  return part;
}

}  // namespace

Guide guide(const connector::GuideRequest& request, const Declared& declared) {
  Guide guide;
  std::vector<Channel> channels;
  for (const auto& endpoint : request.endpoints) {
    config::Diagnostics checked;
    Channel channel;
    channel.endpoint = &endpoint;
    channel.settings = read_endpoint(*endpoint.spec, checked);
    channel.listener = declared.find_listener(channel.settings.listener);
    channel.connection = declared.find_connection(channel.settings.connection);
    if (!channel.listener && !channel.connection) continue;  // check() has complained
    guide.endpoints[endpoint.spec->id] = part_of(channel);
    channels.push_back(std::move(channel));
  }
  if (channels.empty()) return guide;
  guide.files.push_back({"asyncapi.json", "the AMQP addresses as an AsyncAPI 3.0 document",
                         asyncapi(request, channels)});
  return guide;
}

}  // namespace masar::amqp
