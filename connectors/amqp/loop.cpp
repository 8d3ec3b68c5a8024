#include "connectors/amqp/loop.h"

#include <utility>

namespace masar::amqp {
namespace {

/// How long end() waits for the peers to answer the close.
constexpr std::chrono::milliseconds kFarewell{1'000};

}  // namespace

void limit(pn_transport_t* transport, const ConnectionLimits& limits) {
  pn_transport_set_max_frame(transport, static_cast<std::uint32_t>(limits.frame_bytes_max));
  pn_transport_set_idle_timeout(transport, static_cast<pn_millis_t>(limits.idle.count()));
  pn_transport_set_channel_max(transport, static_cast<std::uint16_t>(limits.sessions_max - 1));
}

Loop::Loop(OnEvent on_event, OnEnd on_end)
    : on_event_(std::move(on_event)), on_end_(std::move(on_end)) {}

Loop::~Loop() { end(); }

void Loop::start(std::size_t threads) {
  proactor_.reset(pn_proactor());
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void Loop::run() noexcept {
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

bool Loop::handle(pn_event_t* event, Peer*& peer) {
  if (pn_event_type(event) == PN_PROACTOR_INTERRUPT) return false;
  if (pn_connection_t* connection = pn_event_connection(event)) {
    peer = static_cast<Peer*>(pn_connection_get_context(connection));
    if (peer != nullptr) peer->on_event(event);
  } else {
    on_event_(event);
  }
  return true;
}

void Loop::add(pn_connection_t* connection, std::unique_ptr<Peer> peer) {
  Peer* const key = peer.get();
  pn_connection_set_context(connection, key);
  std::lock_guard lock(mutex_);
  const std::shared_ptr<Mailbox> mailbox = key->mailbox();
  peers_.emplace(key, Connected{std::move(peer), mailbox});
}

void Loop::forget(Peer* peer) {
  std::unique_ptr<Peer> gone;
  {
    std::lock_guard lock(mutex_);
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    gone = std::move(found->second.peer);
    peers_.erase(found);
    if (peers_.empty()) changed_.notify_all();
  }
  on_end_(*gone);
}

std::size_t Loop::peers() const {
  std::lock_guard lock(mutex_);
  return peers_.size();
}

void Loop::tell_all(Errand errand) {
  std::lock_guard lock(mutex_);
  for (const auto& [peer, connected] : peers_) connected.mailbox->run(errand);
}

bool Loop::wait_until_empty() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kFarewell, [this] { return peers_.empty(); });
}

bool Loop::end() {
  if (!running()) return true;
  tell_all(kClose);
  const bool polite = wait_until_empty();
  if (!polite) {
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
  return polite;
}

}  // namespace masar::amqp
