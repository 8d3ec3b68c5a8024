#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/bench/intake_hub.h"

namespace masar::bench {

/// The hub's own store in a file, new where there is none.
std::unique_ptr<store::Store> open_sqlite(const std::string& path, const BusinessClock& clock);

/// The ceiling of durable intake: SQLite's C interface and nothing else. It copies the rows that a
/// hub has written into a new database with the same tables and indexes, with the same settings
/// (WAL, synchronous=FULL, page cache, checkpoints), in groups of one size; one message is one row
/// of the journal, one key and one row of the audit log.
///
/// One thread. Throws std::runtime_error.
class RawStore final : public RawWriter {
 public:
  /// `model`: a store with the rows of so many `messages`, not open elsewhere. `path`: one with the
  /// tables, empty.
  RawStore(const std::string& model, std::uint64_t messages, const std::string& path);
  ~RawStore() override;
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  void write_group(std::size_t messages) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace masar::bench
