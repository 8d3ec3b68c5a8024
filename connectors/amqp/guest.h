#pragma once

#include <string>

#include "connectors/amqp/peer.h"

namespace masar::amqp {

/// A partner who connected to the hub's listener: logs in, and opens links to the addresses of its
/// endpoints.
class Guest final : public Peer {
 public:
  /// `refused`: one connection too many; it is told so as soon as it has opened.
  Guest(Service& service, pn_connection_t* connection, bool refused)
      : Peer(service, connection), refused_(refused) {}
  ~Guest() override { finish(); }

 private:
  void on_open() override;
  void on_session_open(pn_session_t* session) override;
  void on_link_open(pn_link_t* link) override;
  bool is_too_large(Inlet& inlet) override;
  void take_credit_back(pn_link_t* link) override;
  void on_over() override;
  void on_error(const std::string& name, const std::string& description) override;

  void open_inlet(pn_link_t* link);
  void open_outlet(pn_link_t* link);
  /// `endpoint`: whose address it asked for; empty: of none.
  void refuse_link(pn_link_t* link, const char* condition, const std::string& description,
                   const std::string& endpoint = {});

  const bool refused_;
  std::string user_;  // empty until logged in
};

}  // namespace masar::amqp
