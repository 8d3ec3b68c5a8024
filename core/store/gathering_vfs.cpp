#include "core/store/gathering_vfs.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include <sqlite3.h>

#include "core/base/error.h"

namespace masar::store {
namespace {

// What SQLite itself writes at most at once, a page of the largest size. A VFS need not take more:
// that of Unix looks at the low 17 bits of a length only.
constexpr int kGatheredMax = 65'536;

// Of the wal-index (SQLite's walformat.html).
constexpr int kWriteLock = 0;

/// What waits to be written to one WAL.
class Gathered {
 public:
  /// `wal` is the file beneath.
  int write(sqlite3_file& wal, const void* data, int size, sqlite3_int64 offset) {
    if (size_ > 0 && (offset != from_ + size_ || size > kGatheredMax - size_)) {
      flush(wal);
    }
    if (failure_ != SQLITE_OK) {
      return failure_;
    }
    if (size_ == 0) {
      from_ = offset;
    }
    if (size > kGatheredMax) {
      return wal.pMethods->xWrite(&wal, data, size, offset);
    }
    std::memcpy(bytes_.data() + size_, data, static_cast<std::size_t>(size));
    size_ += size;
    return SQLITE_OK;
  }

  int flush(sqlite3_file& wal) {
    if (size_ > 0) {
      failure_ = wal.pMethods->xWrite(&wal, bytes_.data(), size_, from_);
      size_ = 0;
    }
    return failure_;
  }

  /// What stands before all that waits, or is lost, is as the file has it.
  int flush_before_read(sqlite3_file& wal, sqlite3_int64 end) {
    const bool concerned = size_ > 0 || failure_ != SQLITE_OK;
    return concerned && end > from_ ? flush(wal) : SQLITE_OK;
  }

  void transaction_over() {
    size_ = 0;
    failure_ = SQLITE_OK;
  }

 private:
  sqlite3_int64 from_ = 0;
  int size_ = 0;
  int failure_ = SQLITE_OK;  ///< then what stood at from_ and behind it is lost
  std::array<char, kGatheredMax> bytes_;
};

/// A database or a WAL; the file beneath stands behind it in the memory that SQLite gives.
struct File {
  sqlite3_file base;
  sqlite3_io_methods methods;
  Gathered* gathered;
  std::unique_ptr<Gathered> owned;  ///< of a database: its WAL is closed before it
  sqlite3_file& real() { return *reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_vfs& real_of(sqlite3_vfs* vfs) { return *static_cast<sqlite3_vfs*>(vfs->pAppData); }

template <auto kMethod, typename... Arguments>
auto forward(sqlite3_file* file, Arguments... arguments) {
  sqlite3_file& real = of(file).real();
  return (real.pMethods->*kMethod)(&real, arguments...);
}

template <auto kMethod, typename... Arguments>
auto forward(sqlite3_vfs* vfs, Arguments... arguments) {
  sqlite3_vfs& real = real_of(vfs);
  return (real.*kMethod)(&real, arguments...);
}

template <auto kMethod, typename... Arguments>
int flush_and_forward(sqlite3_file* file, Arguments... arguments) {
  const int code = of(file).gathered->flush(of(file).real());
  return code != SQLITE_OK ? code : forward<kMethod>(file, arguments...);
}

/// Those that the table has are handed on from now on.
template <auto... kMethods, typename Table>
void hand_on(Table& table) {
  const auto one = [](auto& method, auto forwarding) {
    if (method != nullptr) {
      method = forwarding;
    }
  };
  (one(table.*kMethods,
       static_cast<std::remove_reference_t<decltype(table.*kMethods)>>(&forward<kMethods>)),
   ...);
}

sqlite3_io_methods handing_on(const sqlite3_io_methods& real) {
  using Methods = sqlite3_io_methods;
  Methods methods = real;
  hand_on<&Methods::xRead, &Methods::xWrite, &Methods::xTruncate, &Methods::xSync,
          &Methods::xFileSize, &Methods::xLock, &Methods::xUnlock, &Methods::xCheckReservedLock,
          &Methods::xFileControl, &Methods::xSectorSize, &Methods::xDeviceCharacteristics,
          &Methods::xShmMap, &Methods::xShmLock, &Methods::xShmBarrier, &Methods::xShmUnmap,
          &Methods::xFetch, &Methods::xUnfetch>(methods);
  methods.xClose = [](sqlite3_file* file) {
    const int code = forward<&Methods::xClose>(file);
    of(file).~File();
    return code;
  };
  return methods;
}

/// The database's file tells when its writer's transaction is over.
void watch(File& database) {
  database.owned.reset(new (std::nothrow) Gathered);
  database.gathered = database.owned.get();
  if (database.gathered == nullptr) {
    return;  // then its WAL is written as it comes
  }
  database.methods.xShmLock = [](sqlite3_file* file, int offset, int count, int flags) {
    constexpr int kGivenUp = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;
    if (flags == kGivenUp && offset <= kWriteLock && kWriteLock < offset + count) {
      of(file).gathered->transaction_over();
    }
    return forward<&sqlite3_io_methods::xShmLock>(file, offset, count, flags);
  };
}

void gather(File& wal, File& database) {
  const int known = forward<&sqlite3_io_methods::xDeviceCharacteristics>(&database.base);
  wal.gathered = database.gathered;
  if (wal.gathered == nullptr || (known & SQLITE_IOCAP_POWERSAFE_OVERWRITE) == 0) {
    return;
  }
  using Methods = sqlite3_io_methods;
  Methods& methods = wal.methods;
  methods.xRead = [](sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
    const int code = of(file).gathered->flush_before_read(of(file).real(), offset + size);
    return code != SQLITE_OK ? code : forward<&Methods::xRead>(file, data, size, offset);
  };
  methods.xWrite = [](sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    return of(file).gathered->write(of(file).real(), data, size, offset);
  };
  methods.xTruncate = &flush_and_forward<&Methods::xTruncate>;
  methods.xSync = &flush_and_forward<&Methods::xSync>;
  methods.xFileSize = &flush_and_forward<&Methods::xFileSize>;
  methods.xLock = &flush_and_forward<&Methods::xLock>;
  methods.xUnlock = &flush_and_forward<&Methods::xUnlock>;
  methods.xCheckReservedLock = &flush_and_forward<&Methods::xCheckReservedLock>;
  methods.xFileControl = &flush_and_forward<&Methods::xFileControl>;
  methods.xClose = [](sqlite3_file* file) {
    const int flushed = of(file).gathered->flush(of(file).real());
    of(file).gathered->transaction_over();
    const int code = forward<&Methods::xClose>(file);
    of(file).~File();
    return flushed != SQLITE_OK ? flushed : code;
  };
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* memory, int flags, int* out) {
  sqlite3_vfs& real = real_of(vfs);
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) {
    return real.xOpen(&real, name, memory, flags, out);
  }
  File& file = *new (memory) File{};
  const int code = real.xOpen(&real, name, &file.real(), flags, out);
  if (file.real().pMethods == nullptr) {
    return code;
  }
  file.methods = handing_on(*file.real().pMethods);
  file.base.pMethods = &file.methods;
  if ((flags & SQLITE_OPEN_WAL) != 0) {
    gather(file, of(sqlite3_database_file_object(name)));
  } else {
    watch(file);
  }
  return code;
}

}  // namespace

struct GatheringVfs::Registered {
  std::string name;
  sqlite3_vfs vfs;
};

GatheringVfs::GatheringVfs() : registered_(std::make_unique<Registered>()) {
  using Vfs = sqlite3_vfs;
  Vfs* const real = sqlite3_vfs_find(nullptr);
  if (real == nullptr) {
    throw Error(ErrorKind::transient, "store", "store: SQLite has no VFS");
  }
  auto& [name, vfs] = *registered_;
  name = "masar-" + std::to_string(reinterpret_cast<std::uintptr_t>(&vfs));  // of no other one
  vfs = *real;
  vfs.zName = name.c_str();
  vfs.pAppData = real;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
  vfs.pNext = nullptr;
  hand_on<&Vfs::xDelete, &Vfs::xAccess, &Vfs::xFullPathname, &Vfs::xDlOpen, &Vfs::xDlError,
          &Vfs::xDlSym, &Vfs::xDlClose, &Vfs::xRandomness, &Vfs::xSleep, &Vfs::xCurrentTime,
          &Vfs::xGetLastError, &Vfs::xCurrentTimeInt64, &Vfs::xSetSystemCall, &Vfs::xGetSystemCall,
          &Vfs::xNextSystemCall>(vfs);
  vfs.xOpen = &open;
  if (const int code = sqlite3_vfs_register(&vfs, 0); code != SQLITE_OK) {
    throw Error(ErrorKind::transient, "store", std::string("store: ") + sqlite3_errstr(code));
  }
}

GatheringVfs::~GatheringVfs() { sqlite3_vfs_unregister(&registered_->vfs); }

const std::string& GatheringVfs::name() const noexcept { return registered_->name; }

}  // namespace masar::store
