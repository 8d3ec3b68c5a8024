#include "core/route/compiler.h"

#include <array>

#include "core/config/fields.h"

namespace masar::route {
namespace {

using config::ElementTable;
using config::Kind;

// The steps' elements: the one place that states their attributes.
const ElementTable kMap{"map",
                        "The document becomes what a mapping makes of it.",
                        {{"using", Kind::text, true, "", "id of the mapping", {}}},
                        {}};
const ElementTable kCall{"call",
                         "Sends the document to an outbound endpoint; what follows sees the reply.",
                         {{"endpoint", Kind::name, true, "", "id of the endpoint", {}},
                          {"operation", Kind::text, false, "", "operation of the endpoint", {}},
                          {"or-else",
                           Kind::name,
                           false,
                           "",
                           "endpoint of an effect that ended unavailable at the first",
                           {}}},
                         {}};
const ElementTable kFilter{"filter",
                           "A message for which the test is not true goes no further.",
                           {{"test", Kind::expression, true, "", "a boolean expression", {}}},
                           {}};
const ElementTable kWireTap{
    "wire-tap",
    "Sends a copy of the document, as it is here, to an endpoint beside the way.",
    {{"endpoint", Kind::name, true, "", "id of an outbound endpoint", {}},
     {"operation", Kind::text, false, "", "operation of the endpoint", {}}},
    {}};
const ElementTable kValidate{"validate",
                             "Refuses a document that a schema does not allow.",
                             {{"schema", Kind::text, true, "", "file name in schemas/", {}}},
                             {}};
const ElementTable kEnrich{"enrich",
                           "Binds a value, from lookups and the case, to a variable.",
                           {{"name", Kind::name, true, "", "the variable, without $", {}},
                            {"select", Kind::expression, true, "", "its value", {}}},
                           {}};
const ElementTable kSetHeader{"set-header",
                              "Sets a header of the message.",
                              {{"name", Kind::text, true, "", "the header", {}},
                               {"value", Kind::text, true, "", "text with {expression} parts", {}}},
                              {}};
const ElementTable kRefuse{"refuse",
                           "The sender is told that the message is refused; nothing else happens.",
                           {{"code", Kind::text, true, "", "the refusal's code", {}},
                            {"text", Kind::text, false, "", "text with {expression} parts", {}}},
                           {}};
const ElementTable kDeadLetter{"dead-letter",
                               "The message is kept whole for a person.",
                               {{"code", Kind::text, true, "", "the cause's code", {}}},
                               {}};
const ElementTable kChoice{
    "choice", "The first branch whose test is true.", {}, {"when", "otherwise"}};
const ElementTable kWhen{"when",
                         "A branch of a choice.",
                         {{"test", Kind::expression, true, "", "a boolean expression", {}}},
                         {"*"}};
const ElementTable kOtherwise{"otherwise", "The branch where no test is true.", {}, {"*"}};

const ElementTable kVerdict{
    "verdict",
    "Ends an inquiry: what the partner's answer says of the effect.",
    {{"is", Kind::choice, true, "", "the verdict", {"done", "not-done", "undecided"}}},
    {}};

constexpr std::array<std::string_view, 12> kSteps{
    "map",         "call",   "validate", "enrich",  "set-header", "refuse",
    "dead-letter", "choice", "to",       "verdict", "filter",     "wire-tap"};

const expression::Type kBoolean{expression::Kind::boolean, {}, {}};

}  // namespace

bool StepCompiler::is_step(std::string_view name) {
  return std::find(kSteps.begin(), kSteps.end(), name) != kSteps.end();
}

std::vector<std::string> StepCompiler::step_names() { return {kSteps.begin(), kSteps.end()}; }

Program StepCompiler::compile(const std::vector<const config::Element*>& elements,
                              expression::Scope scope, const expression::Scope* after_call) {
  scope_ = std::move(scope);
  after_call_ = after_call;
  called_ = false;
  program_ = {};
  for (const auto* element : elements) add(*element);
  return std::move(program_);
}

void StepCompiler::add(const config::Element& element) {
  const std::string& name = element.name.local;
  if (name == "map") return add_map(element);
  if (name == "call") return add_call(element);
  if (name == "validate") return add_validate(element);
  if (name == "enrich") return add_enrich(element);
  if (name == "set-header") return add_set_header(element);
  if (name == "choice") return add_choice(element);
  if (name == "verdict") return add_verdict(element);
  if (name == "filter") return add_filter(element);
  if (name == "wire-tap") return add_wire_tap(element);
  if (name == "refuse" || name == "to" || name == "dead-letter") return add_end(element);
  diagnostics_.add(element.place, "unknown step <" + name + ">",
                   config::suggest(name, step_names()));
}

std::optional<expression::Expression> StepCompiler::expression_of(
    const config::Element& element, std::string_view attribute,
    std::optional<expression::Type> expected) {
  const auto* found = element.attribute(attribute);
  if (!found) return std::nullopt;
  return expression::compile(found->value, found->value_place, scope_, std::move(expected),
                             diagnostics_);
}

std::optional<mapping::Mapping> StepCompiler::mapping_of(const config::Values& values,
                                                         const expression::Scope& scope) const {
  const std::string& id = values.text("using");
  const auto found = library_.mappings.find(id);
  if (found != library_.mappings.end())
    return mapping::Mapping::compile(*found->second, scope, library_.prefixes, diagnostics_);
  if (values.has("using")) {
    diagnostics_.add(values.place("using"), "unknown mapping \"" + id + "\"",
                     config::suggest(id, keys_of(library_.mappings)));
  }
  return std::nullopt;
}

void StepCompiler::add_map(const config::Element& element) {
  auto mapping = mapping_of(config::Values(kMap, element, diagnostics_), scope_);
  if (!mapping) return;
  last_map_names = mapping->top_level_names();
  program_.steps_.push_back(make_map(std::move(*mapping)));
}

void StepCompiler::add_call(const config::Element& element) {
  const config::Values values(kCall, element, diagnostics_);
  if (!after_call_) {
    diagnostics_.add(element.place, "<call> may not stand here",
                     "make it an effect of the process: asking a "
                     "partner is an effect, its reply an event");
    return;
  }
  if (calls_once && called_) {
    diagnostics_.add(element.place, "this route has called already on this way",
                     "one message is one call here: write the calls into branches of a <choice>");
  }
  const std::string& endpoint = values.text("endpoint");
  const std::string& other = values.text("or-else");
  check_endpoint("endpoint", values);
  if (values.has("or-else")) check_endpoint("or-else", values);
  calls.push_back(
      {endpoint, values.text("operation"), element.place, other, values.place("or-else")});
  program_.steps_.push_back(make_call(endpoint, values.text("operation")));
  called_ = true;
  scope_ = *after_call_;
}

std::optional<expression::Expression> StepCompiler::compile_filter(const config::Element& element,
                                                                   expression::Scope scope) {
  scope_ = std::move(scope);
  const config::Values values(kFilter, element, diagnostics_);
  return expression_of(element, "test", kBoolean);
}

void StepCompiler::add_filter(const config::Element& element) {
  const config::Values values(kFilter, element, diagnostics_);
  if (!filters) {
    diagnostics_.add(element.place, "<filter> may not stand here",
                     "it stands in a pass-through route, or first in a durable one from an "
                     "endpoint that wants no reply");
  }
  auto test = expression_of(element, "test", kBoolean);
  if (test) program_.steps_.push_back(make_filter(std::move(*test)));
}

void StepCompiler::add_wire_tap(const config::Element& element) {
  const config::Values values(kWireTap, element, diagnostics_);
  if (!wire_taps || called_) {
    diagnostics_.add(element.place, "<wire-tap> may not stand here",
                     "it stands on the way to a <to> or a <call>");
  }
  check_endpoint("endpoint", values);
  taps.push_back({values.text("endpoint"), values.text("operation"), element.place, {}, {}});
  program_.steps_.push_back(make_wire_tap(taps.back().endpoint, taps.back().operation));
}

/// The attribute names an outbound endpoint that knows the operation.
void StepCompiler::check_endpoint(std::string_view attribute, const config::Values& values) {
  const std::string& endpoint = values.text(attribute);
  const auto found = library_.endpoints.find(endpoint);
  if (found == library_.endpoints.end()) {
    if (values.has(attribute)) {
      diagnostics_.add(values.place(attribute), "unknown endpoint \"" + endpoint + "\"",
                       config::suggest(endpoint, keys_of(library_.endpoints)));
    }
  } else if (found->second) {
    diagnostics_.add(values.place(attribute), "endpoint \"" + endpoint + "\" is inbound",
                     "name one with direction=\"out\"");
  }
  check_operation(endpoint, values);
}

void StepCompiler::check_operation(const std::string& endpoint, const config::Values& values) {
  const auto declared = library_.operations.find(endpoint);
  if (declared == library_.operations.end() || declared->second.empty()) return;
  const std::string& operation = values.text("operation");
  const auto& known = declared->second;
  if (std::find(known.begin(), known.end(), operation) != known.end()) return;
  const std::string what =
      operation.empty() ? "a <call> of this endpoint names an operation"
                        : "endpoint \"" + endpoint + "\" has no operation \"" + operation + "\"";
  diagnostics_.add(values.place("operation"), what, config::suggest(operation, known));
}

void StepCompiler::add_validate(const config::Element& element) {
  const config::Values values(kValidate, element, diagnostics_);
  const auto found = library_.schemas.find(values.text("schema"));
  if (found != library_.schemas.end()) {
    return program_.steps_.push_back(make_validate(found->second, values.text("schema")));
  }
  if (values.has("schema")) {
    diagnostics_.add(values.place("schema"), "unknown schema \"" + values.text("schema") + "\"",
                     config::suggest(values.text("schema"), keys_of(library_.schemas)));
  }
}

void StepCompiler::add_enrich(const config::Element& element) {
  const config::Values values(kEnrich, element, diagnostics_);
  auto value = expression_of(element, "select", std::nullopt);
  if (!value || !values.has("name")) return;
  if (scope_.find(values.text("name"))) {
    diagnostics_.add(values.place("name"), "$" + values.text("name") + " is there already",
                     "choose another name");
    return;
  }
  const auto slot = scope_.add(values.text("name"), value->type());
  program_.steps_.push_back(make_enrich(slot, std::move(*value)));
}

void StepCompiler::add_set_header(const config::Element& element) {
  const config::Values values(kSetHeader, element, diagnostics_);
  const auto* text = element.attribute("value");
  if (!text) return;
  auto value = expression::compile_text(text->value, text->value_place, scope_, diagnostics_);
  if (value) program_.steps_.push_back(make_set_header(values.text("name"), std::move(*value)));
}

void StepCompiler::add_refuse(const config::Element& element) {
  const config::Values values(kRefuse, element, diagnostics_);
  auto text =
      expression::compile_text(values.text("text"), values.place("text"), scope_, diagnostics_);
  if (text) program_.steps_.push_back(make_refuse(values.text("code"), std::move(*text)));
}

void StepCompiler::add_end(const config::Element& element) {
  const std::string& name = element.name.local;
  if (of_inquiry) {
    return diagnostics_.add(element.place, "<" + name + "> may not stand in an inquiry",
                            "end it in <verdict is=…/>");
  }
  if (name == "refuse") return add_refuse(element);
  if (name == "to") return program_.steps_.push_back(make_to());
  const config::Values values(kDeadLetter, element, diagnostics_);
  program_.steps_.push_back(make_dead_letter(values.text("code")));
}

void StepCompiler::add_verdict(const config::Element& element) {
  const config::Values values(kVerdict, element, diagnostics_);
  if (!of_inquiry) {
    return diagnostics_.add(element.place, "<verdict> stands only in a route with mode=\"inquiry\"",
                            "");
  }
  const std::string& is = values.text("is");
  program_.steps_.push_back(make_verdict(is == "done"       ? Verdict::done
                                         : is == "not-done" ? Verdict::not_done
                                                            : Verdict::undecided));
}

void StepCompiler::add_choice(const config::Element& element) {
  const config::Values values(kChoice, element, diagnostics_);
  std::vector<std::shared_ptr<Jump>> ends;
  const expression::Scope before = scope_;
  bool otherwise = false;
  bool called = called_;
  for (const auto* branch : element.elements()) {
    scope_ = before;
    called_ = false;
    std::shared_ptr<Branch> test;
    if (branch->name.local == "when" && !otherwise) {
      const config::Values checked(kWhen, *branch, diagnostics_);
      auto condition = expression_of(*branch, "test", kBoolean);
      if (condition)
        program_.steps_.push_back(test = std::make_shared<Branch>(std::move(*condition)));
    } else if (branch->name.local == "otherwise" && !otherwise) {
      const config::Values checked(kOtherwise, *branch, diagnostics_);
      otherwise = true;
    } else {
      diagnostics_.add(branch->place, "unexpected <" + branch->name.local + "> in <choice>",
                       "write <when test=…> branches, then at most one <otherwise>");
      continue;
    }
    for (const auto* step : branch->elements()) add(*step);
    called = called || called_;
    ends.push_back(std::make_shared<Jump>());
    program_.steps_.push_back(ends.back());
    if (test) test->set_target(program_.steps_.size());
  }
  for (const auto& end : ends) end->set_target(program_.steps_.size());
  // What a branch bound is not seen outside it; after a call in some branch, what follows sees the
  // reply.
  called_ = called;
  scope_ = called && after_call_ ? *after_call_ : before;
}

}  // namespace masar::route
