#pragma once

// The hub's side for the tests: the connector with clocks and timers that stand still, and an
// Intake whose answers the test gives.

#include <poll.h>

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "connectors/amqp/amqp.h"
#include "core/base/error.h"
#include "core/config/element.h"

namespace masar::test {

class StillBusiness final : public BusinessClock {
 public:
  Instant now() const override { return Instant(std::chrono::hours(24 * 365 * 56)); }
};

class ManualSteady final : public SteadyClock {
 public:
  TimePoint now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void advance(std::chrono::milliseconds by) {
    std::lock_guard lock(mutex_);
    now_ += by;
  }

 private:
  mutable std::mutex mutex_;
  TimePoint now_{std::chrono::hours(1)};
};

/// Work runs when the test says so.
class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(ManualSteady& steady) : steady_(steady) {}
  void post(Work work) override { post_after({}, std::move(work)); }
  void post_after(std::chrono::steady_clock::duration delay, Work work) override {
    std::lock_guard lock(mutex_);
    work_.push_back({steady_.now() + delay, std::move(work)});
  }
  /// All that is due.
  void run() {
    std::vector<Work> due;
    {
      std::lock_guard lock(mutex_);
      for (auto& [at, work] : work_) {
        if (at <= steady_.now()) due.push_back(std::exchange(work, nullptr));
      }
      std::erase_if(work_, [](const auto& each) { return !each.second; });
    }
    for (const Work& each : due) each();
  }

 private:
  ManualSteady& steady_;
  std::mutex mutex_;
  std::vector<std::pair<SteadyClock::TimePoint, Work>> work_;
};

class FixedSecrets final : public connector::Secrets {
 public:
  std::string get(std::string_view name) const override {
    if (name.starts_with("secret:")) name.remove_prefix(7);
    std::lock_guard lock(mutex_);
    if (const auto found = own_.find(name); found != own_.end()) return found->second;
    if (name == "missing")
      throw Error(ErrorKind::config, "no-secret", "there is no secret missing");
    return "password of " + std::string(name);
  }
  void put(const std::string& name, const std::string& value) {
    std::lock_guard lock(mutex_);
    own_[name] = value;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> own_;
};

/// Keeps what came; answers at once by `rule`, or when the test says so where there is none.
class StubIntake final : public connector::Intake {
 public:
  void take(connector::Received received, Answer answer) override {
    std::function<connector::IntakeAnswer(const connector::Received&)> rule;
    {
      std::lock_guard lock(mutex_);
      rule = rule_;
      taken_.push_back(received);
      if (!rule) waiting_.push_back(std::move(answer));
      changed_.notify_all();
    }
    if (rule) answer(rule(received));
  }
  void report(std::string, std::string, std::function<void(bool)> answer) override {
    answer(false);
  }
  bool holds(const connector::Received& received) const override {
    std::lock_guard lock(mutex_);
    return !held_.empty() && received.body.find(held_) != std::string::npos;
  }
  /// Messages that contain this wait for a pause to end; none where it is empty.
  void hold(const std::string& text) {
    std::lock_guard lock(mutex_);
    held_ = text;
  }
  void refused(std::string endpoint, std::string code, std::string text) override {
    std::lock_guard lock(mutex_);
    refused_.push_back(endpoint + " " + code + " " + text);
    changed_.notify_all();
  }

  void answer_by(std::function<connector::IntakeAnswer(const connector::Received&)> rule) {
    std::lock_guard lock(mutex_);
    rule_ = std::move(rule);
  }
  std::vector<connector::Received> wait_taken(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return taken_.size() >= count; });
    return taken_;
  }
  std::vector<std::string> wait_refused(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return refused_.size() >= count; });
    return refused_;
  }
  std::size_t refusals() {
    std::lock_guard lock(mutex_);
    return refused_.size();
  }
  std::size_t taken() {
    std::lock_guard lock(mutex_);
    return taken_.size();
  }
  /// Answers the oldest that waits.
  void answer(connector::PartAnswer part) {
    Answer oldest;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !waiting_.empty(); });
      oldest = std::move(waiting_.front());
      waiting_.pop_front();
    }
    oldest({std::move(part)});
  }

 private:
  mutable std::mutex mutex_;
  std::string held_;
  std::condition_variable changed_;
  std::function<connector::IntakeAnswer(const connector::Received&)> rule_;
  std::vector<connector::Received> taken_;
  std::list<Answer> waiting_;
  std::vector<std::string> refused_;
};

inline connector::PartAnswer accepted() { return {}; }
inline connector::PartAnswer refused(std::string code, std::string text) {
  return {connector::PartAnswer::Kind::refused, std::move(code), std::move(text), nullptr};
}
inline connector::PartAnswer later() {
  return {connector::PartAnswer::Kind::retry_later, {}, {}, nullptr};
}

/// Waits for what `done` says.
class Outcomes {
 public:
  connector::Outbound::Done as(const std::string& name) {
    return [this, name](connector::Outcome outcome) {
      std::lock_guard lock(mutex_);
      outcomes_.emplace_back(name, std::move(outcome));
      changed_.notify_all();
    };
  }
  std::vector<std::pair<std::string, connector::Outcome>> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return outcomes_.size() >= count; });
    return outcomes_;
  }
  std::size_t count() {
    std::lock_guard lock(mutex_);
    return outcomes_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, connector::Outcome>> outcomes_;
};

inline constexpr int kHubLook = 5;  // ms, the rhythm in which what is waited for is looked at

/// A hub whose listener, if it has one, the test adds itself.
struct Bare {};

class Hub {
 public:
  explicit Hub(Bare)
      : executor(steady),
        context_{business, steady, executor, secrets, {}, "Asia/Amman", {}},
        connector(amqp::make_amqp(context_)) {}
  explicit Hub(const std::string& listener_attributes = "",
               const std::string& address = "127.0.0.1:0")
      : Hub(Bare{}) {
    connector->add_listener(parse("<listener id=\"amqp\" connector=\"amqp\" address=\"" + address +
                                  "\" " + listener_attributes + "/>"));
  }

  const config::Element& parse(const std::string& xml) {
    config::Diagnostics diagnostics;
    auto element = config::load_element("endpoints/test.xml", xml, diagnostics);
    if (!element) throw std::runtime_error(diagnostics.text());
    return *elements_.emplace_back(std::make_unique<config::Element>(std::move(*element)));
  }
  connector::EndpointSpec spec(const std::string& id, bool inbound, const std::string& attributes) {
    connector::EndpointSpec spec;
    spec.id = id;
    spec.partner = "partner-of-" + id;
    spec.inbound = inbound;
    spec.root = &parse("<endpoint id=\"" + id + "\"><amqp " + attributes + "/></endpoint>");
    return spec;
  }
  static std::string attributes(const std::string& address, const std::string& user) {
    return "listener=\"amqp\" address=\"" + address + "\" user=\"" + user +
           "\" password=\"secret:" + user + "\" ";
  }
  void inbound(const std::string& address, const std::string& user, const std::string& more = "",
               std::size_t bytes_max = 1 << 20) {
    auto in = spec(address + "-in", true, attributes(address, user) + more);
    in.xml.bytes_max = bytes_max;
    connector->add_inbound(in, intake);
  }
  connector::Outbound& outbound(const std::string& address, const std::string& user,
                                const std::string& more = "") {
    auto out = spec(address + "-out", false, attributes(address, user) + more);
    out.timeout = std::chrono::seconds(5);
    return *outbounds_.emplace_back(connector->add_outbound(out, intake));
  }
  /// A connection out, "broker"; its endpoints name no user.
  void connect(const std::string& hosts, const std::string& user, const std::string& more = "") {
    connector->add_connection(parse("<connection id=\"broker\" connector=\"amqp\" hosts=\"" +
                                    hosts + "\" user=\"" + user + "\" password=\"secret:" + user +
                                    "\" " + more + "/>"));
  }
  void from_broker(const std::string& address, const std::string& more = "",
                   std::size_t bytes_max = 1 << 20) {
    auto in = spec(address + "-in", true,
                   "connection=\"broker\" address=\"" + address + "\" " + more);
    in.xml.bytes_max = bytes_max;
    connector->add_inbound(in, intake);
  }
  connector::Outbound& to_broker(const std::string& address, const std::string& more = "") {
    auto out = spec(address + "-out", false,
                    "connection=\"broker\" address=\"" + address + "\" " + more);
    out.timeout = std::chrono::seconds(5);
    return *outbounds_.emplace_back(connector->add_outbound(out, intake));
  }
  /// Runs what is due until `what` holds. The number of looks is a net for hung tests only.
  void until(const std::function<bool()>& what) {
    for (int looks = 0; !what(); ++looks) {
      if (looks > 12'000) throw std::runtime_error("it never came");
      executor.run();
      ::poll(nullptr, 0, kHubLook);
    }
  }
  connector::Outbound* keep(std::unique_ptr<connector::Outbound> outbound) {
    return outbounds_.emplace_back(std::move(outbound)).get();
  }
  std::string obstacle(const std::string& endpoint) const {
    const auto all = connector->obstacles();
    const auto found = all.find(endpoint);
    return found == all.end() ? "" : found->second;
  }
  std::string start() {
    connector->start();
    const auto all = connector->addresses();
    return all.empty() ? "" : all.begin()->second;
  }
  std::string address() const { return connector->addresses().at("amqp"); }
  static std::string password(const std::string& user) { return "password of " + user; }

  StillBusiness business;
  ManualSteady steady;
  ManualExecutor executor;
  FixedSecrets secrets;
  StubIntake intake;

 private:
  connector::Context context_;
  std::list<std::unique_ptr<config::Element>> elements_;

 public:
  std::unique_ptr<connector::Connector> connector;

 private:
  std::vector<std::unique_ptr<connector::Outbound>> outbounds_;
};

}  // namespace masar::test
