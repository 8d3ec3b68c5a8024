#pragma once

#include "connectors/http/listeners.h"
#include "core/connector/guide.h"
#include "core/message/xml_reader.h"

namespace masar::soap {

/// What a partner's engineers are told of its SOAP endpoints, with a WSDL for each that has a
/// schema and operations: `ENDPOINT.wsdl`, its imports below `schemas/`. Any thread.
connector::Guide guide(const connector::GuideRequest& request, const Prefixes& prefixes,
                       const http::Listeners& listeners);

}  // namespace masar::soap
