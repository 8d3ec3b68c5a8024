#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/mfep/profile.h"
#include "connectors/mfep/request.h"
#include "core/base/time.h"
#include "core/connector/connector.h"

namespace masar::mfep {

/// The answer to a request that Intake took, signed where the profile signs. One part that is to
/// be repeated makes the whole answer 303 (ENGINE.md 4). Where the profile wants errors in the
/// header, a bill's stands there alone, with RecCount 0; that of payments stands there besides,
/// where all of them have the same. Throws Error where a reply cannot be written or signed.
std::string write_answer(const connector::IntakeAnswer& parts, const Opened& request,
                         const Profile& profile, Instant now);

/// The ErrorCodes that answers may have, with their ErrorDesc.
std::span<const std::pair<std::string_view, std::string_view>> error_codes();

/// The answer to a message as a whole, with `code` in its header.
std::string write_error(std::string_view code, const std::string& guid, const Profile& profile,
                        Instant now);

}  // namespace masar::mfep
