#include "core/store/group_writer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <pthread.h>

#include "core/base/crash_point.h"

namespace masar::store {

GroupWriter::GroupWriter(const GroupSettings& settings, GroupCommitter& committer)
    : settings_(settings), committer_(committer) {}

GroupWriter::~GroupWriter() { stop(); }

void GroupWriter::start() {
  if (settings_.writer_thread) {
    answers_thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "masar-answers");
      run_answers();
    });
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "masar-writer");
      run();
    });
  }
}

void GroupWriter::submit(Transaction transaction, Store::Done done) {
  const char* refused = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) {
      refused = "the store has stopped";
    } else if (waiting_.size() >= settings_.queue_max) {
      refused = "the store's queue is full";
    } else {
      waiting_.push_back({std::move(transaction), std::move(done), {}});
      if (writer_waits_) {
        wake_.notify_one();
      }
    }
  }
  if (refused != nullptr) {
    Commit commit;
    commit.status = CommitStatus::failed;
    commit.error = refused;
    done(commit);
  }
}

void GroupWriter::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) {
      return;
    }
    stopping_ = settings_.writer_thread;
    wake_.notify_one();
  }
  if (thread_.joinable()) {
    thread_.join();
  } else {
    while (run_once() > 0) {
    }
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  if (answers_thread_.joinable()) {
    end_answers();
  }
  give_up();
  while (take()) {
    give_up();
  }
  committer_.finish();
}

/// Moves what waits, group_max at most, into the empty group. False: nothing waits.
bool GroupWriter::take() {
  std::lock_guard lock(mutex_);
  const std::size_t count = std::min(settings_.group_max, waiting_.size());
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  group_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return count > 0;
}

void GroupWriter::run() {
  for (;;) {
    if (!take()) {
      if (!wait_for_work()) {
        return;
      }
      continue;
    }
    while (commit_group(), !group_.empty()) {
      if (!wait_to_probe()) {
        give_up();
      }
    }
    committer_.settle();
  }
}

/// False: there is none, and the store stops.
bool GroupWriter::wait_for_work() {
  std::unique_lock lock(mutex_);
  writer_waits_ = true;
  const auto something = [this] { return stopping_ || !waiting_.empty(); };
  for (bool again = true; again && !something();) {
    if (!wake_.wait_for(lock, settings_.idle_after, something)) {
      lock.unlock();
      again = committer_.idle();
      lock.lock();
    }
  }
  wake_.wait(lock, something);
  writer_waits_ = false;
  return !waiting_.empty();
}

/// False: the store stops.
bool GroupWriter::wait_to_probe() {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, settings_.probe_interval, [this] { return stopping_; });
}

std::size_t GroupWriter::run_once() {
  std::size_t finished = 0;
  while (!group_.empty() || take()) {
    finished += commit_group();
    if (!group_.empty()) {
      return finished;
    }
    committer_.settle();
  }
  return finished;
}

std::size_t GroupWriter::commit_group() {
  const std::size_t finished = committer_.commit(group_);
  if (finished > 0) {
    groups_.fetch_add(1);
  }
  answer(finished);
  return finished;
}

void GroupWriter::answer(std::size_t count) {
  // Taken out first: a callback that submits must not find its own group still waiting.
  Group answered;
  if (count == group_.size()) {
    answered.swap(group_);
  } else {
    const auto end = group_.begin() + static_cast<std::ptrdiff_t>(count);
    answered.assign(std::make_move_iterator(group_.begin()), std::make_move_iterator(end));
    group_.erase(group_.begin(), end);
  }
  if (answered.empty()) {
    return;
  }
  if (!answers_thread_.joinable()) {
    return call_back(answered);
  }
  std::unique_lock lock(answers_mutex_);
  answers_changed_.wait(lock, [this] { return answers_.empty(); });
  answers_.swap(answered);
  answers_changed_.notify_all();
}

void GroupWriter::call_back(Group& group) {
  for (const Pending& pending : group) {
    if (pending.done) {
      crash_point("before-answer");
      pending.done(pending.commit);
    }
  }
}

void GroupWriter::run_answers() {
  for (;;) {
    Group group;
    {
      std::unique_lock lock(answers_mutex_);
      answers_changed_.wait(lock, [this] { return answers_end_ || !answers_.empty(); });
      group.swap(answers_);
      answers_changed_.notify_all();
    }
    if (group.empty()) {
      return;
    }
    call_back(group);
  }
}

/// Everything answered so far is over when this returns.
void GroupWriter::end_answers() {
  {
    std::lock_guard lock(answers_mutex_);
    answers_end_ = true;
  }
  answers_changed_.notify_all();
  answers_thread_.join();
}

void GroupWriter::give_up() {
  const std::string& error = committer_.last_error();
  for (Pending& pending : group_) {
    pending.commit = {};
    pending.commit.status = CommitStatus::failed;
    pending.commit.error = error.empty() ? "the store has stopped" : error;
  }
  answer(group_.size());
}

}  // namespace masar::store
