#pragma once

#include <memory>

#include "connectors/http/listeners.h"
#include "core/connector/connector.h"

namespace masar::http {

/// The connector "http": XML or JSON by POST, in and out, and the life of all HTTP listeners. See
/// README.md for its configuration. `listeners` outlives it.
std::unique_ptr<connector::Connector> make_http(const connector::Context& context,
                                                Listeners& listeners);

}  // namespace masar::http
