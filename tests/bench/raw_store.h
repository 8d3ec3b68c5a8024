#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "tests/bench/intake_hub.h"

namespace masar::bench {

/// The ceiling of durable intake: SQLite's C interface and nothing else. It copies the rows that a
/// hub has written into a new database with the same tables and indexes, with the same settings
/// (WAL, synchronous=FULL, page cache, checkpoints), in groups of one size; one message is one row
/// of the journal, one key and one row of the audit log.
///
/// One thread. Throws std::runtime_error.
class RawStore final : public RawWriter {
 public:
  /// `model`: a store with rows to copy, not open elsewhere. `path`: one with the tables, empty.
  RawStore(const std::string& model, const std::string& path);
  ~RawStore() override;
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  void write_group(std::size_t messages) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace masar::bench
