#pragma once

#include <string>
#include <string_view>

#include "connectors/mfep/profile.h"
#include "core/base/time.h"
#include "core/connector/connector.h"

namespace masar::mfep {

/// The signed answer to a request that Intake took. `request`: what Intake was given. One part that
/// is to be repeated makes the whole answer 303 (ENGINE.md 4). Throws Error where a reply cannot be
/// written or signed.
std::string write_answer(const connector::IntakeAnswer& parts, const Document& request,
                         const std::string& guid, const Profile& profile, Instant now);

/// The signed answer to a message as a whole, with `code` in its header.
std::string write_error(std::string_view code, const std::string& guid, const Profile& profile,
                        Instant now);

}  // namespace masar::mfep
