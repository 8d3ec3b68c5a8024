#include "core/message/xsd_gate.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <utility>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlschemas.h>

#include "core/base/error.h"
#include "core/base/guarded.h"
#include "core/message/xml_namespaces.h"
#include "core/message/xsd_quick.h"

namespace masar {
namespace {

constexpr std::size_t kFindingsMax = 10;
constexpr std::size_t kKeptContextsMax = 16;

template <auto close>
struct Closer {
  template <typename T>
  void operator()(T* thing) const { close(thing); }
};
using SchemaPtr = std::unique_ptr<xmlSchema, Closer<xmlSchemaFree>>;
using ParserPtr = std::unique_ptr<xmlSchemaParserCtxt, Closer<xmlSchemaFreeParserCtxt>>;
using ContextPtr = std::unique_ptr<xmlSchemaValidCtxt, Closer<xmlSchemaFreeValidCtxt>>;
using DocPtr = std::unique_ptr<xmlDoc, Closer<xmlFreeDoc>>;

const xmlChar* xml(const char* text) { return reinterpret_cast<const xmlChar*>(text); }
const char* plain(const xmlChar* text) {
  return text != nullptr ? reinterpret_cast<const char*>(text) : "";
}

/// A path as libxml2 wants it, so that relative locations in the file resolve against it.
std::string url_of(const std::string& path) {
  xmlChar* escaped = xmlURIEscapeStr(xml(path.c_str()), xml("/"));
  std::string url = plain(escaped);
  xmlFree(escaped);
  return url;
}

/// What one compilation may read, and what went wrong in it. The loader below is one for the
/// process, so it finds the compilation of its own thread here.
struct Compilation {
  std::map<std::string, const XsdGate::Source*> sources;  // by full path
  std::string root;                                       // the path that is compiled
  std::string problem;                                    // the first one, with file and line

  void report(const std::string& text) {
    if (problem.empty()) problem = text;
  }
  const XsdGate::Source* find(const std::string& url) const {
    char* unescaped = url.empty() ? nullptr : xmlURIUnescapeString(url.c_str(), 0, nullptr);
    if (unescaped == nullptr) return nullptr;
    const auto found = sources.find(full_schema_path(unescaped));
    xmlFree(unescaped);
    return found == sources.end() ? nullptr : found->second;
  }
};
thread_local Compilation* compilation = nullptr;

/// libxml2's only way to a file or the network, for the whole process: gives what the compilation
/// of this thread was given, and refuses all else.
xmlParserInputPtr load_entity(const char* url, const char*, xmlParserCtxtPtr parser) {
  if (compilation == nullptr || url == nullptr) return nullptr;
  const XsdGate::Source* source = compilation->find(url);
  if (source == nullptr) {
    compilation->report("\"" + std::string(url) + "\" is not among the schemas");
    return nullptr;
  }
  xmlParserInputBufferPtr buffer = xmlParserInputBufferCreateMem(
      source->contents.data(), static_cast<int>(source->contents.size()), XML_CHAR_ENCODING_NONE);
  if (buffer == nullptr) return nullptr;
  xmlParserInputPtr input = xmlNewIOInputStream(parser, buffer, XML_CHAR_ENCODING_NONE);
  if (input == nullptr) {
    xmlFreeParserInputBuffer(buffer);
  } else {
    input->filename = reinterpret_cast<char*>(xmlStrdup(xml(url)));
  }
  return input;
}

void prepare_libxml2() {
  static std::once_flag once;
  std::call_once(once, [] {
    xmlInitParser();
    xmlSetExternalEntityLoader(load_entity);
  });
}

/// Warnings too: libxml2 only warns of an import that it skipped.
void on_schema_error(void* me, xmlErrorPtr error) {
  std::string text = error->message != nullptr ? error->message : "unreadable";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto& of = *static_cast<Compilation*>(me);
  const XsdGate::Source* source = of.find(error->file != nullptr ? error->file : "");
  of.report((source != nullptr ? source->path : of.root) + ':' +
            std::to_string(std::max(error->line, 1)) + ": " + text);
}

/// While it lives, this thread's compilation is the one given, and errors of the XML parser inside
/// libxml2's schema reader come to it.
class CompilationScope {
 public:
  explicit CompilationScope(Compilation& of) {
    compilation = &of;
    xmlSetStructuredErrorFunc(&of, on_schema_error);
  }
  ~CompilationScope() {
    compilation = nullptr;
    xmlSetStructuredErrorFunc(nullptr, nullptr);
  }
  CompilationScope(const CompilationScope&) = delete;
  CompilationScope& operator=(const CompilationScope&) = delete;
};

[[noreturn]] void refuse_schema(const std::string& text) {
  throw Error(ErrorKind::config, "bad-schema", text);
}

std::vector<std::string> global_elements(const XsdGate::Source& source) {
  DocPtr doc(xmlReadMemory(source.contents.data(), static_cast<int>(source.contents.size()),
                           source.path.c_str(), nullptr, XML_PARSE_NONET));
  std::vector<std::string> names;
  xmlNodePtr root = doc ? xmlDocGetRootElement(doc.get()) : nullptr;
  if (root == nullptr) return names;
  const auto value = [](xmlNodePtr node, const char* attribute) {
    xmlChar* text = xmlGetNoNsProp(node, xml(attribute));
    std::string copy = plain(text);
    xmlFree(text);
    return copy;
  };
  const std::string uri = value(root, "targetNamespace");
  for (xmlNodePtr node = root->children; node != nullptr; node = node->next) {
    if (node->type != XML_ELEMENT_NODE || node->ns == nullptr) continue;
    if (plain(node->ns->href) != kSchemaUri) continue;
    if (std::strcmp(plain(node->name), "element") != 0) continue;
    names.push_back((uri.empty() ? "" : '{' + uri + '}') + value(node, "name"));
  }
  return names;
}

/// The message without what libxml2 says of the place, and without the document's values. Messages
/// about structure hold names only; of the others only the forms that are known here are shown.
std::string finding_text(const xmlError& error) {
  std::string text = error.message != nullptr ? error.message : "";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.starts_with("Element '")) {
    const std::size_t attribute = text.find("', attribute '");
    const std::size_t end = text.find("': ");
    if (end != std::string::npos) {
      text = attribute < end ? text.substr(attribute + 3) : text.substr(end + 3);
    }
  }
  switch (error.code) {
    case XML_SCHEMAV_ELEMENT_CONTENT:
    case XML_SCHEMAV_CVC_ELT_1:
    case XML_SCHEMAV_CVC_ELT_2:
    case XML_SCHEMAV_CVC_ELT_3_1:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_2:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_4:
    case XML_SCHEMAV_CVC_TYPE_2:
    case XML_SCHEMAV_CVC_TYPE_3_1_1:
    case XML_SCHEMAV_CVC_TYPE_3_1_2:
    case XML_SCHEMAV_CVC_LENGTH_VALID:
    case XML_SCHEMAV_CVC_MINLENGTH_VALID:
    case XML_SCHEMAV_CVC_MAXLENGTH_VALID:
      return text;
    default:
      break;
  }
  const std::string value = error.str1 != nullptr ? '\'' + std::string(error.str1) + "' " : "";
  const std::size_t at = value.empty() ? std::string::npos : text.find(value);
  const bool simple = error.code == XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1 ||
                      error.code == XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2 ||
                      error.code == XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3;
  const bool facet = error.code >= XML_SCHEMAV_CVC_MININCLUSIVE_VALID &&
                     error.code <= XML_SCHEMAV_CVC_ENUMERATION_VALID;
  if (at != std::string::npos && (simple || facet)) {
    return text.replace(at, value.size(), simple ? "the value " : "");
  }
  if (error.code == XML_SCHEMAV_CVC_IDC) return "a key is missing or not unique";
  return "not valid by the schema (libxml2's error " + std::to_string(error.code) + ")";
}

/// Gives a tree to libxml2's validator as the events that its parser would send: no second tree is
/// built, and no second parser sees the message.
class Validation {
 public:
  Validation(xmlSchemaValidCtxtPtr context, pugi::xml_node root) : context_(context), root_(root) {}

  std::vector<XsdGate::Finding> run() {
    xmlSchemaSetValidStructuredErrors(context_, on_error, this);
    void* user = nullptr;
    xmlSchemaSAXPlugPtr plug = xmlSchemaSAXPlug(context_, &sax_, &user);
    if (plug == nullptr) throw std::bad_alloc();
    user_ = user;
    visit(root_);
    xmlSchemaSAXUnplug(plug);
    xmlSchemaSetValidStructuredErrors(context_, nullptr, nullptr);
    if (no_memory_) throw std::bad_alloc();
    return std::move(findings_);
  }

 private:
  struct Open {
    const char* local;
    const char* prefix;  // null where the name has none
    const char* uri;     // null for no namespace
    std::size_t bound;   // how many prefixes it declares
  };
  struct Binding {
    const char* prefix;  // null: the default namespace
    const char* uri;
  };
  using Names = std::map<std::string, std::vector<const char*>, std::less<>>;

  static void on_error(void* me, xmlErrorPtr error) {
    auto& of = *static_cast<Validation*>(me);
    if (error->code == XML_ERR_NO_MEMORY) of.no_memory_ = true;
    if (of.findings_.size() < kFindingsMax) {
      of.findings_.push_back({of.path(), finding_text(*error)});
    }
  }

  std::string path() const {
    std::string text;
    for (pugi::xml_node node = node_; node.type() == pugi::node_element; node = node.parent()) {
      text = '/' + std::string(node.name()) + text;
      if (node == root_) break;
    }
    return text;
  }

  void visit(pugi::xml_node element) {
    const pugi::xml_node outer = std::exchange(node_, element);
    start();
    for (auto child = element.first_child(); child; child = child.next_sibling()) {
      if (child.type() == pugi::node_element) {
        visit(child);
      } else {
        text(child);
      }
    }
    end();
    node_ = outer;
  }

  void text(pugi::xml_node node) {
    if (node.type() != pugi::node_pcdata && node.type() != pugi::node_cdata) return;
    const char* value = node.value();
    sax_->characters(user_, xml(value), static_cast<int>(std::strlen(value)));
  }

  void start() {
    bindings_.clear();
    // Not range-for: its iterators are four calls into pugixml's library for each element.
    for (auto each = node_.first_attribute(); each; each = each.next_attribute()) add_binding(each);
    if (node_ == root_) add_inherited();
    Open open = resolve(node_.name());
    open.bound = bindings_.size();
    pairs_.clear();
    for (const Binding& binding : bindings_) {
      pairs_.push_back(xml(binding.prefix));
      pairs_.push_back(xml(binding.uri));
    }
    collect_attributes();
    open_.push_back(open);
    bound_.insert(bound_.end(), bindings_.begin(), bindings_.end());
    sax_->startElementNs(user_, xml(open.local), xml(open.prefix), xml(open.uri),
                         static_cast<int>(bindings_.size()), pairs_.data(),
                         static_cast<int>(values_.size() / 5), 0, values_.data());
  }

  void end() {
    const Open open = open_.back();
    sax_->endElementNs(user_, xml(open.local), xml(open.prefix), xml(open.uri));
    open_.pop_back();
    for (std::size_t i = 0; i < open.bound; ++i) {
      names_.find(std::string_view(bound_.back().prefix ? bound_.back().prefix : ""))
          ->second.pop_back();
      bound_.pop_back();
    }
  }

  void add_binding(pugi::xml_attribute attribute) {
    const char* name = attribute.name();
    if (std::strncmp(name, "xmlns", 5) != 0 || (name[5] != '\0' && name[5] != ':')) return;
    const char* prefix = name[5] == ':' ? name + 6 : nullptr;
    bindings_.push_back({prefix, attribute.value()});
    names_[prefix != nullptr ? prefix : ""].push_back(attribute.value());
  }
  /// The declarations of the ancestors, the nearest of each prefix, for a root inside a document.
  void add_inherited() {
    for (pugi::xml_node up = root_.parent(); up; up = up.parent()) {
      const std::size_t nearer = bindings_.size();
      for (pugi::xml_attribute attribute : up.attributes()) {
        const bool hidden = std::any_of(
            bindings_.begin(), bindings_.begin() + static_cast<std::ptrdiff_t>(nearer),
            [&](const Binding& binding) { return declares(attribute, binding.prefix); });
        if (!hidden) add_binding(attribute);
      }
    }
  }
  static bool declares(pugi::xml_attribute attribute, const char* prefix) {
    const std::string_view name = attribute.name();
    if (prefix == nullptr) return name == "xmlns";
    return name.starts_with("xmlns:") && name.substr(6) == prefix;
  }

  Open resolve(const char* name) const {
    const char* colon = std::strchr(name, ':');
    if (colon == nullptr) return {name, nullptr, uri_of(""), 0};
    const std::string_view prefix(name, static_cast<std::size_t>(colon - name));
    return {colon + 1, prefix == "xml" ? "xml" : names_key(prefix), uri_of(prefix), 0};
  }
  const char* names_key(std::string_view prefix) const {
    const auto found = names_.find(prefix);
    return found == names_.end() ? nullptr : found->first.c_str();
  }
  const char* uri_of(std::string_view prefix) const {
    if (prefix == "xml") return plain(XML_XML_NAMESPACE);
    const auto found = names_.find(prefix);
    if (found == names_.end() || found->second.empty()) return nullptr;
    const char* uri = found->second.back();
    return uri[0] != '\0' ? uri : nullptr;
  }

  void collect_attributes() {
    values_.clear();
    escaped_.clear();
    for (auto each = node_.first_attribute(); each; each = each.next_attribute()) {
      const char* name = each.name();
      if (std::strncmp(name, "xmlns", 5) == 0 && (name[5] == '\0' || name[5] == ':')) continue;
      Open open = resolve(name);
      if (open.prefix == nullptr) open.uri = nullptr;  // the default namespace is for elements
      const char* value = escape(each.value());
      for (const char* part : {open.local, open.prefix, open.uri, value,
                               value + std::strlen(value)}) {
        values_.push_back(xml(part));
      }
    }
  }
  /// The validator undoes the `&#38;` that libxml2's parser writes for `&` in attributes.
  const char* escape(const char* value) {
    if (std::strchr(value, '&') == nullptr) return value;
    std::string& text = *escaped_.emplace_back(std::make_unique<std::string>());
    for (; *value != '\0'; ++value) {
      if (*value == '&') text += "&#38;";
      else text += *value;
    }
    return text.c_str();
  }

  xmlSchemaValidCtxtPtr context_;
  pugi::xml_node root_;
  pugi::xml_node node_;  // the element whose event libxml2 is told
  xmlSAXHandlerPtr sax_ = nullptr;
  void* user_ = nullptr;
  std::vector<XsdGate::Finding> findings_;
  bool no_memory_ = false;

  std::vector<Open> open_;
  Names names_;                  // prefix → the URIs that open elements bind it to, innermost last
  std::vector<Binding> bound_;   // of the open elements, in order

  // Of the element that starts; libxml2 reads them during the call only, except for what they point
  // to.
  std::vector<Binding> bindings_;
  std::vector<const xmlChar*> pairs_;
  std::vector<const xmlChar*> values_;
  std::vector<std::unique_ptr<std::string>> escaped_;
};

}  // namespace

struct XsdGate::Schema {
  SchemaPtr schema;
  std::unique_ptr<XsdQuick> quick;  // null where it knows nothing of the schema
  std::vector<std::string> elements;
  Guarded<std::vector<ContextPtr>> contexts;  // idle ones: making one costs as much as a validation
};

XsdGate::XsdGate(const std::vector<Source>& sources, const std::string& root_path)
    : schema_(std::make_unique<Schema>()) {
  prepare_libxml2();
  Compilation of;
  of.root = root_path;
  for (const Source& source : sources) of.sources[full_schema_path(source.path)] = &source;
  const auto root = of.sources.find(full_schema_path(root_path));
  if (root == of.sources.end()) refuse_schema(root_path + " is not among the schemas");
  CompilationScope scope(of);
  ParserPtr parser(xmlSchemaNewParserCtxt(url_of(root->first).c_str()));
  if (!parser) throw std::bad_alloc();
  xmlSchemaSetParserStructuredErrors(parser.get(), on_schema_error, &of);
  schema_->schema.reset(xmlSchemaParse(parser.get()));
  if (!of.problem.empty()) refuse_schema(of.problem);
  if (!schema_->schema) refuse_schema(root_path + ": not a schema");
  schema_->elements = global_elements(*root->second);
  schema_->quick = XsdQuick::compile(sources, root_path);
}

XsdGate::~XsdGate() = default;
XsdGate::XsdGate(XsdGate&&) noexcept = default;

std::vector<XsdGate::Finding> XsdGate::validate(pugi::xml_node root) const {
  if (schema_->quick && schema_->quick->accepts(root)) return {};
  ContextPtr context = schema_->contexts.with([](auto& idle) {
    ContextPtr taken;
    if (!idle.empty()) {
      taken = std::move(idle.back());
      idle.pop_back();
    }
    return taken;
  });
  if (!context) context.reset(xmlSchemaNewValidCtxt(schema_->schema.get()));
  if (!context) throw std::bad_alloc();
  std::vector<Finding> findings = Validation(context.get(), root).run();
  schema_->contexts.with([&](auto& idle) {
    if (idle.size() < kKeptContextsMax) idle.push_back(std::move(context));
  });
  return findings;
}

void XsdGate::require_valid(pugi::xml_node root, std::string_view name) const {
  const auto findings = validate(root);
  if (findings.empty()) return;
  const std::string found = findings.front().element + ": " + findings.front().text;
  throw Error(ErrorKind::rejected, "schema-invalid",
              name.empty() ? found : std::string(name) + ": " + found);
}

std::vector<std::string> XsdGate::elements() const { return schema_->elements; }

}  // namespace masar
