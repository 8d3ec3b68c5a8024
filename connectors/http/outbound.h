#pragma once

#include <memory>

#include "connectors/http/client.h"
#include "connectors/tls/in_use.h"
#include "core/config/element.h"
#include "core/connector/connector.h"

namespace masar::http {

/// How an attempt ended whose call brought no reply (ENGINE.md 18): unavailable where nothing of it
/// was sent, else unknown, with the bytes that came.
connector::Outcome without_reply(CallResult result);

/// Lint of an outbound endpoint's `<http>`.
void check_outbound(const config::Element& own, config::Diagnostics& diagnostics);

/// An outbound endpoint by its `<http>`, which check_outbound() found nothing wrong with. Its
/// secrets are read here: throws Error(config, "no-secret" or "bad-certificate"). `in_use` may be
/// null.
std::unique_ptr<connector::Outbound> make_outbound(const config::Element& own,
                                                   const connector::EndpointSpec& spec,
                                                   const connector::Context& context,
                                                   tls::InUse* in_use);

}  // namespace masar::http
