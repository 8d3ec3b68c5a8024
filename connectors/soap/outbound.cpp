#include "connectors/soap/outbound.h"

#include <algorithm>

#include "connectors/http/inbound.h"
#include "connectors/http/outbound.h"
#include "core/base/error.h"
#include "core/message/written_root.h"
#include "core/message/xml_names.h"
#include "core/message/xml_writer.h"

namespace masar::soap {

using connector::Attempt;
using connector::Outcome;
using connector::OutcomeKind;
using http::CallResult;

namespace {

constexpr std::size_t kShownCodeMax = 64;

bool contains(const std::vector<std::string>& codes, const std::string& code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// A partner's code as it may stand in a log: a name, or nothing.
std::string shown(const std::string& code) {
  const bool plain = !code.empty() && code.size() <= kShownCodeMax &&
                     std::all_of(code.begin(), code.end(), [](unsigned char c) {
                       return std::isalnum(c) || c == '_' || c == '-' || c == '.';
                     });
  return plain ? code : std::string();
}

Outcome unknown(std::string code, std::string text, CallResult&& result) {
  Outcome outcome;
  outcome.code = std::move(code);
  outcome.text = std::move(text);
  outcome.body = std::move(result.body);
  return outcome;
}

bool is_xml(const CallResult& result) {
  const std::string type = http::media_type(result.header("content-type"));
  return type == "text/xml" || type == "application/soap+xml" || type == "application/xml";
}

bool is_attachment(const CallResult& result) {
  return http::media_type(result.header("content-type")).starts_with("multipart/");
}

/// Headers that stand in the envelope do not go as HTTP's too.
http::Pairs other_headers(const Attempt& attempt, const std::vector<SentBlock>& blocks) {
  http::Pairs headers = http::partner_headers(attempt);
  std::erase_if(headers, [&](const auto& header) {
    return std::any_of(blocks.begin(), blocks.end(), [&](const SentBlock& block) {
      return block.source == SentBlock::Source::header && block.value == header.first;
    });
  });
  return headers;
}

}  // namespace

SoapOutbound::SoapOutbound(OutboundSettings settings, EnvelopeReader reader,
                           const BusinessClock& host, Executor& executor)
    : settings_(std::move(settings)),
      reader_(std::move(reader)),
      host_(host),
      executor_(executor),
      client_(settings_.client) {}

void SoapOutbound::send(Attempt attempt, Done done) {
  const auto found = settings_.operations.find(attempt.operation);
  const auto refuse = [&](const char* code, const char* text) {
    // Nothing was sent and nothing would change: final, and never from inside send().
    executor_.post([done, code, text] { done({OutcomeKind::rejected, code, text, {}, {}}); });
  };
  if (found == settings_.operations.end())
    return refuse("no-operation", "the endpoint has no such operation");
  Expected expected{found->second, found->second.reply, {}};
  http::Call call;
  try {
    auto root = attempt.written ? written_root(attempt.body) : std::nullopt;
    if (!root) {
      const Document document = reader_.read(attempt.body);
      const pugi::xml_node top = document->document_element();
      root = RootName{top.name(), std::string(namespace_of(top))};
      attempt.body = write_xml(top);
    }
    expected.uri = std::move(root->uri);
    if (expected.name.empty()) expected.name = std::string(local_part(root->name)) + "Response";
    call = call_of(attempt, found->second);
  } catch (const Error&) {
    return refuse("bad-payload", "the payload to be sent is not well-formed");
  }
  client_.call(std::move(call), settings_.timeout,
               [this, expected = std::move(expected), done = std::move(done)](CallResult result) {
                 done(outcome_of(std::move(result), expected));
               });
}

http::Call SoapOutbound::call_of(const Attempt& attempt, const Operation& operation) const {
  http::Call call;
  call.url = settings_.url;
  call.headers = other_headers(attempt, settings_.blocks);
  std::string type = content_type(settings_.version);
  if (settings_.version == Version::v12) {
    type += "; action=\"" + operation.action + "\"";
  } else {
    call.headers.emplace_back("SOAPAction", "\"" + operation.action + "\"");
  }
  call.headers.emplace_back("Content-Type", std::move(type));
  call.headers.emplace_back("Message-Id", attempt.effect_id);
  if (!settings_.authorization.empty())
    call.headers.emplace_back("Authorization", settings_.authorization);
  const Instant now = host_.now();
  std::string header = write_blocks(settings_.blocks, attempt, now);
  if (settings_.token) header += write_security(*settings_.token, now);
  call.body = write_envelope(settings_.version, attempt.body, header);
  return call;
}

Opened SoapOutbound::open(const std::string& reply) const {
  Opened opened = reader_.open(reply);
  if (settings_.token)
    check_reply_security(opened.header, opened.version, *settings_.token, host_.now());
  return opened;
}

bool SoapOutbound::fits(const Opened& opened, const Expected& expected) const {
  if (!opened.payload || opened.version != settings_.version) return false;
  const bool qualified = expected.name.find(':') != std::string::npos;
  return qualified ? expected.name == opened.payload.name()
                   : expected.name == local_part(opened.payload.name()) &&
                         expected.uri == namespace_of(opened.payload);
}

Outcome SoapOutbound::outcome_of(CallResult result, const Expected& expected) const {
  const Operation& operation = expected.operation;
  if (result.kind != CallResult::Kind::replied) return http::without_reply(std::move(result));
  const std::string status = std::to_string(result.status);
  const bool good = result.status / 100 == 2;
  if (good && operation.one_way && result.body.empty())
    return {OutcomeKind::delivered, status, "done", {}, {}};
  std::string why = "the reply is not declared as XML";
  std::string code = "reply-not-xml";
  if (is_attachment(result)) {
    why = "the reply has attachments";
    code = "reply-attachment";
  }
  if (is_xml(result)) {
    try {
      const Opened opened = open(result.body);
      if (opened.is_fault) return fault_outcome(opened, operation, result);
      if (good && fits(opened, expected)) {
        Outcome outcome{OutcomeKind::delivered, status, "done", write_xml(opened.payload), {}};
        outcome.written = true;
        return outcome;
      }
      code = "reply-unexpected";
      why = "the reply is not the one that belongs to the operation";
    } catch (const BadEnvelope& bad) {
      code = "reply-unreadable";
      why = "the reply cannot be read: " + bad.code;
    }
  }
  if (result.status == 429 || result.status == 503) {
    return {OutcomeKind::unavailable,
            status,
            "the partner answered " + status,
            {},
            result.retry_after()};
  }
  return unknown(good ? code : status, good ? why : "the partner answered " + status,
                 std::move(result));
}

Outcome SoapOutbound::fault_outcome(const Opened& opened, const Operation& operation,
                                    const CallResult& result) const {
  const std::string code = detail_text(opened.payload, opened.version, settings_.fault_code);
  Outcome outcome;
  outcome.retry_after = result.retry_after();
  if (!code.empty() && contains(operation.rejected, code)) {
    outcome.kind = OutcomeKind::rejected;
  } else if (!code.empty() && contains(operation.unavailable, code)) {
    outcome.kind = OutcomeKind::unavailable;
  } else if (result.status == 429 || result.status == 503) {
    outcome.kind = OutcomeKind::unavailable;
  } else {
    outcome.body = result.body;
  }
  outcome.code = shown(code).empty() ? "soap-fault" : shown(code);
  outcome.text = "the partner answered the fault " + outcome.code;
  return outcome;
}

}  // namespace masar::soap
