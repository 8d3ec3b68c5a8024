#pragma once

#include "connectors/http/listeners.h"
#include "core/connector/guide.h"

namespace masar::sms {

/// What the engineers of the SMS gateway are told of its endpoints. Any thread.
connector::Guide guide(const connector::GuideRequest& request, const http::Listeners& listeners);

}  // namespace masar::sms
