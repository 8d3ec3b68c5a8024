#include "connectors/amqp/codec.h"

#include <algorithm>
#include <array>
#include <limits>

#include "connectors/amqp/primitive.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/connector/trace.h"

namespace masar::amqp {
namespace {

// Descriptors of the sections, part 3.2, in the order in which they may stand.
constexpr std::uint64_t kHeader = 0x70;
constexpr std::uint64_t kProperties = 0x73;
constexpr std::uint64_t kApplicationProperties = 0x74;
constexpr std::uint64_t kData = 0x75;
constexpr std::uint64_t kSequence = 0x76;
constexpr std::uint64_t kValue = 0x77;
constexpr std::uint64_t kFooter = 0x78;
constexpr std::array<std::string_view, 9> kSymbols{"amqp:header:list",
                                                   "amqp:delivery-annotations:map",
                                                   "amqp:message-annotations:map",
                                                   "amqp:properties:list",
                                                   "amqp:application-properties:map",
                                                   "amqp:data:binary",
                                                   "amqp:amqp-sequence:list",
                                                   "amqp:amqp-value:*",
                                                   "amqp:footer:map"};

// Positions in the header's and the properties' list, part 3.2.1 and 3.2.4.
enum HeaderAt : std::uint32_t { kTtl = 2, kFirstAcquirer = 3, kDeliveryCount = 4 };
enum PropertyAt : std::uint32_t {
  kMessageId = 0,
  kSubject = 3,
  kCorrelationId = 5,
  kContentType = 6,
  kExpiry = 8,
  kReplyToGroup = 12,
};

constexpr std::string_view kDefaultContentType = "application/xml";
// Beyond these an Instant of microseconds cannot hold the time: it is as good as none.
constexpr std::int64_t kTimeMaxMs = std::numeric_limits<std::int64_t>::max() / 1000 - 1;

std::string uuid_text(std::string_view bytes) {
  std::string hex = to_hex(bytes);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) hex.insert(at, 1, '-');
  return hex;
}

std::string clean(std::string_view text) {
  if (!is_utf8(text)) refuse("a property is not UTF-8");
  return clean_text(text);
}

std::string id_text(const Primitive& value, const char* name) {
  std::string text;
  if (value.is_null()) return text;
  if (value.payload.size() > kIdBytesMax) refuse(std::string(name) + " is too long");
  if (value.is_string()) {
    text = clean(value.payload);
  } else if (value.is_unsigned()) {
    text = std::to_string(value.number());
  } else if (value.code == code::kUuid) {
    text = uuid_text(value.payload);
  } else if (value.is_binary()) {
    text = to_hex(value.payload);
  } else {
    refuse(std::string(name) + " is of a type that identifiers do not have");
  }
  return text;
}

/// A simple value of the application properties as text. No value for types that have none.
std::optional<std::string> simple_text(const Primitive& value) {
  if (value.is_string() || value.is_symbol() || value.is_binary()) return clean(value.payload);
  if (value.is_unsigned()) return std::to_string(value.number());
  if (value.is_signed()) return std::to_string(value.signed_number());
  if (value.code == code::kUuid) return uuid_text(value.payload);
  if (value.code == code::kTrue || value.code == code::kFalse || value.code == code::kBoolean) {
    return value.code == code::kTrue || value.number() == 1 ? "true" : "false";
  }
  return std::nullopt;
}

bool is_false(const Primitive& value) {
  return value.code == code::kFalse || (value.code == code::kBoolean && value.number() == 0);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Reads a message's sections into what the hub takes of it.
class Sections {
 public:
  Sections(const std::vector<std::string>& properties, Instant now)
      : properties_(properties), now_(now) {}

  Decoded read(std::string_view encoded) {
    if (encoded.empty()) refuse("the message is empty");
    PrimitiveReader in(encoded);
    while (!in.at_end()) section(in);
    if (!has_body_) refuse("the message has no body");
    return std::move(out_);
  }

 private:
  void section(PrimitiveReader& in) {
    in.take_described();
    const std::uint64_t descriptor = descriptor_of(in.next());
    const bool more_data = descriptor == kData && last_ == kData;
    if (descriptor <= last_ && !more_data)
      refuse("the sections are out of their order, or two bodies");
    if (last_ >= kData && descriptor != kFooter && !more_data) refuse("the message has two bodies");
    last_ = descriptor;
    const bool described = in.described();
    const Primitive value = in.next();
    if (described) refuse("a section holds a described value");
    take(descriptor, value);
  }

  static std::uint64_t descriptor_of(const Primitive& value) {
    if (value.is_symbol()) {
      const auto found = std::find(kSymbols.begin(), kSymbols.end(), value.payload);
      if (found == kSymbols.end()) refuse("the message has an unknown section");
      return kHeader + static_cast<std::uint64_t>(found - kSymbols.begin());
    }
    const std::uint64_t number = value.number();
    if (!value.is_unsigned() || number < kHeader || number > kFooter)
      refuse("the message has an unknown section");
    return number;
  }

  void take(std::uint64_t descriptor, const Primitive& value) {
    switch (descriptor) {
      case kHeader:
        return header(value);
      case kProperties:
        return properties(value);
      case kApplicationProperties:
        return application_properties(value);
      case kData:
        if (!value.is_binary()) refuse("a data section holds no binary");
        has_body_ = true;
        out_.body += value.payload;
        return;
      case kSequence:
        refuse("the body is an amqp-sequence; send a data section");
      case kValue:
        if (!value.is_string() && !value.is_binary())
          refuse("the body's amqp-value is neither string nor binary");
        has_body_ = true;
        out_.body = value.payload;
        return;
      default:  // annotations and footer: stepped over
        if (!value.is_map()) refuse("annotations are no map");
    }
  }

  void header(const Primitive& value) {
    if (!value.is_list()) refuse("the header is no list");
    PrimitiveReader fields(value.payload);
    for (std::uint32_t at = 0; at < value.count; ++at) {
      const Primitive field = fields.next();
      if (at == kTtl && field.is_unsigned()) {
        expires(now_ + std::chrono::milliseconds(field.number() &
                                                 std::numeric_limits<std::uint32_t>::max()));
      } else if (at == kFirstAcquirer && is_false(field)) {
        out_.redelivered = true;
      } else if (at == kDeliveryCount && field.is_unsigned()) {
        out_.delivery_count = field.number();
        if (out_.delivery_count > 0) out_.redelivered = true;
      }
    }
  }

  void properties(const Primitive& value) {
    if (!value.is_list()) refuse("the properties are no list");
    PrimitiveReader fields(value.payload);
    for (std::uint32_t at = 0; at < value.count; ++at) {
      const Primitive field = fields.next();
      if (!field.is_null()) property(at, field);
    }
  }

  void property(std::uint32_t at, const Primitive& field) {
    switch (at) {
      case kMessageId:
        out_.message_id = id_text(field, "message-id");
        return;
      case kCorrelationId:
        return add("correlation-id", id_text(field, "correlation-id"));
      case kSubject:
        return add_text("subject", field);
      case kContentType:
        return add_text("content-type", field);
      case kReplyToGroup:
        return add_text("reply-to-group", field);
      case kExpiry: {
        if (field.code != code::kTimestamp) refuse("absolute-expiry-time is no timestamp");
        const std::int64_t ms = field.signed_number();
        if (ms >= 0 && ms <= kTimeMaxMs) expires(Instant(std::chrono::milliseconds(ms)));
        return;
      }
      default:
        return;
    }
  }

  void application_properties(const Primitive& value) {
    if (!value.is_map() || value.count % 2 != 0) refuse("the application properties are no map");
    PrimitiveReader entries(value.payload);
    for (std::uint32_t at = 0; at < value.count; at += 2) {
      const Primitive key = entries.next();
      const Primitive entry = entries.next();
      if (!key.is_string()) refuse("an application property's name is no string");
      if (!is_listed(key.payload)) continue;
      if (is_trace(key.payload) && entry.is_binary()) {
        add_trace(key.payload, entry.payload);
        continue;
      }
      if (auto text = simple_text(entry)) add(lower(key.payload), std::move(*text));
    }
  }

  static bool is_trace(std::string_view name) {
    return name == "traceparent" || name == "tracestate";
  }

  /// Sent as binary: its text, or the binary form; other bytes are no reason to refuse a message.
  void add_trace(std::string_view name, std::string_view bytes) {
    if (auto text = connector::traceparent_of_binary(bytes)) {
      add(std::string(name), std::move(*text));
    } else if (is_utf8(bytes)) {
      add(std::string(name), clean_text(bytes));
    }
  }

  bool is_listed(std::string_view name) const {
    return is_trace(name) ||
           std::find(properties_.begin(), properties_.end(), name) != properties_.end();
  }

  void add_text(const char* name, const Primitive& field) {
    if (!field.is_string() && !field.is_symbol()) refuse(std::string(name) + " is no text");
    add(name, clean(field.payload));
  }

  void add(std::string name, std::string text) {
    header_bytes_ += name.size() + text.size();
    if (header_bytes_ > kHeaderBytesMax) refuse("the properties are too long");
    out_.headers.emplace_back(std::move(name), std::move(text));
  }

  void expires(Instant at) {
    if (!out_.expires || at < *out_.expires) out_.expires = at;
  }

  const std::vector<std::string>& properties_;
  const Instant now_;
  std::uint64_t last_ = 0;
  bool has_body_ = false;
  std::size_t header_bytes_ = 0;
  Decoded out_;
};

}  // namespace

Decoded decode(std::string_view encoded, const std::vector<std::string>& properties, Instant now) {
  return Sections(properties, now).read(encoded);
}

std::string encode(const connector::Attempt& attempt) {
  constexpr std::size_t kFramingBytes = 256;  // a guess at what the sections take beside the texts
  std::array<const std::string*, kReplyToGroup + 1> texts{};
  texts[kMessageId] = &attempt.effect_id;
  const std::string content_type(kDefaultContentType);
  texts[kContentType] = &content_type;
  PrimitiveWriter application;
  std::uint32_t application_count = 0;
  std::size_t bytes = kFramingBytes + attempt.body.size();
  for (const auto& [name, text] : attempt.headers) {
    bytes += name.size() + text.size();
    if (name.starts_with(':')) continue;
    if (name == "content-type") texts[kContentType] = &text;
    else if (name == "correlation-id") texts[kCorrelationId] = &text;
    else if (name == "subject") texts[kSubject] = &text;
    else if (name == "reply-to-group") texts[kReplyToGroup] = &text;
    else {
      application.string(name);
      application.string(text);
      application_count += 2;
    }
  }
  PrimitiveWriter out;
  out.reserve(bytes);
  PrimitiveWriter header;
  header.boolean(true);  // durable: it stands in the outbox
  out.section(kHeader);
  out.compound(code::kList32, 1, header);
  PrimitiveWriter properties;
  for (std::uint32_t at = 0; at <= kReplyToGroup; ++at) {
    if (at == kExpiry && attempt.not_after) {
      properties.timestamp(std::chrono::floor<std::chrono::milliseconds>(*attempt.not_after)
                               .time_since_epoch()
                               .count());
    } else if (texts[at] == nullptr) {
      properties.null();
    } else if (at == kContentType) {
      properties.symbol(*texts[at]);
    } else {
      properties.string(*texts[at]);
    }
  }
  out.section(kProperties);
  out.compound(code::kList32, kReplyToGroup + 1, properties);
  if (application_count > 0) {
    out.section(kApplicationProperties);
    out.compound(code::kMap32, application_count, application);
  }
  out.section(kData);
  out.binary(attempt.body);
  return out.take();
}

}  // namespace masar::amqp
