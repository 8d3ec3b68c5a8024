#include "core/base/thread_executor.h"

#include <algorithm>
#include <utility>

#include <pthread.h>

#include "core/base/error.h"

namespace masar {
namespace {

constexpr std::size_t kThreadNameMax = 15;  // Linux

void name_thread(const std::string& base, const std::string& part) {
  std::string name = base.substr(0, kThreadNameMax - part.size() - 1) + '-' + part;
  pthread_setname_np(pthread_self(), name.c_str());
}

}  // namespace

ThreadExecutor::ThreadExecutor(Options options) : options_(std::move(options)) {
  if (options_.threads == 0) {
    throw Error(ErrorKind::config, "no-threads", "an executor needs at least one thread");
  }
}

ThreadExecutor::~ThreadExecutor() { stop(); }

void ThreadExecutor::start() {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i] {
      name_thread(options_.name, std::to_string(i));
      run_work();
    });
  }
  threads_.emplace_back([this] {
    name_thread(options_.name, "timer");
    run_timers();
  });
}

void ThreadExecutor::stop() {
  // Dropped outside the lock: the destructor of a piece of work may post.
  std::deque<Work> queue;
  std::vector<Timer> timers;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    queue.swap(queue_);
    timers.swap(timers_);
  }
  work_came_.notify_all();
  timers_changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ThreadExecutor::admit() const {
  if (queue_.size() + timers_.size() >= options_.pending_max) {
    throw Error(ErrorKind::internal, "executor-full",
                std::to_string(options_.pending_max) + " pieces of work are waiting");
  }
}

void ThreadExecutor::post(Work work) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    admit();
    queue_.push_back(std::move(work));
  }
  work_came_.notify_one();
}

void ThreadExecutor::post_after(std::chrono::steady_clock::duration delay, Work work) {
  const auto due = std::chrono::steady_clock::now() + delay;
  bool earliest = false;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    admit();
    const std::uint64_t number = timers_made_++;
    timers_.push_back({due, number, std::move(work)});
    std::push_heap(timers_.begin(), timers_.end());
    earliest = timers_.front().number == number;
  }
  if (earliest) timers_changed_.notify_one();
}

std::size_t ThreadExecutor::pending() const {
  std::lock_guard lock(mutex_);
  return queue_.size() + timers_.size();
}

void ThreadExecutor::run_work() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_came_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
    if (stopped_) return;
    {
      Work work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }  // what the work holds ends outside the lock too
    lock.lock();
  }
}

void ThreadExecutor::run_timers() noexcept {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (timers_.empty()) {
      timers_changed_.wait(lock);
      continue;
    }
    const auto due = timers_.front().due;
    if (std::chrono::steady_clock::now() < due) {
      timers_changed_.wait_until(lock, due);
      continue;
    }
    std::pop_heap(timers_.begin(), timers_.end());
    queue_.push_back(std::move(timers_.back().work));
    timers_.pop_back();
    work_came_.notify_one();
  }
}

}  // namespace masar
