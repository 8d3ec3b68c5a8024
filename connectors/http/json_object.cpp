#include "connectors/http/json_object.h"

#include <utility>

namespace masar::http {

namespace json = boost::json;

std::optional<json::object> read_object(std::string_view body, ObjectLimits limits) {
  json::parse_options strict;
  strict.max_depth = limits.depth_max;
  json::error_code error;
  json::value value = json::parse(body, error, {}, strict);
  if (error || !value.is_object()) return std::nullopt;
  json::object& object = value.get_object();
  if (object.empty() || object.size() > limits.members_max) return std::nullopt;
  return std::move(object);
}

std::string_view text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  if (!value || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

}  // namespace masar::http
