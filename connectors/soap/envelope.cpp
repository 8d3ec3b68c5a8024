#include "connectors/soap/envelope.h"

#include <pugixml.hpp>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/message/xml_writer.h"

namespace masar::soap {

namespace {

constexpr std::size_t kEnvelopeDepth = 2;   ///< Envelope, Body
constexpr std::size_t kEnvelopeNodes = 64;  ///< Envelope, Body and a Header of some blocks
constexpr const char* kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
constexpr std::string_view kActorNext = "http://schemas.xmlsoap.org/soap/actor/next";

Prefixes with_soap(Prefixes prefixes) {
  std::erase_if(prefixes, [](const auto& entry) {
    return entry.second == "soap" || entry.first == kEnvelopeUri;
  });
  prefixes.emplace(kEnvelopeUri, "soap");
  return prefixes;
}

XmlLimits around(XmlLimits limits) {
  limits.depth_max += kEnvelopeDepth;
  limits.nodes_max += kEnvelopeNodes;
  return limits;
}

BadEnvelope client(const char* code, const char* text) {
  return {{"Client", text, {}}, code, false};
}

bool is(pugi::xml_node node, std::string_view name) { return name == node.name(); }

void check_header(pugi::xml_node header) {
  for (const pugi::xml_node block : header.children()) {
    if (block.type() != pugi::node_element)
      throw client("soap-header-text", "the Header holds text");
    const std::string_view must = block.attribute("soap:mustUnderstand").value();
    if (must != "" && must != "0" && must != "1" && must != "true" && must != "false") {
      throw client("soap-must-understand-value", "mustUnderstand is neither 0 nor 1");
    }
    const std::string_view actor = block.attribute("soap:actor").value();
    if ((must == "1" || must == "true") && (actor.empty() || actor == kActorNext)) {
      throw BadEnvelope{{"MustUnderstand", "a header block that must be understood is not", {}},
                        "soap-must-understand",
                        false};
    }
  }
}

/// The text as XML, without what XML cannot hold.
std::string escaped(std::string_view text) {
  pugi::xml_document document;
  document.append_child("t").text().set(
      clean_text(is_utf8(text) ? text : std::string_view("?")).c_str());
  const std::string written = write_xml(document.first_child());
  const auto start = written.find('>') + 1;
  return written == "<t/>" ? std::string() : written.substr(start, written.rfind('<') - start);
}

}  // namespace

EnvelopeReader::EnvelopeReader(Prefixes prefixes, XmlLimits limits)
    : reader_(with_soap(std::move(prefixes)), around(limits)) {}

Opened EnvelopeReader::open(std::string_view bytes) const {
  Opened opened;
  try {
    opened.document = reader_.read(bytes);
  } catch (const Error& error) {
    throw BadEnvelope{{"Client", error.what(), {}}, error.code(), true};
  }
  const pugi::xml_node root = opened.document->document_element();
  if (!is(root, "soap:Envelope")) {
    if (local_name(root) == "Envelope") {
      throw BadEnvelope{
          {"VersionMismatch", "the envelope is not one of SOAP 1.1", {}}, "soap-version", false};
    }
    throw client("soap-no-envelope", "the document is no SOAP envelope");
  }
  pugi::xml_node next = root.first_child();
  if (is(next, "soap:Header")) {
    check_header(next);
    next = next.next_sibling();
  }
  if (!is(next, "soap:Body"))
    throw client("soap-no-body", "the envelope has no Body where it belongs");
  if (next.next_sibling()) throw client("soap-two-bodies", "something follows the Body");
  opened.payload = next.first_child();
  if (opened.payload && opened.payload.type() != pugi::node_element)
    throw client("soap-body-text", "the Body holds text");
  if (opened.payload.next_sibling())
    throw client("soap-body-elements", "the Body holds more than one element");
  opened.is_fault = is(opened.payload, "soap:Fault");
  return opened;
}

std::string write_envelope(std::string_view payload) {
  return std::string(kDeclaration) + "<soap:Envelope xmlns:soap=\"" + std::string(kEnvelopeUri) +
         "\"><soap:Body>" + std::string(payload) + "</soap:Body></soap:Envelope>";
}

std::string write_fault(const Fault& fault) {
  std::string body = "<soap:Fault><faultcode>soap:" + fault.code + "</faultcode><faultstring>" +
                     escaped(fault.text) + "</faultstring>";
  if (!fault.detail.empty()) body += "<detail>" + fault.detail + "</detail>";
  return write_envelope(body + "</soap:Fault>");
}

std::string refusal_detail(std::string_view code, std::string_view text) {
  return "<mh:Refusal xmlns:mh=\"urn:masar:hub:1\"><mh:Code>" + escaped(code) +
         "</mh:Code><mh:Text>" + escaped(text) + "</mh:Text></mh:Refusal>";
}

std::string_view local_name(pugi::xml_node element) {
  const std::string_view name = element.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string_view uri_of(pugi::xml_node element) {
  const std::string_view name = element.name();
  const auto colon = name.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string declaration = "xmlns:" + std::string(name.substr(0, colon));
  for (pugi::xml_node at = element; at; at = at.parent()) {
    if (const auto found = at.attribute(declaration.c_str())) return found.value();
  }
  return {};
}

std::string detail_text(pugi::xml_node fault, std::string_view path) {
  pugi::xml_node at = fault.child("detail");
  while (at && !path.empty()) {
    const auto slash = path.find('/');
    at = at.child(std::string(path.substr(0, slash)).c_str());
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return at ? std::string(trim(at.text().get())) : std::string();
}

bool action_fits(std::string_view header, std::string_view declared, std::string_view element) {
  std::string_view action = trim(header);
  if (action.size() >= 2 && action.front() == '"' && action.back() == '"')
    action = action.substr(1, action.size() - 2);
  if (action.empty()) return true;
  if (!declared.empty()) return action == declared;
  const auto last = action.find_last_of("/#:");
  return (last == std::string_view::npos ? action : action.substr(last + 1)) == element;
}

}  // namespace masar::soap
