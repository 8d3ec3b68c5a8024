#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/message/message.h"
#include "core/message/xsd_gate.h"

namespace masar {

/// The names that a schema declares, wherever it does: what is kept of a message by
/// XsdGate::known_of(). Immutable; any thread.
class XsdNames {
 public:
  /// Of a schema that libxml2 has compiled, with what it imports and includes.
  XsdNames(const std::vector<XsdGate::Source>& sources, const std::string& root_path);

  Document known_of(const Document& document) const;
  /// The first xs:any or xs:anyAttribute, with its file; empty: none.
  const std::string& wildcard() const noexcept { return wildcard_; }

 private:
  class Collector;
  std::set<std::string, std::less<>> elements_;    ///< `{uri}name`
  std::set<std::string, std::less<>> attributes_;  ///< the same
  std::string wildcard_;
};

}  // namespace masar
