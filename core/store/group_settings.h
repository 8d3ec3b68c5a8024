#pragma once

#include <chrono>
#include <cstddef>

#include "core/base/log.h"

namespace masar::store {

/// How the writer of a store takes what waits: what the settings of every kind of store begin with.
struct GroupSettings {
  std::size_t group_max = 256;     ///< transactions in one commit at most
  std::size_t queue_max = 65'536;  ///< transactions waiting; more: submit() answers failed
  bool writer_thread = true;       ///< false: run_writer() commits
  std::size_t recent_bytes_max = 8 << 20;  ///< of effects kept in memory after they were written
  std::chrono::milliseconds probe_interval{250};  ///< between two tries while writes fail
  /// Nothing to write for so long: the writer does what its kind of database needs then.
  std::chrono::milliseconds idle_after{1000};
  Log log = {};  ///< is told when it cannot write, and why it ends the process
};

}  // namespace masar::store
