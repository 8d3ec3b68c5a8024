#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"

namespace masar::faults {

constexpr const char* kZone = "Asia/Amman";

using Fields = std::vector<std::pair<const char*, std::string>>;

/// `<prefix:name>value</prefix:name>` of each.
std::string elements(const std::string& prefix, const Fields& fields);
/// A document of one namespace: root with its declaration, then its elements.
std::string document(const std::string& prefix, const std::string& uri, const std::string& root,
                     const std::string& content);
/// The text of the first element of that local name; empty where there is none.
std::string text_of(std::string_view document, std::string_view name);
/// The local name of a document's root.
std::string root_of(std::string_view document);

/// Local time of Amman, to the second, as MFEP writes it.
std::string local_second(Instant at);
std::string fils_text(std::int64_t fils);  ///< 12345 is 12.345
std::int64_t fils_of(std::string_view text);

struct BillText {
  std::string number;
  std::string guid;
};
/// BILPULRQ
std::string bill_inquiry(const BillText& bill, Instant at);
struct PaymentText {
  std::string number;
  std::string transaction;
  std::string due;
  std::string paid;
  Instant processed{};
};
/// BLRPMTNTFRQ
std::string payment_notice(const std::string& guid, const std::vector<PaymentText>& payments,
                           Instant at);

}  // namespace masar::faults
