#include "connectors/amqp/amqp.h"

#include <map>
#include <memory>
#include <utility>

#include "connectors/amqp/connection.h"
#include "connectors/amqp/declared.h"
#include "connectors/amqp/guide.h"
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

class AmqpConnector final : public connector::Connector {
 public:
  AmqpConnector(const connector::Context& context, tls::InUse* certificates)
      : context_(context), certificates_(certificates) {}
  ~AmqpConnector() override { stop(); }

  std::string_view name() const override { return "amqp"; }

  void check(const connector::EndpointSpec& spec, config::Diagnostics& diagnostics) const override {
    declared_.endpoint(spec, read_endpoint(spec, diagnostics), diagnostics);
  }
  void check_listener(const config::Element& listener,
                      config::Diagnostics& diagnostics) const override {
    declared_.listener(read_listener(listener, diagnostics), diagnostics);
  }
  void check_connection(const config::Element& connection,
                        config::Diagnostics& diagnostics) const override {
    declared_.connection(read_connection(connection, diagnostics));
  }

  void add_listener(const config::Element& element) override {
    config::Diagnostics diagnostics;
    ListenerSettings settings = read_listener(element, diagnostics);
    if (!diagnostics.empty()) throw Error(ErrorKind::config, "bad-listener", diagnostics.text());
    const std::string id = settings.id;
    auto listener = std::make_unique<Listener>(std::move(settings), context_, certificates_);
    if (!listeners_.emplace(id, std::move(listener)).second) {
      throw Error(ErrorKind::config, "two-listeners", "there are two listeners \"" + id + "\"");
    }
  }

  void add_connection(const config::Element& element) override {
    config::Diagnostics diagnostics;
    ConnectionSettings settings = read_connection(element, diagnostics);
    if (!diagnostics.empty()) throw Error(ErrorKind::config, "bad-connection", diagnostics.text());
    const std::string id = settings.id;
    auto connection = std::make_shared<Connection>(std::move(settings), context_, certificates_);
    if (!connections_.emplace(id, std::move(connection)).second) {
      throw Error(ErrorKind::config, "two-connections", "there are two connections \"" + id + "\"");
    }
  }

  void add_inbound(const connector::EndpointSpec& spec, connector::Intake& intake) override {
    EndpointSettings settings = settings_of(spec);
    Service& service = service_of(spec, settings);
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
    Service& service = service_of(spec, settings);
    const std::string address = settings.address;
    if (service.intake == nullptr) service.intake = &intake;
    auto source = std::make_shared<Source>(spec, std::move(settings), context_);
    add(service.sources, spec, address, source);
    return std::make_unique<AmqpOutbound>(std::move(source));
  }

  connector::Guide guide(const connector::GuideRequest& request) const override {
    return amqp::guide(request, declared_);
  }

  void start() override {
    for (const auto& [id, listener] : listeners_) listener->start();
    for (const auto& [id, connection] : connections_) connection->start();
  }

  void pause(const std::string& endpoint, bool paused) override {
    const auto found = targets_.find(endpoint);
    if (found == targets_.end()) return;  // an outbound one: its rows wait at the dispatcher
    found->second->paused = paused;
    const EndpointSettings& settings = found->second->settings;
    if (settings.connection.empty()) {
      listeners_.at(settings.listener)->review();
    } else {
      connections_.at(settings.connection)->review();
    }
  }

  void stop_accepting() override {
    for (const auto& [id, listener] : listeners_) listener->stop_accepting();
    for (const auto& [id, connection] : connections_) connection->stop_accepting();
  }

  void stop() override {
    for (const auto& [id, listener] : listeners_) listener->stop();
    for (const auto& [id, connection] : connections_) connection->stop();
  }

  std::map<std::string, std::string> addresses() const override {
    std::map<std::string, std::string> all;
    for (const auto& [id, listener] : listeners_) {
      if (std::string bound = listener->bound(); !bound.empty()) all[id] = std::move(bound);
    }
    return all;
  }

  std::map<std::string, std::string> obstacles() const override {
    std::map<std::string, std::string> all;
    for (const auto& [id, connection] : connections_) {
      connection->service().obstacles.with(
          [&](const auto& each) { all.insert(each.begin(), each.end()); });
    }
    return all;
  }

 private:
  EndpointSettings settings_of(const connector::EndpointSpec& spec) const {
    config::Diagnostics diagnostics;
    EndpointSettings settings = read_endpoint(spec, diagnostics);
    if (!diagnostics.empty()) throw Error(ErrorKind::config, "bad-endpoint", diagnostics.text());
    return settings;
  }

  Service& service_of(const connector::EndpointSpec& spec, const EndpointSettings& settings) {
    if (!settings.connection.empty()) {
      return at(connections_, settings.connection, "connection", spec).service();
    }
    Listener& listener = at(listeners_, settings.listener, "listener", spec);
    if (settings.subject.empty()) {
      listener.add_login(settings.user, context_.secrets.get(settings.password));
    } else {
      listener.add_certificate(settings.user, settings.subject);
    }
    return listener.service();
  }

  template <typename Map>
  static typename Map::mapped_type::element_type& at(const Map& map, const std::string& id,
                                                     const std::string& kind,
                                                     const connector::EndpointSpec& spec) {
    const auto found = map.find(id);
    if (found == map.end()) {
      throw Error(ErrorKind::config, "no-" + kind,
                  "endpoint \"" + spec.id + "\" names the AMQP " + kind + " \"" + id +
                      "\", which is not there");
    }
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
  tls::InUse* const certificates_;
  std::map<std::string, std::unique_ptr<Listener>> listeners_;
  std::map<std::string, std::shared_ptr<Connection>> connections_;
  std::map<std::string, std::shared_ptr<Target>> targets_;  // by endpoint
  mutable Declared declared_;  // check() is const towards what runs; one thread calls it
};

}  // namespace

std::unique_ptr<connector::Connector> make_amqp(const connector::Context& context,
                                                tls::InUse* certificates) {
  return std::make_unique<AmqpConnector>(context, certificates);
}

}  // namespace masar::amqp
