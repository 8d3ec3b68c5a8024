#include "connectors/mfep/slice.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace masar::mfep {
namespace {

constexpr std::string_view kBody = "MsgBody";

/// Walks the tags of a well-formed document; everything else is passed over.
class TagScanner {
 public:
  explicit TagScanner(std::string_view text) : text_(text) {}

  struct Tag {
    std::size_t begin = 0, end = 0;  ///< of `<…>`
    bool closing = false, empty = false;
  };

  std::optional<Tag> next() {
    while ((at_ = text_.find('<', at_)) != std::string_view::npos) {
      if (skip("<!--", "-->") || skip("<![CDATA[", "]]>") || skip("<?", "?>")) continue;
      return read_tag();
    }
    return std::nullopt;
  }

  /// Of an opening tag.
  std::string_view name(const Tag& tag) const {
    const std::size_t from = tag.begin + 1;
    return text_.substr(from, text_.find_first_of(" \t\r\n/>", from) - from);
  }

 private:
  bool skip(std::string_view open, std::string_view close) {
    if (text_.substr(at_, open.size()) != open) return false;
    const auto end = text_.find(close, at_ + open.size());
    at_ = end == std::string_view::npos ? text_.size() : end + close.size();
    return true;
  }

  std::optional<Tag> read_tag() {
    Tag tag;
    tag.begin = at_;
    char quote = 0;
    std::size_t at = at_ + 1;
    for (; at < text_.size(); ++at) {
      const char c = text_[at];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        break;
      }
    }
    if (at >= text_.size()) return std::nullopt;
    tag.end = at_ = at + 1;
    tag.closing = text_[tag.begin + 1] == '/';
    tag.empty = text_[tag.end - 2] == '/';
    return tag;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::string_view> signed_slice(std::string_view document) {
  TagScanner scanner(document);
  int depth = 0;
  std::size_t begin = 0;  // a child of the root never begins at 0
  std::optional<std::string_view> slice;
  while (const auto tag = scanner.next()) {
    if (depth == 1 && !tag->closing && scanner.name(*tag) == kBody) {
      if (slice) return std::nullopt;
      begin = tag->begin;
    }
    if (tag->closing) {
      --depth;
    } else if (!tag->empty) {
      ++depth;
    }
    if (begin != 0 && !slice && depth == 1) slice = document.substr(begin, tag->end - begin);
  }
  return slice;
}

std::string utf16le(std::string_view utf8) {
  const auto first = std::find_if(utf8.begin(), utf8.end(),
                                  [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (!is_utf8(utf8.substr(static_cast<std::size_t>(first - utf8.begin())))) {
    throw Error(ErrorKind::rejected, "bad-utf8", "the text is not UTF-8");
  }
  std::string out(utf8.size() * 2, '\0');  // no character takes fewer bytes than half its UTF-16
  char* to = out.data();
  const auto put = [&to](unsigned unit) {
    *to++ = static_cast<char>(unit & 0xFF);
    *to++ = static_cast<char>(unit >> 8);
  };
  for (std::size_t at = 0; at < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[at]);
    if (lead < 0x80) {
      put(lead);
      ++at;
      continue;
    }
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned point = lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
      point = point << 6 | (static_cast<unsigned char>(utf8[at + i]) & 0x3F);
    }
    at += length;
    if (point < 0x10000) {
      put(point);
    } else {
      put(0xD800 + ((point - 0x10000) >> 10));
      put(0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  return out;
}

}  // namespace masar::mfep
