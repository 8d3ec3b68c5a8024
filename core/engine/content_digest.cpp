#include "core/engine/content_digest.h"

#include <cstddef>
#include <string_view>

#include "core/base/hash.h"

namespace masar::engine {
namespace {

constexpr std::size_t kFormBytes = 4096;  ///< room for the form of most contents

/// A node's kind, name, attributes and content, each ended by a zero, which no text of a tree
/// holds: so two trees have one form only where they are equal.
void append_content(pugi::xml_node top, std::string& form) {
  const auto append = [&form](char kind, std::string_view name, std::string_view value) {
    const std::size_t from = form.size();
    form.resize(from + name.size() + value.size() + 3);  // with zeros
    form[from] = kind;
    name.copy(&form[from + 1], name.size());
    value.copy(&form[from + name.size() + 2], value.size());
  };
  pugi::xml_node node = top;
  for (;;) {
    if (node.type() == pugi::node_element) {
      append('e', node.name(), "");
      for (auto each = node.first_attribute(); each; each = each.next_attribute()) {
        append('a', each.name(), each.value());
      }
      if (const pugi::xml_node child = node.first_child()) {
        node = child;
        continue;
      }
      form += '/';
    } else {
      append('t', "", node.value());
    }
    while (node != top && !node.next_sibling()) {
      node = node.parent();
      form += '/';
    }
    if (node == top) return;
    node = node.next_sibling();
  }
}

}  // namespace

std::string content_digest(const std::vector<expression::Expression>& same,
                           const expression::Frame& frame) {
  std::string all;
  all.reserve(kFormBytes);
  for (const auto& path : same) {
    const auto value = path.evaluate_optional(frame);
    if (value.is_set()) {
      for (const auto& node : value.as<expression::Nodes>()) {
        if (node.type() == pugi::node_element) {
          append_content(node, all);
        } else {
          all.append(1, 'v').append(node.value()).push_back('\0');
        }
      }
    }
    all += '\x1f';
  }
  return sha256(all);
}

}  // namespace masar::engine
