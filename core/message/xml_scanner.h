#pragma once

#include <string_view>

#include "core/message/xml_reader.h"

namespace masar {

/// The strict reader's quick way: one pass over the bytes of a document as nearly all senders write
/// them. It writes the document again as the tree will be (configured prefixes, text joined, no
/// comments, nothing between elements), and pugixml makes the tree from that in one call.
///
/// False where it does not answer, and `document` is then as it was: a document that is refused,
/// whatever the reason, and the rarer forms (names beyond ASCII, xsi:type, xml:…, references in
/// namespace names, more namespaces or attributes than a list is good for). Expat reads those and
/// words the refusals, so this one need only never read what expat refuses, nor read it otherwise;
/// tests/core/message/xml_scanner_test.cpp compares the two. Any thread.
bool scan_xml(std::string_view bytes, const Prefixes& prefixes, const XmlLimits& limits,
              pugi::xml_document& document);

}  // namespace masar
