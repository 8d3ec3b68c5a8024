#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace masar::mfep {

/// An RSA key for RSASSA-PKCS1-v1_5 with SHA-256 over the UTF-16LE form of a text. Immutable; any
/// thread.
class Key {
 public:
  /// PEM: a public key or a certificate. Throws Error(config, "bad-key"), saying nothing of it.
  static Key verifying(const std::string& pem);
  /// PEM: a private key without a passphrase. Throws Error(config, "bad-key").
  static Key signing(const std::string& pem);
  Key(Key&&) noexcept;
  ~Key();

  /// Whether `signature` (base64, white space allowed) is one over `text`. False for a text that
  /// is not UTF-8.
  bool verify(std::string_view text, std::string_view signature) const;
  /// Base64. Throws Error(rejected, "bad-utf8"), Error(internal, "cannot-sign").
  std::string sign(std::string_view text) const;

 private:
  struct Handle;
  explicit Key(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace masar::mfep
