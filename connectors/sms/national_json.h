#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/sms/message.h"

namespace masar::sms {

// The JSON of the national platform (PARTNERS.md, SMS), byte for byte. Read strictly: one object
// of at most `kMembersMax` members, no depth beyond it.

inline constexpr std::size_t kMembersMax = 16;
inline constexpr std::size_t kTokenBytesMax = 4096;

std::string login_json(std::string_view user, std::string_view password);
std::string message_json(const Message& message, std::string_view header);

/// The token of an answer to /authenticate, without the prefix `Bearer ` that it may have; visible
/// ASCII only, since it goes into a header. None where the answer is no such thing.
std::optional<std::string> read_token(std::string_view body);

/// What /sendSmsNotifications says: one text under a code of the platform's.
struct NationalAnswer {
  std::string code;
  bool sent = false;  ///< the text holds `messagesId[`, which alone means success
};
/// None where the body is not one object with one text.
std::optional<NationalAnswer> read_answer(std::string_view body);

}  // namespace masar::sms
