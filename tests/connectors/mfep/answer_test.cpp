#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/connectors/mfep/switch.h"

using namespace masar;
using namespace masar::connector;
using namespace masar::test;
using masar::http::Listeners;

namespace {

const XmlReader& reader() {
  static const XmlReader one({}, {});
  return one;
}

PartAnswer refused(const std::string& code) {
  return part(PartAnswer::Kind::refused, code, "0790000000");
}
PartAnswer replied(const std::string& code) {
  return reply(reader(), "<TrxInf><JOEBPPSTrx>R</JOEBPPSTrx><Result><ErrorCode>" + code +
                             "</ErrorCode></Result></TrxInf>");
}
PartAnswer bill(const std::string& code) {
  return reply(reader(), "<MsgBody><RecCount>1</RecCount><BillsRec><BillRec><Result><ErrorCode>" +
                             code + "</ErrorCode></Result></BillRec></BillsRec></MsgBody>");
}

std::string answer_to(Hub& hub, const std::string& message, const IntakeAnswer& parts) {
  hub.stage.answering = [&parts](const Received&) { return parts; };
  return hub.post(message);
}

/// Every ErrorCode of the body, in order.
std::string codes(const std::string& answer) {
  std::string found;
  const std::string body = body_of(answer);
  for (std::size_t at = 0; (at = body.find("<ErrorCode>", at)) != std::string::npos;) {
    at += 11;
    found += (found.empty() ? "" : " ") + body.substr(at, body.find('<', at) - at);
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mfep_answer)

BOOST_AUTO_TEST_CASE(bad_configuration_is_found) {
  const std::string good = Hub::element_of(false, "");
  BOOST_TEST(check(true, good) == "");
  BOOST_TEST(check(true, Hub::element_of(true, "checked-form='dotnet' error-place='header'")) ==
             "");
  // The signature is authentication enough for an open listener.
  BOOST_TEST(check(true, good, "0.0.0.0:1") == "");
  BOOST_TEST(has(check(true, ""), "needs <mfep>"));
  BOOST_TEST(has(check(false, good), "there is no outbound mfep"));
  for (const std::string name : {"listener", "path", "request", "reply", "sender-code",
                                 "receiver-code", "verify", "sign"}) {
    std::string without = good;
    const auto at = without.find(" " + name + "='");
    without.erase(at, without.find('\'', without.find('\'', at) + 1) + 1 - at);
    const std::string text = check(true, without);
    BOOST_TEST(has(text, "needs the attribute \"" + name + "\""), name << " says: " << text);
  }
  struct Case {
    const char* from;
    const char* to;
    const char* says;
  };
  const std::vector<Case> table = {
      {"listener='http'", "listener='htp'", "no HTTP listener \"htp\""},
      {"path='/in'", "path='in'", "not a path"},
      {"path='/in'", "path='/in?GUID'", "not a path"},
      {"request='BLRPMTNTFRQ'", "request='BLRPMTNTFRQX'", "BLRPMTNTFRQ"},
      {"reply='BLRPMTNTFRS'", "reply='BILPULRS'", "not the reply of BLRPMTNTFRQ"},
      {"request='BLRPMTNTFRQ'", "request='BILPULRQ'", "not the reply of BILPULRQ"},
      {"sign='secret:private'", "sign='open'", "secret"},
      {"verify='secret:public'", "verify='open'", "secret"},
      {"sender-code", "sendr-code", "did you mean \"sender-code\""},
      {"/>", "profile='jsn'/>", "json"},
      {"/>", "peers='10.0.0'/>", "is no address"},
      {"/>", "user='u'/>", "belong together"},
      {"/>", "checked-form='dotnot'/>", "dotnet"},
      {"/>", "error-place='footer'/>", "header"},
      {"/>", "><x/></mfep>", "x"},
  };
  for (const Case& one : table) {
    std::string inner = good;
    inner.replace(inner.rfind(one.from), std::string(one.from).size(), one.to);
    const std::string text = check(true, inner);
    BOOST_TEST(has(text, one.says), inner << " says: " << text);
  }
}

BOOST_AUTO_TEST_CASE(a_key_that_cannot_be_used_stops_the_start_and_is_named) {
  const auto start = [](const std::string& name, const std::string& pem) -> std::string {
    KeyStage stage;
    stage.put(name, pem);
    Listeners listeners;
    const Endpoint endpoint("in", true, Hub::element_of(false, ""));
    try {
      mfep::make_mfep(stage.context(), listeners)->add_inbound(endpoint.spec, stage);
    } catch (const Error& error) {
      return error.code() + " " + error.what();
    }
    return "started";
  };
  BOOST_TEST(start("secret:public", kCurvePublic).starts_with("bad-key secret:public: "));
  BOOST_TEST(start("secret:private", kSmallPrivate).starts_with("bad-key secret:private: "));
  BOOST_TEST(!has(start("secret:private", kLockedPrivate), "BEGIN"));
  // With good keys the next thing that is missing is the listener.
  BOOST_TEST(start("secret:public", kSwitchCertificate).starts_with("no-listener"));
}

BOOST_AUTO_TEST_CASE(the_answer_is_framed_and_signed) {
  Hub hub;
  const std::string answer = answer_to(hub, Frame().around(kPlain), {replied("0")});
  BOOST_TEST(status_of(answer) == "200");
  BOOST_TEST(has(answer, "Content-Type: application/xml; charset=utf-8\r\n"));
  BOOST_TEST(has(answer,
                 "<MFEP><MsgHeader><TmStp>2026-01-04T08:00:00</TmStp><GUID>g-1</GUID><TrsInf>"
                 "<SdrCode>GAM</SdrCode><ResTyp>BLRPMTNTFRS</ResTyp></TrsInf><Result><ErrorCode>0"
                 "</ErrorCode><ErrorDesc>Success</ErrorDesc><Severity>Info</Severity></Result>"
                 "</MsgHeader><MsgBody><TrxInf><JOEBPPSTrx>R</JOEBPPSTrx>"));
  BOOST_TEST(openssl_verifies(answer));
  std::string altered = answer;
  altered.replace(altered.find("<ErrorCode>0</ErrorCode></Result></TrxInf>") + 11, 1, "1");
  BOOST_TEST(!openssl_verifies(altered));
  // Also an error, and text that is not ASCII.
  BOOST_TEST(openssl_verifies(hub.post("junk")));
  BOOST_TEST(openssl_verifies(answer_to(
      hub, Frame().around(kPlain),
      {reply(reader(), "<TrxInf><JOEBPPSTrx>a &amp; &lt; محمّد 😀&#13;</JOEBPPSTrx></TrxInf>")})));
}

BOOST_AUTO_TEST_CASE(each_part_gets_its_own_result) {
  Hub hub;
  const std::string two = Frame().around(kTwo);
  std::string answer = answer_to(hub, two, {replied("0"), refused("duplicate-differs")});
  BOOST_TEST(code_in_header(answer) == "0");
  BOOST_TEST(codes(answer) == "0 340");
  BOOST_TEST(has(answer,
                 "<TrxInf><JOEBPPSTrx>77002</JOEBPPSTrx><ProcessDate>2026-01-04T09:30:00"
                 "</ProcessDate><STMTDate>2026-01-04</STMTDate><Result><ErrorCode>340<"));
  BOOST_TEST(openssl_verifies(answer));
  BOOST_TEST(!has(answer, "0790"));

  answer = answer_to(hub, two, {refused("408"), part(PartAnswer::Kind::accepted)});
  BOOST_TEST(codes(answer) == "408 0");
  BOOST_TEST(codes(answer_to(hub, two, {refused("else"), replied("325")})) == "303 325");
  // A refusal is never said with the code of success.
  BOOST_TEST(codes(answer_to(hub, two, {refused("0"), refused("000")})) == "303 303");
}

BOOST_AUTO_TEST_CASE(one_part_to_be_repeated_makes_the_whole_one_to_be_repeated) {
  Hub hub;
  const auto later = part(PartAnswer::Kind::retry_later, "behind", "text");
  for (const IntakeAnswer& parts :
       {IntakeAnswer{replied("0"), later}, IntakeAnswer{later, refused("408")},
        IntakeAnswer{refused("schema-invalid"), later}, IntakeAnswer{later}, IntakeAnswer{}}) {
    const std::string answer = answer_to(hub, Frame().around(kTwo), parts);
    BOOST_TEST(status_of(answer) == "200");
    BOOST_TEST(code_in_header(answer) == "303");
    BOOST_TEST(body_of(answer) == "<MsgBody/>");
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_of_the_message_stands_in_the_header) {
  Hub hub;
  for (const auto& [refusal, code] :
       {std::pair("schema-invalid", "101"), {"unknown-type", "101"}, {"xml-too-deep", "101"},
        {"no-parts", "101"}, {"too-large", "101"}}) {
    for (const Vector& vector : {kPlain, kTwo}) {
      const std::string answer = answer_to(hub, Frame().around(vector), {refused(refusal)});
      BOOST_TEST(code_in_header(answer) == code);
      BOOST_TEST(body_of(answer) == "<MsgBody/>");
    }
  }
  // One answer for two payments that is no document of theirs: nothing to tell them apart by.
  BOOST_TEST(code_in_header(answer_to(hub, Frame().around(kTwo), {refused("408")})) == "408");
  BOOST_TEST(code_in_header(answer_to(hub, Frame().around(kTwo), {refused("unknown-endpoint")})) ==
             "303");
  BOOST_TEST(code_in_header(answer_to(hub, Frame().around(kTwo),
                                      {part(PartAnswer::Kind::accepted)})) == "303");
}

BOOST_AUTO_TEST_CASE(the_error_of_a_bill_stands_where_the_switch_wants_it) {
  Hub body(true), header(true, "error-place='header'");
  const std::string ask = bill_frame().around(kBill);
  std::string answer = answer_to(body, ask, {bill("323")});
  BOOST_TEST(code_in_header(answer) == "0");
  BOOST_TEST(codes(answer) == "323");
  answer = answer_to(header, ask, {bill("323")});
  BOOST_TEST(code_in_header(answer) == "323");
  BOOST_TEST(has(answer, "<ErrorDesc>Bill closed or expired</ErrorDesc>"));
  BOOST_TEST(body_of(answer) == "<MsgBody><RecCount>0</RecCount></MsgBody>");
  BOOST_TEST(openssl_verifies(answer));
  for (Hub* hub : {&body, &header}) {
    answer = answer_to(*hub, ask, {bill("0")});
    BOOST_TEST(code_in_header(answer) == "0");
    BOOST_TEST(codes(answer) == "0");
    answer = answer_to(*hub, ask, {refused("schema-invalid")});
    BOOST_TEST(code_in_header(answer) == "101");
    BOOST_TEST(body_of(answer) == "<MsgBody><RecCount>0</RecCount></MsgBody>");
    BOOST_TEST(code_in_header(answer_to(*hub, ask, {part(PartAnswer::Kind::retry_later)})) ==
               "303");
    BOOST_TEST(code_in_header(answer_to(*hub, ask, {part(PartAnswer::Kind::accepted)})) == "303");
    BOOST_TEST(body_of(hub->post("junk")) == "<MsgBody><RecCount>0</RecCount></MsgBody>");
  }
  // A route's own refusal is an error of the bill.
  answer = answer_to(body, ask, {refused("401")});
  BOOST_TEST(code_in_header(answer) == "0");
  BOOST_TEST(has(answer, "<RecCount>1</RecCount><BillsRec><BillRec><Result><ErrorCode>401<"));
  BOOST_TEST(has(answer, "<AcctInfo><BillingNo>202600000015</BillingNo></AcctInfo></BillRec>"));
  BOOST_TEST(code_in_header(answer_to(header, ask, {refused("401")})) == "401");
}

BOOST_AUTO_TEST_CASE(every_code_stands_in_its_place_with_its_text) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"2", "Invalid signature"},     {"101", "Invalid message"},
      {"303", "Internal error"},      {"322", "Invalid service type"},
      {"323", "Bill closed or expired"}, {"324", "Bill already paid"},
      {"325", "Invalid paid amount"}, {"326", "Invalid due amount"},
      {"340", "Duplicate payment"},   {"353", "Amount over the upper limit"},
      {"380", "Signature missing"},   {"401", "Bill not found"},
      {"408", "Invalid billing number"}, {"409", "No due amount"},
      {"12345", "Error"}};
  Hub bill(true), bill_header(true, "error-place='header'");
  Hub payment, payment_header(false, "error-place='header'");
  const auto header = [](const std::string& answer) {
    return answer.substr(answer.find("<Result>"), answer.find("</MsgHeader>") -
                                                      answer.find("<Result>"));
  };
  const std::string done =
      "<Result><ErrorCode>0</ErrorCode><ErrorDesc>Success</ErrorDesc><Severity>Info</Severity>"
      "</Result>";
  for (const auto& [code, text] : table) {
    const std::string result = "<Result><ErrorCode>" + code + "</ErrorCode><ErrorDesc>" + text +
                               "</ErrorDesc><Severity>Error</Severity></Result>";
    for (Hub* hub : {&bill, &bill_header, &payment, &payment_header}) {
      const bool bills = hub == &bill || hub == &bill_header;
      const std::string answer = answer_to(
          *hub, bills ? bill_frame().around(kBill) : Frame().around(kPlain), {refused(code)});
      const bool above = hub == &bill_header || hub == &payment_header;
      BOOST_TEST(header(answer) == (above ? result : done));
      // A bill's error stands in one place; that of a payment stays with its payment.
      BOOST_TEST(has(body_of(answer), result) == (hub != &bill_header));
    }
  }
  // Of payments that differ the header says nothing.
  const std::string two = Frame().around(kTwo);
  BOOST_TEST(code_in_header(answer_to(payment_header, two, {refused("325"), refused("325")})) ==
             "325");
  BOOST_TEST(code_in_header(answer_to(payment_header, two, {refused("325"), replied("340")})) ==
             "0");
  BOOST_TEST(code_in_header(answer_to(payment_header, two, {replied("0"), refused("325")})) ==
             "0");
  BOOST_TEST(code_in_header(answer_to(payment_header, two, {refused("325"), replied("0")})) ==
             "0");
}

BOOST_AUTO_TEST_CASE(a_reply_that_cannot_be_written_is_to_be_repeated) {
  Hub hub;
  auto document = std::make_shared<pugi::xml_document>();
  document->append_child("TrxInf").text().set("\x01");
  hub.stage.answering = [&](const Received&) {
    return IntakeAnswer{{PartAnswer::Kind::replied, {}, {}, document}};
  };
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string answer = hub.post(Frame().around(kPlain), {}, "application/xml",
                                      "traceparent: 00-" + trace + "-00f067aa0ba902b7-01\r\n");
  BOOST_TEST(status_of(answer) == "200");
  BOOST_TEST(code_in_header(answer) == "303");
  BOOST_TEST(openssl_verifies(answer));
  const auto logged = hub.stage.logged();
  BOOST_TEST_REQUIRE(logged.size() == 1u);
  BOOST_TEST(logged[0].line.starts_with("error in: a reply could not be written: "));
  BOOST_TEST(logged[0].ids.trace == trace);
  BOOST_TEST(logged[0].ids.message == "g-1");
}

/// The partner's side in Python, which shares nothing with the hub's: it signs and it verifies.
BOOST_AUTO_TEST_CASE(the_python_switch_is_understood_and_understands) {
  // One key pair signs both ways: the switch's private key is not here.
  Hub hub(false, "", 1 << 20, kHubPublic);
  hub.stage.answering = [](const Received& received) {
    return IntakeAnswer{replied(has(received.body, "<Name>محمّد &amp; 😀</Name>") ? "0" : "325")};
  };
  const Folder keys;
  keys.put("private", kHubPrivate);
  keys.put("public", kHubPublic);
  int status = 0;
  const std::string said = run("/usr/bin/python3 " MASAR_SOURCE_DIR
                               "/tests/connectors/mfep/switch_check.py " +
                                   hub.address + " " + keys.path() + " 2>&1",
                               status);
  BOOST_TEST(said == "valid 0 0\nvalid 2\n");
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_SUITE_END()
