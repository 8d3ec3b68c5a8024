#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/guarded.h"
#include "core/message/message.h"
#include "core/store/store.h"

namespace masar::engine {

/// The one way into the store for the whole engine: commits a transaction and, after the commit,
/// hands what it put there to those who carry it on: undone journal rows to the lanes, ready outbox
/// rows to the dispatchers, due times to the timers, all in commit order.
///
/// Owned by the hub; the hooks are set once, before the first submit(). submit(): any thread.
class Journal {
 public:
  struct Hooks {
    std::function<void(store::JournalRow, Document)> row;  ///< committed, undone, of a case
    std::function<void(store::OutboxRow)> effect;          ///< committed, ready
    std::function<void(const store::TimerRow&)> timer;
  };
  using Done = std::function<void(const store::Commit&)>;

  explicit Journal(store::Store& store) : store_(store) {}
  void set_hooks(Hooks hooks) { hooks_ = std::move(hooks); }

  /// `documents`: the trees of the transaction's journal rows where they were read already; may be
  /// shorter. `done` (may be empty) is called on the store's thread for answers, before the hooks.
  void submit(store::Transaction transaction, Done done, std::vector<Document> documents = {});
  /// Commits one transaction by itself, where nothing else is on its way: shuts the door, asks
  /// `make`, and opens the door when its `done` is over. What is submitted meanwhile waits at the
  /// door, at most `kWaitingMax`, and is committed after it. False, and no `done`: `make` gave
  /// nothing, or another one is at it. Throws what `make` throws.
  bool alone(const std::function<std::optional<store::Transaction>()>& make, Done done);
  static constexpr std::size_t kWaitingMax = 10'000;
  /// Transactions submitted whose `done` has not been called yet; those at the door do not count.
  std::size_t in_flight() const noexcept { return in_flight_.load(); }

 private:
  struct Carried;
  struct Door {
    bool shut = false;
    std::vector<std::pair<store::Transaction, std::shared_ptr<Carried>>> waiting;
  };
  void commit(store::Transaction transaction, const std::shared_ptr<Carried>& carried);
  void open_door();
  void carry_on(Carried& carried, const store::Commit& commit);

  store::Store& store_;
  Hooks hooks_;
  Guarded<Door> door_;
  std::atomic<std::size_t> in_flight_{0};  ///< raised inside door_: what is not counted waits there
};

}  // namespace masar::engine
