#include "core/engine/audit_anchor.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"

namespace masar::engine {

void AuditAnchor::start() {
  std::int64_t rows = 0;
  for (const auto& head : parts_.store.audit_heads()) rows = std::max(rows, head.audit);
  if (file_.last().rows > rows) {
    parts_.metrics.alarm("audit-behind");
    parts_.log("error", "the heads' file knows " + std::to_string(file_.last().rows) +
                            " audit rows, the store has " + std::to_string(rows) +
                            ": it was cut or restored; run masar audit verify");
  }
  tick();
}

void AuditAnchor::stop() {
  stopped_.store(true);
  write();
}

void AuditAnchor::tick() {
  if (stopped_.load()) return;
  write();
  parts_.executor.post_after(parts_.every, [this] { tick(); });
}

void AuditAnchor::write(const std::string& restored) {
  try {
    const auto heads = parts_.store.audit_heads();
    const std::lock_guard lock(mutex_);
    file_.append(parts_.real.now(), heads, restored);
  } catch (const Error& error) {
    parts_.metrics.alarm("audit-heads");
    parts_.log("error", std::string("the audit log's heads were not written: ") + error.what());
  }
}

}  // namespace masar::engine
