#include "core/connector/guide.h"

#include <algorithm>

namespace masar::connector {

void Exchange::join(const Exchange& other) {
  for (const auto& header : other.headers) {
    if (std::find(headers.begin(), headers.end(), header) == headers.end())
      headers.push_back(header);
  }
  correlation.insert(other.correlation.begin(), other.correlation.end());
}

Guide Connector::guide(const GuideRequest&) const { return {}; }

std::string schema_path(std::string_view file) { return "schemas/" + std::string(file); }

std::string sample_path(const std::string& endpoint, const std::string& name,
                        std::string_view ending) {
  return "samples/" + endpoint + "/" + name + std::string(ending);
}

std::string plain_time(std::chrono::milliseconds time) {
  constexpr std::int64_t kSecond = 1'000, kMinute = 60'000, kHour = 3'600'000;
  const std::int64_t ms = time.count();
  const auto whole = [ms](std::int64_t unit, const char* name) {
    return std::to_string(ms / unit) + " " + name;
  };
  if (ms != 0 && ms % kHour == 0) return whole(kHour, "h");
  if (ms != 0 && ms % kMinute == 0) return whole(kMinute, "min");
  if (ms % kSecond == 0) return whole(kSecond, "s");
  return std::to_string(ms) + " ms";
}

}  // namespace masar::connector
