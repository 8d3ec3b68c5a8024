#include "connectors/mfep/guide.h"

#include "connectors/http/guide.h"
#include "connectors/mfep/answer.h"
#include "connectors/mfep/json_form.h"
#include "core/message/xml_reader.h"

namespace masar::mfep {

using config::Element;
using connector::Guide;

namespace {

bool is_json(const Element& own) { return own.value("profile") == "json"; }

std::string signature(const Element& own) {
  std::string form = "its bytes as they are sent";
  if (own.value("checked-form") == "unformatted") form = "without white space between elements";
  if (own.value("checked-form") == "dotnet") form = "indented as .NET does";
  return "RSA-SHA256 (PKCS#1 v1.5), base64, over the UTF-16LE bytes of MsgBody with its tags, " +
         form + "; both ways. Keys are exchanged apart";
}

Guide::Table codes(const Element& own) {
  const std::string place =
      own.value("error-place") == "header" ? "the header" : "the Result of each bill or payment";
  Guide::Table table{"ErrorCode (in " + place + "; of a message as a whole in the header)",
                     {"code", "ErrorDesc", "repeat it?"},
                     {}};
  for (const auto& [code, text] : error_codes()) {
    const char* repeat = code == "0" ? "gets the same answer" : "not as it is";
    table.rows.push_back({std::string(code), std::string(text), code == "303" ? "yes" : repeat});
  }
  return table;
}

Guide::Part part_of(const Element& own, const http::Listeners& listeners) {
  const auto said = [&own](const char* name) { return "`" + std::string(own.value(name)) + "`"; };
  Guide::Part part;
  part.facts = http::door_facts(own, listeners, "POST");
  auto& facts = part.facts;
  facts.push_back({"Request and answer", said("request") + " (ReqTyp), " + said("reply") +
                                             " (ResTyp)"});
  facts.push_back({"Sender and receiver", "SdrCode " + said("sender-code") + ", RcvCode " +
                                              said("receiver-code")});
  if (is_json(own)) {
    facts.push_back({"Bodies", "MFEP as JSON, UTF-8, `application/json`; nothing is signed"});
  } else {
    facts.push_back({"Bodies", "MFEP as XML, UTF-8, `application/xml`"});
    facts.push_back({"Signature", signature(own)});
  }
  facts.push_back({"Message id", "the GUID of the header, or of the query string; the same in "
                                 "every repetition. The answer repeats it"});
  for (auto& fact : http::envelope_facts(true)) {
    if (fact.what == "Trace") facts.push_back(std::move(fact));
  }
  facts.push_back({"Errors", "HTTP 200 with an ErrorCode; 503 with 303 where it is to be repeated "
                             "later; 401 without the right login"});
  part.tables = {codes(own), http::edge_table()};
  return part;
}

/// The samples as JSON, where the form that is written reads as the same document again.
void add_json(const connector::GuideRequest& request,
              const connector::GuideRequest::Endpoint& endpoint, Guide& guide) {
  const XmlReader reader({}, endpoint.spec->xml);
  for (const auto& exchange : endpoint.exchanges) {
    if (exchange.reply) continue;
    for (const auto& sample : request.samples(endpoint.spec->id, exchange.root)) {
      const Document document = reader.read(sample.xml);
      const auto root = document->document_element();
      guide.files.push_back(
          {connector::sample_path(endpoint.spec->id, sample.name, ".json"), "the same as JSON",
           json_of_mfep(root.child("MsgHeader"), root.child("MsgBody"), {}) + "\n"});
    }
  }
}

}  // namespace

Guide guide(const connector::GuideRequest& request, const http::Listeners& listeners) {
  Guide guide;
  for (const auto& endpoint : request.endpoints) {
    const Element* own = endpoint.spec->root->element("mfep");
    if (!own) continue;  // check() has complained
    guide.endpoints[endpoint.spec->id] = part_of(*own, listeners);
    if (is_json(*own)) add_json(request, endpoint, guide);
  }
  return guide;
}

}  // namespace masar::mfep
