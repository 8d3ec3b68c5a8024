#include "core/store/store_lock.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"

namespace masar::store {
namespace {

constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;

int open_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivate);
  if (file < 0 || ::fchmod(file, kPrivate) != 0) {
    const std::string cause = std::generic_category().message(errno);
    if (file >= 0) {
      ::close(file);
    }
    throw Error(ErrorKind::config, "store-unusable", "cannot open " + path + ": " + cause);
  }
  return file;
}

std::string owner(int file) {
  char text[32] = {};
  const ssize_t size = ::pread(file, text, sizeof text - 1, 0);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "unknown\n";
}

}  // namespace

StoreLock::StoreLock(const std::string& path) : file_(open_private(path)) {
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const bool taken = errno == EWOULDBLOCK;
    const std::string cause = std::generic_category().message(errno);
    std::string holder = owner(file_);
    ::close(file_);
    if (!taken) {
      throw Error(ErrorKind::config, "store-unusable", "cannot lock " + path + ": " + cause);
    }
    holder.pop_back();
    throw Error(ErrorKind::config, "store-in-use",
                "another hub uses this store: " + path + " is held by process " + holder);
  }
  // Only for the text above: the lock is the lock, also where a full disk keeps this from being
  // written.
  const std::string text = std::to_string(::getpid()) + '\n';
  [[maybe_unused]] const bool written =
      ::ftruncate(file_, 0) == 0 && ::pwrite(file_, text.data(), text.size(), 0) > 0;
}

// The file stays: removing it would let a third hub lock a new file of the same name.
StoreLock::~StoreLock() { ::close(file_); }

void make_private_file(const std::string& path) { ::close(open_private(path)); }

}  // namespace masar::store
