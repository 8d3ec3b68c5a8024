#pragma once

#include <set>
#include <string>
#include <string_view>

#include "core/base/guarded.h"

namespace masar::engine {

/// Which endpoints and routes are paused (ENGINE.md 20). Survives restart as settings
/// `pause.endpoint.ID` and `pause.route.ID`. Any thread.
class Pauses {
 public:
  bool endpoint(std::string_view id) const { return has(endpoints_, id); }
  bool route(std::string_view id) const { return has(routes_, id); }
  void set_endpoint(const std::string& id, bool paused) { set(endpoints_, id, paused); }
  void set_route(const std::string& id, bool paused) { set(routes_, id, paused); }

 private:
  using Names = Guarded<std::set<std::string, std::less<>>>;
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
  Names endpoints_;
  Names routes_;
};

}  // namespace masar::engine
