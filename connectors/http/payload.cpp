#include "connectors/http/payload.h"

#include <algorithm>
#include <utility>

#include "connectors/http/inbound.h"
#include "core/message/json.h"
#include "core/message/xml_writer.h"

namespace masar::http {

Payload::Payload(const config::Values& values, const XmlLimits& limits, Prefixes prefixes)
    : json_(values.text("payload") == "json"),
      wanted_(media_type(values.text("content-type"))),
      json_limits_(limits),
      reader_(std::move(prefixes), limits) {
  json_limits_.depth_max = static_cast<std::size_t>(values.integer("json-depth"));
  content_type_ = !wanted_.empty() ? values.text("content-type") : usual_content_type(json_);
}

const char* usual_content_type(bool json) {
  return json ? "application/json" : "application/xml; charset=utf-8";
}

bool Payload::takes(std::string_view content_type) const {
  if (!is_utf8_or_unsaid(content_type)) return false;
  const std::string type = media_type(content_type);
  if (!wanted_.empty()) return type == wanted_;
  return json_ ? type == "application/json" : type == "application/xml" || type == "text/xml";
}

std::string Payload::xml_of(std::string body) const {
  return json_ ? write_xml(*json_of(body)) : std::move(body);
}

Document Payload::json_of(std::string_view body) const { return read_json(body, json_limits_); }

std::string Payload::body_of(pugi::xml_node document) const {
  return json_ ? write_json(document) : write_xml(document);
}

std::string Payload::body_of(std::string xml) const {
  return json_ ? write_json(*reader_.read(xml)) : std::move(xml);
}

std::vector<config::Field> payload_fields() {
  using config::Kind;
  return {{"payload", Kind::choice, false, "xml", "what stands in the bodies", {"xml", "json"}},
          {"json-depth", Kind::integer, false, "32", "limit of JSON's nesting", {}}};
}

void check_payload(const config::Values& values, config::Diagnostics& diagnostics) {
  if (values.integer("json-depth") >= 1 && values.integer("json-depth") <= 1000) return;
  diagnostics.add(values.place("json-depth"), "there is no such depth", "write 1 to 1000");
}

}  // namespace masar::http
