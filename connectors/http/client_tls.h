#pragma once

#include <memory>
#include <string>

#include "connectors/tls/context.h"
#include "connectors/tls/in_use.h"
#include "connectors/tls/live.h"
#include "core/config/element.h"
#include "core/connector/connector.h"

namespace masar::http {

/// How an outbound endpoint speaks TLS with its partner: contexts by its `<tls>`, or by the
/// system's authorities where it has none, made anew when the secrets change. Owned by the
/// endpoint's client; any thread.
class ClientTls {
 public:
  ClientTls(tls::Settings settings, const std::string& host, const std::string& endpoint,
            const connector::Context& context, tls::InUse* in_use);
  /// For a new connection.
  std::shared_ptr<SSL_CTX> context() { return *contexts_.current(); }
  /// That the server is asked for.
  const std::string& name() const noexcept { return name_; }

 private:
  const std::string name_;
  tls::Live<std::shared_ptr<SSL_CTX>> contexts_;
};

/// Lint of the `<tls>` of an outbound element, where there is one: its table, and that the URL is
/// https.
void check_client_tls(const config::Element& own, const std::string& url,
                      config::Diagnostics& diagnostics);

/// For the element and URL of an endpoint; null where the URL is not https. Its secrets are read
/// here: throws Error(config, "no-secret" or "bad-certificate"). `in_use` may be null.
std::shared_ptr<ClientTls> client_tls(const config::Element& own, const std::string& url,
                                      const std::string& endpoint,
                                      const connector::Context& context, tls::InUse* in_use);

}  // namespace masar::http
