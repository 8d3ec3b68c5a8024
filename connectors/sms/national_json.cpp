#include "connectors/sms/national_json.h"

#include "connectors/http/json_object.h"
#include "connectors/http/server.h"

namespace masar::sms {
namespace {

namespace json = boost::json;

constexpr std::string_view kSent = "messagesId[";
constexpr int kMessageType = 3;
constexpr std::size_t kDepthMax = 1;
constexpr std::size_t kCodeBytesMax = 64;

}  // namespace

std::string message_json(const Message& message, std::string_view header) {
  const json::object data{{"msisdn", message.to},
                          {"text", message.text},
                          {"header", header},
                          {"messageTypeId", kMessageType}};
  return json::serialize(json::object{{"data1", data}});
}

std::optional<NationalAnswer> read_answer(std::string_view body) {
  const auto object = http::read_object(body, {kDepthMax, kMembersMax});
  if (!object || object->size() != 1) return std::nullopt;
  const auto& member = *object->begin();
  const std::string_view code(member.key().data(), member.key().size());
  const std::string_view text = http::text_of(*object, code);
  if (text.empty() || code.empty() || code.size() > kCodeBytesMax || !http::is_visible(code))
    return std::nullopt;
  return NationalAnswer{std::string(code), text.find(kSent) != std::string_view::npos};
}

}  // namespace masar::sms
