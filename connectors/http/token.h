#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/guarded.h"
#include "core/connector/connector.h"

namespace masar::http {

/// What a fetch came to: a token, or the outcome of whoever waited for it. Nothing of a call has
/// left by then, so that outcome is never unknown.
struct FetchedToken {
  std::string token;  ///< empty: there is none
  connector::Outcome failure;
  std::optional<std::chrono::seconds> lifetime;  ///< where the partner said it
};

/// One token that calls present to a partner and that ends by itself. It is fetched when somebody
/// needs it, once for all who wait meanwhile, and again once five sixths of its life are over or
/// the partner refused it. A fetch that failed fails all who waited; the next one asks again.
///
/// Owned by one outbound endpoint, which stops its client before it. get() and refused() from any
/// thread. Never logs the token.
class TokenKeeper {
 public:
  struct Settings {
    std::chrono::milliseconds lifetime{60'000};  ///< from its fetch; if nobody says it
    std::size_t waiting_max = 1024;              ///< beyond it: unavailable, "token-queue-full"
  };
  using Use = std::function<void(const FetchedToken&)>;
  /// Begins one fetch; tells its end exactly once, from any thread, also from inside.
  using Fetch = std::function<void(Use)>;

  TokenKeeper(Settings settings, const SteadyClock& steady, Fetch fetch);
  TokenKeeper(const TokenKeeper&) = delete;
  TokenKeeper& operator=(const TokenKeeper&) = delete;

  /// `use` is called once with a token or why there is none; from inside where one is at hand,
  /// otherwise from the thread on which the fetch ends.
  void get(Use use);
  /// The partner did not take this token: it is not presented again. One that was fetched
  /// meanwhile stays.
  void refused(const std::string& token);

 private:
  struct State {
    std::string token;
    SteadyClock::TimePoint until{};
    bool fetching = false;
    std::vector<Use> waiting;
  };

  void fetch();
  void fetched(SteadyClock::TimePoint begun, const FetchedToken& got);

  const Settings settings_;
  const SteadyClock& steady_;
  const Fetch fetch_;
  Guarded<State> state_;
};

}  // namespace masar::http
