#include "core/message/xsd_names.h"

#include <map>
#include <string_view>

#include "core/message/xml_names.h"
#include "core/message/xml_namespaces.h"
#include "core/message/xsd_files.h"

namespace masar {
namespace {

using Names = std::set<std::string, std::less<>>;

}  // namespace

/// Gathers the names that the files of a schema declare.
class XsdNames::Collector {
 public:
  explicit Collector(XsdNames& into) : into_(into) {}

  void add(const XsdGate::Source& source) {
    const pugi::xml_document file = parse_schema(source);
    path_ = source.path;
    target_ = file.document_element().attribute("targetNamespace").value();
    visit(file.document_element());
  }

 private:
  void visit(pugi::xml_node node) {
    for (const auto& child : node.children()) {
      const auto local = local_part(child.name());
      const bool any = local == "any" || local == "anyAttribute";
      if (any && into_.wildcard_.empty()) into_.wildcard_ = path_ + " has <" + child.name() + ">";
      if (local == "annotation") continue;
      if (local == "element") add(into_.elements_, child);
      if (local == "attribute") add(into_.attributes_, child);
      visit(child);
    }
  }

  // Whether a local name is qualified does not matter here: the gate knows.
  void add(Names& names, pugi::xml_node declaration) {
    const std::string name = declaration.attribute("name").value();
    if (name.empty()) return;  // a reference: declared elsewhere
    names.insert("{}" + name);
    names.insert('{' + target_ + '}' + name);
  }

  XsdNames& into_;
  std::string path_, target_;
};

namespace {

/// Takes out of a tree what is not known.
class Pruner {
 public:
  Pruner(const Names& elements, const Names& attributes, pugi::xml_node root)
      : elements_(elements), attributes_(attributes) {
    for (const auto& attribute : root.attributes()) {
      const std::string_view name = attribute.name();
      if (name.starts_with("xmlns:")) uris_[name.substr(6)] = attribute.value();
    }
  }

  bool knows_all(pugi::xml_node element) const {
    for (const auto& attribute : element.attributes())
      if (!knows(attribute)) return false;
    for (const auto& child : element.children())
      if (child.type() == pugi::node_element && !(knows(child) && knows_all(child))) return false;
    return true;
  }

  void prune(pugi::xml_node element) const {
    for (auto attribute = element.first_attribute(); attribute;) {
      const auto next = attribute.next_attribute();
      if (!knows(attribute)) element.remove_attribute(attribute);
      attribute = next;
    }
    for (auto child = element.first_child(); child;) {
      const auto next = child.next_sibling();
      if (child.type() == pugi::node_element) {
        if (knows(child)) {
          prune(child);
        } else {
          element.remove_child(child);
        }
      }
      child = next;
    }
  }

 private:
  bool knows(pugi::xml_node element) const { return elements_.contains(full(element.name())); }
  bool knows(pugi::xml_attribute attribute) const {
    const std::string_view name = attribute.name();
    if (name == "xmlns" || name.starts_with("xmlns:")) return true;
    const std::string expanded = full(name);
    return expanded.starts_with('{' + std::string(kInstanceUri) + '}') ||
           attributes_.contains(expanded);
  }

  std::string full(std::string_view name) const {
    std::string expanded = "{";
    const auto uri = uris_.find(prefix_part(name));
    if (uri != uris_.end()) expanded += uri->second;
    expanded += '}';
    return expanded += local_part(name);
  }

  const Names& elements_;
  const Names& attributes_;
  std::map<std::string_view, std::string_view> uris_;
};

}  // namespace

XsdNames::XsdNames(const std::vector<XsdGate::Source>& sources, const std::string& root_path) {
  std::vector<const XsdGate::Source*> reached;
  add_reached_schemas(sources, root_path, reached);
  Collector collector(*this);
  for (const auto* source : reached) collector.add(*source);
}

Document XsdNames::known_of(const Document& document) const {
  const auto root = document->document_element();
  if (Pruner(elements_, attributes_, root).knows_all(root)) return document;
  auto pruned = std::make_shared<pugi::xml_document>();
  pruned->reset(*document);
  const auto copy = pruned->document_element();
  Pruner(elements_, attributes_, copy).prune(copy);
  return pruned;
}

}  // namespace masar
