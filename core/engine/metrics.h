#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include "core/base/guarded.h"

namespace masar::engine {

/// The engine's counters, registered once. Label values come from the configuration (endpoint,
/// route, outcome), never from messages. Any thread; a counter looked up lives as long as this.
class Metrics {
 public:
  Metrics();
  prometheus::Registry& registry() { return *registry_; }

  void received(std::string_view endpoint,
                std::string_view result);  ///< accepted, refused, duplicate, later
  void filtered(std::string_view route);
  void applied(std::string_view kind, std::string_view result);  ///< done, dead, retried
  void sent(std::string_view endpoint, std::string_view outcome);
  void inquired(std::string_view endpoint, std::string_view verdict);
  void removed(std::string_view kind, double rows);  ///< by retention
  void alarm(std::string_view code);  ///< a duplicate that differs, a kept message …

 private:
  /// Of values that need no strings of their own.
  struct Earlier {
    using is_transparent = void;
    bool operator()(const auto& one, const auto& other) const {
      return std::pair<std::string_view, std::string_view>(one) <
             std::pair<std::string_view, std::string_view>(other);
    }
  };
  /// One metric by one label or two. Keeps the counters that it has made: the library looks for
  /// one by a map of all labels, made for each look.
  class Counters {
   public:
    Counters(prometheus::Registry& registry, const char* name, const char* help,
             const char* first, const char* second = "");
    void add(std::string_view first, std::string_view second = {}, double count = 1);

   private:
    using Known = std::map<std::pair<std::string, std::string>, prometheus::Counter*, Earlier>;
    prometheus::Family<prometheus::Counter>& family_;
    const std::string first_;
    const std::string second_;
    Guarded<Known> known_;
  };

  std::shared_ptr<prometheus::Registry> registry_;
  Counters received_;
  Counters filtered_;
  Counters applied_;
  Counters sent_;
  Counters inquired_;
  Counters removed_;
  Counters alarms_;
};

}  // namespace masar::engine
