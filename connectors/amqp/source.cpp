#include <algorithm>
#include <utility>

#include "connectors/amqp/endpoints.h"

namespace masar::amqp {

using connector::Outcome;
using connector::OutcomeKind;

Source::Source(const connector::EndpointSpec& spec, EndpointSettings settings,
               const connector::Context& context)
    : id_(spec.id),
      settings_(std::move(settings)),
      timeout_(spec.timeout),
      steady_(context.steady),
      executor_(context.executor) {}

void Source::on_ready(std::function<void()> notify) {
  std::lock_guard lock(mutex_);
  notify_ = notify ? std::make_shared<const std::function<void()>>(std::move(notify)) : nullptr;
}

void Source::count() {
  std::int64_t sum = 0;
  for (const Receiver& each : receivers_) sum += std::max<std::int64_t>(each.room, 0);
  room_.store(sum, std::memory_order_release);
}

bool Source::hand_over(ToSend& message) {
  for (std::size_t tried = 0; tried < receivers_.size(); ++tried) {
    Receiver& receiver = receivers_[turn_++ % receivers_.size()];
    if (receiver.room <= 0) continue;
    message.link = receiver.number;
    if (!receiver.mailbox->send(message)) {
      receiver.room = 0;  // its connection ended and has yet to say so
      continue;
    }
    --receiver.room;
    ++receiver.queued;
    return true;
  }
  return false;
}

void Source::send(connector::Attempt attempt, connector::Outbound::Done done) {
  ToSend message{0, std::move(attempt), std::move(done), steady_.now() + timeout_};
  {
    std::lock_guard lock(mutex_);
    const bool handed_over = hand_over(message);
    count();
    if (handed_over) return;
  }
  executor_.post([over = std::move(message.done)] {
    over({OutcomeKind::unavailable,
          "amqp:no-credit",
          "no receiver of the partner has credit",
          {},
          {},
          false});
  });
}

void Source::add_receiver(std::uint64_t number, std::shared_ptr<Mailbox> mailbox) {
  std::lock_guard lock(mutex_);
  receivers_.push_back({number, std::move(mailbox)});
}

void Source::remove_receiver(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  std::erase_if(receivers_, [&](const Receiver& each) { return each.number == number; });
  count();
}

void Source::update(std::uint64_t number, std::int64_t room, std::size_t taken) {
  std::shared_ptr<const std::function<void()>> notify;
  {
    std::lock_guard lock(mutex_);
    const bool was_ready = ready();
    const auto found = std::find_if(receivers_.begin(), receivers_.end(),
                                    [&](const Receiver& each) { return each.number == number; });
    if (found == receivers_.end()) return;
    found->queued -= static_cast<std::int64_t>(taken);
    found->room = room - found->queued;
    count();
    if (!was_ready && ready()) notify = notify_;
  }
  if (notify) (*notify)();
}

}  // namespace masar::amqp
