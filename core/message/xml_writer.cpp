#include "core/message/xml_writer.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/message/xml_characters.h"
#include "core/message/xml_escape.h"
#include "core/message/xml_names.h"

namespace masar {
namespace {

constexpr std::size_t kSizeGuess = 2048;

[[noreturn]] void refuse_character() {
  throw Error(ErrorKind::rejected, "xml-character", "a character that XML 1.0 does not allow");
}
[[noreturn]] void refuse_name() {
  throw Error(ErrorKind::internal, "xml-name", "a name that XML does not allow");
}

/// What a byte means to the escaping of text and of attributes.
enum class Class : unsigned char {
  plain,
  escaped,       // in text and attributes
  in_attribute,  // escaped in attributes only
  refused,
  many,  // begins a character of several bytes
};

constexpr std::array<Class, 256> byte_classes() {
  std::array<Class, 256> classes{};
  for (std::size_t i = 0; i < 0x20; ++i) classes[i] = Class::refused;
  for (std::size_t i = 0x80; i < 0x100; ++i) classes[i] = Class::many;
  classes['&'] = classes['<'] = classes['>'] = classes['\r'] = Class::escaped;
  classes['"'] = classes['\t'] = classes['\n'] = Class::in_attribute;
  return classes;
}
constexpr std::array<Class, 256> kClasses = byte_classes();

std::string_view escape_of(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\t': return "&#x9;";
    case '\n': return "&#xA;";
    default: return "&#xD;";
  }
}

}  // namespace

void append_escaped(std::string& out, const char* text, bool attribute) {
  const auto* at = reinterpret_cast<const unsigned char*>(text);
  const auto* end = at + std::char_traits<char>::length(text);
  const auto* run = at;
  const auto flush = [&] {
    out.append(reinterpret_cast<const char*>(run), static_cast<std::size_t>(at - run));
  };
  while (at < end) {
    const Class kind = kClasses[*at];
    if (kind == Class::plain) {
      ++at;
    } else if (kind == Class::many) {
      const std::size_t length = xml_character_bytes(at, end);
      if (length == 0) refuse_character();
      at += length;
    } else if (kind == Class::refused) {
      refuse_character();
    } else if (kind == Class::in_attribute && !attribute) {
      ++at;
    } else {
      flush();
      out += escape_of(static_cast<char>(*at));
      run = ++at;
    }
  }
  flush();
}

namespace {

bool is_ascii_name_start(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// NameStartChar and NameChar of XML 1.0 (fifth edition) beyond ASCII.
bool is_name_point(char32_t c, bool start) {
  static constexpr std::pair<char32_t, char32_t> kStart[] = {
      {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x2FF},    {0x370, 0x37D},
      {0x37F, 0x1FFF},  {0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF},
      {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF}};
  static constexpr std::pair<char32_t, char32_t> kMore[] = {
      {0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}};
  const auto in = [c](const auto& range) { return c >= range.first && c <= range.second; };
  return std::any_of(std::begin(kStart), std::end(kStart), in) ||
         (!start && std::any_of(std::begin(kMore), std::end(kMore), in));
}

bool is_rare_name(std::string_view name) {
  if (!is_utf8(name)) return false;
  bool start = true;
  for (std::size_t i = 0; i < name.size();) {
    const auto first = static_cast<unsigned char>(name[i]);
    if (first < 0x80) {
      const bool more = (first >= '0' && first <= '9') || first == '-' || first == '.';
      if (first != ':' && !is_ascii_name_start(first) && !(more && !start)) return false;
      start = first == ':';
      ++i;
      continue;
    }
    const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    char32_t point = first & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      point = point << 6 | (static_cast<unsigned char>(name[i + k]) & 0x3FU);
    }
    if (!is_name_point(point, start)) return false;
    start = false;
    i += length;
  }
  return true;
}

/// A qualified name: at most one colon, with a name on both sides.
void check_name(std::string_view name) {
  std::size_t colons = 0;
  bool start = true;
  bool good = !name.empty();
  bool ascii = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      ascii = false;
    } else if (byte == ':') {
      good = good && !start && ++colons == 1;
      start = true;
      continue;
    } else if (!is_ascii_name_start(byte)) {
      good = good && !start && ((byte >= '0' && byte <= '9') || byte == '-' || byte == '.');
    }
    start = false;
  }
  if (!good || start || (!ascii && !is_rare_name(name))) refuse_name();
}

bool is_text(pugi::xml_node node) {
  return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
}
/// What is written of a node's children: elements and text that is not empty.
bool is_content(pugi::xml_node node) {
  return node.type() == pugi::node_element || (is_text(node) && node.value()[0] != '\0');
}

/// The prefixes that names in a subtree need and that are not declared inside it; "" is that of the
/// default namespace. Views into the tree.
class MissingDeclarations {
 public:
  explicit MissingDeclarations(pugi::xml_node subtree) {
    visit(subtree);
    std::sort(missing_.begin(), missing_.end());
  }
  const std::vector<std::string_view>& prefixes() const { return missing_; }

 private:
  static bool has(const std::vector<std::string_view>& all, std::string_view prefix) {
    return std::find(all.begin(), all.end(), prefix) != all.end();
  }
  void need(std::string_view prefix) {
    if (has(missing_, prefix) || has(declared_, prefix)) return;
    if (prefix != "xml" && prefix != "xmlns") missing_.push_back(prefix);
  }
  void visit(pugi::xml_node element) {
    const std::size_t outer = declared_.size();
    const pugi::xml_attribute first = element.first_attribute();
    for (auto attribute = first; attribute; attribute = attribute.next_attribute()) {
      const std::string_view name = attribute.name();
      if (name == "xmlns" || name.starts_with("xmlns:"))
        declared_.push_back(name == "xmlns" ? std::string_view() : local_part(name));
    }
    need(prefix_part(element.name()));
    for (auto attribute = first; attribute; attribute = attribute.next_attribute()) {
      const std::string_view name = attribute.name();
      if (const auto prefix = prefix_part(name); !prefix.empty()) need(prefix);
      // The value of an xsi:type names its type by prefix too.
      if (name.ends_with(":type")) need(prefix_part(attribute.value()));
    }
    for (auto child = element.first_child(); child; child = child.next_sibling()) {
      if (child.type() == pugi::node_element) visit(child);
    }
    declared_.resize(outer);
  }

  std::vector<std::string_view> declared_;  // by the elements that are open
  std::vector<std::string_view> missing_;
};

class Writer {
 public:
  Writer(XmlForm form, bool declare) : dotnet_(form == XmlForm::dotnet), declare_(declare) {
    out_.reserve(kSizeGuess);
  }

  std::string write(pugi::xml_node node) {
    if (node.type() == pugi::node_element) {
      write_tree(node);
    } else {
      for (pugi::xml_node child : node.children()) {
        if (child.type() == pugi::node_element) write_tree(child);
      }
    }
    return std::move(out_);
  }

 private:
  /// Walks instead of recursing: no depth of a tree that a mapping made can end the stack.
  void write_tree(pugi::xml_node top) {
    pugi::xml_node node = top;
    for (;;) {
      if (node.type() == pugi::node_element) {
        start(node, node == top);
        if (const pugi::xml_node child = first_content(node)) {
          out_ += '>';
          ++depth_;
          node = child;
          continue;
        }
        out_ += dotnet_ ? " />" : "/>";
      } else {
        append_escaped(out_, node.value(), false);
        if (dotnet_ && mixed_from_ == 0) mixed_from_ = depth_;
      }
      while (node != top) {
        if (const pugi::xml_node next = next_content(node)) {
          node = next;
          break;
        }
        node = node.parent();
        end(node);
      }
      if (node == top) return;
    }
  }

  static pugi::xml_node first_content(pugi::xml_node node) {
    pugi::xml_node child = node.first_child();
    while (child && !is_content(child)) child = child.next_sibling();
    return child;
  }
  static pugi::xml_node next_content(pugi::xml_node node) {
    do node = node.next_sibling();
    while (node && !is_content(node));
    return node;
  }

  void start(pugi::xml_node element, bool top) {
    if (!(top && out_.empty())) break_line();
    const char* name = element.name();
    check_name(name);
    out_ += '<';
    out_ += name;
    for (auto each = element.first_attribute(); each; each = each.next_attribute()) {
      write_attribute(each.name(), each.value());
    }
    if (top && declare_ && element.parent().type() == pugi::node_element) add_declarations(element);
  }

  void end(pugi::xml_node element) {
    --depth_;
    // Text as the only content keeps the end tag on its line; so does text anywhere in it.
    break_line();
    if (mixed_from_ > depth_) mixed_from_ = 0;
    out_ += "</";
    out_ += element.name();
    out_ += '>';
  }

  /// As .NET does: once an element has text, nothing below or after it in that element is set on
  /// lines.
  void break_line() {
    if (!dotnet_ || mixed_from_ != 0) return;
    out_ += "\r\n";
    out_.append(2 * depth_, ' ');
  }

  void write_attribute(const char* name, const char* value) {
    check_name(name);
    out_ += ' ';
    out_ += name;
    out_ += "=\"";
    append_escaped(out_, value, true);
    out_ += '"';
  }

  void add_declarations(pugi::xml_node element) {
    const MissingDeclarations missing(element);
    for (const std::string_view prefix : missing.prefixes()) {
      const std::string name = declaration_of(prefix);
      for (pugi::xml_node up = element.parent(); up; up = up.parent()) {
        if (const pugi::xml_attribute found = up.attribute(name.c_str())) {
          if (found.value()[0] != '\0') write_attribute(name.c_str(), found.value());
          break;
        }
      }
    }
  }

  const bool dotnet_;
  const bool declare_;
  std::string out_;
  std::size_t depth_ = 0;       // of the elements that are open
  std::size_t mixed_from_ = 0;  // the depth inside the outermost open element with text; 0: none
};

}  // namespace

std::string write_xml(pugi::xml_node node, XmlForm form, bool declare) {
  return Writer(form, declare).write(node);
}

}  // namespace masar
