#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace masar::store {

/// A few reading sessions, opened when they are needed and lent to one caller at a time; who comes
/// when all are lent waits. A session that has become unusable is dropped. Owned by the store. Any
/// thread. Throws what opening and reading throw.
template <typename Session>
class SessionPool {
 public:
  using Open = std::function<std::unique_ptr<Session>()>;

  SessionPool(Open open, int sessions_max)
      : open_(std::move(open)), to_open_(std::max(sessions_max, 1)) {}

  /// Reads with a session. Where that one turns out to be dead, reads once more with a new one:
  /// the database may have been restarted while it lay idle.
  template <typename Read>
  auto with(const Read& read) {
    {
      const Lease lease(*this);
      try {
        return read(*lease.session);
      } catch (const Error&) {
        if (lease.session->usable()) throw;
      }
    }
    close_idle();
    const Lease lease(*this);
    return read(*lease.session);
  }

 private:
  struct Lease {
    explicit Lease(SessionPool& owner) : pool(owner), session(owner.take()) {}
    ~Lease() { pool.give_back(std::move(session)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    SessionPool& pool;
    mutable std::unique_ptr<Session> session;
  };

  std::unique_ptr<Session> take() {
    {
      std::unique_lock lock(mutex_);
      returned_.wait(lock, [this] { return !idle_.empty() || to_open_ > 0; });
      if (!idle_.empty()) {
        auto session = std::move(idle_.back());
        idle_.pop_back();
        return session;
      }
      --to_open_;
    }
    try {
      return open_();
    } catch (...) {
      one_less();
      throw;
    }
  }

  void give_back(std::unique_ptr<Session> session) {
    if (!session->usable()) {
      session.reset();
      return one_less();
    }
    {
      std::lock_guard lock(mutex_);
      idle_.push_back(std::move(session));
    }
    returned_.notify_one();
  }

  void one_less() {
    {
      std::lock_guard lock(mutex_);
      ++to_open_;
    }
    returned_.notify_one();
  }

  void close_idle() {
    std::vector<std::unique_ptr<Session>> closed;
    {
      std::lock_guard lock(mutex_);
      closed.swap(idle_);
      to_open_ += static_cast<int>(closed.size());
    }
    returned_.notify_all();
  }

  const Open open_;
  std::mutex mutex_;  // protects what follows
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Session>> idle_;
  int to_open_;
};

}  // namespace masar::store
