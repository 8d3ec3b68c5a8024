#include "core/store/files.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace masar::store {
namespace {

int sync_opened(const char* path, int flags) {
  const int file = ::open(path, flags | O_CLOEXEC);
  if (file < 0) return errno;
  const int error = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  return error;
}

}  // namespace

int sync_file(const std::string& path) { return sync_opened(path.c_str(), O_RDWR); }

int sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return sync_opened(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY);
}

}  // namespace masar::store
