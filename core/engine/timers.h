#pragma once

#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/guarded.h"
#include "core/engine/journal.h"
#include "core/store/store.h"

namespace masar::engine {

/// `deadline`, `task`, `task-after`, `not-after`.
std::string_view kind_name(store::TimerKind kind);

/// Sends due times in through the journal (ENGINE.md 7): reads them from the store in windows, so
/// that a million open cases cost no memory (DESIGN D12). Looks when the next one is due, when
/// told, and every `kLook` at the latest. Runs on the executor; changed() and look(): any thread.
class Timers {
 public:
  static constexpr std::chrono::milliseconds kLook{500};
  static constexpr std::size_t kWindow = 512;
  /// Due times under way at once; the others stay in the store meanwhile.
  static constexpr std::size_t kUnderWayMax = 16'384;

  Timers(store::Store& store, Journal& journal, Executor& executor, const BusinessClock& business,
         const std::string& snapshot)
      : store_(store),
        journal_(journal),
        executor_(executor),
        business_(business),
        snapshot_(snapshot) {}

  void start();
  void stop() { stopped_.store(true); }
  /// A due time has been committed.
  void changed(const store::TimerRow& timer);
  /// The business clock has been moved.
  void look() { post(); }
  /// Looks that are not over.
  std::size_t in_flight() const noexcept { return active_.load(); }

 private:
  using Id = std::tuple<int, std::string, std::string, std::int64_t, Instant>;
  void post();
  void run();
  void send_due();
  void tick();
  store::JournalRow deadline_event(const store::TimerRow& timer) const;
  void forget(const std::vector<Id>& ids);

  store::Store& store_;
  Journal& journal_;
  Executor& executor_;
  const BusinessClock& business_;
  std::string snapshot_;
  struct Seen {
    std::set<Id> sent;  ///< journaled, their turn not over: not sent twice by one process
    std::optional<store::TimerRow> last;  ///< the next look goes on behind it
  };
  Guarded<Seen> seen_;
  std::atomic<bool> posted_{false};
  std::atomic<std::size_t> active_{0};  ///< looks posted and not over
  std::atomic<bool> stopped_{false};
};

}  // namespace masar::engine
