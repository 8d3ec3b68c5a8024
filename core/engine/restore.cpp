#include "core/engine/restore.h"

#include <cstdlib>

#include "core/engine/pauses.h"
#include "core/engine/records.h"
#include "core/store/sqlite_backup.h"

namespace masar::engine {
namespace {

using store::kBackupSetting;
constexpr const char* kHome = "home";
constexpr const char* kUnfinished = "restore.unfinished";
constexpr const char* kTimes = "restore.times";
constexpr const char* kBackup = "restore.backup";
constexpr const char* kAt = "restore.at";
constexpr const char* kEffects = "restore.effects";

std::string text_of(const std::map<std::string, std::string>& settings, const char* name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

// Nothing marks a dump when it is taken: it is as old as the last thing that it knows.
std::string last_record(store::Store& store) {
  const auto rows = store.audit_rows(store.counts()["audit_rows"] - 1, 1);
  return rows.empty() ? "an unknown time" : format_instant(rows[0].at);
}

}  // namespace

Restore Restore::read(const std::map<std::string, std::string>& settings) {
  Restore restore;
  restore.times = std::atoll(text_of(settings, kTimes).c_str());
  restore.backup = text_of(settings, kBackup);
  restore.at = text_of(settings, kAt);
  restore.effects = std::atoll(text_of(settings, kEffects).c_str());
  restore.unfinished = !text_of(settings, kUnfinished).empty();
  return restore;
}

std::optional<std::string> backup_of(store::Store& store) {
  const auto settings = store.settings();
  if (auto marked = text_of(settings, kBackupSetting); !marked.empty()) return marked;
  const std::string left = text_of(settings, kHome);
  if (left.empty() || left == store.home()) return std::nullopt;
  return last_record(store);
}

std::vector<std::string> put_restore_begun(store::Store& store, const Snapshot& snapshot,
                                           const std::optional<std::string>& backup,
                                           store::Transaction& begun) {
  std::vector<std::string> paused;
  begun.settings.emplace_back(kHome, store.home());
  if (!backup) return paused;
  begun.settings.emplace_back(kBackupSetting, "");
  begun.settings.emplace_back(kUnfinished, "1");
  begun.settings.emplace_back(kBackup, *backup);
  for (const auto& [id, endpoint] : snapshot.endpoints) {
    if (endpoint->spec.inbound) continue;
    begun.settings.emplace_back(std::string(kEndpointPause) + id, "1");
    paused.push_back(id);
  }
  for (const auto& series : snapshot.hub.series) {
    if (!series.random && series.restore_gap > 0)
      begun.series.emplace_back(series.name, series.restore_gap);
  }
  begun.audit.push_back(operator_audit(
      {}, "restored",
      "from the backup of " + *backup + "; " + std::to_string(paused.size()) +
          " outbound endpoints paused"));
  return paused;
}

void put_restore_finished(store::Store& store, Restore& restore, Instant now,
                          store::Transaction& transaction) {
  ++restore.times;
  restore.at = format_instant(now);
  restore.effects = store.counts()["outbox_rows"];
  restore.unfinished = false;
  transaction.settings.emplace_back(kTimes, std::to_string(restore.times));
  transaction.settings.emplace_back(kAt, restore.at);
  transaction.settings.emplace_back(kEffects, std::to_string(restore.effects));
  transaction.settings.emplace_back(kUnfinished, "");
}

}  // namespace masar::engine
