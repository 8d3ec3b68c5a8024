#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/executor.h"

namespace masar {

/// The executor of production: `threads` threads that take work in the order of its posting, and
/// one thread that keeps the timers. Owned by the composition root; start(), stop() and the
/// destructor belong to the thread that built it, post() and post_after() to any.
///
/// Limit: at most `pending_max` pieces of work wait, timers included. What would be beyond it
/// throws Error(internal, "executor-full"): admission bounds what may be posted, so this is our own
/// fault, and from inside a piece of work it ends the process, as anything else that work throws.
class ThreadExecutor final : public Executor {
 public:
  struct Options {
    std::size_t threads = 4;
    std::size_t pending_max = 1'000'000;
    std::string name = "masar";  ///< of the threads: `masar-0`, `masar-timer` (15 bytes are seen)
  };

  explicit ThreadExecutor(Options options);
  ~ThreadExecutor() override;  ///< stops
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  /// Starts the threads; work posted before waits for this. Once in a life.
  void start();
  /// Lets running work end, drops the rest, joins. Never from inside a piece of work. May be
  /// repeated.
  void stop();

  void post(Work work) override;
  void post_after(std::chrono::steady_clock::duration delay, Work work) override;

  std::size_t pending() const;  ///< what waits now, timers included

 private:
  struct Timer {
    std::chrono::steady_clock::time_point due;
    std::uint64_t number;
    Work work;
    /// For a heap whose front is the earliest.
    bool operator<(const Timer& other) const {
      return due != other.due ? due > other.due : number > other.number;
    }
  };

  void admit() const;
  void run_work() noexcept;
  void run_timers() noexcept;

  const Options options_;
  std::vector<std::thread> threads_;  // owner's thread only

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable work_came_;
  std::condition_variable timers_changed_;
  std::deque<Work> queue_;
  std::vector<Timer> timers_;
  std::uint64_t timers_made_ = 0;
  bool stopped_ = false;
};

}  // namespace masar
