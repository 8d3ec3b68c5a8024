#include "connectors/soap/description.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include <pugixml.hpp>

#include "connectors/http/server.h"
#include "connectors/soap/envelope.h"
#include "core/message/xml_names.h"
#include "core/message/xml_writer.h"
#include "core/message/xsd_files.h"

namespace masar::soap {

namespace {

constexpr const char* kHubUri = "urn:masar:hub:1";
constexpr const char* kRefusalFile = "masar-refusal.xsd";
constexpr const char* kRefusalSchema = R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- What stands in the detail of a fault: why the hub refused a message. -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:masar:hub:1"
           elementFormDefault="qualified">
  <xs:element name="Refusal">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Code" type="xs:string"/>
        <xs:element name="Text" type="xs:string"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
)";
constexpr const char* kTransport = "http://schemas.xmlsoap.org/soap/http";

void add_elements(const std::vector<XsdGate::Source>& schemas, const XsdGate::Source& source,
                  std::vector<const XsdGate::Source*>& seen, SchemaNames& names) {
  if (std::find(seen.begin(), seen.end(), &source) != seen.end()) return;
  seen.push_back(&source);
  const pugi::xml_document schema = parse_schema(source);
  for (const pugi::xml_node child : schema.document_element().children()) {
    if (local_part(child.name()) == "element")
      names.elements.push_back(child.attribute("name").value());
  }
  for (const pugi::xml_node one : schema_references(schema)) {
    const XsdGate::Source* other = find_schema(schemas, referred_file(source, one));
    if (other && local_part(one.name()) != "import") add_elements(schemas, *other, seen, names);
  }
}

/// `traffic-notices` as `TrafficNotices`: a name as programs are generated with.
std::string camel(std::string_view id) {
  std::string name;
  bool begins = true;
  for (const char c : id) {
    const auto byte = static_cast<unsigned char>(c);
    if (!std::isalnum(byte)) {
      begins = true;
      continue;
    }
    name += begins ? static_cast<char>(std::toupper(byte)) : c;
    begins = false;
  }
  return name;
}

using Attributes = std::vector<std::pair<const char*, std::string>>;

pugi::xml_node add(pugi::xml_node parent, const char* name, const Attributes& attributes = {}) {
  pugi::xml_node node = parent.append_child(name);
  for (const auto& [key, value] : attributes) node.append_attribute(key) = value.c_str();
  return node;
}

/// Writes one WSDL: WSDL 1.1 (W3C note of 15 March 2001) with its bindings to SOAP 1.1 and, by the
/// member submission "WSDL 1.1 Binding Extension for SOAP 1.2", to SOAP 1.2.
class Writer {
 public:
  Writer(const Described& described, const std::vector<QualifiedName>& headers,
         std::string target)
      : described_(described), headers_(headers), target_(std::move(target)),
        name_(camel(described.endpoint)) {
    root_ = add(document_, "wsdl:definitions",
                {{"xmlns:wsdl", "http://schemas.xmlsoap.org/wsdl/"},
                 {"xmlns:soap", "http://schemas.xmlsoap.org/wsdl/soap/"},
                 {"xmlns:soap12", "http://schemas.xmlsoap.org/wsdl/soap12/"},
                 {"xmlns:xs", "http://www.w3.org/2001/XMLSchema"},
                 {"xmlns:t", target_},
                 {"name", name_},
                 {"targetNamespace", target_}});
  }

  std::string write(const std::vector<std::pair<std::string, std::string>>& imports,
                    std::string_view address, const Description::Locate& locate) {
    std::vector<std::pair<std::string, std::string>> versions;  // suffix of names, prefix
    if (described_.soap11) versions.emplace_back("Soap11", "soap:");
    if (described_.soap12) versions.emplace_back("Soap12", "soap12:");
    add_types(imports, locate);
    add_messages();
    add_port_type();
    for (const auto& [suffix, prefix] : versions) add_binding(suffix, prefix);
    const pugi::xml_node service = add(root_, "wsdl:service", {{"name", name_ + "Service"}});
    for (const auto& [suffix, prefix] : versions) {
      const pugi::xml_node port = add(service, "wsdl:port",
                                      {{"name", name_ + suffix}, {"binding", own(name_ + suffix)}});
      add(port, (prefix + "address").c_str(), {{"location", std::string(address)}});
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + write_xml(document_);
  }

 private:
  static std::string own(const std::string& name) { return "t:" + name; }
  bool has_fault() const { return !described_.fault.local.empty(); }
  const std::string& fault() const { return described_.fault.local; }

  /// A prefix for every namespace that parts refer to.
  std::string reference(const QualifiedName& name) {
    if (name.uri.empty()) return name.local;
    if (name.uri == target_) return own(name.local);
    auto at = std::find(uris_.begin(), uris_.end(), name.uri);
    const std::string prefix = "n" + std::to_string(at - uris_.begin());
    if (at == uris_.end()) {
      uris_.push_back(name.uri);
      root_.append_attribute(("xmlns:" + prefix).c_str()) = name.uri.c_str();
    }
    return prefix + ":" + name.local;
  }

  void add_types(const std::vector<std::pair<std::string, std::string>>& imports,
                 const Description::Locate& locate) {
    const pugi::xml_node schema = add(add(root_, "wsdl:types"), "xs:schema");
    for (const auto& [uri, file] : imports) {
      if (uri.empty()) {
        add(schema, "xs:include", {{"schemaLocation", locate(file)}});
      } else {
        add(schema, "xs:import", {{"namespace", uri}, {"schemaLocation", locate(file)}});
      }
    }
  }

  void add_message(const std::string& name, const char* part, const QualifiedName& element) {
    add(add(root_, "wsdl:message", {{"name", name}}), "wsdl:part",
        {{"name", part}, {"element", reference(element)}});
  }

  void add_messages() {
    for (const auto& one : described_.operations) {
      add_message(one.name + "Request", "parameters", {described_.uri, one.name});
      if (!one.reply.local.empty()) add_message(one.name + "Reply", "parameters", one.reply);
    }
    if (has_fault()) add_message(fault(), "fault", described_.fault);
    if (headers_.empty()) return;
    const pugi::xml_node message = add(root_, "wsdl:message", {{"name", "Headers"}});
    for (const auto& one : headers_) {
      add(message, "wsdl:part", {{"name", one.local}, {"element", reference(one)}});
    }
  }

  void add_port_type() {
    const pugi::xml_node type = add(root_, "wsdl:portType", {{"name", name_}});
    for (const auto& one : described_.operations) {
      const pugi::xml_node operation = add(type, "wsdl:operation", {{"name", one.name}});
      add(operation, "wsdl:input", {{"message", own(one.name + "Request")}});
      if (one.reply.local.empty()) continue;  // one-way: neither output nor fault
      add(operation, "wsdl:output", {{"message", own(one.name + "Reply")}});
      if (has_fault()) add(operation, "wsdl:fault", {{"name", fault()}, {"message", own(fault())}});
    }
  }

  void add_content(pugi::xml_node of, const std::string& prefix) {
    add(of, (prefix + "body").c_str(), {{"use", "literal"}});
    for (const auto& one : headers_) {
      add(of, (prefix + "header").c_str(),
          {{"message", own("Headers")}, {"part", one.local}, {"use", "literal"}});
    }
  }

  void add_binding(const std::string& suffix, const std::string& prefix) {
    const pugi::xml_node binding =
        add(root_, "wsdl:binding", {{"name", name_ + suffix}, {"type", own(name_)}});
    add(binding, (prefix + "binding").c_str(), {{"style", "document"}, {"transport", kTransport}});
    for (const auto& one : described_.operations) {
      const pugi::xml_node operation = add(binding, "wsdl:operation", {{"name", one.name}});
      Attributes attributes{{"soapAction", one.action}, {"style", "document"}};
      if (prefix == "soap12:") attributes.emplace_back("soapActionRequired", "false");
      add(operation, (prefix + "operation").c_str(), attributes);
      add_content(add(operation, "wsdl:input"), prefix);
      if (one.reply.local.empty()) continue;
      add_content(add(operation, "wsdl:output"), prefix);
      if (!has_fault()) continue;
      add(add(operation, "wsdl:fault", {{"name", fault()}}), (prefix + "fault").c_str(),
          {{"name", fault()}, {"use", "literal"}});
    }
  }

  const Described& described_;
  const std::vector<QualifiedName>& headers_;
  const std::string target_;
  const std::string name_;
  std::vector<std::string> uris_;
  pugi::xml_document document_;
  pugi::xml_node root_;
};

}  // namespace

std::optional<SchemaNames> names_of(const std::vector<XsdGate::Source>& schemas,
                                    const std::string& file) {
  const XsdGate::Source* source = find_schema(schemas, file);
  if (!source) return std::nullopt;
  SchemaNames names;
  names.uri = parse_schema(*source).document_element().attribute("targetNamespace").value();
  std::vector<const XsdGate::Source*> seen;
  add_elements(schemas, *source, seen, names);
  return names;
}

QualifiedName Described::refusal() { return {kHubUri, "Refusal"}; }

Description::Locate Description::served_at(std::string_view address) {
  return [address = std::string(address)](std::string_view file) {
    return address + "?xsd=" + http::encode_percent(file);
  };
}

Description::Description(Described described, const std::vector<XsdGate::Source>& schemas)
    : described_(std::move(described)), schemas_(schemas) {
  imports_.emplace_back(described_.uri, described_.schema);
  if (refuses()) imports_.emplace_back(kHubUri, kRefusalFile);
  reach(described_.schema);
  for (const QualifiedName& header : described_.headers) add_header(header);
}

void Description::add_header(const QualifiedName& header) {
  for (const XsdGate::Source& source : schemas_) {
    const auto names = names_of(schemas_, source.path);
    if (names->uri != header.uri || std::find(names->elements.begin(), names->elements.end(),
                                              header.local) == names->elements.end()) {
      continue;
    }
    headers_.push_back(header);
    const bool there = std::any_of(imports_.begin(), imports_.end(),
                                   [&](const auto& one) { return one.first == header.uri; });
    if (!there) imports_.emplace_back(header.uri, source.path);
    return reach(source.path);
  }
}

void Description::reach(const std::string& file) {
  add_reached_schemas(schemas_, file, reached_);
}

/// Whether its fault is the hub's own.
bool Description::refuses() const {
  const QualifiedName own = Described::refusal();
  return described_.fault.uri == own.uri && described_.fault.local == own.local;
}

std::vector<XsdGate::Source> Description::files() const {
  std::vector<XsdGate::Source> files;
  for (const auto* one : reached_) files.push_back(*one);
  if (refuses()) files.push_back({kRefusalFile, kRefusalSchema});
  return files;
}

std::string Description::wsdl(std::string_view address, const Locate& locate) const {
  const std::string target =
      described_.uri.empty() ? "urn:masar:endpoint:" + described_.endpoint : described_.uri;
  return Writer(described_, headers_, target).write(imports_, address, locate);
}

std::optional<std::string> Description::xsd(std::string_view name, const Locate& locate) const {
  if (name == kRefusalFile && refuses()) return kRefusalSchema;
  const auto found = std::find_if(reached_.begin(), reached_.end(),
                                  [&](const auto* one) { return one->path == name; });
  if (found == reached_.end()) return std::nullopt;
  const pugi::xml_document schema = parse_schema(**found);
  const auto places = schema_references(schema);
  if (places.empty()) return (*found)->contents;
  for (pugi::xml_node one : places) {
    one.attribute("schemaLocation") = locate(referred_file(**found, one)).c_str();
  }
  std::ostringstream text;
  schema.save(text, "", pugi::format_raw, pugi::encoding_utf8);
  return text.str();
}

}  // namespace masar::soap
