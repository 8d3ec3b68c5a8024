#pragma once

#include <map>
#include <string>

struct pn_transport_t;

namespace masar::amqp {

/// The users of one listener. Immutable once the listener listens.
struct Logins {
  std::map<std::string, std::string, std::less<>> passwords;  ///< by user: SASL PLAIN
  /// User by the subject of the certificate, as RFC 2253 writes it: SASL EXTERNAL.
  std::map<std::string, std::string, std::less<>> users;
};

/// Makes the server side of `transport` offer SASL PLAIN and EXTERNAL, as far as somebody may log
/// in by them, and nothing else, and check both against `logins` by itself, without Cyrus SASL and
/// its files (README.md, "Login"). Call after pn_transport_set_server() and before the transport is
/// bound. `logins` outlives the transport. Passwords compare in constant time. EXTERNAL takes the
/// certificate that TLS has verified; without TLS it lets nobody in.
void require_login(pn_transport_t* transport, const Logins& logins);

/// The client's side: logs in by one mechanism and no other; a server that does not offer it is
/// told nothing. Call before the transport is bound.
void log_in_plain(pn_transport_t* transport, const std::string& user, const std::string& password);
void log_in_external(pn_transport_t* transport);

}  // namespace masar::amqp
