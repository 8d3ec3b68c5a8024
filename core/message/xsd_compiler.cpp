// Reads what XsdQuick can know of a schema from its source. libxml2 has compiled it before, so that
// it is a schema; what this does not recognise to the last attribute stays unknown.
#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <string_view>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "core/message/xml_namespaces.h"
#include "core/message/xsd_grammar.h"

namespace masar {
namespace {

struct DocCloser {
  void operator()(xmlDoc* doc) const { xmlFreeDoc(doc); }
};
using DocPtr = std::unique_ptr<xmlDoc, DocCloser>;

std::string text_of(const xmlChar* text) {
  return text != nullptr ? reinterpret_cast<const char*>(text) : "";
}
std::string_view name_of(const xmlNode* node) { return reinterpret_cast<const char*>(node->name); }
bool is_schema_element(const xmlNode* node) {
  return node->type == XML_ELEMENT_NODE && node->ns != nullptr &&
         text_of(node->ns->href) == kSchemaUri;
}
std::optional<std::string> attribute(xmlNode* node, const char* name) {
  xmlChar* value = xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>(name));
  if (value == nullptr) return std::nullopt;
  std::string text = text_of(value);
  xmlFree(value);
  return text;
}
/// Whether it has no other attributes than these.
bool has_only(const xmlNode* node, std::initializer_list<std::string_view> names) {
  for (const xmlAttr* each = node->properties; each != nullptr; each = each->next) {
    const auto* name = reinterpret_cast<const char*>(each->name);
    if (each->ns != nullptr || std::find(names.begin(), names.end(), name) == names.end()) {
      return false;
    }
  }
  return true;
}
/// The elements in it, annotations left out.
std::vector<xmlNode*> parts_of(xmlNode* node) {
  std::vector<xmlNode*> parts;
  for (xmlNode* child = node->children; child != nullptr; child = child->next) {
    if (child->type != XML_ELEMENT_NODE) continue;
    if (is_schema_element(child) && name_of(child) == "annotation") continue;
    parts.push_back(child);
  }
  return parts;
}

std::optional<std::size_t> count_of(const std::string& text) {
  if (text == "unbounded") return std::numeric_limits<std::size_t>::max();
  if (text.empty() || text.size() > 6) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  return std::stoul(text);
}

}  // namespace

std::string full_schema_path(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

class XsdQuickCompiler {
 public:
  using Grammar = XsdQuick::Grammar;

  explicit XsdQuickCompiler(const std::vector<XsdGate::Source>& sources) {
    for (const auto& source : sources) sources_[full_schema_path(source.path)] = &source;
  }

  std::unique_ptr<XsdQuick> compile(const std::string& root_path) {
    if (!load(full_schema_path(root_path), nullptr)) return nullptr;
    for (const auto& [name, node] : elements_) grammar_->roots.push_back(global_element(name));
    return std::unique_ptr<XsdQuick>(new XsdQuick(std::move(grammar_)));
  }

 private:
  using Globals = std::map<std::string, xmlNode*>;  // by `{uri}name`

  bool load(const std::string& path, const std::string* uri_of_includer) {
    const auto source = sources_.find(path);
    if (source == sources_.end()) return false;
    if (documents_.contains(path)) return true;
    const std::string& text = source->second->contents;
    DocPtr& document = documents_[path];
    document.reset(xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, nullptr,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
    xmlNode* schema = document ? xmlDocGetRootElement(document.get()) : nullptr;
    if (schema == nullptr || !is_schema_element(schema)) return false;
    const std::string uri = target(schema);
    // A schema without a namespace that is included takes its includer's: left to libxml2.
    if (uri_of_includer != nullptr && *uri_of_includer != uri) return false;
    for (xmlNode* part : parts_of(schema)) {
      if (!is_schema_element(part) || !add(part, path, uri)) return false;
    }
    return true;
  }

  bool add(xmlNode* part, const std::string& path, const std::string& uri) {
    const std::string_view kind = name_of(part);
    if (kind == "import" || kind == "include") {
      const auto location = attribute(part, "schemaLocation");
      if (!location) return false;
      const auto folder = std::filesystem::path(path).parent_path();
      return load(full_schema_path((folder / *location).string()),
                  kind == "include" ? &uri : nullptr);
    }
    const std::string name = '{' + uri + '}' + attribute(part, "name").value_or("");
    if (kind == "element")
      elements_[name] = part;
    else if (kind == "simpleType" || kind == "complexType")
      types_[name] = part;
    else if (kind == "group")
      groups_[name] = part;
    else
      return kind == "attribute" || kind == "attributeGroup";
    return true;
  }

  static std::string target(xmlNode* node) {
    return attribute(xmlDocGetRootElement(node->doc), "targetNamespace").value_or("");
  }

  /// A QName in a schema as `{uri}name`.
  static std::string resolved(xmlNode* node, const std::string& name) {
    const std::size_t colon = name.find(':');
    const std::string prefix = colon == std::string::npos ? "" : name.substr(0, colon);
    const xmlNs* ns =
        xmlSearchNs(node->doc, node,
                    prefix.empty() ? nullptr : reinterpret_cast<const xmlChar*>(prefix.c_str()));
    const std::string uri = ns != nullptr ? text_of(ns->href) : "";
    return '{' + uri + '}' + name.substr(colon == std::string::npos ? 0 : colon + 1);
  }

  // ---- elements and what they contain

  const Grammar::Element* global_element(const std::string& name) {
    const auto declared = elements_.find(name);
    if (declared == elements_.end()) return nullptr;
    auto [known, fresh] = known_elements_.try_emplace(name, nullptr);
    if (!fresh) return known->second;
    Grammar::Element* const element = new_element(declared->second, true);
    known_elements_[name] = element;
    element->type = type_of_element(declared->second, {"name", "type"});
    return element;
  }

  Grammar::Element* new_element(xmlNode* node, bool in_namespace) {
    auto element = std::make_unique<Grammar::Element>();
    element->uri = grammar_->uri_of(in_namespace ? target(node) : "");
    element->local = attribute(node, "name").value_or("");
    return grammar_->elements.emplace_back(std::move(element)).get();
  }

  const Grammar::Type* type_of_element(xmlNode* node,
                                       std::initializer_list<std::string_view> attributes) {
    if (!has_only(node, attributes)) return nullptr;
    const auto parts = parts_of(node);
    if (const auto name = attribute(node, "type")) {
      return parts.empty() ? named_type(resolved(node, *name)) : nullptr;
    }
    return parts.size() == 1 ? new_type(parts[0]) : nullptr;
  }

  const Grammar::Type* named_type(const std::string& name) {
    const auto declared = types_.find(name);
    if (declared == types_.end()) {
      return new_type(nullptr, simple_type(name));
    }
    auto [known, fresh] = known_types_.try_emplace(name, nullptr);
    if (!fresh) return known->second;
    grammar_->types.push_back(std::make_unique<Grammar::Type>());
    Grammar::Type* const type = grammar_->types.back().get();
    known->second = type;
    fill(*type, declared->second);
    return type;
  }
  const Grammar::Type* new_type(xmlNode* node, std::optional<XsdValue> value = {}) {
    grammar_->types.push_back(std::make_unique<Grammar::Type>());
    Grammar::Type* const type = grammar_->types.back().get();
    type->known = value.has_value();
    type->value = std::move(value);
    if (node != nullptr) fill(*type, node);
    return type;
  }

  void fill(Grammar::Type& type, xmlNode* node) {
    if (!is_schema_element(node)) return;
    if (name_of(node) == "simpleType") {
      type.value = simple_type(node);
      type.known = type.value.has_value();
    } else if (name_of(node) == "complexType" && has_only(node, {"name"})) {
      const auto parts = parts_of(node);
      type.known = parts.empty() || (parts.size() == 1 && fill(type.content, parts[0]));
    }
  }

  bool fill(Grammar::Particle& particle, xmlNode* node) {
    if (!is_schema_element(node)) return false;
    const auto least = count_of(attribute(node, "minOccurs").value_or("1"));
    const auto most = count_of(attribute(node, "maxOccurs").value_or("1"));
    if (!least || !most) return false;
    particle.least = *least;
    particle.most = *most;
    const std::string_view kind = name_of(node);
    if (kind == "element") return fill_element(particle, node);
    if (kind == "group") return fill_group(particle, node);
    if (kind != "sequence" && kind != "choice") return false;
    if (!has_only(node, {"minOccurs", "maxOccurs"})) return false;
    particle.kind =
        kind == "choice" ? Grammar::Particle::Kind::choice : Grammar::Particle::Kind::sequence;
    const auto parts = parts_of(node);
    return std::all_of(parts.begin(), parts.end(),
                       [&](xmlNode* part) { return fill(particle.parts.emplace_back(), part); });
  }

  bool fill_element(Grammar::Particle& particle, xmlNode* node) {
    particle.kind = Grammar::Particle::Kind::element;
    if (const auto ref = attribute(node, "ref")) {
      if (!has_only(node, {"ref", "minOccurs", "maxOccurs"})) return false;
      particle.element = global_element(resolved(node, *ref));
      return particle.element != nullptr;
    }
    xmlNode* const schema = xmlDocGetRootElement(node->doc);
    const bool qualified = attribute(schema, "elementFormDefault") == "qualified";
    Grammar::Element* const element = new_element(node, qualified);
    element->type = type_of_element(node, {"name", "type", "minOccurs", "maxOccurs"});
    particle.element = element;
    return true;
  }

  bool fill_group(Grammar::Particle& particle, xmlNode* node) {
    const auto ref = attribute(node, "ref");
    if (!ref || !has_only(node, {"ref", "minOccurs", "maxOccurs"})) return false;
    const auto group = groups_.find(resolved(node, *ref));
    if (group == groups_.end()) return false;
    const auto parts = parts_of(group->second);
    particle.kind = Grammar::Particle::Kind::sequence;
    return parts.size() == 1 && fill(particle.parts.emplace_back(), parts[0]);
  }

  // ---- simple types

  std::optional<XsdValue> simple_type(const std::string& name) {
    const std::string built_in = '{' + std::string(kSchemaUri) + '}';
    if (name.starts_with(built_in)) return XsdValue::built_in(name.substr(built_in.size()));
    const auto declared = types_.find(name);
    if (declared == types_.end() || name_of(declared->second) != "simpleType") return {};
    return simple_type(declared->second);
  }

  std::optional<XsdValue> simple_type(xmlNode* node) {
    const auto parts = parts_of(node);
    if (!has_only(node, {"name"}) || parts.size() != 1 || !is_schema_element(parts[0])) return {};
    if (name_of(parts[0]) == "union") return union_of(parts[0]);
    if (name_of(parts[0]) == "restriction") return restriction(parts[0]);
    return {};
  }

  std::optional<XsdValue> union_of(xmlNode* node) {
    const auto names = attribute(node, "memberTypes");
    if (!names || !has_only(node, {"memberTypes"}) || !parts_of(node).empty()) return {};
    XsdValue all;
    for (std::size_t from = 0; from < names->size();) {
      const std::size_t to = std::min(names->find(' ', from), names->size());
      if (to > from) {
        auto member = simple_type(resolved(node, names->substr(from, to - from)));
        if (!member) return {};
        all.members.push_back(std::move(*member));
      }
      from = to + 1;
    }
    if (all.members.empty()) return {};
    return all;
  }

  std::optional<XsdValue> restriction(xmlNode* node) {
    const auto base = attribute(node, "base");
    if (!base || !has_only(node, {"base"})) return {};
    auto type = simple_type(resolved(node, *base));
    if (!type || !type->members.empty()) return {};
    std::vector<XsdPattern> patterns;
    std::vector<std::string> enumeration;
    for (xmlNode* facet : parts_of(node)) {
      const auto value = attribute(facet, "value");
      if (!is_schema_element(facet) || !value || !has_only(facet, {"value"})) return {};
      const std::string_view kind = name_of(facet);
      if (kind == "pattern") {
        auto pattern = XsdPattern::compile(*value);
        if (!pattern) return {};
        patterns.push_back(std::move(*pattern));
      } else if (kind == "enumeration" && type->base == XsdValue::Base::text) {
        enumeration.push_back(*value);
      } else if (!type->narrow(kind, *value)) {
        return {};
      }
    }
    if (!patterns.empty()) type->patterns.push_back(std::move(patterns));
    if (!enumeration.empty()) type->enumerations.push_back(std::move(enumeration));
    return type;
  }

  std::map<std::string, const XsdGate::Source*> sources_;  // by full path
  std::map<std::string, DocPtr> documents_;                // by full path
  Globals elements_;
  Globals types_;
  Globals groups_;
  std::map<std::string, const Grammar::Element*> known_elements_;
  std::map<std::string, const Grammar::Type*> known_types_;
  std::unique_ptr<Grammar> grammar_ = std::make_unique<Grammar>();
};

std::unique_ptr<XsdQuick> XsdQuick::compile(const std::vector<XsdGate::Source>& sources,
                                            const std::string& root_path) {
  return XsdQuickCompiler(sources).compile(root_path);
}

}  // namespace masar
