#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/engine/journal.h"
#include "core/engine/metrics.h"
#include "core/engine/snapshots.h"
#include "core/store/store.h"

namespace masar::engine {

/// Deletes what has been kept long enough (GUARANTEES.md, G14): one kind after the other, in small
/// transactions of the store's writer with a breath between them, on the business clock. A round
/// begins every so often; what fails is left to the next one. Counts what went, and writes an audit
/// row a kind and round that says so.
///
/// Owned by the hub. start() once; stop() and everything else from any thread: at most one step is
/// under way at a time.
class Retention {
 public:
  struct Parts {
    Snapshots& snapshots;
    store::Store& store;
    Journal& journal;
    Executor& executor;
    const BusinessClock& business;
    Metrics& metrics;
  };
  explicit Retention(const Parts& parts);

  void start();
  void stop() { stopped_.store(true); }

 private:
  struct Kind {
    store::SweepKind kind;
    std::string name;
    Duration keep;  ///< zero: for ever
  };

  const RetentionChoice& choice() const { return parts_.snapshots.current().hub.retention; }
  void wait_for_round();
  void begin_round();
  void begin_kind();
  void step();
  /// Of the unused configurations, the next one that nobody works by; empty: there is none.
  std::string next_unused();
  void stepped(const store::Commit& commit);
  void next_kind();

  const Parts parts_;
  std::vector<Kind> kinds_;
  std::atomic<bool> stopped_{false};

  // Of the step that is under way.
  bool first_round_ = true;
  std::size_t at_ = 0;
  Instant now_{};
  std::string after_;
  std::string last_;
  std::int64_t removed_ = 0;
  std::vector<std::string> unused_;  ///< configurations
};

}  // namespace masar::engine
