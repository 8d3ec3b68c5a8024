#include "connectors/amqp/security.h"

#include <utility>

#include <openssl/ssl.h>
#include <proton/ssl.h>

#include "core/base/error.h"

namespace masar::amqp {
namespace {

constexpr std::chrono::seconds kLook{1};

// Proton keeps OpenSSL's context to itself, and by its own interface trusts the system's
// authorities beside those that are named, takes the common name for the host's, and on a server
// anonymous ciphers (its c/src/ssl/openssl.c). OpenSSL tells whoever asks of each context that is
// made: SSL_CTX_get_ex_new_index(3).
thread_local SSL_CTX* made = nullptr;

void note(void* context, void*, CRYPTO_EX_DATA*, int, long, void*) {
  made = static_cast<SSL_CTX*>(context);
}

/// Proton's domain, and OpenSSL's context in it.
std::pair<std::unique_ptr<pn_ssl_domain_t, FreeDomain>, SSL_CTX*> new_domain(tls::Side side) {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, note, nullptr, nullptr);
  made = nullptr;
  std::unique_ptr<pn_ssl_domain_t, FreeDomain> domain(
      pn_ssl_domain(side == tls::Side::server ? PN_SSL_MODE_SERVER : PN_SSL_MODE_CLIENT));
  if (index < 0 || !domain || made == nullptr)
    throw Error(ErrorKind::internal, "no-tls", "Proton made no TLS context");
  return {std::move(domain), std::exchange(made, nullptr)};
}

}  // namespace

void FreeDomain::operator()(pn_ssl_domain_t* domain) const noexcept { pn_ssl_domain_free(domain); }

Security::Security(tls::Side side, tls::Settings settings, std::string host,
                   const connector::Context& context)
    : side_(side),
      settings_(std::move(settings)),
      host_(std::move(host)),
      context_(context),
      looked_at_(context.steady.now()) {
  take(tls::load(settings_, context_.secrets));
}

void Security::take(const tls::Material& material) {
  auto [domain, context] = new_domain(side_);
  tls::apply(context, side_, settings_, material, host_);
  domain_ = std::move(domain);
  material_ = material;
}

void Security::look_again() {
  const auto now = context_.steady.now();
  if (now - looked_at_ < kLook) return;
  looked_at_ = now;
  try {
    const tls::Material material = tls::load(settings_, context_.secrets);
    if (material == material_) return;
    take(material);
    if (context_.log) context_.log("info", "AMQP: new certificates are in use");
  } catch (const Error& error) {
    if (context_.log) {
      context_.log("warning", std::string("AMQP: changed certificates cannot be used, those before "
                                          "them go on: ") +
                                  error.what());
    }
  }
}

void Security::protect(pn_transport_t* transport) {
  std::lock_guard lock(mutex_);
  look_again();
  pn_ssl_t* ssl = pn_ssl(transport);
  if (side_ == tls::Side::client) {
    const std::string& name = settings_.name.empty() ? host_ : settings_.name;
    if (!tls::is_ip(name)) pn_ssl_set_peer_hostname(ssl, name.c_str());
  }
  if (pn_ssl_init(ssl, domain_.get(), nullptr) != 0)
    throw Error(ErrorKind::internal, "no-tls", "Proton took no TLS for a connection");
}

}  // namespace masar::amqp
