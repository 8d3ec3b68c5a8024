#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include <sqlite3.h>

namespace masar::store {

/// A disk that fails when told: the default VFS of SQLite for as long as it lives, which hands
/// everything on to the real one. Made before the store under test, gone after it.
class FaultyDisk {
 public:
  FaultyDisk() : real_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *real_;
    vfs_.zName = "faulty";
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.xOpen = &FaultyDisk::open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  std::atomic<bool> full{false};        ///< writes to the WAL and the database answer SQLITE_FULL
  std::atomic<bool> sync_fails{false};  ///< syncs answer SQLITE_IOERR_FSYNC
  std::atomic<int> syncs{0};            ///< of the WAL, since it was made: one a commit
  std::atomic<int> wal_writes{0};       ///< since it was made
  /// Bytes that writes may still take; of what has no room the beginning is written.
  std::atomic<sqlite3_int64> room{kEndless};
  static constexpr auto kEndless = std::numeric_limits<sqlite3_int64>::max();

 private:
  struct File {
    sqlite3_file base;
    FaultyDisk* disk;
    sqlite3_io_methods methods;
    bool wal;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
    File& own = of(file);
    own.base.pMethods = nullptr;
    const int code = disk.real_->xOpen(disk.real_, name, own.real(), flags, out);
    if (own.real()->pMethods == nullptr) {
      return code;
    }
    own.disk = &disk;
    own.wal = (flags & SQLITE_OPEN_WAL) != 0;
    own.methods = forwarding(own.real()->pMethods->iVersion);
    own.base.pMethods = &own.methods;
    return code;
  }

  static int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
    FaultyDisk& disk = *of(f).disk;
    const sqlite3_int64 room = disk.full ? 0 : disk.room.load();
    const auto fits = static_cast<int>(std::min<sqlite3_int64>(room, size));
    disk.room -= fits;
    disk.wal_writes += of(f).wal ? 1 : 0;
    const int code =
        fits == 0 ? SQLITE_OK : of(f).real()->pMethods->xWrite(of(f).real(), data, fits, offset);
    return code == SQLITE_OK && fits < size ? SQLITE_FULL : code;
  }
  static int sync(sqlite3_file* f, int flags) {
    FaultyDisk& disk = *of(f).disk;
    if (disk.sync_fails) {
      return SQLITE_IOERR_FSYNC;
    }
    disk.syncs += of(f).wal ? 1 : 0;
    return of(f).real()->pMethods->xSync(of(f).real(), flags);
  }

  // One function of the real file after the other; only write() and sync() above are not the real
  // ones.
  static sqlite3_io_methods forwarding(int version) {
    sqlite3_io_methods m{};
    m.iVersion = version;
    m.xClose = [](sqlite3_file* f) { return of(f).real()->pMethods->xClose(of(f).real()); };
    m.xRead = [](sqlite3_file* f, void* data, int size, sqlite3_int64 offset) {
      return of(f).real()->pMethods->xRead(of(f).real(), data, size, offset);
    };
    m.xWrite = &FaultyDisk::write;
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      return of(f).real()->pMethods->xTruncate(of(f).real(), size);
    };
    m.xSync = &FaultyDisk::sync;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return of(f).real()->pMethods->xFileSize(of(f).real(), size);
    };
    m.xLock = [](sqlite3_file* f, int lock) {
      return of(f).real()->pMethods->xLock(of(f).real(), lock);
    };
    m.xUnlock = [](sqlite3_file* f, int lock) {
      return of(f).real()->pMethods->xUnlock(of(f).real(), lock);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* result) {
      return of(f).real()->pMethods->xCheckReservedLock(of(f).real(), result);
    };
    m.xFileControl = [](sqlite3_file* f, int operation, void* argument) {
      return of(f).real()->pMethods->xFileControl(of(f).real(), operation, argument);
    };
    m.xSectorSize = [](sqlite3_file* f) {
      return of(f).real()->pMethods->xSectorSize(of(f).real());
    };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      return of(f).real()->pMethods->xDeviceCharacteristics(of(f).real());
    };
    m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** memory) {
      return of(f).real()->pMethods->xShmMap(of(f).real(), page, size, extend, memory);
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
      return of(f).real()->pMethods->xShmLock(of(f).real(), offset, count, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) { of(f).real()->pMethods->xShmBarrier(of(f).real()); };
    m.xShmUnmap = [](sqlite3_file* f, int remove) {
      return of(f).real()->pMethods->xShmUnmap(of(f).real(), remove);
    };
    m.xFetch = [](sqlite3_file* f, sqlite3_int64 offset, int size, void** memory) {
      return of(f).real()->pMethods->xFetch(of(f).real(), offset, size, memory);
    };
    m.xUnfetch = [](sqlite3_file* f, sqlite3_int64 offset, void* memory) {
      return of(f).real()->pMethods->xUnfetch(of(f).real(), offset, memory);
    };
    return m;
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
};

}  // namespace masar::store
