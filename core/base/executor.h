#pragma once

#include <chrono>
#include <functional>

namespace masar {

/// Runs work: on a few threads in production, on the caller's one thread in tests and simulations.
/// The engine knows no thread but what an executor gives it.
///
/// post() and post_after() may be called from any thread, take ownership of the work and return at
/// once. Work must not throw; what it throws ends the process. Work posted after stop() is dropped.
class Executor {
 public:
  using Work = std::function<void()>;
  virtual ~Executor() = default;
  virtual void post(Work work) = 0;
  /// After `delay` of the steady clock, not before.
  virtual void post_after(std::chrono::steady_clock::duration delay, Work work) = 0;
};

}  // namespace masar
