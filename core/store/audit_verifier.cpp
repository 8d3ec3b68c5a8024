#include "core/store/audit_verifier.h"

#include <utility>

#include "core/base/hash.h"

namespace masar::store {
namespace {

std::string name_of(std::int64_t row) { return "audit row " + std::to_string(row); }

}  // namespace

AuditVerifier::AuditVerifier(std::vector<AuditHead> stored, std::vector<HeadsLine> kept)
    : kept_(std::move(kept)) {
  for (AuditHead& head : stored) stored_[head.audit] = std::move(head.hash);
  leave_out_what_was_lost();
}

// A restored log goes on behind its backup's last row: what lines before say of later rows was of
// rows that others have replaced.
void AuditVerifier::leave_out_what_was_lost() {
  std::vector<HeadsLine> standing;
  for (HeadsLine& line : kept_) {
    if (!line.restored.empty()) {
      const std::int64_t known = standing.empty() ? 0 : standing.back().rows;
      std::string text = "restored from the backup of " + line.restored + " at " + line.time;
      if (known > line.rows) {
        text += ": rows " + std::to_string(line.rows + 1) + " to " + std::to_string(known) +
                " that the heads knew are not in it";
      }
      restores_.push_back(std::move(text));
      while (!standing.empty() && standing.back().rows > line.rows) standing.pop_back();
    }
    if (line.rows > 0) standing.push_back(std::move(line));
  }
  kept_ = std::move(standing);
}

std::string AuditVerifier::check(const AuditRow& row) {
  if (row.id != last_ + 1) return name_of(last_ + 1) + " is missing";
  if (auto wrong = check_chain(row); !wrong.empty()) return wrong;
  last_ = row.id;
  if (const auto head = stored_.find(row.id); head != stored_.end()) {
    if (head->second != row.hash) return name_of(row.id) + " is not the one that its head names";
    stored_.erase(head);
  }
  return check_heads();
}

std::string AuditVerifier::check_chain(const AuditRow& row) {
  const std::string name = name_of(row.id);
  if (row.hash.empty()) {
    return newest_.empty() ? std::string() : name + " has no hash";  // older than the chain
  }
  AuditHead& newest = newest_[row.partition];
  if (row.previous != newest.hash) {
    return name + " does not follow " +
           (newest.audit == 0 ? "as the first" : name_of(newest.audit) + " as the next") +
           " of partition " + std::to_string(row.partition);
  }
  if (row.hash != hasher_.hash(row)) return name + " was changed";
  if (!(row.salt.empty() && row.personal.empty()) &&
      row.personal_digest != hasher_.personal_digest(row.salt, row.personal)) {
    return name + ": its personal content was changed";
  }
  newest = {row.partition, row.id, row.hash};
  return {};
}

std::string AuditVerifier::check_heads() {
  for (; next_kept_ < kept_.size() && kept_[next_kept_].rows == last_; ++next_kept_) {
    std::vector<AuditHead> heads;
    for (const auto& [partition, head] : newest_) heads.push_back(head);
    if (to_hex(heads_root(heads)) == kept_[next_kept_].root) continue;
    const std::int64_t good = next_kept_ == 0 ? 0 : kept_[next_kept_ - 1].rows;
    return "an audit row from " + std::to_string(good + 1) + " to " + std::to_string(last_) +
           " was written anew: line " + std::to_string(kept_[next_kept_].line) +
           " of the heads, of " + kept_[next_kept_].time + ", knows other rows";
  }
  return {};
}

std::string AuditVerifier::finish() const {
  const std::string missing = name_of(last_ + 1) + " is missing";
  if (next_kept_ < kept_.size()) {
    return missing + ": line " + std::to_string(kept_.back().line) + " of the heads, of " +
           kept_.back().time + ", knows " + std::to_string(kept_.back().rows) + " rows";
  }
  if (!stored_.empty()) return missing + ": the store's heads know of later ones";
  return {};
}

std::string verify_log(Store& store, AuditVerifier& verifier, std::size_t window) {
  for (;;) {
    const auto rows = store.audit_rows(verifier.rows(), window);
    for (const auto& row : rows) {
      if (auto wrong = verifier.check(row); !wrong.empty()) return wrong;
    }
    if (rows.size() < window) return verifier.finish();
  }
}

}  // namespace masar::store
