#include "core/engine/aggregate.h"

#include <algorithm>
#include <memory>
#include <string>

#include "core/base/error.h"
#include "core/message/xml_writer.h"

namespace masar::engine {

using connector::PartAnswer;

namespace {

const char* state_name(PartAnswer::Kind kind) {
  switch (kind) {
    case PartAnswer::Kind::accepted: return "accepted";
    case PartAnswer::Kind::replied: return "replied";
    case PartAnswer::Kind::refused: return "refused";
    case PartAnswer::Kind::retry_later: break;
  }
  return "retry-later";
}

Document parts_document(const connector::IntakeAnswer& parts) {
  auto document = std::make_shared<pugi::xml_document>();
  auto root = document->append_child("parts");
  for (const PartAnswer& part : parts) {
    auto element = root.append_child("part");
    element.append_attribute("state") = state_name(part.kind);
    if (part.kind == PartAnswer::Kind::refused) {
      element.append_attribute("code") = part.code.c_str();
      element.append_attribute("text") = part.text.c_str();
    }
    if (part.document) element.append_copy(part.document->document_element());
  }
  return document;
}

}  // namespace

Document part_document(pugi::xml_node node, bool as_read, const XmlReader& reader,
                       std::string& payload) {
  payload = write_xml(node, XmlForm::plain, true);
  // The reader declares every prefix at the root. Without one a part reads as it stands here.
  if (!as_read || node.root().first_child().first_attribute()) return reader.read(payload);
  auto document = std::make_shared<pugi::xml_document>();
  document->append_copy(node);
  return document;
}

expression::Nodes parts_of(const route::Route& route, const expression::Frame& frame) {
  const auto value = route.parts->evaluate(frame);
  const auto& nodes = value.as<expression::Nodes>();
  if (nodes.empty()) throw Error(ErrorKind::rejected, "no-parts", "the message has no part");
  if (nodes.size() > route.parts_max)
    throw Error(ErrorKind::rejected, "too-many-parts",
                "the message has more than " + std::to_string(route.parts_max) + " parts");
  return nodes;
}

connector::IntakeAnswer aggregated(const route::Route& route, const route::Origin& origin,
                                   connector::IntakeAnswer parts, Metrics& metrics) {
  if (!route.aggregate) return parts;
  const auto later = std::find_if(parts.begin(), parts.end(), [](const PartAnswer& part) {
    return part.kind == PartAnswer::Kind::retry_later;
  });
  if (later != parts.end()) return {*later};
  try {
    const Document document = parts_document(parts);
    route::Flow flow;
    flow.document = document;
    route::fill_message(origin, flow.variables);
    return {PartAnswer{PartAnswer::Kind::replied, {}, {}, route.aggregate->apply(flow.frame())}};
  } catch (const std::exception& thrown) {
    metrics.alarm("aggregate");
    const Error error = typed_failure(thrown);
    return {PartAnswer{PartAnswer::Kind::retry_later, error.code(),
                       "the reply could not be put together", {}}};
  }
}

}  // namespace masar::engine
