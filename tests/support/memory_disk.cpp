#include "tests/support/memory_disk.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "tests/support/split_mix.h"

namespace masar::testing {
namespace {

constexpr std::size_t kSector = 512;  ///< what a disk writes whole or not at all

}  // namespace

struct MemoryDisk::Handle {
  sqlite3_file base;
  MemoryDisk* disk;
  std::shared_ptr<File> file;
  int level;
  bool maps;
  unsigned reads;   ///< slots of the shared memory that this connection holds shared
  unsigned writes;  ///< and alone
};

MemoryDisk::MemoryDisk() : real_(sqlite3_vfs_find(nullptr)) {
  vfs_ = *real_;
  vfs_.zName = "memory-disk";
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(Handle));
  vfs_.xOpen = [](sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto& disk = *static_cast<MemoryDisk*>(vfs->pAppData);
    const bool named = name != nullptr;
    const bool known = named && disk.files_.contains(name);
    file->pMethods = nullptr;
    if (!known && named && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    auto content = known ? disk.files_.at(name) : std::make_shared<File>();
    if (named && !known) disk.files_[name] = content;
    auto* handle = new (file) Handle{};
    handle->disk = &disk;
    handle->file = std::move(content);
    handle->base.pMethods = methods();
    if (out != nullptr) *out = flags;
    return SQLITE_OK;
  };
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* name, int) {
    return static_cast<MemoryDisk*>(vfs->pAppData)->files_.erase(name) > 0
               ? SQLITE_OK
               : SQLITE_IOERR_DELETE_NOENT;
  };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* name, int, int* result) {
    const auto& files = static_cast<MemoryDisk*>(vfs->pAppData)->files_;
    const auto found = files.find(name);
    *result = found != files.end() ? 1 : 0;
    return SQLITE_OK;
  };
  vfs_.xFullPathname = [](sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
  };
  vfs_.xSleep = [](sqlite3_vfs*, int) { return 0; };  // nobody else could come meanwhile
  sqlite3_vfs_register(&vfs_, 1);
}

MemoryDisk::~MemoryDisk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

void MemoryDisk::clear() {
  files_.clear();
  armed_ = crashed_ = false;
  operations_ = syncs_ = 0;
}

void MemoryDisk::apply(const Change& change, std::string& to) {
  if (change.truncate) return to.resize(change.offset);
  const std::size_t end = change.offset + change.bytes.size();
  if (to.size() < end) to.resize(end);
  std::memcpy(to.data() + change.offset, change.bytes.data(), change.bytes.size());
}

std::string MemoryDisk::surviving(const File& file, Keeps keeps, std::uint64_t& state) {
  if (keeps == Keeps::all) return file.live;
  std::string left = file.durable;
  if (keeps == Keeps::nothing) return left;
  for (const Change& change : file.unsynced) {
    if (change.truncate) {
      if (split_mix(state) % 2 == 0) apply(change, left);
      continue;
    }
    for (std::size_t at = 0; at < change.bytes.size();) {
      const std::size_t to_boundary = kSector - (change.offset + at) % kSector;
      const std::size_t size = std::min(to_boundary, change.bytes.size() - at);
      if (split_mix(state) % 2 == 0) {
        apply({change.offset + at, change.bytes.substr(at, size), false}, left);
      }
      at += size;
    }
  }
  return left;
}

void MemoryDisk::take_image(Keeps keeps, std::uint64_t seed) {
  image_.clear();
  for (const auto& [name, file] : files_) image_[name] = surviving(*file, keeps, seed);
  armed_ = false;
  crashed_ = true;
}

void MemoryDisk::crash(Keeps keeps, std::uint64_t seed) {
  if (!crashed_) take_image(keeps, seed);
}

void MemoryDisk::crash_after(std::uint64_t after, Keeps keeps, std::uint64_t seed) {
  armed_ = true;
  crash_at_ = operations_ + after;
  keeps_ = keeps;
  seed_ = seed;
}

void MemoryDisk::restart() {
  files_.clear();
  for (auto& [name, content] : image_) {
    auto& file = files_[name] = std::make_shared<File>();
    file->live = content;
    file->durable = std::move(content);
  }
  image_.clear();
  crashed_ = armed_ = false;
}

void MemoryDisk::operation() {
  ++operations_;
  if (!armed_ || crashed_ || operations_ < crash_at_) return;
  take_image(keeps_, seed_);
  if (told_) told_();
}

const sqlite3_io_methods* MemoryDisk::methods() {
  static const sqlite3_io_methods table = [] {
    sqlite3_io_methods m{};
    static const auto of = [](sqlite3_file* f) -> Handle& { return *reinterpret_cast<Handle*>(f); };
    m.iVersion = 2;
    m.xClose = [](sqlite3_file* f) {
      of(f).~Handle();
      return SQLITE_OK;
    };
    m.xRead = [](sqlite3_file* f, void* data, int size, sqlite3_int64 offset) {
      const std::string& live = of(f).file->live;
      const auto from = static_cast<std::size_t>(offset);
      const std::size_t wanted = static_cast<std::size_t>(size);
      const std::size_t there = from < live.size() ? std::min(wanted, live.size() - from) : 0;
      std::memcpy(data, live.data() + (there > 0 ? from : 0), there);
      if (there == wanted) return SQLITE_OK;
      std::memset(static_cast<char*>(data) + there, 0, wanted - there);
      return SQLITE_IOERR_SHORT_READ;
    };
    m.xWrite = [](sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
      of(f).disk->operation();
      Change change{static_cast<std::size_t>(offset),
                    std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)),
                    false};
      apply(change, of(f).file->live);
      of(f).file->unsynced.push_back(std::move(change));
      return SQLITE_OK;
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      of(f).disk->operation();
      of(f).file->unsynced.push_back({static_cast<std::size_t>(size), {}, true});
      apply(of(f).file->unsynced.back(), of(f).file->live);
      return SQLITE_OK;
    };
    m.xSync = [](sqlite3_file* f, int) {
      of(f).disk->operation();
      ++of(f).disk->syncs_;
      File& file = *of(f).file;
      for (const Change& change : file.unsynced) apply(change, file.durable);
      file.unsynced.clear();
      return SQLITE_OK;
    };
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      *size = static_cast<sqlite3_int64>(of(f).file->live.size());
      return SQLITE_OK;
    };
    // Levels of a database file: none, shared, reserved, pending, exclusive.
    m.xLock = [](sqlite3_file* f, int level) {
      Handle& own = of(f);
      if (level <= own.level) return SQLITE_OK;
      const auto* locks = own.file->locks;
      const auto others = [&](int at) { return locks[at] - (own.level == at ? 1 : 0); };
      const bool held = others(SQLITE_LOCK_EXCLUSIVE) > 0 || others(SQLITE_LOCK_PENDING) > 0;
      const bool reserved = others(SQLITE_LOCK_RESERVED) > 0;
      const bool shared = others(SQLITE_LOCK_SHARED) > 0;
      if (held || (level >= SQLITE_LOCK_RESERVED && reserved)) return SQLITE_BUSY;
      if (level == SQLITE_LOCK_EXCLUSIVE && shared) return SQLITE_BUSY;
      --own.file->locks[own.level];
      ++own.file->locks[level];
      own.level = level;
      return SQLITE_OK;
    };
    m.xUnlock = [](sqlite3_file* f, int level) {
      Handle& own = of(f);
      if (level >= own.level) return SQLITE_OK;
      --own.file->locks[own.level];
      ++own.file->locks[level];
      own.level = level;
      return SQLITE_OK;
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* result) {
      *result = of(f).file->locks[SQLITE_LOCK_RESERVED] > 0 ? 1 : 0;
      return SQLITE_OK;
    };
    m.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
    m.xSectorSize = [](sqlite3_file*) { return static_cast<int>(kSector); };
    m.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
    m.xShmMap = [](sqlite3_file* f, int region, int size, int extend, void volatile** memory) {
      File& file = *of(f).file;
      if (!file.shared) file.shared = std::make_unique<Shared>();
      if (!of(f).maps) ++file.connections;
      of(f).maps = true;
      const auto at = static_cast<std::size_t>(region);
      auto& regions = file.shared->regions;
      *memory = nullptr;
      if (at >= regions.size() && extend == 0) return SQLITE_OK;
      while (at >= regions.size()) {
        regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
      }
      *memory = regions[at].get();
      return SQLITE_OK;
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
      Handle& own = of(f);
      Shared& shared = *own.file->shared;
      const bool alone = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
      const unsigned mask = ((1u << count) - 1u) << offset;
      if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        for (int at = offset; at < offset + count; ++at) {
          if ((own.writes & (1u << at)) != 0) shared.writers[at] = false;
          if ((own.reads & (1u << at)) != 0) --shared.readers[at];
        }
        own.reads &= ~mask;
        own.writes &= ~mask;
        return SQLITE_OK;
      }
      for (int at = offset; at < offset + count; ++at) {
        const unsigned bit = 1u << at;
        const bool written = shared.writers[at] && (own.writes & bit) == 0;
        const bool read = shared.readers[at] > ((own.reads & bit) != 0 ? 1 : 0);
        if (written || (alone && read)) return SQLITE_BUSY;
      }
      for (int at = offset; at < offset + count; ++at) {
        const unsigned bit = 1u << at;
        if (alone) {
          shared.writers[at] = true;
        } else if ((own.reads & bit) == 0) {
          ++shared.readers[at];
        }
      }
      (alone ? own.writes : own.reads) |= mask;
      return SQLITE_OK;
    };
    m.xShmBarrier = [](sqlite3_file*) {};
    m.xShmUnmap = [](sqlite3_file* f, int) {
      if (!of(f).maps) return SQLITE_OK;
      of(f).maps = false;
      if (--of(f).file->connections == 0) of(f).file->shared.reset();
      return SQLITE_OK;
    };
    return m;
  }();
  return &table;
}

}  // namespace masar::testing
