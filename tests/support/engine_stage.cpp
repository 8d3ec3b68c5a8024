#include "tests/support/engine_stage.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>

#include <sqlite3.h>

#include "core/base/error.h"
#include "core/message/xml_writer.h"
#include "tests/support/split_mix.h"

namespace masar::testing {

namespace fs = std::filesystem;

/// In place of a protocol: what comes in is what the test hands in, what goes out is written down.
class StubConnector final : public connector::Connector {
 public:
  StubConnector(Stage& stage, std::string name) : stage_(stage), name_(std::move(name)) {}

  std::string_view name() const override { return name_; }
  void check(const connector::EndpointSpec&, config::Diagnostics&) const override {}
  void add_inbound(const connector::EndpointSpec&, connector::Intake& intake) override {
    stage_.intake_ = &intake;
  }
  std::unique_ptr<connector::Outbound> add_outbound(const connector::EndpointSpec& spec,
                                                    connector::Intake&) override {
    return std::make_unique<Edge>(stage_, spec.id);
  }
  void start() override {}
  void pause(const std::string& endpoint, bool paused) override {
    stage_.paused_[endpoint] = paused;
  }
  void stop_accepting() override {}
  void stop() override {}
  std::map<std::string, std::string> addresses() const override { return {}; }

 private:
  class Edge final : public connector::Outbound {
   public:
    Edge(Stage& stage, std::string endpoint)
        : stage_(stage), endpoint_(std::move(endpoint)), door_(stage.doors_[endpoint_]) {}
    bool ready() const override { return door_.ready; }
    void on_ready(std::function<void()> notify) override { door_.notify = std::move(notify); }
    void send(connector::Attempt attempt, Done done) override {
      if (stage_.dead()) return;
      if (stage_.parts_.send) {
        const auto alive = stage_.alive_;
        return stage_.parts_.send(endpoint_, std::move(attempt),
                                  [alive, done = std::move(done)](connector::Outcome outcome) {
                                    if (*alive) done(std::move(outcome));
                                  });
      }
      stage_.sent_.push_back({endpoint_, attempt, stage_.now()});
      door_.pending.emplace_back(std::move(attempt), std::move(done));
    }

   private:
    Stage& stage_;
    const std::string endpoint_;
    Stage::Door& door_;
  };

  Stage& stage_;
  const std::string name_;
};

namespace {

constexpr std::chrono::milliseconds kIdle{100};

std::string text_of(const connector::PartAnswer& part) {
  using Kind = connector::PartAnswer::Kind;
  switch (part.kind) {
    case Kind::accepted: return "accepted";
    case Kind::replied: return "replied " + (part.document ? write_xml(*part.document) : "");
    case Kind::refused: return "refused " + part.code;
    case Kind::retry_later: break;
  }
  return "later " + part.code;
}

std::shared_ptr<const engine::Snapshot> load(const ConfigText& config, const std::string& root) {
  config.write_to(root);
  config::Diagnostics diagnostics;
  auto snapshot = engine::Snapshot::load(root + "/config", {}, diagnostics);
  if (!snapshot) throw std::runtime_error("the configuration is wrong:\n" + diagnostics.text());
  return snapshot;
}

std::string new_folder() {
  std::string pattern = (fs::temp_directory_path() / "masar-stage-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  return pattern;
}

}  // namespace

std::string Exchange::text() const {
  if (answers.empty()) return "open";
  std::string text = answers.size() > 1 ? "ANSWERED TWICE: " : "";
  for (const auto& answer : answers) {
    for (const auto& part : answer) text += (text.empty() ? "" : ", ") + text_of(part);
  }
  return text;
}

Stage::Stage(const ConfigText& config, std::uint64_t seed)
    : root_(new_folder()),
      parts_{load(config, root_),
             [this](const BusinessClock& clock) {
               store::SqliteSettings settings;
               settings.path = folder() + "/masar.db";
               settings.writer_thread = false;
               settings.full_sync = false;
               return store::open_sqlite_store(settings, clock);
             },
             {},
             seed,
             {}},
      business_(*parse_instant(kStart)),
      random_state_(seed) {
  fs::create_directories(folder());
  start();
}

Stage::Stage(StageParts parts)
    : parts_(std::move(parts)),
      business_(*parse_instant(kStart)),
      random_state_(parts_.seed) {}

Stage::~Stage() {
  if (hub_) close();
  if (!root_.empty()) fs::remove_all(root_);
}

// Goes on over all lives: nothing that a random series gave is given again.
std::string Stage::seeded_bytes(std::size_t bytes) {
  std::string made;
  while (made.size() < bytes) {
    const std::uint64_t number = split_mix(random_state_);
    made.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  made.resize(bytes);
  return made;
}

std::string Stage::folder() const { return root_ + "/life-" + std::to_string(life_); }

void Stage::start() {
  if (hub_) throw std::logic_error("the hub is running");
  alive_ = std::make_shared<bool>(true);
  executor_ = std::make_unique<ManualExecutor>(steady_, 200'000);
  const BusinessClock& business = parts_.clock ? *parts_.clock : business_;
  store_ = parts_.open_store(business);
  std::set<std::string> names{"amqp", "http"};
  for (const auto& [id, endpoint] : parts_.snapshot->endpoints) names.insert(endpoint->connector);
  for (const auto& name : names) {
    connectors_.push_back(std::make_unique<StubConnector>(*this, name));
  }
  const auto idle = [this] {
    if (executor_->run_all() + store_->run_writer() > 0) return;
    const auto next = executor_->next_due();
    // Never so far at once that who waits with a limit finds it long over.
    executor_->advance(
        std::min<SteadyClock::TimePoint::duration>(next ? *next - steady_.now() : kIdle, kIdle));
  };
  engine::Hub::Parts parts{parts_.snapshot,
                           *store_,
                           *executor_,
                           business,
                           steady_,
                           parts_.clock ? nullptr : &business_,
                           {},
                           [this](auto, std::string_view text, const LogIds& ids) {
                             logged_.push_back({std::string(text), ids});
                           },
                           idle,
                           parts_.seed,
                           [this](std::size_t bytes) { return seeded_bytes(bytes); }};
  for (const auto& connector : connectors_)
    parts.connectors[std::string(connector->name())] = connector.get();
  paused_.clear();
  hub_ = std::make_unique<engine::Hub>(parts);
  operations_ = std::make_unique<engine::Operations>(*hub_);
  try {
    hub_->start();
  } catch (const Error&) {  // refused: nothing of it runs on
    close();
    throw;
  }
  if (!parts_.send) run();
}

void Stage::start(const ConfigText& config) {
  fs::remove_all(root_ + "/config");
  fs::remove_all(root_ + "/mappings");
  parts_.snapshot = load(config, root_);
  start();
}

// The executor goes first, so that nothing runs any more; the store before the hub that it calls
// back.
void Stage::close() {
  *alive_ = false;
  executor_->stop();
  store_->stop();  // what is answered now may submit once more: to a store that is still whole
  store_.reset();
  operations_.reset();
  hub_.reset();
  connectors_.clear();
  executor_.reset();
  intake_ = nullptr;
  for (auto& [name, door] : doors_) {
    door.pending.clear();
    door.notify = {};
  }
}

// What a killed process leaves is what the files hold at this instant: closing the store properly
// would still commit what waits.
void Stage::crash() {
  if (root_.empty()) return close();
  const std::string from = folder();
  ++life_;
  fs::create_directories(folder());
  for (const char* file : {"masar.db", "masar.db-wal"}) {
    if (fs::exists(from + "/" + file)) fs::copy(from + "/" + file, folder() + "/" + file);
  }
  close();
}

bool Stage::stop() {
  const bool all = hub_->stop();
  close();
  return all;
}

void Stage::forget_snapshots() {
  sqlite3* database = nullptr;
  const bool done =
      sqlite3_open((folder() + "/masar.db").c_str(), &database) == SQLITE_OK &&
      sqlite3_exec(database, "DELETE FROM snapshots", nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(database);
  if (!done) throw std::runtime_error("the store's snapshots cannot be deleted");
}

void Stage::run() {
  while (executor_->run_all() + store_->run_writer() > 0) {
  }
}

std::optional<std::chrono::steady_clock::duration> Stage::next_timer() const {
  const auto due = executor_->next_due();
  if (!due) return std::nullopt;
  return std::max(*due - steady_.now(), std::chrono::steady_clock::duration::zero());
}

void Stage::pass(Duration by) {
  steady_.advance(by);
  business_.move_to(business_.now() + by);
}

void Stage::wait(std::chrono::steady_clock::duration by) {
  const auto end = steady_.now() + by;
  run();
  for (auto due = executor_->next_due(); due && *due <= end; due = executor_->next_due()) {
    steady_.advance_to(*due);
    run();
  }
  steady_.advance_to(end);
  run();
}

void Stage::clock(std::string_view at) {
  business_.move_to(*parse_instant(at));
  hub_->timers().look();
  run();
}

void Stage::advance(Duration by) { clock(format_instant(now() + by)); }

ExchangePtr Stage::hand_in(const std::string& endpoint, const std::string& body,
                           const std::string& id, const std::string& sender) {
  auto exchange = std::make_shared<Exchange>();
  connector::Received received;
  received.endpoint = endpoint;
  const auto* spec = parts_.snapshot->endpoint(endpoint);
  received.sender = sender.empty() && spec ? spec->spec.partner : sender;
  received.message_id = id;
  received.body = body;
  hand_in(std::move(received), [exchange](connector::IntakeAnswer answer) {
    exchange->answers.push_back(std::move(answer));
  });
  return exchange;
}

void Stage::hand_in(connector::Received received, connector::Intake::Answer answer) {
  intake_->take(std::move(received), [answer = std::move(answer),
                                      alive = alive_](connector::IntakeAnswer given) {
    if (*alive) answer(std::move(given));
  });
}

void Stage::hand_in_report(const std::string& effect_id, const std::string& state,
                           std::function<void(bool)> answer) {
  intake_->report(effect_id, state, [answer, alive = alive_](bool taken) {
    if (*alive) answer(taken);
  });
}

ExchangePtr Stage::say(const std::string& endpoint, const std::string& body, const std::string& id,
                       const std::string& sender) {
  auto exchange = hand_in(endpoint, body, id, sender);
  run();
  return exchange;
}

bool Stage::report(const std::string& effect_id, const std::string& state) {
  auto taken = std::make_shared<bool>(false);
  hand_in_report(effect_id, state, [taken](bool yes) { *taken = yes; });
  run();
  return *taken;
}

void Stage::operate(const std::function<void(engine::Operations&, engine::Operations::Done)>& begin,
                    const engine::Operations::Done& done) {
  begin(*operations_, [done, alive = alive_](engine::ActResult result) {
    if (*alive) done(std::move(result));
  });
}

std::size_t Stage::pending(const std::string& endpoint) const {
  const auto found = doors_.find(endpoint);
  return found == doors_.end() ? 0 : found->second.pending.size();
}

const connector::Attempt& Stage::next(const std::string& endpoint) const {
  const auto found = doors_.find(endpoint);
  if (found == doors_.end() || found->second.pending.empty()) {
    throw std::runtime_error("nothing is under way to " + endpoint);
  }
  return found->second.pending.front().first;
}

void Stage::hand_back(const std::string& endpoint, connector::Outcome outcome) {
  (void)next(endpoint);
  auto& pending = doors_[endpoint].pending;
  const auto done = std::move(pending.front().second);
  pending.pop_front();
  done(std::move(outcome));
}

void Stage::answer(const std::string& endpoint, connector::Outcome outcome) {
  hand_back(endpoint, std::move(outcome));
  run();
}

void Stage::delivered(const std::string& endpoint, const std::string& body) {
  answer(endpoint, {connector::OutcomeKind::delivered, {}, {}, body, {}});
}

void Stage::fails(const std::string& endpoint, connector::OutcomeKind kind,
                  const std::string& code) {
  answer(endpoint, {kind, code, "as the test says", {}, {}});
}

void Stage::fails_last(const std::string& endpoint, connector::OutcomeKind kind,
                       const std::string& code) {
  (void)next(endpoint);
  auto& pending = doors_[endpoint].pending;
  const auto done = std::move(pending.back().second);
  pending.pop_back();
  done({kind, code, "as the test says", {}, {}});
  run();
}

void Stage::set_ready(const std::string& endpoint, bool ready) {
  auto& door = doors_[endpoint];
  door.ready = ready;
  if (ready && door.notify) door.notify();
  if (hub_) run();
}

bool Stage::accepting(const std::string& endpoint) const {
  const auto found = paused_.find(endpoint);
  return found == paused_.end() || !found->second;
}

std::vector<Sent> Stage::sent(const std::string& endpoint) const {
  std::vector<Sent> chosen;
  for (const auto& one : sent_) {
    if (one.endpoint == endpoint) chosen.push_back(one);
  }
  return chosen;
}

std::string Stage::state(const std::string& key) {
  const auto record = store_->find_case(key);
  return record ? record->row.state : std::string();
}

store::CaseRow Stage::row(const std::string& key) {
  const auto record = store_->find_case(key);
  return record ? record->row : store::CaseRow{};
}

std::string Stage::data(const std::string& key, const std::string& name) {
  const auto record = store_->find_case(key);
  if (!record) return {};
  const auto live = engine::from_record(hub_->snapshots().find(record->row.snapshot), *record);
  const auto& declared = live.definition->data();
  for (std::size_t at = 0; at < declared.size(); ++at) {
    if (declared[at].name == name && live.value.data[at].is_set()) {
      return expression::to_text(live.value.data[at]);
    }
  }
  return {};
}

std::vector<store::OutboxRow> Stage::outbox(const std::string& key) {
  return store_->outbox_of(key);
}

std::vector<store::OutboxRow> Stage::outbox(const std::string& key, const std::string& effect) {
  std::vector<store::OutboxRow> chosen;
  for (auto& one : store_->outbox_of(key)) {
    if (one.effect == effect) chosen.push_back(std::move(one));
  }
  return chosen;
}

std::vector<store::TaskRow> Stage::tasks(const std::string& key, store::TaskState state) {
  return store_->tasks(state, key, {}, 500);
}

std::vector<store::AuditRow> Stage::timeline(const std::string& key) {
  return store_->timeline(key, 0, 10'000);
}

int Stage::audited(const std::string& key, const std::string& kind, const std::string& name) {
  int count = 0;
  for (const auto& one : timeline(key)) {
    if (one.kind == kind && (name.empty() || one.name == name)) ++count;
  }
  return count;
}

std::vector<store::DeadLetterRow> Stage::letters() {
  return store_->dead_letters(store::DeadLetterState::open, 0, 500);
}

std::int64_t Stage::count(const std::string& what) {
  const auto counts = store_->counts();
  const auto found = counts.find(what);
  if (found == counts.end()) throw std::runtime_error("the store counts no " + what);
  return found->second;
}

double Stage::metric(const std::string& family, const std::string& label,
                     const std::string& value) {
  double sum = 0;
  for (const auto& one : hub_->metrics().registry().Collect()) {
    if (one.name != family) continue;
    for (const auto& metric : one.metric) {
      for (const auto& given : metric.label) {
        if (given.name == label && given.value == value) sum += metric.counter.value;
      }
    }
  }
  return sum;
}

engine::Operations& Stage::operations_ref() { return *operations_; }

}  // namespace masar::testing
