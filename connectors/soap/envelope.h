#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/message/message.h"
#include "core/message/xml_reader.h"

namespace masar::soap {

/// SOAP 1.1 (W3C note of 8 May 2000) and 1.2 (W3C recommendation, second edition).
enum class Version { v11, v12 };

inline constexpr std::string_view kEnvelope11 = "http://schemas.xmlsoap.org/soap/envelope/";
inline constexpr std::string_view kEnvelope12 = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Security 1.0, SOAP Message Security: its elements, and those it has of time.
inline constexpr std::string_view kWsse =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
inline constexpr std::string_view kWsu =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// `text/xml; charset=utf-8`; of 1.2 `application/soap+xml; charset=utf-8`.
std::string content_type(Version version);
/// By the media type alone: `application/soap+xml` is 1.2, everything else 1.1.
Version version_said(std::string_view content_type);

/// Who is to blame (1.2, part 1, 5.4.6; of 1.1 Client and Server).
enum class Blame { sender, receiver, must_understand, version_mismatch, data_encoding };

/// A SOAP fault as it is said.
struct Fault {
  Blame blame = Blame::sender;
  std::string text = {};     ///< for people, in English
  std::string detail = {};   ///< XML inside the detail, or empty
  std::string subcode = {};  ///< `wsse:Name` or `wsu:Name`; of 1.1 it stands in place of the code
  std::string header = {};   ///< XML inside the Header, or empty
};

/// Why an envelope was refused: the fault to answer, and the code for the audit.
struct BadEnvelope {
  Fault fault;
  std::string code;  ///< kebab-case: "xml-malformed", "soap-two-bodies" …
  int status = 0;    ///< of HTTP; 0: as status_of() says
  std::optional<Version> version = {};  ///< of the envelope, where it could be told
};
BadEnvelope bad_sender(const char* code, const std::string& text);

/// What stands in an envelope. The nodes live in `document`.
struct Opened {
  Document document;
  Version version = Version::v11;
  pugi::xml_node header;   ///< null where there is none
  pugi::xml_node payload;  ///< the one child of the Body; null where it is empty
  bool is_fault = false;   ///< the payload is a Fault of the envelope's version
};

/// Opens SOAP envelopes strictly with the hub's prefixes: one optional Header, then one Body,
/// nothing else; no header block that must be understood but those of `understood`; no part of the
/// message elsewhere (XOP). Immutable; any thread.
class EnvelopeReader {
 public:
  /// `limits` are those of the payload; the envelope's own elements are allowed for. `understood`:
  /// names of header blocks with the hub's prefixes, and `wsse:Security`.
  EnvelopeReader(Prefixes prefixes, XmlLimits limits, std::vector<std::string> understood = {});

  /// Throws BadEnvelope. At most one child of the Body.
  Opened open(std::string_view bytes) const;
  /// A document that is a payload alone. Throws Error as XmlReader does.
  Document read(std::string_view bytes) const { return reader_.read(bytes); }

 private:
  Opened open(Document document, Version version) const;
  void check_header(pugi::xml_node header, Version version) const;

  XmlReader reader_;
  std::vector<std::string> understood_;
};

/// Whether a header block is for the receiver of the envelope: no role, next, or (1.2) the ultimate
/// receiver's.
bool is_for_us(pugi::xml_node block, Version version);

/// The payload inside an envelope, below what stands in the Header (XML; may be empty).
std::string write_envelope(Version version, std::string_view payload, std::string_view header = {});
std::string write_fault(Version version, const Fault& fault);
/// The HTTP status of a fault: 500; of 1.2 400 where the sender is to blame.
int status_of(Version version, const Fault& fault);
/// `<mh:Refusal>` for a fault's detail: the refusal's code and text.
std::string refusal_detail(std::string_view code, std::string_view text);
/// Text as it may stand in XML; throws Error(rejected, "xml-character") for what XML cannot hold.
std::string escaped_exactly(std::string_view text);
/// The same of text for people: without what XML cannot hold and what would not be seen.
std::string escaped(std::string_view text);

/// The text at a path of element names below a fault's detail: `tr:TrafficFault/tr:Code`. Empty
/// where there is none.
std::string detail_text(pugi::xml_node fault, Version version, std::string_view path);

/// Whether an action (SOAPAction with its quotes, or 1.2's `action`) fits the Body's element: empty
/// always; else equal to `declared` or, where nothing is declared, ending with the element's name.
bool action_fits(std::string_view action, std::string_view declared, std::string_view element);

}  // namespace masar::soap
