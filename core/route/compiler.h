#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fields.h"
#include "core/route/route.h"
#include "core/route/steps.h"

namespace masar::route {

/// Compiles the steps of one section. Single-threaded, used up by one route. Findings go to
/// `diagnostics`.
class StepCompiler {
 public:
  StepCompiler(const Library& library, config::Diagnostics& diagnostics)
      : library_(library), diagnostics_(diagnostics) {}

  /// Compiles the step elements in `elements` with `scope`. `after_call`: the scope of what follows
  /// a
  /// `<call>`; null where no call may stand.
  Program compile(const std::vector<const config::Element*>& elements, expression::Scope scope,
                  const expression::Scope* after_call);

  /// The test of a `<filter>` that stands before all steps.
  std::optional<expression::Expression> compile_filter(const config::Element& element,
                                                       expression::Scope scope);

  /// The mapping that the attribute `using` names.
  std::optional<mapping::Mapping> mapping_of(const config::Values& values,
                                             const expression::Scope& scope) const;

  /// Whether `name` is a step's element.
  static bool is_step(std::string_view name);
  static std::vector<std::string> step_names();

  /// Names of the literal elements of the last `<map>` seen: for the check of an event's fields.
  std::vector<std::pair<std::string, config::Place>> last_map_names;
  std::vector<Call> calls;
  std::vector<Call> taps;
  bool of_inquiry = false;     ///< the steps end in verdicts
  bool filters = false;        ///< <filter> may stand among the steps
  bool wire_taps = false;      ///< <wire-tap> may stand among the steps
  bool calls_once = false;     ///< on each way through the steps at most one <call>

 private:
  void add(const config::Element& element);
  void add_choice(const config::Element& element);
  void add_map(const config::Element& element);
  void add_call(const config::Element& element);
  void add_filter(const config::Element& element);
  void add_wire_tap(const config::Element& element);
  void check_endpoint(std::string_view attribute, const config::Values& values);
  void check_operation(const std::string& endpoint, const config::Values& values);
  void add_validate(const config::Element& element);
  void add_enrich(const config::Element& element);
  void add_set_header(const config::Element& element);
  void add_refuse(const config::Element& element);
  void add_end(const config::Element& element);
  void add_verdict(const config::Element& element);
  std::optional<expression::Expression> expression_of(const config::Element& element,
                                                      std::string_view attribute,
                                                      std::optional<expression::Type> expected);

  const Library& library_;
  config::Diagnostics& diagnostics_;
  expression::Scope scope_;
  const expression::Scope* after_call_ = nullptr;
  bool called_ = false;
  Program program_;
};

/// Names of a map's keys, for suggestions.
template <typename Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

}  // namespace masar::route
