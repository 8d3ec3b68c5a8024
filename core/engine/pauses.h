#pragma once

#include <set>
#include <string>
#include <string_view>

#include "core/base/guarded.h"
#include "core/connector/connector.h"
#include "core/engine/snapshot.h"

namespace masar::engine {

/// Names of the settings of what is paused, before its id.
inline constexpr std::string_view kEndpointPause = "pause.endpoint.";
inline constexpr std::string_view kRoutePause = "pause.route.";

/// Which endpoints and routes are paused (ENGINE.md 20), and what follows for what comes in.
/// Survives restart as settings. Owned by the hub; any thread.
class Pauses {
 public:
  explicit Pauses(const Snapshot& snapshot) : snapshot_(snapshot) {}

  bool endpoint(std::string_view id) const { return has(endpoints_, id); }
  bool route(std::string_view id) const { return has(routes_, id); }
  void set_endpoint(const std::string& id, bool paused) { set(endpoints_, id, paused); }
  void set_route(const std::string& id, bool paused) { set(routes_, id, paused); }

  /// Whether what comes in for this route waits: it is paused, or hands on to paused endpoints
  /// only.
  bool holds(const route::Route& route) const;
  /// Whether an inbound endpoint takes nothing at all: it is paused, or every route of it is.
  bool closed(const std::string& endpoint) const;
  /// Whether this very message waits. Looks into it only where some of its endpoint's routes are
  /// paused and others not; what cannot be read waits for nothing.
  bool holds(const connector::Received& received) const;

 private:
  using Names = Guarded<std::set<std::string, std::less<>>>;
  enum class Share { none, some, all };
  Share held_of(const std::string& endpoint) const;
  static bool has(const Names& names, std::string_view id) {
    return names.with([&](const auto& set) { return set.contains(id); });
  }
  static void set(Names& names, const std::string& id, bool paused) {
    names.with([&](auto& set) {
      if (paused) {
        set.insert(id);
      } else {
        set.erase(id);
      }
    });
  }

  const Snapshot& snapshot_;
  Names endpoints_;
  Names routes_;
};

}  // namespace masar::engine
