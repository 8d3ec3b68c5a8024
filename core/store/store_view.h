#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/store/migrations.h"
#include "core/store/reading_store.h"

namespace masar::store {

/// What a reader beside the hub needs of a store: of which schema version it may be at least.
enum class ViewOf {
  everything = kSchemaVersion,
  audit = kAuditChainVersion,  ///< only audit_rows() and audit_heads()
};

/// A store as another program than its hub reads it, which may be running or not: its lock is not
/// taken, every submit() gets `failed`. Reads with one session.
template <typename Session>
class StoreView final : public ReadingStore<Session> {
 public:
  explicit StoreView(typename SessionPool<Session>::Open open)
      : ReadingStore<Session>(std::move(open), 1) {}

  void submit(Transaction, Store::Done done) override {
    Commit refused;
    refused.status = CommitStatus::failed;
    refused.error = "the store is only read";
    if (done) done(refused);
  }
  std::size_t run_writer() override { return 0; }
  void stop() override {}
  bool healthy() const override { return false; }
};

/// Throws Error(config, "store-version") for a store that this program cannot read so.
inline void check_view(const std::string& store, std::int64_t version, ViewOf what) {
  const auto oldest = static_cast<std::int64_t>(what);
  if (version >= oldest && version <= kSchemaVersion) return;
  const std::string able = oldest == kSchemaVersion
                               ? std::to_string(oldest)
                               : std::to_string(oldest) + " to " + std::to_string(kSchemaVersion);
  throw Error(ErrorKind::config, "store-version",
              store + " has schema version " + std::to_string(version) + ", this program reads " +
                  able + ": the hub brings an older one up to date");
}

}  // namespace masar::store
