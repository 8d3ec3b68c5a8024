#pragma once

#include <string>
#include <string_view>

#include "core/base/signing_key.h"
#include "core/connector/connector.h"

namespace masar {

/// Secrets as files of one folder, one a name (INTERFACES.md 7). Read at each call, so that a
/// rotated file is seen. Any thread.
class FileSecrets final : public connector::Secrets {
 public:
  explicit FileSecrets(std::string directory) : directory_(std::move(directory)) {}
  std::string get(std::string_view name) const override;

 private:
  std::string directory_;
};

/// The operators' bearer token: read from `path`, made there (mode 0600) where it is not yet.
std::string admin_token(const std::string& path);

/// The private key that signs the audit log's heads: the secret where one is named, else the file
/// `path`, made (mode 0600) where it is not yet. Throws Error(config, …).
SigningKey audit_key(const FileSecrets& secrets, const std::string& name, const std::string& path);

}  // namespace masar
