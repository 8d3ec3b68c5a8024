#include "ops/masar/secrets.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "core/base/error.h"
#include "core/base/hash.h"

namespace masar {
namespace {

constexpr std::size_t kSecretBytesMax = 64u << 10;

bool read_file(const std::string& path, std::string& contents) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return false;
  contents.resize(kSecretBytesMax);
  in.read(contents.data(), static_cast<std::streamsize>(contents.size()));
  contents.resize(static_cast<std::size_t>(in.gcount()));
  if (contents.ends_with('\n')) contents.pop_back();
  return true;
}

}  // namespace

std::string FileSecrets::get(std::string_view name) const {
  constexpr std::string_view kScheme = "secret:";
  if (name.starts_with(kScheme)) name.remove_prefix(kScheme.size());
  const bool plain =
      !name.empty() && name.find('/') == std::string_view::npos && !name.starts_with('.');
  std::string contents;
  if (plain && read_file(directory_ + "/" + std::string(name), contents)) return contents;
  throw Error(ErrorKind::config, "no-secret",
              "there is no secret \"" + std::string(name) +
                  "\": write it to a file of that name in the secrets folder");
}

namespace {

/// A file that only its owner may read.
bool write_private(const std::string& path, const std::string& contents) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = file >= 0 && ::write(file, contents.data(), contents.size()) ==
                                        static_cast<ssize_t>(contents.size());
  if (file >= 0) ::close(file);
  return written;
}

}  // namespace

std::string admin_token(const std::string& path) {
  std::string token;
  if (read_file(path, token) && token.size() >= 32) return token;
  token = random_hex(32);
  if (!write_private(path, token + "\n"))
    throw Error(ErrorKind::config, "no-token", "the token cannot be written to " + path);
  return token;
}

SigningKey audit_key(const FileSecrets& secrets, const std::string& name, const std::string& path) {
  if (!name.empty()) return SigningKey::from_private_pem(secrets.get(name));
  std::string pem;
  if (read_file(path, pem) && !pem.empty()) return SigningKey::from_private_pem(pem);
  auto key = SigningKey::generate();
  if (!write_private(path, key.private_pem()))
    throw Error(ErrorKind::config, "no-key", "the audit key cannot be written to " + path);
  return key;
}

}  // namespace masar
