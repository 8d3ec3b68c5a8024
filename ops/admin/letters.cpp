#include "ops/admin/letters.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "core/base/text.h"
#include "core/engine/records.h"
#include "ops/admin/json.h"

namespace masar::admin {

namespace json = boost::json;

namespace {

constexpr std::size_t kDocumentMax = 16u << 10;  ///< bytes shown of a document
constexpr std::size_t kCountedMax = 10'000;      ///< open letters grouped by their cause
constexpr std::size_t kWindow = 500;
constexpr std::size_t kTextMax = 500;  ///< code points of a cause

bool begins_tag(std::string_view rest) {
  if (rest.size() < 2) return false;
  const auto next = static_cast<unsigned char>(rest[1]);
  return next == '/' || next == '_' || std::isalpha(next) || next >= 0x80;
}

std::string masked_run(std::string_view run) {
  const auto inner = trim(run);
  if (inner.empty()) return std::string(run);
  const auto before = static_cast<std::size_t>(inner.data() - run.data());
  return std::string(run.substr(0, before)) + masked(inner) +
         std::string(run.substr(before + inner.size()));
}

/// One tag without its brackets: names stay, values between quotes are masked.
std::string masked_tag(std::string_view tag) {
  std::string out;
  while (!tag.empty()) {
    const auto open = tag.find_first_of("\"'");
    out += mask_numbers(tag.substr(0, open), kDocumentMax);
    if (open == std::string_view::npos) break;
    const char quote = tag[open];
    const auto close = tag.find(quote, open + 1);
    const auto value = tag.substr(open + 1, close - open - 1);
    out += quote + masked(value);
    if (close == std::string_view::npos) break;
    out += quote;
    tag.remove_prefix(close + 1);
  }
  return out;
}

}  // namespace

std::string masked_document(std::string_view bytes) {
  if (!is_utf8(bytes)) return {};
  bytes = bytes.substr(0, kDocumentMax);
  while (!is_utf8(bytes)) bytes.remove_suffix(1);  // cut inside a letter
  std::string out;
  while (!bytes.empty()) {
    if (begins_tag(bytes) && bytes.front() == '<') {
      const auto end = bytes.find('>');
      out += '<' + masked_tag(bytes.substr(1, end == std::string_view::npos ? end : end - 1));
      if (end == std::string_view::npos) return out;
      out += '>';
      bytes.remove_prefix(end + 1);
      continue;
    }
    std::size_t next = 1;  // a bracket that begins no tag is text
    while (next < bytes.size() && !(bytes[next] == '<' && begins_tag(bytes.substr(next)))) ++next;
    out += masked_run(bytes.substr(0, next));
    bytes.remove_prefix(next);
  }
  return out;
}

json::object bytes_json(const std::string& bytes) {
  return {{"bytes", bytes.size()}, {"masked", masked_document(bytes)}};
}

json::object dead_letter_json(const store::DeadLetterRow& row) {
  static constexpr std::string_view kStates[]{"open", "retried", "discarded"};
  return {{"id", row.id},
          {"case", row.case_key},
          {"endpoint", row.endpoint},
          {"route", row.route},
          {"step", row.step},
          {"code", row.code},
          {"text", mask_numbers(row.text, kTextMax)},
          {"fingerprint", row.fingerprint},
          {"attempts", row.attempts},
          {"effect", row.effect},
          {"at", format_instant(row.at)},
          {"state", kStates[static_cast<int>(row.state)]}};
}

json::object dead_letter_detail(engine::Hub& hub, const store::DeadLetterRow& row) {
  json::object out = dead_letter_json(row);
  out["snapshot"] = row.snapshot;
  out["journal"] = row.journal;
  out["original"] = bytes_json(row.original);
  out["at_step"] = bytes_json(row.at_step);
  out["task"] = nullptr;
  if (row.case_key.empty()) return out;
  for (const auto& task : engine::tasks_of_letter(hub.store(), row.id, row.case_key))
    out["task"] = task.id;
  return out;
}

json::object dead_letter_causes(engine::Hub& hub) {
  std::map<std::string, json::object> causes;
  std::size_t counted = 0;
  std::int64_t after = 0;
  for (bool more = true; more && counted < kCountedMax;) {
    const auto window = hub.store().dead_letters(store::DeadLetterState::open, after, kWindow);
    for (const auto& row : window) {
      auto& cause = causes[row.fingerprint];
      if (cause.empty()) {
        cause = {{"fingerprint", row.fingerprint},
                 {"route", row.route},
                 {"step", row.step},
                 {"code", row.code},
                 {"text", mask_numbers(row.text, kTextMax)},
                 {"count", std::int64_t{0}},
                 {"first", row.id},
                 {"since", format_instant(row.at)}};
      }
      cause["count"] = cause["count"].as_int64() + 1;
      cause["last"] = row.id;
      cause["until"] = format_instant(row.at);
      after = row.id;
    }
    counted += window.size();
    more = window.size() == kWindow;
  }
  json::array rows;
  for (auto& [fingerprint, cause] : causes) rows.push_back(std::move(cause));
  return {{"causes", std::move(rows)}, {"counted", counted}, {"counted_max", kCountedMax}};
}

}  // namespace masar::admin
