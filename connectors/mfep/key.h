#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace masar::mfep {

/// RSA keys for RSASSA-PKCS1-v1_5 with SHA-256 over the UTF-16LE form of a text. Immutable; any
/// thread.
class Key {
 public:
  /// PEM: public keys and certificates, one to four; a signature by any of them is good. Of a
  /// certificate only its key counts: it is trusted because it stands there, whoever issued it and
  /// whenever it ends. Throws Error(config, "bad-key") where one of them cannot be used, saying
  /// nothing of it.
  static Key verifying(const std::string& pem);
  /// PEM: a private key without a passphrase. Throws Error(config, "bad-key").
  static Key signing(const std::string& pem);
  Key(Key&&) noexcept;
  ~Key();

  /// Whether `signature` (base64, white space allowed) is one over `text`. False for a text that
  /// is not UTF-8. Throws Error(internal, "cannot-verify").
  bool verify(std::string_view text, std::string_view signature) const;
  /// Base64. Throws Error(rejected, "bad-utf8"), Error(internal, "cannot-sign").
  std::string sign(std::string_view text) const;

 private:
  struct Handle;
  explicit Key(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace masar::mfep
