#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/store/rows.h"

namespace masar::store {

/// The audit log of an SQLite store, read by another program than the hub, which may be running or
/// not: opened for reading only, without the store's lock. One thread. Throws Error(config,
/// "store-unusable") where there is no store, and Error(transient, "store").
class SqliteAudit {
 public:
  explicit SqliteAudit(const std::string& path);
  ~SqliteAudit();
  SqliteAudit(const SqliteAudit&) = delete;
  SqliteAudit& operator=(const SqliteAudit&) = delete;

  std::vector<AuditHead> heads();
  std::vector<AuditRow> rows(std::int64_t after, std::size_t limit);

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace masar::store
