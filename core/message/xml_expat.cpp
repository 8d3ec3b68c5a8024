#include "core/message/xml_expat.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include <expat.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/message/xml_namespaces.h"

namespace masar {
namespace {

constexpr char kSeparator = '\n';  // between URI and name; no namespace URI holds one
/// A parser that has read more than this is not kept: its memory has grown with the document.
constexpr std::size_t kKeptParserBytesMax = 64 << 10;

struct ParserCloser {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<XML_ParserStruct, ParserCloser>;

/// Making a parser costs as much as reading a small document, so each thread keeps one.
thread_local Parser kept_parser;

unsigned long hash_salt() {
  static const unsigned long salt = [] {
    std::random_device device;
    return (static_cast<unsigned long>(device()) << 16) ^ device() ^ 1UL;
  }();
  return salt;
}

Parser take_parser() {
  Parser parser = std::move(kept_parser);
  if (parser) {
    XML_ParserReset(parser.get(), "UTF-8");
  } else {
    parser.reset(XML_ParserCreateNS("UTF-8", kSeparator));
    if (!parser) throw std::bad_alloc();
  }
  // One salt for the process spares a system call per document, and is as unknown to a sender.
  XML_SetHashSalt(parser.get(), hash_salt());
  return parser;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_utf8_name(std::string_view name) {
  constexpr std::string_view kName = "utf-8";
  return std::equal(name.begin(), name.end(), kName.begin(), kName.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

[[noreturn]] void refuse(std::string code, const std::string& text) {
  throw Error(ErrorKind::rejected, std::move(code), text);
}

/// Builds the tree of one document from expat's events. After the first refusal every handler does
/// nothing: expat still delivers the end of an element whose start stopped it.
class TreeBuilder {
 public:
  TreeBuilder(const Prefixes& prefixes, const XmlLimits& limits, XML_Parser parser,
              pugi::xml_document& document)
      : prefixes_(prefixes),
        limits_(limits),
        parser_(parser),
        document_(document),
        current_(document) {}

  void build(std::string_view bytes) {
    set_handlers();
    const XML_Status status =
        XML_Parse(parser_, bytes.data(), static_cast<int>(bytes.size()), XML_TRUE);
    if (out_of_memory_) throw std::bad_alloc();
    if (!code_.empty()) refuse(code_, place() + what_);
    if (status != XML_STATUS_OK) {
      const XML_Error error = XML_GetErrorCode(parser_);
      if (error == XML_ERROR_NO_MEMORY) throw std::bad_alloc();
      refuse("xml-malformed", place() + XML_ErrorString(error));
    }
    declare_prefixes();
  }

 private:
  struct Used {
    std::string prefix;
    bool declared = false;  // by the root, in the end
  };
  using UsedEntry = std::pair<const std::string, Used>;

  static TreeBuilder& of(void* me) { return *static_cast<TreeBuilder*>(me); }

  void set_handlers() {
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(
        parser_, [](void* me, const char* n, const char** a) { of(me).on_start(n, a); },
        [](void* me, const char*) { of(me).on_end(); });
    XML_SetCharacterDataHandler(parser_, [](void* me, const char* text, int size) {
      of(me).on_text(text, static_cast<std::size_t>(size));
    });
    XML_SetNamespaceDeclHandler(
        parser_,
        [](void* me, const char* prefix, const char* uri) { of(me).on_binding(prefix, uri); },
        [](void* me, const char* prefix) { of(me).on_binding_end(prefix); });
    XML_SetStartDoctypeDeclHandler(
        parser_, [](void* me, const char*, const char*, const char*, int) {
          of(me).stop("xml-doctype", "a document type declaration is not allowed");
        });
    XML_SetProcessingInstructionHandler(parser_, [](void* me, const char*, const char*) {
      of(me).stop("xml-processing-instruction", "a processing instruction is not allowed");
    });
    XML_SetXmlDeclHandler(parser_, [](void* me, const char* version, const char* encoding, int) {
      of(me).on_declaration(version, encoding);
    });
  }

  std::string place() const {
    return "line " + std::to_string(XML_GetCurrentLineNumber(parser_)) + ", column " +
           std::to_string(XML_GetCurrentColumnNumber(parser_) + 1) + ": ";
  }

  void stop(const char* code, std::string what) {
    if (stopped_) return;
    code_ = code;
    what_ = std::move(what);
    stopped_ = true;
    XML_StopParser(parser_, XML_FALSE);
  }
  void stop_at_limit(const char* code, std::size_t limit, const char* what) {
    stop(code, "more than " + std::to_string(limit) + what);
  }
  /// pugixml answers false or a null node where memory ran out.
  void require(bool done) {
    if (done || stopped_) return;
    out_of_memory_ = stopped_ = true;
    XML_StopParser(parser_, XML_FALSE);
  }

  void on_declaration(const char* version, const char* encoding) {
    if (version != nullptr && std::strcmp(version, "1.0") != 0) {
      stop("xml-version", "only XML 1.0 is read");
    }
    if (encoding != nullptr && !is_utf8_name(encoding)) {
      stop("xml-encoding", "only UTF-8 is read");
    }
  }

  void on_start(const char* name, const char** attributes) {
    if (stopped_) return;
    end_text(true);
    if (depth_ == limits_.depth_max) {
      return stop_at_limit("xml-too-deep", limits_.depth_max, " levels of elements");
    }
    if (!count_node()) return;
    ++depth_;
    current_ = current_.append_child(pugi::node_element);
    require(current_ && current_.set_name(qualified(name)));
    std::size_t count = 0;
    for (; *attributes != nullptr && !stopped_; attributes += 2) {
      if (++count > limits_.attributes_max) {
        return stop_at_limit("xml-too-many-attributes", limits_.attributes_max, " attributes");
      }
      pugi::xml_attribute attribute = current_.append_attribute(qualified(attributes[0]));
      require(attribute &&
              attribute.set_value(is_instance_type(attributes[0]) ? qualified_value(attributes[1])
                                                                  : attributes[1]));
    }
  }

  void on_end() {
    if (stopped_) return;
    end_text(!current_.first_child().empty());
    --depth_;
    current_ = current_.parent();
  }

  void on_text(const char* text, std::size_t size) {
    if (stopped_) return;
    if (blank_) blank_ = std::all_of(text, text + size, is_space);
    text_.append(text, size);
  }

  /// Text that ends here becomes a node, unless it only sets elements apart.
  void end_text(bool beside_element) {
    if (text_.empty()) return;
    if (!(blank_ && beside_element) && count_node()) {
      pugi::xml_node node = current_.append_child(pugi::node_pcdata);
      require(node && node.set_value(text_.data(), text_.size()));
    }
    text_.clear();
    blank_ = true;
  }

  bool count_node() {
    if (++nodes_ > limits_.nodes_max) {
      stop_at_limit("xml-too-many-nodes", limits_.nodes_max, " elements and texts");
    }
    return !stopped_;
  }

  /// `uri\nlocal` with the prefix that stands for the URI; valid until the next call.
  const char* qualified(const char* name) {
    const char* separator = std::strchr(name, kSeparator);
    if (separator == nullptr) return name;
    const std::string_view uri(name, static_cast<std::size_t>(separator - name));
    name_ = prefix_of(uri);
    name_ += ':';
    name_ += separator + 1;
    return name_.c_str();
  }

  const std::string& prefix_of(std::string_view uri) {
    if (last_ != nullptr && last_->first == uri) return last_->second.prefix;
    auto found = used_.find(uri);
    if (found == used_.end()) {
      Used used;
      if (uri == kXmlUri) {
        used = {"xml", false};
      } else if (auto known = prefixes_.find(uri); known != prefixes_.end()) {
        used = {known->second, true};
      } else {
        used = {reserved_prefix(prefixes_, reserved_), true};
      }
      found = used_.emplace(uri, std::move(used)).first;
      if (found->second.declared) in_order_.push_back(&*found);
    }
    last_ = &*found;
    return found->second.prefix;
  }

  static bool is_instance_type(const char* name) {
    constexpr std::string_view kLocal = "\ntype";
    const std::string_view view(name);
    return view.size() == kInstanceUri.size() + kLocal.size() && view.starts_with(kInstanceUri) &&
           view.ends_with(kLocal);
  }

  /// The value of an xsi:type, which names a type by a prefix of the document's own.
  const char* qualified_value(std::string_view value) {
    value = trim(value);
    const std::size_t colon = value.find(':');
    const std::string_view prefix = colon == std::string_view::npos ? "" : value.substr(0, colon);
    const std::string_view local = value.substr(colon == std::string_view::npos ? 0 : colon + 1);
    std::string_view uri;
    if (prefix == "xml") {
      uri = kXmlUri;
    } else if (auto bound = bindings_.find(prefix);
               bound != bindings_.end() && !bound->second.empty()) {
      uri = bound->second.back();
    } else if (!prefix.empty()) {
      stop("xml-malformed", "unbound prefix in xsi:type");
    }
    value_ = uri.empty() ? "" : prefix_of(uri) + ':';
    value_ += local;
    return value_.c_str();
  }

  void on_binding(const char* prefix, const char* uri) {
    if (stopped_) return;
    bindings_[prefix != nullptr ? prefix : ""].emplace_back(uri != nullptr ? uri : "");
  }
  void on_binding_end(const char* prefix) {
    if (stopped_) return;
    bindings_.find(std::string_view(prefix != nullptr ? prefix : ""))->second.pop_back();
  }

  void declare_prefixes() {
    pugi::xml_node root = document_.document_element();
    for (auto entry = in_order_.rbegin(); entry != in_order_.rend(); ++entry) {
      name_ = "xmlns:" + (*entry)->second.prefix;
      pugi::xml_attribute attribute = root.prepend_attribute(name_.c_str());
      if (!attribute || !attribute.set_value((*entry)->first.c_str())) throw std::bad_alloc();
    }
  }

  const Prefixes& prefixes_;
  const XmlLimits& limits_;
  XML_Parser parser_;
  pugi::xml_document& document_;
  pugi::xml_node current_;
  std::size_t depth_ = 0;
  std::size_t nodes_ = 0;

  std::string text_;   // since the last start or end of an element
  bool blank_ = true;  // text_ is white space only
  std::string name_;   // what qualified() returned last
  std::string value_;  // what qualified_value() returned last

  std::map<std::string, Used, std::less<>> used_;  // by URI
  std::vector<const UsedEntry*> in_order_;         // of used_, as the document came to them
  const UsedEntry* last_ = nullptr;
  std::size_t reserved_ = 0;
  // The document's prefix → the URIs that open elements bind it to, innermost last.
  std::map<std::string, std::vector<std::string>, std::less<>> bindings_;

  bool stopped_ = false;
  bool out_of_memory_ = false;
  std::string code_;
  std::string what_;
};

}  // namespace

void read_with_expat(std::string_view bytes, const Prefixes& prefixes, const XmlLimits& limits,
                     pugi::xml_document& document) {
  Parser parser = take_parser();
  const bool kept = bytes.size() <= kKeptParserBytesMax;
  try {
    TreeBuilder(prefixes, limits, parser.get(), document).build(bytes);
  } catch (const Error&) {
    if (kept) kept_parser = std::move(parser);
    throw;
  }
  if (kept) kept_parser = std::move(parser);
}

}  // namespace masar
