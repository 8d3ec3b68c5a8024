// Where an effect goes that ended unavailable (ENGINE.md 18), as routes say it.
#include "core/route/fail_over.h"

namespace masar::route {

void check_fail_over(const Route& route, config::Diagnostics& diagnostics) {
  for (const auto& call : route.calls) {
    // The row of an effect names endpoint and operation, not the step that called.
    if (route.or_else(call.endpoint, call.operation) != call.or_else) {
      diagnostics.add(call.place,
                      "endpoint \"" + call.endpoint + "\" is called twice, with or-else of its own",
                      "write the same or-else at each <call> of it");
    }
    if (call.or_else.empty()) continue;
    if (call.or_else == call.endpoint) {
      diagnostics.add(call.or_else_place, "or-else names the endpoint itself",
                      "name another one, or leave it out: <retry> repeats at the same");
    }
    for (const auto& failure : route.failures) {
      if (failure.inquiry.empty()) continue;
      diagnostics.add(failure.inquiry_place,
                      "inquiry= and or-else exclude each other: it would ask one of two partners",
                      "leave out one");
    }
  }
}

void refuse_fail_over(const Route& route, config::Diagnostics& diagnostics) {
  for (const auto& call : route.calls) {
    if (call.or_else.empty()) continue;
    diagnostics.add(call.or_else_place, "or-else stands only in routes of effects",
                    "leave it out: whoever asks hears that the partner is unavailable");
  }
}

}  // namespace masar::route
