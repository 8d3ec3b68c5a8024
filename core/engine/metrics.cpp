#include "core/engine/metrics.h"

namespace masar::engine {
namespace {

prometheus::Family<prometheus::Counter>& family(prometheus::Registry& registry, const char* name,
                                                const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace

Metrics::Metrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      received_(family(*registry_, "masar_messages_received_total",
                       "Messages that came in, by endpoint and result.")),
      filtered_(family(*registry_, "masar_messages_filtered_total",
                       "Messages, or parts of them, that a filter let go no further, by route.")),
      applied_(family(*registry_, "masar_events_applied_total",
                      "Journal rows that had their turn, by kind and result.")),
      sent_(
          family(*registry_, "masar_attempts_total", "Attempts to send, by endpoint and outcome.")),
      inquired_(family(*registry_, "masar_inquiries_total",
                       "Effects whose unknown outcome was asked about, by endpoint and verdict.")),
      removed_(family(*registry_, "masar_retention_removed_total",
                      "Rows that retention deleted or emptied, by kind.")),
      alarms_(
          family(*registry_, "masar_alarms_total", "What an operator should look at, by code.")) {}

void Metrics::received(std::string_view endpoint, std::string_view result) {
  received_.Add({{"endpoint", std::string(endpoint)}, {"result", std::string(result)}}).Increment();
}
void Metrics::filtered(std::string_view route) {
  filtered_.Add({{"route", std::string(route)}}).Increment();
}
void Metrics::applied(std::string_view kind, std::string_view result) {
  applied_.Add({{"kind", std::string(kind)}, {"result", std::string(result)}}).Increment();
}
void Metrics::sent(std::string_view endpoint, std::string_view outcome) {
  sent_.Add({{"endpoint", std::string(endpoint)}, {"outcome", std::string(outcome)}}).Increment();
}
void Metrics::inquired(std::string_view endpoint, std::string_view verdict) {
  inquired_.Add({{"endpoint", std::string(endpoint)}, {"verdict", std::string(verdict)}})
      .Increment();
}
void Metrics::removed(std::string_view kind, double rows) {
  removed_.Add({{"kind", std::string(kind)}}).Increment(rows);
}
void Metrics::alarm(std::string_view code) {
  alarms_.Add({{"code", std::string(code)}}).Increment();
}

}  // namespace masar::engine
