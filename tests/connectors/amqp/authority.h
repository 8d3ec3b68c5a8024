#pragma once

// Certificates for the tests, made by OpenSSL: an authority and what it signs.

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace masar::test {

/// A certificate and its private key, PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

/// An authority of the tests' own.
class Authority {
 public:
  explicit Authority(const std::string& name) : key_(EVP_EC_gen("P-256")) {
    certificate_.reset(make(name, key_.get(), "critical,CA:TRUE", "", 365));
  }

  std::string pem() const { return text(certificate_.get()); }
  /// `names` as OpenSSL writes subjectAltName: "DNS:a,IP:127.0.0.1"; may be empty. `subject`:
  /// "O/CN" or "CN".
  Identity sign(const std::string& subject, const std::string& names, int days = 30) const {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(make(subject, key.get(), "CA:FALSE", names, days));
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text(certificate.get()), contents(bio.get())};
  }

 private:
  struct Free {
    void operator()(X509* it) const { X509_free(it); }
    void operator()(EVP_PKEY* it) const { EVP_PKEY_free(it); }
    void operator()(BIO* it) const { BIO_free(it); }
  };
  using Certificate = std::unique_ptr<X509, Free>;
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Bio = std::unique_ptr<BIO, Free>;

  X509* make(const std::string& subject, EVP_PKEY* key, const char* constraints,
             const std::string& names, int days) const {
    X509* it = X509_new();
    X509_set_version(it, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(it), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(it), -3600);
    X509_gmtime_adj(X509_getm_notAfter(it), 86'400L * days);
    X509_set_pubkey(it, key);
    const std::size_t slash = subject.find('/');
    if (slash != std::string::npos) part(it, "O", subject.substr(0, slash));
    part(it, "CN", slash == std::string::npos ? subject : subject.substr(slash + 1));
    X509* const issuer = certificate_ ? certificate_.get() : it;
    X509_set_issuer_name(it, X509_get_subject_name(issuer));
    extend(it, issuer, NID_basic_constraints, constraints);
    extend(it, issuer, NID_subject_key_identifier, "hash");
    if (!names.empty()) extend(it, issuer, NID_subject_alt_name, names.c_str());
    if (X509_sign(it, certificate_ ? key_.get() : key, EVP_sha256()) == 0)
      throw std::runtime_error("a certificate was not signed");
    return it;
  }
  static void part(X509* it, const char* field, const std::string& value) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(it), field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0);
  }
  static void extend(X509* it, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, it, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    if (extension == nullptr) throw std::runtime_error(std::string("no extension ") + value);
    X509_add_ext(it, extension, -1);
    X509_EXTENSION_free(extension);
  }
  static std::string text(X509* it) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), it);
    return contents(bio.get());
  }
  static std::string contents(BIO* bio) {
    char* start = nullptr;
    const long size = BIO_get_mem_data(bio, &start);
    return std::string(start, static_cast<std::size_t>(size));
  }

  mutable long serial_ = 0;
  Key key_;
  Certificate certificate_;
};

}  // namespace masar::test
