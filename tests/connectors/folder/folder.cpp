#include "tests/connectors/folder/folder.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "core/base/guarded.h"
#include "core/config/fields.h"

namespace masar::folder {
namespace {

namespace fs = std::filesystem;
using connector::PartAnswer;

// The one place that states the element's attributes: reader and lint come from it.
const config::ElementTable& table() {
  static const config::ElementTable table{
      "folder",
      "Messages are files.",
      {{"path", config::Kind::path, true, "", "the folder", {}},
       {"every", config::Kind::duration, false, "PT1S", "how often it is looked at", {}}},
      {}};
  return table;
}

class Inbox {
 public:
  Inbox(const connector::EndpointSpec& spec, const config::Values& values,
        connector::Intake& intake, Executor& executor)
      : endpoint_(spec.id),
        partner_(spec.partner),
        path_(values.text("path")),
        every_(values.duration("every")),
        intake_(intake),
        executor_(executor) {}

  /// Looks now, and again until it is stopped. What is to come later is found again.
  void look() {
    if (!stopped && !paused) {
      for (const auto& entry : fs::directory_iterator(path_)) {
        const fs::path& file = entry.path();
        const auto is_new = [&](auto& names) { return names.insert(file.string()).second; };
        if (file.extension() == ".xml" && under_way_.with(is_new)) take(file);
      }
    }
    if (!stopped) executor_.post_after(every_, [this] { look(); });
  }

  std::atomic<bool> paused{false};
  std::atomic<bool> stopped{false};

 private:
  void take(const fs::path& file) {
    connector::Received received;
    received.endpoint = endpoint_;
    received.sender = partner_;
    received.message_id = file.stem();
    std::ostringstream body;
    body << std::ifstream(file).rdbuf();
    received.body = body.str();
    // The answer comes once the message is on disk: until then the file stays, and a hub that died
    // takes it again, under the same id. The endpoint's <deduplicate> knows it by that.
    intake_.take(std::move(received), [this, file](const connector::IntakeAnswer& answer) {
      const auto kind = answer.front().kind;
      const bool refused = kind == PartAnswer::Kind::refused;
      if (kind != PartAnswer::Kind::retry_later)
        fs::rename(file, fs::path(file).replace_extension(refused ? ".refused" : ".taken"));
      under_way_.with([&](auto& names) { names.erase(file.string()); });
    });
  }

  const std::string endpoint_, partner_;
  const fs::path path_;
  const std::chrono::steady_clock::duration every_;
  connector::Intake& intake_;
  Executor& executor_;
  Guarded<std::set<std::string>> under_way_;
};

class Outbox final : public connector::Outbound {
 public:
  Outbox(fs::path path, Executor& executor) : path_(std::move(path)), executor_(executor) {}

  // `done` is never called from inside send(): the executor calls it.
  void send(connector::Attempt attempt, Done done) override {
    executor_.post([this, attempt = std::move(attempt), done = std::move(done)] {
      const fs::path file = path_ / (attempt.effect_id + ".xml");
      const fs::path begun = path_ / (attempt.effect_id + ".writing");
      connector::Outcome outcome;
      if (std::ofstream out(begun); out << attempt.body && out.flush()) {
        fs::rename(begun, file);  // under the effect's id: written again it is the same file
        outcome.kind = connector::OutcomeKind::delivered;
      } else {
        outcome.kind = connector::OutcomeKind::unavailable;  // provably not done
        outcome.code = "cannot-write";
      }
      done(std::move(outcome));
    });
  }

 private:
  const fs::path path_;
  Executor& executor_;
};

class Folder final : public connector::Connector {
 public:
  explicit Folder(const connector::Context& context) : context_(context) {}

  std::string_view name() const override { return "folder"; }

  void check(const connector::EndpointSpec& spec,
             config::Diagnostics& diagnostics) const override {
    const config::Element* own = spec.root->element("folder");
    if (!own)
      return diagnostics.add(spec.root->place, "an endpoint of this connector needs <folder>");
    const config::Values values(table(), *own, diagnostics);
    if (values.has("path") && !fs::is_directory(values.text("path")))
      diagnostics.add(values.place("path"), "there is no folder \"" + values.text("path") + "\"",
                      "make it, for the hub to read and write");
  }

  void add_inbound(const connector::EndpointSpec& spec, connector::Intake& intake) override {
    const config::Values values = values_of(spec);
    inboxes_[spec.id] = std::make_unique<Inbox>(spec, values, intake, context_.executor);
  }
  std::unique_ptr<connector::Outbound> add_outbound(const connector::EndpointSpec& spec,
                                                    connector::Intake&) override {
    return std::make_unique<Outbox>(values_of(spec).text("path"), context_.executor);
  }

  void start() override {
    for (auto& [id, inbox] : inboxes_) inbox->look();
  }
  void pause(const std::string& endpoint, bool paused) override {
    const auto found = inboxes_.find(endpoint);
    if (found != inboxes_.end()) found->second->paused = paused;
  }
  void stop_accepting() override {
    for (auto& [id, inbox] : inboxes_) inbox->stopped = true;
  }
  void stop() override { stop_accepting(); }
  std::map<std::string, std::string> addresses() const override { return {}; }

 private:
  static config::Values values_of(const connector::EndpointSpec& spec) {
    config::Diagnostics checked;  // check() has told everything
    return {table(), *spec.root->element("folder"), checked};
  }

  const connector::Context context_;
  std::map<std::string, std::unique_ptr<Inbox>> inboxes_;
};

}  // namespace

std::unique_ptr<connector::Connector> make_folder(const connector::Context& context) {
  return std::make_unique<Folder>(context);
}

}  // namespace masar::folder
