#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace masar::bench {

/// The ceiling of durable intake: SQLite's C interface and nothing else. It copies the rows that a
/// hub has written into a new database with the same tables and indexes, with the same settings
/// (WAL, synchronous=FULL, page cache, checkpoints), in groups of one size; a message has as many
/// rows of journal, keys and audit log as in what is copied.
///
/// One thread. Throws std::runtime_error.
class RawStore {
 public:
  /// `model`: a store with the rows of so many `messages`, not open elsewhere. `path`: one with the
  /// tables, empty.
  RawStore(const std::string& model, std::uint64_t messages, const std::string& path);
  ~RawStore();
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  /// One commit of so many messages.
  void write_group(std::size_t messages);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace masar::bench
