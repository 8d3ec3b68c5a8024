#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace masar::mfep {

/// The bytes of the one `<MsgBody>` element, tags included, that is a child of the root (DESIGN
/// D11: what was signed is found by byte offsets). Any bytes may come; what is found counts only
/// where the strict reader takes them: well-formed, no DOCTYPE. No value where there is no such
/// element, or more than one.
std::optional<std::string_view> signed_slice(std::string_view document);

/// UTF-8 as UTF-16LE without a byte-order mark: what MFEP signs (PARTNERS.md, signature). Throws
/// Error(rejected, "bad-utf8").
std::string utf16le(std::string_view utf8);

}  // namespace masar::mfep
