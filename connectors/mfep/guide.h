#pragma once

#include "connectors/http/listeners.h"
#include "core/connector/guide.h"

namespace masar::mfep {

/// What the engineers of the payment switch are told of its endpoints: profile, signatures, codes,
/// and the JSON of the samples. Any thread.
connector::Guide guide(const connector::GuideRequest& request, const http::Listeners& listeners);

}  // namespace masar::mfep
