#pragma once

#include <string>
#include <vector>

#include <pugixml.hpp>

namespace masar {

struct HtmlPage {
  std::string text;                 ///< `<!DOCTYPE html><html>…`, UTF-8
  std::vector<std::string> styles;  ///< the content of each `<style>`, byte by byte as written
};

/// The document of an XHTML root (in http://www.w3.org/1999/xhtml, under any prefix) in HTML's
/// syntax (WHATWG HTML §13.3): names without prefix, void elements without end tag, all others with
/// one, `<style>` as it stands. Throws Error(rejected, "not-html") for an element of another
/// namespace, an attribute with a prefix, `<script>`, or a style that could end itself, and what
/// write_xml throws for characters and names.
HtmlPage write_html(const pugi::xml_document& document);

}  // namespace masar
