#pragma once

#include <memory>

#include "connectors/http/listeners.h"
#include "core/connector/connector.h"

namespace masar::mfep {

/// The payment switch's protocol as the biller's side of it (PARTNERS.md): inbound only, over HTTP,
/// as signed XML or as JSON. See README.md for its configuration. `listeners` outlives it.
std::unique_ptr<connector::Connector> make_mfep(const connector::Context& context,
                                                http::Listeners& listeners);

}  // namespace masar::mfep
