#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/message/message.h"
#include "core/message/xml_reader.h"

namespace masar::soap {

inline constexpr std::string_view kEnvelopeUri = "http://schemas.xmlsoap.org/soap/envelope/";
inline constexpr const char* kContentType = "text/xml; charset=utf-8";

/// A SOAP fault as it is said, or as it was read.
struct Fault {
  std::string code;    ///< "Client", "Server", "MustUnderstand", "VersionMismatch"
  std::string text;    ///< faultstring
  std::string detail;  ///< XML inside `<detail>`, or empty
};

/// Why an envelope was refused: the fault to answer, and the code for the audit.
struct BadEnvelope {
  Fault fault;
  std::string code;      ///< kebab-case: "xml-malformed", "soap-two-bodies" …
  bool not_xml = false;  ///< not well-formed: HTTP 400 in place of 500
};

/// What stands in an envelope. The nodes live in `document`.
struct Opened {
  Document document;
  pugi::xml_node payload;  ///< the one child of the Body; null where it is empty
  bool is_fault = false;   ///< the payload is a soap:Fault
};

/// Opens SOAP 1.1 envelopes strictly with the hub's prefixes: one optional Header, then one Body,
/// nothing else; no header block that must be understood. Immutable; any thread.
class EnvelopeReader {
 public:
  /// `limits` are those of the payload; the envelope's own elements are allowed for.
  EnvelopeReader(Prefixes prefixes, XmlLimits limits);

  /// Throws BadEnvelope. At most one child of the Body.
  Opened open(std::string_view bytes) const;
  /// A document that is a payload alone. Throws Error as XmlReader does.
  Document read(std::string_view bytes) const { return reader_.read(bytes); }

 private:
  XmlReader reader_;
};

/// The payload inside an envelope.
std::string write_envelope(std::string_view payload);
std::string write_fault(const Fault& fault);
/// `<mh:Refusal>` for a fault's detail: the refusal's code and text.
std::string refusal_detail(std::string_view code, std::string_view text);

/// The namespace URI of an element of a tree that XmlReader built.
std::string_view uri_of(pugi::xml_node element);
std::string_view local_name(pugi::xml_node element);

/// The text at a path of element names below a fault's detail: `tr:TrafficFault/tr:Code`. Empty
/// where there is none.
std::string detail_text(pugi::xml_node fault, std::string_view path);

/// Whether a SOAPAction header (quotes included) fits the Body's element: empty always; else equal
/// to `declared` or, where nothing is declared, ending with the element's name.
bool action_fits(std::string_view header, std::string_view declared, std::string_view element);

}  // namespace masar::soap
