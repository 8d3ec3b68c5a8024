#include "core/message/json.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/message/xml_characters.h"
#include "core/message/xml_names.h"

namespace masar {
namespace {

using boost::json::error_code;
using boost::json::string_view;

std::string_view plain(string_view text) { return {text.data(), text.size()}; }

// Reading

/// Why the tree's builder stopped the parser.
struct Refusal {
  std::string code, text;
};

/// What Boost.JSON's parser calls: builds the tree, holds it to the limits.
class Builder {
 public:
  // Boost.JSON's own limits; ours are looked at here.
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  Builder(const XmlLimits& limits, std::string_view prefix)
      : limits_(limits), prefix_(prefix), tree_(std::make_shared<pugi::xml_document>()) {}

  const Refusal& refusal() const { return refusal_; }
  std::shared_ptr<pugi::xml_document> take() { return std::move(tree_); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& stop) { return open("map", stop); }
  bool on_object_end(std::size_t, error_code&) { return close(); }
  bool on_array_begin(error_code& stop) { return open("array", stop); }
  bool on_array_end(std::size_t, error_code&) { return close(); }
  bool on_key_part(string_view part, std::size_t, error_code&) { return add(part); }
  bool on_key(string_view part, std::size_t, error_code& stop) {
    add(part);
    key_ = std::exchange(text_, {});
    if (!is_xml_text(key_)) return refuse_character(stop);
    if (open_.back().keys.insert(key_).second) return true;
    return refuse("json-duplicate-key", "the member stands twice in its object", stop);
  }
  bool on_string_part(string_view part, std::size_t, error_code&) { return add(part); }
  bool on_string(string_view part, std::size_t, error_code& stop) {
    add(part);
    if (!is_xml_text(text_)) return refuse_character(stop);
    return leaf("string", stop);
  }
  bool on_number_part(string_view part, error_code&) { return add(part); }
  bool on_int64(std::int64_t, string_view part, error_code& stop) { return number(part, stop); }
  bool on_uint64(std::uint64_t, string_view part, error_code& stop) { return number(part, stop); }
  bool on_double(double, string_view part, error_code& stop) { return number(part, stop); }
  bool on_bool(bool value, error_code& stop) {
    text_ = value ? "true" : "false";
    return leaf("boolean", stop);
  }
  bool on_null(error_code& stop) { return leaf("null", stop); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  struct Open {
    pugi::xml_node node;
    std::set<std::string, std::less<>> keys;
  };

  bool add(string_view part) {
    text_ += plain(part);
    return true;
  }

  bool number(string_view part, error_code& stop) {
    add(part);
    return leaf("number", stop);
  }

  bool open(const char* name, error_code& stop) {
    const auto node = element(name, stop);
    if (node) open_.push_back({node, {}});
    return !node.empty();
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  bool leaf(const char* name, error_code& stop) {
    auto node = element(name, stop);
    if (!node) return false;
    const std::string text = std::exchange(text_, {});
    if (text.empty()) return true;
    if (++nodes_ > limits_.nodes_max) return refuse_nodes(stop);
    node.append_child(pugi::node_pcdata).set_value(text.c_str());
    return true;
  }

  /// The element of a value; null where a limit refuses it.
  pugi::xml_node element(const char* name, error_code& stop) {
    if (open_.size() >= limits_.depth_max) {
      refuse("json-too-deep", "it is nested deeper than " + std::to_string(limits_.depth_max),
             stop);
      return {};
    }
    if (++nodes_ > limits_.nodes_max) {
      refuse_nodes(stop);
      return {};
    }
    pugi::xml_node parent = open_.empty() ? pugi::xml_node(*tree_) : open_.back().node;
    auto node = parent.append_child((prefix_.empty() ? name : prefix_ + ":" + name).c_str());
    if (open_.empty())
      node.append_attribute(declaration_of(prefix_).c_str()) = std::string(kJsonNamespace).c_str();
    else if (!open_.back().keys.empty())
      node.append_attribute("key") = std::exchange(key_, {}).c_str();
    return node;
  }

  bool refuse(std::string code, std::string text, error_code& stop) {
    refusal_ = {std::move(code), std::move(text)};
    stop = boost::json::error::incomplete;  // any: what is thrown is `refusal_`
    return false;
  }
  bool refuse_nodes(error_code& stop) {
    return refuse("json-too-many-nodes",
                  "it has more than " + std::to_string(limits_.nodes_max) + " values and texts",
                  stop);
  }
  bool refuse_character(error_code& stop) {
    return refuse("json-character", "a text holds a character that XML 1.0 has not", stop);
  }

  const XmlLimits& limits_;
  std::string prefix_;
  std::shared_ptr<pugi::xml_document> tree_;
  std::vector<Open> open_;
  std::string key_;   ///< of the member whose value comes next
  std::string text_;  ///< of the key, string or number that comes in pieces
  std::size_t nodes_ = 0;
  Refusal refusal_;
};

/// Where byte `at` stands, both counted from 1.
std::string place(std::string_view bytes, std::size_t at) {
  const auto before = bytes.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto begun = before.rfind('\n');
  const auto column = begun == std::string_view::npos ? at + 1 : at - begun;
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
}

// Writing

/// The number as JSON's grammar has it; nothing of locales or doubles.
bool is_json_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const auto from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - from;
  };
  const auto passes = [&](std::string_view one_of) {
    const bool is = at < text.size() && one_of.find(text[at]) != std::string_view::npos;
    if (is) ++at;
    return is;
  };
  passes("-");
  const bool zero = at < text.size() && text[at] == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (passes(".") && digits() == 0) return false;
  if (passes("eE")) {
    passes("+-");
    if (digits() == 0) return false;
  }
  return at == text.size();
}

bool is_text(pugi::xml_node node) {
  return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
}

class Writer {
 public:
  std::string take() { return std::move(out_); }

  void value(pugi::xml_node node) {
    const auto name = local_part(node.name());
    if (namespace_of(node) != kJsonNamespace) fail(node, "JSON has no such element");
    for (const auto* attribute : {"escaped", "escaped-key"})
      if (node.attribute(attribute).as_bool()) fail(node, "escaped texts are not supported");
    if (name == "map") return members(node);
    if (name == "array") return items(node);
    if (name == "string") return quoted(text(node));
    if (name == "number") return number(node);
    if (name == "boolean") return boolean(node);
    if (name != "null") fail(node, "JSON has no such element");
    if (!trim(text(node)).empty()) fail(node, "it is not empty");
    out_ += "null";
  }

  [[noreturn]] static void fail(pugi::xml_node node, const std::string& text) {
    throw Error(ErrorKind::rejected, "json-form", path(node) + ": " + text);
  }

 private:
  void members(pugi::xml_node map) {
    std::set<std::string_view> keys;
    out_ += '{';
    each(map, [&](pugi::xml_node child) {
      const auto key = child.attribute("key");
      if (!key) fail(child, "it has no key");
      if (!keys.insert(key.value()).second) fail(child, "the key stands twice in its map");
      quoted(key.value());
      out_ += ':';
    });
    out_ += '}';
  }

  void items(pugi::xml_node array) {
    out_ += '[';
    each(array, [](pugi::xml_node) {});
    out_ += ']';
  }

  /// Its elements, separated; `before` each one's value.
  template <class Before>
  void each(pugi::xml_node of, Before before) {
    bool first = true;
    for (const auto child : of.children()) {
      if (is_text(child) && !trim(child.value()).empty()) fail(of, "it holds text");
      if (child.type() != pugi::node_element) continue;
      if (!std::exchange(first, false)) out_ += ',';
      before(child);
      value(child);
    }
  }

  void number(pugi::xml_node node) {
    const std::string all = text(node);
    const auto spelled = trim(all);
    if (!is_json_number(spelled)) fail(node, "this is no number of JSON");
    out_ += spelled;
  }

  void boolean(pugi::xml_node node) {
    const std::string all = text(node);
    const auto spelled = trim(all);
    const bool yes = spelled == "true" || spelled == "1";
    if (!yes && spelled != "false" && spelled != "0") fail(node, "it is neither true nor false");
    out_ += yes ? "true" : "false";
  }

  static std::string text(pugi::xml_node node) {
    std::string all;
    for (const auto child : node.children()) {
      if (child.type() == pugi::node_element) fail(node, "it holds an element");
      if (is_text(child)) all += child.value();
    }
    return all;
  }

  void quoted(std::string_view value) {
    out_ += boost::json::serialize(string_view(value.data(), value.size()));
  }

  /// `/map/number[2]`: the names, and below the root which of the same name.
  static std::string path(pugi::xml_node node) {
    std::string whole;
    for (; node.type() == pugi::node_element; node = node.parent()) {
      std::size_t nth = 1;
      const std::string name = node.name();
      for (auto before = node.previous_sibling(name.c_str()); before;
           before = before.previous_sibling(name.c_str()))
        ++nth;
      const bool below = node.parent().type() == pugi::node_element;
      whole = "/" + name + (below ? "[" + std::to_string(nth) + "]" : "") + whole;
    }
    return whole.empty() ? "/" : whole;
  }

  std::string out_;
};

}  // namespace

Document read_json(std::string_view bytes, const XmlLimits& limits, std::string_view prefix) {
  if (bytes.size() > limits.bytes_max)
    throw Error(ErrorKind::rejected, "json-too-large",
                "it has more than " + std::to_string(limits.bytes_max) + " bytes");
  boost::json::parse_options options;
  options.max_depth = limits.depth_max + 1;  // the builder's limit comes first
  boost::json::basic_parser<Builder> parser(options, limits, prefix);
  error_code error;
  const auto read = parser.write_some(false, bytes.data(), bytes.size(), error);
  const Refusal& refusal = parser.handler().refusal();
  if (!refusal.code.empty())
    throw Error(ErrorKind::rejected, refusal.code, place(bytes, read) + refusal.text);
  if (error || read != bytes.size())
    throw Error(ErrorKind::rejected, "json-malformed",
                place(bytes, read) + "this is not JSON (" +
                    (error ? error.message() : "more follows the value") + ")");
  return parser.handler().take();
}

std::string write_json(pugi::xml_node value) {
  const auto root = value.type() == pugi::node_document ? value.first_child() : value;
  auto element = root;
  while (element && element.type() != pugi::node_element) element = element.next_sibling();
  if (!element) Writer::fail(element, "there is no element");
  Writer writer;
  writer.value(element);
  return writer.take();
}

}  // namespace masar
