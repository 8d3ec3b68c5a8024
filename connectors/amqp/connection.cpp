#include "connectors/amqp/connection.h"

#include <utility>

#include "connectors/amqp/broker.h"
#include "connectors/amqp/login.h"
#include "connectors/amqp/security.h"
#include "core/base/error.h"

namespace masar::amqp {

Connection::Connection(ConnectionSettings settings, const connector::Context& context,
                       tls::InUse* certificates)
    : settings_(std::move(settings)),
      certificates_(certificates),
      service_(context, settings_.id, settings_.limits),
      back_off_(settings_.retry_first, settings_.retry_max),
      loop_([this](pn_event_t* event) { on_event(event); },
            [this](const Peer& peer) { on_ended(static_cast<const Broker&>(peer)); }) {}

Connection::~Connection() { stop(); }

void Connection::start() {
  if (!settings_.external) (void)password();
  if (settings_.tls) {
    for (const std::string& host : settings_.hosts) {
      security_.push_back(std::make_unique<Security>(
          tls::Side::client, *settings_.tls, split_address(host).first,
          tls::Owner{"connection", settings_.id}, service_.context, certificates_));
    }
  }
  stand_in_the_way("not connected yet");
  loop_.start(1);
  pn_proactor_set_timeout(loop_.proactor(), 0);
}

void Connection::on_event(pn_event_t* event) {
  if (pn_event_type(event) == PN_PROACTOR_TIMEOUT) dial();
}

std::string Connection::password() const {
  return service_.context.secrets.get(settings_.password);
}

void Connection::dial() {
  const std::string& host = settings_.hosts[host_];
  try {
    std::lock_guard lock(mutex_);
    if (!stopping_) dial(host);
  } catch (const Error& error) {
    go_on(host, error.what(), false);
  }
}

void Connection::dial(const std::string& address) {
  const std::string secret = settings_.external ? "" : password();  // it may have been rotated
  const auto [host, port] = split_address(address);
  pn_connection_t* connection = pn_connection();
  pn_transport_t* transport = pn_transport();
  pn_connection_set_container(connection, settings_.container.c_str());
  pn_connection_set_hostname(
      connection, (settings_.virtual_host.empty() ? host : settings_.virtual_host).c_str());
  if (settings_.external) {
    log_in_external(transport);
  } else {
    log_in_plain(transport, settings_.user, secret);
  }
  limit(transport, settings_.limits);
  if (!security_.empty()) security_[host_]->protect(transport);
  pn_connection_open(connection);
  auto broker = std::make_unique<Broker>(service_, connection, settings_, address);
  broker->expect_open();
  loop_.add(connection, std::move(broker));
  char where[PN_MAX_ADDR];
  pn_proactor_addr(where, sizeof where, host.c_str(), port.c_str());
  pn_proactor_connect2(loop_.proactor(), connection, transport, where);
}

void Connection::on_ended(const Broker& broker) {
  const auto open_for = broker.open_for();
  go_on(broker.host(), broker.why(), open_for && back_off_.lasted(*open_for));
}

/// To the next host; after each round of failures there is a wait.
void Connection::go_on(const std::string& host, const std::string& why, bool lasted) {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  host_ = (host_ + 1) % settings_.hosts.size();
  failures_ = lasted ? 0 : failures_ + 1;
  const bool all_failed = !lasted && failures_ % settings_.hosts.size() == 0;
  const auto wait = all_failed ? back_off_.wait() : std::chrono::milliseconds(0);
  stand_in_the_way(host + ": " + why);
  service_.log("warning", "AMQP: " + settings_.id + " lost or did not reach " + host + ": " + why +
                              "; next " + settings_.hosts[host_] + " in " + seconds_text(wait));
  service_.context.executor.post_after(wait, [weak = weak_from_this()] {
    if (const auto connection = weak.lock()) connection->wake();
  });
}

/// Of all endpoints.
void Connection::stand_in_the_way(const std::string& what) {
  service_.obstacles.with([&](auto& all) {
    for (const auto& [address, target] : service_.targets) all[target->id] = what;
    for (const auto& [address, source] : service_.sources) all[source->id()] = what;
  });
}

void Connection::wake() {
  std::lock_guard lock(mutex_);
  if (!stopping_) pn_proactor_set_timeout(loop_.proactor(), 0);
}

void Connection::stop_accepting() {
  service_.accepting = false;
  review();
}

void Connection::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  if (!loop_.running()) return;
  stop_accepting();
  if (!loop_.end()) service_.log("warning", "AMQP: " + settings_.id + " was cut: no answer");
}

}  // namespace masar::amqp
