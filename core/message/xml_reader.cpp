#include "core/message/xml_reader.h"

#include <algorithm>
#include <array>
#include <climits>
#include <memory>

#include "core/base/error.h"
#include "core/message/xml_expat.h"
#include "core/message/xml_scanner.h"

namespace masar {
namespace {

/// Bytes that begin as UTF-16 or UTF-32 would: expat believes them in spite of a forced encoding.
bool begins_as_other_encoding(std::string_view bytes) {
  using namespace std::string_view_literals;
  constexpr std::array kStarts = {"\xFE\xFF"sv, "\xFF\xFE"sv, "\0<"sv, "<\0"sv, "\0\0"sv};
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](std::string_view start) { return bytes.starts_with(start); });
}

}  // namespace

XmlReader::XmlReader(Prefixes prefixes, XmlLimits limits)
    : prefixes_(std::move(prefixes)), limits_(limits) {
  for (const auto& [uri, prefix] : prefixes_) {
    if (prefix.empty() || uri.empty()) {
      throw Error(ErrorKind::config, "bad-prefix", "a namespace needs a URI and a prefix");
    }
  }
}

Document XmlReader::read(std::string_view bytes) const {
  if (bytes.size() > limits_.bytes_max || bytes.size() > INT_MAX) {
    throw Error(ErrorKind::rejected, "xml-too-large",
                "more than " + std::to_string(limits_.bytes_max) + " bytes");
  }
  if (begins_as_other_encoding(bytes)) {
    throw Error(ErrorKind::rejected, "xml-encoding", "only UTF-8 is read");
  }
  auto document = std::make_shared<pugi::xml_document>();
  if (!scan_xml(bytes, prefixes_, limits_, *document)) {
    read_with_expat(bytes, prefixes_, limits_, *document);
  }
  return document;
}

}  // namespace masar
