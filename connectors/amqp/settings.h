#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/tls/settings.h"
#include "core/config/fields.h"
#include "core/connector/connector.h"

namespace masar::amqp {

/// What holds for one connection, whoever opened it.
struct ConnectionLimits {
  std::chrono::milliseconds idle{30'000};     ///< a silent connection is closed after this
  std::chrono::milliseconds opening{10'000};  ///< until it is logged in and open; then it is cut
  std::size_t links_max = 64;
  std::size_t sessions_max = 16;
  std::size_t frame_bytes_max = 64 << 10;
  std::size_t session_bytes = 1 << 20;  ///< that a session takes in before we have read them
  std::size_t buffer_bytes = 4 << 20;   ///< messages without an answer yet
};

/// One `<listener connector="amqp" …>` of hub.xml.
struct ListenerSettings {
  std::string id;
  std::string address;  ///< host:port as written
  std::string public_address;  ///< how partners reach it; empty: as it listens
  const std::string& told_address() const {
    return public_address.empty() ? address : public_address;
  }
  std::size_t connections_max = 256;
  std::size_t threads = 1;  ///< that handle events
  ConnectionLimits limits;
  std::optional<tls::Settings> tls;
};

/// One `<connection connector="amqp" …>` of hub.xml.
struct ConnectionSettings {
  std::string id;
  std::vector<std::string> hosts;  ///< host:port each, in the order in which they are tried
  bool external = false;     ///< logs in by its certificate, not by user and password
  std::string user;
  std::string password;      ///< the name of the secret, not the secret
  bool readable = false;     ///< the password may cross a network without TLS
  std::string virtual_host;  ///< of the open frame; empty: the host
  std::string container;
  std::chrono::milliseconds retry_first{500};
  std::chrono::milliseconds retry_max{30'000};
  ConnectionLimits limits;
  std::optional<tls::Settings> tls;
};

/// `<amqp …>` of an endpoint.
struct EndpointSettings {
  std::string listener;    ///< partners open the link; or
  std::string connection;  ///< we do
  std::string address;
  std::string user;                     ///< on a listener
  std::string password;                 ///< the name of the secret, not the secret; or
  std::string subject;                  ///< of the user's certificate
  int credit = 100;                     ///< inbound: messages on the way or without an answer
  bool encoded = false;                 ///< inbound: passed on as they came, not decoded
  std::vector<std::string> properties;  ///< inbound: application properties that become headers
  std::size_t in_flight_max = 1000;     ///< outbound: of one receiver, sent and not settled

  // On a connection.
  std::string capability;                     ///< that the terminus asks for; may be empty
  bool modifies = false;                      ///< inbound: gives back as modified, not released
  std::chrono::milliseconds gives_back_after{0};  ///< inbound: how long it waits before
  bool tells_redelivery = false;              ///< inbound: as headers

  const std::string& edge() const noexcept { return connection.empty() ? listener : connection; }
};

/// All read by their tables; what is wrong goes to `diagnostics` and has its default in the result.
ListenerSettings read_listener(const config::Element& listener, config::Diagnostics& diagnostics);
ConnectionSettings read_connection(const config::Element& connection,
                                   config::Diagnostics& diagnostics);
EndpointSettings read_endpoint(const connector::EndpointSpec& spec,
                               config::Diagnostics& diagnostics);

/// The host and the port of `host:port`; an IPv6 host without its brackets.
std::pair<std::string, std::string> split_address(const std::string& address);
/// Whether only this machine reaches the address: 127.0.0.0/8, ::1, localhost.
bool is_loopback(const std::string& address);

}  // namespace masar::amqp
