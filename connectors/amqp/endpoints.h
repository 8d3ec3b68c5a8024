#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/amqp/mailbox.h"
#include "connectors/amqp/settings.h"
#include "core/connector/connector.h"

namespace masar::amqp {

/// One inbound endpoint, as the connections see it. Immutable but for the flag.
struct Target {
  std::string id;
  std::string partner;
  EndpointSettings settings;
  std::size_t body_bytes_max = 0;
  connector::Intake* intake = nullptr;
  std::atomic<bool> paused = false;
};

/// One outbound endpoint: its partner's receivers and how many messages each may be sent now. The
/// connections keep the receivers and say what they may take; senders take turns over them.
///
/// Shared by its Outbound and by the connections (hence shared_ptr). Any thread.
class Source {
 public:
  Source(const connector::EndpointSpec& spec, EndpointSettings settings,
         const connector::Context& context);

  const std::string& id() const noexcept { return id_; }
  const EndpointSettings& settings() const noexcept { return settings_; }

  // For the engine.
  bool ready() const noexcept { return room_.load(std::memory_order_acquire) > 0; }
  void on_ready(std::function<void()> notify);
  void send(connector::Attempt attempt, connector::Outbound::Done done);

  // For the connections.
  void add_receiver(std::uint64_t number, std::shared_ptr<Mailbox> mailbox);
  void remove_receiver(std::uint64_t number);
  /// The receiver has taken `taken` messages out of its mailbox since it last said so, and may be
  /// sent `room` more beyond those that are still in there. May call what on_ready() was given.
  void update(std::uint64_t number, std::int64_t room, std::size_t taken);

 private:
  struct Receiver {
    std::uint64_t number;
    std::shared_ptr<Mailbox> mailbox;
    std::int64_t room = 0;    // less what is queued
    std::int64_t queued = 0;  // in the mailbox, not taken yet
  };
  bool hand_over(ToSend& message);  // under the lock
  void count();                     // under the lock

  const std::string id_;
  const EndpointSettings settings_;
  const std::chrono::milliseconds timeout_;
  const SteadyClock& steady_;
  Executor& executor_;

  std::atomic<std::int64_t> room_ = 0;  // of all receivers; written under the lock
  std::mutex mutex_;  // guards all below; a mailbox's own lock may be taken inside
  std::vector<Receiver> receivers_;
  std::size_t turn_ = 0;
  std::shared_ptr<const std::function<void()>> notify_;
};

}  // namespace masar::amqp
