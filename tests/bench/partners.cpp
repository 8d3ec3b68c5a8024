#include "tests/bench/partners.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>

namespace masar::bench {
namespace {

constexpr int kKeyBits = 2048;

std::string pem_of(EVP_PKEY* key, bool with_private) {
  BIO* out = BIO_new(BIO_s_mem());
  if (with_private) {
    PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  } else {
    PEM_write_bio_PUBKEY(out, key);
  }
  char* text = nullptr;
  const long length = BIO_get_mem_data(out, &text);
  std::string pem(text, static_cast<std::size_t>(length));
  BIO_free(out);
  return pem;
}

std::map<std::string, std::string> make() {
  std::map<std::string, std::string> all;
  for (const char* name : {"amqp-portal", "amqp-roads", "amqp-street-lighting",
                           "amqp-traffic-signals", "amqp-parks", "amqp-sanitation", "soap-masar",
                           "soap-traffic", "kannel-password", "report-key"}) {
    all[name] = std::string("benchmark-") + name;
  }
  for (const std::string owner : {"switch", "hub"}) {
    EVP_PKEY* key = EVP_RSA_gen(kKeyBits);
    if (key == nullptr) throw std::runtime_error("no key could be made");
    all["mfep-" + owner + "-private"] = pem_of(key, true);
    all["mfep-" + owner + "-public"] = pem_of(key, false);
    EVP_PKEY_free(key);
  }
  return all;
}

}  // namespace

const std::map<std::string, std::string>& secrets() {
  static const std::map<std::string, std::string> all = make();
  return all;
}

void write_secrets(const std::string& folder) {
  std::filesystem::create_directories(folder);
  for (const auto& [name, contents] : secrets()) std::ofstream(folder + "/" + name) << contents;
}

}  // namespace masar::bench
