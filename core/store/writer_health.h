#pragma once

#include <atomic>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"

namespace masar::store {

/// Whether a store's writer can write, and why not; says so in the log when it changes. Owned by
/// the writer. well() from any thread, the others on the writer's.
class WriterHealth {
 public:
  explicit WriterHealth(Log log) : log_(std::move(log)) {}

  void good();
  void bad(const Error& error);
  bool well() const noexcept { return well_; }
  const std::string& last_error() const noexcept { return last_error_; }
  /// Ends the process at once, without destructors: what stands in memory must not be acknowledged.
  [[noreturn]] void end_process(int code, const std::string& why) const;

 private:
  const Log log_;
  std::atomic<bool> well_{true};
  std::string last_error_;
};

}  // namespace masar::store
