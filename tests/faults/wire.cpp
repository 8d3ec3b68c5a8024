#include "tests/faults/wire.h"

#include <cstdlib>

namespace masar::faults {
namespace {

std::string mfep(const std::string& kind, const std::string& guid, const std::string& body,
                 Instant at) {
  return "<MFEP>" +
         elements("",
                  {{"MsgHeader", elements("", {{"TmStp", local_second(at)},
                                               {"GUID", guid},
                                               {"TrsInf", elements("", {{"SdrCode", "EFAWATEER"},
                                                                        {"RcvCode", "GAM"},
                                                                        {"ReqTyp", kind}})}})},
                   {"MsgBody", body}}) +
         "</MFEP>";
}

}  // namespace

std::string elements(const std::string& prefix, const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out.append("<").append(prefix).append(name).append(">").append(value);
    out.append("</").append(prefix).append(name).append(">");
  }
  return out;
}

std::string document(const std::string& prefix, const std::string& uri, const std::string& root,
                     const std::string& content) {
  const std::string name = prefix + ":" + root;
  return "<" + name + " xmlns:" + prefix + "=\"" + uri + "\">" + content + "</" + name + ">";
}

std::string text_of(std::string_view document, std::string_view name) {
  for (auto at = document.find(name); at != std::string_view::npos;
       at = document.find(name, at + 1)) {
    const auto end = at + name.size();
    if (at == 0 || (document[at - 1] != '<' && document[at - 1] != ':')) continue;
    if (end >= document.size() || document[end] != '>') continue;
    return std::string(document.substr(end + 1, document.find('<', end) - end - 1));
  }
  return {};
}

std::string root_of(std::string_view document) {
  auto at = document.find('<');
  while (at != std::string_view::npos && at + 1 < document.size() && document[at + 1] == '?')
    at = document.find('<', at + 1);
  if (at == std::string_view::npos) return {};
  const auto end = document.find_first_of(" />", at + 1);
  std::string name(document.substr(at + 1, end - at - 1));
  const auto colon = name.find(':');
  return colon == std::string::npos ? name : name.substr(colon + 1);
}

std::string local_second(Instant at) { return format_local(at, kZone).substr(0, 19); }

std::string fils_text(std::int64_t fils) {
  std::string rest = std::to_string(fils % 1000);
  rest.insert(0, 3 - rest.size(), '0');
  return std::to_string(fils / 1000) + "." + rest;
}

std::int64_t fils_of(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != '.') digits += c;
  }
  return std::strtoll(digits.c_str(), nullptr, 10);
}

std::string bill_inquiry(const BillText& bill, Instant at) {
  return mfep("BILPULRQ", bill.guid,
              elements("", {{"AcctInfo", elements("", {{"BillingNo", bill.number}})},
                            {"ServiceType", "GAM_ACC_DMG"}}),
              at);
}

std::string payment_notice(const std::string& guid, const std::vector<PaymentText>& payments,
                           Instant at) {
  std::string all;
  for (const auto& one : payments) {
    const std::string processed = local_second(one.processed);
    all += elements(
        "",
        {{"TrxInf",
          elements("", {{"AcctInfo", elements("", {{"BillingNo", one.number}})},
                        {"JOEBPPSTrx", one.transaction},
                        {"BankTrxID", "K" + one.transaction},
                        {"BankCode", "2"},
                        {"PmtStatus", "PmtNew"},
                        {"DueAmt", one.due},
                        {"PaidAmt", one.paid},
                        {"FeesAmt", "0.000"},
                        {"FeesOnBiller", "false"},
                        {"ProcessDate", processed},
                        {"STMTDate", processed.substr(0, 10)},
                        {"AccessChannel", "INT"},
                        {"PaymentMethod", "ACTDEB"},
                        {"PaymentType", "Postpaid"},
                        {"Currency", "JOD"},
                        {"ServiceTypeDetails", elements("", {{"ServiceType", "GAM_ACC_DMG"}})}})}});
  }
  return mfep("BLRPMTNTFRQ", guid, elements("", {{"Transactions", all}}), at);
}

}  // namespace masar::faults
