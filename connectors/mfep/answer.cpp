#include "connectors/mfep/answer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/message/xml_writer.h"

namespace masar::mfep {

using connector::PartAnswer;

namespace {

constexpr std::string_view kDone = "0";
constexpr std::string_view kComeAgain = "303";
constexpr std::size_t kCodeDigitsMax = 5;

constexpr std::pair<std::string_view, std::string_view> kTexts[]{
    {"0", "Success"},
    {"2", "Invalid signature"},
    {"101", "Invalid message"},
    {"303", "Internal error"},
    {"322", "Invalid service type"},
    {"323", "Bill closed or expired"},
    {"324", "Bill already paid"},
    {"325", "Invalid paid amount"},
    {"326", "Invalid due amount"},
    {"340", "Duplicate payment"},
    {"353", "Amount over the upper limit"},
    {"380", "Signature missing"},
    {"401", "Bill not found"},
    {"408", "Invalid billing number"},
    {"409", "No due amount"}};

std::string_view description(std::string_view code) {
  for (const auto& [known, text] : kTexts) {
    if (known == code) return text;
  }
  return "Error";
}

/// A code of the protocol, and not that of success.
bool is_error_number(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos &&
         text.find_first_not_of('0') != std::string_view::npos && text.size() <= kCodeDigitsMax;
}

void append(pugi::xml_node parent, const char* name, std::string_view text) {
  parent.append_child(name).text().set(std::string(text).c_str());
}

void append_result(pugi::xml_node parent, std::string_view code) {
  auto result = parent.append_child("Result");
  append(result, "ErrorCode", code);
  append(result, "ErrorDesc", description(code));
  append(result, "Severity", code == kDone ? "Info" : "Error");
}

/// Header, `body` (alone in its document) and, where the profile signs, the signature.
std::string framed(std::string_view code, pugi::xml_node body, const std::string& guid,
                   const JsonSpelling& spelling, const Profile& profile, Instant now) {
  constexpr std::size_t kToTheSecond = 19;
  const XmlForm form = profile.form == SignedForm::dotnet ? XmlForm::dotnet : XmlForm::plain;
  pugi::xml_document head;
  auto header = head.append_child("MsgHeader");
  append(header, "TmStp", format_local(now, profile.zone).substr(0, kToTheSecond));
  if (!guid.empty()) append(header, "GUID", guid);
  auto transfer = header.append_child("TrsInf");
  append(transfer, "SdrCode", profile.our_code);
  append(transfer, "ResTyp", profile.reply);
  append_result(header, code);
  if (profile.json) return json_of_mfep(header, body, spelling);
  // These very bytes are signed and sent.
  const std::string text = write_xml(body, form);
  return "<MFEP>" + write_xml(header) + text + "<MsgFooter><Security><Signature>" +
         profile.sign->current()->sign(text) + "</Signature></Security></MsgFooter></MFEP>";
}

pugi::xml_node body_of(const Document& request) {
  return request ? request->document_element().child("MsgBody") : pugi::xml_node();
}

std::vector<pugi::xml_node> transactions_of(const Document& request) {
  std::vector<pugi::xml_node> found;
  for (const auto& one : body_of(request).child("Transactions").children("TrxInf")) {
    found.push_back(one);
  }
  return found;
}

std::string code_of(const PartAnswer& answer) {
  if (answer.kind == PartAnswer::Kind::refused) return error_code_of(answer.code);
  return std::string(answer.kind == PartAnswer::Kind::accepted ? kDone : kComeAgain);
}

/// One payment that has no reply of its own: refused, or taken without one.
void append_transaction(pugi::xml_node body, pugi::xml_node request, std::string_view code) {
  auto one = body.append_child("TrxInf");
  for (const char* name : {"JOEBPPSTrx", "ProcessDate", "STMTDate"}) {
    append(one, name, request.child(name).text().get());
  }
  append_result(one, code);
}

void append_bill_error(pugi::xml_node body, pugi::xml_node request, std::string_view code) {
  append(body, "RecCount", "1");
  auto bill = body.append_child("BillsRec").append_child("BillRec");
  append_result(bill, code);
  append(bill.append_child("AcctInfo"), "BillingNo",
         request.child("AcctInfo").child("BillingNo").text().get());
}

void append_reply(pugi::xml_node body, const Document& reply) {
  const auto root = reply->document_element();
  if (std::string_view(root.name()) != "MsgBody") {
    body.append_copy(root);
    return;
  }
  for (const auto& child : root.children()) body.append_copy(child);
}

/// The code of an answer that is one error as a whole; empty where the parts speak for themselves.
std::string error_of_whole(const connector::IntakeAnswer& parts, std::size_t requests,
                           const Profile& profile) {
  if (parts.empty()) return std::string(kComeAgain);
  for (const auto& part : parts) {
    if (part.kind == PartAnswer::Kind::retry_later) return std::string(kComeAgain);
  }
  for (const auto& part : parts) {
    const bool refused = part.kind == PartAnswer::Kind::refused;
    if (refused && is_of_whole(part.code)) return code_of(part);
    if (part.document) continue;
    if (profile.is_bill()) {
      if (!refused) return std::string(kComeAgain);  // no bill, and nothing that says why
      if (profile.error_in_header) return code_of(part);
    } else if (requests != parts.size()) {
      return refused ? code_of(part) : std::string(kComeAgain);
    }
  }
  if (!profile.error_in_header || !profile.is_bill() || !parts[0].document) return {};
  const auto bill = parts[0].document->document_element().child("BillsRec").child("BillRec");
  const std::string own = bill.child("Result").child("ErrorCode").text().get();
  return is_error_number(own) ? own : std::string();
}

/// The one code that all payments have; that of success where they differ.
std::string common_code(pugi::xml_node body) {
  std::string common;
  for (const auto& one : body.children("TrxInf")) {
    const std::string code = one.child("Result").child("ErrorCode").text().get();
    if (!is_error_number(code) || (!common.empty() && common != code)) return std::string(kDone);
    common = code;
  }
  return common.empty() ? std::string(kDone) : common;
}

}  // namespace

bool is_of_whole(std::string_view refusal) {
  static constexpr std::string_view kWhole[]{"schema-invalid", "unknown-type", "too-large",
                                             "no-parts"};
  return std::find(std::begin(kWhole), std::end(kWhole), refusal) != std::end(kWhole) ||
         refusal.starts_with("xml-") || refusal.starts_with("json-") ||
         refusal.starts_with("mfep-") || refusal.starts_with("signature-");
}

std::span<const std::pair<std::string_view, std::string_view>> error_codes() { return kTexts; }

std::string error_code_of(std::string_view refusal) {
  if (is_error_number(refusal)) return std::string(refusal);
  if (refusal == "signature-missing") return "380";
  if (refusal == "signature-bad") return "2";
  if (refusal == "duplicate-differs") return "340";
  return is_of_whole(refusal) ? "101" : std::string(kComeAgain);
}

std::string write_error(std::string_view code, const std::string& guid, const Profile& profile,
                        Instant now) {
  pugi::xml_document content;
  auto body = content.append_child("MsgBody");
  if (profile.is_bill()) append(body, "RecCount", "0");
  return framed(code, body, guid, {}, profile, now);
}

std::string write_answer(const connector::IntakeAnswer& parts, const Opened& request,
                         const Profile& profile, Instant now) {
  const auto requests = transactions_of(request.document);
  const std::string error = error_of_whole(parts, requests.size(), profile);
  if (!error.empty()) return write_error(error, request.guid, profile, now);
  pugi::xml_document content;
  auto body = content.append_child("MsgBody");
  for (std::size_t at = 0; at < parts.size(); ++at) {
    if (parts[at].document) {
      append_reply(body, parts[at].document);
    } else if (profile.is_bill()) {
      append_bill_error(body, body_of(request.document), code_of(parts[at]));
    } else {
      append_transaction(body, requests[at], code_of(parts[at]));
    }
  }
  const std::string code = profile.error_in_header ? common_code(body) : std::string(kDone);
  return framed(code, body, request.guid, request.spelling, profile, now);
}

}  // namespace masar::mfep
