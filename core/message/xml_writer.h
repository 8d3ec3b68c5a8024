#pragma once

#include <string>

#include <pugixml.hpp>

namespace masar {

enum class XmlForm {
  plain,   ///< no white space added, `<a/>`, no XML declaration
  /// As .NET's XmlWriter indents: two spaces, CRLF, `<a />`; text-only elements stay on one line.
  dotnet,
};

/// The document below `node` (an element or a document) as UTF-8 (DESIGN D16). Escapes `& < >` in
/// text, also `"`, TAB and LF in attributes, and CR everywhere. Namespace declarations are written
/// where the tree has them; with `declare` an element subtree gets the declarations that its
/// prefixes need from its ancestors. Throws Error(rejected, "xml-character") for a character
/// outside XML 1.0 or invalid UTF-8, and Error(internal, "xml-name") for a bad name.
std::string write_xml(pugi::xml_node node, XmlForm form = XmlForm::plain, bool declare = true);

}  // namespace masar
