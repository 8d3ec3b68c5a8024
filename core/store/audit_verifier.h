#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/store/audit_chain.h"
#include "core/store/heads_file.h"
#include "core/store/store.h"

namespace masar::store {

/// Checks an audit log row by row, in the order of ids, against its own chain, the heads that the
/// store keeps and those that were kept outside (GUARANTEES.md, G7). For one log, on one thread;
/// keeps one head a partition, never the rows.
class AuditVerifier {
 public:
  /// `stored`: read before the rows, for a hub that goes on writing. `kept`: lines of a heads'
  /// file.
  AuditVerifier(std::vector<AuditHead> stored, std::vector<HeadsLine> kept);

  /// The next row. What is wrong, naming the row; empty: it is in order.
  std::string check(const AuditRow& row);
  /// After the last row: what should have followed.
  std::string finish() const;
  std::int64_t rows() const noexcept { return last_; }
  /// What signed lines of `kept` say of restores from a backup, in their order, for people: which
  /// rows they knew are not in this log. Those rows are not asked for.
  const std::vector<std::string>& restores() const noexcept { return restores_; }

 private:
  std::string check_chain(const AuditRow& row);
  std::string check_heads();
  void leave_out_what_was_lost();

  std::map<std::int64_t, std::string> stored_;  ///< by row; those that were not seen yet
  std::vector<HeadsLine> kept_;  ///< without those of rows that a restore lost
  std::vector<std::string> restores_;
  std::size_t next_kept_ = 0;
  AuditHasher hasher_;
  std::map<int, AuditHead> newest_;
  std::int64_t last_ = 0;
};

/// Checks the whole log of a store, which may be written meanwhile, in windows of so many rows.
/// What is wrong, naming the row; empty: it is in order.
std::string verify_log(Store& store, AuditVerifier& verifier, std::size_t window = 1000);

}  // namespace masar::store
