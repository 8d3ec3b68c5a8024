#include "connectors/sms/message.h"

#include "connectors/sms/parts.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/message/xml_names.h"

namespace masar::sms {
namespace {

std::string child_text(pugi::xml_node message, std::string_view local) {
  for (const auto& child : message.children()) {
    if (local_part(child.name()) == local) return child.text().get();
  }
  return {};
}

ReadMessage refuse(std::string code, std::string text) {
  return {std::nullopt,
          {connector::OutcomeKind::rejected, std::move(code), std::move(text), {}, {}}};
}

}  // namespace

ReadMessage read_message(const XmlReader& reader, std::string_view body, std::size_t parts_max) {
  Message message;
  try {
    const Document document = reader.read(body);
    message.to = child_text(document->document_element(), "to");
    message.text = clean_text(child_text(document->document_element(), "text"));
  } catch (const Error&) {
    return refuse("bad-payload", "the message cannot be read");
  }
  const auto number = jordan_mobile(message.to);
  if (!number || *number != message.to) return refuse("bad-number", "the number is not 9627…");
  const std::size_t parts = parts_of(message.text);
  if (parts == 0) return refuse("no-text", "the text is empty");
  if (parts > parts_max)
    return refuse("too-long", "the text takes " + std::to_string(parts) + " parts");
  return {std::move(message), {}};
}

}  // namespace masar::sms
