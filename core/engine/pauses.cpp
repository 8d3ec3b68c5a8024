#include "core/engine/pauses.h"

#include <algorithm>

#include "core/base/error.h"

namespace masar::engine {

bool Pauses::holds(const route::Route& route) const {
  if (this->route(route.id)) return true;
  return route.mode == route::Mode::pass_through &&
         std::all_of(route.calls.begin(), route.calls.end(),
                     [this](const route::Call& call) { return endpoint(call.endpoint); });
}

Pauses::Share Pauses::held_of(const std::string& endpoint) const {
  std::size_t all = 0;
  std::size_t held = 0;
  const auto first = snapshot_.by_message.lower_bound({endpoint, std::string()});
  for (auto at = first; at != snapshot_.by_message.end() && at->first.first == endpoint; ++at) {
    ++all;
    held += holds(*at->second) ? 1 : 0;
  }
  return held == 0 ? Share::none : held == all ? Share::all : Share::some;
}

bool Pauses::closed(const std::string& endpoint) const {
  return this->endpoint(endpoint) || held_of(endpoint) == Share::all;
}

bool Pauses::holds(const connector::Received& received) const {
  if (endpoint(received.endpoint)) return true;
  const Share share = held_of(received.endpoint);
  if (share != Share::some) return share == Share::all;
  try {
    const Document document = snapshot_.reader->read(received.body);
    const auto* route = snapshot_.inbound(received.endpoint, document->document_element().name());
    return route && holds(*route);
  } catch (const Error&) {
    return false;  // refused, as at any other time
  }
}

}  // namespace masar::engine
