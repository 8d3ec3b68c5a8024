#include "connectors/amqp/security.h"

#include <utility>

#include <openssl/ssl.h>
#include <proton/ssl.h>

#include "core/base/error.h"

namespace masar::amqp {
namespace {

// Proton keeps OpenSSL's context to itself, and by its own interface trusts the system's
// authorities beside those that are named, takes the common name for the host's, and on a server
// anonymous ciphers (its c/src/ssl/openssl.c). OpenSSL tells whoever asks of each context that is
// made: SSL_CTX_get_ex_new_index(3).
thread_local SSL_CTX* made = nullptr;

void note(void* context, void*, CRYPTO_EX_DATA*, int, long, void*) {
  made = static_cast<SSL_CTX*>(context);
}

/// A new domain of Proton's, with OpenSSL's context in it set up.
std::unique_ptr<pn_ssl_domain_t, FreeDomain> new_domain(tls::Side side,
                                                        const tls::Settings& settings,
                                                        const tls::Material& material,
                                                        const std::string& host) {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, note, nullptr, nullptr);
  made = nullptr;
  std::unique_ptr<pn_ssl_domain_t, FreeDomain> domain(
      pn_ssl_domain(side == tls::Side::server ? PN_SSL_MODE_SERVER : PN_SSL_MODE_CLIENT));
  SSL_CTX* const context = std::exchange(made, nullptr);
  if (index < 0 || !domain || context == nullptr)
    throw Error(ErrorKind::internal, "no-tls", "Proton made no TLS context");
  tls::apply(context, side, settings, material, host);
  return domain;
}

}  // namespace

void FreeDomain::operator()(pn_ssl_domain_t* domain) const noexcept { pn_ssl_domain_free(domain); }

Security::Security(tls::Side side, const tls::Settings& settings, std::string host,
                   tls::Owner owner, const connector::Context& context, tls::InUse* in_use)
    : side_(side),
      name_(settings.name.empty() ? host : settings.name),
      domains_(settings, std::move(owner), context, in_use,
               [side, settings, host = std::move(host)](const tls::Material& material) {
                 return new_domain(side, settings, material, host);
               }) {}

void Security::protect(pn_transport_t* transport) {
  std::lock_guard lock(mutex_);
  const auto domain = domains_.current();
  pn_ssl_t* ssl = pn_ssl(transport);
  if (side_ == tls::Side::client && !tls::is_ip(name_))
    pn_ssl_set_peer_hostname(ssl, name_.c_str());
  if (pn_ssl_init(ssl, domain->get(), nullptr) != 0)
    throw Error(ErrorKind::internal, "no-tls", "Proton took no TLS for a connection");
}

}  // namespace masar::amqp
