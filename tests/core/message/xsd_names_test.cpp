#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/message/xml_reader.h"
#include "core/message/xml_writer.h"
#include "core/message/xsd_gate.h"
#include "core/message/xsd_names.h"

using namespace masar;

namespace {

const std::vector<XsdGate::Source> kSources{
    {"shop.xsd", R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:s="urn:shop"
  xmlns:c="urn:common" targetNamespace="urn:shop" elementFormDefault="qualified">
  <xs:import namespace="urn:common" schemaLocation="common.xsd"/>
  <xs:element name="Order"><xs:complexType><xs:sequence>
    <xs:element name="no" type="xs:string"/><xs:element name="buyer" type="c:Person"/>
  </xs:sequence><xs:attribute name="urgent" type="xs:boolean"/></xs:complexType></xs:element>
</xs:schema>)"},
    {"common.xsd", R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="urn:common" elementFormDefault="qualified">
  <xs:complexType name="Person"><xs:sequence><xs:element name="name" type="xs:string"/>
  </xs:sequence></xs:complexType></xs:schema>)"},
    {"other.xsd", R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="elsewhere" type="xs:string"/></xs:schema>)"},
    {"any.xsd", R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="A">
  <xs:complexType><xs:anyAttribute processContents="skip"/></xs:complexType></xs:element>
  </xs:schema>)"}};

const XsdGate& gate() {
  static const XsdGate made(kSources, "shop.xsd");
  return made;
}

const XsdNames& names() {
  static const XsdNames made(kSources, "shop.xsd");
  return made;
}

Document read(const std::string& inner) {
  const XmlReader reader({{"urn:shop", "s"}, {"urn:common", "c"},
                          {"http://www.w3.org/2001/XMLSchema-instance", "xsi"}}, {});
  return reader.read("<s:Order xmlns:s='urn:shop' xmlns:o='urn:other' "
                     "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
                     "xmlns:c='urn:common'" + inner +
                     "</s:Order>");
}

/// What stays between the root's tags, with its attributes.
std::string known(const std::string& inner) {
  const std::string all = write_xml(*names().known_of(read(inner)));
  const auto from = all.find("urn:common\"") + 11;
  return all.substr(from, all.size() - from - std::string("</s:Order>").size());
}

const std::string kGood = "><s:no>1</s:no><s:buyer><c:name>N</c:name></s:buyer>";

}  // namespace

BOOST_AUTO_TEST_SUITE(xsd_names_test)

BOOST_AUTO_TEST_CASE(a_document_without_unknown_names_is_the_same_one) {
  const Document document = read(" urgent='true' xsi:nil='false'" + kGood);
  BOOST_TEST(names().known_of(document) == document);
}

BOOST_AUTO_TEST_CASE(unknown_elements_go_whole_and_unknown_attributes_alone) {
  BOOST_TEST(known("><s:no>1</s:no><s:new><s:no>2</s:no></s:new><s:buyer><o:name>O</o:name>"
                   "<c:name>N</c:name></s:buyer>") == kGood);
  BOOST_TEST(known(" new='1' o:urgent='true'" + kGood) == kGood);
  BOOST_TEST(known("><s:no new='1'>1</s:no><s:buyer><c:name>N</c:name></s:buyer>") == kGood);
  BOOST_TEST(known("><s:no>1</s:no><s:buyer><c:name>N</c:name></s:buyer><elsewhere/>") == kGood);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_known_elsewhere_stays_for_the_gate) {
  const std::string twice = "><s:no>1</s:no><s:no>2</s:no><s:buyer><c:name>N</c:name></s:buyer>";
  BOOST_TEST(known(twice) == twice);
  BOOST_TEST(!gate().validate(names().known_of(read(twice))->document_element()).empty());
}

BOOST_AUTO_TEST_CASE(a_wildcard_is_said) {
  BOOST_TEST(names().wildcard() == "");
  BOOST_TEST(XsdNames(kSources, "any.xsd").wildcard() == "any.xsd has <xs:anyAttribute>");
}

BOOST_AUTO_TEST_SUITE_END()
