// `masar backup`: a copy of the store, beside a running hub or without one.
#include <signal.h>
#include <unistd.h>

#include <iostream>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/store/sqlite_backup.h"
#include "ops/masar/assembly.h"
#include "ops/masar/commands.h"

namespace masar {
namespace {

std::string store_file(const StoreOptions& options) {
  if (!options.store.empty()) return options.store;
  if (options.config.empty()) return in_state(options.state, kStoreFile).string();
  const auto choice = load_config(options)->hub.store;
  if (choice.kind == "sqlite") return in_state(options.state, choice.path).string();
  throw Error(ErrorKind::config, "store-kind",
              "the store is on " + choice.kind + ": back it up with pg_dump (ops/BACKUP.md)");
}

/// Whether somebody wants this process to end: main() has blocked the signals.
bool told_to_end() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT);
}

}  // namespace

int back_up(const StoreOptions& options, const std::string& to) {
  const bool seen = ::isatty(STDERR_FILENO) != 0;
  store::SqliteBackup backup{store_file(options), to, {}, told_to_end};
  backup.progress = [seen](std::int64_t done, std::int64_t all) {
    if (seen) std::cerr << "\r" << done << " of " << all << " pages" << (done == all ? "\n" : "");
  };
  const auto bytes = store::back_up_sqlite(backup, SystemBusinessClock().now());
  std::cerr << "masar: " << to << ": " << bytes << " bytes, checked\n";
  return kOk;
}

}  // namespace masar
