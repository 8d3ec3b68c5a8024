#include "tests/bench/stub_amqp.h"

#include <cstring>

#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/delivery.h>
#include <proton/event.h>
#include <proton/link.h>
#include <proton/proactor.h>
#include <proton/sasl.h>
#include <proton/session.h>
#include <proton/terminus.h>
#include <proton/transport.h>

#include "connectors/amqp/codec.h"

namespace masar::bench {
namespace {

constexpr int kCredit = 500;

/// Which peer a link belongs to.
std::size_t peer_of(pn_link_t* link) {
  return reinterpret_cast<std::size_t>(pn_link_get_context(link));
}

}  // namespace

StubPeers::StubPeers(const std::string& address, const std::vector<Login>& logins, Hooks hooks)
    : hooks_(std::move(hooks)), proactor_(pn_proactor()) {
  for (const Login& login : logins) peers_.push_back({login, nullptr, nullptr, {}});
  for (std::size_t at = 0; at < peers_.size(); ++at) connect(at, address);
  thread_ = std::thread([this] { run(); });
}

StubPeers::~StubPeers() {
  pn_proactor_interrupt(proactor_);
  thread_.join();
  pn_proactor_free(proactor_);
}

void StubPeers::connect(std::size_t at, const std::string& address) {
  Peer& peer = peers_[at];
  pn_connection_t* connection = pn_connection();
  pn_transport_t* transport = pn_transport();
  pn_sasl_t* sasl = pn_sasl(transport);
  pn_sasl_allowed_mechs(sasl, "PLAIN");
  pn_sasl_set_allow_insecure_mechs(sasl, true);
  pn_connection_set_user(connection, peer.login.user.c_str());
  pn_connection_set_password(connection, peer.login.password.c_str());
  pn_connection_set_container(connection, peer.login.user.c_str());
  pn_connection_open(connection);
  pn_session_t* session = pn_session(connection);
  pn_session_open(session);
  peer.out = pn_receiver(session, "out");
  pn_terminus_set_address(pn_link_source(peer.out), (peer.login.user + ".out").c_str());
  peer.in = pn_sender(session, "in");
  pn_terminus_set_address(pn_link_target(peer.in), (peer.login.user + ".in").c_str());
  for (pn_link_t* link : {peer.in, peer.out}) {
    pn_link_set_context(link, reinterpret_cast<void*>(at));
    pn_link_open(link);
  }
  pn_link_flow(peer.out, kCredit);
  pn_proactor_connect2(proactor_, connection, transport, address.c_str());
}

void StubPeers::run() {
  for (bool go = true; go;) {
    pn_event_batch_t* batch = pn_proactor_wait(proactor_);
    while (pn_event_t* event = pn_event_batch_next(batch)) go = handle(event) && go;
    pn_proactor_done(proactor_, batch);
  }
}

bool StubPeers::handle(pn_event_t* event) {
  switch (pn_event_type(event)) {
    case PN_LINK_REMOTE_OPEN:
      if (++open_ == 2 * peers_.size()) pn_connection_wake(
          pn_session_connection(pn_link_session(peers_[0].in)));
      return true;
    case PN_CONNECTION_WAKE:
      hooks_.ready();
      return true;
    case PN_LINK_FLOW:
      if (pn_link_is_sender(pn_event_link(event))) flush(peer_of(pn_event_link(event)));
      return true;
    case PN_DELIVERY: {
      pn_delivery_t* delivery = pn_event_delivery(event);
      pn_link_t* link = pn_delivery_link(delivery);
      if (pn_link_is_receiver(link)) {
        receive(peer_of(link), delivery);
      } else if (pn_delivery_updated(delivery) && pn_delivery_remote_state(delivery) != 0) {
        if (pn_delivery_remote_state(delivery) != PN_ACCEPTED) ++refused_;
        pn_delivery_settle(delivery);
      }
      return true;
    }
    case PN_LINK_REMOTE_CLOSE:
    case PN_CONNECTION_REMOTE_CLOSE:
    case PN_TRANSPORT_CLOSED:
      if (error_.empty()) error_ = "the hub closed a connection or link of a partner";
      return true;
    case PN_PROACTOR_INTERRUPT:
      return false;
    default:
      return true;
  }
}

void StubPeers::receive(std::size_t at, pn_delivery_t* delivery) {
  if (!pn_delivery_readable(delivery) || pn_delivery_partial(delivery)) return;
  Peer& peer = peers_[at];
  std::string encoded(pn_delivery_pending(delivery), '\0');
  pn_link_recv(peer.out, encoded.data(), encoded.size());
  pn_link_advance(peer.out);
  pn_delivery_update(delivery, PN_ACCEPTED);
  pn_delivery_settle(delivery);
  if (pn_link_credit(peer.out) <= kCredit / 2) {
    pn_link_flow(peer.out, kCredit - pn_link_credit(peer.out));
  }
  hooks_.message(at, amqp::decode(encoded, {}, {}).body);
}

void StubPeers::send(std::size_t at, const std::string& id, const std::string& correlation,
                     std::string body) {
  connector::Attempt attempt;
  attempt.effect_id = id;
  attempt.headers.emplace_back("correlation-id", correlation);
  attempt.body = std::move(body);
  peers_[at].waiting.push_back(amqp::encode(attempt));
  flush(at);
}

void StubPeers::flush(std::size_t at) {
  Peer& peer = peers_[at];
  while (!peer.waiting.empty() && pn_link_credit(peer.in) > 0) {
    const std::string& encoded = peer.waiting.front();
    char tag[sizeof sent_];
    std::memcpy(tag, &++sent_, sizeof sent_);
    pn_delivery(peer.in, pn_dtag(tag, sizeof tag));
    pn_link_send(peer.in, encoded.data(), encoded.size());
    pn_link_advance(peer.in);
    peer.waiting.pop_front();
  }
}

}  // namespace masar::bench
