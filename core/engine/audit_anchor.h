#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/engine/metrics.h"
#include "core/store/heads_file.h"
#include "core/store/store.h"

namespace masar::engine {

/// Writes the heads of the audit log to their file outside the database, every so often (ENGINE.md
/// 24). Owned by the composition root, which ends the executor before it. start() and stop() belong
/// to one thread. What fails is logged and raises an alarm, and is tried again at the next time.
class AuditAnchor {
 public:
  struct Parts {
    store::Store& store;
    Executor& executor;
    const BusinessClock& real;  ///< real time: the file is evidence, not part of the service
    Metrics& metrics;
    Log log;
    std::chrono::steady_clock::duration every;
  };
  AuditAnchor(const Parts& parts, store::HeadsFile& file) : parts_(parts), file_(file) {}

  /// Before start() and before the hub's: the store is the copy of a backup of that time.
  void restored(const std::string& backup) { write(backup); }
  /// Writes at once, and warns where the file knows rows that the store does not have.
  void start();
  /// Writes a last time; the store has stopped and can still be read.
  void stop();

 private:
  void tick();
  void write(const std::string& restored = {});

  Parts parts_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;  // protects the file
  store::HeadsFile& file_;
};

}  // namespace masar::engine
