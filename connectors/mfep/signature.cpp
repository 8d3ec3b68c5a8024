#include "connectors/mfep/signature.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cctype>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/text.h"

namespace masar::mfep {
namespace {

constexpr std::string_view kBody = "MsgBody";

/// Walks the tags of a well-formed document; everything else is passed over.
class TagScanner {
 public:
  explicit TagScanner(std::string_view text) : text_(text) {}

  struct Tag {
    std::size_t begin = 0, end = 0;   ///< of `<…>`
    std::string_view name;
    bool closing = false, empty = false;
  };

  std::optional<Tag> next() {
    while ((at_ = text_.find('<', at_)) != std::string_view::npos) {
      if (skip("<!--", "-->") || skip("<![CDATA[", "]]>") || skip("<?", "?>")) continue;
      return read_tag();
    }
    return std::nullopt;
  }

 private:
  bool skip(std::string_view open, std::string_view close) {
    if (text_.substr(at_, open.size()) != open) return false;
    const auto end = text_.find(close, at_ + open.size());
    at_ = end == std::string_view::npos ? text_.size() : end + close.size();
    return true;
  }

  std::optional<Tag> read_tag() {
    Tag tag;
    tag.begin = at_;
    char quote = 0;
    std::size_t at = at_ + 1;
    for (; at < text_.size(); ++at) {
      const char c = text_[at];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        break;
      }
    }
    if (at >= text_.size()) return std::nullopt;
    tag.end = at_ = at + 1;
    tag.closing = text_[tag.begin + 1] == '/';
    tag.empty = text_[tag.end - 2] == '/';
    const std::size_t from = tag.begin + (tag.closing ? 2 : 1);
    tag.name = text_.substr(from, text_.find_first_of(" \t\r\n/>", from) - from);
    return tag;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, BioFree>;
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

Bio reading(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

void check_rsa(EVP_PKEY* key) {
  if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= 2048) return;
  if (key) EVP_PKEY_free(key);
  throw Error(ErrorKind::config, "bad-key", "not a PEM RSA key of at least 2048 bits");
}

}  // namespace

std::optional<std::string_view> signed_slice(std::string_view document) {
  TagScanner scanner(document);
  int depth = 0;
  std::size_t begin = 0;
  std::optional<std::string_view> slice;
  while (const auto tag = scanner.next()) {
    const bool at_child = depth == 1 && !tag->closing && tag->name == kBody;
    if (at_child) {
      if (slice || begin != 0) return std::nullopt;
      begin = tag->begin;
    }
    if (tag->closing) {
      --depth;
    } else if (!tag->empty) {
      ++depth;
    }
    if (begin != 0 && !slice && depth == 1) slice = document.substr(begin, tag->end - begin);
  }
  return slice;
}

std::string utf16le(std::string_view utf8) {
  if (!is_utf8(utf8)) throw Error(ErrorKind::rejected, "bad-utf8", "the text is not well-formed UTF-8");
  std::string out;
  out.reserve(utf8.size() * 2);
  const auto put = [&out](unsigned unit) {
    out += static_cast<char>(unit & 0xFF);
    out += static_cast<char>(unit >> 8);
  };
  for (std::size_t at = 0; at < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned point = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) point = point << 6 | (static_cast<unsigned char>(utf8[at + i]) & 0x3F);
    at += length;
    if (point < 0x10000) {
      put(point);
    } else {
      put(0xD800 + ((point - 0x10000) >> 10));
      put(0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  return out;
}

struct Key::Handle {
  explicit Handle(EVP_PKEY* the_key) : key(the_key) {}
  ~Handle() { EVP_PKEY_free(key); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  EVP_PKEY* key;
};

Key::Key(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Key::Key(Key&&) noexcept = default;
Key::~Key() = default;

Key Key::verifying(const std::string& pem) {
  EVP_PKEY* key = nullptr;
  if (pem.find("BEGIN CERTIFICATE") != std::string::npos) {
    X509* certificate = PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr);
    if (certificate) {
      key = X509_get_pubkey(certificate);
      X509_free(certificate);
    }
  } else {
    key = PEM_read_bio_PUBKEY(reading(pem).get(), nullptr, nullptr, nullptr);
  }
  check_rsa(key);
  return Key(std::make_unique<Handle>(key));
}

Key Key::signing(const std::string& pem) {
  EVP_PKEY* key = PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, nullptr, nullptr);
  check_rsa(key);
  return Key(std::make_unique<Handle>(key));
}

bool Key::verify(std::string_view text, std::string_view signature) const {
  std::string compact;
  std::copy_if(signature.begin(), signature.end(), std::back_inserter(compact),
               [](unsigned char c) { return std::isspace(c) == 0; });
  std::string raw;
  try {
    raw = from_base64(compact);
  } catch (const Error&) {
    return false;  // not base64: no signature of ours or theirs
  }
  const std::string signed_bytes = utf16le(text);
  const Context context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, handle_->key) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(raw), raw.size(), bytes_of(signed_bytes), signed_bytes.size()) == 1;
}

std::string Key::sign(std::string_view text) const {
  const std::string signed_bytes = utf16le(text);
  const Context context(EVP_MD_CTX_new());
  std::size_t length = 0;
  const bool begun = context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, handle_->key) == 1 &&
                     EVP_DigestSign(context.get(), nullptr, &length, bytes_of(signed_bytes), signed_bytes.size()) == 1;
  std::string raw(length, '\0');
  if (!begun || EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(raw.data()), &length,
                               bytes_of(signed_bytes), signed_bytes.size()) != 1) {
    throw Error(ErrorKind::internal, "cannot-sign", "the answer could not be signed");
  }
  raw.resize(length);
  return base64(raw);
}

}  // namespace masar::mfep
