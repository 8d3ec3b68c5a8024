#pragma once

#include "connectors/amqp/declared.h"
#include "core/connector/guide.h"

namespace masar::amqp {

/// What a partner's engineers are told of its AMQP addresses, with `asyncapi.json`. `declared`
/// holds the listeners and connections of the configuration. Any thread.
connector::Guide guide(const connector::GuideRequest& request, const Declared& declared);

}  // namespace masar::amqp
