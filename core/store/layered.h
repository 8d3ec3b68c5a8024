#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

namespace masar::store {

/// What a group knows of one table while it is planned, in three layers: what the database holds,
/// what the transactions before have changed, and what the one at hand changes, which is kept or
/// dropped as a whole. One thread.
template <typename Key, typename Value>
class Layered {
 public:
  /// The database holds this.
  void know(Key key, Value value) { known_.insert_or_assign(std::move(key), std::move(value)); }
  /// Absent: neither the database nor the group has it.
  const Value* find(const Key& key) const {
    if (const auto found = fresh_.find(key); found != fresh_.end()) return &found->second;
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : &found->second;
  }
  /// The value to change, as it is now or, where there is none, an empty one.
  Value& change(const Key& key) {
    const auto found = fresh_.find(key);
    if (found != fresh_.end()) return found->second;
    const Value* before = find(key);
    return fresh_.emplace(key, before == nullptr ? Value{} : *before).first->second;
  }
  /// Calls visit(key, value) for all that is there, until it is changed.
  template <typename Visit>
  void each(const Visit& visit) const {
    for (const auto& [key, value] : known_) {
      if (!fresh_.contains(key)) visit(key, value);
    }
    for (const auto& [key, value] : fresh_) visit(key, value);
  }
  void keep() {
    for (auto& [key, value] : fresh_) {
      known_.insert_or_assign(key, std::move(value));
      changed_.insert(key);
    }
    fresh_.clear();
  }
  void drop() { fresh_.clear(); }

  /// What the group has changed, as it stands in the end.
  std::vector<std::pair<const Key*, const Value*>> changed() const {
    std::vector<std::pair<const Key*, const Value*>> changed;
    for (const Key& key : changed_) changed.emplace_back(&key, &known_.at(key));
    return changed;
  }

 private:
  std::map<Key, Value> known_;
  std::map<Key, Value> fresh_;
  std::set<Key> changed_;
};

}  // namespace masar::store
