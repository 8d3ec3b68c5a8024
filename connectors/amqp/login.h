#pragma once

#include <map>
#include <string>

struct pn_transport_t;

namespace masar::amqp {

/// The users of one listener and their passwords. Immutable once the listener listens.
using Logins = std::map<std::string, std::string, std::less<>>;

/// Makes the server side of `transport` offer SASL PLAIN and nothing else, and check it against
/// `logins` by itself, without Cyrus SASL and its files (README.md, "Login"). Call after
/// pn_transport_set_server() and before the transport is bound. `logins` outlives the transport.
/// Passwords compare in constant time.
void require_plain(pn_transport_t* transport, const Logins& logins);

}  // namespace masar::amqp
