#include "core/message/xsd_quick.h"

#include <array>
#include <cstring>
#include <string_view>

#include "core/message/xsd_grammar.h"

namespace masar {

/// One document against the grammar. It takes the elements of a content in order and never goes
/// back: schemas are deterministic (Unique Particle Attribution), so whoever would have to go back
/// has an invalid document, or one to leave to libxml2.
class XsdQuick::Match {
 public:
  explicit Match(const Grammar& grammar) : grammar_(grammar) {}

  bool root(pugi::xml_node root) {
    if (root.parent().type() == pugi::node_element || !declare(root)) return false;
    const Child child = look_at(root);
    for (const Grammar::Element* each : grammar_.roots) {
      if (is(child, *each)) return content(root, *each);
    }
    return false;
  }

 private:
  using Particle = Grammar::Particle;
  static constexpr std::size_t kPrefixesMax = 16;
  static constexpr int kUnknownUri = -1;

  struct Child {
    pugi::xml_node node;  // null: there are no more
    int uri = kUnknownUri;
    const char* local = nullptr;
  };
  struct Prefix {
    std::string_view text;
    int uri;
  };

  /// The root's attributes: declarations and nothing else.
  bool declare(pugi::xml_node root) {
    for (auto each = root.first_attribute(); each; each = each.next_attribute()) {
      const std::string_view name = each.name();
      if (!name.starts_with("xmlns") || prefix_count_ == kPrefixesMax) return false;
      if (name.size() > 5 && name[5] != ':') return false;
      const std::string_view uri = each.value();
      Prefix& prefix = prefixes_[prefix_count_++];
      prefix = {name.size() > 5 ? name.substr(6) : std::string_view(), kUnknownUri};
      for (std::size_t i = 0; i < grammar_.uris.size(); ++i) {
        if (grammar_.uris[i] == uri) prefix.uri = static_cast<int>(i);
      }
    }
    return true;
  }

  Child look_at(pugi::xml_node node) const {
    if (!node) return {};
    const char* const name = node.name();
    const char* const colon = std::strchr(name, ':');
    const std::string_view prefix =
        colon == nullptr ? std::string_view()
                         : std::string_view(name, static_cast<std::size_t>(colon - name));
    Child child{node, prefix.empty() ? 0 : kUnknownUri, colon == nullptr ? name : colon + 1};
    for (std::size_t i = 0; i < prefix_count_; ++i) {
      if (prefixes_[i].text == prefix) child.uri = prefixes_[i].uri;
    }
    return child;
  }

  static bool is(const Child& child, const Grammar::Element& element) {
    return child.uri == element.uri && element.local == child.local;
  }

  bool content(pugi::xml_node node, const Grammar::Element& element) {
    if (element.type == nullptr || !element.type->known) return false;
    const pugi::xml_node first = node.first_child();
    if (element.type->value) {
      if (!first) return element.type->value->accepts({});
      const bool alone = first.type() == pugi::node_pcdata && !first.next_sibling();
      return alone && element.type->value->accepts(first.value());
    }
    if (first && first.type() != pugi::node_element) return false;
    Child next = look_at(first);
    return repeated(element.type->content, next) && !next.node;
  }

  /// Takes what the particle takes of the elements from `next` on. False: too little, or given up.
  bool repeated(const Particle& particle, Child& next) {
    for (std::size_t count = 0; count < particle.most; ++count) {
      const pugi::xml_node before = next.node;
      if (!next.node && count >= particle.least) return true;
      if (!once(particle, next)) {
        return !given_up_ && next.node == before && count >= particle.least;
      }
      if (next.node == before) return true;  // it may be empty, as often as one likes
    }
    return true;
  }

  bool once(const Particle& particle, Child& next) {
    const pugi::xml_node before = next.node;
    switch (particle.kind) {
      case Particle::Kind::element: return take(*particle.element, next);
      case Particle::Kind::sequence:
        for (const Particle& part : particle.parts) {
          if (!repeated(part, next)) return false;
        }
        return true;
      case Particle::Kind::choice: {
        bool empty = particle.parts.empty();
        for (const Particle& part : particle.parts) {
          if (repeated(part, next)) {
            if (next.node != before) return true;
            empty = true;
          } else if (given_up_ || next.node != before) {
            return false;
          }
        }
        return empty;
      }
    }
    return false;
  }

  bool take(const Grammar::Element& element, Child& next) {
    if (!next.node || !is(next, element)) return false;
    if (next.node.first_attribute() || !content(next.node, element)) return give_up();
    const pugi::xml_node following = next.node.next_sibling();
    if (following && following.type() != pugi::node_element) return give_up();
    next = look_at(following);
    return true;
  }
  bool give_up() {
    given_up_ = true;
    return false;
  }

  const Grammar& grammar_;
  std::array<Prefix, kPrefixesMax> prefixes_{};
  std::size_t prefix_count_ = 0;
  bool given_up_ = false;
};

XsdQuick::XsdQuick(std::unique_ptr<Grammar> grammar) : grammar_(std::move(grammar)) {}
XsdQuick::~XsdQuick() = default;

bool XsdQuick::accepts(pugi::xml_node root) const { return Match(*grammar_).root(root); }

}  // namespace masar
