#pragma once

// A partner for the tests: Proton's C engine on the test's own thread, so that what a peer does
// stands in the test in its order. It shares nothing with the connector but the library.

#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/delivery.h>
#include <proton/disposition.h>
#include <proton/event.h>
#include <proton/link.h>
#include <proton/proactor.h>
#include <proton/sasl.h>
#include <proton/session.h>
#include <proton/terminus.h>
#include <proton/transport.h>

namespace masar::test {

class Client {
 public:
  enum class Login { plain, anonymous, skipped };

  Client(const std::string& address, std::string user, std::string password,
         Login login = Login::plain);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// What became of a delivery that we sent.
  struct Settled {
    std::uint64_t state = 0;
    std::string condition;
    std::string description;
  };
  struct Arrived {
    std::string bytes;
    pn_delivery_t* delivery;
  };

  bool opened() const { return opened_; }
  bool closed() const { return closed_; }
  /// Of the connection's end: the peer's close or the transport's error.
  const std::string& condition() const { return condition_; }

  /// Handles events until `what` holds. Throws where nothing at all comes for long.
  void until(const std::function<bool()>& what);
  /// Runs `work` where Proton's objects may be touched.
  void act(const std::function<void()>& work);
  Client& wait_open() {
    until([this] { return opened_ || closed_; });
    return *this;
  }

  pn_link_t* open_sender(const std::string& target);
  pn_link_t* open_receiver(const std::string& source, int credit);
  bool link_open(pn_link_t* link) const;  ///< the peer accepted the address
  bool link_closed(pn_link_t* link) const { return link_conditions_.contains(link); }
  std::string link_condition(pn_link_t* link) const;
  int credit(pn_link_t* link) const { return pn_link_credit(link); }

  /// Starts a delivery with these bytes; `whole`: and ends it. The number names it in settled().
  std::size_t send(pn_link_t* link, const std::string& bytes, bool whole = true);
  void abort(std::size_t number);
  void more(std::size_t number, const std::string& bytes, bool whole);
  const std::map<std::size_t, Settled>& settled() const { return settled_; }
  Settled wait_settled(std::size_t number);

  std::deque<Arrived>& arrived() { return arrived_; }
  Arrived wait_arrived();
  void settle(pn_delivery_t* delivery, std::uint64_t state, const std::string& condition = {},
              const std::string& description = {});
  void detach(pn_link_t* link);
  void close();
  void drop();  ///< the socket, without a word

 private:
  void handle(pn_event_t* event);
  void on_delivery(pn_delivery_t* delivery);

  pn_proactor_t* proactor_;
  pn_connection_t* connection_ = nullptr;
  pn_session_t* session_ = nullptr;
  std::vector<std::function<void()>> work_;
  bool opened_ = false;
  bool closed_ = false;
  std::string condition_;
  std::map<pn_link_t*, std::string> link_conditions_;
  std::size_t sent_ = 0;
  std::map<std::size_t, pn_delivery_t*> open_;
  std::map<std::size_t, Settled> settled_;
  std::deque<Arrived> arrived_;
};

// What is waited for may be the hub's and raise no event here, so it is looked at in this rhythm
// too. The number of looks is a net for hung tests, never part of what they judge.
inline constexpr pn_millis_t kLook = 5;
inline constexpr int kLooksMax = 12'000;

inline std::string text(const char* c) { return c ? c : ""; }

inline Client::Client(const std::string& address, std::string user, std::string password,
                      Login login)
    : proactor_(pn_proactor()), connection_(pn_connection()) {
  pn_transport_t* transport = pn_transport();
  if (login != Login::skipped) {
    pn_sasl_t* sasl = pn_sasl(transport);
    pn_sasl_allowed_mechs(sasl, login == Login::plain ? "PLAIN" : "ANONYMOUS");
    pn_sasl_set_allow_insecure_mechs(sasl, true);
  }
  if (login == Login::plain) {
    pn_connection_set_user(connection_, user.c_str());
    pn_connection_set_password(connection_, password.c_str());
  }
  pn_connection_set_container(connection_, "partner");
  session_ = pn_session(connection_);
  pn_connection_open(connection_);
  pn_session_open(session_);
  pn_proactor_connect2(proactor_, connection_, transport, address.c_str());
}

inline Client::~Client() { pn_proactor_free(proactor_); }

inline void Client::until(const std::function<bool()>& what) {
  for (int looks = 0; !what();) {
    pn_proactor_set_timeout(proactor_, kLook);
    pn_event_batch_t* batch = pn_proactor_wait(proactor_);
    while (pn_event_t* event = pn_event_batch_next(batch)) {
      if (pn_event_type(event) == PN_PROACTOR_TIMEOUT) ++looks;
      handle(event);
    }
    pn_proactor_done(proactor_, batch);
    if (looks > kLooksMax) throw std::runtime_error("it never came");
  }
  pn_proactor_cancel_timeout(proactor_);
}

inline void Client::act(const std::function<void()>& work) {
  bool done = false;
  work_.push_back([&] {
    work();
    done = true;
  });
  pn_connection_wake(connection_);
  until([&] { return done; });
}

inline void Client::handle(pn_event_t* event) {
  switch (pn_event_type(event)) {
    case PN_CONNECTION_REMOTE_OPEN:
      opened_ = true;
      break;
    case PN_CONNECTION_WAKE:
      for (auto& each : std::exchange(work_, {})) each();
      break;
    case PN_DELIVERY:
      on_delivery(pn_event_delivery(event));
      break;
    case PN_LINK_REMOTE_CLOSE:
    case PN_LINK_REMOTE_DETACH:
      link_conditions_[pn_event_link(event)] =
          text(pn_condition_get_name(pn_link_remote_condition(pn_event_link(event))));
      pn_link_close(pn_event_link(event));
      break;
    case PN_CONNECTION_REMOTE_CLOSE:
      condition_ = text(pn_condition_get_name(pn_connection_remote_condition(connection_)));
      pn_connection_close(connection_);
      break;
    case PN_TRANSPORT_ERROR:
      if (condition_.empty()) {
        condition_ = text(pn_condition_get_name(pn_transport_condition(pn_event_transport(event))));
      }
      break;
    case PN_TRANSPORT_CLOSED:
      closed_ = true;
      connection_ = nullptr;
      break;
    default:
      break;
  }
}

inline void Client::on_delivery(pn_delivery_t* delivery) {
  pn_link_t* link = pn_delivery_link(delivery);
  if (pn_link_is_sender(link)) {
    if (!pn_delivery_updated(delivery)) return;
    std::size_t number = 0;
    std::memcpy(&number, pn_delivery_tag(delivery).start, sizeof number);
    pn_condition_t* reason = pn_disposition_condition(pn_delivery_remote(delivery));
    settled_[number] = {pn_delivery_remote_state(delivery), text(pn_condition_get_name(reason)),
                        text(pn_condition_get_description(reason))};
    open_.erase(number);
    pn_delivery_settle(delivery);
    return;
  }
  if (!pn_delivery_readable(delivery) || pn_delivery_partial(delivery)) return;
  std::string bytes(pn_delivery_pending(delivery), '\0');
  pn_link_recv(link, bytes.data(), bytes.size());
  pn_link_advance(link);
  arrived_.push_back({std::move(bytes), delivery});
}

inline pn_link_t* Client::open_sender(const std::string& target) {
  pn_link_t* link = nullptr;
  act([&] {
    link = pn_sender(session_, ("to-" + target + std::to_string(++sent_)).c_str());
    pn_terminus_set_address(pn_link_target(link), target.c_str());
    pn_link_open(link);
  });
  until([&] { return closed_ || (pn_link_state(link) & PN_REMOTE_ACTIVE) || link_closed(link); });
  return link;
}

inline pn_link_t* Client::open_receiver(const std::string& source, int credit) {
  pn_link_t* link = nullptr;
  act([&] {
    link = pn_receiver(session_, ("from-" + source + std::to_string(++sent_)).c_str());
    pn_terminus_set_address(pn_link_source(link), source.c_str());
    pn_link_open(link);
    if (credit > 0) pn_link_flow(link, credit);
  });
  until([&] { return closed_ || (pn_link_state(link) & PN_REMOTE_ACTIVE) || link_closed(link); });
  return link;
}

inline bool Client::link_open(pn_link_t* link) const {
  pn_terminus_t* terminus =
      pn_link_is_sender(link) ? pn_link_remote_target(link) : pn_link_remote_source(link);
  return pn_terminus_get_address(terminus) != nullptr;
}

inline std::string Client::link_condition(pn_link_t* link) const {
  const auto found = link_conditions_.find(link);
  return found == link_conditions_.end() ? "" : found->second;
}

inline std::size_t Client::send(pn_link_t* link, const std::string& bytes, bool whole) {
  const std::size_t number = ++sent_;
  act([&] {
    char tag[sizeof number];
    std::memcpy(tag, &number, sizeof number);
    open_[number] = pn_delivery(link, pn_dtag(tag, sizeof tag));
    if (!bytes.empty()) pn_link_send(link, bytes.data(), bytes.size());
    if (whole) pn_link_advance(link);
  });
  return number;
}

inline void Client::more(std::size_t number, const std::string& bytes, bool whole) {
  act([&] {
    pn_link_t* link = pn_delivery_link(open_.at(number));
    if (!bytes.empty()) pn_link_send(link, bytes.data(), bytes.size());
    if (whole) pn_link_advance(link);
  });
}

inline void Client::abort(std::size_t number) {
  act([&] { pn_delivery_abort(open_.at(number)); });
  open_.erase(number);
}

inline Client::Settled Client::wait_settled(std::size_t number) {
  until([&] { return settled_.contains(number) || closed_; });
  if (!settled_.contains(number)) throw std::runtime_error("the connection ended: " + condition_);
  return settled_.at(number);
}

inline Client::Arrived Client::wait_arrived() {
  until([&] { return !arrived_.empty() || closed_; });
  if (arrived_.empty()) throw std::runtime_error("the connection ended: " + condition_);
  Arrived first = arrived_.front();
  arrived_.pop_front();
  return first;
}

inline void Client::settle(pn_delivery_t* delivery, std::uint64_t state,
                           const std::string& condition, const std::string& description) {
  act([&] {
    if (!condition.empty()) {
      pn_condition_t* reason = pn_disposition_condition(pn_delivery_local(delivery));
      pn_condition_set_name(reason, condition.c_str());
      pn_condition_set_description(reason, description.c_str());
    }
    if (state != 0) pn_delivery_update(delivery, state);
    pn_delivery_settle(delivery);
  });
}

inline void Client::detach(pn_link_t* link) {
  act([&] { pn_link_close(link); });
  until([&] { return closed_ || link_closed(link); });
}

inline void Client::close() {
  act([&] { pn_connection_close(connection_); });
  until([&] { return closed_; });
}

inline void Client::drop() {
  act([&] {
    pn_transport_t* transport = pn_connection_transport(connection_);
    pn_transport_close_tail(transport);
    pn_transport_close_head(transport);
  });
  until([&] { return closed_; });
}

}  // namespace masar::test
