#include "core/config/element.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <expat.h>

#include "core/base/text.h"

namespace masar::config {
namespace {

constexpr std::size_t kBytesMax = 4 << 20;
constexpr std::size_t kDepthMax = 64;
constexpr std::size_t kNodesMax = 20'000;
constexpr std::size_t kAttributesMax = 64;
constexpr char kSeparator = '\n';  // no namespace URI holds one
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// `uri\nlocal\nprefix`, as expat names things here.
Name split_name(std::string_view triplet) {
  const std::size_t first = triplet.find(kSeparator);
  if (first == std::string_view::npos) return {{}, std::string(triplet), {}};
  const std::size_t second = triplet.find(kSeparator, first + 1);
  Name name{std::string(triplet.substr(0, first)),
            std::string(triplet.substr(first + 1, second - first - 1)),
            {}};
  if (second != std::string_view::npos) name.prefix = triplet.substr(second + 1);
  return name;
}

/// Offset → place. Lines end as XML ends them: LF, CR LF, or CR alone.
class Lines {
 public:
  Lines(const std::string& file, std::string_view text) : file_(file), text_(text) {
    starts_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool cr = text[i] == '\r' && !(i + 1 < text.size() && text[i + 1] == '\n');
      if (text[i] == '\n' || cr) starts_.push_back(i + 1);
    }
  }
  Place at(std::size_t offset) const {
    offset = std::min(offset, text_.size());
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
    const std::size_t start = *(after - 1);
    return {file_, static_cast<int>(after - starts_.begin()),
            static_cast<int>(code_points(text_.substr(start, offset - start))) + 1};
  }

 private:
  const std::string& file_;
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

/// The value with its line ends, of which XML makes spaces: places inside it are counted by them.
/// `raw` is what stands between the quotes; without a DOCTYPE each reference is one character.
std::string with_lines(std::string value, std::string_view raw) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < raw.size() && at < value.size(); ++i, ++at) {
    if (raw[i] == '\r' && i + 1 < raw.size() && raw[i + 1] == '\n') ++i;
    if (raw[i] == '\n' || raw[i] == '\r') {
      value[at] = '\n';
    } else if (raw[i] == '&') {
      i = std::min(raw.find(';', i), raw.size() - 1);
      while (at + 1 < value.size() && (static_cast<unsigned char>(value[at + 1]) & 0xC0) == 0x80)
        ++at;
    }
  }
  return value;
}

/// Builds the elements of one file from expat's events; the first thing that is wrong stops it.
class Loader {
 public:
  Loader(const std::string& file, std::string_view text, Diagnostics& diagnostics)
      : text_(text),
        lines_(file, text),
        diagnostics_(diagnostics),
        parser_(XML_ParserCreateNS("UTF-8", kSeparator), &XML_ParserFree) {}

  std::optional<Element> load() {
    XML_Parser parser = parser_.get();
    XML_SetUserData(parser, this);
    XML_SetReturnNSTriplet(parser, 1);
    XML_SetElementHandler(
        parser, [](void* me, const char* n, const char** a) { of(me).on_start(n, a); },
        [](void* me, const char*) { of(me).on_end(); });
    XML_SetCharacterDataHandler(parser, [](void* me, const char* text, int size) {
      of(me).on_text({text, static_cast<std::size_t>(size)});
    });
    XML_SetStartNamespaceDeclHandler(parser, [](void* me, const char* prefix, const char* uri) {
      of(me).declared_.emplace_back(prefix ? prefix : "", uri ? uri : "");
    });
    XML_SetStartDoctypeDeclHandler(
        parser, [](void* me, const char*, const char*, const char*, int) {
          of(me).fail("a document type is not allowed", "remove <!DOCTYPE …>");
        });
    XML_SetProcessingInstructionHandler(parser, [](void* me, const char*, const char*) {
      of(me).fail("a processing instruction is not allowed", "remove <?…?>");
    });
    XML_SetXmlDeclHandler(parser, [](void* me, const char* version, const char* encoding, int) {
      of(me).on_declaration(version, encoding);
    });
    const auto status = XML_Parse(parser, text_.data(), static_cast<int>(text_.size()), XML_TRUE);
    if (failed_) return std::nullopt;
    if (status != XML_STATUS_OK) {
      report(XML_ErrorString(XML_GetErrorCode(parser)), mismatch_hint());
      return std::nullopt;
    }
    return std::move(root_);
  }

 private:
  static Loader& of(void* me) { return *static_cast<Loader*>(me); }

  std::size_t offset() const {
    const XML_Index index = XML_GetCurrentByteIndex(parser_.get());
    return index < 0 ? 0 : static_cast<std::size_t>(index);
  }
  void report(std::string what, std::string hint) {
    failed_ = true;
    diagnostics_.add(lines_.at(offset()), "not well-formed XML: " + what, std::move(hint));
  }
  void fail(std::string what, std::string hint = {}) {
    if (failed_) return;
    failed_ = true;
    diagnostics_.add(lines_.at(offset()), std::move(what), std::move(hint));
    XML_StopParser(parser_.get(), XML_FALSE);
  }
  std::string mismatch_hint() const {
    if (open_.empty()) return {};
    const Element& last = open_.back();
    return "<" + (last.name.prefix.empty() ? "" : last.name.prefix + ":") + last.name.local +
           "> of line " + std::to_string(last.place.line) + " is open";
  }

  void on_declaration(const char* version, const char* encoding) {
    if (version != nullptr && std::strcmp(version, "1.0") != 0) {
      fail("XML version " + std::string(version) + " is not allowed", "write version=\"1.0\"");
    }
    std::string name = encoding != nullptr ? encoding : "utf-8";
    for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    if (name != "utf-8") fail("the encoding must be UTF-8", "write encoding=\"UTF-8\"");
  }

  void count_node() {
    if (++nodes_ > kNodesMax) fail("more than " + std::to_string(kNodesMax) + " nodes");
  }

  void on_start(const char* name, const char** attributes) {
    if (failed_) return;
    count_node();
    if (open_.size() == kDepthMax) fail("deeper than " + std::to_string(kDepthMax) + " elements");
    if (failed_) return;
    Element element;
    element.name = split_name(name);
    element.place = lines_.at(offset());
    element.namespaces = std::move(declared_);
    declared_.clear();
    read_attributes(element, attributes);
    open_.push_back(std::move(element));
    text_open_ = false;
  }

  /// Expat gives names and values in the order of the file, declarations left out; it has seen the
  /// whole tag and found it well-formed, so that walking along its bytes finds the same attributes.
  void read_attributes(Element& element, const char** attributes) {
    std::size_t at = offset() + 1;
    while (!is_space(text_[at]) && text_[at] != '>' && text_[at] != '/') ++at;
    while (*attributes != nullptr) {
      while (is_space(text_[at])) ++at;
      const std::size_t name_start = at;
      while (!is_space(text_[at]) && text_[at] != '=') ++at;
      const std::string_view written = text_.substr(name_start, at - name_start);
      while (text_[at] != '"' && text_[at] != '\'') ++at;
      const char quote = text_[at++];
      const std::size_t value_start = at;
      at = text_.find(quote, at) + 1;
      const std::string_view raw = text_.substr(value_start, at - 1 - value_start);
      if (written == "xmlns" || written.starts_with("xmlns:")) continue;
      if (element.attributes.size() == kAttributesMax) {
        return fail("more than " + std::to_string(kAttributesMax) + " attributes");
      }
      element.attributes.push_back({split_name(attributes[0]), with_lines(attributes[1], raw),
                                    lines_.at(name_start), lines_.at(value_start)});
      attributes += 2;
    }
  }

  void on_text(std::string_view piece) {
    if (failed_ || open_.empty()) return;
    Element& parent = open_.back();
    if (!text_open_) {
      count_node();
      Element text;
      text.place = lines_.at(offset() + cdata_opening());
      parent.children.push_back(std::move(text));
      text_open_ = true;
    }
    parent.children.back().text += piece;
  }
  /// Expat reports the first piece of a CDATA section at its content in most versions; older ones
  /// at `<`.
  std::size_t cdata_opening() const {
    constexpr std::string_view kOpening = "<![CDATA[";
    return text_.substr(offset()).starts_with(kOpening) ? kOpening.size() : 0;
  }

  void on_end() {
    if (failed_) return;
    Element done = std::move(open_.back());
    open_.pop_back();
    text_open_ = false;
    if (open_.empty()) {
      root_ = std::move(done);
    } else {
      open_.back().children.push_back(std::move(done));
    }
  }

  std::string_view text_;
  Lines lines_;
  Diagnostics& diagnostics_;
  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
  std::vector<Element> open_;
  std::vector<std::pair<std::string, std::string>> declared_;  // for the element that starts next
  std::optional<Element> root_;
  std::size_t nodes_ = 0;
  bool text_open_ = false;  // the last child is text, and only comments came since
  bool failed_ = false;
};

/// Bytes that begin as UTF-16 or UTF-32 would: expat would believe them in spite of a forced
/// encoding. A second byte order mark, which expat would pass over, is no UTF-8 document either.
bool begins_as_other_encoding(std::string_view bytes) {
  using namespace std::string_view_literals;
  constexpr std::array kStarts = {kByteOrderMark, "\xFE\xFF"sv, "\xFF\xFE"sv,
                                  "\0<"sv,        "<\0"sv,      "\0\0"sv};
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](std::string_view start) { return bytes.starts_with(start); });
}

}  // namespace

const Attribute* Element::attribute(std::string_view local, std::string_view uri) const noexcept {
  for (const Attribute& each : attributes) {
    if (each.name.local == local && each.name.uri == uri) return &each;
  }
  return nullptr;
}

std::string_view Element::value(std::string_view local, std::string_view uri) const noexcept {
  const Attribute* found = attribute(local, uri);
  return found != nullptr ? std::string_view(found->value) : std::string_view();
}

std::vector<const Element*> Element::elements() const {
  std::vector<const Element*> found;
  for (const Element& child : children) {
    if (!child.is_text()) found.push_back(&child);
  }
  return found;
}

std::vector<const Element*> Element::elements(std::string_view local, std::string_view uri) const {
  std::vector<const Element*> found;
  for (const Element& child : children) {
    if (child.name.local == local && child.name.uri == uri) found.push_back(&child);
  }
  return found;
}

const Element* Element::element(std::string_view local, std::string_view uri) const noexcept {
  for (const Element& child : children) {
    if (child.name.local == local && child.name.uri == uri) return &child;
  }
  return nullptr;
}

std::string Element::all_text() const {
  std::string joined = text;
  for (const Element& child : children) joined += child.all_text();
  return joined;
}

std::optional<Element> load_element(const std::string& path, std::string_view contents,
                                    Diagnostics& diagnostics) {
  const Place start{path, 1, 1};
  if (contents.size() > kBytesMax) {
    diagnostics.add(start, "the file has more than " + std::to_string(kBytesMax) + " bytes");
    return std::nullopt;
  }
  if (contents.starts_with(kByteOrderMark)) contents.remove_prefix(kByteOrderMark.size());
  if (begins_as_other_encoding(contents)) {
    diagnostics.add(start, "the encoding must be UTF-8", "save the file as UTF-8");
    return std::nullopt;
  }
  return Loader(path, contents, diagnostics).load();
}

}  // namespace masar::config
