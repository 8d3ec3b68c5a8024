#pragma once

#include <memory>

#include "connectors/tls/in_use.h"
#include "core/connector/connector.h"

namespace masar::amqp {

/// The connector "amqp": AMQP 1.0, the hub listens itself; see README.md for its configuration and
/// for what it answers. Inbound endpoints are targets that partners send to, outbound ones are
/// sources that their receivers drain.
///
/// Owned by the composition root, with the life that connector::Connector states. Answers of an
/// Intake may come after stop() and after the connector is gone; then they have no effect.
/// `certificates` hears of those in use; it may be null, and outlives the connector.
std::unique_ptr<connector::Connector> make_amqp(const connector::Context& context,
                                                tls::InUse* certificates = nullptr);

}  // namespace masar::amqp
