#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/http/server.h"
#include "connectors/tls/in_use.h"
#include "core/base/guarded.h"
#include "core/connector/connector.h"

namespace masar::http {

/// The HTTP servers of a configuration by listener id, shared by every connector whose partners
/// come by HTTP: they register their handlers here (add_inbound), the http connector starts and
/// stops all.
///
/// Owned by the composition root (connectors/all.h), outlives the connectors. Not for several
/// threads at once, as the connectors' own life is not.
class Listeners {
 public:
  /// `certificates`, which outlives this, hears of those of the listeners, and of those of the
  /// endpoints that call out by HTTP. It may be null.
  explicit Listeners(tls::InUse* certificates = nullptr);
  ~Listeners();
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  /// `<listener id connector="http" address …>`: findings; remembers the address for is_open().
  void check(const config::Element& listener, config::Diagnostics& diagnostics);
  /// Throws Error(config) for what check() would have found, and for secrets that are not there or
  /// hold no certificate or key.
  void add(const config::Element& listener, const connector::Context& context);

  /// The inbound rule of every HTTP connector: a finding where the listener that the element names
  /// (`<http listener=…>`) is unknown, listens beyond 127.0.0.1 and ::1 though the endpoint has no
  /// `authenticated` sender, or asks nobody for the certificate of the element's `subject`.
  /// Call check() of the listeners first; without any known listener nothing is said.
  /// Not for several threads.
  void check_use(const config::Element& own, bool authenticated, config::Diagnostics& diagnostics,
                 std::string_view named_by = "listener") const;
  /// Whether the listener is reachable from beyond this machine. False for an unknown one.
  bool is_open(const std::string& id) const;
  /// Whether it speaks TLS: addresses on it begin with https.
  bool is_secure(const std::string& id) const;
  /// How partners reach a path on it: by its public address, or as it listens.
  std::string url(const std::string& id, const std::string& path) const;
  /// May be null.
  tls::InUse* certificates() const noexcept { return certificates_; }

  /// Throws Error(config, "no-listener").
  Server& at(const std::string& id);
  /// What the edge refuses on no path of an endpoint goes to `intake.refused(listener id, …)`. The
  /// first call counts; every connector makes it in add_inbound().
  void refusals_to(connector::Intake& intake);

  void start();
  void stop_accepting();
  void stop();
  /// Listener id → `host:port` as bound (the first where there are several). Empty before start().
  /// Any thread: attempts that name such an address may begin before the listeners do.
  std::map<std::string, std::string> addresses() const;

 private:
  struct Listener;
  struct Declared {
    std::string address;
    std::string public_address;
    bool secure = false;
    bool asks_certificates = false;
  };
  tls::InUse* const certificates_;
  std::map<std::string, std::unique_ptr<Listener>> listeners_;
  std::map<std::string, Declared> declared_;  ///< by id, from check() and add()
  Guarded<std::map<std::string, std::string>> bound_;
  connector::Intake* intake_ = nullptr;
};

}  // namespace masar::http
