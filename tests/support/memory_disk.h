#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace masar::testing {

/// A disk in memory that loses what was not synced: the default VFS of SQLite for as long as it
/// lives. What a crash leaves is decided at that instant (the image); the process that crashed
/// goes on writing into a ghost which nobody reads again, until restart() puts the image in place.
///
/// Made before the first store, gone after the last one. One at a time; for one thread.
class MemoryDisk {
 public:
  /// What is left of the writes since the last sync of each file.
  enum class Keeps { nothing, all, some };

  MemoryDisk();
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  void clear();  ///< an empty disk; nothing of it may be open
  /// The power goes now. `seed` decides which sectors `some` keeps.
  void crash(Keeps keeps, std::uint64_t seed);
  /// The power goes directly before the `after`-th write, truncation or sync from now on.
  void crash_after(std::uint64_t after, Keeps keeps, std::uint64_t seed);
  void never_crash() { armed_ = false; }
  /// Called when a crash comes by itself.
  void on_crash(std::function<void()> told) { told_ = std::move(told); }
  bool crashed() const { return crashed_; }
  void restart();  ///< the image is what the files hold; nothing of it may be open
  std::uint64_t operations() const { return operations_; }
  std::uint64_t syncs() const { return syncs_; }

 private:
  struct Change {
    std::size_t offset = 0;
    std::string bytes;
    bool truncate = false;  ///< to `offset`
  };
  /// The shared memory of one database: its regions and who locks which of its eight slots.
  struct Shared {
    std::vector<std::unique_ptr<char[]>> regions;
    int readers[SQLITE_SHM_NLOCK] = {};
    bool writers[SQLITE_SHM_NLOCK] = {};
  };
  struct File {
    std::string live;     ///< as the process sees it
    std::string durable;  ///< what is surely on the disk
    std::vector<Change> unsynced;
    std::unique_ptr<Shared> shared;
    int connections = 0;  ///< that use the shared memory
    int locks[5] = {};    ///< holders of each lock level
  };
  struct Handle;
  static const sqlite3_io_methods* methods();
  static void apply(const Change& change, std::string& to);
  static std::string surviving(const File& file, Keeps keeps, std::uint64_t& state);
  void operation();
  void take_image(Keeps keeps, std::uint64_t seed);

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  std::map<std::string, std::shared_ptr<File>> files_;
  std::map<std::string, std::string> image_;  ///< of a crash: what the ghost does not reach
  std::function<void()> told_;
  std::uint64_t operations_ = 0;
  std::uint64_t syncs_ = 0;
  bool armed_ = false;
  bool crashed_ = false;
  std::uint64_t crash_at_ = 0;
  Keeps keeps_ = Keeps::nothing;
  std::uint64_t seed_ = 0;
};

}  // namespace masar::testing
