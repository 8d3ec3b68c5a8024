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

std::string admin_token(const std::string& path) {
  std::string token;
  if (read_file(path, token) && token.size() >= 32) return token;
  token = random_hex(32);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string line = token + "\n";
  const bool written =
      file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (file >= 0) ::close(file);
  if (!written)
    throw Error(ErrorKind::config, "no-token", "the token cannot be written to " + path);
  return token;
}

}  // namespace masar
