#pragma once

#include <map>
#include <set>

#include "core/mapping/program.h"

namespace masar::mapping {

/// Compiles one mapping. Single-threaded. What is wrong goes to `diagnostics`; the program is of
/// use only where nothing was.
class Compiler {
 public:
  Compiler(const expression::Scope& scope, const Prefixes& prefixes,
           config::Diagnostics& diagnostics);

  std::shared_ptr<const Mapping::Program> run(const config::Element& root);

 private:
  /// Content in which `scope` holds; what a variable binds holds for what follows it. `optional`:
  /// of the element around it.
  Sequence content(const config::Element& element, expression::Scope scope, bool optional);
  void add(const config::Element& child, expression::Scope& scope, bool optional, Sequence& out);
  void add_text(const config::Element& text, const expression::Scope& scope, bool optional,
                Sequence& out);
  void add_literal(const config::Element& element, const std::string& name,
                   const expression::Scope& scope, Sequence& out);
  void add_named_literal(const config::Element& element, const expression::Scope& scope,
                         Sequence& out);
  void add_if(const config::Element& element, const expression::Scope& scope, bool optional,
              Sequence& out);
  void add_choose(const config::Element& element, const expression::Scope& scope, bool optional,
                  Sequence& out);
  void add_for_each(const config::Element& element, const expression::Scope& scope, bool optional,
                    Sequence& out);
  void add_variable(const config::Element& element, expression::Scope& scope, Sequence& out);
  void add_copy_of(const config::Element& element, const expression::Scope& scope, Sequence& out);

  void check_prefixes(const config::Element& root);
  void note_top_level(const config::Element& output);
  /// The name with the configuration's prefix; a URI that it does not know is a finding.
  std::string qualified(const config::Name& name, const config::Place& place);
  /// The expression in an attribute that must be there.
  std::optional<expression::Expression> expression_in(const config::Element& element,
                                                      std::string_view attribute,
                                                      const expression::Scope& scope,
                                                      std::optional<expression::Type> expected);
  /// The slot in Run::bound of a new name; a name that has a value already is a finding.
  std::optional<std::size_t> bind(const std::string& name, const expression::Type& type,
                                  const config::Place& place, expression::Scope& scope);
  void only_attributes(const config::Element& element,
                       std::initializer_list<std::string_view> known);

  expression::Scope scope_;
  const Prefixes* prefixes_;
  config::Diagnostics* diagnostics_;
  std::shared_ptr<Mapping::Program> program_;
  std::set<std::string> used_;  ///< URIs that the template writes
};

}  // namespace masar::mapping
