#include "connectors/amqp/listener.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"

namespace masar::amqp {
namespace {

constexpr int kBacklog = 64;
/// Connections beyond the limit that are told so; those beyond these too are cut at once.
constexpr std::size_t kRefusedMax = 16;
/// How long stop() waits for the partners to answer the close.
constexpr std::chrono::milliseconds kFarewell{1'000};

std::string host_port(pn_listener_t* listener) {
  char host[256] = "";
  char port[32] = "";
  pn_netaddr_host_port(pn_listener_addr(listener), host, sizeof host, port, sizeof port);
  const std::string name(host);
  return (name.find(':') == std::string::npos ? name : '[' + name + ']') + ':' + port;
}

}  // namespace

Listener::Listener(ListenerSettings settings, const connector::Context& context)
    : service_(context, std::move(settings)) {}

Listener::~Listener() {
  if (!threads_.empty()) stop();
}

void Listener::add_login(const std::string& user, const std::string& password) {
  const auto [found, is_new] = logins_.emplace(user, password);
  if (!is_new && found->second != password) {
    throw Error(ErrorKind::config, "two-passwords",
                "user \"" + user + "\" of listener \"" + service_.settings.id +
                    "\" has two different passwords");
  }
}

void Listener::start() {
  proactor_.reset(pn_proactor());
  const auto [host, port] = split_address(service_.settings.address);
  char address[PN_MAX_ADDR];
  pn_proactor_addr(address, sizeof address, host.c_str(), port.c_str());
  pn_listener_t* listener = pn_listener();
  {
    std::lock_guard lock(mutex_);
    open_listener_ = listener;
  }
  pn_proactor_listen(proactor_.get(), listener, address, kBacklog);
  for (std::size_t i = 0; i < service_.settings.threads; ++i)
    threads_.emplace_back([this] { run(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !bound_.empty() || failure_; });
  if (!failure_) return;
  const std::string why = *failure_;
  lock.unlock();
  stop();
  throw Error(ErrorKind::config, "cannot-listen",
              "cannot listen on \"" + service_.settings.address + "\": " + why);
}

void Listener::run() noexcept {
  for (bool go = true; go;) {
    pn_event_batch_t* batch = pn_proactor_wait(proactor_.get());
    Peer* peer = nullptr;  // all events of a batch are of one connection, or of none
    while (pn_event_t* event = pn_event_batch_next(batch)) go = handle(event, peer) && go;
    if (peer != nullptr && peer->ended()) {
      forget(peer);
    } else if (peer != nullptr) {
      peer->on_batch_end();
    }
    pn_proactor_done(proactor_.get(), batch);
  }
}

bool Listener::handle(pn_event_t* event, Peer*& peer) {
  switch (pn_event_type(event)) {
    case PN_LISTENER_OPEN:
      on_listening(pn_event_listener(event));
      return true;
    case PN_LISTENER_CLOSE:
      on_listener_closed(pn_event_listener(event));
      return true;
    case PN_LISTENER_ACCEPT:
      accept(pn_event_listener(event));
      return true;
    case PN_PROACTOR_INTERRUPT:
      return false;
    default:
      if (pn_connection_t* connection = pn_event_connection(event)) {
        peer = static_cast<Peer*>(pn_connection_get_context(connection));
        if (peer != nullptr) peer->on_event(event);
      }
      return true;
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
  const ListenerSettings& settings = service_.settings;
  std::size_t connected = 0;
  {
    std::lock_guard lock(mutex_);
    connected = peers_.size();
  }
  pn_connection_t* connection = pn_connection();
  pn_transport_t* transport = pn_transport();
  pn_transport_set_server(transport);
  require_plain(transport, logins_);
  pn_transport_set_max_frame(transport, static_cast<std::uint32_t>(settings.frame_bytes_max));
  pn_transport_set_idle_timeout(transport, static_cast<pn_millis_t>(settings.idle.count()));
  pn_transport_set_channel_max(transport, static_cast<std::uint16_t>(settings.sessions_max - 1));
  if (connected >= settings.connections_max + kRefusedMax) {
    service_.log("warning", "AMQP: a connection was cut: too many of them");
    pn_transport_close_tail(transport);
    pn_transport_close_head(transport);
    pn_listener_accept2(listener, connection, transport);
    return;
  }
  auto owned = std::make_unique<Peer>(service_, connection, connected >= settings.connections_max);
  Peer* peer = owned.get();
  const std::shared_ptr<Mailbox> mailbox = peer->mailbox();
  pn_connection_set_context(connection, peer);
  {
    std::lock_guard lock(mutex_);
    peers_.emplace(peer, Connected{std::move(owned), mailbox});
  }
  pn_listener_accept2(listener, connection, transport);
  service_.context.executor.post_after(settings.login, [weak = std::weak_ptr<Mailbox>(mailbox)] {
    if (const auto still = weak.lock()) still->run(kLogin);
  });
}

void Listener::forget(Peer* peer) {
  std::unique_ptr<Peer> gone;
  std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  gone = std::move(found->second.peer);
  peers_.erase(found);
  if (peers_.empty()) changed_.notify_all();
}

void Listener::tell_all(Errand errand) {
  std::lock_guard lock(mutex_);
  for (const auto& [peer, connected] : peers_) connected.mailbox->run(errand);
}

void Listener::review() { tell_all(kReview); }

void Listener::stop_accepting() {
  service_.accepting = false;
  {
    std::lock_guard lock(mutex_);
    if (open_listener_ != nullptr) pn_listener_close(std::exchange(open_listener_, nullptr));
  }
  review();
}

bool Listener::wait_until_empty() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kFarewell, [this] { return peers_.empty(); });
}

void Listener::stop() {
  if (threads_.empty()) return;
  stop_accepting();
  tell_all(kClose);
  if (!wait_until_empty()) {
    service_.log("warning", "AMQP: partners that did not answer the close were cut");
    pn_proactor_disconnect(proactor_.get(), nullptr);
    wait_until_empty();
  }
  for (std::size_t i = 0; i < threads_.size(); ++i) pn_proactor_interrupt(proactor_.get());
  for (std::thread& each : threads_) each.join();
  threads_.clear();
  // The proactor frees connections that are still there; their peers go first, told so.
  std::map<Peer*, Connected> left;
  {
    std::lock_guard lock(mutex_);
    left.swap(peers_);
  }
  left.clear();
  proactor_.reset();
}

std::string Listener::bound() const {
  std::lock_guard lock(mutex_);
  return bound_;
}

}  // namespace masar::amqp
