#include "core/engine/metrics.h"

#include <utility>

namespace masar::engine {

Metrics::Counters::Counters(prometheus::Registry& registry, const char* name, const char* help,
                            const char* first, const char* second)
    : family_(prometheus::BuildCounter().Name(name).Help(help).Register(registry)),
      first_(first),
      second_(second) {}

void Metrics::Counters::add(std::string_view first, std::string_view second, double count) {
  auto* const counter = known_.with([&](Known& known) {
    const auto at = known.find(std::pair(first, second));
    if (at != known.end()) return at->second;
    prometheus::Labels labels{{first_, std::string(first)}};
    if (!second_.empty()) labels.emplace(second_, second);
    return known.emplace(std::pair(first, second), &family_.Add(labels)).first->second;
  });
  counter->Increment(count);
}

Metrics::Metrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      received_(*registry_, "masar_messages_received_total",
                "Messages that came in, by endpoint and result.", "endpoint", "result"),
      filtered_(*registry_, "masar_messages_filtered_total",
                "Messages, or parts of them, that a filter let go no further, by route.", "route"),
      applied_(*registry_, "masar_events_applied_total",
               "Journal rows that had their turn, by kind and result.", "kind", "result"),
      sent_(*registry_, "masar_attempts_total", "Attempts to send, by endpoint and outcome.",
            "endpoint", "outcome"),
      inquired_(*registry_, "masar_inquiries_total",
                "Effects whose unknown outcome was asked about, by endpoint and verdict.",
                "endpoint", "verdict"),
      removed_(*registry_, "masar_retention_removed_total",
               "Rows that retention deleted or emptied, by kind.", "kind"),
      alarms_(*registry_, "masar_alarms_total", "What an operator should look at, by code.",
              "code") {}

void Metrics::received(std::string_view endpoint, std::string_view result) {
  received_.add(endpoint, result);
}
void Metrics::filtered(std::string_view route) { filtered_.add(route); }
void Metrics::applied(std::string_view kind, std::string_view result) {
  applied_.add(kind, result);
}
void Metrics::sent(std::string_view endpoint, std::string_view outcome) {
  sent_.add(endpoint, outcome);
}
void Metrics::inquired(std::string_view endpoint, std::string_view verdict) {
  inquired_.add(endpoint, verdict);
}
void Metrics::removed(std::string_view kind, double rows) { removed_.add(kind, {}, rows); }
void Metrics::alarm(std::string_view code) { alarms_.add(code); }

}  // namespace masar::engine
