// A hub on threads: what a sanitizer of threads looks at. Everything else is tested on one thread.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "core/base/thread_executor.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;

namespace {

/// A partner that takes everything at once; what comes in, the test hands in.
class ReadyConnector final : public connector::Connector {
 public:
  ReadyConnector(std::string name, Executor& executor)
      : name_(std::move(name)), executor_(executor) {}

  std::string_view name() const override { return name_; }
  void check(const connector::EndpointSpec&, config::Diagnostics&) const override {}
  void add_inbound(const connector::EndpointSpec&, connector::Intake&) override {}
  std::unique_ptr<connector::Outbound> add_outbound(const connector::EndpointSpec& spec,
                                                    connector::Intake&) override {
    return std::make_unique<Edge>(executor_, spec.id == "supplier" ? quote() : "");
  }
  void start() override {}
  void pause(const std::string&, bool) override {}
  void stop_accepting() override {}
  void stop() override {}
  std::map<std::string, std::string> addresses() const override { return {}; }

 private:
  class Edge final : public connector::Outbound {
   public:
    Edge(Executor& executor, std::string reply) : executor_(executor), reply_(std::move(reply)) {}
    void send(connector::Attempt, Done done) override {
      executor_.post([done = std::move(done), reply = reply_] {
        done({connector::OutcomeKind::delivered, {}, {}, reply, {}});
      });
    }

   private:
    Executor& executor_;
    const std::string reply_;
  };

  const std::string name_;
  Executor& executor_;
};

/// The hub and all that it stands on, as the composition root makes it.
struct Threaded {
  Threaded() {
    config.write_to(root);
    config::Diagnostics diagnostics;
    snapshot = engine::Snapshot::load(root + "/config", {}, diagnostics);
    BOOST_REQUIRE(snapshot);
    business = std::make_unique<engine::SteppedClock>(*parse_instant(Stage::kStart));
    store::SqliteSettings settings;
    settings.path = root + "/masar.db";
    settings.full_sync = false;
    store = store::open_sqlite_store(settings, *business);
    engine::Hub::Parts parts{snapshot,
                             *store,
                             executor,
                             *business,
                             steady,
                             business.get(),
                             {},
                             {},
                             [] { std::this_thread::yield(); },
                             1};
    parts.connectors = {{"amqp", &amqp}, {"http", &http}};
    hub = std::make_unique<engine::Hub>(parts);
    executor.start();
  }
  ~Threaded() {
    store->stop();
    executor.stop();
    std::filesystem::remove_all(root);
  }

  static std::string folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "masar-hub-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(pattern.data()));
    return pattern;
  }
  /// Hands in and waits for the answer.
  connector::IntakeAnswer say(const std::string& endpoint, const std::string& body,
                              const std::string& id) {
    std::promise<connector::IntakeAnswer> answered;
    connector::Received received;
    received.endpoint = endpoint;
    received.message_id = id;
    received.body = body;
    hub->intake().take(std::move(received), [&](connector::IntakeAnswer answer) {
      answered.set_value(std::move(answer));
    });
    return answered.get_future().get();
  }
  /// An act of an operator, to its end; its status.
  template <typename Act>
  int act(Act&& begin) {
    engine::Operations operations(*hub);
    std::promise<int> over;
    begin(operations, [&](const engine::ActResult& result) { over.set_value(result.status); });
    return over.get_future().get();
  }

  const std::string root = folder();
  const ConfigText config = order_config();
  std::shared_ptr<const engine::Snapshot> snapshot;
  std::unique_ptr<engine::SteppedClock> business;
  SystemSteadyClock steady;
  ThreadExecutor executor{{3, 100'000, "test"}};
  ReadyConnector amqp{"amqp", executor};
  ReadyConnector http{"http", executor};
  std::unique_ptr<engine::Hub> hub;  // the store, which calls it back, goes first
  std::unique_ptr<store::Store> store;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(threads)

BOOST_AUTO_TEST_CASE(a_hub_is_looked_at_while_it_starts_works_and_stops) {
  constexpr int kSenders = 3;
  constexpr int kOrders = 25;
  Threaded it;
  std::atomic<bool> over{false};
  std::thread looking([&] {
    while (!over.load()) {
      (void)it.hub->in_flight();
      (void)it.hub->not_ready();
      for (const auto& [id, dispatcher] : it.hub->dispatchers()) (void)dispatcher->status();
      for (const auto& route : it.snapshot->routes) (void)it.hub->drained(*route);
      std::this_thread::yield();
    }
  });
  it.hub->start();
  std::vector<std::thread> senders;
  std::atomic<int> accepted{0};
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] {
      for (int n = 0; n < kOrders; ++n) {
        const std::string no = std::to_string(sender) + "-" + std::to_string(n);
        const auto taken = it.say("shop-in", order(no), "o" + no);
        accepted += taken.at(0).kind == connector::PartAnswer::Kind::accepted ? 1 : 0;
        (void)it.say("ask-in", ask(no), "q" + no);
      }
    });
  }
  for (int n = 0; n < 10; ++n) {
    const bool paused = n % 2 == 0;
    BOOST_TEST(it.act([&](auto& act, auto done) { act.pause_route("ask-quote", paused, done); }) ==
               200);
    const int stepped = it.act([](auto& act, auto done) { act.step_clock(done); });
    BOOST_TEST((stepped == 200 || stepped == 409));
  }
  for (auto& sender : senders) sender.join();
  BOOST_TEST(accepted.load() == kSenders * kOrders);
  while (!it.hub->in_flight().empty()) std::this_thread::yield();
  BOOST_TEST(it.hub->stop());
  over.store(true);
  looking.join();
  const auto counts = it.store->counts();
  BOOST_TEST(counts.at("journal_undone") == 0);
  BOOST_TEST(counts.at("outbox_ready") == 0);
  BOOST_TEST(counts.at("outbox_sending") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
