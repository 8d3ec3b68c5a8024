#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/guarded.h"
#include "core/base/hash.h"
#include "core/connector/connector.h"

namespace masar::connector {

/// How often a secret that is in use is looked at again. A change counts within this time, and at
/// once where whoever uses it calls refreshed().
inline constexpr std::chrono::seconds kSecretLookEvery{1};

/// What is made of a secret that may be changed while the hub runs: a key, passwords. A text that
/// cannot be used, or a secret that is gone, is said once in the log and changes nothing: what was
/// there before goes on.
///
/// Owned by who uses it; what was handed to it outlives it. Any thread.
template <typename T>
class LiveSecret {
 public:
  using Make = std::function<T(const std::string& text)>;

  /// Throws what Secrets::get() throws, and Error(config, code) of `make` with the secret's name
  /// before its text.
  LiveSecret(const Secrets& secrets, std::string name, const SteadyClock& clock, Log log, Make make)
      : secrets_(secrets),
        name_(std::move(name)),
        clock_(clock),
        log_(std::move(log)),
        make_(std::move(make)) {
    state_.with([&](State& state) {
      const std::string text = secrets_.get(name_);
      state.value = std::make_shared<const T>(made_of(text));
      state.digest = sha256(text);
      state.looked = clock_.now();
    });
  }

  /// What is to be used now.
  std::shared_ptr<const T> current() {
    return state_.with([&](State& state) {
      if (clock_.now() - state.looked >= kSecretLookEvery) look(state);
      return state.value;
    });
  }

  /// Looks at once. Null where it is still `known`, which did not do.
  std::shared_ptr<const T> refreshed(const std::shared_ptr<const T>& known) {
    return state_.with([&](State& state) {
      if (state.value == known) look(state);
      return state.value == known ? nullptr : state.value;
    });
  }

 private:
  struct State {
    std::shared_ptr<const T> value;
    std::string digest;   ///< of the text that `value` was made of
    std::string refused;  ///< of the text that was complained about; "" none
    SteadyClock::TimePoint looked;
  };

  T made_of(const std::string& text) const {
    try {
      return make_(text);
    } catch (const Error& error) {
      throw Error(ErrorKind::config, error.code(), name_ + ": " + error.what());
    }
  }

  void look(State& state) {
    state.looked = clock_.now();
    std::string digest = "gone";
    try {
      const std::string text = secrets_.get(name_);
      digest = sha256(text);
      if (digest == state.digest) {
        state.refused.clear();
        return;
      }
      if (digest == state.refused) return;
      state.value = std::make_shared<const T>(made_of(text));
      state.digest = digest;
      state.refused.clear();
      log_("info", name_ + " has changed and is used from now on");
    } catch (const Error& error) {
      if (state.refused == digest) return;
      state.refused = digest;
      log_("error", "the changed secret cannot be used, the one before it goes on: " +
                        std::string(error.what()));
    }
  }

  const Secrets& secrets_;
  const std::string name_;
  const SteadyClock& clock_;
  const Log log_;
  const Make make_;
  Guarded<State> state_;
};

}  // namespace masar::connector
