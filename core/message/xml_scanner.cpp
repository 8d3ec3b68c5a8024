#include "core/message/xml_scanner.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "core/message/xml_characters.h"
#include "core/message/xml_namespaces.h"

namespace masar {
namespace {

constexpr std::string_view kXmlnsUri = "http://www.w3.org/2000/xmlns/";
// Lists of at most so many are searched from end to end; expat has tables for more.
constexpr std::size_t kNamespacesMax = 32;
constexpr std::size_t kAttributesMax = 64;
/// Working memory that has grown beyond this is not kept for the thread's next document.
constexpr std::size_t kKeptBytesMax = 64 << 10;

enum Class : unsigned char {
  kNameStart = 1,
  kName = 2,
  kSpace = 4,
  kText = 8,    // stands for itself in text
  kValue = 16,  // stands for itself in an attribute's value, in either kind of quotes
};

constexpr std::array<unsigned char, 256> byte_classes() {
  std::array<unsigned char, 256> classes{};
  for (auto& each : classes) each = kText | kValue;
  for (const char c : {'<', '&', '\r', '>'}) classes[static_cast<unsigned char>(c)] = 0;
  for (const char c : {'\t', '\n', '"', '\''}) classes[static_cast<unsigned char>(c)] = kText;
  classes['>'] = kValue;
  for (const char c : {' ', '\t', '\r', '\n'}) classes[static_cast<unsigned char>(c)] |= kSpace;
  for (unsigned char c = 'a'; c <= 'z'; ++c) classes[c] |= kNameStart | kName;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) classes[c] |= kNameStart | kName;
  for (unsigned char c = '0'; c <= '9'; ++c) classes[c] |= kName;
  classes['_'] |= kNameStart | kName;
  classes['-'] |= kName;
  classes['.'] |= kName;
  return classes;
}
constexpr std::array<unsigned char, 256> kClasses = byte_classes();

bool is(char c, Class kind) { return (kClasses[static_cast<unsigned char>(c)] & kind) != 0; }

struct Name {
  std::string_view whole;   // as the document has it
  std::string_view prefix;  // empty where it has none
  std::string_view local;
};

struct Attribute {
  Name name;
  std::string_view value;  // between its quotes
  bool plain = true;       // the value stands for itself
};

struct Binding {
  std::string_view prefix;  // empty: the default namespace
  std::string_view uri;     // empty: none
};

struct Namespace {
  std::string_view uri;
  std::string prefix;  // in the tree
};

struct Open {
  std::string_view name;  // as the document has it
  std::size_t written;    // where its name begins in what is written
  std::size_t length;     // of that
  std::size_t bindings;   // of the elements around it
  bool has_child;         // an element in it
};

/// What a scan works with; each thread keeps one, so that a document costs no allocation here.
struct Memory {
  std::string out;
  std::vector<Open> open;
  std::vector<Attribute> attributes;
  std::vector<Binding> bindings;
  std::vector<Namespace> used;  // in the order in which the document came to them
};
thread_local Memory memory_of_thread;

class Scanner {
 public:
  Scanner(std::string_view bytes, const Prefixes& prefixes, const XmlLimits& limits, Memory& memory)
      : at_(bytes.data()),
        end_(at_ + bytes.size()),
        prefixes_(prefixes),
        limits_(limits),
        out_(memory.out),
        open_(memory.open),
        attributes_(memory.attributes),
        bindings_(memory.bindings),
        used_(memory.used) {
    out_.clear();
    open_.clear();
    bindings_.clear();
    used_.clear();
  }

  bool scan() {
    skip("\xEF\xBB\xBF");
    if (!declaration() || !around_root() || !skip("<") || !start_tag()) return false;
    while (!open_.empty()) {
      if (!text() || !markup()) return false;
    }
    if (!around_root() || at_ != end_) return false;
    declare_prefixes();
    return true;
  }

 private:
  bool skip(std::string_view token) {
    if (static_cast<std::size_t>(end_ - at_) < token.size()) return false;
    if (std::memcmp(at_, token.data(), token.size()) != 0) return false;
    at_ += token.size();
    return true;
  }
  bool skip_space() {
    const char* const from = at_;
    while (at_ < end_ && is(*at_, kSpace)) ++at_;
    return at_ != from;
  }
  static std::string_view between(const char* from, const char* to) {
    return {from, static_cast<std::size_t>(to - from)};
  }

  // ---- before and after the root

  bool declaration() {
    if (!skip("<?xml")) return true;
    std::string_view value;
    if (!skip_space() || !skip("version=") || !quoted(value) || value != "1.0") return false;
    bool spaced = skip_space();
    if (spaced && skip("encoding=")) {
      if (!quoted(value) || (value != "UTF-8" && value != "utf-8")) return false;
      spaced = skip_space();
    }
    if (spaced && skip("standalone=")) {
      if (!quoted(value) || (value != "yes" && value != "no")) return false;
      skip_space();
    }
    return skip("?>");
  }
  bool quoted(std::string_view& value) {
    if (at_ == end_ || (*at_ != '"' && *at_ != '\'')) return false;
    const char* const from = at_ + 1;
    const char* const to = std::find(from, end_, *at_);
    if (to == end_) return false;
    value = between(from, to);
    at_ = to + 1;
    return true;
  }

  /// White space and comments.
  bool around_root() {
    for (;;) {
      skip_space();
      if (!skip("<!--")) return true;
      if (!comment()) return false;
    }
  }

  bool comment() {
    const std::size_t end = between(at_, end_).find("--");
    if (end == std::string_view::npos) return false;
    at_ += end + 2;
    return skip(">");
  }

  // ---- content

  /// What stands before the next `<`, after which at_ is.
  bool text() {
    const char* run = at_;  // begins after markup or a reference: `]]>` counts only within
    for (;;) {
      const char* const from = at_;
      while (at_ < end_ && is(*at_, kText)) ++at_;
      out_.append(from, at_);
      if (at_ == end_) return false;
      switch (*at_++) {
        case '<': return true;
        case '>':
          if (at_ - run >= 3 && at_[-2] == ']' && at_[-3] == ']') return false;
          out_ += '>';
          break;
        case '\r': line_end('\n'); break;
        default:
          if (!reference()) return false;
          run = at_;
      }
    }
  }

  bool markup() {
    if (at_ == end_) return false;
    if (*at_ == '/') return ++at_, end_tag();
    if (*at_ != '!') return start_tag();
    if (skip("!--")) return comment();
    return skip("![CDATA[") && character_data();
  }

  bool character_data() {
    const std::size_t size = between(at_, end_).find("]]>");
    if (size == std::string_view::npos) return false;
    const char* const to = at_ + size;
    while (at_ < to) {
      const char c = *at_++;
      if (c == '\r')
        line_end('\n');
      else
        put(c);
    }
    at_ += 3;
    return true;
  }

  /// After a CR: it and an LF behind it are one line end.
  void line_end(char as) {
    if (at_ < end_ && *at_ == '\n') ++at_;
    out_ += as;
  }

  /// A character of text or of a value, escaped for pugixml.
  void put(char c) {
    switch (c) {
      case '&': out_ += "&amp;"; break;
      case '<': out_ += "&lt;"; break;
      case '"': out_ += "&quot;"; break;
      default: out_ += c;
    }
  }

  /// After a `&`.
  bool reference() {
    if (skip("#")) return number();
    static constexpr std::pair<std::string_view, char> kNamed[] = {
        {"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
    for (const auto& [name, c] : kNamed) {
      if (skip(name)) return put(c), true;
    }
    return false;
  }

  bool number() {
    const unsigned base = skip("x") ? 16 : 10;
    char32_t point = 0;
    const char* const from = at_;
    for (; at_ < end_ && *at_ != ';'; ++at_) {
      const char c = *at_;
      unsigned digit = base;
      if (c >= '0' && c <= '9')
        digit = static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f')
        digit = static_cast<unsigned>(c - 'a') + 10;
      else if (c >= 'A' && c <= 'F')
        digit = static_cast<unsigned>(c - 'A') + 10;
      if (digit >= base) return false;
      point = point * base + digit;
      if (point > 0x10FFFF) return false;
    }
    if (at_ == from || at_ == end_) return false;
    ++at_;
    return put_point(point);
  }

  bool put_point(char32_t point) {
    if (point < 0x80) {
      if (point < 0x20 && point != '\t' && point != '\n' && point != '\r') return false;
      put(static_cast<char>(point));
      return true;
    }
    if ((point >= 0xD800 && point <= 0xDFFF) || point == 0xFFFE || point == 0xFFFF) return false;
    const auto follow = [&](unsigned shift) {
      out_ += static_cast<char>(0x80 | (point >> shift & 0x3F));
    };
    if (point < 0x800) {
      out_ += static_cast<char>(0xC0 | point >> 6);
    } else if (point < 0x10000) {
      out_ += static_cast<char>(0xE0 | point >> 12);
      follow(6);
    } else {
      out_ += static_cast<char>(0xF0 | point >> 18);
      follow(12);
      follow(6);
    }
    follow(0);
    return true;
  }

  /// Text that ends here stays, unless it only sets elements apart.
  bool end_text(bool beside_element) {
    if (out_.size() == text_) return true;
    const bool dropped =
        beside_element && std::all_of(out_.begin() + static_cast<std::ptrdiff_t>(text_), out_.end(),
                                      [](char c) { return is(c, kSpace); });
    if (!dropped) return count_node();
    out_.resize(text_);
    return true;
  }

  bool count_node() { return ++nodes_ <= limits_.nodes_max; }

  // ---- tags

  bool name(Name& name) {
    const char* const from = at_;
    const char* local = at_;
    if (!part_of_name()) return false;
    if (at_ < end_ && *at_ == ':') {
      name.prefix = between(from, at_);
      local = ++at_;
      if (!part_of_name()) return false;
    } else {
      name.prefix = {};
    }
    // A name goes on where it is not ended; what else may stand here is for expat.
    name.whole = between(from, at_);
    name.local = between(local, at_);
    return true;
  }
  bool part_of_name() {
    if (at_ == end_ || !is(*at_, kNameStart)) return false;
    while (++at_ < end_ && is(*at_, kName)) {
    }
    return true;
  }

  bool start_tag() {
    if (!end_text(true) || open_.size() >= limits_.depth_max || !count_node()) return false;
    Name element;
    if (!name(element)) return false;
    const std::size_t outer = bindings_.size();
    attributes_.clear();
    for (;;) {
      const bool spaced = skip_space();
      if (at_ == end_) return false;
      if (*at_ == '>' || *at_ == '/') break;
      if (!spaced || !attribute()) return false;
    }
    const bool empty = skip("/");
    if (!skip(">")) return false;
    if (!open_.empty()) open_.back().has_child = true;
    out_ += '<';
    const std::size_t written = out_.size();
    if (!put_name(element, true)) return false;
    if (open_.empty()) root_end_ = out_.size();
    const Open open{element.whole, written, out_.size() - written, outer, false};
    if (!attributes_.empty() && !put_attributes()) return false;
    if (empty) {
      out_ += "/>";
      bindings_.resize(outer);
    } else {
      out_ += '>';
      open_.push_back(open);
    }
    text_ = out_.size();
    return true;
  }

  bool end_tag() {
    const Open open = open_.back();
    if (!end_text(open.has_child) || !skip(open.name)) return false;
    skip_space();
    if (!skip(">")) return false;
    out_ += "</";
    out_.append(out_, open.written, open.length);
    out_ += '>';
    bindings_.resize(open.bindings);
    open_.pop_back();
    text_ = out_.size();
    return true;
  }

  bool attribute() {
    if (attributes_.size() == kAttributesMax) return false;
    Attribute& it = attributes_.emplace_back();
    if (!name(it.name)) return false;
    skip_space();
    if (!skip("=")) return false;
    skip_space();
    if (at_ == end_ || (*at_ != '"' && *at_ != '\'')) return false;
    const char quote = *at_++;
    const char* const from = at_;
    for (; at_ < end_ && *at_ != quote; ++at_) {
      if (is(*at_, kValue)) continue;
      if (*at_ == '<') return false;
      it.plain = false;
    }
    if (at_ == end_) return false;
    it.value = between(from, at_++);
    return !is_declaration(it.name) || bind(it);
  }

  static bool is_declaration(const Name& name) {
    return name.prefix == "xmlns" || name.whole == "xmlns";
  }
  bool bind(const Attribute& declaration) {
    const std::string_view prefix =
        declaration.name.prefix.empty() ? std::string_view() : declaration.name.local;
    const std::string_view uri = declaration.value;
    if (!declaration.plain || prefix == "xml" || prefix == "xmlns" || uri == kXmlUri ||
        uri == kXmlnsUri || (uri.empty() && !prefix.empty()) ||
        bindings_.size() == kNamespacesMax) {
      return false;
    }
    bindings_.push_back({prefix, uri});
    return true;
  }

  /// False for a prefix that is not bound. `uri` is empty for no namespace.
  bool find_uri(std::string_view prefix, std::string_view& uri) const {
    for (auto binding = bindings_.rbegin(); binding != bindings_.rend(); ++binding) {
      if (binding->prefix == prefix) {
        uri = binding->uri;
        return true;
      }
    }
    uri = {};
    return prefix.empty();
  }

  /// The name as the tree has it.
  bool put_name(const Name& name, bool element) {
    std::string_view uri;
    if (!name.prefix.empty() || element) {
      if (!find_uri(name.prefix, uri)) return false;
    }
    if (!uri.empty()) {
      if (!element && uri == kInstanceUri && name.local == "type") return false;
      const Namespace* used = use(uri);
      if (used == nullptr) return false;
      out_ += used->prefix;
      out_ += ':';
    }
    out_ += name.local;
    return true;
  }

  const Namespace* use(std::string_view uri) {
    for (const Namespace& used : used_) {
      if (used.uri.data() == uri.data() || used.uri == uri) return &used;
    }
    if (used_.size() == kNamespacesMax) return nullptr;
    const auto known = prefixes_.find(uri);
    return &used_.emplace_back(Namespace{
        uri, known != prefixes_.end() ? known->second : reserved_prefix(prefixes_, reserved_)});
  }

  bool put_attributes() {
    std::size_t count = 0;
    for (std::size_t i = 0; i < attributes_.size(); ++i) {
      const Attribute& it = attributes_[i];
      if (comes_before(i)) return false;
      if (is_declaration(it.name)) continue;
      if (++count > limits_.attributes_max) return false;
      out_ += ' ';
      if (!put_name(it.name, false)) return false;
      out_ += "=\"";
      if (it.plain)
        out_ += it.value;
      else if (!put_value(it.value))
        return false;
      out_ += '"';
    }
    return true;
  }

  /// Whether an attribute of this name, or of its namespace and local name, stands before it.
  bool comes_before(std::size_t place) const {
    const Name& name = attributes_[place].name;
    for (std::size_t i = 0; i < place; ++i) {
      const Name& other = attributes_[i].name;
      if (other.whole == name.whole) return true;
      if (other.local != name.local || name.prefix.empty() || other.prefix.empty()) continue;
      std::string_view uri;
      std::string_view other_uri;
      if (find_uri(name.prefix, uri) && find_uri(other.prefix, other_uri) && uri == other_uri) {
        return true;
      }
    }
    return false;
  }

  /// White space in a value is a space, unless a reference made it.
  bool put_value(std::string_view value) {
    const char* const after = std::exchange(at_, value.data());
    const char* const to = value.data() + value.size();
    while (at_ < to) {
      const char c = *at_++;
      if (c == '&') {
        if (!reference()) return false;
      } else if (c == '\r') {
        line_end(' ');
      } else {
        put(is(c, kSpace) ? ' ' : c);
      }
    }
    at_ = after;
    return true;
  }

  void declare_prefixes() {
    std::string declarations;
    for (const Namespace& used : used_) {
      declarations += " xmlns:";
      declarations += used.prefix;
      declarations += "=\"";
      declarations += used.uri;
      declarations += '"';
    }
    out_.insert(root_end_, declarations);
  }

  const char* at_;
  const char* const end_;
  const Prefixes& prefixes_;
  const XmlLimits& limits_;
  std::string& out_;
  std::vector<Open>& open_;
  std::vector<Attribute>& attributes_;  // of the tag that is read
  std::vector<Binding>& bindings_;      // of the open elements, innermost last
  std::vector<Namespace>& used_;
  std::size_t text_ = 0;      // where the text that is read begins in out_
  std::size_t root_end_ = 0;  // where the root's name ends in out_
  std::size_t nodes_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace

bool scan_xml(std::string_view bytes, const Prefixes& prefixes, const XmlLimits& limits,
              pugi::xml_document& document) {
  if (!is_xml_text(bytes)) return false;
  Memory& memory = memory_of_thread;
  const bool scanned = Scanner(bytes, prefixes, limits, memory).scan();
  bool built = false;
  if (scanned) {
    // White space that is an element's only content stays; all else was decided above.
    const auto result =
        document.load_buffer(memory.out.data(), memory.out.size(),
                             pugi::parse_escapes | pugi::parse_ws_pcdata, pugi::encoding_utf8);
    if (result.status == pugi::status_out_of_memory) throw std::bad_alloc();
    built = result.status == pugi::status_ok;
  }
  if (memory.out.capacity() > kKeptBytesMax) memory = Memory();
  if (scanned && !built) document.reset();
  return built;
}

}  // namespace masar
