// The variables of a route's sections, in the order in which route.cpp and compiler.cpp declare
// them.
#include <algorithm>

#include "core/base/error.h"
#include "core/route/route.h"

namespace masar::route {

using expression::Value;

namespace {

void push_arguments(const expression::Columns& declared, const process::Arguments& given,
                    std::vector<Value>& out) {
  for (const auto& [name, type] : declared) {
    const auto found =
        std::find_if(given.begin(), given.end(), [&](const auto& a) { return a.first == name; });
    out.push_back(found == given.end() ? Value() : found->second);
  }
}

}  // namespace

void fill_message(const Origin& origin, std::vector<Value>& out) {
  for (const auto* text : {&origin.id, &origin.sender, &origin.type, &origin.endpoint})
    out.push_back(Value(*text));
  out.push_back(origin.received ? Value(*origin.received) : Value());
}

void fill_case(const process::Definition& process, const process::Case& value,
               std::vector<Value>& out) {
  process.values_of(value, out);
}

void fill_effect(const process::Definition& process, const process::Effect& effect,
                 const std::string& id, Instant at, std::vector<Value>& out) {
  fill_sent(id, effect.name, at, out);
  if (const auto* declared = process.effect(effect.name))
    push_arguments(declared->arguments, effect.arguments, out);
}

void fill_sent(const std::string& id, const std::string& name, Instant at,
               std::vector<Value>& out) {
  out.push_back(Value(id));
  out.push_back(Value(name));
  out.push_back(Value(at));
}

void fill_reply(const process::Definition& process, const process::Reply& reply,
                std::vector<Value>& out) {
  out.push_back(Value(reply.name));
  for (const auto& declared : process.replies()) {
    if (declared.name == reply.name)
      return push_arguments(declared.arguments, reply.arguments, out);
  }
}

std::optional<mapping::Mapping> compile_refusal(const config::Element& root, const Library& library,
                                                config::Diagnostics& diagnostics) {
  expression::Scope scope = message_scope(library);
  const expression::Type text{expression::Kind::text, {}, {}};
  for (const char* name : {"refusal.code", "refusal.text", "refusal.state", "refusal.key"})
    scope.add(name, text);
  return mapping::Mapping::compile(root, scope, library.prefixes, diagnostics);
}

void fill_refusal(const Origin& origin, const Refusal& refusal, std::vector<Value>& out) {
  fill_message(origin, out);
  for (const auto* text : {&refusal.code, &refusal.text, &refusal.state, &refusal.key}) {
    out.push_back(text->empty() ? Value() : Value(*text));
  }
}

process::Event to_event(const process::EventDeclaration& declaration, pugi::xml_node root,
                        Extra extra) {
  process::Event event;
  event.name = declaration.name;
  event.fields.resize(declaration.fields.size());
  for (pugi::xml_node child : root.children()) {
    if (child.type() != pugi::node_element) continue;
    const std::string_view name = child.name();
    std::size_t at = 0;
    while (at < declaration.fields.size() && declaration.fields[at].first != name) ++at;
    if (at == declaration.fields.size()) {
      if (extra == Extra::drop) continue;
      throw Error(ErrorKind::rejected, "bad-event",
                  "event " + declaration.name + " has no field " + std::string(name));
    }
    event.fields[at] = expression::from_xml(child, declaration.fields[at].second);
  }
  return event;
}

}  // namespace masar::route
