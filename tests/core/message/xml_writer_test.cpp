#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/message/xml_reader.h"
#include "core/message/xml_writer.h"

using namespace masar;
using namespace std::string_literals;

namespace {

const XmlReader kReader({{"urn:p", "p"},
                         {"urn:q", "q"},
                         {"http://www.w3.org/2001/XMLSchema-instance", "xsi"}},
                        {});

std::string plain(const std::string& text) { return write_xml(*kReader.read(text)); }
std::string dotnet(const std::string& text) {
  return write_xml(*kReader.read(text), XmlForm::dotnet);
}

/// `<a x="value">value</a>` as written, or the code of the refusal.
std::string with_value(const std::string& value) {
  pugi::xml_document document;
  pugi::xml_node a = document.append_child("a");
  a.append_attribute("x").set_value(value.c_str());
  a.append_child(pugi::node_pcdata).set_value(value.c_str());
  try {
    return write_xml(document);
  } catch (const Error& error) {
    return error.code();
  }
}

std::string with_name(const std::string& name, bool attribute) {
  pugi::xml_document document;
  pugi::xml_node a = document.append_child(attribute ? "a" : name.c_str());
  if (attribute) a.append_attribute(name.c_str());
  try {
    return write_xml(document);
  } catch (const Error& error) {
    BOOST_CHECK(error.kind() == ErrorKind::internal);
    return error.code();
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(xml_writer_test)

BOOST_AUTO_TEST_CASE(plain_form_adds_nothing) {
  for (const std::string text :
       {"<a/>", "<a>x</a>", "<a><b/><c>كف</c></a>", "<a>x<b>y</b>z<c/></a>", "<a b=\"1\" c=\"\"/>",
        R"(<p:a xmlns:p="urn:p" xmlns:q="urn:q"><q:b p:x="1"/></p:a>)"}) {
    BOOST_TEST(plain(text) == text);
  }
  BOOST_TEST(plain("<?xml version='1.0'?><a></a>") == "<a/>");
  BOOST_TEST(plain("<a><![CDATA[<x>]]></a>") == "<a>&lt;x&gt;</a>");
}

BOOST_AUTO_TEST_CASE(what_was_written_reads_as_it_was) {
  for (const std::string value : {"", " ", "a&b<c>d\"e'f", "tab\tlf\ncr\rend", "]]>", "كف طلب",
                                  "\xF0\x9F\x98\x80", "\u0085\u2028", "\x7F", "&amp;", "&#38;"}) {
    pugi::xml_document document;
    pugi::xml_node a = document.append_child("a");
    a.append_attribute("x").set_value(value.c_str());
    if (!value.empty()) a.append_child(pugi::node_pcdata).set_value(value.c_str());
    for (const XmlForm form : {XmlForm::plain, XmlForm::dotnet}) {
      const Document again = kReader.read(write_xml(document, form));
      BOOST_TEST(again->child("a").attribute("x").value() == value);
      BOOST_TEST(again->child("a").text().get() == value);
    }
  }
}

BOOST_AUTO_TEST_CASE(escapes) {
  BOOST_TEST(with_value("&<>\"'\t\n\r") ==
             "<a x=\"&amp;&lt;&gt;&quot;'&#x9;&#xA;&#xD;\">&amp;&lt;&gt;\"'\t\n&#xD;</a>");
}

BOOST_AUTO_TEST_CASE(characters_that_xml_does_not_allow_are_refused) {
  for (const std::string bad :
       {"\x01", "\x08", "\x0B", "\x1F", "\x80", "\xC0\x80", "\xC3", "\xC3(", "\xE0\x80\x80",
        "\xE2\x82", "\xED\xA0\x80", "\xED\xBF\xBF", "\xEF\xBF\xBE", "\xEF\xBF\xBF",
        "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
        "\xF0\x9F\x98"}) {
    BOOST_TEST_CONTEXT(bad) {
      BOOST_TEST(with_value(bad) == "xml-character");
      BOOST_TEST(with_value("abc" + bad + "def") == "xml-character");
    }
  }
  for (const std::string good : {"\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF",
                                 "\xF0\x90\x80\x80", "\xC2\x80"}) {
    BOOST_TEST(with_value(good) == "<a x=\"" + good + "\">" + good + "</a>");
  }
}

BOOST_AUTO_TEST_CASE(bad_names_are_refused) {
  for (const std::string bad : {"", "1a", "-a", ".a", "a b", "a>", "a/", "a=", ":a", "a:",
                                "a:b:c", "a:1",
                                "p::a", "a\"", "a&", "×", "a×", "\xFF", "a\xC3",
                                "\u0301", "p:\u0301"}) {
    BOOST_TEST_CONTEXT(bad) {
      BOOST_TEST(with_name(bad, false) == "xml-name");
      BOOST_TEST(with_name(bad, true) == "xml-name");
    }
  }
  for (const std::string good : {"a", "_", "a-b.c1", "p:a", "بيان", "p:بيان", "a\u0301", "é1"}) {
    BOOST_TEST(with_name(good, false) == "<" + good + "/>");
    BOOST_TEST(with_name(good, true) == "<a " + good + "=\"\"/>");
  }
}

BOOST_AUTO_TEST_CASE(dotnet_form_sets_elements_on_lines) {
  BOOST_TEST(dotnet("<a/>") == "<a />");
  BOOST_TEST(dotnet("<a>x</a>") == "<a>x</a>");
  BOOST_TEST(dotnet("<a x='1'><b/><c><d>1</d></c></a>") ==
             "<a x=\"1\">\r\n  <b />\r\n  <c>\r\n    <d>1</d>\r\n  </c>\r\n</a>");
  // Text among elements: nothing more is set on lines in there, but after it again.
  BOOST_TEST(dotnet("<a><m>x<b><c/></b></m><d/></a>") ==
             "<a>\r\n  <m>x<b><c /></b></m>\r\n  <d />\r\n</a>");
  BOOST_TEST(dotnet("<a><b/>x<c/></a>") == "<a>\r\n  <b />x<c /></a>");
}

BOOST_AUTO_TEST_CASE(empty_text_is_no_content) {
  pugi::xml_document document;
  pugi::xml_node a = document.append_child("a");
  a.append_child(pugi::node_pcdata);
  BOOST_TEST(write_xml(document) == "<a/>");
  a.append_child("b");
  a.append_child(pugi::node_comment).set_value("x");
  BOOST_TEST(write_xml(document, XmlForm::dotnet) == "<a>\r\n  <b />\r\n</a>");
}

BOOST_AUTO_TEST_CASE(a_subtree_gets_the_declarations_it_needs) {
  const Document document = kReader.read(
      "<p:a xmlns:p='urn:p' xmlns:q='urn:q' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>"
      "<b><q:c p:x='1'/></b><d/><e xsi:type='q:T'/></p:a>");
  const pugi::xml_node a = document->child("p:a");
  BOOST_TEST(write_xml(a.child("b")) ==
             R"(<b xmlns:p="urn:p" xmlns:q="urn:q"><q:c p:x="1"/></b>)");
  BOOST_TEST(write_xml(a.child("b"), XmlForm::plain, false) == R"(<b><q:c p:x="1"/></b>)");
  BOOST_TEST(write_xml(a.child("b").child("q:c")) ==
             R"(<q:c p:x="1" xmlns:p="urn:p" xmlns:q="urn:q"/>)");
  BOOST_TEST(write_xml(a.child("d")) == "<d/>");
  BOOST_TEST(write_xml(a.child("e")) ==
             R"(<e xsi:type="q:T" xmlns:q="urn:q")"
             R"( xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>)");
  BOOST_TEST(write_xml(a).starts_with("<p:a xmlns:"));
}

BOOST_AUTO_TEST_CASE(inner_declarations_and_defaults_are_respected) {
  pugi::xml_document document;
  BOOST_REQUIRE(document.load_string(
      "<a xmlns='urn:d' xmlns:p='urn:p'><b><p:c xmlns:p='urn:own'/><d xmlns=''/></b>"
      "<p:e><f xmlns='urn:f'/></p:e></a>"));
  const pugi::xml_node a = document.child("a");
  BOOST_TEST(write_xml(a.child("b")) ==
             R"(<b xmlns="urn:d"><p:c xmlns:p="urn:own"/><d xmlns=""/></b>)");
  BOOST_TEST(write_xml(a.child("p:e")) == R"(<p:e xmlns:p="urn:p"><f xmlns="urn:f"/></p:e>)");
  BOOST_TEST(write_xml(a.child("b").child("d")) == R"(<d xmlns=""/>)");
  // A declaration ends with its element: what comes after it needs the outer one.
  pugi::xml_document other;
  BOOST_REQUIRE(other.load_string(
      "<a xmlns='urn:d' xmlns:p='urn:p'><b><p:c xmlns:p='urn:own'/><p:d/></b>"
      "<e xmlns=''><f/></e></a>"));
  BOOST_TEST(write_xml(other.child("a").child("b")) ==
             R"(<b xmlns="urn:d" xmlns:p="urn:p"><p:c xmlns:p="urn:own"/><p:d/></b>)");
  BOOST_TEST(write_xml(other.child("a").child("e").child("f")) == "<f/>");
}

BOOST_AUTO_TEST_SUITE_END()
