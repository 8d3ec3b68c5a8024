#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "core/message/xml_reader.h"
#include "core/message/xsd_quick.h"
#include "core/message/xsd_value.h"

using namespace masar;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> files(const fs::path& folder, const std::string& ending) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().string().ends_with(ending)) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// One schema, the quick way and libxml2's alone.
struct Both {
  Both(std::vector<XsdGate::Source> sources, const std::string& root)
      : quick(XsdQuick::compile(sources, root)), thorough(without_quick(sources, root), root) {}

  /// A notation is nothing to documents, and makes the quick way know nothing.
  static std::vector<XsdGate::Source> without_quick(std::vector<XsdGate::Source> sources,
                                                    const std::string& root) {
    for (auto& source : sources) {
      if (source.path != root) continue;
      const std::size_t end = source.contents.rfind("</xs:schema>");
      source.contents.insert(end, "<xs:notation name='none' public='none'/>");
    }
    BOOST_TEST(!XsdQuick::compile(sources, root));
    return sources;
  }

  /// Whether the quick way accepts it; then libxml2 does too.
  bool compare(pugi::xml_node root) const {
    if (!quick || !quick->accepts(root)) return false;
    const auto findings = thorough.validate(root);
    if (!findings.empty()) {
      std::ostringstream text;
      root.print(text, "", pugi::format_raw);
      BOOST_ERROR(findings[0].element + ": " + findings[0].text + "\n" + text.str());
    }
    return true;
  }

  std::unique_ptr<XsdQuick> quick;
  XsdGate thorough;
};

const Prefixes kPrefixes{{"urn:masar:bench:order:1", "o"}, {"urn:p", "p"}};
const XmlReader kReader(kPrefixes, {});
const std::string kFolder = MASAR_SOURCE_DIR;

const std::string kOwn = R"xsd(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="urn:p" xmlns="urn:p" elementFormDefault="qualified">
  <xs:simpleType name="Word"><xs:restriction base="xs:string"><xs:minLength value="1"/>
    <xs:maxLength value="3"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Plate"><xs:restriction base="xs:string">
    <xs:pattern value="[\p{L}0-9-]{1,4}(\.\d\d)?"/><xs:pattern value="x+"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="Amount"><xs:restriction base="xs:decimal"><xs:totalDigits value="5"/>
    <xs:fractionDigits value="3"/><xs:minExclusive value="0"/><xs:maxInclusive value="50.5"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="Zoned"><xs:restriction base="xs:dateTime">
    <xs:pattern value=".*(Z|[+\-]\d\d:\d\d)"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="When"><xs:union memberTypes="Zoned xs:date"/></xs:simpleType>
  <xs:simpleType name="Kind"><xs:restriction base="Word"><xs:enumeration value="a"/>
    <xs:enumeration value="&#x643;"/></xs:restriction></xs:simpleType>
  <xs:group name="Rest"><xs:sequence><xs:element name="uri" type="xs:anyURI" minOccurs="0"/>
    <xs:element name="flag" type="xs:boolean" minOccurs="0"/></xs:sequence></xs:group>
  <xs:complexType name="Tree"><xs:sequence><xs:element name="word" type="Word"/>
    <xs:element name="tree" type="Tree" minOccurs="0" maxOccurs="2"/></xs:sequence></xs:complexType>
  <xs:element name="alone" type="xs:date"/>
  <xs:element name="all"><xs:complexType><xs:sequence>
    <xs:choice minOccurs="0" maxOccurs="3"><xs:element name="plate" type="Plate"/>
      <xs:element name="kind" type="Kind"/><xs:sequence><xs:element ref="alone"/>
      <xs:element name="when" type="When"/></xs:sequence></xs:choice>
    <xs:element name="amount" type="Amount" minOccurs="2" maxOccurs="3"/>
    <xs:element name="count" type="xs:positiveInteger"/>
    <xs:element name="none" minOccurs="0"><xs:complexType/></xs:element>
    <xs:group ref="Rest"/><xs:element name="tree" type="Tree" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>)xsd";

const char* const kOwnDocuments[] = {
    "<all xmlns='urn:p'><amount>1.5</amount><amount>50.500</amount><count>1</count></all>",
    "<all xmlns='urn:p'><plate>a-1.25</plate><alone>2024-02-29</alone><when>2026-01-02</when>"
    "<kind>a</kind><amount>1</amount><amount>0.001</amount><amount>20</amount><count>77</count>"
    "<none/><uri>urn:a:b</uri><flag>true</flag><tree><word>abc</word><tree><word>x</word></tree>"
    "<tree><word>y</word></tree></tree></all>",
    "<all xmlns='urn:p'><plate>xxxxx</plate><alone>2026-01-02+03:00</alone>"
    "<when>2026-01-02T03:04:05.6Z</when><amount>1</amount><amount>1</amount><count>12</count>"
    "<uri>http://a.b/c</uri></all>"};

/// Changes a document at random: values, order, number and names of elements.
class Damage {
 public:
  explicit Damage(unsigned seed) : random_(seed) {}

  void change(pugi::xml_document& document) {
    std::vector<pugi::xml_node> elements;
    collect(document.document_element(), elements);
    pugi::xml_node node = elements[below(elements.size())];
    pugi::xml_node parent = node.parent();
    switch (below(node == document.document_element() ? 3 : 7)) {
      case 3: parent.remove_child(node); break;
      case 4: parent.insert_copy_after(node, node); break;
      case 5: parent.prepend_move(node); break;
      case 6: node.set_name(elements[below(elements.size())].name()); break;
      default: change_value(node);
    }
  }

 private:
  static void collect(pugi::xml_node node, std::vector<pugi::xml_node>& elements) {
    elements.push_back(node);
    for (pugi::xml_node child : node.children()) {
      if (child.type() == pugi::node_element) collect(child, elements);
    }
  }
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  void change_value(pugi::xml_node node) {
    static const std::vector<std::string> kValues = {"",
                                                     " ",
                                                     "0",
                                                     "-0",
                                                     "00",
                                                     "+1",
                                                     "-1",
                                                     "1.",
                                                     ".5",
                                                     "1e3",
                                                     "0.0000000001",
                                                     "999999999",
                                                     "1234567890123",
                                                     "1.2345",
                                                     "50.501",
                                                     "true",
                                                     "1",
                                                     "TRUE",
                                                     "2023-02-29",
                                                     "2024-02-29",
                                                     "2026-13-01",
                                                     "0000-01-01",
                                                     "2026-01-02T24:00:00Z",
                                                     "2026-01-02T23:59:60Z",
                                                     "2026-01-02T03:04:05+14:00",
                                                     "2026-01-02T03:04:05-13:59",
                                                     "2026-01-02Z",
                                                     "-2026-01-02",
                                                     "urn:",
                                                     "urn:a b",
                                                     "a",
                                                     "1:x",
                                                     "http://",
                                                     "http://a:b/",
                                                     "urn:%zz",
                                                     "http:/x",
                                                     "urn:-a",
                                                     "A1",
                                                     "a-b",
                                                     "\u0643",
                                                     "\u0643\u0641\u0628\u0631",
                                                     "x.",
                                                     "x-",
                                                     "[x]",
                                                     "\\",
                                                     "xxx",
                                                     "ready"};
    std::string value = node.text().get();
    const std::size_t at = below(value.size() + 1);
    constexpr std::string_view kBytes = "019aAxZ-+.:/ TZ";
    const char byte = kBytes[below(kBytes.size())];
    switch (below(4)) {
      case 0: value.insert(at, 1, byte); break;
      case 1: value.erase(at, 1 + below(2)); break;
      case 2:
        if (at < value.size()) value[at] = byte;
        break;
      default: value = kValues[below(kValues.size())];
    }
    if (!is_utf8(value)) return;
    for (pugi::xml_node child : node.children()) {
      if (child.type() == pugi::node_element) return;
    }
    node.text().set(value.c_str());
  }
  static bool is_utf8(const std::string& text) {
    try {
      kReader.read("<a>" + text + "</a>");
      return true;
    } catch (const std::exception&) {
      return text.find('&') != std::string::npos;
    }
  }

  std::mt19937 random_;
};

/// Counts what the quick way accepts of documents that are changed a little.
int accepted_of_changed(const Both& both, pugi::xml_node root, Damage& damage, int count) {
  int accepted = 0;
  for (int i = 0; i < count; ++i) {
    pugi::xml_document document;
    document.append_copy(root);
    const int times = 1 + i % 3;
    for (int t = 0; t < times; ++t) damage.change(document);
    accepted += both.compare(document.document_element()) ? 1 : 0;
  }
  return accepted;
}

int rounds() {
  const char* more = std::getenv("MASAR_XSD_DOCUMENTS");  // for a hunt
  return more != nullptr ? std::atoi(more) : 60;
}
unsigned seed() {
  return std::getenv("MASAR_XSD_DOCUMENTS") != nullptr ? std::random_device()() : 1U;
}

bool value_accepted(const std::string& facet, const std::string& limit, const std::string& value) {
  XsdValue type = *XsdValue::built_in("decimal");
  BOOST_TEST(type.narrow(facet, limit));
  return type.accepts(value);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(xsd_quick_test)

BOOST_AUTO_TEST_CASE(both_ways_agree_on_a_schema_with_everything_the_quick_way_knows) {
  const Both both({{"own.xsd", kOwn}}, "own.xsd");
  BOOST_REQUIRE(both.quick);
  Damage damage(seed());
  int accepted = 0;
  for (const char* text : kOwnDocuments) {
    const Document document = kReader.read(text);
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(both.compare(document->document_element())); }
    accepted += accepted_of_changed(both, document->document_element(), damage, 20 * rounds());
  }
  BOOST_TEST(accepted > 3 * rounds());
  BOOST_TEST_MESSAGE("accepted " << accepted << " of " << 60 * rounds());
}

BOOST_AUTO_TEST_CASE(both_ways_agree_on_the_shipped_schemas_and_samples) {
  Damage damage(seed());
  std::vector<XsdGate::Source> sources;
  for (const auto& path : files(kFolder + "/config/schemas", ".xsd")) {
    sources.push_back({path.string(), contents(path)});
  }
  // The samples' own prefixes, so that each document is read as the hub would.
  const XmlReader reader({}, {});
  int whole = 0;
  int changed = 0;
  for (const auto& source : sources) {
    const Both both(sources, source.path);
    BOOST_TEST_CONTEXT(source.path) { BOOST_TEST((both.quick != nullptr)); }
    for (const auto& path : files(kFolder + "/mappings", ".xml")) {
      if (path.string().find("/samples/") == std::string::npos) continue;
      const Document document = reader.read(contents(path));
      if (!both.compare(document->document_element())) continue;
      ++whole;
      changed += accepted_of_changed(both, document->document_element(), damage, rounds());
    }
  }
  BOOST_TEST(whole >= 10);
  BOOST_TEST(changed > 0);
  BOOST_TEST_MESSAGE("accepted " << whole << " samples, " << changed << " changed ones");
}

BOOST_AUTO_TEST_CASE(both_ways_agree_on_an_order) {
  const std::string folder = kFolder + "/tests/bench/installation";
  const auto schemas = files(folder + "/config/schemas", ".xsd");
  BOOST_REQUIRE(!schemas.empty());
  const Both both({{"order.xsd", contents(schemas[0])}}, "order.xsd");
  const Document document = kReader.read(contents(folder + "/order.xml"));
  BOOST_TEST(both.compare(document->document_element()));
  Damage damage(seed());
  BOOST_TEST(accepted_of_changed(both, document->document_element(), damage, 10 * rounds()) > 0);
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_left_to_libxml2) {
  const auto accepts = [](const std::string& inner, const std::string& document) {
    const std::string text =
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>" + inner + "</xs:schema>";
    const auto quick = XsdQuick::compile({{"one.xsd", text}}, "one.xsd");
    return quick && quick->accepts(kReader.read(document)->document_element());
  };
  const std::string plain = "<xs:element name='a' type='xs:string'/>";
  BOOST_TEST(accepts(plain, "<a>x</a>"));
  BOOST_TEST(!accepts(plain, "<a b='1'>x</a>"));
  BOOST_TEST(!accepts(plain, "<a><b/></a>"));
  BOOST_TEST(!accepts(plain, "<b>x</b>"));
  BOOST_TEST(!accepts("<xs:element name='a' type='xs:string' nillable='true'/>", "<a>x</a>"));
  BOOST_TEST(!accepts("<xs:element name='a' type='xs:token'/>", "<a>x</a>"));
  BOOST_TEST(!accepts("<xs:element name='a'/>", "<a>x</a>"));
  const std::string list =
      "<xs:element name='a'><xs:complexType><xs:sequence>"
      "<xs:element name='b' type='xs:string' maxOccurs='2'/></xs:sequence>"
      "</xs:complexType>";
  BOOST_TEST(accepts(list + "</xs:element>", "<a><b>1</b><b>1</b></a>"));
  BOOST_TEST(!accepts(list + "</xs:element>", "<a><b>1</b><b>1</b><b>1</b></a>"));
  BOOST_TEST(!accepts(list + "</xs:element>", "<a/>"));
  BOOST_TEST(!accepts(list + "</xs:element>", "<a><b>1</b>x</a>"));
  BOOST_TEST(!accepts(list + "<xs:unique name='u'><xs:selector xpath='b'/><xs:field xpath='.'/>"
                             "</xs:unique></xs:element>",
                      "<a><b>1</b></a>"));
  BOOST_TEST(
      !accepts("<xs:element name='a'><xs:complexType><xs:attribute name='b'/>"
               "</xs:complexType></xs:element>",
               "<a/>"));
}

BOOST_AUTO_TEST_CASE(values_at_their_limits) {
  BOOST_TEST(value_accepted("maxInclusive", "50.5", "50.499"));
  BOOST_TEST(value_accepted("maxInclusive", "50.5", "50.5"));
  BOOST_TEST(!value_accepted("maxInclusive", "50.5", "50.501"));
  BOOST_TEST(value_accepted("maxExclusive", "50.5", "50.499999999"));
  BOOST_TEST(!value_accepted("maxExclusive", "50.5", "50.5"));
  BOOST_TEST(value_accepted("minExclusive", "0", "0.000000001"));
  BOOST_TEST(!value_accepted("minExclusive", "0", "0"));
  BOOST_TEST(value_accepted("minInclusive", "-1", "-1"));
  BOOST_TEST(!value_accepted("minInclusive", "-1", "-1.1"));
  BOOST_TEST(value_accepted("totalDigits", "4", "12.34"));
  BOOST_TEST(!value_accepted("totalDigits", "4", "123.45"));
  BOOST_TEST(value_accepted("fractionDigits", "2", "1.23"));
  BOOST_TEST(!value_accepted("fractionDigits", "2", "1.234"));
  // Nine digits on either side are what it reckons with; more are libxml2's.
  BOOST_TEST(value_accepted("minInclusive", "0", "999999999.999999999"));
  BOOST_TEST(!value_accepted("minInclusive", "0", "1000000000"));
}

BOOST_AUTO_TEST_CASE(patterns) {
  const auto accepts = [](const std::string& expression, const std::string& value) {
    const auto pattern = XsdPattern::compile(expression);
    BOOST_TEST_CONTEXT(expression) { BOOST_TEST(pattern.has_value()); }
    return pattern && pattern->accepts(value);
  };
  BOOST_TEST(accepts("\\d{1,9}\\.\\d{3}", "123456789.000"));
  BOOST_TEST(!accepts("\\d{1,9}\\.\\d{3}", "1234567890.000"));
  BOOST_TEST(!accepts("\\d{1,9}\\.\\d{3}", "1.0000"));
  BOOST_TEST(accepts(".*(Z|[+\\-]\\d\\d:\\d\\d)", "2026-01-02T03:04:05+03:00"));
  BOOST_TEST(!accepts(".*(Z|[+\\-]\\d\\d:\\d\\d)", "2026-01-02T03:04:05"));
  BOOST_TEST(accepts("a*ab", "aaab"));
  BOOST_TEST(accepts("(ab|c)+d?", "abcabd"));
  BOOST_TEST(!accepts("(ab|c)+d?", "d"));
  BOOST_TEST(accepts("[A-Z]{0}x", "x"));
  BOOST_TEST(accepts("a|b|", ""));
  BOOST_TEST(!accepts("[\\p{L}0-9-]{1,3}", "\u0643"));
  BOOST_TEST(!accepts("(a*)*b", std::string(60, 'a')));
  BOOST_TEST(!accepts("a*a*a*a*a*a*a*a*b", std::string(200, 'a')));
  for (const char* unknown : {"[^a]", "\\s", "\\p{Lu}", "[a-z-[b]]", "a{1,", "(a", "a)", "[a",
                              "\u0643", "*", "a{2,1}", "a{2,}", "[\\d-x]", "^a"}) {
    BOOST_TEST_CONTEXT(unknown) {
      const bool caret = std::string_view(unknown) == "^a";  // an ordinary character in XSD
      BOOST_TEST(XsdPattern::compile(unknown).has_value() == caret);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
