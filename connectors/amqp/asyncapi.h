#pragma once

#include <set>
#include <string>
#include <vector>

#include "connectors/amqp/settings.h"
#include "core/connector/guide.h"

namespace masar::amqp {

/// One address of the document: an endpoint with where it stands.
struct Channel {
  const connector::GuideRequest::Endpoint* endpoint = nullptr;
  EndpointSettings settings;
  const ListenerSettings* listener = nullptr;      ///< either the listener that has it
  const ConnectionSettings* connection = nullptr;  ///< or the broker that does

  bool tls() const { return listener ? listener->tls.has_value() : connection->tls.has_value(); }
};

/// Whose message-id has what the hub sends, by where its correlation comes from.
std::string message_id_from(const std::set<connector::Correlation>& sources);

/// What the property correlation-id of a message from the hub holds, by its sources; empty: it has
/// none.
std::string correlation_from(const std::set<connector::Correlation>& sources);

/// The AsyncAPI 3.0.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0), as
/// JSON, of a partner's AMQP addresses. The application that it describes is the hub: `receive`
/// is what the partner sends. Payloads are XML, for which the specification has no schema format of
/// its own; a message's payload is therefore a string of contentMediaType application/xml, and
/// `x-xsd` names the file beside the document, and the element in it, that it is valid by.
///
/// Pure: the same bytes for the same channels. Any thread.
std::string asyncapi(const connector::GuideRequest& request, const std::vector<Channel>& channels);

}  // namespace masar::amqp
