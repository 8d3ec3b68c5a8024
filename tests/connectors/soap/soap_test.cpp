#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <future>

#include "tests/connectors/soap/desk.h"

using namespace masar;
using namespace masar::test::soap_desk;

namespace {

std::string check(bool inbound, const std::string& inner, const std::string& listener = kHere) {
  Stage stage;
  Listeners listeners;
  config::Diagnostics diagnostics;
  listeners.check(test::element(listener), diagnostics);
  const Endpoint endpoint("e", inbound, inner);
  soap::make_soap(stage.context(kPrefixes), listeners)->check(endpoint.spec, diagnostics);
  return diagnostics.text();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(soap_connector)

BOOST_AUTO_TEST_CASE(bad_configuration_is_found_with_place_and_nearest_name) {
  struct Case {
    bool inbound;
    std::string inner;
    std::vector<const char*> says;
  };
  const std::string op = "<operation name='Ask' action='x'/>";
  const std::vector<Case> table = {
      {true, "", {"endpoints/e.xml:1:1", "needs <soap>"}},
      {true, "<soap listener='http' pth='/a'/>", {"did you mean \"path\""}},
      {true, "<soap listener='htp' path='/a'/>", {"no HTTP listener \"htp\""}},
      {true, "<soap listener='http' path='a'/>", {"not a path"}},
      {true, "<soap listener='http' path='/a' subject='CN=a'/>", {"asks for none"}},
      {true,
       "<soap listener='http' path='/a'><operation name='A'/></soap>",
       {"needs the attribute \"action\""}},
      {true,
       "<soap listener='http' path='/a'><operation name='A' action='x'/><operation name='A' "
       "action='y'/></soap>",
       {"two operations \"A\""}},
      {false, "<soap>" + op + "</soap>", {"needs the attribute \"url\""}},
      {false, "<soap url='http://h/'/>", {"no <operation>"}},
      {false, "<soap url='http://h/'>" + op + "<tls/></soap>", {"begins with https"}},
      {false, "<soap url='http://h/' user='u'>" + op + "</soap>", {"belong together"}},
      {false,
       "<soap url='http://h/' fault-code='bb:F/b:C'>" + op + "</soap>",
       {"no namespace prefix \"bb\"", "\"b\""}},
      {false,
       "<soap url='http://h/'><operation name='A' action='x' reply='c:R'/></soap>",
       {"no namespace prefix \"c\""}},
      {false,
       "<soap url='http://h/'><operation name='A' action='x' rejected='C'/></soap>",
       {"not where they stand"}},
      {false,
       "<soap url='http://h/' fault-code='b:C'><operation name='A' action='x' rejected='C' "
       "unavailable='C'/></soap>",
       {"both rejected and unavailable"}},
      {false,
       "<soap url='http://h/'><operation name='A' action='x' rejekted='C'/></soap>",
       {"did you mean \"rejected\""}},
      {false, "<soap url='http://h/' version='1.3'>" + op + "</soap>", {"\"1.3\""}},
      {false,
       "<soap url='http://h/' security='username-token'>" + op + "</soap>",
       {"a UsernameToken has a user"}},
      {false,
       "<soap url='http://h/'><header name='a:C' value='x' from='y'/>" + op + "</soap>",
       {"one source"}},
      {false, "<soap url='http://h/'><header name='a:C'/>" + op + "</soap>", {"one source"}},
      {true,
       "<soap listener='http' path='/a' security='username-token'/>",
       {"a UsernameToken has a user"}},
      {true,
       "<soap listener='http' path='/a' security='user-token'/>",
       {"known: basic, username-token"}},
      {true, "<soap listener='http' path='/a' age='PT1M'/>", {"belongs to a UsernameToken"}},
      {true,
       "<soap listener='http' path='/a' public-url='http://h/a?wsdl'/>",
       {"the address has a query"}},
  };
  for (const Case& one : table) {
    const std::string text = check(one.inbound, one.inner);
    for (const char* part_of : one.says)
      BOOST_TEST(has(text, part_of), one.inner << " says: " << text);
  }
  BOOST_TEST(check(true, "<soap listener='http' path='/a'/>") == "");
  BOOST_TEST(has(check(true, "<soap listener='http' path='/a'/>",
                       "<listener id='http' connector='http' address='0.0.0.0:1'/>"),
                 "no authentication"));
  // A UsernameToken is one.
  BOOST_TEST(check(true,
                   "<soap listener='http' path='/a' security='username-token' user='u' "
                   "password='secret:pass'/>",
                   "<listener id='http' connector='http' address='0.0.0.0:1'/>") == "");
  BOOST_TEST(check(false,
                   "<soap url='http://h/' fault-code='b:F/b:C'><operation name='A' action='x' "
                   "rejected='C'/></soap>") == "");
}

BOOST_AUTO_TEST_CASE(the_payload_reaches_intake_in_the_hubs_prefixes) {
  Inbound in;
  const std::string answer = in.post(
      envelope(
          "<q:Note xmlns:q='urn:b' xmlns:z='urn:z' z:k='1'><q:Text>a &amp; b</q:Text></q:Note>"),
      kAuth + "SOAPAction: \"urn:b/Note\"\r\nMessage-Id: m-7\r\n");
  BOOST_TEST(status_of(answer) == "202");
  const auto received = in.stage.received();
  BOOST_TEST(received.size() == 1u);
  BOOST_TEST(received[0].endpoint == "in");
  BOOST_TEST(received[0].sender == "partner");
  BOOST_TEST(received[0].message_id == "m-7");
  BOOST_TEST(has(received[0].body, "<b:Note "));
  BOOST_TEST(has(received[0].body, "xmlns:b=\"urn:b\""));
  BOOST_TEST(has(received[0].body, "<b:Text>a &amp; b</b:Text></b:Note>"));
  // The bytes handed over are a document of their own.
  XmlReader(kPrefixes, {}).read(received[0].body);
}

BOOST_AUTO_TEST_CASE(each_answer_of_intake_is_said_in_soap) {
  const XmlReader reader(kPrefixes, {});
  Inbound in;
  const std::string note = envelope("<b:Note xmlns:b='urn:b'/>");
  in.stage.answering = [&](const Received&) {
    return IntakeAnswer{test::reply(
        reader, "<x:NoteResponse xmlns:x='urn:b'><x:Accepted>true</x:Accepted></x:NoteResponse>")};
  };
  std::string answer = in.post(note);
  BOOST_TEST(status_of(answer) == "200");
  BOOST_TEST(has(answer, "Content-Type: text/xml; charset=utf-8"));
  BOOST_TEST(has(answer,
                 "<soap:Body><b:NoteResponse "
                 "xmlns:b=\"urn:b\"><b:Accepted>true</b:Accepted></b:NoteResponse></soap:Body>"));

  in.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::refused, "not-valid", "a <b> is missing\x1b[31m")};
  };
  answer = in.post(note);
  BOOST_TEST(status_of(answer) == "500");
  BOOST_TEST(has(answer, "<faultcode>soap:Client</faultcode>"));
  BOOST_TEST(has(answer,
                 "<mh:Refusal xmlns:mh=\"urn:masar:hub:1\"><mh:Code>not-valid</mh:Code><mh:Text>a "
                 "&lt;b&gt; is missing[31m"));

  in.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::retry_later)};
  };
  answer = in.post(note);
  BOOST_TEST(status_of(answer) == "503");
  BOOST_TEST(has(answer, "<faultcode>soap:Server</faultcode>"));
  BOOST_TEST(has(answer, "Retry-After: "));

  in.soap->pause("in", true);
  answer = in.post(note);
  BOOST_TEST(status_of(answer) == "503");
  BOOST_TEST(has(answer, "<soap:Fault>"));
  BOOST_TEST(has(answer, "Retry-After: "));
}

BOOST_AUTO_TEST_CASE(hostile_envelopes_get_a_fault_an_audit_row_and_nothing_else) {
  struct Case {
    const char* name;
    std::string body;
    const char* status;
    const char* says;
    const char* code;
    std::string headers = kAuth;
    std::string type = "text/xml";
  };
  Inbound in;
  const std::string note = "<b:Note xmlns:b='urn:b'/>";
  std::string deep, wide;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (int i = 0; i < 30'000; ++i) wide += "<i/>";
  std::string attributes = "<a ";
  for (int i = 0; i < 65; ++i) attributes += "a" + std::to_string(i) + "='' ";
  const std::vector<Case> table = {
      {"not XML", "hello", "400", "soap:Client", "xml-malformed"},
      {"empty", "", "400", "soap:Client", "xml-malformed"},
      {"two roots", envelope(note) + "<x/>", "400", "soap:Client", "xml-malformed"},
      {"unbound prefix", envelope("<b:Note/>"), "400", "soap:Client", "xml-malformed"},
      {"doubled attribute", envelope("<n a='' a=''/>"), "400", "soap:Client", "xml-malformed"},
      {"bad UTF-8", envelope("<n>\xff</n>"), "400", "soap:Client", "xml-malformed"},
      {"DOCTYPE", "<!DOCTYPE e [<!ENTITY x 'y'>]>" + envelope("<n>&x;</n>"), "400", "soap:Client",
       "xml-doctype"},
      {"external DTD", "<!DOCTYPE e SYSTEM 'http://127.0.0.1:1/x'>" + envelope(note), "400",
       "soap:Client", "xml-doctype"},
      {"UTF-16", std::string("\xff\xfe<\0e\0/\0>\0", 10), "400", "soap:Client", "xml-encoding"},
      {"another encoding", "<?xml version='1.0' encoding='ISO-8859-1'?>" + envelope(note), "400",
       "soap:Client", "xml-encoding"},
      {"depth 100,000", envelope(deep), "400", "soap:Client", "xml-too-deep"},
      {"a huge array", envelope("<b:A xmlns:b='urn:b'>" + wide + "</b:A>"), "400", "soap:Client",
       "xml-too-many-nodes"},
      {"many attributes", envelope(attributes + "/>"), "400", "soap:Client",
       "xml-too-many-attributes"},
      {"too large", envelope("<n>" + std::string(1 << 20, 'x') + "</n>"), "413", "soap:Client",
       "body-too-large"},
      {"a SOAP of its own", "<e:Envelope xmlns:e='urn:soap:9'><e:Body/></e:Envelope>", "500",
       "soap:VersionMismatch", "soap-version"},
      {"no envelope", "<x/>", "500", "soap:Client", "soap-no-envelope"},
      {"no body", "<e:Envelope xmlns:e='" + kSoap + "'/>", "500", "soap:Client", "soap-no-body"},
      {"body before header",
       "<e:Envelope xmlns:e='" + kSoap + "'><e:Body>" + note + "</e:Body><e:Header/></e:Envelope>",
       "500", "soap:Client", "soap-two-bodies"},
      {"two bodies",
       "<e:Envelope xmlns:e='" + kSoap + "'><e:Body>" + note + "</e:Body><e:Body>" + note +
           "</e:Body></e:Envelope>",
       "500", "soap:Client", "soap-two-bodies"},
      {"two headers", envelope(note, "<e:Header/><e:Header/>"), "500", "soap:Client",
       "soap-no-body"},
      {"two payloads", envelope(note + note), "500", "soap:Client", "soap-body-elements"},
      {"text in the body", envelope("text"), "500", "soap:Client", "soap-body-text"},
      {"empty body", envelope(""), "500", "soap:Client", "soap-empty-body"},
      {"a fault as request", typed_fault("X"), "500", "soap:Client", "soap-fault"},
      {"must be understood",
       envelope(note, "<e:Header><s:Security xmlns:s='urn:s' e:mustUnderstand='1'/></e:Header>"),
       "500", "soap:MustUnderstand", "soap-must-understand"},
      {"must be understood by the next",
       envelope(note,
                "<e:Header><s:S xmlns:s='urn:s' e:mustUnderstand='1' "
                "e:actor='http://schemas.xmlsoap.org/soap/actor/next'/></e:Header>"),
       "500", "soap:MustUnderstand", "soap-must-understand"},
      {"mustUnderstand=2",
       envelope(note, "<e:Header><s:S xmlns:s='urn:s' e:mustUnderstand='2'/></e:Header>"), "500",
       "soap:Client", "soap-must-understand-value"},
      {"another SOAPAction", envelope(note), "500", "soap:Client", "soap-action",
       kAuth + "SOAPAction: \"urn:b/Release\"\r\n"},
      {"not the declared SOAPAction", envelope("<b:Exact xmlns:b='urn:b'/>"), "500", "soap:Client",
       "soap-action", kAuth + "SOAPAction: \"urn:b/Exact\"\r\n"},
      {"SOAP 1.2's type", envelope(note), "415", "soap:Client", "content-type", kAuth,
       "application/soap+xml"},
      {"another charset", envelope(note), "415", "soap:Client", "content-type", kAuth,
       "text/xml; charset=utf-16"},
      {"no login", envelope(note), "401", "soap:Client", "unauthorized", ""},
      {"wrong login", envelope(note), "401", "soap:Client", "unauthorized",
       "Authorization: Basic dTp4\r\n"},
  };
  for (const Case& one : table) {
    BOOST_TEST_CONTEXT(one.name) {
      const std::string answer = in.post(one.body, one.headers, one.type);
      BOOST_TEST(status_of(answer) == one.status);
      BOOST_TEST(has(answer, std::string("<faultcode>") + one.says + "</faultcode>"));
      BOOST_TEST(has(answer, "Content-Type: text/xml; charset=utf-8\r\n"));
      BOOST_TEST(!has(answer, "<reset>"));
      BOOST_TEST(in.stage.refused().back() == std::string("in:") + one.code);
      XmlReader({}, {}).read(answer.substr(answer.find("\r\n\r\n") + 4));
    }
  }
  BOOST_TEST(in.stage.refused().size() == table.size());
  BOOST_TEST(in.stage.received().empty());
}

BOOST_AUTO_TEST_CASE(what_only_looks_hostile_is_taken) {
  Inbound in;
  const std::string note = "<b:Note xmlns:b='urn:b'/>";
  const std::string to_us =
      "<e:Header><w:ReplyTo "
      "xmlns:w='http://www.w3.org/2005/08/addressing'>http://127.0.0.1:1/</w:ReplyTo>";
  BOOST_TEST(status_of(in.post(envelope(note, to_us + "</e:Header>"))) == "202");
  BOOST_TEST(status_of(in.post(envelope(
                 note, "<e:Header><s:S xmlns:s='urn:s' e:mustUnderstand='0'/></e:Header>"))) ==
             "202");
  BOOST_TEST(status_of(in.post(envelope(note,
                                        "<e:Header><s:S xmlns:s='urn:s' e:mustUnderstand='1' "
                                        "e:actor='urn:else'/></e:Header>"))) == "202");
  for (const char* action : {"SOAPAction: \"\"\r\n", "SOAPAction:\r\n",
                             "SOAPAction: urn:b#Note\r\n", "SOAPAction: Note\r\n"}) {
    BOOST_TEST(status_of(in.post(envelope(note), kAuth + action)) == "202");
  }
  BOOST_TEST(status_of(in.post(envelope("<b:Exact xmlns:b='urn:b'/>"),
                               kAuth + "SOAPAction: \"urn:b/exactly\"\r\n")) == "202");
  BOOST_TEST(status_of(in.post(envelope("<b:P xmlns:b='urn:b'>' or '1'='1</b:P>"))) == "202");
  BOOST_TEST(has(in.stage.received().back().body, "' or '1'='1"));
}

BOOST_AUTO_TEST_CASE(limits_of_a_payload_do_not_count_its_envelope) {
  Inbound in;
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<a>";
    for (int i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  BOOST_TEST(status_of(in.post(envelope(nested(63)))) == "202");
  BOOST_TEST(status_of(in.post(envelope(nested(64)))) == "202");
  BOOST_TEST(status_of(in.post(envelope(nested(65)))) == "400");
}

BOOST_AUTO_TEST_CASE(a_reply_becomes_an_outcome) {
  const std::string good =
      envelope("<q:AskResponse xmlns:q='urn:b'><q:Answer>42</q:Answer></q:AskResponse>");
  Outcome outcome = outcome_of("200", good);
  BOOST_TEST(outcome.kind == OutcomeKind::delivered);
  BOOST_TEST(outcome.body ==
             "<b:AskResponse xmlns:b=\"urn:b\"><b:Answer>42</b:Answer></b:AskResponse>");

  outcome = outcome_of("500", typed_fault("NOT_FOUND"));
  BOOST_TEST(outcome.kind == OutcomeKind::rejected);
  BOOST_TEST(outcome.code == "NOT_FOUND");
  BOOST_TEST(outcome_of("200", typed_fault("GONE")).kind == OutcomeKind::rejected);
  outcome = outcome_of("500", typed_fault("BUSY"), "text/xml", "", "Retry-After: 3\r\n");
  BOOST_TEST(outcome.kind == OutcomeKind::unavailable);
  BOOST_TEST(outcome.retry_after->count() == 3);
  BOOST_TEST(outcome_of("503", "down", "text/plain").kind == OutcomeKind::unavailable);
  BOOST_TEST(outcome_of("429", typed_fault("OTHER")).kind == OutcomeKind::unavailable);

  // One-way: an empty 2xx is its answer, and only there.
  BOOST_TEST(outcome_of("202", "", "text/xml", "one-way='true'").kind == OutcomeKind::delivered);
  BOOST_TEST(outcome_of("202", "").kind == OutcomeKind::unknown);
  // A reply that is declared by name.
  const std::string other = envelope("<x:Other xmlns:x='urn:a'/>");
  BOOST_TEST(outcome_of("200", other, "text/xml", "reply='a:Other'").kind ==
             OutcomeKind::delivered);
  BOOST_TEST(outcome_of("200", good, "text/xml", "reply='a:Other'").kind == OutcomeKind::unknown);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_understood_is_unknown_and_its_bytes_are_kept) {
  struct Case {
    const char* name;
    std::string status, body, type;
    const char* code;
  };
  const std::string good = envelope("<q:AskResponse xmlns:q='urn:b'/>");
  const std::vector<Case> table = {
      {"undeclared fault", "500", typed_fault("STRANGE"), "text/xml", "STRANGE"},
      {"a fault code that is no name", "500", typed_fault("0790 123 456"), "text/xml",
       "soap-fault"},
      {"a fault without detail", "500",
       envelope("<e:Fault><faultcode>e:Server</faultcode><faultstring>x</faultstring></e:Fault>"),
       "text/xml", "soap-fault"},
      {"a code in another namespace", "500",
       envelope("<e:Fault><faultcode>e:S</faultcode><faultstring>x</"
                "faultstring><detail><x:AskFault xmlns:x='urn:z'>"
                "<x:Code>NOT_FOUND</x:Code></x:AskFault></detail></e:Fault>"),
       "text/xml", "soap-fault"},
      {"HTML", "200", "<html><body>Welcome</body></html>", "text/html", "reply-not-xml"},
      {"HTML declared as XML", "200", "<html><body>Welcome<br></body></html>", "text/xml",
       "reply-unreadable"},
      {"no envelope", "200", "<x/>", "text/xml", "reply-unreadable"},
      {"DOCTYPE", "200", "<!DOCTYPE x>" + good, "text/xml", "reply-unreadable"},
      {"another reply", "200", envelope("<q:OtherResponse xmlns:q='urn:b'/>"), "text/xml",
       "reply-unexpected"},
      {"another namespace", "200", envelope("<q:AskResponse xmlns:q='urn:z'/>"), "text/xml",
       "reply-unexpected"},
      {"no payload", "200", envelope(""), "text/xml", "reply-unexpected"},
      {"must be understood", "200",
       envelope("<q:AskResponse xmlns:q='urn:b'/>",
                "<e:Header><s:S xmlns:s='urn:s' e:mustUnderstand='1'/></e:Header>"),
       "text/xml", "reply-unreadable"},
      {"a good reply under a bad status", "500", good, "text/xml", "500"},
      {"another status", "404", "gone", "text/plain", "404"},
      {"a redirect", "302", "", "text/plain", "302"},
  };
  for (const Case& one : table) {
    BOOST_TEST_CONTEXT(one.name) {
      const Outcome outcome = outcome_of(one.status, one.body, one.type);
      BOOST_TEST(outcome.kind == OutcomeKind::unknown);
      BOOST_TEST(outcome.code == one.code);
      BOOST_TEST(outcome.body == one.body);
      BOOST_TEST(!has(outcome.text, "0790"));
    }
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_for_what_cannot_be_a_request) {
  Stage stage;
  Listeners listeners;
  const auto connector = soap::make_soap(stage.context(kPrefixes), listeners);
  std::string gone;
  {
    RawServer closed([](RawSocket&, int) {});
    gone = closed.address();
  }
  const Endpoint endpoint = out_endpoint("http://" + gone + "/");
  const auto outbound = connector->add_outbound(endpoint.spec, stage);
  BOOST_TEST(test::send(*outbound, ask()).kind == OutcomeKind::unavailable);
  Attempt attempt = ask();
  attempt.operation = "Other";
  BOOST_TEST(test::send(*outbound, attempt).code == "no-operation");
  attempt = ask();
  attempt.body = "<b:Ask>";
  const Outcome outcome = test::send(*outbound, attempt);
  BOOST_TEST(outcome.kind == OutcomeKind::rejected);
  BOOST_TEST(outcome.code == "bad-payload");
}

BOOST_AUTO_TEST_SUITE_END()
