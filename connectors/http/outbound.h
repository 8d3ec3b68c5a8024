#pragma once

#include <memory>

#include "core/config/element.h"
#include "core/connector/connector.h"

namespace masar::http {

/// Lint of an outbound endpoint's `<http>`.
void check_outbound(const config::Element& own, config::Diagnostics& diagnostics);

/// An outbound endpoint by its `<http>`, which check_outbound() found nothing wrong with. Its
/// secrets are read here: throws Error(config, "no-secret").
std::unique_ptr<connector::Outbound> make_outbound(const config::Element& own,
                                                   const connector::EndpointSpec& spec,
                                                   const connector::Context& context);

}  // namespace masar::http
