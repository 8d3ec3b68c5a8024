#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <sstream>
#include <thread>

#include "core/base/error.h"
#include "core/message/xml_reader.h"

using namespace masar;
using namespace std::string_literals;

namespace {

const Prefixes kPrefixes{{"urn:p", "p"},
                         {"urn:q", "q"},
                         {"http://www.w3.org/2001/XMLSchema-instance", "xsi"},
                         {"urn:with|bar", "bar"}};

std::string tree(const std::string& text, const Prefixes& prefixes = kPrefixes,
                 const XmlLimits& limits = {}) {
  const Document document = XmlReader(prefixes, limits).read(text);
  std::ostringstream out;
  document->save(out, "", pugi::format_raw | pugi::format_no_declaration);
  return out.str();
}

/// The code of the refusal, or "read".
std::string answer(const std::string& text, const XmlLimits& limits = {}) {
  try {
    XmlReader(kPrefixes, limits).read(text);
    return "read";
  } catch (const Error& error) {
    BOOST_CHECK(error.kind() == ErrorKind::rejected);
    return error.code();
  }
}

std::string repeat(std::string_view text, std::size_t count) {
  std::string all;
  all.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string nested(std::size_t depth) { return repeat("<a>", depth) + repeat("</a>", depth); }

std::string with_attributes(std::size_t count, const std::string& more = "") {
  std::string text = "<a" + more;
  for (std::size_t i = 0; i < count; ++i) text += " a" + std::to_string(i) + "='1'";
  return text + "/>";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(xml_reader_test)

BOOST_AUTO_TEST_CASE(elements_attributes_and_text) {
  BOOST_TEST(tree("<a/>") == "<a/>");
  BOOST_TEST(tree("<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes'?>\r\n"
                  "<a x='1' y='&lt;'>"
                  "<b>كف &amp; &#x41;</b></a>\n<!-- end -->\n") ==
             "<a x=\"1\" y=\"&lt;\"><b>كف &amp; A</b></a>");
  BOOST_TEST(tree("\xEF\xBB\xBF<a/>") == "<a/>");
  BOOST_TEST(tree("<?xml version='1.0' encoding='UTF-8'?><a/>") == "<a/>");
}

BOOST_AUTO_TEST_CASE(text_is_whole) {
  const Document document =
      XmlReader(kPrefixes, {}).read("<a><amount>1,<!-- x -->000<![CDATA[.<5]]>&#48;</amount></a>");
  const pugi::xml_node amount = document->child("a").child("amount");
  BOOST_TEST(amount.text().get() == "1,000.<50");
  BOOST_TEST(amount.first_child().next_sibling().empty());
  BOOST_TEST((amount.first_child().type() == pugi::node_pcdata));
  BOOST_TEST(tree("<a>one<b/>two<!--x-->three</a>") == "<a>one<b/>twothree</a>");
  const Document breaks = XmlReader(kPrefixes, {}).read("<a>x\r\ny\rz&#13;</a>");
  BOOST_TEST(breaks->child("a").text().get() == "x\ny\nz\r");
}

BOOST_AUTO_TEST_CASE(white_space_between_elements_is_dropped) {
  BOOST_TEST(tree("<a>\n  <b> </b>\n <!-- x -->\n <c>\n</c>\t</a>") == "<a><b> </b><c>\n</c></a>");
  BOOST_TEST(tree("<a> x <b/> </a>") == "<a> x <b/></a>");
  BOOST_TEST(tree("<a><![CDATA[ ]]><b/></a>") == "<a><b/></a>");
  BOOST_TEST(tree("<a>&#32;</a>") == "<a> </a>");
  BOOST_TEST(tree("<a>\u00A0<b/></a>") == "<a>\u00A0<b/></a>");
}

BOOST_AUTO_TEST_CASE(names_take_the_configured_prefixes) {
  BOOST_TEST(tree("<x:a xmlns:x='urn:p' x:k='1' k='2'><b xmlns='urn:q'/></x:a>") ==
             R"(<p:a xmlns:p="urn:p" xmlns:q="urn:q" p:k="1" k="2"><q:b/></p:a>)");
  BOOST_TEST(tree("<a xmlns='urn:p'><q:b xmlns:q='urn:p'/><c xmlns=''/></a>") ==
             R"(<p:a xmlns:p="urn:p"><p:b/><c/></p:a>)");
  // The document's own p means something else than the configuration's.
  BOOST_TEST(tree("<p:a xmlns:p='urn:q'><p:b xmlns:p='urn:other'/></p:a>") ==
             R"(<q:a xmlns:q="urn:q" xmlns:ns0="urn:other"><ns0:b/></q:a>)");
  BOOST_TEST(tree("<b:a xmlns:b='urn:with|bar'/>") == R"(<bar:a xmlns:bar="urn:with|bar"/>)");
  BOOST_TEST(tree("<a xml:lang='ar' xmlns:unused='urn:p'/>") == R"(<a xml:lang="ar"/>)");
}

BOOST_AUTO_TEST_CASE(unknown_namespaces_take_reserved_prefixes) {
  BOOST_TEST(tree("<a xmlns='urn:1'><b xmlns='urn:2'/><c/><d xmlns='urn:2'/></a>") ==
             R"(<ns0:a xmlns:ns0="urn:1" xmlns:ns1="urn:2"><ns1:b/><ns0:c/><ns1:d/></ns0:a>)");
  const Prefixes taken{{"urn:9", "ns0"}, {"urn:8", "ns2"}};
  BOOST_TEST(tree("<a xmlns='urn:1'><b xmlns='urn:2'/></a>", taken) ==
             R"(<ns1:a xmlns:ns1="urn:1" xmlns:ns3="urn:2"><ns3:b/></ns1:a>)");
  BOOST_TEST(tree("<ns0:a xmlns:ns0='urn:1' xmlns:ns1='urn:2' ns1:x='1'/>") ==
             R"(<ns0:a xmlns:ns0="urn:1" xmlns:ns1="urn:2" ns1:x="1"/>)");
}

BOOST_AUTO_TEST_CASE(instance_types_are_rewritten) {
  const std::string xsi = " xmlns:i='http://www.w3.org/2001/XMLSchema-instance'";
  const std::string out = R"( xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance")";
  BOOST_TEST(tree("<a" + xsi + " xmlns:x='urn:p' i:type=' x:T '/>") ==
             "<a" + out + R"( xmlns:p="urn:p" xsi:type="p:T"/>)");
  BOOST_TEST(tree("<a" + xsi + " xmlns='urn:q' i:type='T'/>") ==
             R"(<q:a xmlns:q="urn:q")" + out + R"( xsi:type="q:T"/>)");
  BOOST_TEST(tree("<a" + xsi + " i:type='T'/>") == "<a" + out + R"( xsi:type="T"/>)");
  BOOST_TEST(tree("<a" + xsi + " i:type='xml:T'/>") == "<a" + out + R"( xsi:type="xml:T"/>)");
  // Scopes end: the inner x is gone again, and the inner default too.
  BOOST_TEST(tree("<a" + xsi + " xmlns:x='urn:p'><b xmlns:x='urn:q' i:type='x:T'/>"
                  "<c i:type='x:T'/><d xmlns='urn:p' i:type='T'/><e i:type='T'/></a>") ==
             "<a" + out + R"( xmlns:q="urn:q" xmlns:p="urn:p"><b xsi:type="q:T"/>)"
             R"(<c xsi:type="p:T"/><p:d xsi:type="p:T"/><e xsi:type="T"/></a>)");
  BOOST_TEST(answer("<a" + xsi + " i:type='x:T'/>") == "xml-malformed");
  BOOST_TEST(answer("<a" + xsi + "><b xmlns:x='urn:p'/><c i:type='x:T'/></a>") == "xml-malformed");
  // Another attribute that is called type, and other values, stay as they are.
  BOOST_TEST(tree("<a type='x:T' xmlns:x='urn:p' x:type='x:T'/>") ==
             R"(<a xmlns:p="urn:p" type="x:T" p:type="x:T"/>)");
}

BOOST_AUTO_TEST_CASE(malformed_documents_are_refused) {
  const std::string bad[] = {
      "", " ", "x", "<", "<a", "<a>", "</a>", "<a></b>", "<a><b></a></b>", "<a/><b/>", "<a/>x",
      "<a/>\0"s, "<a/>&amp;", "x<a/>", " <?xml version='1.0'?><a/>", "<a x='1' x='2'/>",
      "<a xmlns:p='urn:1' xmlns:q='urn:1' p:x='1' q:x='2'/>", "<p:a/>", "<a p:x='1'/>",
      "<a xmlns:p=''/>", "<a xmlns:xml='urn:x'/>", "<a xmlns:xmlns='urn:x'/>",
      "<a:b:c xmlns:a='u'/>",
      "<:a/>", "<a:/>", "<a x/>", "<a x=1/>", "<a x='1'y='2'/>", "<a x='<'/>", "<a>&</a>",
      "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#x1;</a>", "<a>&#xD800;</a>", "<a>&#xFFFE;</a>",
      "<a>&#x110000;</a>", "<a>]]></a>", "<a><!-- -- --></a>", "<a><![CDATA[</a>", "<1a/>",
      "<a>\x01</a>",
      "<a>\0</a>"s, "<a>\x80</a>", "<a>\xC0\x80</a>", "<a>\xED\xA0\x80</a>",
      "<a>\xF4\x90\x80\x80</a>",
      "<a>\xE2\x82</a>", "<a>\xEF\xBF\xBF</a>", "<a x='\xFF'/>", "<\xFF/>", "<?xml version='1.0'?>",
      "<?xml encoding='UTF-8'?><a/>", "<?xml version='1.0' encoding='UTF-8' more='1'?><a/>",
      "<a><![FOO[x]]></a>", "<a>&#x41</a>", "<a \x01='1'/>", "\xEF\xBB\xBF\xEF\xBB\xBF<a/>",
      "<a xmlns='urn:a\nb'><b/></a>x"};
  for (const std::string& text : bad) {
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(answer(text) == "xml-malformed"); }
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_says_where_but_not_what) {
  try {
    XmlReader(kPrefixes, {}).read("<a>\n  <b>9881012345</c>\n</a>");
    BOOST_ERROR("read");
  } catch (const Error& error) {
    BOOST_TEST(error.what() == "line 2, column 18: mismatched tag"s);
  }
}

BOOST_AUTO_TEST_CASE(document_types_are_refused) {
  const std::string bad[] = {
      "<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
      "<!DOCTYPE a PUBLIC 'x' 'http://127.0.0.1/x.dtd'><a/>",
      "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
      "<!DOCTYPE a [<!ENTITY b 'xxxx'><!ENTITY c '&b;&b;&b;&b;'>]><a>&c;</a>",
      "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]><a/>",
      "<!DOCTYPE a [<!ATTLIST a x CDATA '1'>]><a/>",
      "<!DOCTYPE a [<!ENTITY e '" + std::string(100'000, 'x') + "'>]><a>" +
          repeat("&e;", 10'000) + "</a>"};
  for (const std::string& text : bad) {
    BOOST_TEST_CONTEXT(text.substr(0, 80)) { BOOST_TEST(answer(text) == "xml-doctype"); }
  }
}

BOOST_AUTO_TEST_CASE(other_encodings_are_refused) {
  const std::string bad[] = {
      "\xFF\xFE<\0a\0/\0>\0"s, "\xFE\xFF\0<\0a\0/\0>"s, "<\0a\0/\0>\0"s, "\0<\0a\0/\0>"s,
      "\0\0\xFE\xFF\0\0\0<"s, "\xFF\xFE\0\0<\0\0\0"s,
      "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>",
      "<?xml version='1.0' encoding='windows-1256'?><a/>",
      "<?xml version='1.0' encoding='UTF-16'?><a/>", "<?xml version='1.0' encoding='UTF-7'?><a/>",
      "<?xml version='1.0' encoding='US-ASCII'?><a/>", "<?xml version='1.0' encoding='utf8'?><a/>"};
  for (const std::string& text : bad) {
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(answer(text) == "xml-encoding"); }
  }
}

BOOST_AUTO_TEST_CASE(other_versions_and_instructions_are_refused) {
  BOOST_TEST(answer("<?xml version='1.1'?><a/>") == "xml-version");
  BOOST_TEST(answer("<?xml version='1.1' encoding='UTF-8'?><a>&#x1;</a>") == "xml-version");
  BOOST_TEST(answer("<?pi x?><a/>") == "xml-processing-instruction");
  BOOST_TEST(answer("<a><?pi?></a>") == "xml-processing-instruction");
  BOOST_TEST(answer("<a/><?pi x?>") == "xml-processing-instruction");
  BOOST_TEST(answer("<?xml-stylesheet href='x'?><a/>") == "xml-processing-instruction");
}

BOOST_AUTO_TEST_CASE(limit_of_bytes) {
  const XmlLimits limits{.bytes_max = 20};
  BOOST_TEST(answer("<a>" + std::string(12, 'x') + "</a>", limits) == "read");
  BOOST_TEST(answer("<a>" + std::string(13, 'x') + "</a>", limits) == "read");
  BOOST_TEST(answer("<a>" + std::string(14, 'x') + "</a>", limits) == "xml-too-large");
  const std::size_t most = 1 << 20;
  BOOST_TEST(answer("<a>" + std::string(most - 7, 'x') + "</a>") == "read");
  BOOST_TEST(answer("<a>" + std::string(most - 6, 'x') + "</a>") == "xml-too-large");
}

BOOST_AUTO_TEST_CASE(limit_of_depth) {
  BOOST_TEST(answer(nested(63)) == "read");
  BOOST_TEST(answer(nested(64)) == "read");
  BOOST_TEST(answer(nested(65)) == "xml-too-deep");
  BOOST_TEST(answer(repeat("<a>", 63) + "<a/>" + repeat("</a>", 63)) == "read");
  BOOST_TEST(answer(repeat("<a>", 64) + "<a/>" + repeat("</a>", 64)) == "xml-too-deep");
  BOOST_TEST(answer(nested(100'000)) == "xml-too-deep");
  BOOST_TEST(answer(repeat("<a>", 300'000)) == "xml-too-deep");
  BOOST_TEST(answer("<a><b/><b/></a>", {.depth_max = 2}) == "read");
}

BOOST_AUTO_TEST_CASE(limit_of_nodes) {
  const auto with = [](std::size_t children) { return "<a>" + repeat("<b/>", children) + "</a>"; };
  BOOST_TEST(answer(with(19'998)) == "read");
  BOOST_TEST(answer(with(19'999)) == "read");
  BOOST_TEST(answer(with(20'000)) == "xml-too-many-nodes");
  BOOST_TEST(answer(with(260'000)) == "xml-too-many-nodes");
  BOOST_TEST(answer(with(2'500'000), {.bytes_max = 20 << 20}) == "xml-too-many-nodes");
  // Texts count, white space between elements does not.
  BOOST_TEST(answer("<a>x<b/>y</a>", {.nodes_max = 4}) == "read");
  BOOST_TEST(answer("<a>x<b/>y</a>", {.nodes_max = 3}) == "xml-too-many-nodes");
  BOOST_TEST(answer("<a>x</a>", {.nodes_max = 1}) == "xml-too-many-nodes");
  BOOST_TEST(answer("<a> <b/> <b/> </a>", {.nodes_max = 3}) == "read");
}

BOOST_AUTO_TEST_CASE(limit_of_attributes) {
  BOOST_TEST(answer(with_attributes(63)) == "read");
  BOOST_TEST(answer(with_attributes(64)) == "read");
  BOOST_TEST(answer(with_attributes(65)) == "xml-too-many-attributes");
  BOOST_TEST(answer(with_attributes(64, " xmlns='urn:p' xmlns:x='urn:q'")) == "read");
  BOOST_TEST(answer(with_attributes(500'000), {.bytes_max = 20 << 20}) ==
             "xml-too-many-attributes");
}

BOOST_AUTO_TEST_CASE(many_namespaces_cost_little) {
  // Each of these would be quadratic if anything looked through a list.
  std::string elements = "<a>";
  std::string declarations = "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance'";
  std::string types;
  for (int i = 0; i < 15'000; ++i) {
    elements += "<b xmlns='urn:x" + std::to_string(i) + "'/>";
    declarations += " xmlns:p" + std::to_string(i) + "='urn:x" + std::to_string(i) + "'";
    types += "<b i:type='p" + std::to_string(i) + ":T'/>";
  }
  BOOST_TEST(answer(elements + "</a>") == "read");
  BOOST_TEST(answer(declarations + '>' + types + "</a>", {.bytes_max = 4 << 20}) == "read");
}

BOOST_AUTO_TEST_CASE(every_prefix_of_a_document_and_every_changed_byte_is_answered) {
  const std::string text =
      "<?xml version='1.0' encoding='UTF-8'?><x:a xmlns:x='urn:p' k='v'><!--c--><b>كف&amp;"
      "<![CDATA[<]]>&#x41;</b><c xmlns='urn:q' x:y=\"1\"/></x:a>";
  BOOST_TEST(answer(text) == "read");
  for (std::size_t i = 0; i < text.size(); ++i) {
    BOOST_TEST(answer(text.substr(0, i)) == "xml-malformed");
    for (const char c : "<>&\"'/:!? x\x80\xFF"s + '\0') {
      std::string changed = text;
      changed[i] = c;
      const std::string code = answer(changed);
      BOOST_TEST((code == "read" || code.starts_with("xml-")));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_leaves_no_trace_in_the_next_document) {
  const XmlReader reader(kPrefixes, {});
  for (const char* bad : {"<p:a xmlns:p='urn:q'>",
                          "<!DOCTYPE a [<!ENTITY e 'x'>]><a/>", "<a>\xFF"}) {
    BOOST_CHECK_THROW(reader.read(bad), Error);
    BOOST_CHECK_THROW(reader.read("<p:a/>"), Error);
    BOOST_CHECK_THROW(reader.read("<a>&e;</a>"), Error);
    BOOST_TEST(reader.read("<a>x</a>")->child("a").text().get() == "x");
  }
}

BOOST_AUTO_TEST_CASE(threads_read_with_one_reader) {
  const XmlReader reader(kPrefixes, {});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string value = std::to_string(t);
      for (int i = 0; i < 200; ++i) {
        const Document document = reader.read("<a xmlns='urn:p'><b>" + value + "</b></a>");
        if (document->child("p:a").child("p:b").text().get() != value) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(prefixes_must_not_be_empty) {
  BOOST_CHECK_THROW(XmlReader({{"urn:p", ""}}, {}), Error);
}

BOOST_AUTO_TEST_CASE(a_message_finds_its_headers) {
  Message message;
  message.headers = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  BOOST_TEST(message.header("a") == "1");
  BOOST_TEST(message.header("A") == "");
  BOOST_TEST(message.header("c") == "");
}

BOOST_AUTO_TEST_SUITE_END()
