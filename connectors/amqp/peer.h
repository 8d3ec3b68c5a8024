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
#include "core/base/guarded.h"
#include "core/connector/connector.h"

namespace masar::amqp {

/// What all connections of a listener, or all of a broker, share. Immutable once they are made but
/// for what is atomic or guarded.
struct Service {
  Service(const connector::Context& with, std::string of, const ConnectionLimits& each)
      : context(with), id(std::move(of)), limits(each) {}
  void log(std::string_view level, const std::string& text) const {
    context.log(level, text);
  }

  const connector::Context& context;
  const std::string id;
  const ConnectionLimits limits;
  std::map<std::string, std::shared_ptr<Target>, std::less<>> targets;  ///< by address
  std::map<std::string, std::shared_ptr<Source>, std::less<>> sources;  ///< by address
  connector::Intake* intake = nullptr;  ///< told of logins and links that are refused
  std::atomic<bool> accepting = true;
  std::atomic<std::uint64_t> links = 0;  ///< numbers given to links
  /// By endpoint: what stands in the way of its link; none where nothing does.
  Guarded<std::map<std::string, std::string>> obstacles;
};

/// A message that came into a pause: it is neither handed in nor settled.
struct HeldDelivery {
  pn_delivery_t* delivery;
  std::string encoded;
};

/// A link on which messages come.
struct Inlet {
  pn_link_t* link;
  std::shared_ptr<Target> target;
  std::string part;                 ///< of the message that is arriving
  bool too_large = false;           ///< that one: the rest of it is dropped
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

/// A link on which messages go.
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

/// One connection: its links, what came and has no answer, what was sent and is not settled. All of
/// it belongs to the connection's events, which Proton never handles on two threads at once; other
/// threads reach it through its mailbox only. Who opened the connection, and who opens the links,
/// is the derived class's.
///
/// Owned by its loop until the connection's last event.
class Peer {
 public:
  virtual ~Peer();  ///< a derived class ends it first, where the connection's last event never came
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::shared_ptr<Mailbox>& mailbox() const noexcept { return mailbox_; }
  void on_event(pn_event_t* event);
  /// It is cut where it is not open in its time from now.
  void expect_open();
  /// After the last event of a batch: tells the sources what their receivers may take now.
  void on_batch_end();
  bool ended() const noexcept { return ended_; }

 protected:
  Peer(Service& service, pn_connection_t* connection);

  // What the one who opened the connection makes of it.
  virtual void on_open() = 0;  ///< the other side's open has come
  virtual void on_session_open(pn_session_t* session) = 0;
  virtual void on_link_open(pn_link_t* link) = 0;
  /// The other side ended the link, or its session; the peer has forgotten it.
  virtual void on_link_gone(pn_link_t* link, pn_condition_t* why) { (void)link, (void)why; }
  /// More bytes than a message may have. True: they are read on, dropped, and the message rejected.
  virtual bool is_too_large(Inlet& inlet) = 0;
  virtual void take_credit_back(pn_link_t* link) = 0;
  virtual void on_errand(unsigned errands) { (void)errands; }
  virtual void on_error(const std::string& name, const std::string& description) = 0;
  virtual void on_over() = 0;  ///< the last that is said of the connection

  Service& service() const noexcept { return service_; }
  pn_connection_t* connection() const noexcept { return connection_; }
  bool opened() const noexcept { return opened_; }
  void set_opened() noexcept { opened_ = true; }
  std::size_t links() const noexcept { return inlets_.size() + outlets_.size(); }
  void add_inlet(pn_link_t* link, std::shared_ptr<Target> target);
  void add_outlet(pn_link_t* link, std::shared_ptr<Source> source);
  void close(const char* condition, const std::string& description);
  void cut();
  void finish();  ///< once; every link is forgotten, every outcome said

 private:
  // peer.cpp: connection, sessions, links
  void on_wake();
  void on_link_end(pn_link_t* link, bool closed);
  void on_session_end(pn_session_t* session);
  void on_transport_error(pn_transport_t* transport);
  void forget_link(pn_link_t* link);

  // inlet.cpp: messages that come
  void read(Inlet& inlet);
  bool read_part(Inlet& inlet, pn_delivery_t* delivery);
  void take(Inlet& inlet, pn_delivery_t* delivery);
  bool hand_in(Inlet& inlet, pn_delivery_t* delivery, std::string& encoded);
  void review();
  void review(Inlet& inlet);
  void settle(const Answered& answered);
  void settle(const Target& target, pn_delivery_t* delivery, const Verdict& verdict);
  bool waits(const Answered& answered, const Target& target);
  void reject(Inlet& inlet, pn_delivery_t* delivery, const char* condition,
              const std::string& description);
  void grant(Inlet& inlet);
  void settle_all(const std::vector<Answered>& answers);
  void forget(Inlet& inlet);
  bool stalled() const noexcept { return open_bytes_ >= service_.limits.buffer_bytes; }

  // outlet.cpp: messages that go
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
