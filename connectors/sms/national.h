#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "connectors/http/client.h"
#include "core/connector/connector.h"

namespace masar::sms {

/// One `<national>` element, secrets resolved.
struct NationalSettings {
  std::string url;  ///< what /authenticate and /sendSmsNotifications are appended to
  std::string user;
  std::string password;
  std::string from;  ///< the platform's `header`
  std::size_t parts_max = 3;
  std::chrono::milliseconds token_lifetime{60'000};
  std::chrono::milliseconds timeout{10'000};  ///< of one attempt, its token included
};

/// Sends one text by the national platform (PARTNERS.md, SMS). One token serves many calls; a call
/// whose token was refused with 401 is made once more with a fresh one. There are no delivery
/// reports. `context` outlives it. Threads as Outbound.
std::unique_ptr<connector::Outbound> make_national(NationalSettings settings,
                                                   http::ClientSettings client,
                                                   const connector::Context& context);

}  // namespace masar::sms
