#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <pugixml.hpp>

namespace masar {

/// The schemas of a configuration (XSD 1.0 through libxml2, which need not look at most of the
/// valid documents: see XsdQuick), checked against the tree that the hub reads (DESIGN D17), never
/// against the partner's bytes. Immutable after construction; may be called from any thread.
class XsdGate {
 public:
  struct Source {
    std::string path;  ///< for messages, and the base of relative xs:import/xs:include locations
    std::string contents;
  };
  struct Finding {
    std::string element;   ///< path of the element: `/sh:Order/sh:OrderNo`
    std::string text;      ///< what is wrong; no values of the document
  };

  /// Compiles one schema. Imports and includes resolve among `sources` by relative path only; the
  /// network and the rest of the file system are never asked. Throws Error(config, "bad-schema")
  /// with file and line.
  XsdGate(const std::vector<Source>& sources, const std::string& root_path);
  ~XsdGate();
  XsdGate(XsdGate&&) noexcept;

  /// Empty: valid. At most 10 findings.
  std::vector<Finding> validate(pugi::xml_node root) const;
  /// Throws Error(rejected, "schema-invalid") with the first finding, where there is one. `name`,
  /// where it is given, comes before it.
  void require_valid(pugi::xml_node root, std::string_view name = {}) const;
  /// Global elements that the schema (its root file) declares: `{uri}name` or `name`.
  std::vector<std::string> elements() const;

 private:
  struct Schema;
  std::unique_ptr<Schema> schema_;
};

}  // namespace masar
