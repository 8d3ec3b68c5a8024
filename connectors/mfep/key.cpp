#include "connectors/mfep/key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>

#include "connectors/mfep/slice.h"
#include "core/base/error.h"
#include "core/base/hash.h"

namespace masar::mfep {
namespace {

constexpr int kKeyBitsMin = 2048;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;
using PublicOrPrivate = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

/// What OpenSSL noted of a failure stays on the thread, and the next TLS call there would take it
/// for its own.
struct NoErrorsLeft {
  ~NoErrorsLeft() { ERR_clear_error(); }
};

Bio reading(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// Without it OpenSSL asks the terminal for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void*) { return -1; }

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

PublicOrPrivate usable(PublicOrPrivate key) {
  if (key && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA &&
      EVP_PKEY_get_bits(key.get()) >= kKeyBitsMin) {
    return key;
  }
  throw Error(ErrorKind::config, "bad-key",
              "not a PEM RSA key of at least " + std::to_string(kKeyBitsMin) + " bits");
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

struct Key::Handle {
  PublicOrPrivate key;
};

Key::Key(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Key::Key(Key&&) noexcept = default;
Key::~Key() = default;

Key Key::verifying(const std::string& pem) {
  const NoErrorsLeft after;
  PublicOrPrivate key;
  const Bio bio = reading(pem);
  if (pem.find("BEGIN CERTIFICATE") != std::string::npos) {
    const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()));
  } else {
    key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  }
  return Key(std::make_unique<Handle>(Handle{usable(std::move(key))}));
}

Key Key::signing(const std::string& pem) {
  const NoErrorsLeft after;
  PublicOrPrivate key(
      PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, no_passphrase, nullptr));
  return Key(std::make_unique<Handle>(Handle{usable(std::move(key))}));
}

bool Key::verify(std::string_view text, std::string_view signature) const {
  const NoErrorsLeft after;
  std::string compact, raw, signed_bytes;
  std::remove_copy_if(signature.begin(), signature.end(), std::back_inserter(compact), is_space);
  try {
    raw = from_base64(compact);
    signed_bytes = utf16le(text);
  } catch (const Error&) {
    return false;  // not base64, or not text: nobody's signature
  }
  const Context context(EVP_MD_CTX_new());
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, handle_->key.get()) ==
             1 &&
         EVP_DigestVerify(context.get(), bytes_of(raw), raw.size(), bytes_of(signed_bytes),
                          signed_bytes.size()) == 1;
}

std::string Key::sign(std::string_view text) const {
  const NoErrorsLeft after;
  const std::string signed_bytes = utf16le(text);
  const Context context(EVP_MD_CTX_new());
  std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(handle_->key.get()));
  std::string raw(length, '\0');
  const bool done =
      context &&
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, handle_->key.get()) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(raw.data()), &length,
                     bytes_of(signed_bytes), signed_bytes.size()) == 1;
  if (!done) throw Error(ErrorKind::internal, "cannot-sign", "the answer could not be signed");
  raw.resize(length);
  return base64(raw);
}

}  // namespace masar::mfep
