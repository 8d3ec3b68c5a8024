#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/sms/message.h"

namespace masar::sms {

// The JSON of the national platform (PARTNERS.md, SMS), byte for byte. Read strictly: one object
// of at most `kMembersMax` members, no depth beyond it.

inline constexpr std::size_t kMembersMax = 16;

std::string message_json(const Message& message, std::string_view header);

/// What /sendSmsNotifications says: one text under a code of the platform's.
struct NationalAnswer {
  std::string code;
  bool sent = false;  ///< the text holds `messagesId[`, which alone means success
};
/// None where the body is not one object with one text.
std::optional<NationalAnswer> read_answer(std::string_view body);

}  // namespace masar::sms
