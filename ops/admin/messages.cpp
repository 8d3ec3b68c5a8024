#include "ops/admin/messages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string_view>

#include "core/base/error.h"
#include "core/config/diagnostics.h"
#include "core/engine/listed_messages.h"
#include "core/route/compiler.h"
#include "ops/admin/csv.h"
#include "ops/admin/json.h"

namespace masar::admin {

namespace json = boost::json;
using engine::ListedMessage;
using engine::MessageList;
using http::Request;
using http::Response;

namespace {

constexpr std::size_t kConditionsMax = 16;
constexpr std::array<std::string_view, 7> kArguments{"type",  "from",  "to",    "where",
                                                     "after", "limit", "format"};

/// Names the argument, and nothing of what it says: a value may be a person's.
[[noreturn]] void refuse(std::string_view argument, const std::string& what) {
  throw Error(ErrorKind::rejected, "bad-argument", std::string(argument) + ": " + what);
}

/// A day begins at midnight of the service's zone.
Instant instant_of(const Request& request, std::string_view argument, const std::string& zone) {
  const auto text = request.query_value(argument);
  if (!text) refuse(argument, "is missing");
  if (const auto day = parse_date(*text)) return start_of(*day, zone);
  if (const auto instant = parse_instant(*text)) return *instant;
  refuse(argument, kTimeForm);
}

std::int64_t number_of(const Request& request, std::string_view argument, std::int64_t least,
                       std::int64_t most, std::int64_t fallback) {
  const auto text = request.query_value(argument);
  if (!text) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < least || value > most)
    refuse(argument, "write a number from " + std::to_string(least) + " to " +
                         std::to_string(most));
  return value;
}

std::vector<std::string> names_of(const MessageList& list) {
  std::vector<std::string> names;
  for (const auto& column : list.columns) names.push_back(column.name);
  return names;
}

/// COLUMN:VALUE
std::pair<std::size_t, std::string> condition_of(const MessageList& list, const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) refuse("where", "write COLUMN:VALUE");
  const auto names = names_of(list);
  const auto found = std::find(names.begin(), names.end(), text.substr(0, colon));
  if (found == names.end()) {
    refuse("where", "the list has no such column; " +
                        config::suggest(text.substr(0, colon), names));
  }
  return {static_cast<std::size_t>(found - names.begin()), text.substr(colon + 1)};
}

engine::ListQuestion question_of(const Request& request, const MessageList& list,
                                 const std::string& zone) {
  for (const auto& [name, value] : request.query) {
    if (std::find(kArguments.begin(), kArguments.end(), name) == kArguments.end())
      refuse("query", "known are type, from, to, where, after, limit and format");
  }
  engine::ListQuestion question;
  question.from = instant_of(request, "from", zone);
  question.to = instant_of(request, "to", zone);
  if (question.from >= question.to) refuse("to", "is not behind from");
  question.after = number_of(request, "after", 0, std::numeric_limits<std::int64_t>::max(), 0);
  question.limit = static_cast<std::size_t>(
      number_of(request, "limit", 1, static_cast<std::int64_t>(engine::kListedMax), 50));
  for (const auto& [name, value] : request.query) {
    if (name != "where") continue;
    if (question.where.size() == kConditionsMax)
      refuse("where", "is there more than " + std::to_string(kConditionsMax) + " times");
    question.where.push_back(condition_of(list, value));
  }
  return question;
}

bool wants_csv(const Request& request) {
  const auto format = request.query_value("format");
  if (!format) return http::lower(request.header("accept")).find("text/csv") != std::string::npos;
  if (*format != "json" && *format != "csv") refuse("format", "write json or csv");
  return *format == "csv";
}

std::string_view outcome_of(const store::MessageRow& message) {
  if (message.state == store::JournalState::undone) return "waiting";
  if (message.state == store::JournalState::dead) return "dead-letter";
  return message.case_key.empty() ? "recorded" : "done";
}

std::string_view content_of(ListedMessage::Content content) {
  static constexpr std::string_view kNames[]{"kept", "deleted", "unreadable"};
  return kNames[static_cast<int>(content)];
}

json::value reply_json(const ListedMessage& listed) {
  const auto& reply = listed.message.reply;
  if (!reply) return nullptr;
  const char* kind = !reply->code.empty() ? "refused" : listed.answered ? "reply" : "accepted";
  return json::object{{"kind", kind}, {"code", reply->code}};
}

json::object message_json(const ListedMessage& listed, const MessageList& list,
                          const std::string& zone) {
  const auto& row = listed.message.row;
  json::array cases;
  if (!listed.message.case_key.empty()) cases.emplace_back(listed.message.case_key);
  json::object fields;
  for (std::size_t at = 0; at < list.columns.size(); ++at) {
    const auto& text = listed.fields[at].text;
    fields[list.columns[at].name] = text ? json::value(*text) : json::value(nullptr);
  }
  return {{"id", row.id},
          {"received", format_instant(row.stamp, zone)},
          {"type", row.name},
          {"endpoint", row.endpoint},
          {"partner", row.sender},
          {"message", row.envelope ? row.envelope : row.id},
          {"message_id", row.message_id},
          {"part", row.part + 1},
          {"parts", row.parts},
          {"cases", std::move(cases)},
          {"outcome", outcome_of(listed.message)},
          {"reply", reply_json(listed)},
          {"content", content_of(listed.content)},
          {"fields", std::move(fields)}};
}

std::string text_of(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return std::string(value.as_string());
  if (!value.is_array()) return json::serialize(value);
  std::string all;
  for (const auto& item : value.as_array()) all += (all.empty() ? "" : " ") + text_of(item);
  return all;
}

std::string member(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found ? text_of(*found) : std::string();
}

/// The same question, behind `after` (RFC 8288).
std::string next_link(const Request& request, store::RowId after) {
  std::string query;
  for (const auto& [name, value] : request.query) {
    if (name != "after") query += name + "=" + http::encode_percent(value) + "&";
  }
  return "<" + request.path + "?" + query + "after=" + std::to_string(after) + ">; rel=\"next\"";
}

Response csv_page(const json::array& messages, const MessageList& list) {
  const auto columns = names_of(list);
  std::string text = csv_line(message_header(columns));
  for (const auto& message : messages)
    text += csv_line(message_cells(message.as_object(), columns));
  return http::text_response(200, std::move(text), "text/csv; charset=utf-8; header=present");
}

Response json_page(json::array messages, const MessageList& list,
                   const engine::ListQuestion& question, const engine::ListPage& page,
                   const std::string& zone) {
  json::array columns;
  for (const auto& name : names_of(list)) columns.emplace_back(name);
  json::object body{{"type", list.id},
                    {"from", format_instant(question.from, zone)},
                    {"to", format_instant(question.to, zone)},
                    {"columns", std::move(columns)},
                    {"messages", std::move(messages)},
                    {"after", nullptr}};
  if (page.after) body["after"] = *page.after;
  return json_response(200, body);
}

}  // namespace

Response list_messages(engine::Hub& hub, const Request& request) {
  const auto& snapshot = hub.snapshot();
  const std::string& zone = snapshot.hub.zone;
  const auto named = request.query_value("type");
  const auto known = route::keys_of(snapshot.lists);
  if (!named) return problem(422, "bad-argument", "type: is missing");
  const auto found = snapshot.lists.find(*named);
  if (found == snapshot.lists.end()) {
    const std::string hint = config::suggest(*named, known);
    return problem(404, "no-such-list",
                   "type: the configuration has no such list" + (hint.empty() ? "" : "; " + hint));
  }
  const MessageList& list = found->second;
  engine::ListQuestion question;
  bool csv = false;
  try {
    csv = wants_csv(request);
    question = question_of(request, list, zone);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::rejected) throw;
    return problem(422, error.code(), error.what());
  }
  const auto page = engine::read_list(snapshot, list, question, hub.store());
  json::array messages;
  for (const auto& listed : page.messages) messages.push_back(message_json(listed, list, zone));
  Response response = csv ? csv_page(messages, list)
                          : json_page(std::move(messages), list, question, page, zone);
  if (page.after) response.headers.emplace_back("Link", next_link(request, *page.after));
  return response;
}

std::vector<std::string> message_header(const std::vector<std::string>& columns) {
  std::vector<std::string> header(engine::kListedOfAll.begin(), engine::kListedOfAll.end());
  header.insert(header.end(), columns.begin(), columns.end());
  return header;
}

std::vector<std::string> message_cells(const json::object& message,
                                       const std::vector<std::string>& columns) {
  static const json::object none;
  const auto inside = [&message](const char* name) -> const json::object& {
    const auto* found = message.if_contains(name);
    return found && found->is_object() ? found->as_object() : none;
  };
  std::vector<std::string> cells;
  for (const auto name : engine::kListedOfAll) {
    cells.push_back(name == "reply"        ? member(inside("reply"), "kind")
                    : name == "reply_code" ? member(inside("reply"), "code")
                                           : member(message, name));
  }
  for (const auto& name : columns) cells.push_back(member(inside("fields"), name));
  return cells;
}

}  // namespace masar::admin
