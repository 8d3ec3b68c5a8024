#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/connector/connector.h"
#include "core/message/xml_reader.h"

namespace masar::sms {

/// One text message, as every gateway gets it.
struct Message {
  std::string to;    ///< 9627XXXXXXXX
  std::string text;  ///< UTF-8, cleaned (PARTNERS.md, SMS)
};

/// A message, or the refusal of what no gateway is given: then nothing is sent.
struct ReadMessage {
  std::optional<Message> message;
  connector::Outcome refused;
};

/// Reads the document of an effect: its elements `to` and `text`, in any namespace. `parts_max`:
/// parts that the text may take (parts.h); gateways cut the rest away without a word. Any thread.
ReadMessage read_message(const XmlReader& reader, std::string_view body, std::size_t parts_max);

}  // namespace masar::sms
