#include "connectors/soap/envelope.h"

#include <algorithm>

#include <pugixml.hpp>

#include "connectors/http/inbound.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/message/xml_names.h"
#include "core/message/xml_writer.h"

namespace masar::soap {

namespace {

constexpr std::size_t kEnvelopeDepth = 2;    ///< Envelope, Body
constexpr std::size_t kEnvelopeNodes = 192;  ///< Envelope, Body and a Header of some blocks
constexpr const char* kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
constexpr std::string_view kActorNext = "http://schemas.xmlsoap.org/soap/actor/next";
constexpr std::string_view kRoleNext = "http://www.w3.org/2003/05/soap-envelope/role/next";
constexpr std::string_view kRoleUltimate =
    "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver";
constexpr std::string_view kEncodingNone = "http://www.w3.org/2003/05/soap-envelope/encoding/none";
constexpr std::string_view kXop = "http://www.w3.org/2004/08/xop/include";

/// The prefixes that a tree has for what belongs to the envelope.
constexpr std::pair<std::string_view, const char*> kOwn[] = {
    {kEnvelope11, "soap"}, {kEnvelope12, "soap12"}, {kWsse, "wsse"}, {kWsu, "wsu"}, {kXop, "xop"}};

Prefixes with_own(Prefixes prefixes) {
  for (const auto& [uri, prefix] : kOwn) {
    std::erase_if(prefixes, [&](const auto& entry) {
      return entry.second == prefix || entry.first == uri;
    });
    prefixes.emplace(uri, prefix);
  }
  return prefixes;
}

XmlLimits around(XmlLimits limits) {
  limits.depth_max += kEnvelopeDepth;
  limits.nodes_max += kEnvelopeNodes;
  return limits;
}

/// A name of the envelope's own namespace, as the tree has it.
std::string own(Version version, const char* name) {
  return (version == Version::v12 ? "soap12:" : "soap:") + std::string(name);
}

std::string_view own_value(pugi::xml_node block, Version version, const char* name) {
  return block.attribute(own(version, name).c_str()).value();
}

bool must_be_understood(pugi::xml_node block, Version version) {
  const std::string_view must = own_value(block, version, "mustUnderstand");
  if (must.empty() || must == "0" || must == "false") return false;
  if (must == "1" || must == "true") return true;
  throw bad_sender("soap-must-understand-value", "mustUnderstand is neither 0 nor 1");
}

/// 1.2, part 1, 5.4.8: one for each block that was not understood.
std::string not_understood(pugi::xml_node block) {
  return "<soap:NotUnderstood qname=\"b:" + std::string(local_part(block.name())) +
         "\" xmlns:b=\"" + escaped(namespace_of(block)) + "\"/>";
}

/// 1.2, part 1, 5.4.7 and appendix A: what would be understood, the better one first.
std::string upgrade() {
  std::string blocks = "<u:Upgrade xmlns:u=\"" + std::string(kEnvelope12) + "\">";
  for (const std::string_view uri : {kEnvelope12, kEnvelope11}) {
    blocks += "<u:SupportedEnvelope qname=\"s:Envelope\" xmlns:s=\"" + std::string(uri) + "\"/>";
  }
  return blocks + "</u:Upgrade>";
}

void check_payload(pugi::xml_node payload, Version version) {
  if (version != Version::v12) return;
  const std::string_view encoding = own_value(payload, version, "encodingStyle");
  if (encoding.empty() || encoding == kEncodingNone) return;
  throw BadEnvelope{{Blame::data_encoding, "the Body is to be literal, without an encoding"},
                    "soap-encoding"};
}

std::string code_of(Version version, const Fault& fault) {
  if (version == Version::v11 && !fault.subcode.empty()) return fault.subcode;
  const bool old = version == Version::v11;
  switch (fault.blame) {
    case Blame::sender: return old ? "soap:Client" : "soap:Sender";
    case Blame::receiver: return old ? "soap:Server" : "soap:Receiver";
    case Blame::must_understand: return "soap:MustUnderstand";
    case Blame::version_mismatch: return "soap:VersionMismatch";
    case Blame::data_encoding: return old ? "soap:Client" : "soap:DataEncodingUnknown";
  }
  return "soap:Server";
}

/// The declaration of a subcode's prefix.
std::string declared(const std::string& subcode) {
  if (subcode.empty()) return {};
  const bool wsse = subcode.starts_with("wsse:");
  return (wsse ? " xmlns:wsse=\"" : " xmlns:wsu=\"") + std::string(wsse ? kWsse : kWsu) + "\"";
}

}  // namespace

std::string content_type(Version version) {
  return version == Version::v12 ? "application/soap+xml; charset=utf-8"
                                 : "text/xml; charset=utf-8";
}

Version version_said(std::string_view content_type) {
  return http::media_type(content_type) == "application/soap+xml" ? Version::v12 : Version::v11;
}

BadEnvelope bad_sender(const char* code, const std::string& text) {
  return {{Blame::sender, text, refusal_detail(code, text)}, code};
}

std::string escaped(std::string_view text) {
  return escaped_exactly(clean_text(is_utf8(text) ? text : std::string_view("?")));
}

std::string escaped_exactly(std::string_view text) {
  pugi::xml_document document;
  document.append_child("t").append_attribute("v").set_value(std::string(text).c_str());
  const std::string written = write_xml(document.first_child());  // <t v="…"/>
  return written.substr(6, written.size() - 9);
}

EnvelopeReader::EnvelopeReader(Prefixes prefixes, XmlLimits limits,
                               std::vector<std::string> understood)
    : reader_(with_own(std::move(prefixes)), around(limits)), understood_(std::move(understood)) {}

Opened EnvelopeReader::open(std::string_view bytes) const {
  Document document;
  try {
    document = reader_.read(bytes);
  } catch (const Error& error) {
    BadEnvelope bad = bad_sender(error.code().c_str(), error.what());
    bad.status = 400;
    throw bad;
  }
  const pugi::xml_node root = document->document_element();
  const std::string_view name = root.name();
  const bool known = name == own(Version::v11, "Envelope") || name == own(Version::v12, "Envelope");
  if (!known && local_part(root.name()) == "Envelope") {
    throw BadEnvelope{{Blame::version_mismatch,
                       "the envelope is neither of SOAP 1.1 nor of SOAP 1.2", {}, {}, upgrade()},
                      "soap-version"};
  }
  if (!known) throw bad_sender("soap-no-envelope", "the document is no SOAP envelope");
  const Version version =
      name == own(Version::v12, "Envelope") ? Version::v12 : Version::v11;
  try {
    return open(std::move(document), version);
  } catch (BadEnvelope& bad) {
    bad.version = version;
    throw;
  }
}

Opened EnvelopeReader::open(Document document, Version version) const {
  Opened opened;
  opened.document = std::move(document);
  opened.version = version;
  const pugi::xml_node root = opened.document->document_element();
  pugi::xml_node next = root.first_child();
  if (next.name() == own(version, "Header")) {
    opened.header = next;
    check_header(next, version);
    next = next.next_sibling();
  }
  if (next.name() != own(version, "Body"))
    throw bad_sender("soap-no-body", "the envelope has no Body where it belongs");
  if (next.next_sibling()) throw bad_sender("soap-two-bodies", "something follows the Body");
  opened.payload = next.first_child();
  if (opened.payload && opened.payload.type() != pugi::node_element)
    throw bad_sender("soap-body-text", "the Body holds text");
  if (opened.payload.next_sibling())
    throw bad_sender("soap-body-elements", "the Body holds more than one element");
  // The root declares every prefix that is used below it.
  if (root.attribute("xmlns:xop"))
    throw bad_sender("attachment", "attachments are not taken: the content stands in the envelope");
  check_payload(opened.payload, version);
  opened.is_fault = opened.payload.name() == own(version, "Fault");
  return opened;
}

void EnvelopeReader::check_header(pugi::xml_node header, Version version) const {
  std::string missing;
  for (const pugi::xml_node block : header.children()) {
    if (block.type() != pugi::node_element)
      throw bad_sender("soap-header-text", "the Header holds text");
    const bool must = must_be_understood(block, version);
    const bool known = std::find(understood_.begin(), understood_.end(), block.name()) !=
                       understood_.end();
    if (must && !known && is_for_us(block, version)) missing += not_understood(block);
  }
  if (missing.empty()) return;
  if (version == Version::v11) missing.clear();  // 1.1 has no such block
  throw BadEnvelope{{Blame::must_understand, "a header block that must be understood is not", {},
                     {}, missing},
                    "soap-must-understand"};
}

bool is_for_us(pugi::xml_node block, Version version) {
  const bool old = version == Version::v11;
  const std::string_view role = own_value(block, version, old ? "actor" : "role");
  return role.empty() || (old ? role == kActorNext : role == kRoleNext || role == kRoleUltimate);
}

std::string write_envelope(Version version, std::string_view payload, std::string_view header) {
  std::string text = kDeclaration;
  text += "<soap:Envelope xmlns:soap=\"";
  text += version == Version::v12 ? kEnvelope12 : kEnvelope11;
  text += "\">";
  if (!header.empty()) text.append("<soap:Header>").append(header).append("</soap:Header>");
  return text.append("<soap:Body>").append(payload).append("</soap:Body></soap:Envelope>");
}

std::string write_fault(Version version, const Fault& fault) {
  const std::string code = code_of(version, fault);
  std::string body = "<soap:Fault" + declared(fault.subcode) + ">";
  if (version == Version::v11) {
    body += "<faultcode>" + code + "</faultcode><faultstring>" + escaped(fault.text) +
            "</faultstring>";
    if (!fault.detail.empty()) body += "<detail>" + fault.detail + "</detail>";
  } else {
    body += "<soap:Code><soap:Value>" + code + "</soap:Value>";
    if (!fault.subcode.empty()) {
      body += "<soap:Subcode><soap:Value>" + fault.subcode + "</soap:Value></soap:Subcode>";
    }
    body += "</soap:Code><soap:Reason><soap:Text xml:lang=\"en\">" + escaped(fault.text) +
            "</soap:Text></soap:Reason>";
    if (!fault.detail.empty()) body += "<soap:Detail>" + fault.detail + "</soap:Detail>";
  }
  return write_envelope(version, body + "</soap:Fault>", fault.header);
}

int status_of(Version version, const Fault& fault) {
  return version == Version::v12 && fault.blame == Blame::sender ? 400 : 500;
}

std::string refusal_detail(std::string_view code, std::string_view text) {
  return "<mh:Refusal xmlns:mh=\"urn:masar:hub:1\"><mh:Code>" + escaped(code) +
         "</mh:Code><mh:Text>" + escaped(text) + "</mh:Text></mh:Refusal>";
}

std::string detail_text(pugi::xml_node fault, Version version, std::string_view path) {
  pugi::xml_node at = fault.child(version == Version::v11 ? "detail" : "soap12:Detail");
  while (at && !path.empty()) {
    const auto slash = path.find('/');
    at = at.child(std::string(path.substr(0, slash)).c_str());
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return at ? std::string(trim(at.text().get())) : std::string();
}

bool action_fits(std::string_view action, std::string_view declared, std::string_view element) {
  action = trim(action);
  if (action.size() >= 2 && action.front() == '"' && action.back() == '"')
    action = action.substr(1, action.size() - 2);
  if (action.empty()) return true;
  if (!declared.empty()) return action == declared;
  const auto last = action.find_last_of("/#:");
  return (last == std::string_view::npos ? action : action.substr(last + 1)) == element;
}

}  // namespace masar::soap
