#include "core/route/route.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/route/compiler.h"
#include "core/route/elements.h"
#include "core/route/fail_over.h"
#include "core/route/handlers.h"
#include "core/route/inquiry.h"

namespace masar::route {
namespace {

using config::Diagnostics;
using config::Element;
using expression::Scope;

const expression::Type kText{expression::Kind::text, {}, {}};
const expression::Type kInstant{expression::Kind::instant, {}, {}};
const expression::Type kNodes{expression::Kind::nodes, {}, {}};

Scope base_scope(const Library& library) {
  Scope scope;
  scope.lookups = library.lookups;
  scope.zone = library.zone;
  for (const auto& [uri, prefix] : library.prefixes) scope.prefixes.push_back(prefix);
  return scope;
}

void add_message(Scope& scope) {
  for (const char* name : {"message.id", "message.sender", "message.type", "message.endpoint"})
    scope.add(name, kText);
  scope.add("message.received", kInstant);
}

/// Reads one `<route>`.
class RouteReader {
 public:
  RouteReader(const Element& root, const Library& library, Diagnostics& diagnostics)
      : root_(root), library_(library), diagnostics_(diagnostics), steps_(library, diagnostics) {}

  std::shared_ptr<const Route> read() {
    const auto before = diagnostics_.findings().size();
    const config::Values values(kRoute, root_, diagnostics_);
    route_->id = values.text("id");
    route_->place = root_.place;
    const auto& mode = values.text("mode");
    route_->mode = mode == "query"          ? Mode::query
                   : mode == "pass-through" ? Mode::pass_through
                   : mode == "inquiry"      ? Mode::inquiry
                                            : Mode::durable;
    read_from();
    if (route_->mode == Mode::inquiry) {
      read_inquiry();
    } else if (!route_->from_effect.empty()) {
      read_effect_route();
    } else if (route_->mode == Mode::query) {
      read_query();
    } else if (route_->mode == Mode::pass_through) {
      read_pass_through();
    } else {
      read_inbound();
    }
    if (without_process_ || diagnostics_.findings().size() != before) return nullptr;
    return route_;
  }

 private:
  void read_from() {
    const auto froms = root_.elements("from");
    if (froms.size() != 1) {
      diagnostics_.add(root_.place, "a route has exactly one <from>",
                       "write <from endpoint=… type=…/> or "
                       "<from process=… effect=…/>");
      return;
    }
    const config::Values values(kFrom, *froms[0], diagnostics_);
    if (route_->mode == Mode::inquiry) {
      route_->process = process_named(values.text("process"), values.place("process"));
      for (const char* other : {"endpoint", "type", "parts", "effect"}) {
        if (!values.has(other)) continue;
        diagnostics_.add(values.place(other), "an inquiry is from a process alone",
                         "write <from process=…/>; the effects' routes name the inquiry");
      }
      return;
    }
    if (values.has("effect")) {
      route_->process = process_named(values.text("process"), values.place("process"));
      route_->from_effect = values.text("effect");
      return check_effect(values);
    }
    route_->from_endpoint = values.text("endpoint");
    route_->from_type = values.text("type");
    check_type(values.place("type"));
    const auto found = library_.endpoints.find(route_->from_endpoint);
    if (found == library_.endpoints.end()) {
      diagnostics_.add(values.place("endpoint"),
                       "unknown endpoint \"" + route_->from_endpoint + "\"",
                       config::suggest(route_->from_endpoint, keys_of(library_.endpoints)));
    } else if (!found->second) {
      diagnostics_.add(values.place("endpoint"),
                       "endpoint \"" + route_->from_endpoint + "\" is outbound",
                       "name one with direction=\"in\"");
    }
    if (const auto* parts = froms[0]->attribute("parts")) {
      route_->parts = expression::compile(parts->value, parts->value_place, message_scope(library_),
                                          kNodes, diagnostics_);
      const auto most = values.integer("parts-max");
      if (most < 1)
        diagnostics_.add(values.place("parts-max"), "a message has at least one part",
                         "write 1 or more");
      route_->parts_max = static_cast<std::size_t>(std::max<std::int64_t>(1, most));
    } else if (values.has("parts-max")) {
      diagnostics_.add(values.place("parts-max"), "parts-max= needs parts=", "");
    }
  }

  std::shared_ptr<const process::Definition> process_named(const std::string& name,
                                                           const config::Place& place) {
    const auto found = library_.processes.find(name);
    if (found != library_.processes.end()) return found->second;
    without_process_ = true;
    if (library_.faulty_processes.contains(name)) return nullptr;  // its own mistakes are told
    diagnostics_.add(place, "unknown process \"" + name + "\"",
                     config::suggest(name, keys_of(library_.processes)));
    return nullptr;
  }

  void check_type(const config::Place& place) {
    const std::string& type = route_->from_type;
    const auto colon = type.find(':');
    if (colon == std::string::npos) return check_root(place);
    const std::string prefix = type.substr(0, colon);
    std::vector<std::string> known;
    for (const auto& [uri, name] : library_.prefixes) known.push_back(name);
    if (std::find(known.begin(), known.end(), prefix) != known.end()) return check_root(place);
    diagnostics_.add(place, "unknown prefix " + prefix, config::suggest(prefix, known));
  }

  /// A type that the endpoint's schema does not declare never passes its gate.
  void check_root(const config::Place& place) {
    const auto found = library_.roots.find(route_->from_endpoint);
    if (route_->from_type.empty() || found == library_.roots.end()) return;
    const auto& roots = found->second;
    if (std::find(roots.begin(), roots.end(), route_->from_type) != roots.end()) return;
    diagnostics_.add(place,
                     "the schema of endpoint \"" + route_->from_endpoint +
                         "\" declares no element \"" + route_->from_type + "\"",
                     config::suggest(route_->from_type, roots));
  }

  void check_effect(const config::Values& values) {
    if (!route_->process || route_->process->effect(route_->from_effect)) return;
    std::vector<std::string> known;
    for (const auto& effect : route_->process->effects()) known.push_back(effect.name);
    diagnostics_.add(
        values.place("effect"),
        "process \"" + route_->process->name() + "\" has no effect \"" + route_->from_effect + "\"",
        config::suggest(route_->from_effect, known));
  }

  void check_event(const std::string& name, const config::Place& place) {
    if (!route_->process || name.empty() || route_->process->event(name)) return;
    std::vector<std::string> known;
    for (const auto& event : route_->process->events()) known.push_back(event.name);
    diagnostics_.add(place,
                     "process \"" + route_->process->name() + "\" has no event \"" + name + "\"",
                     config::suggest(name, known));
  }

  void read_finds() {
    for (const auto* element : root_.elements("find")) {
      const config::Values values(kFind, *element, diagnostics_);
      const bool by_key = values.has("key");
      const auto* attribute = element->attribute(by_key ? "key" : "value");
      if (!attribute || (!by_key && !values.has("alias"))) {
        diagnostics_.add(element->place, "<find> needs key, or alias and value", "");
        continue;
      }
      auto value = expression::compile(attribute->value, attribute->value_place,
                                       message_scope(library_), kText, diagnostics_);
      if (value) route_->finds.push_back({values.text("alias"), std::move(*value)});
      if (!by_key && route_->process) {
        const auto names = route_->process->alias_names();
        if (std::find(names.begin(), names.end(), values.text("alias")) == names.end()) {
          diagnostics_.add(values.place("alias"),
                           "process \"" + route_->process->name() + "\" has no alias \"" +
                               values.text("alias") + "\"",
                           config::suggest(values.text("alias"), names));
        }
      }
    }
  }

  void read_no_case() {
    const auto* element = root_.element("no-case");
    if (!element) return;
    const config::Values values(kNoCase, *element, diagnostics_);
    const auto& action = values.text("do");
    route_->no_case.action = action == "open"     ? NoCase::Do::open
                             : action == "record" ? NoCase::Do::record
                             : action == "keep"   ? NoCase::Do::keep
                                                  : NoCase::Do::refuse;
    route_->no_case.code = values.text("code");
    route_->no_case.reply = values.text("reply");
    if (route_->mode == Mode::query) {
      Scope scope = message_scope(library_);
      scope.add("now", kInstant);
      route_->without_case = steps_.compile(element->elements(), scope, nullptr);
    }
  }

  /// The step elements of the route, `<to>` among them; other known children are passed over.
  std::vector<const Element*> step_elements(const std::vector<std::string_view>& others) {
    std::vector<const Element*> steps;
    for (const auto* element : root_.elements()) {
      const std::string& name = element->name.local;
      if (StepCompiler::is_step(name)) {
        steps.push_back(element);
      } else if (name != "from" && std::find(others.begin(), others.end(), name) == others.end()) {
        auto known = StepCompiler::step_names();
        known.insert(known.end(), others.begin(), others.end());
        diagnostics_.add(element->place, "unknown element <" + name + "> in this route",
                         config::suggest(name, known));
      }
    }
    return steps;
  }

  void read_to(const Element& to) {
    const config::Values values(kTo, to, diagnostics_);
    auto process = process_named(values.text("process"), values.place("process"));
    if (route_->process && process != route_->process) {
      diagnostics_.add(values.place("process"), "an effect's reply goes to its own process",
                       "write process=\"" + route_->process->name() + "\"");
    }
    route_->process = std::move(process);
    route_->to_event = values.text("event");
    check_event(route_->to_event, values.place("event"));
  }

  void check_fields() {
    if (!route_->process) return;
    const auto* event = route_->process->event(route_->to_event);
    if (!event) return;
    std::vector<std::string> known;
    for (const auto& [name, type] : event->fields) known.push_back(name);
    for (const auto& [name, place] : steps_.last_map_names) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      diagnostics_.add(place, "event \"" + event->name + "\" has no field \"" + name + "\"",
                       config::suggest(name, known));
    }
  }

  void read_inbound() {
    const auto* to = root_.element("to");
    if (!to) {
      diagnostics_.add(root_.place,
                       "a durable route from an endpoint ends in <to process=… event=…/>", "");
      return;
    }
    read_to(*to);
    read_finds();
    read_no_case();
    auto elements = step_elements({"find", "no-case", "reply", "aggregate"});
    read_filters(elements);
    steps_.last_map_names.clear();
    steps_.wire_taps = true;
    route_->before = steps_.compile(elements, message_scope(library_), nullptr);
    steps_.wire_taps = false;
    route_->taps = steps_.taps;
    check_fields();
    read_aggregate();
    if (!route_->process) return;
    for (const auto* reply : root_.elements("reply")) read_reply(*reply);
    if (!route_->no_case.reply.empty() && !route_->replies.contains(route_->no_case.reply)) {
      diagnostics_.add(
          root_.place,
          "<no-case> names the reply \"" + route_->no_case.reply + "\", which the route has not",
          config::suggest(route_->no_case.reply, keys_of(route_->replies)));
    }
    if (route_->process && route_->no_case.action == NoCase::Do::open &&
        !route_->process->opens_with(route_->to_event)) {
      diagnostics_.add(root_.place, "event \"" + route_->to_event + "\" does not open a case",
                       "give its m:event opens=\"true\"");
    }
    if (route_->finds.empty()) {
      diagnostics_.add(root_.place, "the route does not say how its case is found",
                       "write <find key=…/>");
    }
  }

  /// Those before all steps: Intake looks at them, before it looks for a case.
  void read_filters(std::vector<const Element*>& elements) {
    while (!elements.empty() && elements.front()->name.local == "filter") {
      const Element& filter = *elements.front();
      elements.erase(elements.begin());
      auto test = steps_.compile_filter(filter, message_scope(library_));
      if (test) route_->filters.push_back(std::move(*test));
      if (root_.elements("reply").empty()) continue;
      diagnostics_.add(filter.place, "the sender of a filtered message would wait for its reply",
                       "write a <choice> with <refuse>, or leave out <reply>");
    }
  }

  void read_aggregate() {
    const auto* element = root_.element("aggregate");
    if (!element) return;
    const config::Values values(kAggregate, *element, diagnostics_);
    if (!route_->parts) {
      diagnostics_.add(element->place, "there are no parts to aggregate",
                       "write <from endpoint=… parts=…/>");
    }
    route_->aggregate = steps_.mapping_of(values, message_scope(library_));
  }

  /// A reply named by the process sees the case and its arguments; one that only `<no-case>` names
  /// sees the message.
  void read_reply(const Element& element) {
    const config::Values values(kReply, element, diagnostics_);
    const std::string& name = values.text("name");
    Scope scope = base_scope(library_);
    add_message(scope);
    const process::ReplyDeclaration* declaration = nullptr;
    if (route_->process) {
      for (const auto& known : route_->process->replies()) {
        if (known.name == name) declaration = &known;
      }
    }
    if (declaration) {
      route_->process->add_to(scope);
      scope.add("reply.name", kText);
      for (const auto& [argument, type] : declaration->arguments)
        scope.add("reply." + argument, type);
    } else if (name != route_->no_case.reply) {
      std::vector<std::string> known;
      if (route_->process) {
        for (const auto& reply : route_->process->replies()) known.push_back(reply.name);
      }
      diagnostics_.add(values.place("name"), "the process has no reply \"" + name + "\"",
                       config::suggest(name, known));
    }
    route_->replies[name] = steps_.compile(element.elements(), std::move(scope), nullptr);
  }

  void read_query() {
    const auto* query = root_.element("query");
    if (!query) {
      diagnostics_.add(root_.place, "a route with mode=\"query\" names <query process=…/>", "");
      return;
    }
    const config::Values values(kQuery, *query, diagnostics_);
    route_->process = process_named(values.text("process"), values.place("process"));
    read_finds();
    read_no_case();
    if (!route_->process) return;
    Scope scope = message_scope(library_);
    scope.add("now", kInstant);
    route_->process->add_to(scope);
    route_->before =
        steps_.compile(step_elements({"find", "no-case", "query"}), std::move(scope), nullptr);
  }

  void read_pass_through() {
    const Scope scope = message_scope(library_);
    steps_.filters = steps_.wire_taps = steps_.calls_once = true;
    route_->before = steps_.compile(step_elements({"aggregate"}), scope, &scope);
    if (steps_.calls.empty()) {
      diagnostics_.add(root_.place, "a pass-through route has a <call>",
                       "write <call endpoint=…/>, one in each branch of a <choice> where there is "
                       "a choice");
    }
    route_->calls = steps_.calls;
    route_->taps = steps_.taps;
    read_aggregate();
    refuse_fail_over(*route_, diagnostics_);
  }

  /// What is known of an effect once it was sent.
  Scope sent_scope() {
    Scope scope = base_scope(library_);
    if (route_->process) route_->process->add_to(scope);
    scope.add("effect.id", kText);
    scope.add("effect.name", kText);
    scope.add("effect.at", kInstant);
    return scope;
  }

  /// The question is made from the effect's document, the verdict from the answer.
  void read_inquiry() {
    if (!route_->process) return;
    const Scope scope = sent_scope();
    steps_.of_inquiry = true;
    route_->before = steps_.compile(step_elements({}), scope, &scope);
    route_->calls = steps_.calls;
    refuse_fail_over(*route_, diagnostics_);
    check_inquiry(root_, diagnostics_);
  }

  void read_effect_route() {
    if (!route_->process) {  // only what needs no process can be said now
      const Scope none = base_scope(library_);
      steps_.compile(root_.elements("call"), none, &none);
      return;
    }
    const Scope after = sent_scope();
    const auto* effect = route_->process->effect(route_->from_effect);
    Scope scope = after;
    if (effect) {
      for (const auto& [argument, type] : effect->arguments) {
        if (!scope.find("effect." + argument)) scope.add("effect." + argument, type);
      }
    }
    if (const auto* to = root_.element("to")) read_to(*to);
    steps_.last_map_names.clear();
    steps_.wire_taps = true;
    route_->before =
        steps_.compile(step_elements({"on-failure", "on-report"}), std::move(scope), &after);
    route_->taps = steps_.taps;
    if (steps_.calls.empty()) {
      diagnostics_.add(root_.place, "an effect's route has a <call>", "write <call endpoint=…/>");
    }
    route_->calls = steps_.calls;
    if (!route_->to_event.empty()) check_fields();
    for (const auto* element : root_.elements("on-failure")) read_failure(*element);
    config::Place report_place;
    if (const auto* report = root_.element("on-report")) {
      const config::Values values(kOnReport, *report, diagnostics_);
      route_->report_event = values.text("event");
      report_place = values.place("event");
      check_event(route_->report_event, report_place);
    }
    if (effect) check_handlers(*route_, *effect, report_place, diagnostics_);
    check_fail_over(*route_, diagnostics_);
  }

  void read_failure(const Element& element) {
    const config::Values values(kOnFailure, element, diagnostics_);
    OnFailure failure;
    failure.place = element.place;
    failure.kind = values.text("kind");
    failure.code = values.text("code");
    failure.event = values.text("event");
    failure.task = values.text("task");
    failure.keep_retrying = values.text("keep") == "retrying";
    failure.inquiry = values.text("inquiry");
    failure.inquiry_place = values.place("inquiry");
    if (values.has("task-after")) failure.task_after = values.span("task-after");
    check_event(failure.event, values.place("event"));
    if (!failure.task.empty()) {
      std::vector<std::string> known;
      for (const auto& task : route_->process->tasks()) known.push_back(task.name);
      if (std::find(known.begin(), known.end(), failure.task) == known.end()) {
        diagnostics_.add(values.place("task"), "the process has no task \"" + failure.task + "\"",
                         config::suggest(failure.task, known));
      }
    }
    if (failure.event.empty() && failure.task.empty() && !failure.keep_retrying &&
        failure.inquiry.empty()) {
      diagnostics_.add(element.place, "<on-failure> does nothing",
                       "give it event, task or keep=\"retrying\"");
    }
    route_->failures.push_back(std::move(failure));
  }

  const Element& root_;
  const Library& library_;
  Diagnostics& diagnostics_;
  StepCompiler steps_;
  bool without_process_ = false;  // it names one that is not there: nothing can come of it
  std::shared_ptr<Route> route_ = std::make_shared<Route>();
};

}  // namespace

std::shared_ptr<const Route> Route::compile(const Element& root, const Library& library,
                                            Diagnostics& diagnostics) {
  return RouteReader(root, library, diagnostics).read();
}

bool Route::counts_silence() const {
  return std::any_of(failures.begin(), failures.end(),
                     [](const OnFailure& failure) { return failure.task_after.has_value(); });
}

const OnFailure* Route::on_failure(std::string_view kind, std::string_view code) const {
  const OnFailure* any = nullptr;
  for (const auto& failure : failures) {
    if (failure.kind != kind) continue;
    if (!failure.code.empty() && failure.code == code) return &failure;
    if (failure.code.empty() && !any) any = &failure;
  }
  return any;
}

const std::string* Route::inquiry(std::string_view kind, std::string_view code) const {
  const auto* handler = on_failure(kind, code);
  return handler && !handler->inquiry.empty() ? &handler->inquiry : nullptr;
}

const std::string& Route::or_else(std::string_view endpoint, std::string_view operation) const {
  static const std::string kNowhere;
  for (const auto& call : calls) {
    if (call.endpoint == endpoint && call.operation == operation) return call.or_else;
  }
  return kNowhere;
}

bool Route::names_event() const {
  if (!to_event.empty() || !report_event.empty()) return true;
  return std::any_of(failures.begin(), failures.end(),
                     [](const auto& f) { return !f.event.empty(); });
}

Scope message_scope(const Library& library) {
  Scope scope = base_scope(library);
  add_message(scope);
  return scope;
}

}  // namespace masar::route
