#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/tls/in_use.h"
#include "core/engine/hub.h"
#include "core/engine/operations.h"

namespace masar::admin {

struct AdminSettings {
  std::string address = "127.0.0.1:0";  ///< host:port; beyond localhost only where told so
  std::string token;  ///< bearer token; every path but /live, /ready, /clock asks for it
  std::string version = "unknown";      ///< of this build, for masar_build_info
  /// How long the certificates in use are good yet; empty: there are none. Any thread.
  std::function<std::vector<tls::InUse::Left>()> certificates = {};
};

/// The operators' HTTP interface (INTERFACES.md 8–10, 13): /live, /ready, /metrics, /clock and
/// /api/…. GET changes nothing; errors are problem+json; the Host header must name the address or
/// localhost; personal fields are masked. Owned by the composition root; start() before the hub's,
/// so that /ready can say why not.
class Admin {
 public:
  Admin(engine::Hub& hub, const AdminSettings& settings);
  ~Admin();

  /// Throws Error(config, "cannot-listen").
  void start();
  void stop();
  /// As bound: `127.0.0.1:40123`.
  std::string address() const;

 private:
  struct Pages;
  std::unique_ptr<Pages> pages_;
};

}  // namespace masar::admin
