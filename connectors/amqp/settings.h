#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "core/connector/connector.h"

namespace masar::amqp {

/// One `<listener connector="amqp" …>` of hub.xml.
struct ListenerSettings {
  std::string id;
  std::string address;                      ///< host:port as written
  std::chrono::milliseconds idle{30'000};   ///< a silent connection is closed after this
  std::chrono::milliseconds login{10'000};  ///< from accept to open; then the connection is closed
  std::size_t connections_max = 256;
  std::size_t links_max = 64;     ///< of one connection
  std::size_t sessions_max = 16;  ///< of one connection
  std::size_t threads = 1;        ///< that handle events
  std::size_t frame_bytes_max = 64 << 10;
  std::size_t session_bytes = 1 << 20;  ///< that a session takes in before we have read them
  std::size_t buffer_bytes = 4 << 20;   ///< of one connection: messages without an answer yet
};

/// `<amqp …>` of an endpoint.
struct EndpointSettings {
  std::string listener;
  std::string address;
  std::string user;
  std::string password;                 ///< the name of the secret, not the secret
  int credit = 100;                     ///< inbound: messages on the way or without an answer
  bool encoded = false;                 ///< inbound: passed on as they came, not decoded
  std::vector<std::string> properties;  ///< inbound: application properties that become headers
  std::size_t in_flight_max = 1000;     ///< outbound: of one receiver, sent and not settled
};

/// Both read by their tables; what is wrong goes to `diagnostics` and has its default in the
/// result.
ListenerSettings read_listener(const config::Element& listener, config::Diagnostics& diagnostics);
EndpointSettings read_endpoint(const connector::EndpointSpec& spec,
                               config::Diagnostics& diagnostics);

/// The host and the port of `host:port`; an IPv6 host without its brackets.
std::pair<std::string, std::string> split_address(const std::string& address);
/// Whether only this machine reaches the address: 127.0.0.0/8, ::1, localhost.
bool is_loopback(const std::string& address);

}  // namespace masar::amqp
