#include "tests/bench/amqp_load.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

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

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBodyBytes = 1024;
constexpr std::uint32_t kFrameBytes = 64 << 10;
constexpr std::size_t kSessionBytes = 16 << 20;

class Load {
 public:
  Load(const LoadSettings& settings, const std::string& prefix)
      : settings_(settings), prefix_(prefix) {
    bodies_ = settings.bodies;
    if (bodies_.empty())
      bodies_.push_back("<load>" + std::string(kBodyBytes - 13, 'x') + "</load>");
    taken_.reserve(settings.messages);
    began_.resize(settings.messages);
  }

  LoadResult run() {
    proactor_ = pn_proactor();
    if (!settings_.out.empty()) {
      // The receiver first: what is sent finds it there.
      connect(settings_.out_user.empty() ? settings_.user : settings_.out_user,
              settings_.out_user.empty() ? settings_.password : settings_.out_password);
      pn_link_t* link = pn_receiver(session_, "load-out");
      pn_terminus_set_address(pn_link_source(link), settings_.out.c_str());
      pn_link_open(link);
      pn_link_flow(link, settings_.receiver_credit);
    } else {
      start_sender();
    }
    while (!done_) {
      pn_event_batch_t* batch = pn_proactor_wait(proactor_);
      while (pn_event_t* event = pn_event_batch_next(batch)) handle(event);
      pn_proactor_done(proactor_, batch);
    }
    pn_proactor_free(proactor_);
    return std::move(result_);
  }

 private:
  void connect(const std::string& user, const std::string& password) {
    pn_connection_t* connection = pn_connection();
    pn_transport_t* transport = pn_transport();
    pn_sasl_t* sasl = pn_sasl(transport);
    pn_sasl_allowed_mechs(sasl, user.empty() ? "ANONYMOUS" : "PLAIN");
    pn_sasl_set_allow_insecure_mechs(sasl, true);
    if (!user.empty()) {
      pn_connection_set_user(connection, user.c_str());
      pn_connection_set_password(connection, password.c_str());
    }
    pn_transport_set_max_frame(transport, kFrameBytes);
    pn_connection_set_container(connection, prefix_.c_str());
    pn_connection_open(connection);
    session_ = pn_session(connection);
    pn_session_set_incoming_capacity(session_, kSessionBytes);
    pn_session_open(session_);
    pn_proactor_connect2(proactor_, connection, transport, settings_.address.c_str());
  }

  void start_sender() {
    connect(settings_.user, settings_.password);
    sender_ = pn_sender(session_, "load-in");
    pn_terminus_set_address(pn_link_target(sender_), settings_.in.c_str());
    pn_link_open(sender_);
  }

  void handle(pn_event_t* event) {
    switch (pn_event_type(event)) {
      case PN_LINK_REMOTE_OPEN:
        if (pn_link_is_receiver(pn_event_link(event)) && sender_ == nullptr) start_sender();
        return;
      case PN_LINK_FLOW:
        if (pn_event_link(event) == sender_) send();
        return;
      case PN_DELIVERY:
        return on_delivery(pn_event_delivery(event));
      case PN_LINK_REMOTE_CLOSE:
      case PN_LINK_REMOTE_DETACH:
        return fail(pn_link_remote_condition(pn_event_link(event)), "a link was closed");
      case PN_CONNECTION_REMOTE_CLOSE:
        return fail(pn_connection_remote_condition(pn_event_connection(event)),
                    "a connection was closed");
      case PN_TRANSPORT_CLOSED:
        return fail(pn_transport_condition(pn_event_transport(event)), "a connection was lost");
      default:
        return;
    }
  }

  void fail(pn_condition_t* condition, const char* what) {
    if (done_) return;
    const char* name = pn_condition_get_name(condition);
    result_.error = std::string(what) + ": " + (name ? name : "no reason given");
    finish();
  }

  void send() {
    if (sent_ == 0) start_ = Clock::now();
    while (sent_ < settings_.messages && sent_ - settled() < settings_.in_flight &&
           pn_link_credit(sender_) > 0) {
      connector::Attempt attempt;
      attempt.effect_id = prefix_ + "-" + std::to_string(sent_);
      attempt.body = bodies_[sent_ % bodies_.size()];
      const std::string bytes = amqp::encode(attempt);
      began_[sent_] = Clock::now();
      char tag[sizeof sent_];
      std::memcpy(tag, &sent_, sizeof sent_);
      pn_delivery(sender_, pn_dtag(tag, sizeof tag));
      pn_link_send(sender_, bytes.data(), bytes.size());
      pn_link_advance(sender_);
      ++sent_;
    }
  }

  void on_delivery(pn_delivery_t* delivery) {
    pn_link_t* link = pn_delivery_link(delivery);
    if (pn_link_is_receiver(link)) return receive(link, delivery);
    if (!pn_delivery_updated(delivery) || pn_delivery_remote_state(delivery) == 0) return;
    std::uint64_t number = 0;
    std::memcpy(&number, pn_delivery_tag(delivery).start, sizeof number);
    taken_.push_back(
        std::chrono::duration<float, std::milli>(Clock::now() - began_[number]).count());
    ++(pn_delivery_remote_state(delivery) == PN_ACCEPTED ? result_.accepted : result_.refused);
    pn_delivery_settle(delivery);
    send();
    look_whether_done();
  }

  void receive(pn_link_t* link, pn_delivery_t* delivery) {
    if (!pn_delivery_readable(delivery) || pn_delivery_partial(delivery)) return;
    char dropped[4096];
    while (pn_link_recv(link, dropped, sizeof dropped) > 0) continue;
    pn_link_advance(link);
    pn_delivery_update(delivery, PN_ACCEPTED);
    pn_delivery_settle(delivery);
    ++result_.received;
    // Credit in steps: each costs a frame.
    if (pn_link_credit(link) <= settings_.receiver_credit / 2) {
      pn_link_flow(link, settings_.receiver_credit - pn_link_credit(link));
    }
    look_whether_done();
  }

  std::uint64_t settled() const { return result_.accepted + result_.refused; }

  void look_whether_done() {
    if (settled() == settings_.messages &&
        (settings_.out.empty() || result_.received >= result_.accepted))
      finish();
  }

  void finish() {
    if (std::exchange(done_, true)) return;
    result_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    if (taken_.empty()) return;
    std::sort(taken_.begin(), taken_.end());
    result_.p50_ms = taken_[taken_.size() / 2];
    result_.p99_ms = taken_[taken_.size() * 99 / 100];
  }

  const LoadSettings& settings_;
  const std::string prefix_;
  std::vector<std::string> bodies_;
  pn_proactor_t* proactor_ = nullptr;
  pn_session_t* session_ = nullptr;  // of the connection made last
  pn_link_t* sender_ = nullptr;
  std::uint64_t sent_ = 0;
  Clock::time_point start_ = Clock::now();
  std::vector<Clock::time_point> began_;
  std::vector<float> taken_;
  bool done_ = false;
  LoadResult result_;
};

}  // namespace

LoadResult run_load(const LoadSettings& settings, const std::string& prefix) {
  return Load(settings, prefix).run();
}

}  // namespace masar::bench
