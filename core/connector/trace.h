#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace masar::connector {

// The trace that a message belongs to, as W3C Trace Context has it
// (https://www.w3.org/TR/trace-context-1/): `traceparent` names trace and caller, `tracestate` is
// its vendors' own. The hub takes part and records no spans: what it sends has the trace of what
// made it send, and a span id of its own. Any thread.

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Whether it is a traceparent: lower case, no id all zero, any version but ff (3.2.2).
bool is_traceparent(std::string_view text);

/// The trace headers among these; none where the traceparent is not valid or stands there twice:
/// nothing of such a trace is to be used (3.2.2.5, 4.3).
Headers trace_of(const Headers& headers);

/// The same; where there is none a new trace, whose ids are made of `seed`: the same for the same.
Headers trace_or_new(const Headers& headers, std::string_view seed);

/// The trace-id of these headers, for logs; empty where trace_of() has none.
std::string trace_id(const Headers& headers);

/// In place of the trace headers among `headers`.
void put_trace(Headers& headers, Headers trace);

/// For one call: the trace of `headers`, or a new one, with a span id made of `seed`.
void begin_span(Headers& headers, std::string_view seed);

/// The binary form that older senders on AMQP use (https://w3c.github.io/trace-context-binary/:
/// version 0, then fields 0, 1 and 2 in that order), as text. No value for other bytes.
std::optional<std::string> traceparent_of_binary(std::string_view bytes);

}  // namespace masar::connector
