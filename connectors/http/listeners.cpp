#include "connectors/http/listeners.h"

#include <algorithm>

#include "connectors/tls/live.h"
#include "connectors/tls/settings.h"
#include "core/base/error.h"
#include "core/config/fields.h"

namespace masar::http {

namespace {

using config::Kind;

const config::ElementTable kListener{
    "listener",
    "An address on which the hub serves HTTP.",
    {{"id", Kind::name, true, "", "the name by which endpoints refer to it", {}},
     {"connector", Kind::name, true, "http", "http", {}},
     {"address", Kind::address, true, "", "host:port to listen on; port 0 is any free one", {}},
     {"public-address",
      Kind::address,
      false,
      "",
      "host:port by which partners reach it, for their documents; without it the address",
      {}},
     {"threads", Kind::integer, false, "1", "threads that read and write", {}},
     {"connections-max", Kind::integer, false, "1024", "connections at once; beyond it 503", {}},
     {"header-bytes", Kind::bytes, false, "16384", "limit of a request's header, in bytes", {}},
     {"request-timeout",
      Kind::duration,
      false,
      "PT10S",
      "time for a whole request to arrive, and for a TLS handshake",
      {}},
     {"idle-timeout",
      Kind::duration,
      false,
      "PT30S",
      "time between two requests before closing",
      {}},
     {"retry-after",
      Kind::duration,
      false,
      "PT1S",
      "what a 503 asks for where it has no time of its own",
      {}}},
    {"tls"}};

std::string host_of(const std::string& address) { return address.substr(0, address.rfind(':')); }

bool is_loopback(const std::string& address) {
  const std::string host = host_of(address);
  return host == "127.0.0.1" || host == "[::1]" || host == "localhost";
}

std::chrono::milliseconds milliseconds(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length);
}

ServerSettings settings_of(const config::Values& values) {
  ServerSettings settings;
  settings.addresses = {values.text("address")};
  settings.threads = static_cast<std::size_t>(std::max<std::int64_t>(values.integer("threads"), 1));
  settings.connections_max =
      static_cast<std::size_t>(std::max<std::int64_t>(values.integer("connections-max"), 1));
  settings.header_bytes_max = static_cast<std::size_t>(values.integer("header-bytes"));
  settings.request_timeout = milliseconds(values.duration("request-timeout"));
  settings.idle_timeout = milliseconds(values.duration("idle-timeout"));
  settings.retry_after = std::chrono::ceil<std::chrono::seconds>(values.duration("retry-after"));
  return settings;
}

}  // namespace

struct Listeners::Listener {
  explicit Listener(ServerSettings settings) : server(std::move(settings)) {}
  Server server;
};

Listeners::Listeners(tls::InUse* certificates) : certificates_(certificates) {}
Listeners::~Listeners() = default;

void Listeners::check(const config::Element& listener, config::Diagnostics& diagnostics) {
  const config::Values values(kListener, listener, diagnostics);
  const auto secure = tls::read(listener, tls::Side::server, diagnostics);
  declared_.insert_or_assign(
      values.text("id"),
      Declared{values.text("address"), values.text("public-address"), secure.has_value(),
               secure && secure->clients != tls::Settings::Clients::none});
}

void Listeners::add(const config::Element& listener, const connector::Context& context) {
  config::Diagnostics diagnostics;
  check(listener, diagnostics);
  if (!diagnostics.empty()) throw Error(ErrorKind::config, "bad-listener", diagnostics.text());
  const config::Values values(kListener, listener, diagnostics);
  ServerSettings settings = settings_of(values);
  if (const auto secure = tls::read(listener, tls::Side::server, diagnostics)) {
    using Contexts = tls::Live<std::shared_ptr<SSL_CTX>>;
    const auto contexts = std::make_shared<Contexts>(
        *secure, tls::Owner{"listener", values.text("id")}, context, certificates_,
        [wanted = *secure](const tls::Material& material) {
          return tls::make_context(tls::Side::server, wanted, material, "");
        });
    settings.tls = [contexts] { return *contexts->current(); };
  }
  listeners_.insert_or_assign(values.text("id"), std::make_unique<Listener>(std::move(settings)));
}

void Listeners::check_use(const config::Element& own, bool authenticated,
                          config::Diagnostics& diagnostics, std::string_view named_by) const {
  if (declared_.empty()) return;
  const config::Attribute* attribute = own.attribute(named_by);
  if (!attribute) return;  // the element's own table says so
  const auto found = declared_.find(attribute->value);
  if (found == declared_.end()) {
    std::vector<std::string> known;
    for (const auto& entry : declared_) known.push_back(entry.first);
    diagnostics.add(attribute->value_place,
                    "there is no HTTP listener \"" + attribute->value + "\"",
                    config::suggest(attribute->value, known));
    return;
  }
  const Declared& listener = found->second;
  if (!authenticated && !is_loopback(listener.address)) {
    diagnostics.add(
        attribute->value_place,
        "an endpoint that anybody can reach at " + listener.address + " has no authentication",
        "give it a user and a password or the subject of a certificate, or let the listener listen "
        "on 127.0.0.1");
  }
  const config::Attribute* subject = own.attribute("subject");
  if (subject && !listener.asks_certificates) {
    diagnostics.add(subject->value_place,
                    "the endpoint wants a certificate, and listener \"" + attribute->value +
                        "\" asks for none",
                    "write <tls clients=\"required\" trust=\"secret:…\" …/> in the listener");
  }
}

bool Listeners::is_open(const std::string& id) const {
  const auto found = declared_.find(id);
  return found != declared_.end() && !is_loopback(found->second.address);
}

bool Listeners::is_secure(const std::string& id) const {
  const auto found = declared_.find(id);
  return found != declared_.end() && found->second.secure;
}

std::string Listeners::url(const std::string& id, const std::string& path) const {
  const auto found = declared_.find(id);
  if (found == declared_.end()) return path;
  const Declared& listener = found->second;
  const std::string& address =
      listener.public_address.empty() ? listener.address : listener.public_address;
  return (listener.secure ? "https://" : "http://") + address + path;
}

Server& Listeners::at(const std::string& id) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) {
    throw Error(ErrorKind::config, "no-listener", "there is no HTTP listener \"" + id + "\"");
  }
  return found->second->server;
}

void Listeners::refusals_to(connector::Intake& intake) {
  if (intake_) return;
  intake_ = &intake;
  for (auto& [id, listener] : listeners_) {
    listener->server.on_refused([&intake, name = id](const Problem& problem) {
      intake.refused(name, problem.code, problem.text);
    });
  }
}

void Listeners::start() {
  for (auto& [id, listener] : listeners_) {
    listener->server.start();
    const auto bound = listener->server.addresses();
    bound_.with([&](auto& all) { all.insert_or_assign(id, bound.at(0)); });
  }
}

void Listeners::stop_accepting() {
  for (auto& entry : listeners_) entry.second->server.stop_accepting();
}

void Listeners::stop() {
  for (auto& entry : listeners_) entry.second->server.stop();
}

std::map<std::string, std::string> Listeners::addresses() const {
  return bound_.with([](const auto& all) { return all; });
}

}  // namespace masar::http
