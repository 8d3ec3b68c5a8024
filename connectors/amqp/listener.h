#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "connectors/amqp/login.h"
#include "connectors/amqp/peer.h"
#include "connectors/amqp/proton.h"
#include "connectors/amqp/settings.h"

namespace masar::amqp {

/// One address that partners connect to: Proton's proactor, its threads and its connections.
///
/// Owned by the connector. Endpoints and logins are added before start(); start(), stop_accepting()
/// and stop() belong to the connector's one thread, review() to any.
class Listener {
 public:
  Listener(ListenerSettings settings, const connector::Context& context);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Service& service() noexcept { return service_; }
  /// Throws Error(config, "two-passwords") where the user has another one already.
  void add_login(const std::string& user, const std::string& password);

  void start();  ///< throws Error(config, "cannot-listen")
  void stop_accepting();
  /// Tells every connection, waits a bounded time for their polite end, then cuts what is left.
  void stop();
  /// Every connection looks at its credit again.
  void review();
  std::string bound() const;  ///< host:port

 private:
  struct Connected {
    std::unique_ptr<Peer> peer;
    std::shared_ptr<Mailbox> mailbox;
  };

  void run() noexcept;
  bool handle(pn_event_t* event, Peer*& peer);
  void on_listening(pn_listener_t* listener);
  void on_listener_closed(pn_listener_t* listener);
  void accept(pn_listener_t* listener);
  void forget(Peer* peer);
  void tell_all(Errand errand);
  bool wait_until_empty();

  Service service_;
  Logins logins_;
  ProactorPtr proactor_;
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  pn_listener_t* open_listener_ = nullptr;
  std::optional<std::string> failure_;
  std::string bound_;
  std::map<Peer*, Connected> peers_;
};

}  // namespace masar::amqp
