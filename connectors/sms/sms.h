#pragma once

#include <memory>

#include "connectors/http/listeners.h"
#include "core/connector/connector.h"

namespace masar::sms {

/// Text messages through Kannel's HTTP interface (PARTNERS.md, SMS): outbound, with delivery
/// reports that come back to a listener of the http connector. See README.md for its configuration.
/// `listeners` outlives it.
std::unique_ptr<connector::Connector> make_sms(const connector::Context& context,
                                               http::Listeners& listeners);

}  // namespace masar::sms
