#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "core/message/message.h"

namespace masar {

/// Limits of one document (GUARANTEES.md). A document at the limit is read; one beyond it is
/// refused.
struct XmlLimits {
  std::size_t bytes_max = 1 << 20;
  std::size_t depth_max = 64;       ///< the root has depth 1
  std::size_t nodes_max = 20'000;   ///< elements and text nodes
  std::size_t attributes_max = 64;  ///< of one element, namespace declarations not counted
};

/// Namespace URI → the prefix that the configuration declares for it (DESIGN D4). An empty prefix
/// is not allowed; elements in no namespace stay without prefix.
using Prefixes = std::map<std::string, std::string, std::less<>>;

/// The one strict XML reader of every edge (DESIGN D3). A scanner of our own reads what nearly all
/// senders send; whatever it does not answer, every refusal included, expat in namespace mode
/// decides. The two agree, and a test compares them.
///
/// Refuses, by Error(rejected, code): "xml-malformed" (with line and column; two roots, trailing
/// junk, duplicate attributes, unbound prefixes, invalid UTF-8 …), "xml-doctype", "xml-encoding"
/// (anything but UTF-8), "xml-version" (1.1), "xml-too-large", "xml-too-deep",
/// "xml-too-many-nodes", "xml-too-many-attributes", "xml-processing-instruction".
///
/// In the tree: comments are dropped and text around them is joined, so that an element has one
/// text node between two child elements; CDATA is text; white space between elements (text nodes of
/// white space only, beside elements) is dropped; every element and attribute in a namespace
/// carries the configured prefix, or `ns0`, `ns1` … for URIs that the configuration does not know
/// (a configured prefix never collides); the root declares every prefix used; `xsi:type` values are
/// rewritten to the configured prefixes.
///
/// Immutable; read() may be called from any thread.
class XmlReader {
 public:
  XmlReader(Prefixes prefixes, XmlLimits limits);

  Document read(std::string_view bytes) const;
  const XmlLimits& limits() const noexcept { return limits_; }
  const Prefixes& prefixes() const noexcept { return prefixes_; }

 private:
  Prefixes prefixes_;
  XmlLimits limits_;
};

}  // namespace masar
