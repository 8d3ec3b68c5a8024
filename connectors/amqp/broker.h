#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "connectors/amqp/back_off.h"
#include "connectors/amqp/peer.h"

namespace masar::amqp {

/// A broker that the hub connected to: opens a link, in a session of its own, for each endpoint of
/// the connection, and opens it again, after a wait, where the broker ends it.
class Broker final : public Peer {
 public:
  Broker(Service& service, pn_connection_t* connection, const ConnectionSettings& settings,
         std::string host);
  ~Broker() override { finish(); }

  const std::string& host() const noexcept { return host_; }
  /// How long it was open; none: it never was.
  std::optional<std::chrono::steady_clock::duration> open_for() const;
  const std::string& why() const noexcept { return why_; }  ///< it ended

 private:
  struct Attachment {
    std::shared_ptr<Target> target;  // either this
    std::shared_ptr<Source> source;  // or this
    BackOff back_off;
    pn_link_t* link = nullptr;  // null: it is opened again when it is due
    SteadyClock::TimePoint due{};
    std::optional<SteadyClock::TimePoint> since{};  // the broker opened it, too

    const std::string& id() const noexcept { return target ? target->id : source->id(); }
    const EndpointSettings& settings() const noexcept {
      return target ? target->settings : source->settings();
    }
  };

  void on_open() override;
  void on_session_open(pn_session_t* session) override;
  void on_link_open(pn_link_t* link) override;
  void on_link_gone(pn_link_t* link, pn_condition_t* why) override;
  bool is_too_large(Inlet&) override { return true; }
  void take_credit_back(pn_link_t* link) override;
  void on_errand(unsigned errands) override;
  void on_error(const std::string& name, const std::string& description) override;
  void on_over() override;

  void attach(Attachment& attachment);
  Attachment* find(pn_link_t* link);
  SteadyClock::TimePoint now() const { return service().context.steady.now(); }

  const ConnectionSettings& settings_;
  const std::string host_;
  std::list<Attachment> attachments_;
  std::optional<SteadyClock::TimePoint> opened_at_;
  std::string why_;
};

}  // namespace masar::amqp
