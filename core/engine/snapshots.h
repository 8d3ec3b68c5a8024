#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/base/guarded.h"
#include "core/engine/snapshot.h"
#include "core/store/store.h"

namespace masar::engine {

/// What open cases and waiting effects began with, as the store has it.
struct OpenUses {
  explicit OpenUses(store::Store& store)
      : cases(store.snapshot_uses()), effects(store.outbox_uses()) {}
  std::vector<store::SnapshotUse> cases;
  std::vector<store::OutboxUse> effects;
};

/// The configurations that a hub works by (ENGINE.md 22): the current one, which new cases begin
/// with and every edge is of, and those that open cases and effects began with. The latter are
/// restored from the store when they are first asked for; `restored_max` stay compiled, besides
/// those that a case in memory holds.
///
/// Owned by the hub; open() before the rest, which is for any thread. find() may read the store and
/// compile: not on the store's thread for answers.
class Snapshots {
 public:
  Snapshots(std::shared_ptr<const Snapshot> current, store::Store& store)
      : current_(std::move(current)),
        restored_max_(current_->hub.snapshots_restored),
        store_(store) {}

  const Snapshot& current() const noexcept { return *current_; }
  const std::shared_ptr<const Snapshot>& current_one() const noexcept { return current_; }
  /// The configuration of this hash; the current one where the store has none from before it kept
  /// them. Throws Error(transient, "store"), Error(internal, "unknown-snapshot") and, where this
  /// program cannot use it, Error(internal, "snapshot-unusable").
  std::shared_ptr<const Snapshot> find(const std::string& hash);
  /// The same for a case that has ended or an effect that is over, which keep nothing in the store:
  /// the current one where theirs has been removed. Throws Error(transient, "snapshot-leaves")
  /// while it is being removed.
  std::shared_ptr<const Snapshot> find_over(const std::string& hash);

  /// What is stored and neither current nor named by an open case or a waiting effect. Throws what
  /// the store throws.
  std::vector<std::string> unused() const;
  /// Takes it from memory, so that nothing can begin to name it until end_removal(). False:
  /// somebody works by it just now.
  bool begin_removal(const std::string& hash);
  void end_removal();

  /// Looks at what is stored. Returns the hashes that something open names and the store lacks: a
  /// program from before snapshots were kept wrote them; what began with them goes on by the
  /// current configuration, as it did then.
  std::vector<std::string> open(const OpenUses& uses);
  /// Whether something open names the current configuration and the store lacks it.
  bool current_is_missing() const noexcept { return missing_; }
  /// The current configuration as a row of the store.
  store::SnapshotRow row() const { return {current_->hash, current_->content, {}}; }
  /// Adds that row to the transaction that first stores something that names it.
  void keep_with(store::Transaction& transaction) const;
  /// A transaction with that row has been committed.
  void kept() noexcept { kept_.store(true); }

 private:
  struct State {
    std::map<std::string, std::weak_ptr<const Snapshot>, std::less<>> known;
    std::vector<std::shared_ptr<const Snapshot>> last;  ///< the last used one at the end
    std::string leaves;                                 ///< is being removed; empty: none
  };
  std::shared_ptr<const Snapshot> in_memory(const std::string& hash);
  /// Null: the store lacks it.
  std::shared_ptr<const Snapshot> find_stored(const std::string& hash);
  std::shared_ptr<const Snapshot> restore(const store::SnapshotRow& row) const;

  const std::shared_ptr<const Snapshot> current_;
  const std::size_t restored_max_;
  store::Store& store_;
  std::set<std::string, std::less<>> adopted_;  ///< written by open() only
  bool missing_ = false;                        ///< written by open() only
  std::atomic<bool> kept_{false};
  std::mutex restoring_;  ///< one at a time: compiling one takes a moment, and memory
  Guarded<State> state_;
};

}  // namespace masar::engine
