#include "connectors/amqp/settings.h"

#include <algorithm>
#include <sstream>

#include "core/base/text.h"

namespace masar::amqp {
namespace {

using config::ElementTable;
using config::Kind;

const ElementTable kListener{
    "listener",
    "Where partners connect to by AMQP 1.0.",
    {{"id", Kind::name, true, "", "its name", {}},
     {"connector", Kind::name, true, "amqp", "the protocol", {}},
     {"address",
      Kind::address,
      true,
      "127.0.0.1:0",
      "host:port that it listens on; port 0: a free one",
      {}},
     {"idle", Kind::duration, false, "PT30S", "a silent connection is closed after this", {}},
     {"login",
      Kind::duration,
      false,
      "PT10S",
      "time from connecting to being logged in and open",
      {}},
     {"connections", Kind::integer, false, "256", "connections at once", {}},
     {"links", Kind::integer, false, "64", "links of one connection", {}},
     {"sessions", Kind::integer, false, "16", "sessions of one connection", {}},
     {"threads", Kind::integer, false, "1", "threads that handle its events", {}},
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
      {}}},
    {}};

const ElementTable kInbound{
    "amqp",
    "A target that the partner sends to.",
    {{"listener", Kind::name, true, "", "id of the listener", {}},
     {"address", Kind::text, true, "", "the link's target address", {}},
     {"user", Kind::text, true, "", "the only user (SASL PLAIN) that may send to it", {}},
     {"password", Kind::secret, true, "", "that user's password, secret:NAME", {}},
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
      {}}},
    {}};

const ElementTable kOutbound{
    "amqp",
    "A source that the partner's receiver drains.",
    {{"listener", Kind::name, true, "", "id of the listener", {}},
     {"address", Kind::text, true, "", "the link's source address", {}},
     {"user", Kind::text, true, "", "the only user (SASL PLAIN) that may receive from it", {}},
     {"password", Kind::secret, true, "", "that user's password, secret:NAME", {}},
     {"in-flight",
      Kind::integer,
      false,
      "1000",
      "messages of one receiver that are sent and not settled",
      {}}},
    {}};

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

}  // namespace

ListenerSettings read_listener(const config::Element& listener, config::Diagnostics& diagnostics) {
  const config::Values values(kListener, listener, diagnostics);
  Ranges ranges(values, diagnostics);
  ListenerSettings settings;
  settings.id = values.text("id");
  settings.address = values.text("address");
  settings.idle = ranges.time("idle");
  settings.login = ranges.time("login");
  settings.connections_max = ranges.integer("connections", 1, kConnectionsMax);
  settings.links_max = ranges.integer("links", 1, kLinksMax);
  settings.sessions_max = ranges.integer("sessions", 1, kSessionsMax);
  settings.threads = ranges.integer("threads", 1, kThreadsMax);
  settings.frame_bytes_max = ranges.integer("frame-bytes", kFrameBytesMin, kBytesMax);
  settings.session_bytes = ranges.integer("session-bytes", kFrameBytesMin, kBytesMax);
  settings.buffer_bytes = ranges.integer("buffer-bytes", kFrameBytesMin, kBytesMax);
  if (settings.session_bytes < settings.frame_bytes_max) {
    diagnostics.add(values.place("session-bytes"), "session-bytes is less than frame-bytes",
                    "write at least one frame, or nothing would come in");
    settings.session_bytes = settings.frame_bytes_max;
  }
  return settings;
}

EndpointSettings read_endpoint(const connector::EndpointSpec& spec,
                               config::Diagnostics& diagnostics) {
  EndpointSettings settings;
  const config::Element* own = spec.root->element("amqp");
  if (own == nullptr) {
    diagnostics.add(spec.root->place, "the endpoint has no <amqp>",
                    "write <amqp listener=\"…\" address=\"…\" user=\"…\" password=\"secret:…\"/>");
    return settings;
  }
  const config::Values values(spec.inbound ? kInbound : kOutbound, *own, diagnostics);
  Ranges ranges(values, diagnostics);
  settings.listener = values.text("listener");
  settings.address = values.text("address");
  settings.user = values.text("user");
  settings.password = values.text("password");
  for (const char* field : {"address", "user"}) {
    if (values.has(field) && values.text(field).empty()) {
      diagnostics.add(values.place(field), std::string(field) + " is empty");
    }
  }
  if (spec.inbound) {
    settings.credit = static_cast<int>(ranges.integer("credit", 1, kCreditMax));
    settings.encoded = values.text("passes") == "encoded";
    settings.properties = words(values.text("properties"));
    if (settings.encoded && !settings.properties.empty()) {
      diagnostics.add(values.place("properties"),
                      "properties are not read where passes=\"encoded\"",
                      "leave one of the two out");
    }
  } else {
    settings.in_flight_max = ranges.integer("in-flight", 1, kCreditMax);
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
