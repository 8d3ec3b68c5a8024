#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "connectors/all.h"
#include "core/base/error.h"
#include "core/base/thread_executor.h"
#include "core/engine/removals.h"
#include "core/engine/samples.h"
#include "core/engine/snapshots.h"
#include "ops/masar/assembly.h"
#include "ops/masar/commands.h"

extern char** environ;

namespace masar {
namespace {

constexpr std::string_view kPrefix = "MASAR_";

std::string setting_name(std::string_view variable) {
  std::string name;
  for (const char c : variable)
    name += c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return name;
}

// What the hub would refuse at its start because of what is open in its store.
void check_against_store(const RunOptions& options, const Machine& machine,
                         const std::shared_ptr<const engine::Snapshot>& snapshot,
                         config::Diagnostics& diagnostics) {
  const auto store = machine.open_view(options.state, store::ViewOf::everything);
  engine::Snapshots snapshots(snapshot, *store);
  const engine::OpenUses uses(*store);
  (void)snapshots.open(uses);
  engine::check_removals(uses, snapshots, *store, diagnostics);
}

}  // namespace

config::Settings overrides(const RunOptions& options) {
  config::Settings settings;
  config::Diagnostics ignored;
  const auto files = config::Files::load(options.config, ignored);
  // Only variables that name a setting count: MASAR_HOME is nobody's mistake.
  std::string declared;
  if (!files.hub.empty()) declared = files.hub[0].contents;
  for (char** at = environ; *at; ++at) {
    const std::string_view variable(*at);
    const auto equals = variable.find('=');
    if (!variable.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    const std::string name = setting_name(variable.substr(kPrefix.size(), equals - kPrefix.size()));
    if (declared.find("<setting name=\"" + name + "\"") == std::string::npos) continue;
    settings[name] = std::string(variable.substr(equals + 1));
  }
  for (const auto& text : options.set) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorKind::config, "bad-setting", "--set " + text + ": write --set name=value");
    }
    settings[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return settings;
}

std::shared_ptr<const engine::Snapshot> load_config(const RunOptions& options) {
  config::Diagnostics diagnostics;
  auto snapshot = engine::Snapshot::load(options.config, overrides(options), diagnostics);
  if (!snapshot)
    throw Error(ErrorKind::config, "configuration-refused",
                "the configuration has mistakes:\n" + diagnostics.text());
  return snapshot;
}

std::shared_ptr<const engine::Snapshot> load_or_tell(const RunOptions& options) {
  config::Diagnostics diagnostics;
  auto snapshot = engine::Snapshot::load(options.config, overrides(options), diagnostics);
  if (!snapshot) std::fputs(diagnostics.text().c_str(), stderr);
  return snapshot;
}

int check_config(const RunOptions& options) {
  config::Diagnostics diagnostics;
  const auto snapshot = engine::Snapshot::load(options.config, overrides(options), diagnostics);
  if (snapshot) {
    ThreadExecutor executor({1, 1000, "check"});
    const Machine machine(executor, options.secrets, *snapshot);
    check_connectors(*snapshot, make_connectors(machine.context()), diagnostics);
    const engine::Samples samples(*snapshot, diagnostics);
    if (options.against_store && diagnostics.empty())
      check_against_store(options, machine, snapshot, diagnostics);
  }
  if (diagnostics.empty()) return kOk;
  std::fputs(diagnostics.text().c_str(), stderr);
  return kFailed;
}

}  // namespace masar
