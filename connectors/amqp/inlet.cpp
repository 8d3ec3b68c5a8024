#include <algorithm>
#include <utility>

#include "connectors/amqp/codec.h"
#include "connectors/amqp/peer.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace masar::amqp {
namespace {

using connector::PartAnswer;

/// One disposition for the answers of all parts: what may be repeated is repeated whole (what was
/// taken is then a duplicate); what was taken in part is taken.
Verdict verdict_of(const connector::IntakeAnswer& parts) {
  const PartAnswer* refused = nullptr;
  bool taken = false;
  for (const PartAnswer& part : parts) {
    switch (part.kind) {
      case PartAnswer::Kind::retry_later: return {Verdict::Kind::later, {}, {}};
      case PartAnswer::Kind::refused:
        if (refused == nullptr) refused = &part;
        break;
      case PartAnswer::Kind::accepted:
      case PartAnswer::Kind::replied: taken = true;
    }
  }
  if (taken || refused == nullptr) return {};
  // A code with a prefix is a condition already: what the next hop of a pass-through said.
  const bool prefixed = refused->code.find(':') != std::string::npos;
  return {Verdict::Kind::reject, prefixed ? refused->code : "masar:" + refused->code,
          clean_text(refused->text)};
}

/// What has come of a delivery and is wanted by nobody: it fills the session's window until then.
void drop(pn_delivery_t* delivery) {
  char dropped[4096];
  while (pn_link_recv(pn_delivery_link(delivery), dropped, sizeof dropped) > 0) continue;
}

std::uint64_t ticket_of(std::uint32_t place, std::uint32_t turn) {
  return std::uint64_t{turn} << 32 | place;
}

}  // namespace

void Peer::add_inlet(pn_link_t* link, std::shared_ptr<Target> target) {
  Inlet& inlet = inlets_.try_emplace(link, Inlet{link, std::move(target), {}}).first->second;
  grant(inlet);
}

/// All that has arrived on the link and may be read, in its order.
void Peer::read(Inlet& inlet) {
  while (!stalled()) {
    // After our close of the link deliveries may still come, in the same batch too.
    if (pn_link_state(inlet.link) & PN_LOCAL_CLOSED) return;
    pn_delivery_t* delivery = pn_link_current(inlet.link);
    if (delivery == nullptr || !pn_delivery_readable(delivery)) return;
    if (pn_delivery_aborted(delivery)) {
      inlet.part.clear();
      pn_delivery_settle(delivery);
      grant(inlet);
      continue;
    }
    if (!read_part(inlet, delivery) || pn_delivery_partial(delivery)) return;
    pn_link_advance(inlet.link);
    take(inlet, delivery);
  }
  if (inlet.target->paused) grant(inlet);  // what is not read yet has come without credit
}

/// False: the message is larger than it may be, and nothing more of the link is read.
bool Peer::read_part(Inlet& inlet, pn_delivery_t* delivery) {
  const std::size_t pending = pn_delivery_pending(delivery);
  if (pending == 0) return true;
  const std::size_t had = inlet.part.size();
  if (!inlet.too_large && had + pending > inlet.target->body_bytes_max) {
    inlet.part = {};
    if (!is_too_large(inlet)) return false;
    inlet.too_large = true;
  }
  if (inlet.too_large) {
    drop(delivery);
    return true;
  }
  inlet.part.resize(had + pending);
  const ssize_t got = pn_link_recv(inlet.link, inlet.part.data() + had, pending);
  inlet.part.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return true;
}

void Peer::take(Inlet& inlet, pn_delivery_t* delivery) {
  std::string encoded = std::exchange(inlet.part, {});
  if (std::exchange(inlet.too_large, false)) {
    return reject(inlet, delivery, condition::kTooLarge,
                  "a message of more than " + std::to_string(inlet.target->body_bytes_max) +
                      " bytes");
  }
  if (encoded.empty())
    return reject(inlet, delivery, condition::kDecode, "an empty transfer is no message");
  // What the peer sent before it knew better: nothing is journaled while stopping …
  if (!service_.accepting) {
    settle(*inlet.target, delivery, {Verdict::Kind::release, {}, {}});
    return grant(inlet);
  }
  // … nor while paused, and then nothing overtakes: what is held back goes first.
  const bool waits = inlet.target->paused || !inlet.held.empty();
  if (!waits && hand_in(inlet, delivery, encoded)) return;
  open_bytes_ += encoded.size();
  inlet.held.push_back({delivery, std::move(encoded)});
  grant(inlet);
}

/// False: it waits for a pause to end, and `encoded` is as it was.
bool Peer::hand_in(Inlet& inlet, pn_delivery_t* delivery, std::string& encoded) {
  Target& target = *inlet.target;
  const std::size_t bytes = encoded.size();
  connector::Received received;
  received.endpoint = target.id;
  received.sender = target.partner;
  if (!target.settings.encoded) {
    try {
      Decoded decoded =
          decode(encoded, target.settings.properties, service_.context.business.now());
      received.message_id = std::move(decoded.message_id);
      received.headers = std::move(decoded.headers);
      if (target.settings.tells_redelivery) {
        received.headers.emplace_back("redelivered", decoded.redelivered ? "true" : "false");
        received.headers.emplace_back("delivery-count", std::to_string(decoded.delivery_count));
      }
      received.body = std::move(decoded.body);
      received.expires = decoded.expires;
    } catch (const Error& error) {
      reject(inlet, delivery, condition::kDecode, error.what());
      return true;
    }
  }
  if (target.intake->holds(received)) return false;
  received.admitted = true;
  if (target.settings.encoded) received.encoded = std::move(encoded);
  if (open_free_.empty()) {
    open_free_.push_back(static_cast<std::uint32_t>(open_.size()));
    open_.emplace_back();
  }
  const std::uint32_t place = open_free_.back();
  open_free_.pop_back();
  OpenDelivery& open = open_[place];
  open.delivery = delivery;
  open.inlet = &inlet;
  open.bytes = bytes;
  open_bytes_ += bytes;
  ++inlet.open;
  target.intake->take(
      std::move(received),
      [mailbox = mailbox_, ticket = ticket_of(place, open.turn)](connector::IntakeAnswer answer) {
        mailbox->answer({ticket, verdict_of(answer), false});
      });
  return true;
}

/// An endpoint or a route was paused or resumed, or accepting ended.
void Peer::review() {
  const bool was_stalled = stalled();
  for (auto& [link, inlet] : inlets_) review(inlet);
  if (!was_stalled) return;
  for (auto& [link, inlet] : inlets_) read(inlet);
}

void Peer::review(Inlet& inlet) {
  while (!inlet.held.empty() && !(inlet.target->paused && service_.accepting)) {
    HeldDelivery& first = inlet.held.front();
    const std::size_t bytes = first.encoded.size();
    if (!service_.accepting) {
      settle(*inlet.target, first.delivery, {Verdict::Kind::release, {}, {}});
    } else if (!hand_in(inlet, first.delivery, first.encoded)) {
      break;
    }
    open_bytes_ -= bytes;
    inlet.held.pop_front();
  }
  grant(inlet);
}

void Peer::reject(Inlet& inlet, pn_delivery_t* delivery, const char* name,
                  const std::string& description) {
  settle(*inlet.target, delivery, {Verdict::Kind::reject, name, description});
  inlet.target->intake->refused(inlet.target->id, name, description);
  grant(inlet);
}

void Peer::settle(const Target& target, pn_delivery_t* delivery, const Verdict& verdict) {
  pn_disposition_t* local = pn_delivery_local(delivery);
  switch (verdict.kind) {
    case Verdict::Kind::accept: pn_delivery_update(delivery, PN_ACCEPTED); break;
    case Verdict::Kind::later:
      if (target.settings.modifies) {
        pn_disposition_set_failed(local, true);
        pn_delivery_update(delivery, PN_MODIFIED);
        break;
      }
      [[fallthrough]];
    case Verdict::Kind::release: pn_delivery_update(delivery, PN_RELEASED); break;
    case Verdict::Kind::reject:
      set(pn_disposition_condition(local), verdict.condition.c_str(), verdict.description);
      pn_delivery_update(delivery, PN_REJECTED);
  }
  pn_delivery_settle(delivery);
}

/// A queue gives what is given back again at once: the hub keeps it for a while, with the credit
/// that it takes. True: the answer comes once more.
bool Peer::waits(const Answered& answered, const Target& target) {
  const auto wait = target.settings.gives_back_after;
  if (answered.verdict.kind != Verdict::Kind::later || answered.waited || wait.count() == 0)
    return false;
  service_.context.executor.post_after(
      wait, [weak = std::weak_ptr<Mailbox>(mailbox_), ticket = answered.ticket] {
        const auto mailbox = weak.lock();
        if (mailbox) mailbox->answer({ticket, {Verdict::Kind::later, {}, {}}, true});
      });
  return true;
}

void Peer::settle(const Answered& answered) {
  const auto place = static_cast<std::uint32_t>(answered.ticket);
  OpenDelivery& open = open_[place];
  if (open.delivery == nullptr || ticket_of(place, open.turn) != answered.ticket)
    return;  // its link is gone
  if (waits(answered, *open.inlet->target)) return;
  settle(*open.inlet->target, open.delivery, answered.verdict);
  --open.inlet->open;
  open.inlet->touched = true;
  open_bytes_ -= open.bytes;
  open = {nullptr, nullptr, 0, open.turn + 1};
  open_free_.push_back(place);
}

void Peer::settle_all(const std::vector<Answered>& answers) {
  const bool was_stalled = stalled();
  for (const Answered& each : answers) settle(each);
  for (auto& [link, inlet] : inlets_) {
    if (std::exchange(inlet.touched, false)) grant(inlet);
  }
  if (!was_stalled) return;
  for (auto& [link, inlet] : inlets_) read(inlet);
}

/// Credit for the buffer space that is free: what was granted and not used, and what has no answer
/// yet, are together at most the endpoint's credit. Topped up in steps, as each costs a frame.
void Peer::grant(Inlet& inlet) {
  if (pn_link_state(inlet.link) & PN_LOCAL_CLOSED) return;
  const int granted = pn_link_credit(inlet.link);
  if (inlet.target->paused || !inlet.held.empty() || !service_.accepting)
    return take_credit_back(inlet.link);
  constexpr int kStep = 4;  // a quarter of the whole
  const int credit = inlet.target->settings.credit;
  const int free = std::max(credit - granted - inlet.open, 0);
  // A drain under way ends with any flow, also of nothing.
  if (pn_link_get_drain(inlet.link) || (free > 0 && (granted == 0 || free * kStep >= credit))) {
    pn_link_flow(inlet.link, free);
  }
}

void Peer::forget(Inlet& inlet) {
  for (const HeldDelivery& held : inlet.held) open_bytes_ -= held.encoded.size();
  for (std::uint32_t place = 0; place < open_.size(); ++place) {
    OpenDelivery& open = open_[place];
    if (open.delivery == nullptr || open.inlet != &inlet) continue;
    open_bytes_ -= open.bytes;
    open = {nullptr, nullptr, 0, open.turn + 1};
    open_free_.push_back(place);
  }
  // What was not read of the link still fills the session's window.
  while (pn_delivery_t* delivery = pn_link_current(inlet.link)) {
    drop(delivery);
    pn_delivery_settle(delivery);
    if (pn_link_current(inlet.link) == delivery) break;
  }
}

}  // namespace masar::amqp
