#include "connectors/amqp/peer.h"

#include <cstring>
#include <utility>

namespace masar::amqp {

Peer::Peer(Service& service, pn_connection_t* connection)
    : service_(service),
      connection_(connection),
      mailbox_(std::make_shared<Mailbox>(connection)) {}

Peer::~Peer() = default;

void Peer::expect_open() {
  service_.context.executor.post_after(
      service_.limits.opening, [weak = std::weak_ptr<Mailbox>(mailbox_)] {
        if (const auto mailbox = weak.lock()) mailbox->run(kLogin);
      });
}

void Peer::on_event(pn_event_t* event) {
  switch (pn_event_type(event)) {
    case PN_CONNECTION_REMOTE_OPEN: return on_open();
    case PN_SESSION_REMOTE_OPEN: return on_session_open(pn_event_session(event));
    case PN_LINK_REMOTE_OPEN: return on_link_open(pn_event_link(event));
    case PN_DELIVERY: {
      pn_link_t* link = pn_event_link(event);
      if (const auto in = inlets_.find(link); in != inlets_.end()) return read(in->second);
      if (const auto out = outlets_.find(link); out != outlets_.end()) {
        return on_update(out->second, pn_event_delivery(event));
      }
      return;
    }
    case PN_LINK_FLOW: {
      pn_link_t* link = pn_event_link(event);
      if (const auto out = outlets_.find(link); out != outlets_.end()) {
        out->second.touched = outlets_touched_ = true;
        // A receiver that drains gives its credit back; the outbox keeps what it did not get.
        if (pn_link_get_drain(link)) pn_link_drained(link);
      } else if (const auto in = inlets_.find(link); in != inlets_.end()) {
        grant(in->second);  // a drained link whose endpoint was resumed meanwhile
      }
      return;
    }
    case PN_CONNECTION_WAKE: return on_wake();
    case PN_LINK_REMOTE_CLOSE: return on_link_end(pn_event_link(event), true);
    case PN_LINK_REMOTE_DETACH: return on_link_end(pn_event_link(event), false);
    case PN_SESSION_REMOTE_CLOSE: return on_session_end(pn_event_session(event));
    case PN_CONNECTION_REMOTE_CLOSE: pn_connection_close(connection_); return;
    case PN_TRANSPORT_ERROR: return on_transport_error(pn_event_transport(event));
    case PN_TRANSPORT_CLOSED: return finish();
    default: return;
  }
}

void Peer::on_batch_end() {
  if (!std::exchange(outlets_touched_, false)) return;
  for (auto& [link, outlet] : outlets_) {
    if (!std::exchange(outlet.touched, false)) continue;
    const std::size_t limit = outlet.source->settings().in_flight_max;
    std::int64_t room =
        limit > outlet.in_flight ? static_cast<std::int64_t>(limit - outlet.in_flight) : 0;
    room = std::min<std::int64_t>(room, pn_link_credit(link));
    if (outlet.bytes >= service_.limits.buffer_bytes) room = 0;
    outlet.source->update(outlet.number, room, std::exchange(outlet.taken, 0));
  }
}

void Peer::on_wake() {
  mail_.answers.clear();
  mail_.sends.clear();
  mail_.errands = 0;
  mailbox_->take(mail_);
  if (!mail_.answers.empty()) settle_all(mail_.answers);
  if (!mail_.sends.empty()) send_all(mail_.sends);
  if (mail_.errands & kReview) review();
  if (mail_.errands & kDeadlines) expire();
  if ((mail_.errands & kLogin) && !opened_) cut();
  if (mail_.errands != 0) on_errand(mail_.errands);
  if (mail_.errands & kClose) close(condition::kForced, "the hub is stopping");
}

void Peer::close(const char* name, const std::string& description) {
  opened_ = false;
  if (pn_connection_state(connection_) & PN_LOCAL_CLOSED) return;
  if (pn_connection_state(connection_) & PN_REMOTE_UNINIT)
    return cut();  // no open came: nobody to tell
  set(pn_connection_condition(connection_), name, description);
  pn_connection_close(connection_);
}

void Peer::cut() {
  pn_transport_t* transport = pn_connection_transport(connection_);
  if (transport == nullptr) return;
  pn_transport_close_tail(transport);
  pn_transport_close_head(transport);
}

void Peer::on_link_end(pn_link_t* link, bool closed) {
  forget_link(link);
  on_link_gone(link, pn_link_remote_condition(link));
  if (closed) {
    pn_link_close(link);
  } else {
    pn_link_detach(link);
  }
  pn_link_free(link);
}

void Peer::forget_link(pn_link_t* link) {
  if (const auto in = inlets_.find(link); in != inlets_.end()) {
    forget(in->second);
    inlets_.erase(in);
  } else if (const auto out = outlets_.find(link); out != outlets_.end()) {
    forget(out->second);
    outlets_.erase(out);
  }
}

void Peer::on_session_end(pn_session_t* session) {
  std::vector<pn_link_t*> links;
  for (pn_link_t* link = pn_link_head(connection_, 0); link != nullptr;
       link = pn_link_next(link, 0)) {
    if (pn_link_session(link) == session) links.push_back(link);
  }
  for (pn_link_t* link : links) {
    forget_link(link);
    on_link_gone(link, pn_session_remote_condition(session));
  }
  pn_session_close(session);
  pn_session_free(session);
}

void Peer::on_transport_error(pn_transport_t* transport) {
  pn_condition_t* error = pn_transport_condition(transport);
  on_error(text_or(pn_condition_get_name(error), "amqp:internal-error"),
           text_or(pn_condition_get_description(error), ""));
}

void Peer::finish() {
  if (std::exchange(ended_, true)) return;
  opened_ = false;
  Mailbox::Contents rest = mailbox_->close();
  while (!inlets_.empty()) forget_link(inlets_.begin()->first);
  while (!outlets_.empty()) forget_link(outlets_.begin()->first);
  for (ToSend& message : rest.sends) {
    message.done({connector::OutcomeKind::unavailable,
                  "amqp:connection-lost",
                  "the receiver left before it was sent",
                  {},
                  {}});
  }
  on_over();
}

}  // namespace masar::amqp
