#include "connectors/amqp/peer.h"

#include <cstring>
#include <utility>

namespace masar::amqp {

Peer::Peer(Service& service, pn_connection_t* connection, bool refused)
    : service_(service),
      connection_(connection),
      mailbox_(std::make_shared<Mailbox>(connection)),
      refused_(refused) {}

Peer::~Peer() {
  if (!ended_) on_end();
}

void Peer::on_event(pn_event_t* event) {
  switch (pn_event_type(event)) {
    case PN_CONNECTION_REMOTE_OPEN: return on_open();
    case PN_SESSION_REMOTE_OPEN: {
      pn_session_t* session = pn_event_session(event);
      pn_session_set_incoming_capacity(session, service_.settings.session_bytes);
      return pn_session_open(session);
    }
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
    case PN_TRANSPORT_CLOSED: return on_end();
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
    if (outlet.bytes >= service_.settings.buffer_bytes) room = 0;
    outlet.source->update(outlet.number, room, std::exchange(outlet.taken, 0));
  }
}

void Peer::on_open() {
  pn_transport_t* transport = pn_connection_transport(connection_);
  pn_sasl_t* sasl = pn_sasl(transport);
  pn_connection_set_container(connection_, "masar");
  pn_connection_open(connection_);
  const char* user = pn_sasl_outcome(sasl) == PN_SASL_OK ? pn_sasl_get_user(sasl) : nullptr;
  if (user == nullptr || !pn_transport_is_authenticated(transport)) {
    return close(condition::kUnauthorized, "log in by SASL PLAIN");
  }
  if (refused_) return close(condition::kLimit, "too many connections");
  if (!service_.accepting) return close(condition::kForced, "the hub is stopping");
  opened_ = true;
  user_ = user;
  service_.log("info", "AMQP: " + user_ + " connected");
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

void Peer::on_link_open(pn_link_t* link) {
  if (!opened_) return;
  if (inlets_.size() + outlets_.size() >= service_.settings.links_max) {
    return refuse_link(link, condition::kLimit, "too many links on one connection");
  }
  if (pn_link_is_receiver(link)) {
    open_inlet(link);
  } else {
    open_outlet(link);
  }
}

/// An attach without terminus, then a detach with the reason: part 2.6.3.
void Peer::refuse_link(pn_link_t* link, const char* name, const std::string& description,
                       const std::string& endpoint) {
  pn_link_open(link);
  set(pn_link_condition(link), name, description);
  pn_link_close(link);
  service_.log("warning",
               "AMQP: a link of " + user_ + " was refused: " + name + ", " + description);
  if (service_.intake == nullptr) return;
  service_.intake->refused(endpoint.empty() ? service_.settings.id : endpoint, name,
                           "a link of " + user_ + ": " + description);
}

void Peer::on_link_end(pn_link_t* link, bool closed) {
  forget_link(link);
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
  for (const auto& [link, inlet] : inlets_) {
    if (pn_link_session(link) == session) links.push_back(link);
  }
  for (const auto& [link, outlet] : outlets_) {
    if (pn_link_session(link) == session) links.push_back(link);
  }
  for (pn_link_t* link : links) forget_link(link);
  pn_session_close(session);
  pn_session_free(session);
}

void Peer::on_transport_error(pn_transport_t* transport) {
  pn_condition_t* error = pn_transport_condition(transport);
  const std::string name = text_or(pn_condition_get_name(error), "amqp:internal-error");
  if (user_.empty()) {
    // The description may quote what a stranger sent; it goes nowhere.
    if (service_.intake != nullptr) {
      service_.intake->refused(service_.settings.id, name,
                               "a connection ended before it was logged in");
    }
    return;
  }
  service_.log("warning", "AMQP: the connection of " + user_ + " ended: " + name + ", " +
                              text_or(pn_condition_get_description(error), ""));
}

void Peer::on_end() {
  opened_ = false;
  ended_ = true;
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
  if (!user_.empty()) service_.log("info", "AMQP: " + user_ + " disconnected");
}

}  // namespace masar::amqp
