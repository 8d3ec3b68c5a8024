#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/base/hash.h"
#include "core/store/rows.h"

namespace masar::store {

/// Hashes of audit rows in the byte form of FORMAT.md, "The audit log's chain". One thread.
class AuditHasher {
 public:
  /// Over the salt and the personal content.
  std::string personal_digest(const std::string& salt, const std::string& personal);
  /// Over `previous` (empty: the first of its chain), the columns and personal_digest.
  std::string hash(const AuditRow& row);

 private:
  Sha256 sha256_;
  std::string bytes_;  // kept for its capacity
};

/// The hash over the heads of all partitions, by partition: what one line of the heads' file signs.
std::string heads_root(const std::vector<AuditHead>& heads);

/// Links audit rows into the chain of their partition as a store's writer gives them their order
/// (ENGINE.md 24), and takes the links back where the database did. Owned by the writer and used on
/// its thread only.
class AuditChain {
 public:
  static constexpr int kPartitions = 256;

  /// `heads`: as stored; what was linked before is forgotten.
  void load(const std::vector<AuditHead>& heads);
  /// Fills in the chain's members of a row whose id, instant and journal row are known; a salt that
  /// is there stays. Throws Error(internal, "bad-transaction") for a partition that does not exist.
  void link(AuditRow& row);

  /// How many rows were linked since the last committed().
  std::size_t mark() const noexcept { return before_.size(); }
  /// Forgets all that was linked since `mark`.
  void undo(std::size_t mark);
  /// The heads of the partitions that were linked to since the last committed().
  std::vector<AuditHead> changed() const;
  void committed() noexcept { before_.clear(); }

 private:
  AuditHasher hasher_;
  std::array<AuditHead, kPartitions> heads_{};
  std::vector<AuditHead> before_;  // what each link replaced
};

}  // namespace masar::store
