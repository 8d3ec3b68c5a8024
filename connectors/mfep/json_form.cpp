#include "connectors/mfep/json_form.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/money.h"
#include "core/message/json.h"

namespace masar::mfep {
namespace {

using Names = std::vector<std::string_view>;

constexpr std::size_t kDepthMax = 32;  // GUARANTEES.md, JSON

/// Children in the order of the protocol's XML, by their parent's name.
const Names& order_in(std::string_view parent) {
  static const std::vector<std::pair<std::string_view, Names>> kOrder{
      {"MFEP", {"MsgHeader", "MsgBody"}},
      {"MsgHeader", {"TmStp", "GUID", "TrsInf", "Result"}},
      {"TrsInf", {"SdrCode", "RcvCode", "ReqTyp", "ResTyp"}},
      {"MsgBody", {"AcctInfo", "ServiceType", "PayerInfo", "Transactions"}},
      {"AcctInfo", {"BillingNo", "BillNo"}},
      {"TrxInf",
       {"AcctInfo", "JOEBPPSTrx", "BankTrxID", "BankCode", "PmtStatus", "DueAmt", "PaidAmt",
        "FeesAmt", "FeesOnBiller", "ProcessDate", "STMTDate", "AccessChannel", "PaymentMethod",
        "PaymentType", "Currency", "ServiceTypeDetails", "SubPmts", "PayerInfo"}},
      {"ServiceTypeDetails", {"ServiceType", "PrepaidCat"}},
      {"SubPmt", {"Amount", "SetBnkCode", "AcctNo"}},
      {"PayerInfo", {"IdType", "Id", "Nation", "Name", "Phone", "Address", "Email"}}};
  static const Names kNone;
  for (const auto& [name, names] : kOrder) {
    if (name == parent) return names;
  }
  return kNone;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}
bool is_amount(std::string_view name) {
  return is_one_of(name, {"DueAmt", "PaidAmt", "FeesAmt", "Amount"});
}
bool is_number(std::string_view name) { return is_one_of(name, {"ErrorCode", "RecCount"}); }
bool is_boolean(std::string_view name) { return is_one_of(name, {"AllowPart", "FeesOnBiller"}); }

[[noreturn]] void refuse(const char* code) {
  throw Error(ErrorKind::rejected, code, "not a message of this protocol");
}

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

// From JSON: `value` is an element of the W3C's form (core/message/json.h).

class FromJson {
 public:
  explicit FromJson(JsonSpelling& spelling) : spelling_(spelling) {}

  void members(pugi::xml_node map, pugi::xml_node into) {
    std::vector<std::pair<std::string, pugi::xml_node>> found;
    for (const auto& value : map.children()) {
      std::string name = name_of(value.attribute("key").value());
      const bool twice = std::any_of(found.begin(), found.end(),
                                     [&](const auto& one) { return one.first == name; });
      if (twice) refuse("mfep-member");
      found.emplace_back(std::move(name), value);
    }
    const Names& order = order_in(into.name());
    const auto rank = [&](const auto& one) {
      return std::find(order.begin(), order.end(), one.first) - order.begin();
    };
    std::stable_sort(found.begin(), found.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    for (const auto& [name, value] : found) member(name, value, into);
  }

 private:
  std::string name_of(std::string_view key) {
    if (!is_name(key)) refuse("mfep-member");
    if (key == "BankTrxId") return "BankTrxID";
    if (key != "StmtDate") return std::string(key);
    spelling_.mixed_day = true;
    return "STMTDate";
  }

  void member(const std::string& name, pugi::xml_node value, pugi::xml_node into) {
    const std::string_view kind = value.name();
    if (kind != "array") return single(name, value, into);
    if (name == "TrxInf") spelling_.listed = true;
    for (const auto& item : value.children()) {
      if (std::string_view(item.name()) == "array") refuse("mfep-member");
      single(name, item, into);
    }
  }

  void single(const std::string& name, pugi::xml_node value, pugi::xml_node into) {
    const std::string_view kind = value.name();
    if (kind == "map") return members(value, into.append_child(name.c_str()));
    const std::string_view text = value.text().get();
    if (text.empty()) return;  // also null
    std::string spelled(text);
    if (kind == "number" && is_amount(name)) {
      if (const auto amount = parse_jod(text)) spelled = format_jod(*amount);
    }
    into.append_child(name.c_str()).text().set(spelled.c_str());
  }

  JsonSpelling& spelling_;
};

// To JSON

pugi::xml_node append(pugi::xml_node into, const char* kind, std::string_view key) {
  auto value = into.append_child(kind);
  if (!key.empty()) value.append_attribute("key") = std::string(key).c_str();
  return value;
}

bool has_elements(pugi::xml_node node) { return node.first_child().type() == pugi::node_element; }

bool is_plain_number(std::string_view text) {
  return text == "0" || (!text.empty() && text[0] != '0' &&
                         text.find_first_not_of("0123456789") == std::string_view::npos);
}

class ToJson {
 public:
  explicit ToJson(const JsonSpelling& spelling) : spelling_(spelling) {}

  void body(pugi::xml_node element, pugi::xml_node into) {
    auto map = append(into, "map", "MsgBody");
    const auto listed = [&](pugi::xml_node parent, const char* name, pugi::xml_node into_map) {
      auto list = append(into_map, "array", name);
      for (const auto& one : parent.children(name)) value(one, "", list);
    };
    const auto first = element.child("TrxInf");
    if (first && (spelling_.listed || first.next_sibling("TrxInf"))) {
      listed(element, "TrxInf", append(map, "map", "Transactions"));
    } else if (first) {
      value(first, "TrxInf", append(map, "map", "Transactions"));
    }
    for (const auto& child : element.children()) {
      const std::string_view name = child.name();
      if (name != "TrxInf" && name != "BillsRec") value(child, name, map);
    }
    if (element.child("RecCount")) listed(element.child("BillsRec"), "BillRec", map);
  }

  void value(pugi::xml_node element, std::string_view key, pugi::xml_node into) {
    if (has_elements(element)) return members(element, append(into, "map", key));
    const std::string_view name = element.name(), text = element.text().get();
    const bool number = is_number(name) && is_plain_number(text);
    const bool boolean = is_boolean(name) && (text == "true" || text == "false");
    append(into, number ? "number" : boolean ? "boolean" : "string", key)
        .text()
        .set(std::string(text).c_str());
  }

 private:
  void members(pugi::xml_node element, pugi::xml_node map) {
    for (auto child = element.first_child(); child; child = child.next_sibling()) {
      const std::string name = child.name();
      if (child.previous_sibling(name.c_str())) continue;  // in the array of the first
      if (!child.next_sibling(name.c_str())) {
        value(child, spelled(name), map);
        continue;
      }
      auto list = append(map, "array", spelled(name));
      for (const auto& one : element.children(name.c_str())) value(one, "", list);
    }
  }

  std::string spelled(const std::string& name) const {
    return name == "STMTDate" && spelling_.mixed_day ? "StmtDate" : name;
  }

  const JsonSpelling& spelling_;
};

}  // namespace

Document mfep_of_json(std::string_view bytes, const XmlLimits& limits, JsonSpelling& spelling) {
  XmlLimits json = limits;
  json.depth_max = std::min(limits.depth_max, kDepthMax);
  const Document read = read_json(bytes, json);
  const auto root = read->document_element(), mfep = root.first_child();
  const bool one = std::string_view(root.name()) == "map" && mfep && !mfep.next_sibling();
  if (!one || std::string_view(mfep.attribute("key").value()) != "MFEP" ||
      std::string_view(mfep.name()) != "map") {
    refuse("mfep-root");
  }
  auto made = std::make_shared<pugi::xml_document>();
  FromJson(spelling).members(mfep, made->append_child("MFEP"));
  return made;
}

std::string json_of_mfep(pugi::xml_node header, pugi::xml_node body, const JsonSpelling& spelling) {
  pugi::xml_document made;
  auto root = made.append_child("map");
  root.append_attribute("xmlns") = std::string(kJsonNamespace).c_str();
  auto mfep = append(root, "map", "MFEP");
  ToJson to(spelling);
  to.value(header, "MsgHeader", mfep);
  to.body(body, mfep);
  return write_json(made);
}

}  // namespace masar::mfep
