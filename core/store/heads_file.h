#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/signing_key.h"
#include "core/base/time.h"
#include "core/store/rows.h"

namespace masar::store {

/// One line of a heads' file: how the audit log stood at a moment (FORMAT.md, "The heads' file").
struct HeadsLine {
  std::int64_t line = 0;  ///< counts from 1
  std::string time;       ///< real time, as it was written
  std::int64_t rows = 0;  ///< the id of the newest audit row
  std::string root;       ///< hex of heads_root()
  std::string restored;   ///< the log goes on from `rows` as a backup's, of this time; mostly empty
  std::string previous;   ///< hex of SHA-256 of the line before; empty: the first
};

/// The heads of the audit chains, kept outside the database: a file that only grows, each line
/// signed and synced. Goes on behind the last whole line; half a line, of a hub that died writing
/// it, is cut off. Owned by the composition root; used by one thread at a time. Throws
/// Error(config, "heads-unusable") where the file cannot be opened or its end is not of this
/// format, and Error(transient, "heads") where a line could not be written: then the file is as
/// before.
class HeadsFile {
 public:
  HeadsFile(const std::string& path, SigningKey key);
  ~HeadsFile();
  HeadsFile(const HeadsFile&) = delete;
  HeadsFile& operator=(const HeadsFile&) = delete;

  /// Writes a line, unless it would say what the last one says. `restored`: the time of the backup
  /// from which the log was restored since then.
  void append(Instant now, const std::vector<AuditHead>& heads, const std::string& restored = {});
  const HeadsLine& last() const noexcept { return last_; }

 private:
  void open_end();

  const std::string path_;
  const SigningKey key_;
  int file_ = -1;
  std::int64_t size_ = 0;
  HeadsLine last_;
  std::string last_hash_;  ///< hex, of the last whole line
};

/// All lines of a heads' file, in order; half a line at its end does not count. Throws
/// Error(rejected, "bad-heads"), naming the first line that is not signed with `key` or does not
/// follow the one before.
std::vector<HeadsLine> read_heads(const std::string& path, const SigningKey& key);

}  // namespace masar::store
