// `masar audit verify` and `masar audit key`: read the state folder, beside a running hub or
// without one.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "core/base/error.h"
#include "core/store/audit_verifier.h"
#include "core/store/sqlite_audit.h"
#include "ops/masar/commands.h"

namespace masar {
namespace {

constexpr std::size_t kWindow = 1000;  // rows read at once

std::string or_in_state(const std::string& given, const StoreOptions& options, const char* name) {
  return given.empty() ? options.state + "/" + name : given;
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorKind::config, "no-key", "the public key " + path + " cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<store::HeadsLine> kept_heads(const StoreOptions& options) {
  const std::string path = or_in_state(options.heads, options, "audit.heads");
  if (options.heads.empty() && !std::filesystem::exists(path)) return {};
  const std::string key = or_in_state(options.key, options, kAuditPublicKey);
  return store::read_heads(path, SigningKey::from_public_pem(contents(key)));
}

}  // namespace

int verify_audit(const StoreOptions& options) {
  // The heads first: what a running hub writes meanwhile is then behind them.
  const auto kept = kept_heads(options);
  store::SqliteAudit audit(or_in_state(options.store, options, "masar.db"));
  store::AuditVerifier verifier(audit.heads(), kept);
  std::size_t read = kWindow;
  while (read == kWindow) {
    const auto rows = audit.rows(verifier.rows(), kWindow);
    read = rows.size();
    for (const auto& row : rows) {
      if (const auto wrong = verifier.check(row); !wrong.empty()) {
        std::cerr << "masar: " << wrong << "\n";
        return kFailed;
      }
    }
  }
  if (const auto wrong = verifier.finish(); !wrong.empty()) {
    std::cerr << "masar: " << wrong << "\n";
    return kFailed;
  }
  std::cout << verifier.rows() << " audit records in order";
  if (kept.empty()) {
    std::cout << "; without heads a cut or rewritten end is not seen\n";
  } else {
    std::cout << "; heads kept " << kept.size() << " times, the last time " << kept.back().time
              << " at record " << kept.back().rows << "\n";
  }
  return kOk;
}

int print_audit_key(const StoreOptions& options) {
  std::cout << contents(or_in_state(options.key, options, kAuditPublicKey));
  return kOk;
}

}  // namespace masar
