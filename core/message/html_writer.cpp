#include "core/message/html_writer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/error.h"
#include "core/message/xml_escape.h"
#include "core/message/xml_names.h"

namespace masar {
namespace {

constexpr std::string_view kXhtml = "http://www.w3.org/1999/xhtml";
constexpr std::array<std::string_view, 13> kVoid{"area", "base",  "br",   "col",  "embed",
                                                 "hr",   "img",   "input", "link", "meta",
                                                 "source", "track", "wbr"};

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::rejected, "not-html", what);
}

class HtmlWriter {
 public:
  explicit HtmlWriter(pugi::xml_node root) {
    const std::string_view prefix = prefix_part(root.name());
    if (!prefix.empty()) prefix_ = std::string(prefix) + ':';
    const std::string declaration = declaration_of(prefix);
    if (root.attribute(declaration.c_str()).value() != kXhtml || local_name(root) != "html")
      refuse("the root is not html in " + std::string(kXhtml));
  }

  HtmlPage write(pugi::xml_node root) {
    page_.text = "<!DOCTYPE html>";
    pugi::xml_node node = root;
    for (;;) {  // walks instead of recursing: no depth of a tree can end the stack
      if (start(node)) {
        node = node.first_child();
        continue;
      }
      while (node != root && !node.next_sibling()) end(node = node.parent());
      if (node == root) return std::move(page_);
      node = node.next_sibling();
    }
  }

 private:
  std::string_view local_name(pugi::xml_node element) const {
    std::string_view name = element.name();
    if (!name.starts_with(prefix_) || name.find(':', prefix_.size()) != std::string_view::npos)
      refuse("an element of another namespace than XHTML");
    return name.substr(prefix_.size());
  }

  /// Whether there is content to go into.
  bool start(pugi::xml_node node) {
    if (node.type() != pugi::node_element) {
      append_escaped(page_.text, node.value(), false);
      return false;
    }
    const std::string_view name = local_name(node);
    if (name == "script") refuse("a page has no script");
    page_.text += '<';
    page_.text += name;
    for (const pugi::xml_attribute attribute : node.attributes()) add_attribute(attribute);
    page_.text += '>';
    if (std::find(kVoid.begin(), kVoid.end(), name) != kVoid.end()) {
      if (node.first_child()) refuse("content in <" + std::string(name) + ">");
      return false;
    }
    if (name == "style") {
      add_style(node);
    } else if (node.first_child()) {
      return true;
    }
    end(node);
    return false;
  }

  void end(pugi::xml_node element) {
    page_.text += "</";
    page_.text += local_name(element);
    page_.text += '>';
  }

  void add_attribute(pugi::xml_attribute attribute) {
    const std::string_view name = attribute.name();
    if (name == "xmlns" || name.starts_with("xmlns:")) return;
    if (name.find(':') != std::string_view::npos) refuse("an attribute with a prefix");
    page_.text += ' ';
    page_.text += name;
    page_.text += "=\"";
    append_escaped(page_.text, attribute.value(), true);
    page_.text += '"';
  }

  /// Raw text: nothing in it is escaped, so nothing in it may mean something.
  void add_style(pugi::xml_node style) {
    const std::string content = style.text().get();
    std::string escaped;
    append_escaped(escaped, content.c_str(), false);
    const auto is_element = [](pugi::xml_node child) { return child.type() == pugi::node_element; };
    if (escaped != content || style.find_child(is_element))
      refuse("a style with <, >, & or elements");
    page_.text += content;
    page_.styles.push_back(content);
  }

  std::string prefix_;  ///< with its colon
  HtmlPage page_;
};

}  // namespace

HtmlPage write_html(const pugi::xml_document& document) {
  const pugi::xml_node root = document.document_element();
  return HtmlWriter(root).write(root);
}

}  // namespace masar
