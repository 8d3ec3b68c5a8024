#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/config/element.h"

using namespace masar::config;
using namespace std::string_literals;

namespace {

Element load(std::string_view text) {
  Diagnostics diagnostics;
  auto element = load_element("file.xml", text, diagnostics);
  BOOST_TEST(diagnostics.text() == "");
  BOOST_REQUIRE(element.has_value());
  return *element;
}

std::string refusal(std::string_view text) {
  Diagnostics diagnostics;
  BOOST_TEST(!load_element("f", text, diagnostics).has_value());
  BOOST_TEST(diagnostics.findings().size() == 1U);
  return diagnostics.text();
}

std::string at(const Place& place) {
  return std::to_string(place.line) + ':' + std::to_string(place.column);
}

std::string repeat(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(element_test)

BOOST_AUTO_TEST_CASE(elements_attributes_and_text_have_places) {
  const Element root = load(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!-- كف -->\n"
      "<hub name='كف' \tzone = \"Asia/Amman\"\n"
      "     x=\"a&amp;b\">\n"
      "  <ب/><two a='1'>text</two>\r\n"
      "  tail\r"
      "  <last/>\n"
      "</hub>\n");
  BOOST_TEST(root.name.local == "hub");
  BOOST_TEST(root.place.file == "file.xml");
  BOOST_TEST(at(root.place) == "3:1");
  BOOST_REQUIRE(root.attributes.size() == 3U);
  BOOST_TEST(root.attributes[0].value == "كف");
  BOOST_TEST(at(root.attributes[0].place) == "3:6");
  BOOST_TEST(at(root.attributes[0].value_place) == "3:12");
  BOOST_TEST(at(root.attributes[1].place) == "3:17");
  BOOST_TEST(at(root.attributes[1].value_place) == "3:25");
  BOOST_TEST(at(root.attributes[2].place) == "4:6");
  BOOST_TEST(root.attributes[2].value == "a&b");
  const auto children = root.elements();
  BOOST_REQUIRE(children.size() == 3U);
  BOOST_TEST(at(children[0]->place) == "5:3");
  BOOST_TEST(at(children[1]->place) == "5:7");
  BOOST_TEST(at(children[1]->children[0].place) == "5:18");
  BOOST_TEST(at(children[2]->place) == "7:3");
  BOOST_TEST(root.children[0].is_text());
  BOOST_TEST(at(root.children[0].place) == "4:18");
  BOOST_TEST(root.children[3].text == "\n  tail\n  ");
  BOOST_TEST(root.all_text() == "\n  text\n  tail\n  \n");
}

BOOST_AUTO_TEST_CASE(a_value_keeps_its_line_ends) {
  const Element root = load("<a b='x &amp; &#x643;\r\n  y\rz\n' c='\t1'/>");
  BOOST_TEST(root.value("b") == "x & ك\n  y\nz\n");
  BOOST_TEST(root.value("c") == " 1");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_takes_no_column) {
  BOOST_TEST(at(load("\xEF\xBB\xBF<a/>").place) == "1:1");
}

BOOST_AUTO_TEST_CASE(comments_vanish_and_cdata_is_text) {
  const Element root = load("<a>one<!-- x -->two<![CDATA[<3>]]>&#x41;</a>");
  BOOST_REQUIRE(root.children.size() == 1U);
  BOOST_TEST(root.children[0].text == "onetwo<3>A");
  BOOST_TEST(at(root.children[0].place) == "1:4");
  const Element cdata = load("<a><![CDATA[x]]></a>");
  BOOST_TEST(cdata.children[0].text == "x");
  BOOST_TEST(at(cdata.children[0].place) == "1:13");
  BOOST_TEST(at(load("<a><!--x-->y</a>").children[0].place) == "1:12");
}

BOOST_AUTO_TEST_CASE(namespaces_are_resolved) {
  const Element root = load(
      "<p:a xmlns:p='urn:p' plain='0' xmlns='urn:d' p:q='1' xml:lang='ar'><b p:q='2'/>"
      "<c xmlns=''/></p:a>");
  BOOST_TEST(root.name.uri == "urn:p");
  BOOST_TEST(root.name.local == "a");
  BOOST_TEST(root.name.prefix == "p");
  BOOST_REQUIRE(root.namespaces.size() == 2U);
  BOOST_TEST(root.namespaces[0].first == "p");
  BOOST_TEST(root.namespaces[1].second == "urn:d");
  BOOST_REQUIRE(root.attributes.size() == 3U);
  BOOST_TEST(root.attributes[0].name.uri == "");
  BOOST_TEST(at(root.attributes[0].place) == "1:22");
  BOOST_TEST(root.value("q", "urn:p") == "1");
  BOOST_TEST(at(root.attribute("q", "urn:p")->place) == "1:46");
  BOOST_TEST(root.value("q") == "");
  BOOST_TEST(root.attribute("q") == nullptr);
  BOOST_TEST(root.value("lang", "http://www.w3.org/XML/1998/namespace") == "ar");
  const Element* b = root.element("b", "urn:d");
  BOOST_REQUIRE(b != nullptr);
  BOOST_TEST(b->name.prefix == "");
  BOOST_TEST(root.element("c") != nullptr);
  BOOST_TEST(root.elements("b", "urn:d").size() == 1U);
  BOOST_TEST(root.elements("b").size() == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_has_a_place) {
  BOOST_TEST(refusal("<a>\n  <b></c></a>") ==
             "f:2:8: not well-formed XML: mismatched tag; <b> of line 2 is open\n");
  BOOST_TEST(refusal("<a>").starts_with("f:1:4: not well-formed XML: no element found"));
  BOOST_TEST(refusal("").starts_with("f:1:1: not well-formed XML: no element found"));
  BOOST_TEST(refusal("<a/><b/>").starts_with("f:1:5: not well-formed XML: junk after"));
  BOOST_TEST(refusal("<a b='1' b='2'/>").find("duplicate attribute") != std::string::npos);
  BOOST_TEST(refusal("<p:a/>").find("unbound prefix") != std::string::npos);
  BOOST_TEST(refusal("<a>\xC3(</a>").find("not well-formed") != std::string::npos);
  BOOST_TEST(refusal("<a>&x;</a>").find("undefined entity") != std::string::npos);
  BOOST_TEST(refusal("<!DOCTYPE a [<!ENTITY x 'y'>]>\n<a>&x;</a>").find("document type") !=
             std::string::npos);
  BOOST_TEST(refusal("<a>\n<?php x?></a>") ==
             "f:2:1: a processing instruction is not allowed; remove <?…?>\n");
  BOOST_TEST(refusal("<?xml version='1.1'?><a/>").find("version") != std::string::npos);
  BOOST_TEST(refusal("<?xml version='1.0' encoding='latin1'?><a/>").find("UTF-8") !=
             std::string::npos);
  BOOST_TEST(refusal("\xFF\xFE<\0a\0/\0>\0"s).find("UTF-8") != std::string::npos);
  BOOST_TEST(refusal("\0<\0a\0/\0>"s).find("UTF-8") != std::string::npos);
  BOOST_TEST(refusal("\xEF\xBB\xBF\xEF\xBB\xBF<a/>").find("UTF-8") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(limits) {
  load(repeat("<a>", 64) + repeat("</a>", 64));
  BOOST_TEST(refusal(repeat("<a>", 65) + repeat("</a>", 65)).find("deeper") != std::string::npos);
  load("<a>" + repeat("<b/>", 19'999) + "</a>");
  BOOST_TEST(refusal("<a>" + repeat("<b/>", 20'000) + "</a>").find("nodes") != std::string::npos);
  std::string attributes;
  for (int i = 0; i < 64; ++i) attributes += " a" + std::to_string(i) + "='1'";
  load("<a" + attributes + "/>");
  BOOST_TEST(refusal("<a" + attributes + " b='1'/>").find("attributes") != std::string::npos);
  const std::string most = "<a>" + std::string((4 << 20) - 7, 'x') + "</a>";
  load(most);
  BOOST_TEST(refusal(most + " ").find("bytes") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
