#include "connectors/amqp/settings.h"

#include <algorithm>
#include <initializer_list>
#include <sstream>

#include "core/base/text.h"

namespace masar::amqp {
namespace {

using config::ElementTable;
using config::Kind;

using Fields = std::vector<config::Field>;

Fields joined(std::initializer_list<Fields> parts) {
  Fields all;
  for (const Fields& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

const Fields kNamed{{"id", Kind::name, true, "", "its name", {}},
                    {"connector", Kind::name, true, "amqp", "the protocol", {}}};

const Fields kSizes{
    {"idle", Kind::duration, false, "PT30S", "a silent connection is closed after this", {}},
    {"frame-bytes", Kind::bytes, false, "65536", "largest frame, bytes", {}},
    {"session-bytes",
     Kind::bytes,
     false,
     "1048576",
     "what a session takes in before it is read, bytes",
     {}},
    {"buffer-bytes",
     Kind::bytes,
     false,
     "4194304",
     "messages of one connection that are not answered or settled yet, bytes; beyond it reading "
     "and sending pause",
     {}}};

const Fields kListening{
    {"address",
     Kind::address,
     true,
     "127.0.0.1:0",
     "host:port that it listens on; port 0: a free one",
     {}},
    {"public-address",
     Kind::address,
     false,
     "",
     "host:port by which partners reach it, for their documents; without it the address",
     {}},
    {"login",
     Kind::duration,
     false,
     "PT10S",
     "time from connecting to being logged in and open",
     {}},
    {"connections", Kind::integer, false, "256", "connections at once", {}},
    {"links", Kind::integer, false, "64", "links of one connection", {}},
    {"sessions", Kind::integer, false, "16", "sessions of one connection", {}},
    {"threads", Kind::integer, false, "1", "threads that handle its events", {}}};

const Fields kConnecting{
    {"hosts",
     Kind::text,
     true,
     "",
     "host:port, several separated by spaces: tried one after the other",
     {}},
    {"login",
     Kind::choice,
     false,
     "plain",
     "plain: by user and password (SASL PLAIN); external: by the certificate of <tls>",
     {"plain", "external"}},
    {"user", Kind::text, false, "", "plain: the hub's name there", {}},
    {"password", Kind::secret, false, "", "plain: its password, secret:NAME", {}},
    {"readable-password",
     Kind::choice,
     false,
     "refused",
     "whether the password may cross a network without TLS",
     {"refused", "allowed"}},
    {"virtual-host", Kind::text, false, "", "that is asked for; empty: the host", {}},
    {"container", Kind::text, false, "masar", "what the hub is called there", {}},
    {"connect", Kind::duration, false, "PT10S", "time from dialling to logged in and open", {}},
    {"retry-first",
     Kind::duration,
     false,
     "PT0.5S",
     "wait after all hosts failed, and before a lost link is opened again; doubled each time",
     {}},
    {"retry-max", Kind::duration, false, "PT30S", "longest such wait", {}}};

const ElementTable kListener{"listener",
                             "Where partners connect to by AMQP 1.0.",
                             joined({kNamed, kListening, kSizes}),
                             {"tls"}};
const ElementTable kConnection{"connection",
                               "A broker that the hub connects out to by AMQP 1.0.",
                               joined({kNamed, kConnecting, kSizes}),
                               {"tls"}};

const Fields kByListener{
    {"listener", Kind::name, true, "", "id of the listener", {}},
    {"address", Kind::text, true, "", "of the partner's link: its target (in), its source (out)",
     {}},
    {"user", Kind::text, true, "", "the only user that may use it", {}},
    {"password", Kind::secret, false, "", "SASL PLAIN: that user's password, secret:NAME", {}},
    {"subject",
     Kind::text,
     false,
     "",
     "SASL EXTERNAL: the subject of that user's certificate, as CN=roads,O=GAM (RFC 2253)",
     {}}};

const Fields kByConnection{
    {"connection", Kind::name, true, "", "id of the connection", {}},
    {"address", Kind::text, true, "", "of the hub's link: its source (in), its target (out)", {}},
    {"capability",
     Kind::text,
     false,
     "queue",
     "what the address shall be, as brokers name it; empty: whatever it is",
     {}}};

const Fields kIn{
    {"credit",
     Kind::integer,
     false,
     "100",
     "messages of one link on the way or without an answer",
     {}},
    {"passes",
     Kind::choice,
     false,
     "message",
     "message: decoded; encoded: handed on as it came",
     {"message", "encoded"}},
    {"properties",
     Kind::text,
     false,
     "",
     "application properties that become headers, separated by spaces",
     {}}};

const Fields kInByConnection{
    {"gives-back",
     Kind::choice,
     false,
     "released",
     "what a broker is told of a message that shall come again; modified: as a failed delivery",
     {"released", "modified"}},
    {"gives-back-after", Kind::duration, false, "PT1S", "how long the hub waits before", {}},
    {"redelivery",
     Kind::choice,
     false,
     "none",
     "headers: redelivered and delivery-count become headers",
     {"none", "headers"}}};

const Fields kOut{{"in-flight",
                   Kind::integer,
                   false,
                   "1000",
                   "messages of one receiver that are sent and not settled",
                   {}}};

const ElementTable kInbound{
    "amqp", "A target that the partner sends to.", joined({kByListener, kIn}), {}};
const ElementTable kOutbound{
    "amqp", "A source that the partner's receiver drains.", joined({kByListener, kOut}), {}};
const ElementTable kInboundOut{"amqp",
                               "A broker's queue that the hub receives from.",
                               joined({kByConnection, kIn, kInByConnection}),
                               {}};
const ElementTable kOutboundOut{
    "amqp", "A broker's queue that the hub sends to.", joined({kByConnection, kOut}), {}};

const ElementTable& table_of(bool inbound, bool by_connection) {
  if (by_connection) return inbound ? kInboundOut : kOutboundOut;
  return inbound ? kInbound : kOutbound;
}

constexpr std::size_t kHostsMax = 16;
constexpr std::int64_t kCreditMax = 10'000;
constexpr std::int64_t kConnectionsMax = 10'000;
constexpr std::int64_t kLinksMax = 1'000;
constexpr std::int64_t kSessionsMax = 1'000;
constexpr std::int64_t kThreadsMax = 64;
constexpr std::int64_t kFrameBytesMin =
    512;  // AMQP 1.0, 2.3.1: every peer takes frames of 512 bytes
constexpr std::int64_t kBytesMax = 1 << 30;
constexpr Duration kTimeMin = std::chrono::milliseconds(10);
constexpr Duration kTimeMax = std::chrono::hours(1);

/// Attributes with a range; a value outside is a finding, and the nearest end of the range is used.
class Ranges {
 public:
  Ranges(const config::Values& values, config::Diagnostics& diagnostics)
      : values_(values), diagnostics_(diagnostics) {}

  std::size_t integer(std::string_view field, std::int64_t min, std::int64_t max) {
    const std::int64_t value = values_.integer(field);
    if (value < min || value > max) {
      diagnostics_.add(values_.place(field), std::string(field) + " is out of its range",
                       "write " + std::to_string(min) + " to " + std::to_string(max));
    }
    return static_cast<std::size_t>(std::clamp(value, min, max));
  }

  std::chrono::milliseconds time(std::string_view field) {
    const Duration value = values_.duration(field);
    if (value < kTimeMin || value > kTimeMax) {
      diagnostics_.add(values_.place(field), std::string(field) + " is out of its range",
                       "write PT0.01S to PT1H");
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::clamp(value, kTimeMin, kTimeMax));
  }

 private:
  const config::Values& values_;
  config::Diagnostics& diagnostics_;
};

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string word; in >> word;) all.push_back(word);
  return all;
}

void read_sizes(const config::Values& values, Ranges& ranges, config::Diagnostics& diagnostics,
                ConnectionLimits& limits) {
  limits.idle = ranges.time("idle");
  limits.frame_bytes_max = ranges.integer("frame-bytes", kFrameBytesMin, kBytesMax);
  limits.session_bytes = ranges.integer("session-bytes", kFrameBytesMin, kBytesMax);
  limits.buffer_bytes = ranges.integer("buffer-bytes", kFrameBytesMin, kBytesMax);
  if (limits.session_bytes < limits.frame_bytes_max) {
    diagnostics.add(values.place("session-bytes"), "session-bytes is less than frame-bytes",
                    "write at least one frame, or nothing would come in");
    limits.session_bytes = limits.frame_bytes_max;
  }
}

bool is_host_port(const std::string& text) {
  const auto [host, port] = split_address(text);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  return !host.empty() && host.find_first_of("/@,;") == std::string::npos && digits &&
         std::stoi(port) >= 1 && std::stoi(port) <= 65'535;
}

void read_hosts(const config::Values& values, config::Diagnostics& diagnostics,
                ConnectionSettings& settings) {
  settings.hosts = words(values.text("hosts"));
  if (values.has("hosts") && (settings.hosts.empty() || settings.hosts.size() > kHostsMax)) {
    diagnostics.add(values.place("hosts"),
                    "hosts names " + std::to_string(settings.hosts.size()) + " hosts",
                    "write 1 to " + std::to_string(kHostsMax) + ", separated by spaces");
  }
  for (const std::string& host : settings.hosts) {
    if (is_host_port(host)) continue;
    diagnostics.add(values.place("hosts"), "\"" + host + "\" is no host and port",
                    "write host:port, such as broker.example:5672");
  }
}

void refuse_empty(const config::Values& values, std::initializer_list<const char*> fields,
                  config::Diagnostics& diagnostics) {
  for (const char* field : fields) {
    if (values.has(field) && values.text(field).empty()) {
      diagnostics.add(values.place(field), std::string(field) + " is empty");
    }
  }
}

void need(const config::Values& values, const char* field, const std::string& why,
          config::Diagnostics& diagnostics) {
  if (values.has(field)) return;
  diagnostics.add(values.place(field), why + " needs the attribute \"" + field + "\"");
}

/// How the hub logs in at a broker; the hosts and <tls> have been read.
void read_login(const config::Values& values, config::Diagnostics& diagnostics,
                ConnectionSettings& settings) {
  settings.external = values.text("login") == "external";
  settings.user = values.text("user");
  settings.password = values.text("password");
  settings.readable = values.text("readable-password") == "allowed";
  if (settings.external) {
    for (const char* field : {"user", "password"}) {
      if (values.has(field))
        diagnostics.add(values.place(field), "login=\"external\" has no " + std::string(field));
    }
    if (!settings.tls || settings.tls->certificate.empty()) {
      diagnostics.add(values.place("login"), "login=\"external\" has no certificate to show",
                      "write <tls certificate=\"secret:…\" key=\"secret:…\"/> in it");
    }
    return;
  }
  need(values, "user", "<connection>", diagnostics);
  need(values, "password", "<connection>", diagnostics);
  const bool beyond = std::any_of(settings.hosts.begin(), settings.hosts.end(),
                                  [](const std::string& host) { return !is_loopback(host); });
  if (beyond && !settings.tls && !settings.readable) {
    diagnostics.add(values.place("hosts"),
                    "the password would cross a network readable: a host is not this machine",
                    "write <tls/> in it, or readable-password=\"allowed\" where the network is "
                    "private");
  }
}

}  // namespace

ListenerSettings read_listener(const config::Element& listener, config::Diagnostics& diagnostics) {
  const config::Values values(kListener, listener, diagnostics);
  Ranges ranges(values, diagnostics);
  ListenerSettings settings;
  settings.id = values.text("id");
  settings.address = values.text("address");
  settings.public_address = values.text("public-address");
  settings.connections_max = ranges.integer("connections", 1, kConnectionsMax);
  settings.threads = ranges.integer("threads", 1, kThreadsMax);
  settings.limits.opening = ranges.time("login");
  settings.limits.links_max = ranges.integer("links", 1, kLinksMax);
  settings.limits.sessions_max = ranges.integer("sessions", 1, kSessionsMax);
  read_sizes(values, ranges, diagnostics, settings.limits);
  settings.tls = tls::read(listener, tls::Side::server, diagnostics);
  return settings;
}

ConnectionSettings read_connection(const config::Element& connection,
                                   config::Diagnostics& diagnostics) {
  const config::Values values(kConnection, connection, diagnostics);
  Ranges ranges(values, diagnostics);
  ConnectionSettings settings;
  settings.id = values.text("id");
  read_hosts(values, diagnostics, settings);
  settings.tls = tls::read(connection, tls::Side::client, diagnostics);
  read_login(values, diagnostics, settings);
  settings.virtual_host = values.text("virtual-host");
  settings.container = values.text("container");
  refuse_empty(values, {"user", "container"}, diagnostics);
  settings.retry_first = ranges.time("retry-first");
  settings.retry_max = ranges.time("retry-max");
  if (settings.retry_max < settings.retry_first) {
    diagnostics.add(values.place("retry-max"), "retry-max is less than retry-first");
  }
  settings.limits.opening = ranges.time("connect");
  settings.limits.links_max = settings.limits.sessions_max = kLinksMax;
  read_sizes(values, ranges, diagnostics, settings.limits);
  return settings;
}

EndpointSettings read_endpoint(const connector::EndpointSpec& spec,
                               config::Diagnostics& diagnostics) {
  EndpointSettings settings;
  const config::Element* own = spec.root->element("amqp");
  if (own == nullptr) {
    diagnostics.add(spec.root->place, "the endpoint has no <amqp>",
                    "write <amqp listener=\"…\" address=\"…\" user=\"…\" "
                    "password=\"secret:…\"/>, or <amqp connection=\"…\" address=\"…\"/>");
    return settings;
  }
  const bool by_connection = own->attribute("connection") != nullptr;
  const config::Values values(table_of(spec.inbound, by_connection), *own, diagnostics);
  Ranges ranges(values, diagnostics);
  settings.address = values.text("address");
  refuse_empty(values, {"address"}, diagnostics);
  if (by_connection) {
    settings.connection = values.text("connection");
    settings.capability = values.text("capability");
  } else {
    settings.listener = values.text("listener");
    settings.user = values.text("user");
    settings.password = values.text("password");
    settings.subject = values.text("subject");
    refuse_empty(values, {"user", "subject"}, diagnostics);
    if (!values.has("subject")) need(values, "password", "<amqp>", diagnostics);
    if (values.has("subject") && values.has("password")) {
      diagnostics.add(values.place("subject"), "a user logs in by a password or by a certificate",
                      "leave one of the two out");
    }
  }
  if (!spec.inbound) {
    settings.in_flight_max = ranges.integer("in-flight", 1, kCreditMax);
    return settings;
  }
  settings.credit = static_cast<int>(ranges.integer("credit", 1, kCreditMax));
  settings.encoded = values.text("passes") == "encoded";
  settings.properties = words(values.text("properties"));
  if (by_connection) {
    settings.modifies = values.text("gives-back") == "modified";
    settings.gives_back_after = ranges.time("gives-back-after");
    settings.tells_redelivery = values.text("redelivery") == "headers";
  }
  const bool reads = !settings.properties.empty() || settings.tells_redelivery;
  if (settings.encoded && reads) {
    diagnostics.add(values.place(settings.tells_redelivery ? "redelivery" : "properties"),
                    "nothing of a message is read where passes=\"encoded\"",
                    "leave one of the two out");
  }
  return settings;
}

std::pair<std::string, std::string> split_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return {address, ""};
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return {host, address.substr(colon + 1)};
}

bool is_loopback(const std::string& address) {
  const std::string host = split_address(address).first;
  const bool digits = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || (digits && host.starts_with("127."));
}

}  // namespace masar::amqp
