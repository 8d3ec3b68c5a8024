#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "tests/bench/intake_hub.h"

namespace masar::bench {

/// The ceiling of durable intake on PostgreSQL: libpq and nothing else. It copies the rows that a
/// hub has written into another schema with the same tables and indexes: one prepared INSERT a
/// table, its rows as arrays through `unnest`, in groups of one size, each group one round trip
/// (BEGIN, three INSERTs and COMMIT in a pipeline) with synchronous_commit on. One message is one
/// row of the journal, one key and one row of the audit log.
///
/// One thread. Throws std::runtime_error.
class RawPostgres final : public RawWriter {
 public:
  /// Both are conninfos. `model`: a store with rows to copy. `copy`: one with the tables, empty.
  RawPostgres(const std::string& model, const std::string& copy);
  ~RawPostgres() override;
  RawPostgres(const RawPostgres&) = delete;
  RawPostgres& operator=(const RawPostgres&) = delete;

  void write_group(std::size_t messages) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace masar::bench
