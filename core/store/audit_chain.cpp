#include "core/store/audit_chain.h"

#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/error.h"

namespace masar::store {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kSaltBytes = 16;

void put_integer(std::string& bytes, std::int64_t value) {
  put_big_endian(bytes, static_cast<std::uint64_t>(value), 8);
}
void put_bytes(std::string& bytes, std::string_view value) {
  put_big_endian(bytes, value.size(), 4);
  bytes += value;
}

}  // namespace

std::string AuditHasher::personal_digest(const std::string& salt, const std::string& personal) {
  bytes_.clear();
  put_bytes(bytes_, salt);
  return sha256_.add(bytes_).add(personal).finish();
}

std::string AuditHasher::hash(const AuditRow& row) {
  bytes_ = row.previous;
  if (bytes_.empty()) bytes_.assign(kHashBytes, '\0');
  for (const std::int64_t value : {row.id, std::int64_t{row.partition},
                                   row.at.time_since_epoch().count(), row.version, row.journal}) {
    put_integer(bytes_, value);
  }
  for (const std::string* text :
       {&row.case_key, &row.kind, &row.name, &row.state, &row.reference, &row.text}) {
    put_bytes(bytes_, *text);
  }
  put_bytes(bytes_, row.personal_digest);
  return sha256_.add(bytes_).finish();
}

std::string heads_root(const std::vector<AuditHead>& heads) {
  std::string bytes;
  for (const AuditHead& head : heads) {
    put_integer(bytes, head.partition);
    put_integer(bytes, head.audit);
    bytes += head.hash;
  }
  return sha256(bytes);
}

void AuditChain::load(const std::vector<AuditHead>& heads) {
  heads_ = {};
  before_.clear();
  for (const AuditHead& head : heads) heads_.at(static_cast<std::size_t>(head.partition)) = head;
}

void AuditChain::link(AuditRow& row) {
  if (row.partition < 0 || row.partition >= kPartitions) {
    throw Error(ErrorKind::internal, "bad-transaction",
                "store: an audit row names a partition that does not exist");
  }
  if (row.personal.empty()) {
    row.salt.clear();
    row.personal_digest.clear();
  } else {
    if (row.salt.empty()) row.salt = random_bytes(kSaltBytes);
    row.personal_digest = hasher_.personal_digest(row.salt, row.personal);
  }
  AuditHead& head = heads_[static_cast<std::size_t>(row.partition)];
  row.previous = head.hash;
  row.hash = hasher_.hash(row);
  before_.push_back(std::exchange(head, AuditHead{row.partition, row.id, row.hash}));
  before_.back().partition = row.partition;  // a first link replaces nothing
}

void AuditChain::undo(std::size_t mark) {
  while (before_.size() > mark) {
    AuditHead& head = before_.back();
    heads_[static_cast<std::size_t>(head.partition)] = std::move(head);
    before_.pop_back();
  }
}

std::vector<AuditHead> AuditChain::changed() const {
  std::array<bool, kPartitions> seen{};
  std::vector<AuditHead> heads;
  for (const AuditHead& head : before_) {
    const auto partition = static_cast<std::size_t>(head.partition);
    if (!std::exchange(seen[partition], true)) heads.push_back(heads_[partition]);
  }
  return heads;
}

}  // namespace masar::store
