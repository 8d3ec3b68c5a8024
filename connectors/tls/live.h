#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/tls/context.h"
#include "connectors/tls/in_use.h"
#include "connectors/tls/settings.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/guarded.h"
#include "core/connector/connector.h"
#include "core/connector/live_secret.h"

namespace masar::tls {

/// What a transport makes of the certificates that Settings name, made anew when their secrets
/// change; connector::LiveSecret for several secrets that have to fit each other. Looked at by
/// current(), at most once a second: what begins then has the changed ones, nothing is cut. Ones
/// that cannot be used, such as a certificate without its key for a moment, are said once in the
/// log and change nothing.
///
/// Owned by who uses it; what the context refers to outlives it. Any thread.
template <typename T>
class Live {
 public:
  using Make = std::function<T(const Material&)>;

  /// `in_use` may be null. Throws what load() and `make` throw.
  Live(Settings settings, Owner owner, const connector::Context& context, InUse* in_use, Make make)
      : settings_(std::move(settings)),
        owner_(std::move(owner)),
        secrets_(context.secrets),
        clock_(context.steady),
        log_(context.log),
        in_use_(in_use),
        make_(std::move(make)) {
    state_.with([&](State& state) {
      state.looked = clock_.now();
      take(state, load(settings_, secrets_));
    });
  }

  /// What is to be used for what begins now.
  std::shared_ptr<const T> current() {
    return state_.with([&](State& state) {
      if (clock_.now() - state.looked >= connector::kSecretLookEvery) look(state);
      return state.value;
    });
  }

 private:
  struct State {
    std::shared_ptr<const T> value;
    Material material;      ///< that `value` was made of
    std::string complaint;  ///< the last thing that was said; "" nothing since `value` was made
    SteadyClock::TimePoint looked;
  };

  void take(State& state, Material material) {
    state.value = std::make_shared<const T>(make_(material));
    state.material = std::move(material);
    state.complaint.clear();
    if (in_use_) in_use_->put(owner_, state.material);
  }

  void look(State& state) {
    state.looked = clock_.now();
    try {
      Material material = load(settings_, secrets_);
      if (material == state.material) return;
      take(state, std::move(material));
      say("info", "its changed certificates are used from now on");
    } catch (const Error& error) {
      if (state.complaint == error.what()) return;
      state.complaint = error.what();
      say("error", "its changed certificates cannot be used, those before them go on: " +
                       state.complaint);
    }
  }

  void say(std::string_view level, const std::string& text) const {
    log_(level, owner_.kind + " " + owner_.id + ": " + text);
  }

  const Settings settings_;
  const Owner owner_;
  const connector::Secrets& secrets_;
  const SteadyClock& clock_;
  const Log log_;
  InUse* const in_use_;
  const Make make_;
  Guarded<State> state_;
};

}  // namespace masar::tls
