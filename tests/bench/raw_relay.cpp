#include "tests/bench/raw_relay.h"

#include <sys/resource.h>

#include <cstring>
#include <future>
#include <stdexcept>
#include <vector>

#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/delivery.h>
#include <proton/event.h>
#include <proton/link.h>
#include <proton/listener.h>
#include <proton/netaddr.h>
#include <proton/proactor.h>
#include <proton/sasl.h>
#include <proton/session.h>
#include <proton/terminus.h>
#include <proton/transport.h>

namespace masar::bench {
namespace {

constexpr int kBacklog = 16;

struct Piece {
  std::string bytes;
  pn_delivery_t* from;
};

struct Settlement {
  pn_delivery_t* from;
  std::uint64_t outcome;
};

}  // namespace

/// All of it belongs to the one thread: two connections are handled in turns, so their queues need
/// no lock.
struct RawRelay::State {
  explicit State(Settings with)
      : settings(std::move(with)), proactor(pn_proactor()), listener(pn_listener()) {}
  ~State() { pn_proactor_free(proactor); }

  const Settings settings;
  pn_proactor_t* proactor;
  pn_listener_t* listener;
  std::promise<std::string> bound;
  std::atomic<std::uint64_t> relayed{0};

  pn_link_t* in = nullptr;
  pn_link_t* out = nullptr;
  std::vector<Piece> pieces;            // received, to be sent
  std::vector<Settlement> settlements;  // settled downstream, to be settled upstream
  std::vector<pn_delivery_t*> origins;  // by delivery tag
  std::vector<std::uint32_t> free;
  std::string part;
  std::size_t sent = 0;

  void run();
  bool handle(pn_event_t* event);
  void accept(pn_event_t* event);
  void open(pn_link_t* link);
  void on_delivery(pn_delivery_t* delivery);
  void receive(pn_delivery_t* delivery);
  void send();
  void settle();
  static pn_connection_t* connection_of(pn_link_t* link) {
    return pn_session_connection(pn_link_session(link));
  }
};

void RawRelay::State::run() {
  for (bool go = true; go;) {
    pn_event_batch_t* batch = pn_proactor_wait(proactor);
    while (pn_event_t* event = pn_event_batch_next(batch)) go = handle(event) && go;
    // One wake for all that the batch left for the other connection.
    if (!pieces.empty() && out != nullptr && pn_link_credit(out) > 0)
      pn_connection_wake(connection_of(out));
    if (!settlements.empty() && in != nullptr) pn_connection_wake(connection_of(in));
    pn_proactor_done(proactor, batch);
  }
}

void RawRelay::State::accept(pn_event_t* event) {
  pn_transport_t* transport = pn_transport();
  pn_transport_set_server(transport);
  pn_sasl_allowed_mechs(pn_sasl(transport), "ANONYMOUS");
  pn_transport_set_max_frame(transport, settings.frame_bytes);
  pn_listener_accept2(pn_event_listener(event), pn_connection(), transport);
}

void RawRelay::State::open(pn_link_t* link) {
  pn_terminus_copy(pn_link_source(link), pn_link_remote_source(link));
  pn_terminus_copy(pn_link_target(link), pn_link_remote_target(link));
  pn_link_open(link);
  if (pn_link_is_receiver(link)) {
    in = link;
    pn_link_flow(link, settings.credit);
  } else {
    out = link;
  }
}

bool RawRelay::State::handle(pn_event_t* event) {
  switch (pn_event_type(event)) {
    case PN_LISTENER_OPEN: {
      char host[256] = "";
      char port[32] = "";
      pn_netaddr_host_port(pn_listener_addr(listener), host, sizeof host, port, sizeof port);
      bound.set_value(std::string(host) + ":" + port);
      return true;
    }
    case PN_LISTENER_CLOSE:
      if (relayed == 0 && pn_condition_is_set(pn_listener_condition(listener))) bound.set_value("");
      return true;
    case PN_LISTENER_ACCEPT:
      accept(event);
      return true;
    case PN_CONNECTION_REMOTE_OPEN:
      pn_connection_open(pn_event_connection(event));
      return true;
    case PN_SESSION_REMOTE_OPEN:
      pn_session_set_incoming_capacity(pn_event_session(event), settings.session_bytes);
      pn_session_open(pn_event_session(event));
      return true;
    case PN_LINK_REMOTE_OPEN:
      open(pn_event_link(event));
      return true;
    case PN_DELIVERY:
      on_delivery(pn_event_delivery(event));
      return true;
    case PN_LINK_FLOW:
      if (pn_event_link(event) == out) send();
      return true;
    case PN_CONNECTION_WAKE:
      if (out != nullptr && pn_event_connection(event) == connection_of(out)) send();
      if (in != nullptr && pn_event_connection(event) == connection_of(in)) settle();
      return true;
    case PN_CONNECTION_REMOTE_CLOSE:
      pn_connection_close(pn_event_connection(event));
      return true;
    case PN_TRANSPORT_CLOSED: {
      pn_connection_t* connection = pn_event_connection(event);
      if (in != nullptr && connection_of(in) == connection) {
        in = nullptr;
        pieces.clear();
        settlements.clear();
      }
      if (out != nullptr && connection_of(out) == connection) out = nullptr;
      return true;
    }
    case PN_PROACTOR_INTERRUPT:
      return false;
    default:
      return true;
  }
}

void RawRelay::State::on_delivery(pn_delivery_t* delivery) {
  if (pn_link_is_receiver(pn_delivery_link(delivery))) return receive(delivery);
  if (!pn_delivery_updated(delivery) ||
      !(pn_delivery_settled(delivery) || pn_delivery_remote_state(delivery)))
    return;
  std::uint32_t place = 0;
  std::memcpy(&place, pn_delivery_tag(delivery).start, sizeof place);
  settlements.push_back({origins[place], pn_delivery_remote_state(delivery)});
  free.push_back(place);
  pn_delivery_settle(delivery);
}

void RawRelay::State::receive(pn_delivery_t* delivery) {
  if (!pn_delivery_readable(delivery)) return;
  const std::size_t pending = pn_delivery_pending(delivery);
  const std::size_t had = part.size();
  part.resize(had + pending);
  if (pending > 0) pn_link_recv(in, part.data() + had, pending);
  if (pn_delivery_partial(delivery)) return;
  pn_link_advance(in);
  pieces.push_back({std::move(part), delivery});
  part.clear();
}

void RawRelay::State::send() {
  while (sent < pieces.size() && pn_link_credit(out) > 0) {
    Piece& piece = pieces[sent++];
    if (free.empty()) {
      free.push_back(static_cast<std::uint32_t>(origins.size()));
      origins.push_back(nullptr);
    }
    const std::uint32_t place = free.back();
    free.pop_back();
    origins[place] = piece.from;
    char tag[sizeof place];
    std::memcpy(tag, &place, sizeof place);
    pn_delivery(out, pn_dtag(tag, sizeof tag));
    pn_link_send(out, piece.bytes.data(), piece.bytes.size());
    pn_link_advance(out);
  }
  if (sent == pieces.size()) {
    pieces.clear();
    sent = 0;
  }
}

void RawRelay::State::settle() {
  for (const Settlement& each : settlements) {
    pn_delivery_update(each.from, each.outcome);
    pn_delivery_settle(each.from);
  }
  relayed += settlements.size();
  if (!settlements.empty()) pn_link_flow(in, static_cast<int>(settlements.size()));
  settlements.clear();
}

RawRelay::RawRelay(Settings settings) : state_(std::make_unique<State>(std::move(settings))) {
  auto bound = state_->bound.get_future();
  pn_proactor_listen(state_->proactor, state_->listener, state_->settings.address.c_str(),
                     kBacklog);
  thread_ = std::thread([this] { state_->run(); });
  address_ = bound.get();
  if (!address_.empty()) return;
  stop();
  throw std::runtime_error("the relay cannot listen on " + state_->settings.address);
}

RawRelay::~RawRelay() { stop(); }

std::uint64_t RawRelay::relayed() const noexcept { return state_->relayed; }

void RawRelay::stop() {
  if (!thread_.joinable()) return;
  pn_proactor_interrupt(state_->proactor);
  thread_.join();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace masar::bench
