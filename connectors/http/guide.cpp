#include "connectors/http/guide.h"

#include <utility>

#include "connectors/http/payload.h"
#include "connectors/http/query_door.h"
#include "connectors/tls/settings.h"
#include "core/message/json.h"
#include "core/message/xml_reader.h"

namespace masar::http {

using config::Element;
using connector::Guide;

namespace {

using Facts = std::vector<Guide::Fact>;

std::string or_else(std::string_view text, const char* otherwise) {
  return text.empty() ? otherwise : std::string(text);
}

void add(Facts& facts, Facts more) {
  facts.insert(facts.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

Guide::Fact bodies_of(const Element& own) {
  const bool json = own.value("payload") == "json";
  return {"Bodies", (json ? "JSON, UTF-8, `" : "XML, UTF-8, `") +
                        or_else(own.value("content-type"), usual_content_type(json)) + "`"};
}

Guide::Table answers() {
  return {"What is answered",
          {"status", "when", "repeat it?"},
          {{"200", "the reply is in the body", "a repetition gets the same reply"},
           {"202", "the message is on disk; no reply belongs to it", "no need"},
           {"400", "refused; `code` and `detail` of the problem document say why",
            "not as it is"},
           {"409", "a key that came before, with other content", "not as it is"},
           {"503", "not now: paused, stopping, no answer in time; see Retry-After",
            "yes, as it is"}}};
}

Guide::Table query_answers() {
  return {"What is answered",
          {"status", "when", "repeat it?"},
          {{"200", "the answer is in the body", "as often as wanted: nothing changes"},
           {"400", "a parameter is missing, doubled, unknown, too long or no text; or refused",
            "not as it is"},
           {"429", "more calls a second than are taken; see Retry-After", "later"},
           {"503", "not now; see Retry-After", "yes"}}};
}

Guide::Part query_part(const Element& own, const Listeners& listeners) {
  config::Diagnostics checked;
  const config::Values values(query_table(), own, checked);
  const QuerySettings query = read_query(values, own, checked);
  Guide::Part part;
  part.facts = door_facts(own, listeners, "GET");
  std::string parameters;
  for (const auto& one : query.parameters) {
    parameters += (parameters.empty() ? "" : ", ") + ("`" + one.name + "`") + " (at most " +
                  std::to_string(one.length_max) + " characters)";
  }
  part.facts.push_back({"Parameters", parameters.empty() ? "none" : "each once: " + parameters});
  part.facts.push_back({"Answer", "`" + query.reply_type + "`"});
  part.facts.push_back({"Calls a second", std::to_string(query.per_second) + ", of all callers"});
  part.tables = {query_answers(), edge_table()};
  return part;
}

Guide::Part inbound_part(const Element& own, const Listeners& listeners) {
  Guide::Part part;
  part.facts = door_facts(own, listeners, or_else(own.value("method"), "POST"));
  part.facts.push_back(bodies_of(own));
  add(part.facts, envelope_facts(true));
  part.tables = {answers(), edge_table()};
  return part;
}

std::string means_of(std::string_view kind) {
  if (kind == "delivered") return "done";
  if (kind == "rejected") return "refused for good: a person or the process goes on from there";
  if (kind == "unavailable") return "not done: the hub sends it again";
  return "not known whether it was done";
}

Guide::Part outbound_part(const Element& own) {
  Guide::Part part;
  part.facts = client_facts(own, std::string(own.value("url")));
  part.facts.push_back({"Method", or_else(own.value("method"), "POST")});
  part.facts.push_back(bodies_of(own));
  std::string headers;
  for (const Element* one : own.elements("header"))
    headers += (headers.empty() ? "`" : ", `") + std::string(one->value("name")) + "`";
  if (!headers.empty()) part.facts.push_back({"Headers with every call", headers});
  part.facts.push_back({"Idempotency-Key", "the same as the message id"});
  add(part.facts, envelope_facts(false));
  Guide::Table table{"What your answers mean to the hub", {"answer", "means"}, {}};
  for (const Element* one : own.elements("status"))
    table.rows.push_back({"status " + std::string(one->value("code")),
                          means_of(one->value("means"))});
  for (const Element* one : own.elements("code")) {
    table.rows.push_back({"2xx with `" + std::string(own.value("code-member")) + "` = `" +
                              std::string(one->value("value")) + "`",
                          means_of(one->value("means"))});
  }
  table.rows.push_back({"2xx", own.elements("code").empty() ? means_of("delivered")
                                                            : means_of("unknown")});
  table.rows.push_back({"429, 503", means_of("unavailable") + "; Retry-After is kept"});
  table.rows.push_back({"anything else, or no answer", means_of("unknown")});
  part.tables.push_back(std::move(table));
  return part;
}

/// The JSON of an endpoint's samples.
void add_json(const connector::GuideRequest& request,
              const connector::GuideRequest::Endpoint& endpoint, const Prefixes& prefixes,
              Guide& guide) {
  const XmlReader reader(prefixes, endpoint.spec->xml);
  for (const auto& exchange : endpoint.exchanges) {
    if (exchange.root.uri != kJsonNamespace) continue;
    for (const auto& sample : request.samples(endpoint.spec->id, exchange.root)) {
      guide.files.push_back({connector::sample_path(endpoint.spec->id, sample.name, ".json"),
                             "the same as JSON",
                             write_json(*reader.read(sample.xml)) + "\n"});
    }
  }
}

}  // namespace

Facts door_facts(const Element& own, const Listeners& listeners, const std::string& method) {
  const auto said = [&own](const char* name) { return std::string(own.value(name)); };
  const std::string listener = said("listener");
  Facts facts;
  facts.push_back({"Address", "`" + listeners.url(listener, said("path")) + "`"});
  facts.push_back({"Method", method});
  facts.push_back({"Transport", listeners.is_secure(listener) ? "HTTP/1.1 over TLS 1.2 or 1.3"
                                                              : "HTTP/1.1 without TLS"});
  std::string login;
  if (!said("user").empty())
    login = "HTTP Basic, user `" + said("user") + "`; the password is handed over apart";
  if (!said("subject").empty()) {
    login += login.empty() ? "" : "; and ";
    login += "a client certificate of the subject `" + said("subject") + "`";
  }
  facts.push_back({"Login", login.empty() ? "none" : login});
  if (!said("peers").empty())
    facts.push_back({"Calls may come from", "`" + said("peers") + "`"});
  return facts;
}

Facts client_facts(const Element& own, const std::string& url) {
  Facts facts;
  facts.push_back({"Address", "the hub calls `" + url + "`"});
  const bool secure = url.starts_with("https:");
  const Element* tls = own.element("tls");
  std::string transport = secure ? "HTTP/1.1 over TLS 1.2 or 1.3; your certificate has to be for "
                                   "the name that is called"
                                 : "HTTP/1.1 without TLS";
  if (tls && !tls->value("name").empty())
    transport += ", here `" + std::string(tls->value("name")) + "`";
  if (tls && !tls->value("certificate").empty()) transport += "; the hub shows a certificate";
  facts.push_back({"Transport", std::move(transport)});
  if (!own.value("proxy").empty()) facts.push_back({"Calls come", "by a proxy"});
  return facts;
}

Facts envelope_facts(bool inbound) {
  if (inbound) {
    return {{"Message id", "header `Message-Id`: yours, the same in every repetition"},
            {"Correlation", "header `Correlation-Id`, if you have one"},
            {"Trace", "headers `traceparent` and `tracestate` (W3C Trace Context), if you trace"}};
  }
  return {{"Message id", "header `Message-Id`: the hub's, the same in every repetition"},
          {"Correlation", "header `Correlation-Id`, where the message belongs to a case"},
          {"Trace", "headers `traceparent` and `tracestate` (W3C Trace Context)"}};
}

Guide::Table edge_table() {
  return {"What is answered before a message is looked at",
          {"status", "when"},
          {{"400", "not well-formed HTTP, or two ways to say where the body ends"},
           {"401", "user or password is missing or wrong"},
           {"403", "an address or a certificate that may not call"},
           {"404, 405", "another path, another method"},
           {"408", "the request did not arrive in time"},
           {"413", "larger than the limit"},
           {"415", "another Content-Type or charset"},
           {"431", "too many or too long headers"},
           {"503", "paused, stopping, too many connections; see Retry-After"}}};
}

Guide guide(const connector::GuideRequest& request, const Prefixes& prefixes,
            const Listeners& listeners) {
  Guide guide;
  for (const auto& endpoint : request.endpoints) {
    const Element* own = endpoint.spec->root->element("http");
    if (!own) continue;  // check() has complained
    Guide::Part& part = guide.endpoints[endpoint.spec->id];
    if (!endpoint.spec->inbound) {
      part = outbound_part(*own);
    } else {
      part = is_query(*own) ? query_part(*own, listeners) : inbound_part(*own, listeners);
    }
    if (own->value("payload") == "json") add_json(request, endpoint, prefixes, guide);
  }
  return guide;
}

}  // namespace masar::http
