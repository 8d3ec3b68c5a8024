#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "connectors/amqp/peer.h"
#include "connectors/amqp/proton.h"

namespace masar::amqp {

/// The limits that a transport keeps by itself.
void limit(pn_transport_t* transport, const ConnectionLimits& limits);

/// Proton's proactor, its threads, and the peers of its connections. What is of no connection goes
/// to `on_event`, a connection that has ended to `on_end`; both on the loop's threads.
///
/// Owned by a listener or a connection. start() and end() belong to the connector's one thread, the
/// rest to any.
class Loop {
 public:
  using OnEvent = std::function<void(pn_event_t*)>;
  using OnEnd = std::function<void(const Peer&)>;
  Loop(OnEvent on_event, OnEnd on_end);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start(std::size_t threads);
  bool running() const noexcept { return proactor_ != nullptr; }
  pn_proactor_t* proactor() const noexcept { return proactor_.get(); }
  /// Before the proactor gets the peer's connection. It lives until the connection's last event.
  void add(pn_connection_t* connection, std::unique_ptr<Peer> peer);
  std::size_t peers() const;
  void tell_all(Errand errand);
  /// Closes every connection, waits a bounded time for their polite end, cuts those that are left
  /// and ends the threads. False: some were cut.
  bool end();

 private:
  struct Connected {
    std::unique_ptr<Peer> peer;
    std::shared_ptr<Mailbox> mailbox;
  };
  void run() noexcept;
  bool handle(pn_event_t* event, Peer*& peer);
  void forget(Peer* peer);
  bool wait_until_empty();

  const OnEvent on_event_;
  const OnEnd on_end_;
  ProactorPtr proactor_;
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::map<Peer*, Connected> peers_;
};

}  // namespace masar::amqp
