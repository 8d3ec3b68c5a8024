#include "connectors/sms/report.h"

#include "core/base/hash.h"

namespace masar::sms {
namespace {

constexpr std::size_t kMacDigits = 32;

}  // namespace

std::string report_segment(std::string_view key, std::string_view effect_id) {
  const std::string mac = to_hex(hmac_sha256(key, effect_id));
  return std::string(effect_id) + "." + mac.substr(0, kMacDigits);
}

std::optional<std::string> effect_of_segment(std::string_view key, std::string_view segment) {
  const auto dot = segment.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  const std::string_view effect = segment.substr(0, dot);
  if (!equal_in_constant_time(report_segment(key, effect), segment)) return std::nullopt;
  return std::string(effect);
}

std::string_view state_of(std::string_view code) {
  if (code == "1") return "delivered";
  if (code == "2") return "failed";
  if (code == "4") return "buffered";
  if (code == "8") return "accepted";
  if (code == "16") return "rejected";
  // Failures with their reason in the higher bits: 32 + 2 and 64 + 2.
  if (code == "34") return "expired";
  if (code == "66") return "unknown";
  return {};
}

}  // namespace masar::sms
