#pragma once

#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "core/message/xml_reader.h"

namespace masar {

/// The namespace of JSON as XML: W3C XPath and XQuery Functions 3.1, 17.5.3.
inline constexpr std::string_view kJsonNamespace = "http://www.w3.org/2005/xpath-functions";

/// JSON (RFC 8259) as the W3C's `json-to-xml` has it (DESIGN D13): `map`, `array`, `string`,
/// `number`, `boolean`, `null`, members named by `key`. Numbers keep their spelling; nothing goes
/// through a double. `prefix` is that of the elements and is declared at the root; empty: the
/// default namespace.
///
/// Strict. Refuses, by Error(rejected, code) with line and column in bytes: "json-malformed" (junk
/// after the value, comments, trailing commas, a byte order mark, lone surrogates, invalid UTF-8
/// …), "json-duplicate-key", "json-character" (a text holds one that XML 1.0 has not, as U+0000),
/// "json-too-large", "json-too-deep", "json-too-many-nodes" (values and their texts). Of `limits`,
/// attributes_max says nothing here. Any thread.
Document read_json(std::string_view bytes, const XmlLimits& limits, std::string_view prefix = {});

/// The JSON of such a tree, without white space, members in their order. `value` is its element, or
/// a document that has it; white space between elements, comments and processing instructions are
/// passed over. Throws Error(rejected, "json-form") naming the element by its path where it is not
/// such a tree: another element or namespace, text where none belongs, a missing or doubled `key`,
/// a number that JSON would not read, `escaped` texts, which are not supported. Any thread.
std::string write_json(pugi::xml_node value);

}  // namespace masar
