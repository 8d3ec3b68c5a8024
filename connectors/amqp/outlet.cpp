#include <algorithm>
#include <cstring>
#include <utility>

#include "connectors/amqp/codec.h"
#include "connectors/amqp/peer.h"

namespace masar::amqp {
namespace {

using connector::Outcome;
using connector::OutcomeKind;

constexpr std::string_view kEncoded = ":encoded";

bool is_encoded(const connector::Attempt& attempt) {
  return std::any_of(attempt.headers.begin(), attempt.headers.end(), [](const auto& header) {
    return header.first == kEncoded && header.second == "1";
  });
}

struct Tag {
  std::uint32_t place;
  std::uint32_t turn;
};

Outcome outcome_of(pn_delivery_t* delivery) {
  pn_disposition_t* remote = pn_delivery_remote(delivery);
  switch (pn_delivery_remote_state(delivery)) {
    case PN_ACCEPTED:
      return {OutcomeKind::delivered, {}, {}, {}, {}};
    case PN_REJECTED: {
      pn_condition_t* reason = pn_disposition_condition(remote);
      return {OutcomeKind::rejected,
              text_or(pn_condition_get_name(reason), "amqp:rejected"),
              text_or(pn_condition_get_description(reason), "the receiver rejected it"),
              {},
              {}};
    }
    case PN_RELEASED:
      return {OutcomeKind::unavailable, "amqp:released", "the receiver released it", {}, {}};
    case PN_MODIFIED:
      return {OutcomeKind::unavailable,
              "amqp:released",
              "the receiver gave it back as modified",
              {},
              {}};
    default:
      return {OutcomeKind::unknown,
              "amqp:no-outcome",
              "the receiver settled it without an outcome",
              {},
              {}};
  }
}

}  // namespace

void Peer::add_outlet(pn_link_t* link, std::shared_ptr<Source> source) {
  Outlet& outlet = outlets_[link];
  outlet.link = link;
  outlet.source = std::move(source);
  outlet.number = ++service_.links;
  outlet_by_number_[outlet.number] = &outlet;
  outlet.source->add_receiver(outlet.number, mailbox_);
  outlet.touched = outlets_touched_ = true;  // credit may have come with the link
}

void Peer::send_all(std::vector<ToSend>& messages) {
  for (ToSend& message : messages) send(message);
}

void Peer::send(ToSend& message) {
  const auto found = outlet_by_number_.find(message.link);
  if (found == outlet_by_number_.end()) {
    return message.done({OutcomeKind::unavailable,
                         "amqp:detached",
                         "the receiver left before it was sent",
                         {},
                         {},
                         false});
  }
  Outlet& outlet = *found->second;
  ++outlet.taken;
  outlet.touched = outlets_touched_ = true;
  if (pn_link_credit(outlet.link) <= 0 || (pn_link_state(outlet.link) & PN_LOCAL_CLOSED)) {
    return message.done({OutcomeKind::unavailable,
                         "amqp:no-credit",
                         "the receiver took its credit back",
                         {},
                         {},
                         false});
  }
  const bool as_it_is = is_encoded(message.attempt);
  const std::string encoded = as_it_is ? std::move(message.attempt.body) : encode(message.attempt);
  const std::uint64_t most = pn_link_remote_max_message_size(outlet.link);
  if (most > 0 && encoded.size() > most) {  // the other side would end the link, each time
    return message.done({OutcomeKind::rejected,
                         condition::kTooLarge,
                         "the receiver takes messages of at most " + std::to_string(most) +
                             " bytes",
                         {},
                         {}});
  }
  if (outlet.free.empty()) {
    outlet.free.push_back(static_cast<std::uint32_t>(outlet.places.size()));
    outlet.places.emplace_back();
  }
  const std::uint32_t place = outlet.free.back();
  outlet.free.pop_back();
  InFlight& flight = outlet.places[place];
  const Tag tag{place, flight.turn};
  char bytes[sizeof tag];
  std::memcpy(bytes, &tag, sizeof tag);
  flight.delivery = pn_delivery(outlet.link, pn_dtag(bytes, sizeof bytes));
  flight.done = std::move(message.done);
  flight.deadline = message.deadline;
  flight.bytes = encoded.size();
  outlet.bytes += flight.bytes;
  ++outlet.in_flight;
  pn_link_send(outlet.link, encoded.data(), encoded.size());
  pn_link_advance(outlet.link);
  if (outlet.timer == kNoTimer) set_timer(outlet);
}

void Peer::on_update(Outlet& outlet, pn_delivery_t* delivery) {
  const bool decided =
      pn_delivery_settled(delivery) || pn_delivery_remote_state(delivery) > PN_RECEIVED;
  const pn_delivery_tag_t bytes = pn_delivery_tag(delivery);
  Tag tag{};
  if (!decided || bytes.size != sizeof tag) return;
  std::memcpy(&tag, bytes.start, sizeof tag);
  if (tag.place >= outlet.places.size() || outlet.places[tag.place].turn != tag.turn) return;
  Outcome outcome = outcome_of(delivery);
  end(outlet, tag.place, std::move(outcome));
}

/// Settles, so that Proton forgets the delivery, and says the outcome.
void Peer::end(Outlet& outlet, std::size_t place, Outcome outcome) {
  InFlight& flight = outlet.places[place];
  pn_delivery_settle(flight.delivery);
  const auto done = std::move(flight.done);
  outlet.bytes -= flight.bytes;
  --outlet.in_flight;
  outlet.touched = outlets_touched_ = true;
  flight = InFlight{nullptr, nullptr, {}, 0, flight.turn + 1};
  outlet.free.push_back(static_cast<std::uint32_t>(place));
  done(std::move(outcome));
}

/// One errand at a time, for the earliest deadline: a time-out costs nothing while answers come.
void Peer::set_timer(Outlet& outlet) {
  outlet.timer = kNoTimer;
  for (const InFlight& flight : outlet.places) {
    if (flight.delivery != nullptr) outlet.timer = std::min(outlet.timer, flight.deadline);
  }
  if (outlet.timer == kNoTimer) return;
  const auto wait = std::max(outlet.timer - service_.context.steady.now(),
                             std::chrono::steady_clock::duration::zero());
  service_.context.executor.post_after(wait, [weak = std::weak_ptr<Mailbox>(mailbox_)] {
    if (const auto mailbox = weak.lock()) mailbox->run(kDeadlines);
  });
}

void Peer::expire() {
  const auto now = service_.context.steady.now();
  for (auto& [link, outlet] : outlets_) {
    if (outlet.timer > now) continue;  // none, or its own errand will come
    for (std::size_t place = 0; place < outlet.places.size(); ++place) {
      const InFlight& flight = outlet.places[place];
      if (flight.delivery == nullptr || flight.deadline > now) continue;
      end(outlet, place,
          {OutcomeKind::unknown, "amqp:timeout", "the receiver did not settle it in time", {}, {}});
    }
    set_timer(outlet);
  }
}

void Peer::forget(Outlet& outlet) {
  outlet.source->remove_receiver(outlet.number);
  outlet_by_number_.erase(outlet.number);
  for (std::size_t place = 0; place < outlet.places.size(); ++place) {
    if (outlet.places[place].delivery == nullptr) continue;
    end(outlet, place,
        {OutcomeKind::unknown,
         "amqp:connection-lost",
         "the receiver left before it settled it",
         {},
         {}});
  }
}

}  // namespace masar::amqp
