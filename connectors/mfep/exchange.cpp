#include "connectors/mfep/exchange.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/message/xml_writer.h"

namespace masar::mfep {

using connector::PartAnswer;

namespace {

constexpr const char* kBillReply = "BILPULRS";

std::string_view description(std::string_view code) {
  static constexpr std::pair<std::string_view, std::string_view> kTexts[]{
      {"0", "Success"},          {"2", "Invalid signature"},  {"101", "Invalid message"},
      {"303", "Internal error"}, {"322", "Invalid service type"}, {"323", "Bill closed or expired"},
      {"324", "Bill already paid"}, {"325", "Invalid paid amount"}, {"326", "Invalid due amount"},
      {"340", "Duplicate payment"}, {"353", "Amount over the upper limit"}, {"380", "Signature missing"},
      {"401", "Bill not found"}, {"408", "Invalid billing number"}, {"409", "No due amount"}};
  for (const auto& [known, text] : kTexts) {
    if (known == code) return text;
  }
  return "Error";
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void append(pugi::xml_node parent, const char* name, std::string_view text) {
  parent.append_child(name).text().set(std::string(text).c_str());
}

void append_result(pugi::xml_node parent, const std::string& code) {
  auto result = parent.append_child("Result");
  append(result, "ErrorCode", code);
  append(result, "ErrorDesc", description(code));
  append(result, "Severity", code == "0" ? "Info" : "Error");
}

/// The frame of an answer: header, and the body that `fill` writes; then signed.
template <typename Fill>
std::string framed(const std::string& code, const std::string& guid, const Profile& profile, Instant now, Fill fill) {
  pugi::xml_document header;
  auto node = header.append_child("MsgHeader");
  append(node, "TmStp", format_local(now, profile.zone).substr(0, 19));
  if (!guid.empty()) append(node, "GUID", guid);
  auto transfer = node.append_child("TrsInf");
  append(transfer, "SdrCode", profile.our_code);
  append(transfer, "ResTyp", profile.reply);
  append_result(node, code);
  pugi::xml_document content;
  auto body = content.append_child("MsgBody");
  fill(body);
  const std::string slice = write_xml(body);
  std::string text = "<MFEP>" + write_xml(node) + slice;
  if (profile.sign) {
    text += "<MsgFooter><Security><Signature>" + profile.sign->sign(slice) + "</Signature></Security></MsgFooter>";
  }
  return text + "</MFEP>";
}

std::vector<pugi::xml_node> transactions_of(const Document& document) {
  std::vector<pugi::xml_node> found;
  if (!document) return found;
  const auto list = document->document_element().child("MsgBody").child("Transactions");
  for (const auto& one : list.children("TrxInf")) found.push_back(one);
  return found;
}

/// The answer to one payment that we refuse ourselves.
void append_refusal(pugi::xml_node body, pugi::xml_node request, const PartAnswer& answer) {
  auto one = body.append_child("TrxInf");
  for (const char* name : {"JOEBPPSTrx", "ProcessDate", "STMTDate"}) append(one, name, request.child(name).text().get());
  append_result(one, answer.kind == PartAnswer::Kind::refused ? error_of(answer.code, answer.text).code : "0");
}

/// Refusals of the message as a whole: nothing in it was looked at.
bool is_whole(std::string_view code) {
  return code == "schema-invalid" || code == "unknown-type" || code == "too-large" || code == "no-parts" ||
         code.starts_with("xml-");
}

}  // namespace

MfepError error_of(std::string_view refusal, std::string_view text) {
  std::string code = "303";
  if (is_number(refusal)) {
    code = refusal;
  } else if (refusal == "duplicate-differs") {
    code = "340";
  } else if (is_whole(refusal)) {
    code = "101";
  }
  return {code, std::string(text)};
}

Opened open_request(std::string_view bytes, std::optional<std::string> query_guid, const Profile& profile,
                    const XmlReader& reader) {
  Opened opened;
  opened.guid = query_guid.value_or("");
  Document whole;
  try {
    whole = reader.read(bytes);
  } catch (const Error& error) {
    throw MfepError{"101", error.code()};
  }
  const auto root = whole->document_element();
  const auto header = root.child("MsgHeader");
  const std::string guid = header.child("GUID").text().get();
  if (query_guid && !guid.empty() && guid != *query_guid) throw MfepError{"101", "guid-differs"};
  if (!guid.empty()) opened.guid = guid;
  const auto slice = signed_slice(bytes);
  if (std::string_view(root.name()) != "MFEP" || !header || !slice) throw MfepError{"101", "no-body"};
  if (header.next_sibling("MsgHeader")) throw MfepError{"101", "two-headers"};
  if (profile.verify) {
    const auto footer = root.child("MsgFooter");
    const std::string signature = footer.child("Security").child("Signature").text().get();
    if (signature.empty() || footer.next_sibling("MsgFooter")) throw MfepError{"380", "signature-missing"};
    if (!profile.verify->verify(*slice, signature)) throw MfepError{"2", "signature-bad"};
  }
  if (profile.request != header.child("TrsInf").child("ReqTyp").text().get()) throw MfepError{"101", "other-request"};
  // What is read from here on is the slice that was verified, and nothing beside it (DESIGN D11).
  opened.body = "<MFEP>" + write_xml(header) + std::string(*slice) + "</MFEP>";
  try {
    opened.document = reader.read(opened.body);
  } catch (const Error& error) {
    throw MfepError{"101", error.code()};
  }
  return opened;
}

std::string write_error(const MfepError& error, const std::string& guid, const Profile& profile, Instant now) {
  return framed(error.code, guid, profile, now, [&](pugi::xml_node body) {
    if (profile.reply == kBillReply) append(body, "RecCount", "0");
  });
}

std::string write_answer(const connector::IntakeAnswer& parts, const Document& document, const std::string& guid,
                         const Profile& profile, Instant now) {
  const auto requests = transactions_of(document);
  for (const auto& part : parts) {
    if (part.kind == PartAnswer::Kind::retry_later) return write_error({"303", part.text}, guid, profile, now);
    const bool alone = part.kind == PartAnswer::Kind::refused && (requests.size() != parts.size() || is_whole(part.code));
    if (alone) return write_error(error_of(part.code, part.text), guid, profile, now);
  }
  std::string code = "0";
  if (profile.error_in_header && parts.size() == 1 && parts[0].document) {
    const auto bill = parts[0].document->document_element().child("BillsRec").child("BillRec");
    const std::string own = bill.child("Result").child("ErrorCode").text().get();
    if (!own.empty() && own != "0") return write_error({own, {}}, guid, profile, now);
  }
  return framed(code, guid, profile, now, [&](pugi::xml_node body) {
    for (std::size_t at = 0; at < parts.size(); ++at) {
      const auto root = parts[at].document ? parts[at].document->document_element() : pugi::xml_node();
      if (std::string_view(root.name()) == "MsgBody") {
        for (const auto& child : root.children()) body.append_copy(child);
      } else if (root) {
        body.append_copy(root);
      } else if (at < requests.size()) {
        append_refusal(body, requests[at], parts[at]);
      }
    }
  });
}

}  // namespace masar::mfep
