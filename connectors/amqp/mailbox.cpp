#include "connectors/amqp/mailbox.h"

#include <utility>

#include <proton/proactor.h>

namespace masar::amqp {

// pn_connection_wake() is called under the lock: the proactor frees a connection after its last
// event, and in that event close() has waited for this lock.
void Mailbox::wake() {
  if (std::exchange(woken_, true)) return;
  pn_connection_wake(connection_);
}

void Mailbox::answer(Answered answered) {
  std::lock_guard lock(mutex_);
  if (connection_ == nullptr) return;  // its delivery died with it: the sender repeats
  contents_.answers.push_back(std::move(answered));
  wake();
}

bool Mailbox::send(ToSend& message) {
  std::lock_guard lock(mutex_);
  if (connection_ == nullptr) return false;
  contents_.sends.push_back(std::move(message));
  wake();
  return true;
}

void Mailbox::run(Errand errand) {
  std::lock_guard lock(mutex_);
  if (connection_ == nullptr) return;
  contents_.errands |= errand;
  wake();
}

void Mailbox::take(Contents& contents) {
  std::lock_guard lock(mutex_);
  woken_ = false;
  std::swap(contents_, contents);
}

Mailbox::Contents Mailbox::close() {
  std::lock_guard lock(mutex_);
  connection_ = nullptr;
  return std::exchange(contents_, {});
}

}  // namespace masar::amqp
