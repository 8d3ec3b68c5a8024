#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/mfep/json_form.h"
#include "connectors/mfep/profile.h"
#include "core/message/xml_reader.h"

namespace masar::mfep {

/// A request as read and, where the profile signs, verified.
struct Opened {
  std::string guid;     ///< to be repeated by the answer, also by a refusal; empty: none
  std::string refusal;  ///< why it was not taken, kebab-case; empty: it passed
  std::string body;     ///< `<MFEP>` of the header and the very text that was verified
  Document document;    ///< of `body`
  JsonSpelling spelling;  ///< of a request in JSON
};

/// Reads and verifies one request. `query_guids`: every GUID of the query string; one that the
/// header does not have is put there, so that there is one place for it. Refusals: what XmlReader
/// or mfep_of_json() says, "mfep-root", "mfep-header", "mfep-body", "mfep-guid", "mfep-sender",
/// "mfep-receiver", "mfep-request", "mfep-footer", "signature-missing", "signature-bad".
Opened open_request(std::string_view bytes, const std::vector<std::string>& query_guids,
                    const Profile& profile, const XmlReader& reader);

}  // namespace masar::mfep
