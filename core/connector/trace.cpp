#include "core/connector/trace.h"

#include <algorithm>

#include "core/base/hash.h"

namespace masar::connector {
namespace {

constexpr std::string_view kParent = "traceparent", kState = "tracestate";
// version "-" trace-id "-" parent-id "-" trace-flags
constexpr std::size_t kTraceAt = 3, kSpanAt = 36, kFlagsAt = 53, kLength = 55;
constexpr std::size_t kTraceDigits = 32, kSpanDigits = 16;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

bool is_of_trace(std::string_view name) { return name == kParent || name == kState; }

/// Of version 00, with the one flag that this version has (3.2.2.5).
std::string written(std::string_view trace, std::string_view span, char flag) {
  const bool sampled = (flag >= 'a' ? flag - 'a' + 10 : flag - '0') % 2 == 1;
  return "00-" + std::string(trace) + "-" + std::string(span) + (sampled ? "-01" : "-00");
}

/// An id of these digits of a hash; all zero is none, and comes once in 2^64.
std::string id_of(std::string_view digits) {
  std::string id(digits);
  if (!is_id(id)) id.back() = '1';
  return id;
}

}  // namespace

bool is_traceparent(std::string_view text) {
  if (text.size() < kLength || text[2] != '-' || text[kSpanAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-')
    return false;
  const std::string_view version = text.substr(0, 2);
  if (!is_hex(version) || version == "ff") return false;
  // What a later version adds begins with a hyphen.
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return false;
  return is_id(text.substr(kTraceAt, kTraceDigits)) && is_id(text.substr(kSpanAt, kSpanDigits)) &&
         is_hex(text.substr(kFlagsAt, 2));
}

Headers trace_of(const Headers& headers) {
  Headers trace;
  std::size_t parents = 0;
  for (const auto& header : headers) {
    if (header.first == kParent && (++parents > 1 || !is_traceparent(header.second))) return {};
    if (is_of_trace(header.first)) trace.push_back(header);
  }
  return parents == 1 ? trace : Headers{};
}

Headers trace_or_new(const Headers& headers, std::string_view seed) {
  Headers trace = trace_of(headers);
  if (!trace.empty()) return trace;
  const std::string hash = sha256_hex(seed);
  const std::string_view digits = hash;
  // Nothing is recorded here, so that "sampled" is not said.
  return {{std::string(kParent), written(id_of(digits.substr(0, kTraceDigits)),
                                         id_of(digits.substr(kTraceDigits, kSpanDigits)), '0')}};
}

std::string trace_id(const Headers& headers) {
  for (const auto& [name, value] : trace_of(headers)) {
    if (name == kParent) return value.substr(kTraceAt, kTraceDigits);
  }
  return {};
}

void put_trace(Headers& headers, Headers trace) {
  std::erase_if(headers, [](const auto& header) { return is_of_trace(header.first); });
  headers.insert(headers.end(), std::make_move_iterator(trace.begin()),
                 std::make_move_iterator(trace.end()));
}

void begin_span(Headers& headers, std::string_view seed) {
  Headers trace = trace_or_new(headers, seed);
  for (auto& [name, value] : trace) {
    if (name != kParent) continue;
    value = written(std::string_view(value).substr(kTraceAt, kTraceDigits),
                    id_of(sha256_hex("span " + std::string(seed)).substr(0, kSpanDigits)),
                    value[kFlagsAt + 1]);
  }
  put_trace(headers, std::move(trace));
}

std::optional<std::string> traceparent_of_binary(std::string_view bytes) {
  constexpr std::size_t kBytes = 29, kTrace = 2, kSpan = 19, kFlags = 28;
  if (bytes.size() != kBytes || bytes[0] != 0 || bytes[1] != 0 || bytes[kSpan - 1] != 1 ||
      bytes[kFlags - 1] != 2)
    return std::nullopt;
  return "00-" + to_hex(bytes.substr(kTrace, kTraceDigits / 2)) + "-" +
         to_hex(bytes.substr(kSpan, kSpanDigits / 2)) + "-" + to_hex(bytes.substr(kFlags, 1));
}

}  // namespace masar::connector
