#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace masar::mfep {

/// The bytes of the one `<MsgBody>` element, tags included, that is a child of the root of a well-formed
/// document without DOCTYPE (DESIGN D11: what was signed is found by byte offsets). No value where there is none,
/// or more than one.
std::optional<std::string_view> signed_slice(std::string_view document);

/// UTF-8 as UTF-16LE without a byte-order mark: what MFEP signs (PARTNERS.md, signature). Throws
/// Error(rejected, "bad-utf8").
std::string utf16le(std::string_view utf8);

/// An RSA key for RSASSA-PKCS1-v1_5 with SHA-256. Immutable; any thread.
class Key {
 public:
  /// PEM: a public key or a certificate. Throws Error(config, "bad-key"), naming no part of it.
  static Key verifying(const std::string& pem);
  /// PEM: a private key. Throws Error(config, "bad-key").
  static Key signing(const std::string& pem);
  Key(Key&&) noexcept;
  ~Key();

  /// Whether `signature` (base64, white space allowed) is one over the UTF-16LE form of `text`.
  bool verify(std::string_view text, std::string_view signature) const;
  /// Base64 of the signature over the UTF-16LE form of `text`.
  std::string sign(std::string_view text) const;

 private:
  struct Handle;
  explicit Key(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace masar::mfep
