#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/all.h"
#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/connector/connector.h"
#include "core/engine/snapshot.h"
#include "core/engine/stepped_clock.h"
#include "core/store/database_clock.h"
#include "core/store/postgres_store.h"
#include "core/store/store.h"
#include "core/store/store_view.h"
#include "ops/masar/secrets.h"

namespace masar {

/// The machine that a hub runs on: clocks, secrets, store, log; what the composition root hands to
/// the connectors.
class Machine {
 public:
  Machine(Executor& executor, const std::string& secrets, const engine::Snapshot& snapshot);

  connector::Context context() const;
  const BusinessClock& business() const;
  /// The configured store, opened; `state` is where a file of it lies.
  std::unique_ptr<store::Store> open_store(const std::string& state);
  /// The same, only read, beside the hub that may have it open.
  std::unique_ptr<store::Store> open_view(const std::string& state, store::ViewOf what) const;
  const SteadyClock& steady() const { return steady_; }
  engine::SteppedClock* stepped() { return snapshot_.hub.stepped_clock ? &stepped_ : nullptr; }

 private:
  store::PostgresSettings database_settings() const;

  Executor& executor_;
  const engine::Snapshot& snapshot_;
  SystemBusinessClock system_;
  SystemSteadyClock steady_;
  store::DatabaseClock database_{steady_};  // the business clock where the store is a database's
  engine::SteppedClock stepped_;
  FileSecrets secrets_;
};

/// One JSON object a line on stderr (INTERFACES.md 13), with the ids that are known. Any thread.
void log_line(std::string_view level, std::string_view text, const LogIds& ids = {});

/// A path that hub.xml names: below the state folder, where it is not absolute.
std::filesystem::path in_state(const std::string& state, const std::string& path);

/// The connectors' own lint of every endpoint and listener; the connectors were not used before.
void check_connectors(const engine::Snapshot& snapshot, const Connectors& connectors,
                      config::Diagnostics& diagnostics);

}  // namespace masar
