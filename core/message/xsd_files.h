#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <pugixml.hpp>

#include "core/message/xsd_gate.h"

namespace masar {

// How the schema files of a configuration lead to each other. They have been compiled as schemas
// already, so that they are well-formed. Any thread.

/// The file of that name, or null.
const XsdGate::Source* find_schema(const std::vector<XsdGate::Source>& schemas,
                                   std::string_view file);
pugi::xml_document parse_schema(const XsdGate::Source& source);
/// The imports, includes and redefinitions with a location.
std::vector<pugi::xml_node> schema_references(const pugi::xml_document& schema);
/// The name of the file that a reference in `from` leads to.
std::string referred_file(const XsdGate::Source& from, pugi::xml_node reference);
/// Adds the file and all that it leads to which are not there yet, itself before those.
void add_reached_schemas(const std::vector<XsdGate::Source>& schemas, const std::string& file,
                         std::vector<const XsdGate::Source*>& reached);

}  // namespace masar
