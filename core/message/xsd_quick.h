#pragma once

#include <memory>
#include <vector>

#include "core/message/xsd_gate.h"

namespace masar {

/// The schema gate's quick way: says of most valid documents that they are, without an allocation
/// for each element. It knows sequences, choices and groups of elements with the simple types of
/// XsdValue, and none of the rest of XSD; at what it does not know, and at every document that may
/// be invalid, it says nothing, and libxml2 decides and words the findings. So it need only never
/// accept what libxml2 refuses; tests/core/message/xsd_quick_test.cpp compares the two.
///
/// Immutable; any thread.
class XsdQuick {
 public:
  /// For a schema that libxml2 has compiled. Null where it cannot say anything of it.
  static std::unique_ptr<XsdQuick> compile(const std::vector<XsdGate::Source>& sources,
                                           const std::string& root_path);
  ~XsdQuick();

  /// True: valid. False says nothing.
  bool accepts(pugi::xml_node root) const;

 private:
  friend class XsdQuickCompiler;
  struct Grammar;
  class Match;
  explicit XsdQuick(std::unique_ptr<Grammar> grammar);
  std::unique_ptr<const Grammar> grammar_;
};

/// A path as absolute and normal: what locations in schemas are compared by.
std::string full_schema_path(const std::string& path);

}  // namespace masar
