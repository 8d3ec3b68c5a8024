#include "connectors/amqp/listener.h"

#include <algorithm>
#include <utility>

#include "connectors/amqp/guest.h"
#include "core/base/error.h"

namespace masar::amqp {
namespace {

constexpr int kBacklog = 64;
/// Connections beyond the limit that are told so; those beyond these too are cut at once.
constexpr std::size_t kRefusedMax = 16;
constexpr const char* kCut = "AMQP: partners that did not answer the close were cut";

std::string host_port(pn_listener_t* listener) {
  char host[256] = "";
  char port[32] = "";
  pn_netaddr_host_port(pn_listener_addr(listener), host, sizeof host, port, sizeof port);
  const std::string name(host);
  return (name.find(':') == std::string::npos ? name : '[' + name + ']') + ':' + port;
}

}  // namespace

Listener::Listener(ListenerSettings settings, const connector::Context& context,
                   tls::InUse* certificates)
    : settings_(std::move(settings)),
      certificates_(certificates),
      service_(context, settings_.id, settings_.limits),
      loop_([this](pn_event_t* event) { on_event(event); }, [](const Peer&) {}) {}

Listener::~Listener() { stop(); }

void Listener::add_login(const std::string& user, const std::string& password) {
  const auto [found, is_new] = logins_.passwords.emplace(user, password);
  const bool shows_one = std::any_of(logins_.users.begin(), logins_.users.end(),
                                     [&](const auto& each) { return each.second == user; });
  if ((!is_new && found->second != password) || shows_one) refuse_second(user);
}

void Listener::add_certificate(const std::string& user, const std::string& subject) {
  const auto [found, is_new] = logins_.users.emplace(subject, user);
  const bool has_other = std::any_of(
      logins_.users.begin(), logins_.users.end(),
      [&](const auto& each) { return each.second == user && each.first != subject; });
  if ((!is_new && found->second != user) || has_other || logins_.passwords.contains(user))
    refuse_second(user);
}

void Listener::refuse_second(const std::string& user) const {
  throw Error(ErrorKind::config, "two-logins",
              "user \"" + user + "\" of listener \"" + settings_.id +
                  "\" has two different logins, or its certificate is another user's");
}

void Listener::start() {
  if (settings_.tls) {
    security_ = std::make_unique<Security>(tls::Side::server, *settings_.tls, "",
                                           tls::Owner{"listener", settings_.id}, service_.context,
                                           certificates_);
  }
  const auto [host, port] = split_address(settings_.address);
  char address[PN_MAX_ADDR];
  pn_proactor_addr(address, sizeof address, host.c_str(), port.c_str());
  pn_listener_t* listener = pn_listener();
  {
    std::lock_guard lock(mutex_);
    open_listener_ = listener;
  }
  loop_.start(settings_.threads);
  pn_proactor_listen(loop_.proactor(), listener, address, kBacklog);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !bound_.empty() || failure_; });
  if (!failure_) return;
  const std::string why = *failure_;
  lock.unlock();
  stop();
  throw Error(ErrorKind::config, "cannot-listen",
              "cannot listen on \"" + settings_.address + "\": " + why);
}

void Listener::on_event(pn_event_t* event) {
  switch (pn_event_type(event)) {
    case PN_LISTENER_OPEN: return on_listening(pn_event_listener(event));
    case PN_LISTENER_CLOSE: return on_listener_closed(pn_event_listener(event));
    case PN_LISTENER_ACCEPT: return accept(pn_event_listener(event));
    default: return;
  }
}

void Listener::on_listening(pn_listener_t* listener) {
  std::lock_guard lock(mutex_);
  bound_ = host_port(listener);
  changed_.notify_all();
}

void Listener::on_listener_closed(pn_listener_t* listener) {
  pn_condition_t* why = pn_listener_condition(listener);
  std::lock_guard lock(mutex_);
  open_listener_ = nullptr;  // the proactor frees it after this event
  if (bound_.empty()) failure_ = text_or(pn_condition_get_description(why), "it was closed");
  changed_.notify_all();
}

void Listener::accept(pn_listener_t* listener) {
  const std::size_t connected = loop_.peers();
  pn_connection_t* connection = pn_connection();
  pn_transport_t* transport = pn_transport();
  pn_transport_set_server(transport);
  require_login(transport, logins_);
  limit(transport, settings_.limits);
  if (security_) security_->protect(transport);
  if (connected >= settings_.connections_max + kRefusedMax) {
    service_.log("warning", "AMQP: a connection was cut: too many of them");
    pn_transport_close_tail(transport);
    pn_transport_close_head(transport);
    pn_listener_accept2(listener, connection, transport);
    return;
  }
  auto guest =
      std::make_unique<Guest>(service_, connection, connected >= settings_.connections_max);
  guest->expect_open();
  loop_.add(connection, std::move(guest));
  pn_listener_accept2(listener, connection, transport);
}

void Listener::stop_accepting() {
  service_.accepting = false;
  {
    std::lock_guard lock(mutex_);
    if (open_listener_ != nullptr) pn_listener_close(std::exchange(open_listener_, nullptr));
  }
  review();
}

void Listener::stop() {
  if (!loop_.running()) return;
  stop_accepting();
  if (!loop_.end()) service_.log("warning", kCut);
}

std::string Listener::bound() const {
  std::lock_guard lock(mutex_);
  return bound_;
}

}  // namespace masar::amqp
