#include "connectors/soap/guide.h"

#include "connectors/http/guide.h"
#include "connectors/soap/settings.h"
#include "core/message/xml_names.h"
#include "core/message/xml_writer.h"

namespace masar::soap {

using connector::Guide;

namespace {

using Endpoint = connector::GuideRequest::Endpoint;
using Said = SettingsReader::Said;

std::string token_text(const Said& said, bool inbound) {
  std::string text = "WS-Security UsernameToken with a Timestamp, user `" + said.user + "`, ";
  if (said.password_type == "any") {
    text += "PasswordDigest or PasswordText";
  } else {
    text += said.password_type == "digest" ? "PasswordDigest" : "PasswordText";
  }
  text += "; a Created is good for " + connector::plain_time(said.age);
  if (inbound)
    text += ", clocks may differ by " + connector::plain_time(said.skew) + ", a nonce counts once";
  return text + "; the password is handed over apart";
}

Guide::Table operations_table(const Said& said, bool inbound) {
  Guide::Table table{"Operations", {"operation", "action", "reply"}, {}};
  if (!inbound) {
    table.columns.push_back("fault codes: refused for good");
    table.columns.push_back("fault codes: not done, sent again");
  }
  for (const auto& one : said.operations) {
    const std::string reply = one.reply.empty() ? "none" : one.reply;
    table.rows.push_back({"`" + one.name + "`", "`" + one.action + "`", "`" + reply + "`"});
    if (inbound) continue;
    table.rows.back().push_back(one.rejected.empty() ? "none" : one.rejected);
    table.rows.back().push_back(one.unavailable.empty() ? "none" : one.unavailable);
  }
  return table;
}

Guide::Table answers() {
  return {"What is answered",
          {"what happened", "SOAP 1.1", "SOAP 1.2", "repeat it?"},
          {{"replied", "200, the reply in an envelope", "the same", "gets the same reply"},
           {"accepted, no reply belongs to it", "202, empty", "the same", "no need"},
           {"refused", "500, fault `Client`, detail `Refusal{Code, Text}`",
            "400, fault `Sender`, the same detail", "not as it is"},
           {"not now", "503, fault `Server`, Retry-After", "503, fault `Receiver`", "yes"},
           {"not well-formed, DOCTYPE, over a limit", "400, fault `Client`", "400, fault `Sender`",
            "not as it is"},
           {"another media type or version's, attachments", "415, fault `Client`",
            "415, fault `Sender`", "not as it is"},
           {"another envelope version", "500, fault `VersionMismatch`", "the same",
            "not as it is"},
           {"a header block that must be understood and is not", "500, fault `MustUnderstand`",
            "500, the same with `NotUnderstood`", "not as it is"}}};
}

Guide::Table replies(const Said& said) {
  Guide::Table table{"What your answers mean to the hub",
                     {"answer", "means"},
                     {{"2xx with the operation's reply", "done"}}};
  if (!said.fault_code.empty()) {
    const std::string where = "a fault whose detail has at `" + said.fault_code + "` a code ";
    table.rows.push_back({where + "of the first list above", "refused for good"});
    table.rows.push_back({where + "of the second one", "not done: the hub sends it again"});
  }
  table.rows.push_back({"429, 503", "not done: the hub sends it again; Retry-After is kept"});
  table.rows.push_back({"any other fault, status, media type or element; no answer",
                        "not known whether it was done: see \"Repetitions\""});
  return table;
}

void add_blocks(const Said& said, bool inbound, Guide::Part& part) {
  if (said.blocks.empty()) return;
  Guide::Table table{inbound ? "Header blocks, repeated in the answer" : "Header blocks",
                     {"element", "what"},
                     {}};
  for (const auto& block : said.blocks)
    table.rows.push_back({"`" + block.name + "`", block.about});
  part.tables.push_back(std::move(table));
}

Guide::Part part_of(const Endpoint& endpoint, const Said& said, const http::Listeners& listeners) {
  const config::Element& own = *endpoint.spec->root->element("soap");
  const bool inbound = endpoint.spec->inbound;
  Guide::Part part;
  part.facts =
      inbound ? http::door_facts(own, listeners, "POST") : http::client_facts(own, said.url);
  for (auto& fact : part.facts) {
    if (fact.what == "Address" && inbound && !said.url.empty()) fact.says = "`" + said.url + "`";
    if (fact.what == "Login" && said.token) fact.says = token_text(said, inbound);
  }
  const auto both = "SOAP 1.1 (`text/xml`) and 1.2 (`application/soap+xml`), document/literal";
  part.facts.push_back(
      {"Protocol", inbound ? both : "SOAP " + said.version + ", document/literal"});
  if (!inbound && !said.user.empty()) {
    part.facts.push_back({"Login", said.token ? token_text(said, inbound)
                                              : "HTTP Basic, user `" + said.user + "`"});
  }
  for (auto& fact : http::envelope_facts(inbound)) part.facts.push_back(std::move(fact));
  part.tables.push_back(operations_table(said, inbound));
  add_blocks(said, inbound, part);
  part.tables.push_back(inbound ? answers() : replies(said));
  return part;
}

/// A message as it stands on the wire, without its header blocks.
void add_envelopes(const connector::GuideRequest& request, const Endpoint& endpoint,
                   const EnvelopeReader& reader, const Said& said,
                   const connector::ElementName& root, Guide& guide) {
  const Version version = said.version == "1.2" ? Version::v12 : Version::v11;
  for (const auto& sample : request.samples(endpoint.spec->id, root)) {
    const Document document = reader.read(sample.xml);
    guide.files.push_back(
        {connector::sample_path(endpoint.spec->id, sample.name, ".soap.xml"), "in its envelope",
         write_envelope(version, write_xml(document->document_element())) + "\n"});
  }
}

void add_description(const Endpoint& endpoint, const Description& description,
                     const std::string& address, Guide& guide) {
  guide.files.push_back(
      {endpoint.spec->id + ".wsdl", "the service's description, WSDL 1.1",
       description.wsdl(address, [](std::string_view file) {
         return connector::schema_path(file);
       }) + "\n"});
  for (const auto& file : description.files())
    guide.files.push_back({connector::schema_path(file.path), "imported by it", file.contents});
}

/// Replies of the partner: no route names them.
void add_replies(const connector::GuideRequest& request, const Endpoint& endpoint,
                 const std::string& uri, const Said& said, const EnvelopeReader& reader,
                 Guide& guide) {
  for (const auto& one : said.operations) {
    if (one.reply.empty()) continue;
    const connector::ElementName root{uri, std::string(local_part(one.reply))};
    for (const auto& sample : request.samples(endpoint.spec->id, root)) {
      guide.files.push_back({connector::sample_path(endpoint.spec->id, sample.name, ".xml"),
                             "a reply of yours", sample.xml});
    }
    add_envelopes(request, endpoint, reader, said, root, guide);
  }
}

}  // namespace

Guide guide(const connector::GuideRequest& request, const Prefixes& prefixes,
            const http::Listeners& listeners) {
  Guide guide;
  for (const Endpoint& endpoint : request.endpoints) {
    const SettingsReader settings(*endpoint.spec, prefixes);
    if (!settings.element()) continue;  // check() has complained
    const Said said = settings.said();
    Guide::Part& part = guide.endpoints[endpoint.spec->id];
    part = part_of(endpoint, said, listeners);
    const EnvelopeReader reader(prefixes, endpoint.spec->xml);
    if (const auto description = settings.description()) {
      const auto* own = settings.element();
      const std::string address =
          !said.url.empty() ? said.url
                            : listeners.url(std::string(own->value("listener")),
                                            std::string(own->value("path")));
      add_description(endpoint, *description, address, guide);
      part.facts.push_back({"Description", "`" + endpoint.spec->id + ".wsdl`" +
                                               (endpoint.spec->inbound
                                                    ? ", also served at `" + address + "?wsdl`"
                                                    : ", what the hub expects of you")});
      if (!endpoint.spec->inbound) {
        const auto names = names_of(*endpoint.spec->schemas, endpoint.spec->schema);
        add_replies(request, endpoint, names->uri, said, reader, guide);
      }
    }
    for (const auto& exchange : endpoint.exchanges)
      add_envelopes(request, endpoint, reader, said, exchange.root, guide);
  }
  return guide;
}

}  // namespace masar::soap
