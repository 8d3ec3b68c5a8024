#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/mfep/signature.h"
#include "core/connector/connector.h"
#include "core/message/xml_reader.h"

namespace masar::mfep {

/// What one endpoint speaks: its request and reply types, who is who, and the keys.
struct Profile {
  std::string request;        ///< ReqTyp, such as BILPULRQ
  std::string reply;          ///< ResTyp
  std::string our_code;       ///< SdrCode of our answers
  bool error_in_header = false;  ///< whether errors of a bill stand in the header instead of its record
  std::string zone;           ///< of TmStp, which has none of its own
  const Key* verify = nullptr;
  const Key* sign = nullptr;
};

/// An error as MFEP says it (PARTNERS.md, error codes).
struct MfepError {
  std::string code;
  std::string text;
};
MfepError error_of(std::string_view refusal, std::string_view text);

/// A request that passed the profile: what Intake gets, and what the answer repeats.
struct Opened {
  std::string guid;           ///< empty: none
  std::string body;           ///< `<MFEP>` of the header and the very slice that was verified
  Document document;          ///< of `body`
};

/// Reads and verifies one request. `query_guid`: from the query string, where it is. Throws
/// MfepError, by value, for what is answered with a code.
Opened open_request(std::string_view bytes, std::optional<std::string> query_guid, const Profile& profile,
                    const XmlReader& reader);

/// The signed answer. `document`: of the request, null where it could not be read.
std::string write_answer(const connector::IntakeAnswer& parts, const Document& document, const std::string& guid,
                         const Profile& profile, Instant now);
std::string write_error(const MfepError& error, const std::string& guid, const Profile& profile, Instant now);

}  // namespace masar::mfep
