#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "connectors/amqp/login.h"
#include "connectors/amqp/loop.h"
#include "connectors/amqp/proton.h"
#include "connectors/amqp/security.h"
#include "connectors/amqp/settings.h"

namespace masar::amqp {

/// One address that partners connect to.
///
/// Owned by the connector. Endpoints and logins are added before start(); start(), stop_accepting()
/// and stop() belong to the connector's one thread, review() to any.
class Listener {
 public:
  /// `certificates` may be null.
  Listener(ListenerSettings settings, const connector::Context& context, tls::InUse* certificates);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Service& service() noexcept { return service_; }
  /// Throws Error(config, "two-logins") where the user has another password or certificate already,
  /// or the certificate another user.
  void add_login(const std::string& user, const std::string& password);
  void add_certificate(const std::string& user, const std::string& subject);

  void start();  ///< throws Error(config, "cannot-listen")
  void stop_accepting();
  /// Tells every connection, waits a bounded time for their polite end, then cuts what is left.
  void stop();
  /// Every connection looks at its credit again.
  void review() { loop_.tell_all(kReview); }
  std::string bound() const;  ///< host:port

 private:
  void on_event(pn_event_t* event);
  void on_listening(pn_listener_t* listener);
  void on_listener_closed(pn_listener_t* listener);
  void accept(pn_listener_t* listener);
  [[noreturn]] void refuse_second(const std::string& user) const;

  const ListenerSettings settings_;
  tls::InUse* const certificates_;
  Service service_;
  Logins logins_;
  std::unique_ptr<Security> security_;        // none: without TLS

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  pn_listener_t* open_listener_ = nullptr;
  std::optional<std::string> failure_;
  std::string bound_;

  Loop loop_;  // last: its threads use all above
};

}  // namespace masar::amqp
