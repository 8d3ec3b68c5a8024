#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace masar {

/// An Ed25519 key, private or public, read from and written as PEM. Immutable; any thread. Throws
/// Error(config, "bad-key") where the text is no such key.
class SigningKey {
 public:
  static SigningKey generate();
  static SigningKey from_private_pem(std::string_view pem);
  static SigningKey from_public_pem(std::string_view pem);

  std::string private_pem() const;
  std::string public_pem() const;
  std::string sign(std::string_view bytes) const;  ///< 64 raw bytes; only with a private key
  bool verify(std::string_view bytes, std::string_view signature) const;

 private:
  explicit SigningKey(evp_pkey_st* key);
  std::shared_ptr<evp_pkey_st> key_;  // immutable, so copies share it
};

}  // namespace masar
