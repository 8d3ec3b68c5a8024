#pragma once

#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "core/config/fields.h"
#include "core/connector/connector.h"
#include "core/message/xml_reader.h"

namespace masar::http {

/// How an endpoint's documents stand in HTTP's bodies: as XML, or as JSON, which inside the hub is
/// the W3C's XML form of it (core/message/json.h, DESIGN D13). Immutable; any thread.
class Payload {
 public:
  /// The attributes `payload json-depth content-type` of an element that holds payload_fields().
  Payload(const config::Values& values, const XmlLimits& limits, Prefixes prefixes);

  bool is_json() const noexcept { return json_; }
  /// Whether a body with this Content-Type is one: the declared media type, or the form's usual
  /// ones; UTF-8 where it names a charset.
  bool takes(std::string_view content_type) const;
  /// The Content-Type of what is sent.
  const std::string& content_type() const noexcept { return content_type_; }
  /// "XML" or "JSON", for people.
  std::string_view name() const noexcept { return json_ ? "JSON" : "XML"; }

  /// The XML of a body that came. XML goes on as it is, for Intake or the engine to read; JSON is
  /// read here. Throws Error(rejected, "json-…") with the place.
  std::string xml_of(std::string body) const;
  /// The tree of a JSON body.
  Document json_of(std::string_view body) const;
  /// The body of a document, and of XML bytes that the hub wrote. Throws Error(rejected,
  /// "json-form") for a document that is not the XML form of JSON, and what the XML reader throws.
  std::string body_of(pugi::xml_node document) const;
  std::string body_of(std::string xml) const;

 private:
  bool json_ = false;
  std::string wanted_;  ///< the declared media type in lower case; empty: the form's usual ones
  std::string content_type_;
  XmlLimits json_limits_;
  XmlReader reader_;
};

/// The Content-Type of what is sent where an endpoint names none.
const char* usual_content_type(bool json);
/// `payload` and `json-depth`, for an element's table beside its own `content-type`.
std::vector<config::Field> payload_fields();
void check_payload(const config::Values& values, config::Diagnostics& diagnostics);

}  // namespace masar::http
