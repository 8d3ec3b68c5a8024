#include "connectors/sms/national_json.h"

#include <algorithm>
#include <boost/json.hpp>

namespace masar::sms {
namespace {

namespace json = boost::json;

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kSent = "messagesId[";
constexpr int kMessageType = 3;
constexpr std::size_t kDepthMax = 1;
constexpr std::size_t kCodeBytesMax = 64;

std::optional<json::object> read_object(std::string_view body) {
  json::parse_options strict;
  strict.max_depth = kDepthMax;
  json::error_code error;
  json::value value = json::parse(body, error, {}, strict);
  if (error || !value.is_object()) return std::nullopt;
  json::object& object = value.get_object();
  if (object.empty() || object.size() > kMembersMax) return std::nullopt;
  return std::move(object);
}

std::string_view text_of(const json::value& value) {
  if (!value.is_string()) return {};
  return {value.get_string().data(), value.get_string().size()};
}

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

}  // namespace

std::string login_json(std::string_view user, std::string_view password) {
  return json::serialize(json::object{{"username", user}, {"password", password}});
}

std::string message_json(const Message& message, std::string_view header) {
  const json::object data{{"msisdn", message.to},
                          {"text", message.text},
                          {"header", header},
                          {"messageTypeId", kMessageType}};
  return json::serialize(json::object{{"data1", data}});
}

std::optional<std::string> read_token(std::string_view body) {
  const auto object = read_object(body);
  const auto* member = object ? object->if_contains("token") : nullptr;
  if (!member) return std::nullopt;
  std::string_view token = text_of(*member);
  if (token.starts_with(kBearer)) token.remove_prefix(kBearer.size());
  if (token.empty() || token.size() > kTokenBytesMax) return std::nullopt;
  if (!std::all_of(token.begin(), token.end(), is_visible)) return std::nullopt;
  return std::string(token);
}

std::optional<NationalAnswer> read_answer(std::string_view body) {
  const auto object = read_object(body);
  if (!object || object->size() != 1) return std::nullopt;
  const auto& member = *object->begin();
  const std::string_view text = text_of(member.value());
  const std::string_view code(member.key().data(), member.key().size());
  const bool plain = std::all_of(code.begin(), code.end(), is_visible);
  if (text.empty() || code.empty() || code.size() > kCodeBytesMax || !plain) return std::nullopt;
  return NationalAnswer{std::string(code), text.find(kSent) != std::string_view::npos};
}

}  // namespace masar::sms
