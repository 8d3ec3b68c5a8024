#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/config/files.h"
#include "core/engine/snapshot.h"

namespace masar {

inline constexpr const char* kVersion = "0.1.0";

/// Files of the state folder.
inline constexpr const char* kStoreFile = "masar.db";  ///< where no hub.xml names another
inline constexpr const char* kAuditKey = "audit.key";         ///< where hub.xml names no secret
inline constexpr const char* kAuditPublicKey = "audit.pub";  ///< written at each start

/// Exit codes of every subcommand (INTERFACES.md 5).
enum Exit { kOk = 0, kFailed = 1, kUsage = 2 };

/// What `masar run` and `masar check` are told.
struct RunOptions {
  std::string config;  ///< the folder that holds hub.xml
  std::string state =
      "state";            ///< the folder of the store and the token; made where it is not there
  std::string secrets;    ///< the folder of the secrets; default: `secrets` in the state folder
  std::string addresses;  ///< file to which the bound addresses are written once ready; empty: none
  std::vector<std::string> set;  ///< `name=value`: settings of hub.xml
  bool against_store = false;    ///< `check` also judges by what is open in the store of `state`
};

/// Flag over MASAR_<NAME> over the file (INTERFACES.md 7). Throws Error(config, "bad-setting").
config::Settings overrides(const RunOptions& options);

/// The configuration. Throws Error(config, "configuration-refused") with all its mistakes.
std::shared_ptr<const engine::Snapshot> load_config(const RunOptions& options);
/// The same; null where it has mistakes, which then stand on stderr.
std::shared_ptr<const engine::Snapshot> load_or_tell(const RunOptions& options);

/// Runs the hub until SIGTERM or SIGINT. Returns an Exit.
int run_hub(const RunOptions& options);
/// Checks a configuration: findings to stderr, nothing where there are none.
int check_config(const RunOptions& options);

/// `masar docs partner`: writes what a partner's engineers need into `folder`. Findings of the
/// configuration or its samples go to stderr (kFailed). Throws Error(config, "unknown-partner")
/// with the known ones, and what write_folder() throws.
int write_partner_docs(const RunOptions& options, const std::string& partner,
                       const std::string& folder);

/// What `masar audit` is told: it reads the store itself, whether the hub runs or not.
struct StoreOptions : RunOptions {  ///< `config` may be empty: the state folder's files by name
  std::string store;  ///< a store's file; default: hub.xml's store, masar.db of the state folder
  std::string heads;  ///< default: hub.xml's, audit.heads of the state folder, where it is there
  std::string key;    ///< public key of the heads; default: audit.pub in the state folder
};
/// Names the first audit record that is not as it was written (kFailed), or says how many are.
int verify_audit(const StoreOptions& options);
/// Copies the store, if it is a file, to `to`.
int back_up(const StoreOptions& options, const std::string& to);
/// Prints the public key that the heads are signed with.
int print_audit_key(const StoreOptions& options);

/// What the thin clients of the operators' interface are told.
struct ClientOptions {
  std::string address = "127.0.0.1:7080";  ///< as in the shipped hub.xml
  std::string token_file = "state/admin.token";
  bool json = false;
};
int list_cases(const ClientOptions& options, const std::string& search, const std::string& state);
int show_case(const ClientOptions& options, const std::string& key);
/// Which due times the calendar of another configuration would move in the hub that runs.
int plan_calendar(const ClientOptions& options, const RunOptions& run);
/// What `masar cases migrate` is told: one case, those in a state, or all.
struct Migrate {
  std::string key, state;
  bool all = false;
  bool plan = false;  ///< only says what would be done
};
/// kFailed also where some case does not fit.
int migrate_cases(const ClientOptions& options, const Migrate& what);
/// What `masar messages` is told.
struct Messages {
  std::string type, from, to;
  std::vector<std::string> where;  ///< COLUMN=VALUE
  std::string format = "table";    ///< or csv, json: one object a line
};
/// All of a list, page after page. kFailed also where it ends before its last page.
int list_messages(const ClientOptions& options, const Messages& what);
int list_audit(const ClientOptions& options, std::int64_t after);
/// Effects that may have been sent after the backup from which the hub's store was restored.
int list_restored(const ClientOptions& options);
int list_endpoints(const ClientOptions& options);
int pause_endpoint(const ClientOptions& options, const std::string& id, bool paused);
int list_tasks(const ClientOptions& options);
int answer_task(const ClientOptions& options, const std::string& id, const std::string& answer,
                const std::vector<std::string>& fields);
/// `causes`: the open ones counted by cause.
int list_dead_letters(const ClientOptions& options, bool all, bool causes);
int show_dead_letter(const ClientOptions& options, std::int64_t id);
int retry_dead_letter(const ClientOptions& options, std::int64_t id);
int discard_dead_letter(const ClientOptions& options, std::int64_t id, const std::string& reason);

}  // namespace masar
