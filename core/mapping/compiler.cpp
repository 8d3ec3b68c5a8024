#include "core/mapping/compiler.h"

#include <algorithm>

#include "core/message/xml_namespaces.h"

namespace masar::mapping {

using config::Element;
using expression::Kind;
using expression::Scope;
using expression::Type;

namespace {

constexpr std::string_view kUri = "urn:masar:mapping";
constexpr std::string_view kSpace = " \t\r\n";
const std::vector<std::string> kOwn = {"for-each",  "if",       "choose",  "when",
                                       "otherwise", "variable", "copy-of", "element"};

bool is_own(const Element& element) {
  return !element.is_text() && element.name.uri.empty() &&
         std::find(kOwn.begin(), kOwn.end(), element.name.local) != kOwn.end();
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(kSpace) == std::string_view::npos;
}

/// White space at an end of a text is layout where it holds a line end.
void drop_layout(std::string& first, std::string& last) {
  const auto start = std::min(first.find_first_not_of(kSpace), first.size());
  if (first.find('\n') < start) first.erase(0, start);
  const auto end = last.find_last_not_of(kSpace);
  const auto tail = end == std::string::npos ? 0 : end + 1;
  if (last.find('\n', tail) != std::string::npos) last.erase(tail);
}

bool is_element_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

}  // namespace

Compiler::Compiler(const Scope& scope, const Prefixes& prefixes, config::Diagnostics& diagnostics)
    : scope_(scope),
      prefixes_(&prefixes),
      diagnostics_(&diagnostics),
      program_(std::make_shared<Mapping::Program>()) {
  scope_.prefixes.clear();
  for (const auto& [uri, prefix] : prefixes) scope_.prefixes.push_back(prefix);
}

std::shared_ptr<const Mapping::Program> Compiler::run(const Element& root) {
  program_->id = std::string(root.value("id"));
  program_->place = root.place;
  program_->variables = scope_.size();
  if (root.name.local != "mapping" || !root.name.uri.empty()) {
    diagnostics_->add(root.place, "a mapping file starts with " + root.name.local,
                      "write <mapping id=\"…\">");
    return program_;
  }
  if (program_->id.empty())
    diagnostics_->add(root.place, "a mapping without an id", "give it an id=\"…\"");
  only_attributes(root, {"id"});
  check_prefixes(root);
  const Element* output = nullptr;
  for (const Element* child : root.elements()) {
    if (child->name.local != "output" || !child->name.uri.empty() || output) {
      diagnostics_->add(child->place, "a mapping holds one output, found " + child->name.local,
                        "write <output>…</output>");
    } else {
      output = child;
    }
  }
  if (!output) {
    diagnostics_->add(root.place, "a mapping without output", "write <output>…</output>");
    return program_;
  }
  program_->output = content(*output, scope_, false);
  note_top_level(*output);
  for (const std::string& uri : used_) {
    program_->declarations.emplace_back(
        "xmlns:" + (uri == kInstanceUri ? "xsi" : prefixes_->find(uri)->second), uri);
  }
  return program_;
}

/// The file's prefixes are the configuration's: an expression knows only those.
void Compiler::check_prefixes(const Element& root) {
  for (const auto& [prefix, uri] : root.namespaces) {
    const auto known = prefixes_->find(uri);
    if (uri == kUri || known == prefixes_->end() || known->second == prefix) continue;
    diagnostics_->add(root.place,
                      "prefix " + prefix + " is " + known->second + " in the configuration",
                      "declare xmlns:" + known->second + "=\"" + uri + "\"");
  }
}

void Compiler::note_top_level(const Element& output) {
  for (const Element* root : output.elements()) {
    if (is_own(*root)) continue;
    for (const Element* child : root->elements()) {
      if (!is_own(*child)) {
        program_->top_level.emplace_back(child->name.local, child->place);
        continue;
      }
      if (child->name.local == "element")
        program_->top_level.emplace_back(child->value("name"), child->place);
      for (const Element* below : child->elements()) {
        if (!is_own(*below)) program_->top_level.emplace_back(below->name.local, below->place);
      }
    }
  }
}

Sequence Compiler::content(const Element& element, Scope scope, bool optional) {
  Sequence sequence;
  for (const Element& child : element.children) add(child, scope, optional, sequence);
  return sequence;
}

void Compiler::add(const Element& child, Scope& scope, bool optional, Sequence& out) {
  if (child.is_text()) return add_text(child, scope, optional, out);
  if (child.name.uri == kUri) {
    diagnostics_->add(
        child.place, "only the attribute optional is in " + std::string(kUri),
        "the template's own elements are in no namespace: <" + child.name.local + ">");
    return;
  }
  if (!is_own(child)) return add_literal(child, qualified(child.name, child.place), scope, out);
  const std::string& name = child.name.local;
  if (name == "if") return add_if(child, scope, optional, out);
  if (name == "choose") return add_choose(child, scope, optional, out);
  if (name == "for-each") return add_for_each(child, scope, optional, out);
  if (name == "variable") return add_variable(child, scope, out);
  if (name == "copy-of") return add_copy_of(child, scope, out);
  if (name == "element") return add_named_literal(child, scope, out);
  diagnostics_->add(
      child.place, name + " stands outside choose",
      "put it into <choose>, or write <element name=\"" + name + "\"> for an element of that name");
}

void Compiler::add_text(const Element& text, const Scope& scope, bool optional, Sequence& out) {
  if (is_blank(text.text)) return;
  auto compiled = expression::compile_text(text.text, text.place, scope, *diagnostics_);
  if (!compiled) return;
  drop_layout(compiled->parts_.front(), compiled->parts_.back());
  out.parts.push_back(std::make_unique<Text>(std::move(*compiled), optional));
}

void Compiler::add_literal(const Element& element, const std::string& name, const Scope& scope,
                           Sequence& out) {
  auto literal = std::make_unique<Literal>();
  literal->name = name;
  const bool named = is_own(element);  // <element name="…">
  for (const config::Attribute& attribute : element.attributes) {
    if (attribute.name.uri == kUri) {
      if (attribute.name.local != "optional" ||
          (attribute.value != "true" && attribute.value != "false")) {
        diagnostics_->add(attribute.place,
                          "unknown attribute " + attribute.name.local + " of " + std::string(kUri),
                          "write optional=\"true\" with its prefix");
      }
      literal->optional = attribute.value == "true";
      continue;
    }
    if (named && attribute.name.uri.empty() && attribute.name.local == "name") continue;
    auto value =
        expression::compile_text(attribute.value, attribute.value_place, scope, *diagnostics_);
    if (value)
      literal->attributes.emplace_back(qualified(attribute.name, attribute.place),
                                       std::move(*value));
  }
  literal->content = content(element, scope, literal->optional);
  literal->only_texts = element.elements().empty();
  out.parts.push_back(std::move(literal));
}

void Compiler::add_named_literal(const Element& element, const Scope& scope, Sequence& out) {
  const std::string name(element.value("name"));
  if (!is_element_name(name)) {
    diagnostics_->add(element.place, "element lacks a name",
                      "write <element name=\"if\">, a name without prefix");
    return;
  }
  add_literal(element, name, scope, out);
}

void Compiler::add_if(const Element& element, const Scope& scope, bool optional, Sequence& out) {
  only_attributes(element, {"test"});
  auto test = expression_in(element, "test", scope, Type{Kind::boolean, Kind::text, nullptr});
  auto choose = std::make_unique<Choose>();
  Sequence inside = content(element, scope, optional);
  if (!test) return;
  choose->when.emplace_back(std::move(*test), std::move(inside));
  out.parts.push_back(std::move(choose));
}

void Compiler::add_choose(const Element& element, const Scope& scope, bool optional,
                          Sequence& out) {
  only_attributes(element, {});
  auto choose = std::make_unique<Choose>();
  bool last = false;
  for (const Element& child : element.children) {
    if (child.is_text() && is_blank(child.text)) continue;
    const std::string& name = child.name.local;
    if (child.is_text() || !child.name.uri.empty() || last ||
        (name != "when" && name != "otherwise")) {
      diagnostics_->add(child.place, "choose holds when, when … and then at most one otherwise",
                        "put it into <when test=\"…\"> or <otherwise>");
      continue;
    }
    last = name == "otherwise";
    only_attributes(child, last ? std::initializer_list<std::string_view>{}
                                : std::initializer_list<std::string_view>{"test"});
    Sequence inside = content(child, scope, optional);
    if (last) {
      choose->otherwise = std::move(inside);
    } else if (auto test =
                   expression_in(child, "test", scope, Type{Kind::boolean, Kind::text, nullptr})) {
      choose->when.emplace_back(std::move(*test), std::move(inside));
    }
  }
  out.parts.push_back(std::move(choose));
}

void Compiler::add_for_each(const Element& element, const Scope& scope, bool optional,
                            Sequence& out) {
  only_attributes(element, {"select", "as"});
  auto select = expression_in(element, "select", scope, std::nullopt);
  if (!select) return;
  const Type type = select->type();
  Type item{Kind::nodes, Kind::text, nullptr};
  if (type.kind == Kind::list) {
    item.kind = type.item;
  } else if (type.kind == Kind::table) {
    item = Type{Kind::row, Kind::text, type.columns};
  } else if (type.kind != Kind::nodes) {
    diagnostics_->add(select->place(),
                      "for-each goes through nodes, a list or a table, found " + type_name(type),
                      type.kind == Kind::text ? "write split(…, ' ')" : "");
    return;
  }
  auto part = std::make_unique<ForEach>(std::move(*select));
  Scope inner = scope;
  if (const config::Attribute* as = element.attribute("as")) {
    const auto slot = bind(as->value, item, as->value_place, inner);
    if (!slot) return;
    part->binds = true;
    part->slot = *slot;
  } else if (type.kind != Kind::nodes) {
    diagnostics_->add(element.place,
                      "for-each over a " + std::string(type.kind == Kind::list ? "list" : "table") +
                          " lacks a name for its items",
                      "write as=\"name\" and read $name");
    return;
  }
  part->content = content(element, inner, optional);
  out.parts.push_back(std::move(part));
}

void Compiler::add_variable(const Element& element, Scope& scope, Sequence& out) {
  only_attributes(element, {"name", "select"});
  if (!element.elements().empty() || !is_blank(element.all_text())) {
    diagnostics_->add(element.place, "a variable has no content",
                      "write <variable name=\"…\" select=\"…\"/>");
  }
  auto select = expression_in(element, "select", scope, std::nullopt);
  if (!select) return;
  const config::Attribute* name = element.attribute("name");
  const auto slot = bind(name ? name->value : "", select->type(),
                         name ? name->value_place : element.place, scope);
  if (slot) out.parts.push_back(std::make_unique<Variable>(std::move(*select), *slot));
}

void Compiler::add_copy_of(const Element& element, const Scope& scope, Sequence& out) {
  only_attributes(element, {"select"});
  auto select = expression_in(element, "select", scope, Type{Kind::nodes, Kind::text, nullptr});
  if (select) out.parts.push_back(std::make_unique<CopyOf>(std::move(*select)));
}

std::string Compiler::qualified(const config::Name& name, const config::Place& place) {
  if (name.uri.empty()) return name.local;
  if (name.uri == kXmlUri) return "xml:" + name.local;
  if (name.uri == kInstanceUri) {
    used_.insert(name.uri);
    return "xsi:" + name.local;
  }
  const auto known = prefixes_->find(name.uri);
  if (known == prefixes_->end()) {
    std::vector<std::string> uris;
    for (const auto& [uri, prefix] : *prefixes_) uris.push_back(uri);
    diagnostics_->add(place, "the configuration knows no namespace " + name.uri,
                      config::suggest(name.uri, uris));
    return name.local;
  }
  used_.insert(name.uri);
  return known->second + ":" + name.local;
}

std::optional<expression::Expression> Compiler::expression_in(const Element& element,
                                                              std::string_view attribute,
                                                              const Scope& scope,
                                                              std::optional<Type> expected) {
  const config::Attribute* found = element.attribute(attribute);
  if (!found) {
    diagnostics_->add(element.place, element.name.local + " lacks " + std::string(attribute),
                      "write " + std::string(attribute) + "=\"…\"");
    return std::nullopt;
  }
  return expression::compile(found->value, found->value_place, scope, std::move(expected),
                             *diagnostics_);
}

std::optional<std::size_t> Compiler::bind(const std::string& name, const Type& type,
                                          const config::Place& place, Scope& scope) {
  if (!is_element_name(name) || name.find('.') != std::string::npos) {
    diagnostics_->add(place, "a name to bind is missing",
                      "write letters, digits, - and _, such as party");
    return std::nullopt;
  }
  if (scope.find(name)) {
    diagnostics_->add(place, "$" + name + " has a value already", "choose another name");
    return std::nullopt;
  }
  const std::size_t slot = scope.add(name, type) - program_->variables;
  program_->bound = std::max(program_->bound, slot + 1);
  return slot;
}

void Compiler::only_attributes(const Element& element,
                               std::initializer_list<std::string_view> known) {
  for (const config::Attribute& attribute : element.attributes) {
    if (attribute.name.uri.empty() &&
        std::find(known.begin(), known.end(), attribute.name.local) != known.end())
      continue;
    diagnostics_->add(attribute.place,
                      element.name.local + " has no attribute " + attribute.name.local,
                      config::suggest(attribute.name.local,
                                      std::vector<std::string>(known.begin(), known.end())));
  }
}

std::optional<Mapping> Mapping::compile(const Element& root, const Scope& scope,
                                        const Prefixes& prefixes,
                                        config::Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.findings().size();
  auto program = Compiler(scope, prefixes, diagnostics).run(root);
  if (diagnostics.findings().size() != before) return std::nullopt;
  return Mapping(std::move(program));
}

}  // namespace masar::mapping
