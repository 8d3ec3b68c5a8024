#include "core/engine/snapshots.h"

#include <algorithm>

#include "core/base/error.h"

namespace masar::engine {

std::shared_ptr<const Snapshot> Snapshots::in_memory(const std::string& hash) {
  return state_.with([&](State& state) -> std::shared_ptr<const Snapshot> {
    const auto found = state.known.find(hash);
    auto snapshot = found == state.known.end() ? nullptr : found->second.lock();
    if (!snapshot) return nullptr;
    auto& last = state.last;
    std::erase(last, snapshot);
    last.push_back(snapshot);
    if (last.size() > restored_max_) last.erase(last.begin());
    return snapshot;
  });
}

std::shared_ptr<const Snapshot> Snapshots::find(const std::string& hash) {
  if (auto found = find_stored(hash)) return found;
  throw Error(ErrorKind::internal, "unknown-snapshot",
              "the store does not hold configuration " + hash);
}

std::shared_ptr<const Snapshot> Snapshots::find_over(const std::string& hash) {
  auto found = find_stored(hash);
  return found ? found : current_;
}

std::shared_ptr<const Snapshot> Snapshots::find_stored(const std::string& hash) {
  if (hash == current_->hash || hash.empty() || adopted_.contains(hash)) return current_;
  if (auto known = in_memory(hash)) return known;
  const std::lock_guard one_at_a_time(restoring_);
  if (auto known = in_memory(hash)) return known;  // another thread was faster
  if (state_.with([&](State& state) { return state.leaves == hash; })) {
    throw Error(ErrorKind::transient, "snapshot-leaves",
                "configuration " + hash + " is being removed");
  }
  const auto row = store_.find_snapshot(hash);
  if (!row) return nullptr;
  const auto restored = restore(*row);
  state_.with([&](State& state) {
    std::erase_if(state.known, [](const auto& entry) { return entry.second.expired(); });
    state.known[hash] = restored;
  });
  return in_memory(hash);
}

std::shared_ptr<const Snapshot> Snapshots::restore(const store::SnapshotRow& row) const {
  config::Diagnostics diagnostics;
  auto restored = Snapshot::restore(row.hash, row.content, diagnostics);
  if (restored) return restored;
  throw Error(ErrorKind::internal, "snapshot-unusable",
              "this program cannot use configuration " + row.hash + ":\n" + diagnostics.text());
}

std::vector<std::string> Snapshots::unused() const {
  auto stored = store_.snapshots();
  const OpenUses uses(store_);
  std::set<std::string> used{current_->hash};
  for (const auto& use : uses.cases) used.insert(use.hash);
  for (const auto& use : uses.effects) used.insert(use.hash);
  std::erase_if(stored, [&](const auto& hash) { return used.contains(hash); });
  return stored;
}

bool Snapshots::begin_removal(const std::string& hash) {
  const std::lock_guard none_is_restored(restoring_);
  return state_.with([&](State& state) {
    std::erase_if(state.last, [&](const auto& snapshot) { return snapshot->hash == hash; });
    const auto known = state.known.find(hash);
    if (known != state.known.end() && !known->second.expired()) return false;
    state.leaves = hash;
    return true;
  });
}

void Snapshots::end_removal() {
  state_.with([](State& state) { state.leaves.clear(); });
}

std::vector<std::string> Snapshots::open(const OpenUses& uses) {
  std::set<std::string, std::less<>> used;
  for (const auto& use : uses.cases) used.insert(use.hash);
  for (const auto& use : uses.effects) used.insert(use.hash);
  const auto stored = store_.snapshots();
  for (const auto& hash : stored) used.erase(hash);
  const bool is_stored = std::find(stored.begin(), stored.end(), current_->hash) != stored.end();
  kept_.store(is_stored);
  missing_ = used.erase(current_->hash) > 0;
  adopted_ = std::move(used);
  return {adopted_.begin(), adopted_.end()};
}

void Snapshots::keep_with(store::Transaction& transaction) const {
  if (kept_.load()) return;
  const auto named = [&](const auto& row) { return row.snapshot == current_->hash; };
  const auto& cases = transaction.cases;
  const auto& outbox = transaction.outbox;
  if (std::any_of(cases.begin(), cases.end(), named) ||
      std::any_of(outbox.begin(), outbox.end(), named))
    transaction.snapshots.push_back(row());
}

}  // namespace masar::engine
