#pragma once

#include <string>

// Private to core/message: what its writers share.
namespace masar {

/// Appends `text` with `& < >` and CR escaped, in an attribute also `"`, TAB and LF. Throws
/// Error(rejected, "xml-character") for a character outside XML 1.0 or invalid UTF-8.
void append_escaped(std::string& out, const char* text, bool attribute);

}  // namespace masar
