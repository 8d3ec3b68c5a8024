// `masar audit verify` and `masar audit key`: read store and state folder, beside a running hub or
// without one.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "core/base/error.h"
#include "core/base/thread_executor.h"
#include "core/store/audit_verifier.h"
#include "core/store/sqlite_store.h"
#include "ops/masar/assembly.h"
#include "ops/masar/commands.h"

namespace masar {
namespace {

std::string or_in_state(const std::string& given, const StoreOptions& options,
                        const std::string& name) {
  return given.empty() ? in_state(options.state, name).string() : given;
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorKind::config, "no-key", "the public key " + path + " cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What is checked: the files that the options name, else what hub.xml names.
struct AuditLog {
  std::unique_ptr<store::Store> store;
  std::string heads;
};

AuditLog open_log(const StoreOptions& options) {
  if (options.config.empty() || !options.store.empty()) {
    return {store::open_sqlite_view(or_in_state(options.store, options, kStoreFile),
                                    store::ViewOf::audit),
            or_in_state(options.heads, options, "audit.heads")};
  }
  const auto snapshot = load_config(options);
  ThreadExecutor executor({1, 1000, "audit"});
  const Machine machine(executor, options.secrets, *snapshot);
  return {machine.open_view(options.state, store::ViewOf::audit),
          or_in_state(options.heads, options, snapshot->hub.audit.heads)};
}

std::vector<store::HeadsLine> kept_heads(const StoreOptions& options, const std::string& path) {
  if (options.heads.empty() && !std::filesystem::exists(path)) return {};
  const std::string key = or_in_state(options.key, options, kAuditPublicKey);
  return store::read_heads(path, SigningKey::from_public_pem(contents(key)));
}

}  // namespace

int verify_audit(const StoreOptions& options) {
  const AuditLog log = open_log(options);
  // The heads first: what a running hub writes meanwhile is then behind them.
  const auto kept = kept_heads(options, log.heads);
  store::AuditVerifier verifier(log.store->audit_heads(), kept);
  if (const auto wrong = store::verify_log(*log.store, verifier); !wrong.empty()) {
    std::cerr << "masar: " << wrong << "\n";
    return kFailed;
  }
  for (const auto& restore : verifier.restores()) std::cout << restore << "\n";
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
