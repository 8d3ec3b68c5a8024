#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/amqp/back_off.h"
#include "connectors/amqp/loop.h"
#include "connectors/amqp/settings.h"
#include "connectors/tls/in_use.h"

namespace masar::amqp {

class Broker;
class Security;

/// What the hub connects out to: one connection at a time, to one of several hosts, kept up for
/// ever. A host that cannot be reached, or that ends the connection, is followed by the next of the
/// list; after all of them there is a wait. Host names are looked up on the loop's thread.
///
/// Shared by the connector and, weakly, by its timers (hence shared_ptr). Endpoints are added
/// before start(); start(), stop_accepting() and stop() belong to the connector's one thread,
/// review() to any.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `certificates` may be null.
  Connection(ConnectionSettings settings, const connector::Context& context,
             tls::InUse* certificates);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Service& service() noexcept { return service_; }
  /// Returns at once: the broker may be away. Throws Error(config, …) where the secrets cannot be
  /// used.
  void start();
  void stop_accepting();
  void stop();
  void review() { loop_.tell_all(kReview); }

 private:
  void on_event(pn_event_t* event);
  void on_ended(const Broker& broker);
  std::string password() const;
  void dial();
  void dial(const std::string& address);
  void go_on(const std::string& host, const std::string& why, bool lasted);
  void stand_in_the_way(const std::string& what);
  void wake();

  const ConnectionSettings settings_;
  tls::InUse* const certificates_;
  Service service_;
  std::vector<std::unique_ptr<Security>> security_;  // one a host; none without TLS

  // Of the loop's one thread.
  std::size_t host_ = 0;      // of the list: the one that is next
  std::size_t failures_ = 0;  // since a connection lasted
  BackOff back_off_;

  std::mutex mutex_;  // guards stopping_; nothing is dialled behind it
  bool stopping_ = false;

  Loop loop_;  // last: its thread uses all above
};

}  // namespace masar::amqp
