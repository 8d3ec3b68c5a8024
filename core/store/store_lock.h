#pragma once

#include <string>

namespace masar::store {

/// The lock file beside a store, held while the store is open: one hub owns it. It holds the
/// owner's process id, for people. Throws Error(config, "store-in-use") where another hub holds
/// it, and Error(config, "store-unusable") where the file cannot be made.
class StoreLock {
 public:
  explicit StoreLock(const std::string& path);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  int file_;
};

/// Makes the database file with mode 0600 where it is missing, and takes others' rights away where
/// it is there. SQLite gives its -wal and -shm the mode of the database. To be called under the
/// lock and before SQLite opens the file: closing a file drops the locks that this process has on
/// it. Throws Error(config, "store-unusable").
void make_private_file(const std::string& path);

}  // namespace masar::store
