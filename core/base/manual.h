#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/executor.h"

namespace masar {

/// A business clock that stands still until it is told: for tests, simulations and the stepped
/// clock. Any thread. Does not throw.
class ManualBusinessClock final : public BusinessClock {
 public:
  explicit ManualBusinessClock(Instant start) : now_(start) {}
  Instant now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void set(Instant to) {
    std::lock_guard lock(mutex_);
    now_ = to;
  }
  void advance(Duration by) {
    std::lock_guard lock(mutex_);
    now_ += by;
  }

 private:
  mutable std::mutex mutex_;
  Instant now_;
};

/// A steady clock that stands still until it is told. It starts at its epoch. Any thread. Does not
/// throw.
class ManualSteadyClock final : public SteadyClock {
 public:
  TimePoint now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void advance(TimePoint::duration by) {
    std::lock_guard lock(mutex_);
    now_ += by;
  }
  /// Never goes back: an earlier time changes nothing.
  void advance_to(TimePoint to) {
    std::lock_guard lock(mutex_);
    now_ = std::max(now_, to);
  }

 private:
  mutable std::mutex mutex_;
  TimePoint now_{};
};

/// Runs work on the thread that asks for it, in one fixed order: timers that are due by due time
/// and posting, put behind the work that waits already. Posting from any thread; running from one.
///
/// Limit: one run_all() or advance() runs at most `work_max` pieces of work, else Error(internal,
/// "executor-endless").
class ManualExecutor final : public Executor {
 public:
  using TimeSpan = std::chrono::steady_clock::duration;

  explicit ManualExecutor(ManualSteadyClock& clock, std::size_t work_max = 1'000'000)
      : clock_(clock), work_max_(work_max) {}

  void post(Work work) override {
    std::lock_guard lock(mutex_);
    if (!stopped_) queue_.push_back(std::move(work));
  }
  void post_after(TimeSpan delay, Work work) override {
    const auto due = clock_.now() + delay;
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    auto place = std::upper_bound(timers_.begin(), timers_.end(), due,
                                  [](auto at, const Timer& timer) { return at < timer.due; });
    timers_.insert(place, Timer{due, std::move(work)});
  }

  /// Runs the next piece of work that is due; false where there is none.
  bool run_one() {
    Work work;
    {
      std::lock_guard lock(mutex_);
      const auto now = clock_.now();
      while (!timers_.empty() && timers_.front().due <= now) {
        queue_.push_back(std::move(timers_.front().work));
        timers_.pop_front();
      }
      if (queue_.empty()) return false;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
    return true;
  }
  /// Runs everything that is due, also what that posts; how many pieces.
  std::size_t run_all() { return run_until_idle(0); }
  /// Moves the steady clock on by `by`, stopping at the due time of every timer on the way to run
  /// it, and what it posts; how many pieces ran.
  std::size_t advance(TimeSpan by) {
    const auto end = clock_.now() + by;
    std::size_t count = run_until_idle(0);
    for (auto due = next_due(); due && *due <= end; due = next_due()) {
      clock_.advance_to(*due);
      count = run_until_idle(count);
    }
    clock_.advance_to(end);
    return count;
  }
  /// When the next timer is due; nothing where there is none.
  std::optional<std::chrono::steady_clock::time_point> next_due() const {
    std::lock_guard lock(mutex_);
    if (timers_.empty()) return std::nullopt;
    return timers_.front().due;
  }
  /// Whether nothing is due now.
  bool idle() const {
    std::lock_guard lock(mutex_);
    return queue_.empty() && (timers_.empty() || timers_.front().due > clock_.now());
  }
  /// Drops what waits and all that is posted from now on.
  void stop() {
    std::deque<Work> queue;
    std::deque<Timer> timers;
    std::lock_guard lock(mutex_);
    stopped_ = true;
    queue.swap(queue_);
    timers.swap(timers_);
  }

 private:
  struct Timer {
    std::chrono::steady_clock::time_point due;
    Work work;
  };

  std::size_t run_until_idle(std::size_t count) {
    for (; run_one(); ++count) {
      if (count >= work_max_) {
        throw Error(ErrorKind::internal, "executor-endless", "work goes on posting work");
      }
    }
    return count;
  }

  ManualSteadyClock& clock_;
  const std::size_t work_max_;
  mutable std::mutex mutex_;  // guards all below
  std::deque<Work> queue_;
  std::deque<Timer> timers_;  // by due time, then posting
  bool stopped_ = false;
};

}  // namespace masar
