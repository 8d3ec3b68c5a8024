#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "connectors/tls/context.h"
#include "connectors/tls/settings.h"
#include "core/connector/connector.h"

struct pn_ssl_domain_t;
struct pn_transport_t;

namespace masar::amqp {

struct FreeDomain {
  void operator()(pn_ssl_domain_t* domain) const noexcept;
};

/// TLS for the connections of a listener, or for those to one host. The secrets are read again for
/// a new connection, at most once a second: a changed certificate holds for what begins then, and
/// cuts nothing. Where the changed one cannot be used, the one before it goes on, and the log says
/// so. Any thread.
class Security {
 public:
  /// `host`: of a client, the server's. Reads the secrets; throws Error(config, "no-secret" or
  /// "bad-certificate").
  Security(tls::Side side, tls::Settings settings, std::string host,
           const connector::Context& context);

  /// Puts TLS under a transport that is not bound yet. Its frame size has been set.
  void protect(pn_transport_t* transport);

 private:
  void look_again();                      // under the lock
  void take(const tls::Material& material);  // under the lock
  const tls::Side side_;
  const tls::Settings settings_;
  const std::string host_;
  const connector::Context& context_;

  std::mutex mutex_;  // guards all below
  SteadyClock::TimePoint looked_at_;
  tls::Material material_;
  std::unique_ptr<pn_ssl_domain_t, FreeDomain> domain_;
};

}  // namespace masar::amqp
