#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/tls/settings.h"
#include "core/base/time.h"
#include "core/connector/connector.h"

typedef struct ssl_st SSL;  // <openssl/ssl.h> stays out of headers
typedef struct ssl_ctx_st SSL_CTX;

namespace masar::tls {

/// What the secrets hold that Settings name, as PEM. A secret that is not named is empty.
struct Material {
  std::string certificate;
  std::string key;
  std::string trust;
  bool operator==(const Material&) const = default;
};

/// Throws Error(config, "no-secret") naming the secret.
Material load(const Settings& settings, const connector::Secrets& secrets);

/// Makes an OpenSSL context what Settings say, whatever it was: TLS 1.2 or 1.3 with forward
/// secrecy, no compression, renegotiation or resumption; own certificate and key; the authorities
/// named and no others. A client's peer must have a certificate for `host` (or Settings::name) in
/// its alternative names, as a DNS name or an IP address; the subject's common name does not count.
/// What a server's clients show must come from its authorities.
///
/// Throws Error(config, "bad-certificate") naming the secret and what is wrong with it, never its
/// contents. Any thread; the context is the caller's.
void apply(SSL_CTX* context, Side side, const Settings& settings, const Material& material,
           const std::string& host);

/// A new context that apply() has set up.
std::shared_ptr<SSL_CTX> make_context(Side side, const Settings& settings, const Material& material,
                                      const std::string& host);

/// The subject of the certificate that the other side has shown and TLS has verified, as RFC 2253
/// writes it, most specific part first: CN=roads,O=GAM. Empty: it has shown none.
std::string peer_subject(const SSL* connection);

/// Why TLS came to nothing, for people and programs: names no secret.
struct Refusal {
  std::string code;  ///< "certificate-expired", "certificate-name", "certificate-authority" …
  std::string text;
  /// The other side took the hub's certificate for a bad one, or wanted one. It says so before it
  /// reads a byte of what the hub sends, though in TLS 1.3 after the hub has begun to send.
  bool of_own = false;
};
/// What was wrong with the certificate that the other side has shown, or the alert with which it
/// ended, on a connection of a context that apply() has set up; none: nothing.
std::optional<Refusal> refusal_of(const SSL* connection);

/// From `now` until the first of these certificates ends; negative: since then.
/// Throws Error(config, "bad-certificate") where there is none.
std::chrono::seconds time_left(std::string_view pem, Instant now);

/// Whether this is an IP address: then it is no name to ask a server for.
bool is_ip(const std::string& host);

}  // namespace masar::tls
