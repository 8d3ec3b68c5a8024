#include "core/message/xsd_files.h"

#include <algorithm>
#include <filesystem>

#include "core/message/xml_names.h"

namespace masar {

const XsdGate::Source* find_schema(const std::vector<XsdGate::Source>& schemas,
                                   std::string_view file) {
  const auto found = std::find_if(schemas.begin(), schemas.end(),
                                  [&](const auto& one) { return one.path == file; });
  return found == schemas.end() ? nullptr : &*found;
}

pugi::xml_document parse_schema(const XsdGate::Source& source) {
  pugi::xml_document document;
  document.load_buffer(source.contents.data(), source.contents.size(),
                       pugi::parse_full | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  return document;
}

std::vector<pugi::xml_node> schema_references(const pugi::xml_document& schema) {
  std::vector<pugi::xml_node> found;
  for (const pugi::xml_node child : schema.document_element().children()) {
    const std::string_view name = local_part(child.name());
    const bool refers = name == "import" || name == "include" || name == "redefine";
    if (refers && child.attribute("schemaLocation")) found.push_back(child);
  }
  return found;
}

std::string referred_file(const XsdGate::Source& from, pugi::xml_node reference) {
  const auto folder = std::filesystem::path(from.path).parent_path();
  return (folder / reference.attribute("schemaLocation").value())
      .lexically_normal()
      .generic_string();
}

void add_reached_schemas(const std::vector<XsdGate::Source>& schemas, const std::string& file,
                         std::vector<const XsdGate::Source*>& reached) {
  const XsdGate::Source* source = find_schema(schemas, file);
  if (!source || std::find(reached.begin(), reached.end(), source) != reached.end()) return;
  reached.push_back(source);
  const pugi::xml_document schema = parse_schema(*source);
  for (const pugi::xml_node one : schema_references(schema))
    add_reached_schemas(schemas, referred_file(*source, one), reached);
}

}  // namespace masar
