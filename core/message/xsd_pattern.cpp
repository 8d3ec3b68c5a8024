#include "core/message/xsd_pattern.h"

#include <limits>
#include <string>

namespace masar {
namespace {

constexpr std::size_t kStepsMax = 2000;
constexpr std::size_t kCountMax = 1000;
constexpr std::size_t kGroupsMax = 8;  // one in another

using Characters = std::bitset<128>;

void add(Characters& set, char from, char to) {
  for (int c = from; c <= to; ++c) set.set(static_cast<std::size_t>(c));
}

}  // namespace

/// Reads an expression; every member answers false at what it does not know.
class XsdPatternParser {
 public:
  explicit XsdPatternParser(std::string_view text) : text_(text) {}

  bool parse(std::vector<XsdPattern::Sequence>& alternatives) {
    return read_alternatives(alternatives, 0) && at_ == text_.size();
  }

 private:
  bool more() const { return at_ < text_.size(); }
  bool skip(char c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool read_alternatives(std::vector<XsdPattern::Sequence>& alternatives, std::size_t depth) {
    do {
      XsdPattern::Sequence& sequence = alternatives.emplace_back();
      while (more() && text_[at_] != '|' && text_[at_] != ')') {
        if (!read_item(sequence.emplace_back(), depth)) return false;
      }
    } while (skip('|'));
    return true;
  }

  bool read_item(XsdPattern::Item& item, std::size_t depth) {
    const char c = text_[at_++];
    switch (c) {
      case '(':
        if (depth == kGroupsMax || !read_alternatives(item.alternatives, depth + 1)) return false;
        if (!skip(')')) return false;
        break;
      case '[':
        if (!read_class(item.characters)) return false;
        break;
      case '\\':
        if (!read_escape(item.characters)) return false;
        break;
      case '.':
        item.characters.set();
        item.characters.reset('\n').reset('\r');
        break;
      case ']':
      case '{':
      case '}':
      case '?':
      case '*':
      case '+': return false;
      default:
        if (static_cast<unsigned char>(c) >= 0x80) return false;
        item.characters.set(static_cast<std::size_t>(c));
    }
    return read_count(item);
  }

  /// After a backslash.
  bool read_escape(Characters& set) {
    if (!more()) return false;
    const char c = text_[at_++];
    if (c == 'd') return add(set, '0', '9'), true;
    if (c == 'p') {
      if (!skip('{')) return false;
      const std::size_t end = text_.find('}', at_);
      if (end == std::string_view::npos) return false;
      const std::string_view category = text_.substr(at_, end - at_);
      at_ = end + 1;
      if (category == "Nd") return add(set, '0', '9'), true;
      if (category != "L") return false;
      add(set, 'a', 'z');
      add(set, 'A', 'Z');
      return true;
    }
    constexpr std::string_view kThemselves = "\\|.-^?*+{}()[]";
    if (kThemselves.find(c) == std::string_view::npos) return false;
    set.set(static_cast<std::size_t>(c));
    return true;
  }

  /// After `[`: characters, ranges, escapes; a hyphen only first, last or escaped.
  bool read_class(Characters& set) {
    if (more() && (text_[at_] == '^' || text_[at_] == ']')) return false;
    for (bool first = true; more() && text_[at_] != ']'; first = false) {
      const char c = text_[at_++];
      if (c == '\\') {
        if (!read_escape(set)) return false;
        if (more() && text_[at_] == '-' && !(at_ + 1 < text_.size() && text_[at_ + 1] == ']')) {
          return false;
        }
        continue;
      }
      if (c == '[' || static_cast<unsigned char>(c) >= 0x80) return false;
      const bool last = more() && text_[at_] == ']';
      if (c == '-' && !first && !last) return false;
      const bool range =
          !last && at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
      if (!range) {
        set.set(static_cast<std::size_t>(c));
        continue;
      }
      const char to = text_[at_ + 1];
      at_ += 2;
      if (c == '-' || to == '\\' || to == '[' || to < c) return false;
      add(set, c, to);
    }
    return skip(']');
  }

  bool read_count(XsdPattern::Item& item) {
    constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
    if (skip('?'))
      item.least = 0;
    else if (skip('*'))
      item.least = 0, item.most = kAny;
    else if (skip('+'))
      item.most = kAny;
    else if (skip('{')) {
      if (!read_number(item.least)) return false;
      item.most = item.least;
      if (skip(',') && !read_number(item.most)) return false;
      return skip('}') && item.least <= item.most;
    }
    return true;
  }
  bool read_number(std::size_t& number) {
    const std::size_t from = at_;
    number = 0;
    for (; more() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      number = number * 10 + static_cast<std::size_t>(text_[at_] - '0');
      if (number > kCountMax) return false;
    }
    return at_ != from;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

class XsdPattern::Matcher {
 public:
  explicit Matcher(std::string_view value) : value_(value) {}

  static constexpr std::size_t kNowhere = std::string_view::npos;

  /// Where the sequence ends from its item `place` on, when that begins at `at`.
  std::size_t end_of(const Sequence& sequence, std::size_t place, std::size_t at, bool whole) {
    if (++steps_ > kStepsMax) return kNowhere;
    if (place == sequence.size()) return !whole || at == value_.size() ? at : kNowhere;
    const Item& item = sequence[place];
    if (!item.alternatives.empty()) {
      at = end_of_group(item, at);
      return at == kNowhere ? kNowhere : end_of(sequence, place + 1, at, whole);
    }
    std::size_t count = 0;
    while (count < item.most && at + count < value_.size() && holds(item, value_[at + count])) {
      ++count;
    }
    for (; count + 1 > item.least; --count) {
      const std::size_t end = end_of(sequence, place + 1, at + count, whole);
      if (end != kNowhere) return end;
      if (count == 0) break;
    }
    return kNowhere;
  }

 private:
  static bool holds(const Item& item, char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 && item.characters[byte];
  }

  std::size_t end_of_group(const Item& item, std::size_t at) {
    std::size_t count = 0;
    while (count < item.most) {
      std::size_t end = kNowhere;
      for (const Sequence& each : item.alternatives) {
        end = end_of(each, 0, at, false);
        if (end != kNowhere) break;
      }
      if (end == kNowhere) break;
      ++count;
      if (end == at) return at;  // as often as one likes
      at = end;
    }
    return count >= item.least ? at : kNowhere;
  }

  std::string_view value_;
  std::size_t steps_ = 0;
};

std::optional<XsdPattern> XsdPattern::compile(std::string_view expression) {
  XsdPattern pattern;
  if (!XsdPatternParser(expression).parse(pattern.alternatives_)) return std::nullopt;
  return pattern;
}

bool XsdPattern::accepts(std::string_view value) const {
  for (const Sequence& each : alternatives_) {
    if (Matcher(value).end_of(each, 0, 0, true) != Matcher::kNowhere) return true;
  }
  return false;
}

}  // namespace masar
