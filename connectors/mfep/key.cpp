#include "connectors/mfep/key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "connectors/mfep/slice.h"
#include "core/base/error.h"
#include "core/base/guarded.h"
#include "core/base/hash.h"

namespace masar::mfep {
namespace {

constexpr int kKeyBitsMin = 2048;
constexpr std::size_t kKeysMax = 4;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Free>;
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

/// One block of a PEM file, as PEM_read_bio() hands it over.
struct Block {
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { free(); }
  void free() {
    OPENSSL_free(std::exchange(name, nullptr));
    OPENSSL_free(std::exchange(header, nullptr));
    OPENSSL_free(std::exchange(data, nullptr));
  }
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
};

/// The public key of a block; null where it has none.
PublicOrPrivate public_key(const Block& block) {
  const std::string_view name = block.name;
  const unsigned char* at = block.data;
  if (name == PEM_STRING_PUBLIC) {
    return PublicOrPrivate(d2i_PUBKEY(nullptr, &at, block.length));
  }
  if (name != PEM_STRING_X509) return nullptr;
  const Certificate certificate(d2i_X509(nullptr, &at, block.length));
  return PublicOrPrivate(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

struct Key::Handle {
  int (*init)(EVP_PKEY_CTX*);  ///< to verify, or to sign
  const char* code;  ///< of the error where it cannot be done
  const char* text;
  std::vector<PublicOrPrivate> keys{};  ///< at least one; the first signs
  /// One for each key, ready: to make them takes as long as a third of a verification.
  using Ready = std::vector<Context>;
  Guarded<std::vector<Ready>> idle{};  ///< as many as there were threads at once

  Ready take();
  void give_back(Ready ready) {
    idle.with([&](auto& all) { all.push_back(std::move(ready)); });
  }
};

Key::Handle::Ready Key::Handle::take() {
  Ready ready = idle.with([](auto& all) {
    if (all.empty()) return Ready();
    Ready last = std::move(all.back());
    all.pop_back();
    return last;
  });
  for (std::size_t at = ready.size(); at < keys.size(); ++at) {
    Context one(EVP_PKEY_CTX_new_from_pkey(nullptr, keys[at].get(), nullptr));
    const bool set = one && init(one.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(one.get(), RSA_PKCS1_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(one.get(), EVP_sha256()) == 1;
    if (!set) throw Error(ErrorKind::internal, code, text);
    ready.push_back(std::move(one));
  }
  return ready;
}

Key::Key(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Key::Key(Key&&) noexcept = default;
Key::~Key() = default;

Key Key::verifying(const std::string& pem) {
  const NoErrorsLeft after;
  std::unique_ptr<Handle> handle(
      new Handle{EVP_PKEY_verify_init, "cannot-verify", "a signature cannot be verified"});
  const Bio bio = reading(pem);
  for (Block block;
       PEM_read_bio(bio.get(), &block.name, &block.header, &block.data, &block.length) == 1;) {
    handle->keys.push_back(usable(public_key(block)));
    block.free();
  }
  const bool whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!whole || handle->keys.empty() || handle->keys.size() > kKeysMax) {
    throw Error(ErrorKind::config, "bad-key",
                "not 1 to " + std::to_string(kKeysMax) + " PEM public keys or certificates");
  }
  return Key(std::move(handle));
}

Key Key::signing(const std::string& pem) {
  const NoErrorsLeft after;
  std::unique_ptr<Handle> handle(
      new Handle{EVP_PKEY_sign_init, "cannot-sign", "the answer could not be signed"});
  handle->keys.push_back(usable(PublicOrPrivate(
      PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, no_passphrase, nullptr))));
  return Key(std::move(handle));
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
  const std::string digest = sha256(signed_bytes);
  Handle::Ready ready = handle_->take();
  const bool good = std::any_of(ready.begin(), ready.end(), [&](const Context& one) {
    return EVP_PKEY_verify(one.get(), bytes_of(raw), raw.size(), bytes_of(digest),
                           digest.size()) == 1;
  });
  handle_->give_back(std::move(ready));
  return good;
}

std::string Key::sign(std::string_view text) const {
  const NoErrorsLeft after;
  const std::string digest = sha256(utf16le(text));
  std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(handle_->keys[0].get()));
  std::string raw(length, '\0');
  Handle::Ready ready = handle_->take();
  if (EVP_PKEY_sign(ready[0].get(), reinterpret_cast<unsigned char*>(raw.data()), &length,
                    bytes_of(digest), digest.size()) != 1) {
    throw Error(ErrorKind::internal, handle_->code, handle_->text);
  }
  handle_->give_back(std::move(ready));
  raw.resize(length);
  return base64(raw);
}

}  // namespace masar::mfep
