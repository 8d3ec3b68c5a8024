#pragma once

#include <memory>

#include "connectors/http/listeners.h"
#include "core/connector/connector.h"

namespace masar::soap {

/// The connector "soap": SOAP 1.1 and 1.2, document/literal, over HTTP, in and out. See README.md
/// for its configuration. `listeners` outlives it.
std::unique_ptr<connector::Connector> make_soap(const connector::Context& context,
                                                http::Listeners& listeners);

}  // namespace masar::soap
