#include "connectors/amqp/declared.h"

namespace masar::amqp {
namespace {

template <typename Map>
const typename Map::mapped_type* find(const Map& map, const std::string& id) {
  const auto found = map.find(id);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

void Declared::judge(const Endpoint& mine, const ListenerSettings& listener,
                     config::Diagnostics& diagnostics) {
  const bool asks = listener.tls && listener.tls->clients != tls::Settings::Clients::none;
  if (!mine.has_login && !is_loopback(listener.address)) {
    diagnostics.add(mine.place,
                    "endpoint \"" + mine.id + "\" has no user and password, and listener \"" +
                        mine.edge + "\" is reachable from beyond this machine",
                    "write user=\"…\" password=\"secret:…\", or user=\"…\" subject=\"CN=…\"");
  }
  if (mine.by_certificate && !asks) {
    diagnostics.add(mine.place,
                    "endpoint \"" + mine.id + "\" wants a certificate, and listener \"" +
                        mine.edge + "\" asks for none",
                    "write <tls clients=\"required\" trust=\"secret:…\" …/> in the listener");
  }
}

void Declared::listener(const ListenerSettings& settings, config::Diagnostics& diagnostics) {
  listeners_[settings.id] = settings;
  for (const Endpoint& each : endpoints_) {
    if (!each.by_connection && each.edge == settings.id) judge(each, settings, diagnostics);
  }
}

void Declared::connection(const ConnectionSettings& settings) {
  connections_[settings.id] = settings;
}

const ListenerSettings* Declared::find_listener(const std::string& id) const {
  return find(listeners_, id);
}

const ConnectionSettings* Declared::find_connection(const std::string& id) const {
  return find(connections_, id);
}

void Declared::endpoint(const connector::EndpointSpec& spec, const EndpointSettings& settings,
                        config::Diagnostics& diagnostics) {
  const config::Element* own = spec.root->element("amqp");
  if (own == nullptr) return;
  const Endpoint mine{spec.id,
                      !settings.connection.empty(),
                      settings.edge(),
                      settings.address,
                      spec.inbound,
                      !own->value("user").empty() &&
                          !(own->value("password").empty() && own->value("subject").empty()),
                      !own->value("subject").empty(),
                      own->place};
  check_address(mine, *own, diagnostics);
  check_edge(mine, *own, diagnostics);
  endpoints_.push_back(mine);
}

void Declared::check_address(const Endpoint& mine, const config::Element& own,
                             config::Diagnostics& diagnostics) const {
  if (mine.address.empty()) return;
  const config::Attribute* address = own.attribute("address");
  for (const Endpoint& other : endpoints_) {
    if (other.by_connection != mine.by_connection || other.edge != mine.edge ||
        other.address != mine.address || other.inbound != mine.inbound || other.id == mine.id) {
      continue;
    }
    diagnostics.add(address ? address->value_place : own.place,
                    "endpoints \"" + other.id + "\" and \"" + mine.id +
                        "\" have the same address \"" + mine.address + "\" on " +
                        (mine.by_connection ? "connection" : "listener") + " \"" + mine.edge + "\"",
                    "write another address");
  }
}

void Declared::check_edge(const Endpoint& mine, const config::Element& own,
                          config::Diagnostics& diagnostics) const {
  std::vector<std::string> known;
  if (mine.by_connection) {
    if (find_connection(mine.edge)) return;
    for (const auto& [id, connection] : connections_) known.push_back(id);
  } else {
    if (const auto* found = find_listener(mine.edge)) return judge(mine, *found, diagnostics);
    for (const auto& [id, listener] : listeners_) known.push_back(id);
  }
  // Listeners and connections are checked first where there are any; without any there is nothing
  // to compare with.
  if ((listeners_.empty() && connections_.empty()) || mine.edge.empty()) return;
  const char* const kind = mine.by_connection ? "connection" : "listener";
  const config::Attribute* attribute = own.attribute(kind);
  diagnostics.add(attribute ? attribute->value_place : own.place,
                  std::string("there is no AMQP ") + kind + " \"" + mine.edge + "\"",
                  config::suggest(mine.edge, known));
}

}  // namespace masar::amqp
