#pragma once

#include <atomic>
#include <string>

#include "core/base/error.h"

namespace masar::store {

/// Whether a store's writer can write, and why not; says so on stderr when it changes. Owned by the
/// writer. good() and bad() on its thread, well() from any.
class WriterHealth {
 public:
  void good();
  void bad(const Error& error);
  bool well() const noexcept { return well_; }
  const std::string& last_error() const noexcept { return last_error_; }  ///< writer's thread

 private:
  std::atomic<bool> well_{true};
  std::string last_error_;
};

/// Ends the process at once, without destructors: what stands in memory must not be acknowledged.
[[noreturn]] void end_process(int code, const std::string& why);

}  // namespace masar::store
