#pragma once

#include <string_view>

#include "core/message/xml_reader.h"

namespace masar {

/// The strict reader's thorough way: expat in namespace mode builds the tree. Reads and refuses
/// every document as XmlReader states it. Any thread.
void read_with_expat(std::string_view bytes, const Prefixes& prefixes, const XmlLimits& limits,
                     pugi::xml_document& document);

}  // namespace masar
