#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct evp_md_ctx_st;
struct evp_md_st;

namespace masar {

std::string sha256(std::string_view bytes);      ///< 32 raw bytes
std::string sha256_hex(std::string_view bytes);  ///< 64 lower-case hex digits

/// SHA-256 again and again, over what comes in pieces: the algorithm is fetched once. Owned by who
/// made it, used by one thread at a time. Throws Error(internal, "hash-failed").
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  Sha256& add(std::string_view bytes);
  std::string finish();  ///< 32 raw bytes of all that was added since the last one

 private:
  void begin();
  evp_md_st* algorithm_;
  evp_md_ctx_st* context_;
};

std::string hmac_sha256(std::string_view key, std::string_view bytes);  ///< 32 raw bytes
std::string to_hex(std::string_view bytes);
std::string base64(std::string_view bytes);  ///< with padding, one line
/// Strict: padding required, no white space. Throws Error(rejected, "bad-base64").
std::string from_base64(std::string_view text);
std::uint32_t fnv1a(std::string_view text) noexcept;
/// FNV-1a of the key, mod 256: the partition of a case (ENGINE.md 24). Never changes.
std::uint8_t partition_of(std::string_view case_key) noexcept;
/// `bytes` bytes from the operating system's generator; and the same as hex.
std::string random_bytes(std::size_t bytes);
std::string random_hex(std::size_t bytes);
/// Compares without leaking where the first difference is.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace masar
