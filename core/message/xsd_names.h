#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/message/message.h"
#include "core/message/xsd_gate.h"

namespace masar {

/// The names that a schema declares, wherever it does: what an endpoint with unknown="drop" keeps
/// of a message before the gate looks at it (DESIGN D17). Immutable; any thread.
class XsdNames {
 public:
  /// Of a schema that XsdGate has compiled, with what it imports and includes.
  XsdNames(const std::vector<XsdGate::Source>& sources, const std::string& root_path);

  /// The document without the elements, whole, and the attributes whose names the schema declares
  /// nowhere; the same one where it has none. What it knows, but not there, stays, for the gate to
  /// find. Attributes of xmlns and xsi stay. `document` is the XML reader's: its root declares
  /// every prefix.
  Document known_of(const Document& document) const;
  /// The first xs:any or xs:anyAttribute, with its file: then there is nothing that the schema does
  /// not know. Empty: none.
  const std::string& wildcard() const noexcept { return wildcard_; }

 private:
  class Collector;
  std::set<std::string, std::less<>> elements_;    ///< `{uri}name`
  std::set<std::string, std::less<>> attributes_;  ///< the same
  std::string wildcard_;
};

}  // namespace masar
