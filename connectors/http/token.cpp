#include "connectors/http/token.h"

#include <utility>

namespace masar::http {

using connector::OutcomeKind;

namespace {

/// The last sixth of a token's life is not relied upon.
constexpr int kSixth = 6;

}  // namespace

TokenKeeper::TokenKeeper(Settings settings, const SteadyClock& steady, Fetch fetch)
    : settings_(settings), steady_(steady), fetch_(std::move(fetch)) {}

void TokenKeeper::get(Use use) {
  enum class Next { present, wait, fetch, full };
  FetchedToken at_hand;
  const Next next = state_.with([&](State& state) {
    if (!state.token.empty() && steady_.now() < state.until) {
      at_hand.token = state.token;
      return Next::present;
    }
    if (state.waiting.size() >= settings_.waiting_max) return Next::full;
    state.waiting.push_back(use);
    return std::exchange(state.fetching, true) ? Next::wait : Next::fetch;
  });
  if (next == Next::full) {
    at_hand.failure = {OutcomeKind::unavailable, "token-queue-full",
                       "too many calls wait for a token", {}, {}};
  }
  if (next == Next::fetch) return fetch();
  if (next != Next::wait) use(at_hand);
}

void TokenKeeper::refused(const std::string& token) {
  state_.with([&](State& state) {
    if (state.token == token) state.token.clear();
  });
}

void TokenKeeper::fetch() {
  fetch_([this, begun = steady_.now()](const FetchedToken& got) { fetched(begun, got); });
}

void TokenKeeper::fetched(SteadyClock::TimePoint begun, const FetchedToken& got) {
  const auto waiting = state_.with([&](State& state) {
    state.token = got.token;
    const std::chrono::milliseconds lifetime = got.lifetime ? *got.lifetime : settings_.lifetime;
    state.until = begun + lifetime - lifetime / kSixth;
    state.fetching = false;
    return std::exchange(state.waiting, {});
  });
  for (const auto& use : waiting) use(got);
}

}  // namespace masar::http
