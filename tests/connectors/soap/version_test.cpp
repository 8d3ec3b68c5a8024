// SOAP 1.2 beside 1.1, header blocks, and what is no part of an envelope.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/connectors/soap/desk.h"

using namespace masar;
using namespace masar::test::soap_desk;

namespace {

const std::string kSoap12 = "http://www.w3.org/2003/05/soap-envelope";
const std::string kType12 = "application/soap+xml; charset=utf-8";
const std::string kNote = "<b:Note xmlns:b='urn:b'/>";

std::string envelope12(const std::string& body, const std::string& header = "") {
  return "<e:Envelope xmlns:e='" + kSoap12 + "'>" + header + "<e:Body>" + body +
         "</e:Body></e:Envelope>";
}

std::string code12(const char* code) {
  return std::string("<soap:Code><soap:Value>soap:") + code + "</soap:Value></soap:Code>";
}

std::string fault12(const std::string& code) {
  return envelope12(
      "<e:Fault><e:Code><e:Value>e:Receiver</e:Value></e:Code><e:Reason><e:Text "
      "xml:lang='en'>no</e:Text></e:Reason><e:Detail><x:AskFault xmlns:x='urn:b'><x:Code>" +
      code + "</x:Code></x:AskFault></e:Detail></e:Fault>");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(soap_versions)

BOOST_AUTO_TEST_CASE(an_answer_is_of_the_version_of_its_request) {
  const XmlReader reader(kPrefixes, {});
  Inbound in;
  in.stage.answering = [&](const Received&) {
    return IntakeAnswer{test::reply(reader, "<x:NoteResponse xmlns:x='urn:b'/>")};
  };
  std::string answer = in.post(envelope12(kNote), kAuth, kType12 + "; action=\"urn:b/Note\"");
  BOOST_TEST(status_of(answer) == "200");
  BOOST_TEST(has(answer, "Content-Type: application/soap+xml; charset=utf-8\r\n"));
  BOOST_TEST(has(answer, "<soap:Envelope xmlns:soap=\"" + kSoap12 + "\"><soap:Body>"
                         "<b:NoteResponse xmlns:b=\"urn:b\"/></soap:Body>"));
  answer = in.post(envelope(kNote));
  BOOST_TEST(has(answer, "Content-Type: text/xml; charset=utf-8\r\n"));
  BOOST_TEST(has(answer, "<soap:Envelope xmlns:soap=\"" + kSoap + "\">"));

  in.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::refused, "not-valid", "it is wrong")};
  };
  answer = in.post(envelope12(kNote), kAuth, kType12);
  BOOST_TEST(status_of(answer) == "400");
  BOOST_TEST(has(answer, code12("Sender") +
                             "<soap:Reason><soap:Text xml:lang=\"en\">it is wrong</soap:Text>"
                             "</soap:Reason><soap:Detail><mh:Refusal "));
  in.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::retry_later)};
  };
  answer = in.post(envelope12(kNote), kAuth, kType12);
  BOOST_TEST(status_of(answer) == "503");
  BOOST_TEST(has(answer, code12("Receiver")));
  BOOST_TEST(has(answer, "Retry-After: "));
  // The edge's own errors too, also while nobody has looked into the envelope.
  answer = in.post(envelope12(kNote), "", kType12);
  BOOST_TEST(status_of(answer) == "401");
  BOOST_TEST(has(answer, code12("Sender")));
  in.soap->pause("in", true);
  answer = in.post(envelope12(kNote), kAuth, kType12);
  BOOST_TEST(status_of(answer) == "503");
  BOOST_TEST(has(answer, code12("Receiver")));
}

BOOST_AUTO_TEST_CASE(each_refusal_is_a_fault_of_1_2) {
  struct Case {
    const char* name;
    std::string body;
    const char* status;
    std::string says;
    const char* code;
    std::string type = kType12;
  };
  const std::string header = "<e:Header><s:S xmlns:s='urn:s' e:mustUnderstand='";
  const std::vector<Case> table = {
      {"not XML", "hello", "400", code12("Sender"), "xml-malformed"},
      {"DOCTYPE", "<!DOCTYPE e>" + envelope12(kNote), "400", code12("Sender"), "xml-doctype"},
      {"no envelope", "<x/>", "400", code12("Sender"), "soap-no-envelope"},
      {"no body", "<e:Envelope xmlns:e='" + kSoap12 + "'/>", "400", code12("Sender"),
       "soap-no-body"},
      {"a body of 1.1", "<e:Envelope xmlns:e='" + kSoap12 + "'><f:Body xmlns:f='" + kSoap +
       "'/></e:Envelope>", "400", code12("Sender"), "soap-no-body"},
      {"two payloads", envelope12(kNote + kNote), "400", code12("Sender"), "soap-body-elements"},
      {"a version of its own", "<e:Envelope xmlns:e='urn:soap:9'><e:Body/></e:Envelope>", "500",
       code12("VersionMismatch"), "soap-version"},
      {"must be understood", envelope12(kNote, header + "true'/></e:Header>"), "500",
       code12("MustUnderstand"), "soap-must-understand"},
      {"must be understood by the ultimate receiver",
       envelope12(kNote, header + "1' e:role='" + kSoap12 + "/role/ultimateReceiver'/></e:Header>"),
       "500", code12("MustUnderstand"), "soap-must-understand"},
      {"an encoding",
       envelope12("<b:Note xmlns:b='urn:b' e:encodingStyle='" + kSoap12 + "-encoding'/>"), "500",
       code12("DataEncodingUnknown"), "soap-encoding"},
      {"another action", envelope12(kNote), "400", code12("Sender"), "soap-action",
       kType12 + "; action=\"urn:b/Release\""},
      {"1.1's media type", envelope12(kNote), "415", code12("Sender"), "content-type", "text/xml"},
      {"another charset", envelope12(kNote), "415", code12("Sender"), "content-type",
       "application/soap+xml; charset=utf-16"},
  };
  Inbound in;
  for (const Case& one : table) {
    BOOST_TEST_CONTEXT(one.name) {
      const std::string answer = in.post(one.body, kAuth, one.type);
      BOOST_TEST(status_of(answer) == one.status);
      BOOST_TEST(has(answer, one.says), answer);
      BOOST_TEST(has(answer, "Content-Type: application/soap+xml; charset=utf-8\r\n"));
      BOOST_TEST(in.stage.refused().back() == std::string("in:") + one.code);
      XmlReader({}, {}).read(answer.substr(answer.find("\r\n\r\n") + 4));
    }
  }
  BOOST_TEST(in.stage.refused().size() == table.size());
  BOOST_TEST(in.stage.received().empty());
}

BOOST_AUTO_TEST_CASE(what_is_understood_is_said_where_something_is_not) {
  Inbound in;
  const std::string strange = "<e:Envelope xmlns:e='urn:soap:9'><e:Body/></e:Envelope>";
  const std::string upgrade =
      "<soap:Header><u:Upgrade xmlns:u=\"" + kSoap12 +
      "\"><u:SupportedEnvelope qname=\"s:Envelope\" xmlns:s=\"" + kSoap12 +
      "\"/><u:SupportedEnvelope qname=\"s:Envelope\" xmlns:s=\"" + kSoap +
      "\"/></u:Upgrade></soap:Header>";
  BOOST_TEST(has(in.post(strange, kAuth, kType12), upgrade));
  BOOST_TEST(has(in.post(strange), upgrade));
  const std::string two = "<e:Header><s:S xmlns:s='urn:s' e:mustUnderstand='1'/><s:T xmlns:s='urn:t"
                          "' e:mustUnderstand='1'/><s:U xmlns:s='urn:u'/></e:Header>";
  const std::string answer = in.post(envelope12(kNote, two), kAuth, kType12);
  BOOST_TEST(has(answer, "<soap:Header><soap:NotUnderstood qname=\"b:S\" xmlns:b=\"urn:s\"/>"
                         "<soap:NotUnderstood qname=\"b:T\" xmlns:b=\"urn:t\"/></soap:Header>"));
  BOOST_TEST(!has(in.post(envelope(kNote, two)), "NotUnderstood"));
  // Not for us, so it may stand there.
  BOOST_TEST(status_of(in.post(
                 envelope12(kNote, "<e:Header><s:S xmlns:s='urn:s' e:mustUnderstand='1' e:role='" +
                                       kSoap12 + "/role/none'/></e:Header>"),
                 kAuth, kType12)) == "202");
}

BOOST_AUTO_TEST_CASE(attachments_are_refused_clearly) {
  Inbound in;
  const std::string xop = "<b:Note xmlns:b='urn:b'><i:Include "
                          "xmlns:i='http://www.w3.org/2004/08/xop/include' href='cid:1'/></b:Note>";
  const std::string related = "multipart/related; boundary=x; type=\"application/xop+xml\"";
  struct Case {
    const char* status;
    std::string body, type;
  };
  const std::vector<Case> table = {{"415", "--x\r\n\r\n" + envelope(kNote) + "\r\n--x--", related},
                                   {"500", envelope(xop), "text/xml"},
                                   {"400", envelope12(xop), kType12}};
  for (const Case& one : table) {
    const std::string answer = in.post(one.body, kAuth, one.type);
    BOOST_TEST(status_of(answer) == one.status);
    BOOST_TEST(has(answer, "attachments are not taken"));
    BOOST_TEST(has(answer, "<mh:Code>attachment</mh:Code>"));
    BOOST_TEST(in.stage.refused().back() == "in:attachment");
  }
  BOOST_TEST(in.stage.received().empty());
  BOOST_TEST(exchange({"200", related, "--x"}).outcome.code == "reply-attachment");
}

BOOST_AUTO_TEST_CASE(nobody_is_called_where_ReplyTo_says) {
  Inbound in;
  std::atomic<int> calls{0};
  RawServer elsewhere([&](RawSocket&, int) { ++calls; });
  const std::string headers =
      "<e:Header><w:ReplyTo xmlns:w='http://www.w3.org/2005/08/addressing'><w:Address>http://" +
      elsewhere.address() + "/</w:Address></w:ReplyTo><w:FaultTo "
      "xmlns:w='http://www.w3.org/2005/08/addressing'><w:Address>http://" + elsewhere.address() +
      "/</w:Address></w:FaultTo></e:Header>";
  BOOST_TEST(status_of(in.post(envelope(kNote, headers))) == "202");
  BOOST_TEST(status_of(in.post(envelope12(kNote + kNote, headers), kAuth, kType12)) == "400");
  BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(declared_header_blocks_go_on_and_come_back_unchanged) {
  const XmlReader reader(kPrefixes, {});
  Inbound in("", "<header name='a:Client' as='client' required='true'/>"
                 "<header name='a:MessageId' as='message-id'/><header name='a:Issue'/>");
  in.stage.answering = [&](const Received&) {
    return IntakeAnswer{test::reply(reader, "<x:NoteResponse xmlns:x='urn:b'/>")};
  };
  const std::string blocks =
      "<q:Client q:kind='MEMBER' e:mustUnderstand='1'><q:Class> GOV</q:Class><q:Code>17</q:Code>"
      "</q:Client><q:MessageId>m-1</q:MessageId><q:Issue>A-9</q:Issue>";
  std::string answer =
      in.post(envelope(kNote, "<e:Header xmlns:q='urn:a'>" + blocks + "</e:Header>"),
              kAuth + "Message-Id: of-http\r\nX-Client: other\r\n");
  BOOST_TEST(status_of(answer) == "200");
  BOOST_TEST(has(answer, "<soap:Header><a:Client "), answer);
  BOOST_TEST(has(answer, "a:kind=\"MEMBER\""));
  BOOST_TEST(has(answer, "<a:Class> GOV</a:Class><a:Code>17</a:Code></a:Client><a:MessageId "
                         "xmlns:a=\"urn:a\">m-1</a:MessageId><a:Issue xmlns:a=\"urn:a\">A-9"
                         "</a:Issue></soap:Header>"));
  const Received got = in.stage.received().back();
  BOOST_TEST(got.message_id == "m-1");
  const auto text = connector::write_headers(got.headers);
  BOOST_TEST(has(text, "client: GOV/17\nmessage-id: m-1\n"), text);
  BOOST_TEST(!has(text, "of-http"));
  BOOST_TEST(!has(text, "A-9"));

  // A refusal has them too; and one that is missing, doubled or too long is a refusal.
  in.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::refused, "not-valid", "no")};
  };
  const std::string client = "<q:Client xmlns:q='urn:a'>c</q:Client>";
  const auto with = [&](const std::string& header) {
    return in.post(envelope12(kNote, "<e:Header>" + header + "</e:Header>"), kAuth, kType12);
  };
  BOOST_TEST(has(with(client), "<soap:Header><a:Client xmlns:a=\"urn:a\">c</a:Client>"));
  BOOST_TEST(in.stage.received().size() == 2u);
  const std::string long_text(1025, 'x');
  for (const auto& [header, code] : std::vector<std::pair<std::string, std::string>>{
           {"", "in:soap-header-missing"},
           {"<q:Client xmlns:q='urn:other'>c</q:Client>", "in:soap-header-missing"},
           {client + client, "in:soap-header-twice"},
           {"<q:Client xmlns:q='urn:a'>" + long_text + "</q:Client>", "in:soap-header-too-long"}}) {
    answer = with(header);
    BOOST_TEST(status_of(answer) == "400");
    BOOST_TEST(has(answer, "the header block a:Client"));
    BOOST_TEST(in.stage.refused().back() == code);
  }
  BOOST_TEST(in.stage.received().size() == 2u);
}

BOOST_AUTO_TEST_CASE(requests_go_out_in_the_version_that_is_declared) {
  const std::string good = "<q:AskResponse xmlns:q='urn:b'><q:Answer>42</q:Answer></q:AskResponse>";
  Exchanged one = exchange({"200", kType12, envelope12(good)}, "version='1.2'");
  BOOST_TEST(one.outcome.kind == OutcomeKind::delivered);
  BOOST_TEST(has(one.outcome.body, "<b:Answer>42</b:Answer>"));
  BOOST_TEST(has(one.request, "Content-Type: application/soap+xml; charset=utf-8; "
                              "action=\"urn:b/Ask\"\r\n"));
  BOOST_TEST(!has(one.request, "SOAPAction"));
  BOOST_TEST(has(one.request, "<soap:Envelope xmlns:soap=\"" + kSoap12 + "\"><soap:Body>"));
  one = exchange({"200", "text/xml", envelope(good)});
  BOOST_TEST(has(one.request, "SOAPAction: \"urn:b/Ask\"\r\n"));
  BOOST_TEST(has(one.request, "xmlns:soap=\"" + kSoap + "\""));

  one = exchange({"400", kType12, fault12("NOT_FOUND")}, "version='1.2'");
  BOOST_TEST(one.outcome.kind == OutcomeKind::rejected);
  BOOST_TEST(one.outcome.code == "NOT_FOUND");
  BOOST_TEST(exchange({"500", kType12, fault12("BUSY")}, "version='1.2'").outcome.kind ==
             OutcomeKind::unavailable);
  BOOST_TEST(exchange({"500", kType12, fault12("X")}, "version='1.2'").outcome.kind ==
             OutcomeKind::unknown);
  // The reply of another version is none; its fault is one.
  BOOST_TEST(exchange({"200", "text/xml", envelope(good)}, "version='1.2'").outcome.code ==
             "reply-unexpected");
  BOOST_TEST(exchange({"500", "text/xml", typed_fault("GONE")}, "version='1.2'").outcome.kind ==
             OutcomeKind::rejected);
}

BOOST_AUTO_TEST_CASE(header_blocks_go_out_as_they_are_declared) {
  const std::string good = envelope("<q:AskResponse xmlns:q='urn:b'/>",
                                    "<e:Header><z:Client xmlns:z='urn:a' e:mustUnderstand='1'>G"
                                    "</z:Client></e:Header>");
  const std::string inner =
      "<header name='a:Client' value='GAM &lt;1&gt;'/>"
      "<header name='a:Issue' from='correlation-id'/>"
      "<header name='a:MessageId' is='effect-id'/><header name='a:Timestamp' is='now'/>"
      "<header name='a:UserId' from='user-id'/>";
  Attempt attempt = ask();
  attempt.headers = {{"correlation-id", "A-9"}, {"other", "1"}};
  const Exchanged one = exchange({"200", "text/xml", good}, "", inner, "", attempt);
  BOOST_TEST(one.outcome.kind == OutcomeKind::delivered, one.outcome.text);
  BOOST_TEST(has(one.request, "<soap:Header><h:Client xmlns:h=\"urn:a\">GAM &lt;1&gt;</h:Client>"
                              "<h:Issue xmlns:h=\"urn:a\">A-9</h:Issue><h:MessageId xmlns:h=\"urn:a"
                              "\">effect-1</h:MessageId><h:Timestamp xmlns:h=\"urn:a\">20"));
  BOOST_TEST(!has(one.request, "UserId"));
  BOOST_TEST(!has(one.request, "correlation-id:"));
  BOOST_TEST(has(one.request, "other: 1\r\n"));
}

BOOST_AUTO_TEST_SUITE_END()
