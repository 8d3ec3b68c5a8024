#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

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
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Family<prometheus::Counter>& received_;
  prometheus::Family<prometheus::Counter>& filtered_;
  prometheus::Family<prometheus::Counter>& applied_;
  prometheus::Family<prometheus::Counter>& sent_;
  prometheus::Family<prometheus::Counter>& inquired_;
  prometheus::Family<prometheus::Counter>& removed_;
  prometheus::Family<prometheus::Counter>& alarms_;
};

}  // namespace masar::engine
