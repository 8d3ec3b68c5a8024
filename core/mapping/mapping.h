#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/element.h"
#include "core/expression/expression.h"
#include "core/message/message.h"
#include "core/message/xml_reader.h"

namespace masar::mapping {

/// A pure document-to-document function, written as a template of its output:
///
///     <mapping id="shop/order" xmlns:sh="urn:…">
///       <output><sh:Order> … {expression} … </sh:Order></output>
///     </mapping>
///
/// Inside `<output>`: literal elements (of any namespace), `{expression}` in text and attributes,
/// and the template's own elements, which are in no namespace and named as XSLT's: `for-each
/// select="nodes, list or table"` (context = the node; `as="name"` binds `$name`, for a list's item
/// or a table's row), `if test`, `choose/when test/otherwise`, `variable name select`, `copy-of
/// select` (nodes, copied whole), `element name="…"` (for a literal element in no namespace whose
/// name is one of these). Literal white space between elements is dropped; an element whose text is
/// only an expression of an unset value is a failure, unless it says `optional="true"` in the
/// namespace urn:masar:mapping: then it is left out.
///
/// Immutable, callable from any thread. apply() throws what Expression::evaluate throws, and
/// Error(rejected, "mapping-output") where the output has not exactly one root.
class Mapping {
 public:
  /// What is wrong goes to `diagnostics`, and then there is no value. `prefixes` are those of the
  /// configuration (DESIGN D4): a literal element's URI must be among them. Variables are those of
  /// `scope`.
  static std::optional<Mapping> compile(const config::Element& root, const expression::Scope& scope,
                                        const Prefixes& prefixes, config::Diagnostics& diagnostics);

  const std::string& id() const noexcept;
  /// `frame.context` is the input document (its root node), or empty.
  Document apply(const expression::Frame& frame) const;
  /// Names of the literal elements directly below the root of the output, for lint.
  std::vector<std::pair<std::string, config::Place>> top_level_names() const;

  struct Program;
  explicit Mapping(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace masar::mapping
