#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/process/model.h"
#include "core/process/schema.h"

/// The compiler's passes over one document, in the order of the functions. Each collects its
/// findings and goes on, so that all errors are reported at once; the model is used only where
/// there is none.
namespace masar::process {

struct Builder {
  Model& model;
  const std::string& zone;
  const expression::Lookups& lookups;
  config::Diagnostics& diagnostics;
  std::map<std::vector<bool>, const View*> views;         ///< by the events that can lead there
  std::vector<const config::Element*> state_elements;     ///< by state
  std::vector<const config::Element*> deadline_elements;  ///< by deadline
};

/// Data, events, tasks, aliases and invariants, by name and type.
void declare_data(Builder& builder, const config::Element& root);
void declare_events(Builder& builder, const config::Element& root);
/// The tree of states and, in document order, the deadlines.
void declare_states(Builder& builder, const config::Element& root);
/// Everything that needs an expression: initial values, aliases, invariants, due times,
/// transitions, content.
void compile_declarations(Builder& builder, const config::Element& root);
void compile_states(Builder& builder);

/// Events by descriptors (`payment letter`, `task.refund`, `*`); unknown ones are findings. `*` is
/// every event of a message: deadlines and answers are always named.
std::vector<bool> match_events(Builder& builder, const std::vector<std::string>& descriptors,
                               const config::Place& place);
/// The view of a place where these events can lead.
const View* view_for(Builder& builder, const std::vector<bool>& events);
/// Where any event can lead.
const View* view_for_all(Builder& builder);

/// Whether $name means the moment, so that data and loops cannot have it.
bool is_reserved(std::string_view name);

/// Where a piece of content stands.
struct Surroundings {
  const expression::Scope* scope = nullptr;
  int state = 0;
  bool may_refuse = false;  ///< of an event that someone sent
};
Block compile_block(Builder& builder, const std::vector<const config::Element*>& elements,
                    const Surroundings& at);

/// The expression of an attribute; none where there is no such attribute, or a finding.
std::optional<expression::Expression> compile_attribute(Builder& builder,
                                                        const config::Element& element,
                                                        std::string_view attribute,
                                                        const expression::Scope& scope,
                                                        std::optional<expression::Type> expected);
/// The same for any text.
std::optional<expression::Expression> compile_source(Builder& builder, std::string_view source,
                                                     const config::Place& place,
                                                     const expression::Scope& scope,
                                                     std::optional<expression::Type> expected);
/// The due time that an element declares; none where it declares none.
std::optional<Due> compile_due(Builder& builder, const config::Element& element,
                               const expression::Scope& scope, int state);
/// The deadline of that name that can be set in `state`: its own, an outer state's, or one declared
/// at top level.
int find_deadline(const Model& model, std::string_view name, int state);

/// Finds a name or reports it with the nearest known one.
int find_or_report(Builder& builder, const std::map<std::string, int, std::less<>>& names,
                   const std::string& name, std::string_view what, const config::Place& place);
std::vector<std::string> keys_of(const std::map<std::string, int, std::less<>>& names);
std::optional<Span> span_of(Builder& builder, const config::Element& element,
                            std::string_view attribute);

inline expression::Type type_of(expression::Kind kind) {
  return expression::Type{kind, expression::Kind::text, nullptr};
}

/// What the document means as a whole: unreachable states, events that nothing handles, due times
/// in a circle.
void check_model(Builder& builder);

}  // namespace masar::process
