#include "core/message/written_root.h"

#include "core/message/xml_names.h"

namespace masar {

std::optional<RootName> written_root(std::string_view text) {
  const auto end = text.find_first_of(" />");
  if (!text.starts_with('<') || end == std::string_view::npos) return std::nullopt;
  RootName root;
  root.name = std::string(text.substr(1, end - 1));
  const std::string declaration = declaration_of(prefix_part(root.name));
  text.remove_prefix(end);
  while (text.starts_with(' ')) {
    // Between the quotes write_xml() leaves no quote unescaped.
    const auto equals = text.find("=\"");
    const auto quote = equals == std::string_view::npos ? equals : text.find('"', equals + 2);
    if (quote == std::string_view::npos) return std::nullopt;
    if (text.substr(1, equals - 1) == declaration) {
      root.uri = std::string(text.substr(equals + 2, quote - equals - 2));
      if (root.uri.find('&') != std::string::npos) return std::nullopt;
      return root;
    }
    text.remove_prefix(quote + 1);
  }
  if (declaration != "xmlns" || !(text.starts_with('>') || text.starts_with("/>")))
    return std::nullopt;
  return root;
}

}  // namespace masar
