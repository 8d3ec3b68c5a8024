#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "connectors/tls/live.h"
#include "connectors/tls/settings.h"
#include "core/connector/connector.h"

struct pn_ssl_domain_t;
struct pn_transport_t;

namespace masar::amqp {

struct FreeDomain {
  void operator()(pn_ssl_domain_t* domain) const noexcept;
};

/// TLS for the connections of a listener, or for those to one host. The secrets are read again for
/// a new connection, as tls::Live does. Any thread.
class Security {
 public:
  /// `host`: of a client, the server's. Reads the secrets; throws Error(config, "no-secret" or
  /// "bad-certificate"). `in_use` may be null.
  Security(tls::Side side, const tls::Settings& settings, std::string host, tls::Owner owner,
           const connector::Context& context, tls::InUse* in_use);

  /// Puts TLS under a transport that is not bound yet. Its frame size has been set.
  void protect(pn_transport_t* transport);

 private:
  using Domain = std::unique_ptr<pn_ssl_domain_t, FreeDomain>;
  const tls::Side side_;
  const std::string name_;
  std::mutex mutex_;  // one at a time: Proton counts a domain's users without locks
  tls::Live<Domain> domains_;
};

}  // namespace masar::amqp
