#include "core/base/hash.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include "core/base/error.h"

namespace masar {
namespace {

constexpr std::size_t kSha256Bytes = 32;
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// 6 bits a letter; -1 for what is no letter of base64.
constexpr std::array<signed char, 256> base64_values() {
  std::array<signed char, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < kBase64.size(); ++i) {
    values[static_cast<unsigned char>(kBase64[i])] = static_cast<signed char>(i);
  }
  return values;
}
constexpr std::array<signed char, 256> kBase64Values = base64_values();

[[noreturn]] void hash_failed() {
  throw Error(ErrorKind::internal, "hash-failed", "OpenSSL could not compute SHA-256");
}

/// HMAC-SHA-256 again and again, its algorithms looked up once. One thread's.
class HmacSha256 {
 public:
  HmacSha256() {
    EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    context_ = EVP_MAC_CTX_new(algorithm);  // null for null, and holds on to it
    EVP_MAC_free(algorithm);
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[]{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    if (context_ == nullptr || EVP_MAC_CTX_set_params(context_, parameters) != 1) {
      EVP_MAC_CTX_free(context_);
      failed();
    }
  }
  ~HmacSha256() { EVP_MAC_CTX_free(context_); }
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;

  std::string of(std::string_view key, std::string_view bytes) const {
    std::string mac(kSha256Bytes, '\0');
    std::size_t length = 0;
    // A null key means "the key of before" to OpenSSL, also where its length is 0.
    const unsigned char* start = bytes_of(key.empty() ? "" : key);
    if (EVP_MAC_init(context_, start, key.size(), nullptr) != 1 ||
        EVP_MAC_update(context_, bytes_of(bytes), bytes.size()) != 1 ||
        EVP_MAC_final(context_, reinterpret_cast<unsigned char*>(mac.data()), &length,
                      mac.size()) != 1) {
      failed();
    }
    return mac;
  }

 private:
  [[noreturn]] static void failed() {
    throw Error(ErrorKind::internal, "hash-failed", "OpenSSL could not compute HMAC-SHA-256");
  }

  EVP_MAC_CTX* context_ = nullptr;
};

[[noreturn]] void refuse_base64() {
  throw Error(ErrorKind::rejected, "bad-base64", "the text is not base64 with padding");
}

}  // namespace

std::string sha256(std::string_view bytes) {
  // Kept by the thread: OpenSSL looks an algorithm up by name each time it is asked for one, which
  // costs as much as hashing a small message.
  thread_local Sha256 hash;
  return hash.add(bytes).finish();
}

Sha256::Sha256()
    : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
  if (algorithm_ == nullptr || context_ == nullptr) {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
    hash_failed();
  }
  begin();
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(context_);
  EVP_MD_free(algorithm_);
}

void Sha256::begin() {
  if (EVP_DigestInit_ex2(context_, algorithm_, nullptr) != 1) hash_failed();
}

Sha256& Sha256::add(std::string_view bytes) {
  if (EVP_DigestUpdate(context_, bytes.data(), bytes.size()) != 1) hash_failed();
  return *this;
}

std::string Sha256::finish() {
  std::string digest(kSha256Bytes, '\0');
  if (EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(digest.data()), nullptr) != 1)
    hash_failed();
  begin();
  return digest;
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  thread_local const HmacSha256 hmac;  // as above
  return hmac.of(key, bytes);
}

std::string to_hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(bytes.size() * 2, '\0');
  auto digit = text.begin();
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    *digit++ = kDigits[byte >> 4];
    *digit++ = kDigits[byte & 15];
  }
  return text;
}

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= count ? kBase64[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

std::string from_base64(std::string_view text) {
  if (text.size() % 4 != 0) refuse_base64();
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const bool last = at + 4 == text.size();
    const std::size_t padding = !last || text[at + 3] != '=' ? 0 : text[at + 2] != '=' ? 1 : 2;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      int value = 0;
      if (i < 4 - padding) value = kBase64Values[static_cast<unsigned char>(text[at + i])];
      if (value < 0) refuse_base64();
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    // Bits that belong to no byte must be 0, so that one content has one text.
    if ((padding == 1 && (group & 0xFF) != 0) || (padding == 2 && (group & 0xFFFF) != 0)) {
      refuse_base64();
    }
    for (std::size_t i = 0; i < 3 - padding; ++i) {
      bytes += static_cast<char>(group >> (16 - 8 * i) & 0xFF);
    }
  }
  return bytes;
}

std::uint32_t fnv1a(std::string_view text) noexcept {
  std::uint32_t hash = 2166136261U;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

std::uint8_t partition_of(std::string_view case_key) noexcept {
  return static_cast<std::uint8_t>(fnv1a(case_key) & 0xFF);
}

std::string random_bytes(std::size_t bytes) {
  std::string raw(bytes, '\0');
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t got = getrandom(raw.data() + done, bytes - done, 0);
    if (got < 0 && errno != EINTR) {
      throw Error(ErrorKind::internal, "no-random", "the system's random generator failed");
    }
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  return raw;
}

std::string random_hex(std::size_t bytes) { return to_hex(random_bytes(bytes)); }

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace masar
