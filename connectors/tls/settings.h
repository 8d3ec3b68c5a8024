#pragma once

#include <optional>
#include <string>

#include "core/config/element.h"

namespace masar::tls {

enum class Side { server, client };

/// `<tls …>` of a listener (server) or of what connects out (client). Certificates and keys are
/// named, not held: see Material.
struct Settings {
  enum class Clients { none, wanted, required };
  std::string certificate;  ///< secret:NAME; empty on a client: it shows none
  std::string key;          ///< secret:NAME
  std::string trust;        ///< secret:NAME; empty on a client: the system's authorities
  Clients clients = Clients::none;  ///< server: whether a client shows a certificate
  std::string name;                 ///< client: that the server's must have; empty: the host
  bool newest_only = false;         ///< TLS 1.3, not 1.2
};

/// The `<tls>` of `parent`, where there is one, read by its table. What is wrong goes to
/// `diagnostics`.
std::optional<Settings> read(const config::Element& parent, Side side,
                             config::Diagnostics& diagnostics);

}  // namespace masar::tls
