#pragma once

#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "core/message/xml_reader.h"

namespace masar::mfep {

/// What may differ between two switches that speak JSON, as a request has it; its answer follows.
struct JsonSpelling {
  bool listed = false;       ///< TrxInf is an array, also of one
  bool mixed_day = false;    ///< `StmtDate`, not `STMTDate`
};

/// The `<MFEP>` of a message in JSON (DESIGN D13: one XML form behind both): members are elements,
/// in the order that the protocol's XML has, whatever the JSON's is; an array is its element
/// repeated; null and empty texts are absent. `BankTrxId` and `StmtDate` get their names in XML
/// (PARTNERS.md). Numbers keep their spelling, but an amount's is that of three decimals: 85.5 and
/// 85.500 are one number. Unknown members come last, in their order.
///
/// Throws Error(rejected): what read_json() says, "mfep-root", "mfep-member" (a name that no
/// element can have, an array in an array, a member in both spellings).
Document mfep_of_json(std::string_view bytes, const XmlLimits& limits, JsonSpelling& spelling);

/// The JSON of an answer, without white space: `BillRec` an array directly in MsgBody, `TrxInf` in
/// Transactions, ErrorCode and RecCount numbers, AllowPart and FeesOnBiller booleans, all else
/// texts. Throws what write_json() throws.
std::string json_of_mfep(pugi::xml_node header, pugi::xml_node body, const JsonSpelling& spelling);

}  // namespace masar::mfep
