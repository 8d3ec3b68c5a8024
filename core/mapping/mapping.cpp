#include "core/mapping/mapping.h"

#include <cstring>
#include <set>

#include "core/base/error.h"
#include "core/mapping/program.h"
#include "core/message/xml_names.h"

namespace masar::mapping {

using expression::Frame;
using expression::Kind;
using expression::Value;

bool Sequence::build(Run& run, pugi::xml_node parent) const {
  for (const PartPtr& part : parts) {
    if (!part->build(run, parent)) return false;
  }
  return true;
}

// ── text and elements ────────────────────────────────────────────────────────────────────────────

bool Text::build(Run& run, pugi::xml_node parent) const {
  std::string_view value;
  if (text.is_constant()) {
    if (!text.parts_.empty()) value = text.parts_.front();
  } else if (text.expressions_.size() == 1 && text.parts_.front().empty() &&
             text.parts_.back().empty()) {
    const auto found = text.expressions_.front().evaluate_text(run.frame, run.storage);
    if (!found) {
      if (optional) return false;
      text.evaluate(run.frame);  // throws what it lacks, with its place
    }
    value = found.value_or(std::string_view());
  } else if (optional) {
    run.text.clear();
    if (!text.append_optional(run.frame, run.text)) return false;
    value = run.text;
  } else {
    run.text = text.evaluate(run.frame);
    value = run.text;
  }
  if (!value.empty()) parent.append_child(pugi::node_pcdata).set_value(value.data(), value.size());
  return true;
}

bool Literal::build(Run& run, pugi::xml_node parent) const {
  pugi::xml_node element = parent.append_child(name.c_str());
  if (run.depth == 0) {
    for (const auto& [prefix, uri] : run.program.declarations) {
      element.append_attribute(prefix.c_str()).set_value(uri.c_str(), uri.size());
    }
  }
  for (const auto& [attribute, value] : attributes) {
    const std::string text =
        value.evaluate(run.frame);  // unset fails, also where the element is optional
    element.append_attribute(attribute.c_str()).set_value(text.data(), text.size());
  }
  ++run.depth;
  const bool complete = content.build(run, element);
  --run.depth;
  if (!complete || (optional && !only_texts && !element.first_child()))
    parent.remove_child(element);
  return true;
}

// ── the template's own elements ──────────────────────────────────────────────────────────────────

bool Choose::build(Run& run, pugi::xml_node parent) const {
  for (const auto& [test, content] : when) {
    if (test.evaluate_boolean(run.frame)) return content.build(run, parent);
  }
  return otherwise.build(run, parent);
}

bool ForEach::build(Run& run, pugi::xml_node parent) const {
  bool complete = true;
  const auto once = [&](Value item) {
    if (binds) run.bound[slot] = std::move(item);
    complete = complete && content.build(run, parent);
  };
  if (select.type().kind == Kind::nodes) {
    const pugi::xml_node outer = run.frame.context;
    const Frame frame = run.frame;
    select.for_each_node(frame, [&](pugi::xml_node node) {
      run.frame.context = node;
      once(binds ? Value(expression::Nodes{node}) : Value());
    });
    run.frame.context = outer;
    return complete;
  }
  const Value value = select.evaluate(run.frame);
  if (select.type().kind == Kind::list) {
    for (const Value& item : *value.as<std::shared_ptr<const expression::List>>()) once(item);
  } else {
    const auto& table = value.as<std::shared_ptr<const expression::Table>>();
    for (const auto& row : table->rows)
      once(Value(std::shared_ptr<const expression::Row>(table, &row)));
  }
  return complete;
}

bool Variable::build(Run& run, pugi::xml_node) const {
  run.bound[slot] = select.evaluate_optional(run.frame);
  return true;
}

namespace {

/// Prefixes that a subtree uses, in names and in xsi:type values.
void gather_prefixes(pugi::xml_node node, std::set<std::string, std::less<>>& prefixes) {
  prefixes.emplace(prefix_part(node.name()));
  for (const pugi::xml_attribute attribute : node.attributes()) {
    prefixes.emplace(prefix_part(attribute.name()));
    if (std::strcmp(attribute.name(), "xsi:type") == 0)
      prefixes.emplace(prefix_part(attribute.value()));
  }
  for (const pugi::xml_node child : node.children()) {
    if (child.type() == pugi::node_element) gather_prefixes(child, prefixes);
  }
}

/// Declares at the root of the output what a copied subtree uses and its own document declared.
void declare(pugi::xml_node source, pugi::xml_node root) {
  std::set<std::string, std::less<>> prefixes;
  gather_prefixes(source, prefixes);
  for (const std::string& prefix : prefixes) {
    if (prefix.empty() || prefix == "xml" || prefix == "xmlns") continue;
    const std::string name = "xmlns:" + prefix;
    if (root.attribute(name.c_str())) continue;
    for (pugi::xml_node node = source; node; node = node.parent()) {
      const pugi::xml_attribute declaration = node.attribute(name.c_str());
      if (!declaration) continue;
      root.append_attribute(name.c_str()).set_value(declaration.value());
      break;
    }
  }
}

}  // namespace

bool CopyOf::build(Run& run, pugi::xml_node parent) const {
  select.for_each_node(run.frame, [&](pugi::xml_node node) {
    pugi::xml_node source = node.type() == pugi::node_document ? node.first_child() : node;
    while (source && source.type() != pugi::node_element) source = source.next_sibling();
    if (!source) return;
    parent.append_copy(source);
    declare(source, run.out.document_element());
  });
  return true;
}

// ── Mapping ──────────────────────────────────────────────────────────────────────────────────────

const std::string& Mapping::id() const noexcept { return program_->id; }

std::vector<std::pair<std::string, config::Place>> Mapping::top_level_names() const {
  return program_->top_level;
}

Document Mapping::apply(const Frame& frame) const {
  if (frame.variables.size() < program_->variables) {
    throw Error(ErrorKind::internal, "no-such-slot",
                "mapping " + program_->id + " was handed too few variables");
  }
  // A document is shared by the steps behind, without a copy.
  auto document = std::make_shared<pugi::xml_document>();
  Run run{*program_, frame, std::vector<Value>(program_->bound), *document, 0, {}, {}};
  run.frame.variables = frame.variables.first(program_->variables);
  run.frame.more = run.bound;
  program_->output.build(run, *document);
  const pugi::xml_node root = document->first_child();
  if (root.type() != pugi::node_element || root.next_sibling()) {
    throw Error(ErrorKind::rejected, "mapping-output",
                program_->place.file + ":" + std::to_string(program_->place.line) + ":" +
                    std::to_string(program_->place.column) +
                    ": the output has not exactly one root element");
  }
  return document;
}

}  // namespace masar::mapping
