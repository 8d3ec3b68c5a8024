#include "connectors/mfep/request.h"

#include <algorithm>
#include <optional>

#include "connectors/mfep/slice.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/message/xml_writer.h"

namespace masar::mfep {
namespace {

constexpr std::size_t kGuidBytesMax = 64;

[[noreturn]] void refuse(const char* code) {
  throw Error(ErrorKind::rejected, code, "not a request of this endpoint");
}

/// A GUID comes back in the answer: nothing goes there that could not stand in it.
bool is_guid(std::string_view text) {
  constexpr std::string_view kBeside = "-._:{}";
  return text.size() <= kGuidBytesMax && std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kBeside.find(c) != std::string_view::npos;
         });
}

void take_guid(std::string_view text, std::string& guid) {
  text = trim(text);
  if (text.empty()) return;
  if (!is_guid(text) || (!guid.empty() && guid != text)) refuse("mfep-guid");
  guid = text;
}

/// The child of that name; a refusal where there are more, null where there is none.
pugi::xml_node only_child(pugi::xml_node parent, const char* name, const char* refusal) {
  const auto child = parent.child(name);
  if (child.next_sibling(name)) refuse(refusal);
  return child;
}

std::string_view text_of(pugi::xml_node node) { return trim(node.text().get()); }

/// The header is not signed: it is held against what the endpoint says of its partner.
void check_header(pugi::xml_node header, const Profile& profile) {
  const auto transfer = only_child(header, "TrsInf", "mfep-header");
  if (text_of(transfer.child("ReqTyp")) != profile.request) refuse("mfep-request");
  if (text_of(transfer.child("SdrCode")) != profile.partner_code) refuse("mfep-sender");
  const auto receiver = transfer.child("RcvCode");
  if (receiver && text_of(receiver) != profile.our_code) refuse("mfep-receiver");
}

std::string signature_of(pugi::xml_node root) {
  const auto footer = only_child(root, "MsgFooter", "mfep-footer");
  const auto security = only_child(footer, "Security", "mfep-footer");
  const std::string text = only_child(security, "Signature", "mfep-footer").text().get();
  if (trim(text).empty()) refuse("signature-missing");
  return text;
}

/// A request in its parts. Whoever signs the bytes of the body gets it from the bytes: then only
/// what stands around them is read here, and the body once, when it is verified.
struct Request {
  Document around;        ///< with the body; where `slice` has it, with an empty one in its place
  std::string_view slice;  ///< the signed bytes; empty: the body stands in `around`
  pugi::xml_node root() const { return around->document_element(); }
};

/// No value where that does not come out: the request as a whole tells why.
std::optional<Request> read_around(std::string_view bytes, const XmlReader& reader) {
  if (bytes.size() > reader.limits().bytes_max) return std::nullopt;
  const auto slice = signed_slice(bytes);
  if (!slice) return std::nullopt;
  const auto from = static_cast<std::size_t>(slice->data() - bytes.data());
  std::string around(bytes.substr(0, from));
  around.append("<MsgBody/>").append(bytes.substr(from + slice->size()));
  try {
    return Request{reader.read(around), *slice};
  } catch (const Error&) {
    return std::nullopt;
  }
}

Request read_request(std::string_view bytes, const Profile& profile, const XmlReader& reader,
                     JsonSpelling& spelling) {
  if (profile.json) return {mfep_of_json(bytes, reader.limits(), spelling), {}};
  if (profile.form == SignedForm::as_sent) {
    if (auto request = read_around(bytes, reader)) return *request;
  }
  return {reader.read(bytes), {}};
}

/// The text of the body that the signature has to be over.
std::string signed_text(const Request& request, pugi::xml_node body, const Profile& profile) {
  if (!request.slice.empty()) return std::string(request.slice);
  switch (profile.form) {
    case SignedForm::unformatted: return write_xml(body, XmlForm::plain);
    case SignedForm::dotnet: return write_xml(body, XmlForm::dotnet);
    case SignedForm::as_sent: break;
  }
  refuse("mfep-body");  // where the bytes do not show it
}

/// Also by a key that came into the secret a moment ago.
bool is_signed(const std::string& text, const std::string& signature, LiveKey& keys) {
  const auto known = keys.current();
  if (known->verify(text, signature)) return true;
  const auto changed = keys.refreshed(known);
  return changed && changed->verify(text, signature);
}

/// The text of the body that is used from here on.
std::string trusted_text(const Request& request, pugi::xml_node body, const Profile& profile) {
  if (profile.json) return write_xml(body);
  std::string text = signed_text(request, body, profile);
  if (!is_signed(text, signature_of(request.root()), *profile.verify)) refuse("signature-bad");
  return text;
}

void put_guid(pugi::xml_node header, const std::string& guid) {
  if (guid.empty() || !text_of(header.child("GUID")).empty()) return;
  header.remove_child("GUID");
  const auto stamp = header.child("TmStp");
  auto node = stamp ? header.insert_child_after("GUID", stamp) : header.prepend_child("GUID");
  node.text().set(guid.c_str());
}

void open(const Request& request, const Profile& profile, const XmlReader& reader,
          Opened& opened) {
  const auto root = request.root();
  if (std::string_view(root.name()) != "MFEP") refuse("mfep-root");
  const auto header = only_child(root, "MsgHeader", "mfep-header");
  if (!header) refuse("mfep-header");
  take_guid(only_child(header, "GUID", "mfep-guid").text().get(), opened.guid);
  const auto body = only_child(root, "MsgBody", "mfep-body");
  if (!body) refuse("mfep-body");
  const std::string text = trusted_text(request, body, profile);
  check_header(header, profile);
  put_guid(header, opened.guid);
  // What is read from here on is the text that was verified, and nothing beside it (DESIGN D11). It
  // is a document of its own: prefixes that are declared outside it are not known in it.
  // The reader declares every prefix at the root.
  const bool prefixes = !root.first_attribute().empty();
  opened.body = "<MFEP>" + write_xml(header, XmlForm::plain, prefixes) + text + "</MFEP>";
  opened.document = reader.read(opened.body);
  if (!opened.document->document_element().child("MsgBody")) refuse("mfep-body");
}

}  // namespace

Opened open_request(std::string_view bytes, const std::vector<std::string>& query_guids,
                    const Profile& profile, const XmlReader& reader) {
  Opened opened;
  try {
    for (const auto& guid : query_guids) take_guid(guid, opened.guid);
    const Request request = read_request(bytes, profile, reader, opened.spelling);
    try {
      open(request, profile, reader, opened);
    } catch (const Error&) {
      if (!request.slice.empty()) (void)reader.read(bytes);  // what is malformed is said first
      throw;
    }
  } catch (const Error& error) {
    opened.refusal = error.code();
    opened.body.clear();
    opened.document.reset();
  }
  return opened;
}

}  // namespace masar::mfep
