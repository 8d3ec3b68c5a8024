#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "connectors/mfep/key.h"
#include "core/connector/live_secret.h"

namespace masar::mfep {

/// The text of a MsgBody that is signed (PARTNERS.md, signature).
enum class SignedForm {
  as_sent,      ///< its bytes in the message
  unformatted,  ///< our plain writer's form of the tree that is then used
  dotnet,       ///< our writer's form of that tree as .NET indents it
};

using LiveKey = connector::LiveSecret<Key>;

/// What one endpoint speaks: its request and reply types, who is who, and the keys. Immutable, but
/// for the keys, which change with their secrets.
struct Profile {
  std::string request;           ///< ReqTyp, such as BILPULRQ
  std::string reply;             ///< ResTyp
  std::string partner_code;      ///< SdrCode of requests
  std::string our_code;          ///< their RcvCode, and SdrCode of our answers
  bool json = false;             ///< JSON without signatures; else signed XML
  bool error_in_header = false;  ///< the error of a part: in the header (answer.h)
  SignedForm form = SignedForm::as_sent;
  std::string zone;              ///< of TmStp, which has none of its own
  std::shared_ptr<LiveKey> verify;  ///< null with JSON, as `sign`
  std::shared_ptr<LiveKey> sign;

  bool is_bill() const { return reply == "BILPULRS"; }
};

/// The MFEP ErrorCode for a refusal: a route's code where it is a number, 380 and 2 for signatures,
/// 340 for a key that came before with other content, 101 for a message that cannot be read, else
/// 303 (the switch comes again).
std::string error_code_of(std::string_view refusal);
/// Whether the refusal is of the message as a whole: nothing in it was looked at.
bool is_of_whole(std::string_view refusal);

}  // namespace masar::mfep
