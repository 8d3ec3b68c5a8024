#include "connectors/tls/context.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "core/base/error.h"

namespace masar::tls {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(ASN1_OCTET_STRING* string) const { ASN1_OCTET_STRING_free(string); }
};
using Certificate = std::unique_ptr<X509, Free>;

/// Forward secrecy and authenticated encryption; TLS 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr int kSecurityLevel = 2;  // OpenSSL's: keys of 2048 bits and more

[[noreturn]] void fail(const std::string& secret, const std::string& what) {
  std::string why;
  if (const unsigned long code = ERR_peek_last_error()) {
    if (const char* reason = ERR_reason_error_string(code)) why = std::string(": ") + reason;
  }
  ERR_clear_error();
  throw Error(ErrorKind::config, "bad-certificate", secret + ": " + what + why);
}

std::unique_ptr<BIO, Free> open(std::string_view pem) {
  return std::unique_ptr<BIO, Free>(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// A key with a passphrase has nobody to ask for it.
int no_passphrase(char*, int, int, void*) { return -1; }

std::vector<Certificate> certificates(const std::string& secret, std::string_view pem) {
  ERR_clear_error();
  const auto bio = open(pem);
  std::vector<Certificate> all;
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    all.emplace_back(one);
  }
  const unsigned long code = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (all.empty()) fail(secret, "there is no certificate in it (PEM)");
  if (code != 0 && !at_end) fail(secret, "a certificate cannot be read");
  ERR_clear_error();
  return all;
}

void show(SSL_CTX* context, const Settings& settings, const Material& material) {
  const auto chain = certificates(settings.certificate, material.certificate);
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
    fail(settings.certificate, "the certificate cannot be used");
  SSL_CTX_clear_chain_certs(context);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1)
      fail(settings.certificate, "a certificate between cannot be used");
  }
  const auto bio = open(material.key);
  const std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) fail(settings.key, "there is no private key without a passphrase in it (PEM)");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    fail(settings.key, "the key is not that of " + settings.certificate);
}

/// In place of whatever the context trusted.
void trust(SSL_CTX* context, Side side, const Settings& settings, const Material& material) {
  std::unique_ptr<X509_STORE, Free> store(X509_STORE_new());
  if (!material.trust.empty()) {
    for (const Certificate& each : certificates(settings.trust, material.trust)) {
      if (X509_STORE_add_cert(store.get(), each.get()) != 1)
        fail(settings.trust, "an authority cannot be used");
      if (side == Side::server) SSL_CTX_add_client_CA(context, each.get());
    }
  } else if (side == Side::client && X509_STORE_set_default_paths(store.get()) != 1) {
    fail("the system's authorities", "they cannot be read");
  }
  SSL_CTX_set_cert_store(context, store.release());
}

/// Where a connection keeps the alert that came.
int alert_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void note_alert(const SSL* connection, int where, int alert) {
  const bool came = (where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT;
  if (!came || (alert & 0xff) == SSL_AD_CLOSE_NOTIFY) return;
  const auto kept = static_cast<std::intptr_t>(alert);
  SSL_set_ex_data(const_cast<SSL*>(connection), alert_index(), reinterpret_cast<void*>(kept));
}

std::optional<Refusal> refusal_by(long verified) {
  switch (verified) {
    case X509_V_OK: return std::nullopt;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Refusal{"certificate-expired", "the certificate, or its authority's, has expired"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Refusal{"certificate-not-yet-valid", "the certificate is not valid yet"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Refusal{"certificate-name", "the certificate is for another name"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return Refusal{"certificate-authority",
                     "the certificate comes from no authority that is trusted"};
    default:
      return Refusal{"certificate-bad", std::string("the certificate cannot be taken: ") +
                                            X509_verify_cert_error_string(verified)};
  }
}

std::optional<Refusal> refusal_by_alert(int alert) {
  const std::string said = SSL_alert_desc_string_long(alert);
  switch (alert & 0xff) {
    case 0: return std::nullopt;
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return Refusal{"own-certificate-refused",
                     "the other side does not take the hub's certificate: " + said, true};
    case SSL_AD_PROTOCOL_VERSION:
      return Refusal{"tls-version", "the other side speaks no version of TLS that the hub does"};
    default: return Refusal{"no-handshake", "the other side ended it: " + said};
  }
}

void verify_server(SSL_CTX* context, const std::string& name) {
  X509_VERIFY_PARAM* const param = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const int set = is_ip(name) ? X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str())
                              : X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size());
  if (set != 1) fail("name \"" + name + "\"", "it is no name of a host");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
}

int verify_mode(Settings::Clients clients) {
  switch (clients) {
    case Settings::Clients::required: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case Settings::Clients::wanted: return SSL_VERIFY_PEER;
    case Settings::Clients::none: break;
  }
  return SSL_VERIFY_NONE;
}

}  // namespace

Material load(const Settings& settings, const connector::Secrets& secrets) {
  const auto get = [&](const std::string& name) {
    return name.empty() ? std::string() : secrets.get(name) + '\n';
  };
  return {get(settings.certificate), get(settings.key), get(settings.trust)};
}

void apply(SSL_CTX* context, Side side, const Settings& settings, const Material& material,
           const std::string& host) {
  ERR_clear_error();
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_min_proto_version(context, settings.newest_only ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, 0);
  if (SSL_CTX_set_cipher_list(context, kCiphers) != 1) fail("ciphers", "they are not there");
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  // A resumed session would keep a peer whose authority has been withdrawn.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_info_callback(context, note_alert);
  if (!settings.certificate.empty()) show(context, settings, material);
  trust(context, side, settings, material);
  if (side == Side::client) {
    verify_server(context, settings.name.empty() ? host : settings.name);
  } else {
    SSL_CTX_set_verify(context, verify_mode(settings.clients), nullptr);
  }
}

std::shared_ptr<SSL_CTX> make_context(Side side, const Settings& settings, const Material& material,
                                      const std::string& host) {
  std::shared_ptr<SSL_CTX> context(
      SSL_CTX_new(side == Side::server ? TLS_server_method() : TLS_client_method()), SSL_CTX_free);
  if (!context) throw Error(ErrorKind::internal, "no-tls", "OpenSSL made no context");
  apply(context.get(), side, settings, material, host);
  return context;
}

std::string peer_subject(const SSL* connection) {
  const Certificate shown(SSL_get1_peer_certificate(connection));
  if (!shown || SSL_get_verify_result(connection) != X509_V_OK) return {};
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(shown.get()), 0, XN_FLAG_RFC2253);
  char* start = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &start);
  return std::string(start, static_cast<std::size_t>(size));
}

std::optional<Refusal> refusal_of(const SSL* connection) {
  if (const auto ours = refusal_by(SSL_get_verify_result(connection))) return ours;
  const auto kept = reinterpret_cast<std::intptr_t>(SSL_get_ex_data(connection, alert_index()));
  return refusal_by_alert(static_cast<int>(kept));
}

std::chrono::seconds time_left(std::string_view pem, Instant now) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::optional<std::chrono::seconds> least;
  for (const Certificate& each : certificates("certificate", pem)) {
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> from(
        ASN1_TIME_set(nullptr, seconds), ASN1_TIME_free);
    int days = 0;
    int rest = 0;
    if (ASN1_TIME_diff(&days, &rest, from.get(), X509_get0_notAfter(each.get())) != 1)
      fail("certificate", "its end cannot be read");
    const auto left = std::chrono::hours(24) * days + std::chrono::seconds(rest);
    least = std::min(least.value_or(left), left);
  }
  return *least;
}

bool is_ip(const std::string& host) {
  const std::unique_ptr<ASN1_OCTET_STRING, Free> address(a2i_IPADDRESS(host.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

}  // namespace masar::tls
