#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "connectors/amqp/endpoints.h"
#include "connectors/amqp/mailbox.h"
#include "connectors/amqp/proton.h"
#include "connectors/amqp/settings.h"
#include "core/connector/connector.h"

namespace masar::amqp {

/// What all connections of a listener share. Immutable while it listens but for the flag.
struct Service {
  Service(const connector::Context& with, ListenerSettings of)
      : context(with), settings(std::move(of)) {}
  void log(std::string_view level, const std::string& text) const {
    if (context.log) context.log(level, text);
  }

  const connector::Context& context;
  ListenerSettings settings;
  std::map<std::string, std::shared_ptr<Target>, std::less<>> targets;  ///< by address
  std::map<std::string, std::shared_ptr<Source>, std::less<>> sources;  ///< by address
  connector::Intake* intake = nullptr;  ///< told of logins and links that are refused
  std::atomic<bool> accepting = true;
  std::atomic<std::uint64_t> links = 0;  ///< numbers given to links
};

/// A message that came into a pause: it is neither handed in nor settled.
struct HeldDelivery {
  pn_delivery_t* delivery;
  std::string encoded;
};

/// A peer's link that sends to us.
struct Inlet {
  pn_link_t* link;
  std::shared_ptr<Target> target;
  std::string part;                 ///< of the message that is arriving
  int open = 0;                     ///< messages without an answer
  bool touched = false;             ///< answered since its credit was last looked at
  std::deque<HeldDelivery> held{};  ///< in their order; bounded by the credit it was given
};

/// A message that came and has no answer yet. Its ticket is its place and the place's turn.
struct OpenDelivery {
  pn_delivery_t* delivery = nullptr;
  Inlet* inlet = nullptr;
  std::size_t bytes = 0;
  std::uint32_t turn = 0;
};

/// A message that was sent and is not settled yet. Its delivery tag is its place and the place's
/// turn.
struct InFlight {
  pn_delivery_t* delivery = nullptr;
  connector::Outbound::Done done;
  SteadyClock::TimePoint deadline;
  std::size_t bytes = 0;
  std::uint32_t turn = 0;
};

constexpr SteadyClock::TimePoint kNoTimer = SteadyClock::TimePoint::max();

/// A link that we send on.
struct Outlet {
  pn_link_t* link = nullptr;
  std::shared_ptr<Source> source;
  std::uint64_t number = 0;
  std::vector<InFlight> places;
  std::vector<std::uint32_t> free;
  std::size_t in_flight = 0;
  std::size_t bytes = 0;                    ///< in flight
  std::size_t taken = 0;                    ///< out of the mailbox since the source was told
  SteadyClock::TimePoint timer = kNoTimer;  ///< when the errand for its deadlines comes
  bool touched = false;                     ///< what it may take may have changed
};

/// One connection of a partner: its links, what came and has no answer, what was sent and is not
/// settled. All of it belongs to the connection's events, which Proton never handles on two threads
/// at once; other threads reach it through its mailbox only.
///
/// Owned by its listener from accept until the connection's last event.
class Peer {
 public:
  /// `refused`: one connection too many; it is told so as soon as it has opened.
  Peer(Service& service, pn_connection_t* connection, bool refused);
  ~Peer();  ///< ends it, where the connection's last event never came
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::shared_ptr<Mailbox>& mailbox() const noexcept { return mailbox_; }
  void on_event(pn_event_t* event);
  /// After the last event of a batch: tells the sources what their receivers may take now.
  void on_batch_end();
  bool ended() const noexcept { return ended_; }

 private:
  // peer.cpp: connection, sessions, links
  void on_open();
  void on_wake();
  void on_link_open(pn_link_t* link);
  void on_link_end(pn_link_t* link, bool closed);
  void on_session_end(pn_session_t* session);
  void on_end();
  void on_transport_error(pn_transport_t* transport);
  void close(const char* condition, const std::string& description);
  void cut();
  /// `endpoint`: whose address it asked for; empty: of none.
  void refuse_link(pn_link_t* link, const char* condition, const std::string& description,
                   const std::string& endpoint = {});
  void forget_link(pn_link_t* link);

  // inlet.cpp: messages that come
  void open_inlet(pn_link_t* link);
  void read(Inlet& inlet);
  bool read_part(Inlet& inlet, pn_delivery_t* delivery);
  void take(Inlet& inlet, pn_delivery_t* delivery);
  bool hand_in(Inlet& inlet, pn_delivery_t* delivery, std::string& encoded);
  void review();
  void review(Inlet& inlet);
  void settle(const Answered& answered);
  void settle(pn_delivery_t* delivery, const Verdict& verdict);
  void reject(Inlet& inlet, pn_delivery_t* delivery, const char* condition,
              const std::string& description);
  void grant(Inlet& inlet);
  void settle_all(const std::vector<Answered>& answers);
  void forget(Inlet& inlet);
  bool stalled() const noexcept { return open_bytes_ >= service_.settings.buffer_bytes; }

  // outlet.cpp: messages that go
  void open_outlet(pn_link_t* link);
  void send(ToSend& message);
  void send_all(std::vector<ToSend>& messages);
  void on_update(Outlet& outlet, pn_delivery_t* delivery);
  void end(Outlet& outlet, std::size_t place, connector::Outcome outcome);
  void expire();
  void set_timer(Outlet& outlet);
  void forget(Outlet& outlet);

  Service& service_;
  pn_connection_t* const connection_;
  const std::shared_ptr<Mailbox> mailbox_;
  const bool refused_;
  std::string user_;  // empty until logged in
  bool opened_ = false;
  bool ended_ = false;

  std::unordered_map<pn_link_t*, Inlet> inlets_;
  std::unordered_map<pn_link_t*, Outlet> outlets_;
  std::unordered_map<std::uint64_t, Outlet*> outlet_by_number_;
  std::vector<OpenDelivery> open_;
  std::vector<std::uint32_t> open_free_;
  std::size_t open_bytes_ = 0;  // of messages without an answer, and of held ones
  bool outlets_touched_ = false;
  Mailbox::Contents mail_;  // kept for its capacity
};

}  // namespace masar::amqp
