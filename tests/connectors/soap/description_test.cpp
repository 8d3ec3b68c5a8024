// The WSDL of an inbound endpoint and its schemas: what they say, and that asking changes nothing.
// Whether foreign programs understand them stands in tests/peers/soap.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/soap/description.h"
#include "tests/connectors/soap/desk.h"

using namespace masar;
using namespace masar::test::soap_desk;

namespace {

const std::string kXs = "xmlns:xs='http://www.w3.org/2001/XMLSchema'";
const std::vector<XsdGate::Source> kSchemas{
    {"notes.xsd",
     "<!-- kept --><xs:schema " + kXs + " xmlns:b='urn:b' targetNamespace='urn:b'>\n"
     "  <xs:include schemaLocation='./more.xsd'/>\n"
     "  <xs:import namespace='urn:c' schemaLocation='common.xsd'/>\n"
     "  <xs:element name='Note' type='xs:string'/>\n</xs:schema>"},
    {"more.xsd", "<xs:schema " + kXs + " targetNamespace='urn:b'><xs:element name='NoteResponse'/>"
                 "</xs:schema>"},
    {"common.xsd", "<xs:schema " + kXs + " targetNamespace='urn:c'/>"},
    {"blocks.xsd", "<xs:schema " + kXs + " targetNamespace='urn:a'><xs:element name='Client' "
                   "type='xs:string'/></xs:schema>"},
    {"secret.xsd", "<xs:schema " + kXs + " targetNamespace='urn:d'/>"}};
const std::string kOperations =
    "<operation name='Note' action='urn:b/Note' reply='b:NoteResponse'/>"
    "<operation name='NoteResponse' action='urn:b/Tell'/>"
    "<header name='a:Client'/><header name='a:Other'/>";

void described(EndpointSpec& spec) {
  spec.schema = "notes.xsd";
  spec.schemas = &kSchemas;
}

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

std::string check(const std::string& inner) {
  Stage stage;
  Listeners listeners;
  config::Diagnostics diagnostics;
  listeners.check(test::element(kHere), diagnostics);
  Endpoint endpoint("e", true, "<soap listener='http' path='/a'>" + inner + "</soap>");
  described(endpoint.spec);
  masar::soap::make_soap(stage.context(kPrefixes), listeners)->check(endpoint.spec, diagnostics);
  return diagnostics.text();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(soap_description)

BOOST_AUTO_TEST_CASE(the_wsdl_says_operations_replies_faults_headers_and_both_versions) {
  Inbound in("", kOperations, described);
  const std::string answer = in.get("/in?wsdl");
  BOOST_TEST(status_of(answer) == "200");
  BOOST_TEST(has(answer, "Content-Type: text/xml; charset=utf-8\r\n"));
  const std::string wsdl = body_of(answer);
  XmlReader({}, {}).read(wsdl);
  for (const char* part_of : {
           "targetNamespace=\"urn:b\"",
           "<xs:import namespace=\"urn:b\" "
           "schemaLocation=\"http://hub.example:81/in?xsd=notes.xsd\"/>",
           "<xs:import namespace=\"urn:masar:hub:1\" schemaLocation=\"http://hub.example:81/in?"
           "xsd=masar-refusal.xsd\"/>",
           "<xs:import namespace=\"urn:a\" "
           "schemaLocation=\"http://hub.example:81/in?xsd=blocks.xsd\"/>",
           "<wsdl:part name=\"parameters\" element=\"t:NoteResponse\"/>",
           "<wsdl:message name=\"Headers\"><wsdl:part name=\"Client\" element=\"n1:Client\"/>"
           "</wsdl:message>",
           // One-way: no output, no fault.
           "<wsdl:operation name=\"NoteResponse\"><wsdl:input message=\"t:NoteResponseRequest\"/>"
           "</wsdl:operation>",
           "<soap:operation soapAction=\"urn:b/Note\" style=\"document\"/>",
           "<soap12:operation soapAction=\"urn:b/Note\" style=\"document\" "
           "soapActionRequired=\"false\"/>",
           "<wsdl:port name=\"InSoap11\" binding=\"t:InSoap11\"><soap:address "
           "location=\"http://hub.example:81/in\"/></wsdl:port>",
           "<wsdl:port name=\"InSoap12\" binding=\"t:InSoap12\"><soap12:address "
           "location=\"http://hub.example:81/in\"/></wsdl:port>",
       }) {
    BOOST_TEST(has(wsdl, part_of), part_of << " in " << wsdl);
  }
  BOOST_TEST(body_of(in.get("/in?WSDL")) == wsdl);
  BOOST_TEST(has(in.get("/in?wsdl", ""), "401 "));
  BOOST_TEST(in.stage.received().empty());
}

BOOST_AUTO_TEST_CASE(a_schema_leads_to_the_next_one) {
  Inbound in("", kOperations, described);
  const std::string notes = body_of(in.get("/in?xsd=notes.xsd"));
  BOOST_TEST(has(notes, "<!-- kept -->"));
  BOOST_TEST(has(notes, "schemaLocation=\"http://hub.example:81/in?xsd=more.xsd\""));
  BOOST_TEST(has(notes, "schemaLocation=\"http://hub.example:81/in?xsd=common.xsd\""));
  BOOST_TEST(body_of(in.get("/in?xsd=more.xsd")) == kSchemas[1].contents);
  BOOST_TEST(body_of(in.get("/in?xsd=blocks.xsd")) == kSchemas[3].contents);
  BOOST_TEST(has(in.get("/in?xsd=masar-refusal.xsd"), "name=\"Refusal\""));
  // What the WSDL does not lead to is not served.
  for (const char* target : {"/in?xsd=secret.xsd", "/in?xsd=../hub.xml", "/in?xsd=", "/in"}) {
    const std::string answer = in.get(target);
    BOOST_TEST(status_of(answer) == "404");
    BOOST_TEST(has(answer, "no-such-document"));
  }
  BOOST_TEST(in.stage.refused().empty());
}

BOOST_AUTO_TEST_CASE(the_address_may_be_configured_and_a_pause_is_about_messages) {
  Inbound in("public-url='https://hub.gov.example/notes'", kOperations, described);
  in.soap->pause("in", true);
  const std::string wsdl = in.get("/in?wsdl");
  BOOST_TEST(has(wsdl, "<soap:address location=\"https://hub.gov.example/notes\"/>"));
  BOOST_TEST(has(wsdl, "\"https://hub.gov.example/notes?xsd=notes.xsd\""));
  BOOST_TEST(!has(wsdl, "hub.example:81"));
}

BOOST_AUTO_TEST_CASE(an_endpoint_without_schema_or_operations_has_none) {
  Inbound without;
  BOOST_TEST(status_of(without.get("/in?wsdl")) == "405");
  Inbound nothing("", "", described);
  BOOST_TEST(status_of(nothing.get("/in?wsdl")) == "405");
}

BOOST_AUTO_TEST_CASE(an_element_that_the_schema_lacks_is_found) {
  BOOST_TEST(check(kOperations) == "");
  BOOST_TEST(has(check("<operation name='Note' action='x' reply='NoteRespond'/>"),
                 "notes.xsd declares no element \"NoteRespond\"; did you mean \"NoteResponse\""));
  BOOST_TEST(has(check("<operation name='Not' action='x'/>"), "did you mean \"Note\""));
  BOOST_TEST(has(check("<header name='Client'/>"), "write it as prefix:Client"));
  BOOST_TEST(has(check("<header name='c:Client'/>"), "no namespace prefix \"c\""));
  BOOST_TEST(has(check("<header name='a:C' as='Client'/>"), "lower case"));
  BOOST_TEST(has(check("<header name='a:C'/><header name='a:C'/>"), "two header blocks"));
}

BOOST_AUTO_TEST_SUITE_END()
