#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include <Poco/Util/ServerApplication.h>

#include "connectors/all.h"
#include "connectors/http/server.h"
#include "core/base/error.h"
#include "core/base/thread_executor.h"
#include "core/engine/audit_anchor.h"
#include "core/engine/hub.h"
#include "core/store/heads_file.h"
#include "ops/admin/admin.h"
#include "ops/masar/assembly.h"
#include "ops/masar/commands.h"

namespace masar {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRefused = "configuration-refused";
/// Between two looks whether a commit or a turn is over; short, for what an unclean stop left is
/// applied one event after the other.
constexpr std::chrono::microseconds kIdle{100};

/// Everything of one running hub, in the order in which it is made; taken down in the reverse one.
class Installation {
 public:
  Installation(const RunOptions& options, std::shared_ptr<const engine::Snapshot> snapshot)
      : options_(options),
        snapshot_(std::move(snapshot)),
        executor_({snapshot_->hub.threads, 1'000'000, "masar"}),
        machine_(executor_, options.secrets, *snapshot_),
        connectors_(make_connectors(machine_.context())) {
    store_ = machine_.open_store(options.state);
    hub_ = std::make_unique<engine::Hub>(parts());
    admin_ = std::make_unique<admin::Admin>(
        *hub_, admin::AdminSettings{snapshot_->hub.admin_address,
                                    admin_token(options.state + "/admin.token"), kVersion,
                                    [this] { return certificates(); }});
    anchor_audit();
  }

  /// Whatever threads there are end before anything that they use, also where start() has thrown.
  ~Installation() {
    for (const auto& connector : connectors_.all) {
      connector->stop_accepting();
      connector->stop();
    }
    store_->stop();
    admin_->stop();
    executor_.stop();
  }
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  void start() {
    executor_.start();
    admin_->start();
    if (const auto backup = engine::backup_of(*store_)) anchor_->restored(*backup);
    hub_->start();
    anchor_->start();
    write_addresses();
    log_line("info", "ready");
  }

  bool stop() {
    log_line("info", "stopping");
    const bool all = hub_->stop();
    anchor_->stop();
    admin_->stop();
    executor_.stop();
    log_line("info", all ? "stopped" : "stopped; what was in flight goes on after the next start");
    return all;
  }

 private:
  /// By the host's clock, whatever the hub's is: TLS goes by it.
  std::vector<tls::InUse::Left> certificates() const {
    return connectors_.certificates->left(SystemBusinessClock().now());
  }

  fs::path in_state(const std::string& path) const {
    return masar::in_state(options_.state, path);
  }

  void anchor_audit() {
    const auto& audit = snapshot_->hub.audit;
    const auto key =
        audit_key(FileSecrets(options_.secrets), audit.key, in_state(kAuditKey).string());
    std::ofstream(in_state(kAuditPublicKey)) << key.public_pem();
    heads_ = std::make_unique<store::HeadsFile>(in_state(audit.heads).string(), key);
    anchor_ = std::make_unique<engine::AuditAnchor>(
        engine::AuditAnchor::Parts{*store_, executor_, real_, hub_->metrics(), log_line,
                                   audit.every},
        *heads_);
  }

  engine::Hub::Parts parts() {
    engine::Hub::Parts parts{snapshot_,
                             *store_,
                             executor_,
                             machine_.business(),
                             machine_.steady(),
                             machine_.stepped(),
                             {},
                             log_line,
                             [] { std::this_thread::sleep_for(kIdle); },
                             static_cast<std::uint64_t>(::getpid())};
    for (const auto& connector : connectors_.all)
      parts.connectors[std::string(connector->name())] = connector.get();
    return parts;
  }

  // Written whole, then renamed: who polls for it never reads half of it.
  void write_addresses() const {
    if (options_.addresses.empty()) return;
    std::string text = "{\"admin\":" + http::json_quote(admin_->address());
    for (const auto& connector : connectors_.all) {
      for (const auto& [id, address] : connector->addresses()) {
        text += "," + http::json_quote(id) + ":" + http::json_quote(address);
      }
    }
    const std::string part = options_.addresses + ".part";
    std::ofstream(part) << text << "}\n";
    fs::rename(part, options_.addresses);
  }

  const RunOptions& options_;
  std::shared_ptr<const engine::Snapshot> snapshot_;
  ThreadExecutor executor_;
  Machine machine_;
  Connectors connectors_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Hub> hub_;
  std::unique_ptr<admin::Admin> admin_;
  SystemBusinessClock real_;
  std::unique_ptr<store::HeadsFile> heads_;
  std::unique_ptr<engine::AuditAnchor> anchor_;
};

/// The daemon around an installation: Poco's application waits for the signals.
class Daemon final : public Poco::Util::ServerApplication {
 public:
  Daemon(const RunOptions& options, std::shared_ptr<const engine::Snapshot> snapshot)
      : options_(options), snapshot_(std::move(snapshot)) {}

 private:
  int main(const std::vector<std::string>&) override {
    try {
      Installation installation(options_, snapshot_);
      installation.start();
      waitForTerminationRequest();
      installation.stop();
      return kOk;
    } catch (const Error& error) {
      if (error.code() == kRefused) {
        std::fputs(error.what(), stderr);  // findings, as `masar check` prints them
        log_line("error", "the configuration is refused: something open needs what it lacks");
        return kFailed;
      }
      log_line("error", error.code() + ": " + error.what());
      return kFailed;
    }
  }

  const RunOptions& options_;
  std::shared_ptr<const engine::Snapshot> snapshot_;
};

}  // namespace

int run_hub(const RunOptions& options) {
  auto snapshot = load_or_tell(options);
  if (!snapshot) return kFailed;
  ::umask(0077);
  std::error_code error;
  fs::create_directories(options.state, error);
  if (error) {
    log_line("error", "the state folder " + options.state + " cannot be made: " + error.message());
    return kFailed;
  }
  config::Diagnostics diagnostics;
  {
    ThreadExecutor executor({1, 1000, "check"});
    const Machine machine(executor, options.secrets, *snapshot);
    check_connectors(*snapshot, make_connectors(machine.context()), diagnostics);
  }
  if (!diagnostics.empty()) {
    std::fputs(diagnostics.text().c_str(), stderr);
    return kFailed;
  }
  Daemon daemon(options, std::move(snapshot));
  return daemon.run(std::vector<std::string>{"masar"});
}

}  // namespace masar
