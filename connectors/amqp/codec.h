#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/connector/connector.h"

namespace masar::amqp {

/// What the hub takes from an AMQP 1.0 message (part 3, "Messaging").
struct Decoded {
  std::string message_id;  ///< as text; empty where the sender gave none
  std::vector<std::pair<std::string, std::string>> headers;  ///< lower-case names, clean values
  std::string body;
  std::optional<Instant> expires;  ///< absolute-expiry-time, or `now` + ttl, the earlier
  bool redelivered = false;        ///< not the first acquirer, or counted before
  std::uint64_t delivery_count = 0;  ///< attempts before this one, as far as the sender counts them
};

/// Reads an encoded message. Its body must be one amqp-value of string or binary, or data sections,
/// which are joined. Headers: content-type, correlation-id, subject, reply-to-group and, of the
/// application properties, traceparent, tracestate and those named by `properties`; all else is
/// dropped. Identifiers as text: a string as it is, ulong in decimal, uuid in its usual form,
/// binary in hex.
///
/// Nested values are stepped over by their sizes: neither depth nor counts in the bytes cost memory
/// or stack. Throws Error(rejected, "amqp:decode-error") for anything that is no such message; the
/// text holds nothing of the message. Pure, any thread.
Decoded decode(std::string_view encoded, const std::vector<std::string>& properties, Instant now);

/// The message of one attempt: durable, message-id = effect id, absolute-expiry-time = not_after,
/// the body as one data section. The headers content-type (default application/xml),
/// correlation-id, subject and reply-to-group become properties, those that begin with ':' nothing,
/// all others application properties. Pure, any thread.
std::string encode(const connector::Attempt& attempt);

constexpr std::size_t kIdBytesMax = 1024;          ///< of message-id and correlation-id
constexpr std::size_t kHeaderBytesMax = 16 << 10;  ///< of all headers of a message

}  // namespace masar::amqp
