#include "core/base/signing_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "core/base/error.h"

namespace masar {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

constexpr std::size_t kSignatureBytes = 64;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Bio reading(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string contents(BIO* bio) {
  char* start = nullptr;
  const long size = BIO_get_mem_data(bio, &start);
  return std::string(start, static_cast<std::size_t>(size));
}

[[noreturn]] void failed() {
  throw Error(ErrorKind::internal, "signing-failed", "OpenSSL could not work with an Ed25519 key");
}

}  // namespace

SigningKey::SigningKey(evp_pkey_st* key) : key_(key, &EVP_PKEY_free) {
  if (!key_ || EVP_PKEY_get_base_id(key_.get()) != EVP_PKEY_ED25519) {
    throw Error(ErrorKind::config, "bad-key", "the key is not an Ed25519 key as PEM");
  }
}

SigningKey SigningKey::generate() {
  return SigningKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

SigningKey SigningKey::from_private_pem(std::string_view pem) {
  // An empty pass phrase given: nobody is asked for one.
  return SigningKey(
      PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, nullptr, const_cast<char*>("")));
}

SigningKey SigningKey::from_public_pem(std::string_view pem) {
  return SigningKey(PEM_read_bio_PUBKEY(reading(pem).get(), nullptr, nullptr, nullptr));
}

std::string SigningKey::private_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    failed();
  return contents(bio.get());
}

std::string SigningKey::public_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) failed();
  return contents(bio.get());
}

std::string SigningKey::sign(std::string_view bytes) const {
  const Context context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes_of(bytes), bytes.size()) != 1) {
    failed();
  }
  return signature;
}

bool SigningKey::verify(std::string_view bytes, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1) failed();
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes),
                          bytes.size()) == 1;
}

}  // namespace masar
