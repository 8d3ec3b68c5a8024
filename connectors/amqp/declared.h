#pragma once

#include <map>
#include <string>
#include <vector>

#include "connectors/amqp/settings.h"
#include "core/connector/connector.h"

namespace masar::amqp {

/// What the files declare, as far as one is judged by another, whatever their order. What is wrong
/// goes to the diagnostics. Single-threaded.
class Declared {
 public:
  void listener(const ListenerSettings& settings, config::Diagnostics& diagnostics);
  void connection(const ConnectionSettings& settings);
  void endpoint(const connector::EndpointSpec& spec, const EndpointSettings& settings,
                config::Diagnostics& diagnostics);

  /// By id; null where none was declared.
  const ListenerSettings* find_listener(const std::string& id) const;
  const ConnectionSettings* find_connection(const std::string& id) const;

 private:
  struct Endpoint {
    std::string id;
    bool by_connection;
    std::string edge;  ///< id of its listener or connection
    std::string address;
    bool inbound;
    bool has_login;
    bool by_certificate;
    config::Place place;
  };
  void check_address(const Endpoint& mine, const config::Element& own,
                     config::Diagnostics& diagnostics) const;
  void check_edge(const Endpoint& mine, const config::Element& own,
                  config::Diagnostics& diagnostics) const;

  static void judge(const Endpoint& mine, const ListenerSettings& listener,
                    config::Diagnostics& diagnostics);

  std::map<std::string, ListenerSettings> listeners_;
  std::map<std::string, ConnectionSettings> connections_;
  std::vector<Endpoint> endpoints_;
};

}  // namespace masar::amqp
