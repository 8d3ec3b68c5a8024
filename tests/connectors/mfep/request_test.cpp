#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/mfep/key.h"
#include "connectors/mfep/slice.h"
#include "tests/connectors/mfep/switch.h"
#include "tests/support/peers.h"

using namespace masar;
using namespace masar::connector;
using namespace masar::test;

namespace {

std::string sliced(const std::string& document) {
  const auto slice = mfep::signed_slice(document);
  return slice ? std::string(*slice) : "none";
}

Hub& taking(Hub& hub) {
  hub.stage.answering = [](const Received&) {
    return IntakeAnswer{part(PartAnswer::Kind::accepted)};
  };
  return hub;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mfep_request)

BOOST_AUTO_TEST_CASE(the_slice_is_the_one_body_below_the_root) {
  for (const Vector& vector : {kPlain, kArabic, kComment, kCdata, kInComment, kQuotes, kEntities,
                               kEmpty, kSelfClosing, kNested, kDotnet}) {
    BOOST_TEST(sliced(Frame().around(vector)) == vector.body);
  }
  const std::string rest = "<MsgBody><X/></MsgBody>";
  BOOST_TEST(sliced("<M><H><MsgBody>no</MsgBody></H>" + rest + "</M>") == rest);
  BOOST_TEST(sliced("<M><!-- <MsgBody>no</MsgBody> -->" + rest + "</M>") == rest);
  BOOST_TEST(sliced("<M><H><![CDATA[<MsgBody>no</MsgBody>]]></H>" + rest + "</M>") == rest);
  BOOST_TEST(sliced("<M a='>' b=\"<MsgBody>\">" + rest + "</M>") == rest);
  BOOST_TEST(sliced("<M><MsgBodyX/><p:MsgBody/>" + rest + "</M>") == rest);
  BOOST_TEST(sliced("<M>" + rest + rest + "</M>") == "none");
  BOOST_TEST(sliced("<M><MsgBody/>" + rest + "</M>") == "none");
  BOOST_TEST(sliced("<M><p:MsgBody xmlns:p='u'/></M>") == "none");
  BOOST_TEST(sliced("<M><H><MsgBody/></H></M>") == "none");
  BOOST_TEST(sliced("<MsgBody><A/></MsgBody>") == "none");
  for (const char* cut : {"", "<", "<M", "<M><MsgBody", "<M><MsgBody>", "<M><!-- <MsgBody/>"}) {
    BOOST_TEST(sliced(cut) == "none");
  }
}

BOOST_AUTO_TEST_CASE(text_is_signed_as_utf16le_without_a_mark) {
  using namespace std::string_literals;
  BOOST_TEST(mfep::utf16le("aم😀") == "a\0\x45\x06\x3d\xd8\x00\xde"s);
  BOOST_TEST(mfep::utf16le("\u20ac\uffff") == "\xac\x20\xff\xff"s);
  BOOST_CHECK_THROW(mfep::utf16le("\xed\xa0\x80"), Error);
}

BOOST_AUTO_TEST_CASE(signatures_of_the_openssl_command_are_verified) {
  const auto key = mfep::Key::verifying(kSwitchPublic);
  const auto certified = mfep::Key::verifying(kSwitchCertificate);
  for (const Vector& vector : {kPlain, kArabic, kTwo, kComment, kCdata, kQuotes, kEntities, kEmpty,
                               kSelfClosing, kNested, kDotnet}) {
    BOOST_TEST(key.verify(vector.body, vector.signature));
    BOOST_TEST(certified.verify(vector.body, vector.signature));
    BOOST_TEST(!key.verify(std::string(vector.body) + " ", vector.signature));
  }
  std::string lines = kPlain.signature;
  lines.insert(76, "\r\n\t ");
  BOOST_TEST(key.verify(kPlain.body, lines));
  for (const char* bad : {"", "!", "AAAA", "====", kArabic.signature}) {
    BOOST_TEST(!key.verify(kPlain.body, bad));
  }
  BOOST_TEST(!key.verify("\xff", kPlain.signature));
  BOOST_TEST(!mfep::Key::verifying(kHubPublic).verify(kPlain.body, kPlain.signature));
  test::took_part("OpenSSL (command line)");
}

BOOST_AUTO_TEST_CASE(only_strong_rsa_keys_that_can_be_read_are_keys) {
  const auto code = [](auto read, const std::string& pem) -> std::string {
    try {
      read(pem);
      return "taken";
    } catch (const Error& error) {
      return error.kind() == ErrorKind::config ? error.code() : "another kind";
    }
  };
  for (const std::string& bad : {std::string(), std::string("x"), std::string(kHubPrivate),
                                std::string(kCurvePublic)}) {
    BOOST_TEST(code(&mfep::Key::verifying, bad) == "bad-key");
  }
  for (const std::string& bad : {std::string(), std::string(kHubPublic),
                                std::string(kSmallPrivate), std::string(kLockedPrivate)}) {
    BOOST_TEST(code(&mfep::Key::signing, bad) == "bad-key");
  }
}

BOOST_AUTO_TEST_CASE(what_was_signed_is_what_intake_gets) {
  Hub hub;
  taking(hub);
  for (const Vector& vector : {kPlain, kArabic, kTwo, kComment, kCdata, kInComment, kQuotes,
                               kEntities, kEmpty, kSelfClosing, kNested, kPrefixInside}) {
    hub.post(Frame().around(vector));
    BOOST_REQUIRE(!hub.stage.received().empty());
    const Received received = hub.stage.received().back();
    BOOST_TEST(sliced(received.body) == vector.body);
    BOOST_TEST(received.message_id == "g-1");
    BOOST_TEST(received.sender == "partner");
    BOOST_TEST(received.endpoint == "in");
    BOOST_TEST(!has(received.body, "MsgFooter"));
    XmlReader({}, {}).read(received.body);
  }
  BOOST_TEST(hub.stage.received().size() == 12u);
  BOOST_TEST(hub.stage.refused().empty());
  // One reader for all: a comment inside an amount joins what stands around it.
  hub.post(Frame().around(kComment));
  const auto document = XmlReader({}, {}).read(hub.stage.received().back().body);
  const auto body = document->document_element().child("MsgBody");
  const std::string paid = body.child("Transactions").child("TrxInf").child("PaidAmt").text().get();
  BOOST_TEST(paid == "125.500");
}

BOOST_AUTO_TEST_CASE(what_stands_around_the_body_does_not_matter) {
  Hub hub;
  taking(hub);
  Frame frame;
  frame.before = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- <MsgBody/> -->";
  frame.root =
      "<MFEP xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' a=\"<\">\r\n";
  BOOST_TEST(code_in_header(hub.post(frame.around(kPlain))) == "101");  // no '<' in a value
  frame.root =
      "<MFEP xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' a='&lt;MsgBody>'>\r\n  ";
  frame.after_header = "\r\n  <Other><![CDATA[<MsgBody/>]]><MsgBody>no</MsgBody></Other>\r\n  ";
  BOOST_TEST(code_in_header(hub.post(frame.around(kArabic))) == "0");
  BOOST_TEST(sliced(hub.stage.received().back().body) == kArabic.body);
  BOOST_TEST(!has(hub.stage.received().back().body, "Other"));
  BOOST_TEST(code_in_header(hub.post(Frame().around(kPlain), "", "text/xml;charset=UTF-8")) == "0");
  // The bytes that .NET indented are verified as they came.
  Hub bills(true);
  bills.stage.answering = [](const Received&) {
    return IntakeAnswer{reply(XmlReader({}, {}), "<MsgBody><RecCount>0</RecCount></MsgBody>")};
  };
  BOOST_TEST(code_in_header(bills.post(bill_frame().around(kDotnet))) == "0");
  std::string unfolded = kDotnet.body;
  for (std::size_t at; (at = unfolded.find('\r')) != std::string::npos;) unfolded.erase(at, 1);
  BOOST_TEST(code_in_header(bills.post(bill_frame().around(unfolded, kDotnet.signature))) == "2");
}

BOOST_AUTO_TEST_CASE(the_guid_is_one_wherever_it_stands) {
  Hub hub;
  taking(hub);
  Frame without;
  without.guid = "";
  Frame empty;
  empty.guid = "<GUID/>";
  const auto taken = [&](const std::string& message, const std::string& query) {
    const std::string answer = hub.post(message, query);
    if (code_in_header(answer) != "0") return code_in_header(answer) + hub.stage.refused().back();
    const Received got = hub.stage.received().back();
    const bool in_body = has(got.body, "<GUID>" + got.message_id + "</GUID>");
    const bool in_answer = has(answer, "<GUID>" + got.message_id + "</GUID>");
    return got.message_id + (in_body ? " in body" : "") + (in_answer ? " in answer" : "");
  };
  BOOST_TEST(taken(Frame().around(kPlain), "") == "g-1 in body in answer");
  BOOST_TEST(taken(Frame().around(kPlain), "?GUID=g-1") == "g-1 in body in answer");
  BOOST_TEST(taken(Frame().around(kPlain), "?GUID=&x=1") == "g-1 in body in answer");
  BOOST_TEST(taken(without.around(kPlain), "?GUID=g-2") == "g-2 in body in answer");
  BOOST_TEST(taken(empty.around(kPlain), "?GUID=g-2") == "g-2 in body in answer");
  BOOST_TEST(taken(without.around(kPlain), "") == "");
  BOOST_TEST(taken(Frame().around(kPlain), "?GUID=g-2") == "101in:mfep-guid");
  BOOST_TEST(taken(without.around(kPlain), "?GUID=a&GUID=b") == "101in:mfep-guid");
  for (const std::string bad : {"%01", "%ff", "a%0d%0ab", "%3Cx%3E", "%D9%85"}) {
    BOOST_TEST(taken(without.around(kPlain), "?GUID=" + bad) == "101in:mfep-guid");
  }
  BOOST_TEST(taken(without.around(kPlain), "?GUID=" + std::string(65, 'a')) == "101in:mfep-guid");
  BOOST_TEST(taken(without.around(kPlain), "?GUID=" + std::string(64, 'a')) ==
             std::string(64, 'a') + " in body in answer");
  // A refusal repeats it too.
  BOOST_TEST(has(hub.post(Frame().around(kPlain.body, "AAAA")), "<GUID>g-1</GUID>"));
  BOOST_TEST(has(hub.post("junk", "?GUID=g-9"), "<GUID>g-9</GUID>"));
}

BOOST_AUTO_TEST_CASE(hostile_requests_get_a_code_an_audit_row_and_nothing_else) {
  struct Case {
    const char* name;
    std::string message;
    const char* code;
    const char* audit;
    std::string type = "application/xml";
  };
  Hub hub;
  taking(hub);
  const auto with = [](auto change) {
    Frame frame;
    change(frame);
    return frame.around(kPlain);
  };
  const auto altered = [](const std::string& from, const std::string& to) {
    std::string message = Frame().around(kPlain);
    return message.replace(message.find(from), from.size(), to);
  };
  const std::string plain = kPlain.body;
  const std::string footer = "<MsgFooter><Security><Signature>" + std::string(kPlain.signature) +
                             "</Signature></Security></MsgFooter>";
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  const std::vector<Case> table = {
      {"another amount", altered("125.500", "125.501"), "2", "signature-bad"},
      {"a comment put into an amount", altered("125.500", "1<!-- 25 -->.500"), "2",
       "signature-bad"},
      {"an amount as an entity", altered("125.500", "125.50&#48;"), "2", "signature-bad"},
      {"white space added", altered("<TrxInf>", " <TrxInf>"), "2", "signature-bad"},
      {"another's signature", Frame().around(kPlain.body, kArabic.signature), "2", "signature-bad"},
      {"a foreign key's signature",
       Frame().around(kPlain.body, mfep::Key::signing(kHubPrivate).sign(kPlain.body)), "2",
       "signature-bad"},
      {"not base64", Frame().around(kPlain.body, "%%%"), "2", "signature-bad"},
      {"an empty signature", Frame().around(kPlain.body, " \r\n"), "380", "signature-missing"},
      {"no footer", altered(footer, ""), "380", "signature-missing"},
      {"a footer without a signature", altered(footer, "<MsgFooter/>"), "380",
       "signature-missing"},
      {"two footers", altered(footer, footer + footer), "101", "mfep-footer"},
      {"two signatures", altered("</Signature>", "</Signature><Signature>AAAA</Signature>"), "101",
       "mfep-footer"},
      {"a second body", altered(plain, plain + "<MsgBody/>"), "101", "mfep-body"},
      {"a second body first", altered(plain, "<MsgBody/>" + plain), "101", "mfep-body"},
      {"no body", altered(plain, ""), "101", "mfep-body"},
      {"the body deeper", altered(plain, "<x>" + plain + "</x>"), "101", "mfep-body"},
      {"the body in a comment", altered(plain, "<!--" + plain + "-->"), "101", "mfep-body"},
      {"the body as text", altered(plain, "<![CDATA[" + plain + "]]>"), "101", "mfep-body"},
      {"the body with a prefix", altered(plain, "<p:MsgBody xmlns:p='u'/>"), "101", "mfep-body"},
      {"a body of another namespace beside it", altered(plain, "<MsgBody xmlns='u'/>" + plain),
       "101", "mfep-body"},
      {"a body of another namespace", Frame().around(kOtherNamespace), "101", "mfep-body"},
      {"a body in the root's namespace",
       with([](Frame& frame) { frame.root = "<MFEP xmlns='urn:x'>"; }), "101", "mfep-root"},
      {"a prefix that the body does not declare",
       [] {
         Frame frame;
         frame.root = "<MFEP xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>";
         return frame.around(kPrefixOutside);
       }(),
       "101", "xml-malformed"},
      {"another root", "<X>" + plain + "</X>", "101", "mfep-root"},
      {"no header", "<MFEP>" + plain + footer + "</MFEP>", "101", "mfep-header"},
      {"two headers", altered("</MsgHeader>", "</MsgHeader><MsgHeader/>"), "101", "mfep-header"},
      {"two GUIDs", altered("</GUID>", "</GUID><GUID>g-1</GUID>"), "101", "mfep-guid"},
      {"another request", with([](Frame& frame) { frame.type = "BILPULRQ"; }), "101",
       "mfep-request"},
      {"another sender",
       with([](Frame& frame) { frame.codes = "<SdrCode>XX</SdrCode><RcvCode>GAM</RcvCode>"; }),
       "101", "mfep-sender"},
      {"for another biller",
       with([](Frame& frame) { frame.codes = "<SdrCode>SW</SdrCode><RcvCode>XX</RcvCode>"; }),
       "101", "mfep-receiver"},
      {"DOCTYPE",
       "<!DOCTYPE MFEP [<!ENTITY a '125.500'>]>" + altered("125.500", "&a;"), "101",
       "xml-doctype"},
      {"external DTD", "<!DOCTYPE MFEP SYSTEM 'http://127.0.0.1:1/'>" + Frame().around(kPlain),
       "101", "xml-doctype"},
      {"another encoding",
       "<?xml version='1.0' encoding='windows-1256'?>" + Frame().around(kPlain), "101",
       "xml-encoding"},
      {"a processing instruction", altered("<GUID>", "<?php x?><GUID>"), "101",
       "xml-processing-instruction"},
      {"bad UTF-8", altered("2026-01-04T09", "\xff"), "101", "xml-malformed"},
      {"depth 100,000", altered(plain, deep), "101", "xml-too-deep"},
      {"a tag of the body not closed", altered("</TrxInf>", ""), "101", "xml-malformed"},
      {"tags of the body crossed", altered("</TrxInf></Transactions>", "</Transactions></TrxInf>"),
       "101", "xml-malformed"},
      {"an entity nobody knows in the body", altered("125.500", "&a;"), "101", "xml-malformed"},
      {"an entity around the body", altered(plain, "&am" + plain + "p;"), "101", "xml-malformed"},
      {"a character around the body", altered(plain, "\xd8" + plain + "\xa7"), "101",
       "xml-malformed"},
      {"two roots", Frame().around(kPlain) + "<x/>", "101", "xml-malformed"},
      {"cut", Frame().around(kPlain).substr(0, 400), "101", "xml-malformed"},
      {"empty", "", "101", "xml-malformed"},
      {"JSON", "{\"MFEP\":{}}", "101", "mfep-content-type", "application/json"},
      {"another charset", Frame().around(kPlain), "101", "mfep-content-type",
       "application/xml; charset=windows-1256"},
  };
  for (const Case& one : table) {
    BOOST_TEST_CONTEXT(one.name) {
      const std::string answer = hub.post(one.message, "", one.type);
      BOOST_TEST(status_of(answer) == "200");
      BOOST_TEST(code_in_header(answer) == one.code);
      BOOST_TEST(has(answer, "<Severity>Error</Severity>"));
      BOOST_TEST(has(answer, "<MsgBody/>"));
      BOOST_REQUIRE(!hub.stage.refused().empty());
      BOOST_TEST(hub.stage.refused().back() == std::string("in:") + one.audit);
      XmlReader({}, {}).read(answer.substr(answer.find("\r\n\r\n") + 4));
    }
  }
  BOOST_TEST(hub.stage.refused().size() == table.size());
  BOOST_TEST(hub.stage.received().empty());
}

BOOST_AUTO_TEST_CASE(an_error_of_the_edge_keeps_its_status_and_says_it_in_mfep) {
  const std::string message = Frame().around(kPlain);
  Hub exact(false, "", message.size());
  taking(exact);
  BOOST_TEST(code_in_header(exact.post(message)) == "0");
  Hub small(false, "", message.size() - 1);
  taking(small);
  std::string answer = small.post(message);
  BOOST_TEST(status_of(answer) == "413");
  BOOST_TEST(code_in_header(answer) == "101");
  BOOST_TEST(openssl_verifies(answer));
  BOOST_TEST(small.stage.refused().back() == "in:body-too-large");
  BOOST_TEST(small.stage.received().empty());

  exact.mfep->pause("in", true);
  answer = exact.post(message);
  BOOST_TEST(status_of(answer) == "503");
  BOOST_TEST(has(answer, "Retry-After: "));
  BOOST_TEST(code_in_header(answer) == "303");
  exact.mfep->pause("in", false);
  BOOST_TEST(code_in_header(exact.post(message)) == "0");
  BOOST_TEST(exact.stage.received().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_form_that_is_agreed_on_is_verified_and_used) {
  const auto code = [](const char* form, const std::string& body, const Vector& vector) {
    Hub hub(true, std::string("checked-form='") + form + "'");
    hub.stage.answering = [](const Received&) {
      return IntakeAnswer{reply(XmlReader({}, {}), "<MsgBody><RecCount>0</RecCount></MsgBody>")};
    };
    const std::string answer = hub.post(bill_frame().around(body, vector.signature));
    if (code_in_header(answer) != "0") return code_in_header(answer);
    BOOST_TEST(openssl_verifies(answer));
    BOOST_TEST(sliced(hub.stage.received().back().body) == vector.body);
    return std::string(has(answer, "<MsgBody>\r\n  <RecCount>") ? "indented" : "plain");
  };
  const std::string loose =
      "<MsgBody>\n<AcctInfo >\t<BillingNo>202600000015</BillingNo></AcctInfo>"
      "<PayerInfo></PayerInfo></MsgBody>";
  BOOST_TEST(code("dotnet", loose, kDotnetForm) == "indented");
  BOOST_TEST(code("unformatted", loose, kPlainForm) == "plain");
  BOOST_TEST(code("as-sent", loose, kPlainForm) == "2");
  BOOST_TEST(code("dotnet", loose, kPlainForm) == "2");
  std::string other = loose;
  other.replace(other.find("15<"), 2, "16");
  BOOST_TEST(code("dotnet", other, kDotnetForm) == "2");
}

BOOST_AUTO_TEST_SUITE_END()
