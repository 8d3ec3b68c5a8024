#pragma once

#include <memory>
#include <string>

namespace masar::store {

/// A VFS of SQLite that gathers what a connection writes to its WAL. SQLite writes each frame in
/// two pieces, 24 bytes and then the page. Here pieces that follow each other wait in memory and go
/// to the file at once: when the next one stands elsewhere or 64 KiB are full, and before a sync, a
/// read at or behind them, or any other call on the file. All else is handed on to the VFS that was
/// SQLite's default when this one was made.
///
/// Owned by its session; outlives the connections that were opened with its name. Each of those is
/// one thread's at a time; they share nothing. The constructor throws Error(transient, "store").
///
/// Only for connections with `synchronous = FULL` before they write, and without
/// `locking_mode = EXCLUSIVE`. That is then as safe as without it (the order of calls is that of
/// sqlite3WalFrames() in SQLite 3.40's wal.c):
///
/// - Others know of a frame by the header of the wal-index, which changes once a commit, after its
///   sync; and a sync first writes what waits. Until then the writer holds WAL_WRITE_LOCK, without
///   which nobody recovers the WAL or starts it anew. A checkpoint moves what the header tells.
/// - Without FULL a commit has no sync, and no call before the header that could fail (xShmBarrier
///   cannot). And where the disk is not known to leave a sector's neighbours alone
///   (SQLITE_IOCAP_POWERSAFE_OVERWRITE), SQLite publishes frames that it writes after the sync:
///   there nothing is gathered.
/// - Frames that leave the cache before their commit are known to the writer alone, which reads
///   them through the same file.
/// - What stands in a file before its sync, and in which order it was written, decides nothing
///   after a loss of power. A process that dies loses what waits, of a commit that was not synced.
/// - A write that fails late (the disk is full) is one that SQLite believes done. The call that
///   needed it returns its error, which is never one of syncing; so does from then on every call
///   that writes, syncs, or reads at or behind that place, until the writer's lock is given up: the
///   transaction cannot be committed any more, even if SQLite undoes but a statement of it.
/// - With the lock, what waits and that error are dropped: it is of a transaction that was undone,
///   and another writer may write there.
class GatheringVfs {
 public:
  GatheringVfs();
  ~GatheringVfs();
  GatheringVfs(const GatheringVfs&) = delete;
  GatheringVfs& operator=(const GatheringVfs&) = delete;

  const std::string& name() const noexcept;  ///< for `vfs=` of a URI

 private:
  struct Registered;
  std::unique_ptr<Registered> registered_;
};

}  // namespace masar::store
