#include "connectors/amqp/amqp.h"

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "connectors/amqp/listener.h"
#include "core/base/error.h"

namespace masar::amqp {
namespace {

/// The engine's handle of a source.
class AmqpOutbound final : public connector::Outbound {
 public:
  explicit AmqpOutbound(std::shared_ptr<Source> source) : source_(std::move(source)) {}
  ~AmqpOutbound() override { source_->on_ready(nullptr); }

  bool ready() const override { return source_->ready(); }
  void on_ready(std::function<void()> notify) override { source_->on_ready(std::move(notify)); }
  void send(connector::Attempt attempt, Done done) override {
    source_->send(std::move(attempt), std::move(done));
  }

 private:
  const std::shared_ptr<Source> source_;
};

/// What check() has seen, so that it can judge one file by another, whatever their order.
struct Declared {
  struct Endpoint {
    std::string id;
    std::string listener;
    std::string address;
    bool inbound;
    bool has_login;
    config::Place place;
  };
  std::map<std::string, std::string> listeners;  // id → address
  std::vector<Endpoint> endpoints;
};

void say_open(const Declared::Endpoint& endpoint, config::Diagnostics& diagnostics) {
  diagnostics.add(endpoint.place,
                  "endpoint \"" + endpoint.id + "\" has no user and password, and listener \"" +
                      endpoint.listener + "\" is reachable from beyond this machine",
                  "write user=\"…\" password=\"secret:…\"");
}

class AmqpConnector final : public connector::Connector {
 public:
  explicit AmqpConnector(const connector::Context& context) : context_(context) {}
  ~AmqpConnector() override { stop(); }

  std::string_view name() const override { return "amqp"; }

  void check(const connector::EndpointSpec& spec, config::Diagnostics& diagnostics) const override {
    const EndpointSettings settings = read_endpoint(spec, diagnostics);
    const config::Element* own = spec.root->element("amqp");
    if (own == nullptr) return;
    const Declared::Endpoint mine{spec.id,
                                  settings.listener,
                                  settings.address,
                                  spec.inbound,
                                  !own->value("user").empty() && !own->value("password").empty(),
                                  own->place};
    for (const Declared::Endpoint& other : declared_.endpoints) {
      const bool same = other.listener == mine.listener && other.address == mine.address &&
                        other.inbound == mine.inbound && other.id != mine.id;
      if (!same || mine.address.empty()) continue;
      const config::Attribute* address = own->attribute("address");
      diagnostics.add(address ? address->value_place : own->place,
                      "endpoints \"" + other.id + "\" and \"" + mine.id +
                          "\" have the same address \"" + mine.address + "\" on listener \"" +
                          mine.listener + "\"",
                      "write another address");
    }
    check_listener_of(mine, *own, diagnostics);
    declared_.endpoints.push_back(mine);
  }

  void check_listener(const config::Element& listener,
                      config::Diagnostics& diagnostics) const override {
    const ListenerSettings settings = read_listener(listener, diagnostics);
    declared_.listeners[settings.id] = settings.address;
    if (is_loopback(settings.address)) return;
    for (const Declared::Endpoint& each : declared_.endpoints) {
      if (each.listener == settings.id && !each.has_login) say_open(each, diagnostics);
    }
  }

  void add_listener(const config::Element& element) override {
    config::Diagnostics diagnostics;
    ListenerSettings settings = read_listener(element, diagnostics);
    if (!diagnostics.empty()) throw Error(ErrorKind::config, "bad-listener", diagnostics.text());
    const std::string id = settings.id;
    if (!listeners_.emplace(id, std::make_unique<Listener>(std::move(settings), context_)).second) {
      throw Error(ErrorKind::config, "two-listeners", "there are two listeners \"" + id + "\"");
    }
  }

  void add_inbound(const connector::EndpointSpec& spec, connector::Intake& intake) override {
    EndpointSettings settings = settings_of(spec);
    Service& service = listener_of(spec, settings).service();
    auto target = std::make_shared<Target>();
    target->id = spec.id;
    target->partner = spec.partner;
    target->body_bytes_max = spec.xml.bytes_max;
    target->intake = &intake;
    target->settings = std::move(settings);
    service.intake = &intake;
    add(service.targets, spec, target->settings.address, target);
    targets_[spec.id] = target;
  }

  std::unique_ptr<connector::Outbound> add_outbound(const connector::EndpointSpec& spec,
                                                    connector::Intake& intake) override {
    EndpointSettings settings = settings_of(spec);
    Service& service = listener_of(spec, settings).service();
    const std::string address = settings.address;
    if (service.intake == nullptr) service.intake = &intake;
    auto source = std::make_shared<Source>(spec, std::move(settings), context_);
    add(service.sources, spec, address, source);
    return std::make_unique<AmqpOutbound>(std::move(source));
  }

  void start() override {
    for (const auto& [id, listener] : listeners_) listener->start();
  }

  void pause(const std::string& endpoint, bool paused) override {
    const auto found = targets_.find(endpoint);
    if (found == targets_.end()) return;  // an outbound one: its rows wait at the dispatcher
    found->second->paused = paused;
    listeners_.at(found->second->settings.listener)->review();
  }

  void stop_accepting() override {
    for (const auto& [id, listener] : listeners_) listener->stop_accepting();
  }

  void stop() override {
    for (const auto& [id, listener] : listeners_) listener->stop();
  }

  std::map<std::string, std::string> addresses() const override {
    std::map<std::string, std::string> all;
    for (const auto& [id, listener] : listeners_) {
      if (std::string bound = listener->bound(); !bound.empty()) all[id] = std::move(bound);
    }
    return all;
  }

 private:
  void check_listener_of(const Declared::Endpoint& mine, const config::Element& own,
                         config::Diagnostics& diagnostics) const {
    const auto found = declared_.listeners.find(mine.listener);
    if (found != declared_.listeners.end()) {
      if (!mine.has_login && !is_loopback(found->second)) say_open(mine, diagnostics);
      return;
    }
    // Listeners are checked first where there are any; without one there is nothing to compare
    // with.
    if (declared_.listeners.empty() || mine.listener.empty()) return;
    std::vector<std::string> known;
    for (const auto& [id, address] : declared_.listeners) known.push_back(id);
    const config::Attribute* listener = own.attribute("listener");
    diagnostics.add(listener ? listener->value_place : own.place,
                    "there is no AMQP listener \"" + mine.listener + "\"",
                    config::suggest(mine.listener, known));
  }

  EndpointSettings settings_of(const connector::EndpointSpec& spec) const {
    config::Diagnostics diagnostics;
    EndpointSettings settings = read_endpoint(spec, diagnostics);
    if (!diagnostics.empty()) throw Error(ErrorKind::config, "bad-endpoint", diagnostics.text());
    return settings;
  }

  Listener& listener_of(const connector::EndpointSpec& spec, const EndpointSettings& settings) {
    const auto found = listeners_.find(settings.listener);
    if (found == listeners_.end()) {
      throw Error(ErrorKind::config, "no-listener",
                  "endpoint \"" + spec.id + "\" names the AMQP listener \"" + settings.listener +
                      "\", which is not there");
    }
    found->second->add_login(settings.user, context_.secrets.get(settings.password));
    return *found->second;
  }

  template <typename Map, typename Value>
  static void add(Map& map, const connector::EndpointSpec& spec, const std::string& address,
                  const Value& value) {
    if (!map.emplace(address, value).second) {
      throw Error(ErrorKind::config, "two-endpoints",
                  "the address of endpoint \"" + spec.id + "\", \"" + address +
                      "\", is another endpoint's");
    }
  }

  const connector::Context context_;
  std::map<std::string, std::unique_ptr<Listener>> listeners_;
  std::map<std::string, std::shared_ptr<Target>> targets_;  // by endpoint
  mutable Declared declared_;  // check() is const towards what runs; one thread calls it
};

}  // namespace

std::unique_ptr<connector::Connector> make_amqp(const connector::Context& context) {
  return std::make_unique<AmqpConnector>(context);
}

}  // namespace masar::amqp
