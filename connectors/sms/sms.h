#pragma once

#include <memory>

#include "connectors/http/listeners.h"
#include "core/connector/connector.h"

namespace masar::sms {

/// Text messages (PARTNERS.md, SMS), outbound: through Kannel's HTTP interface, with delivery
/// reports that come back to a listener of the http connector, or through the national platform's.
/// See README.md for its configuration.
/// `listeners` outlives it.
std::unique_ptr<connector::Connector> make_sms(const connector::Context& context,
                                               http::Listeners& listeners);

}  // namespace masar::sms
