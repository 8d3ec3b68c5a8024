#include <algorithm>

#include "core/process/builder.h"

/// What the passes of the compiler share: names, expressions, due times.
namespace masar::process {
namespace {

using config::Element;
using expression::Kind;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

/// A call of a function with a literal as its only argument.
struct Call {
  std::string function;
  std::string argument;
};

std::string_view literal_at(std::string_view source, std::size_t at) {
  const char quote = source[at];
  const std::size_t end = source.find(quote, at + 1);
  return source.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
}

/// The calls in a source that compiled, so that names in literals are checked before anything runs.
std::vector<Call> calls_in(std::string_view source) {
  std::vector<Call> calls;
  std::size_t at = 0;
  while (at < source.size()) {
    if (source[at] == '\'' || source[at] == '"') {
      at += literal_at(source, at).size() + 2;
    } else if (source[at] == '$') {
      for (++at; at < source.size() && is_name_character(source[at]);) ++at;
    } else if (is_name_character(source[at])) {
      const std::size_t begin = at;
      while (at < source.size() && is_name_character(source[at])) ++at;
      const std::string function(source.substr(begin, at - begin));
      std::size_t next = std::min(source.find_first_not_of(" \t\r\n", at), source.size());
      if (next == source.size() || source[next] != '(') continue;
      next = std::min(source.find_first_not_of(" \t\r\n", next + 1), source.size());
      const bool literal = next < source.size() && (source[next] == '\'' || source[next] == '"');
      calls.push_back({function, literal ? std::string(literal_at(source, next)) : std::string()});
    } else {
      ++at;
    }
  }
  return calls;
}

void check_calls(Builder& builder, std::string_view source, const config::Place& place,
                 bool draws) {
  for (const auto& call : calls_in(source)) {
    if (call.function == "serial" && !draws)
      builder.diagnostics.add(place, "serial() cannot stand here",
                              "a number is drawn by <assign> only");
    if (call.argument.empty()) continue;
    if (call.function == "serial") builder.model.series.emplace_back(call.argument, place);
    if (call.function == "in")
      find_or_report(builder, builder.model.state_index, call.argument, "state", place);
    if (call.function != "deadline") continue;
    std::map<std::string, int, std::less<>> names;
    for (const auto& deadline : builder.model.deadlines) names.emplace(deadline.name, 0);
    find_or_report(builder, names, call.argument, "deadline", place);
  }
}

std::optional<expression::Expression> compile_checked(Builder& builder, std::string_view source,
                                                      const config::Place& place,
                                                      const expression::Scope& scope,
                                                      std::optional<expression::Type> expected,
                                                      bool draws) {
  auto compiled =
      expression::compile(source, place, scope, std::move(expected), builder.diagnostics);
  if (compiled) check_calls(builder, source, place, draws);
  return compiled;
}

/// "payment PT24H".
void read_before(Builder& builder, const Element& element, int state, Due& due) {
  const auto parts = words(value_of(element, "before"));
  const auto place = place_of(element, "before");
  const auto lead = parts.size() == 2 ? parse_span(parts[1]) : std::nullopt;
  if (!lead) {
    builder.diagnostics.add(place, "before needs a deadline and a span",
                            "write before=\"name PT24H\"");
    return;
  }
  if (lead->working_days != 0)
    builder.diagnostics.add(place, "before does not count working days",
                            "write hours or days: PT24H");
  due.before = parts[0];
  due.lead = lead->fixed;
  if (find_deadline(builder.model, due.before, state) >= 0) return;
  std::vector<std::string> known;
  for (const auto& deadline : builder.model.deadlines) known.push_back(deadline.name);
  builder.diagnostics.add(place, "no deadline \"" + due.before + "\" in this state or around it",
                          config::suggest(due.before, known));
}

}  // namespace

int find_or_report(Builder& builder, const std::map<std::string, int, std::less<>>& names,
                   const std::string& name, std::string_view what, const config::Place& place) {
  if (const auto found = names.find(name); found != names.end()) return found->second;
  builder.diagnostics.add(place, "unknown " + std::string(what) + " \"" + name + "\"",
                          config::suggest(name, keys_of(names)));
  return -1;
}

std::vector<std::string> keys_of(const std::map<std::string, int, std::less<>>& names) {
  std::vector<std::string> keys;
  for (const auto& [name, index] : names) keys.push_back(name);
  return keys;
}

std::optional<Span> span_of(Builder& builder, const Element& element, std::string_view attribute) {
  if (attribute_of(element, attribute) == nullptr) return std::nullopt;
  const std::string text = value_of(element, attribute);
  auto span = parse_span(text);
  if (!span || (span->working_days == 0 && span->fixed <= Duration{0})) {
    builder.diagnostics.add(place_of(element, attribute), "\"" + text + "\" is not a span",
                            "write PT72H, P3D or P2WD");
    return std::nullopt;
  }
  return span;
}

std::optional<expression::Expression> compile_source(Builder& builder, std::string_view source,
                                                     const config::Place& place,
                                                     const expression::Scope& scope,
                                                     std::optional<expression::Type> expected) {
  return compile_checked(builder, source, place, scope, std::move(expected), false);
}

std::optional<expression::Expression> compile_attribute(Builder& builder, const Element& element,
                                                        std::string_view attribute,
                                                        const expression::Scope& scope,
                                                        std::optional<expression::Type> expected) {
  const auto* found = attribute_of(element, attribute);
  if (found == nullptr) return std::nullopt;
  const bool draws = is_named(element, "assign") && attribute == "expr";
  return compile_checked(builder, found->value, found->value_place, scope, std::move(expected),
                         draws);
}

std::optional<Due> compile_due(Builder& builder, const Element& element,
                               const expression::Scope& scope, int state) {
  int ways = 0;
  for (const char* way : {"after", "at", "before"})
    ways += attribute_of(element, way) != nullptr ? 1 : 0;
  if (ways == 0) return std::nullopt;
  if (ways > 1)
    builder.diagnostics.add(element.place, "after, at and before exclude each other",
                            "keep one of them");
  Due due;
  due.from_applied = value_of(element, "from") == "applied";
  due.round_second = value_of(element, "round") == "second";
  if (const auto* after = attribute_of(element, "after"); after != nullptr) {
    due.span = parse_span(after->value);
    // What looks like a span and is none is a slip, not an expression.
    if (!due.span && after->value.substr(0, 1) == "P") span_of(builder, element, "after");
    else if (!due.span)
      due.length = compile_attribute(builder, element, "after", scope, type_of(Kind::duration));
  } else if (attribute_of(element, "at") != nullptr) {
    due.at = compile_attribute(builder, element, "at", scope, type_of(Kind::instant));
  } else {
    read_before(builder, element, state, due);
  }
  return due;
}

int find_deadline(const Model& model, std::string_view name, int state) {
  for (int s = state; s >= 0; s = model.state(s).parent)
    for (const int index : model.state(s).deadlines)
      if (model.deadlines[static_cast<std::size_t>(index)].name == name) return index;
  for (std::size_t i = 0; i < model.deadlines.size(); ++i)
    if (model.deadlines[i].owner < 0 && model.deadlines[i].name == name) return static_cast<int>(i);
  return -1;
}

}  // namespace masar::process
