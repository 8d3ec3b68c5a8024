#pragma once

#include <string>
#include <vector>

#include "connectors/http/listeners.h"
#include "core/connector/guide.h"

namespace masar::http {

// What a partner's engineers are told of an endpoint by HTTP, for every connector that goes over
// it. Any thread; no secret is read.

/// Of an inbound element with the attributes of a door (inbound.h): address, method, who may call.
std::vector<connector::Guide::Fact> door_facts(const config::Element& own,
                                               const Listeners& listeners,
                                               const std::string& method);
/// Of one that calls out: `url`, `user` and `<tls>` of its element.
std::vector<connector::Guide::Fact> client_facts(const config::Element& own,
                                                 const std::string& url);
/// The envelope of messages to and from the hub over HTTP's headers.
std::vector<connector::Guide::Fact> envelope_facts(bool inbound);
/// What the HTTP edge itself answers before a connector sees a request.
connector::Guide::Table edge_table();

/// The guide of the http connector's own endpoints.
connector::Guide guide(const connector::GuideRequest& request, const Prefixes& prefixes,
                       const Listeners& listeners);

}  // namespace masar::http
