#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/mfep/json_form.h"
#include "core/message/json.h"
#include "core/message/xml_writer.h"
#include "tests/connectors/mfep/switch.h"

using namespace masar;
using namespace masar::connector;
using namespace masar::test;

namespace {

const char* const kHeader =
    R"("MsgHeader":{"TmStp":"2026-01-04T08:00:00","TrsInf":{"SdrCode":"SW","RcvCode":"GAM",)"
    R"("ReqTyp":"BLRPMTNTFRQ"},"GUID":"g-1"})";
const char* const kPayment =
    R"({"JOEBPPSTrx":"77001","AcctInfo":{"BillNo":"2","BillingNo":"2"},"PaidAmt":125.5,)"
    R"("StmtDate":"2026-01-04"})";

std::string with_body(const std::string& body) {
  return std::string("{\"MFEP\":{") + kHeader + ",\"MsgBody\":" + body + "}}";
}
std::string paying(const std::string& transactions) {
  return with_body("{\"Transactions\":{\"TrxInf\":" + transactions + "}}");
}
std::string asking() {
  std::string text = with_body(R"({"ServiceType":"GAM","AcctInfo":{"BillingNo":202600000015}})");
  return text.replace(text.find("BLRPMTNTFRQ"), 11, "BILPULRQ");
}

/// The XML form of a body.
std::string xml(const std::string& body) {
  mfep::JsonSpelling spelling;
  const auto read = mfep::mfep_of_json("{\"MFEP\":{\"MsgBody\":" + body + "}}", {}, spelling);
  return write_xml(read->document_element().child("MsgBody"));
}

std::string refusal(const std::string& json) {
  mfep::JsonSpelling spelling;
  try {
    return write_xml(*mfep::mfep_of_json(json, {}, spelling));
  } catch (const Error& error) {
    return error.code();
  }
}

/// The JSON of a body.
std::string json(const std::string& body, const mfep::JsonSpelling& spelling = {}) {
  const XmlReader reader({}, {});
  const auto header = reader.read("<MsgHeader><A>1</A></MsgHeader>"), read = reader.read(body);
  const std::string all =
      mfep::json_of_mfep(header->document_element(), read->document_element(), spelling);
  const std::string before = R"({"MFEP":{"MsgHeader":{"A":"1"},"MsgBody":)";
  BOOST_REQUIRE(all.starts_with(before));
  return all.substr(before.size(), all.size() - before.size() - 2);
}

std::string document_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

PartAnswer paid(const std::string& code) {
  return reply(XmlReader({}, {}),
               "<TrxInf><JOEBPPSTrx>77001</JOEBPPSTrx><STMTDate>2026-01-04</STMTDate><Result>"
               "<ErrorCode>" + code + "</ErrorCode></Result></TrxInf>");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mfep_json)

BOOST_AUTO_TEST_CASE(members_are_elements_in_the_order_of_the_xml) {
  BOOST_TEST(xml(R"({"PayerInfo":{"Name":"محمّد 😀 & <x>","Id":1},"ServiceType":"GAM",)"
                 R"("AcctInfo":{"BillNo":"2","BillingNo":"1"}})") ==
             "<MsgBody><AcctInfo><BillingNo>1</BillingNo><BillNo>2</BillNo></AcctInfo>"
             "<ServiceType>GAM</ServiceType><PayerInfo><Id>1</Id><Name>محمّد 😀 &amp; "
             "&lt;x&gt;</Name></PayerInfo></MsgBody>");
  // What the protocol does not know comes last, in its own order.
  BOOST_TEST(xml(R"({"Zeta":"1","ServiceType":"GAM","Alpha":{"B":"2","A":"1"}})") ==
             "<MsgBody><ServiceType>GAM</ServiceType><Zeta>1</Zeta><Alpha><B>2</B><A>1</A></Alpha>"
             "</MsgBody>");
  BOOST_TEST(xml(R"({"Transactions":{"TrxInf":[{"PaidAmt":"1.000","JOEBPPSTrx":"a"},{"Fee":true,)"
                 R"("FeesOnBiller":false}]}})") ==
             "<MsgBody><Transactions><TrxInf><JOEBPPSTrx>a</JOEBPPSTrx><PaidAmt>1.000</PaidAmt>"
             "</TrxInf><TrxInf><FeesOnBiller>false</FeesOnBiller><Fee>true</Fee></TrxInf>"
             "</Transactions></MsgBody>");
}

BOOST_AUTO_TEST_CASE(what_json_spells_otherwise_gets_its_name) {
  mfep::JsonSpelling spelling;
  const auto read = mfep::mfep_of_json(
      paying(R"({"BankTrxId":"b","StmtDate":"2026-01-04"})"), {}, spelling);
  BOOST_TEST(has(write_xml(*read),
                 "<BankTrxID>b</BankTrxID><STMTDate>2026-01-04</STMTDate></TrxInf>"));
  BOOST_TEST(spelling.mixed_day);
  BOOST_TEST(!spelling.listed);
  BOOST_TEST(refusal(paying(R"({"BankTrxId":"b","BankTrxID":"b"})")) == "mfep-member");
  spelling = {};
  mfep::mfep_of_json(paying(R"([{"BankTrxID":"b","STMTDate":"2026-01-04"}])"), {}, spelling);
  BOOST_TEST(!spelling.mixed_day);
  BOOST_TEST(spelling.listed);
}

BOOST_AUTO_TEST_CASE(an_amount_is_never_a_double) {
  const auto amount = [](const std::string& spelled) {
    const std::string all = xml(R"({"Transactions":{"TrxInf":{"PaidAmt":)" + spelled + "}}}");
    const auto at = all.find("<PaidAmt>"), end = all.find("</PaidAmt>");
    return at == std::string::npos ? "none" : all.substr(at + 9, end - at - 9);
  };
  BOOST_TEST(amount("125.5") == "125.500");
  BOOST_TEST(amount("125") == "125.000");
  BOOST_TEST(amount("0.001") == "0.001");
  BOOST_TEST(amount("999999999.999") == "999999999.999");
  BOOST_TEST(amount("4.35") == "4.350");
  BOOST_TEST(amount("\"125.5\"") == "125.5");
  // What is no amount stays as it was spelled, for the schema to refuse.
  for (const std::string odd :
       {"1e3", "-1.000", "1.0000", "125.5000000000000000000001", "9007199254740993.001"}) {
    BOOST_TEST(amount(odd) == odd);
    BOOST_TEST(amount("\"" + odd + "\"") == odd);
  }
  BOOST_TEST(amount("null") == "none");
  BOOST_TEST(amount("\"\"") == "none");
  BOOST_TEST(xml(R"({"Transactions":{"TrxInf":{"JOEBPPSTrx":7.50}}})") ==
             "<MsgBody><Transactions><TrxInf><JOEBPPSTrx>7.50</JOEBPPSTrx></TrxInf>"
             "</Transactions></MsgBody>");
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_refused) {
  BOOST_TEST(refusal("{}") == "mfep-root");
  BOOST_TEST(refusal("[]") == "mfep-root");
  BOOST_TEST(refusal("1") == "mfep-root");
  BOOST_TEST(refusal(R"({"MsgBody":{}})") == "mfep-root");
  BOOST_TEST(refusal(R"({"MFEP":[]})") == "mfep-root");
  BOOST_TEST(refusal(R"({"MFEP":{},"More":1})") == "mfep-root");
  for (const char* name : {"a b", "1a", "a:b", "<a>", "", "-a", "a.b", "اسم"}) {
    BOOST_TEST(refusal(R"({"MFEP":{")" + std::string(name) + R"(":1}})") == "mfep-member");
  }
  BOOST_TEST(refusal(R"({"MFEP":{"A":[[1]]}})") == "mfep-member");
  BOOST_TEST(refusal(R"({"MFEP":{"A":1,"A":2}})") == "json-duplicate-key");
  BOOST_TEST(refusal(R"({"MFEP":{"A":"\u0001"}})") == "json-character");
  BOOST_TEST(refusal(R"({"MFEP":{}} x)") == "json-malformed");
  std::string deep = "1";
  for (int i = 0; i < 30; ++i) deep = "{\"A\":" + deep + "}";
  BOOST_TEST(refusal("{\"MFEP\":" + deep + "}").starts_with("<MFEP><A><A>"));
  BOOST_TEST(refusal("{\"MFEP\":{\"A\":" + deep + "}}") == "json-too-deep");
}

BOOST_AUTO_TEST_CASE(an_answer_is_json_as_the_switch_reads_it) {
  BOOST_TEST(json("<MsgBody/>") == "{}");
  BOOST_TEST(json("<MsgBody><RecCount>0</RecCount></MsgBody>") == R"({"RecCount":0,"BillRec":[]})");
  const std::string bill =
      "<BillRec><Result><ErrorCode>0</ErrorCode><ErrorDesc>Success</ErrorDesc></Result>"
      "<DueAmount>85.500</DueAmount><PmtConst><AllowPart>false</AllowPart></PmtConst><Note/>"
      "</BillRec>";
  const std::string said =
      R"({"Result":{"ErrorCode":0,"ErrorDesc":"Success"},"DueAmount":"85.500",)"
      R"("PmtConst":{"AllowPart":false},"Note":""})";
  BOOST_TEST(json("<MsgBody><RecCount>1</RecCount><BillsRec>" + bill + "</BillsRec></MsgBody>") ==
             R"({"RecCount":1,"BillRec":[)" + said + "]}");
  BOOST_TEST(
      json("<MsgBody><RecCount>2</RecCount><BillsRec>" + bill + bill + "</BillsRec></MsgBody>") ==
      R"({"RecCount":2,"BillRec":[)" + said + "," + said + "]}");
  const std::string one = "<TrxInf><JOEBPPSTrx>007</JOEBPPSTrx><STMTDate>d</STMTDate></TrxInf>";
  const std::string once = R"({"JOEBPPSTrx":"007","STMTDate":"d"})";
  const std::string mixed = R"({"JOEBPPSTrx":"007","StmtDate":"d"})";
  BOOST_TEST(json("<MsgBody>" + one + "</MsgBody>") == R"({"Transactions":{"TrxInf":)" + once +
                                                            "}}");
  BOOST_TEST(json("<MsgBody>" + one + "</MsgBody>", {true, false}) ==
             R"({"Transactions":{"TrxInf":[)" + once + "]}}");
  BOOST_TEST(json("<MsgBody>" + one + one + "</MsgBody>", {false, true}) ==
             R"({"Transactions":{"TrxInf":[)" + mixed + "," + mixed + "]}}");
  BOOST_TEST(json("<MsgBody><A><B>1</B><B>2</B><C>3</C></A></MsgBody>") ==
             R"({"A":{"B":["1","2"],"C":"3"}})");
  // A code that is no number of JSON stays a text.
  BOOST_TEST(json("<MsgBody><ErrorCode>007</ErrorCode></MsgBody>") == R"({"ErrorCode":"007"})");
}

BOOST_AUTO_TEST_CASE(intake_gets_the_form_that_xml_has) {
  Hub hub = Hub::json();
  hub.stage.answering = [](const Received&) { return IntakeAnswer{paid("0")}; };
  const std::string answer = hub.tell(paying(kPayment), "?GUID=g-1");
  BOOST_TEST(status_of(answer) == "200");
  BOOST_TEST(has(answer, "Content-Type: application/json; charset=utf-8\r\n"));
  BOOST_TEST(document_of(answer) ==
             R"({"MFEP":{"MsgHeader":{"TmStp":"2026-01-04T08:00:00","GUID":"g-1","TrsInf":)"
             R"({"SdrCode":"GAM","ResTyp":"BLRPMTNTFRS"},"Result":{"ErrorCode":0,"ErrorDesc":)"
             R"("Success","Severity":"Info"}},"MsgBody":{"Transactions":{"TrxInf":{"JOEBPPSTrx":)"
             R"("77001","StmtDate":"2026-01-04","Result":{"ErrorCode":0}}}}}})");
  BOOST_REQUIRE(hub.stage.received().size() == 1u);
  const Received got = hub.stage.received()[0];
  BOOST_TEST(got.message_id == "g-1");
  BOOST_TEST(got.sender == "partner");
  BOOST_TEST(got.body ==
             "<MFEP><MsgHeader><TmStp>2026-01-04T08:00:00</TmStp><GUID>g-1</GUID><TrsInf><SdrCode>"
             "SW</SdrCode><RcvCode>GAM</RcvCode><ReqTyp>BLRPMTNTFRQ</ReqTyp></TrsInf></MsgHeader>"
             "<MsgBody><Transactions><TrxInf><AcctInfo><BillingNo>2</BillingNo><BillNo>2</BillNo>"
             "</AcctInfo><JOEBPPSTrx>77001</JOEBPPSTrx><PaidAmt>125.500</PaidAmt><STMTDate>"
             "2026-01-04</STMTDate></TrxInf></Transactions></MsgBody></MFEP>");
  BOOST_TEST(hub.stage.refused().empty());
}

BOOST_AUTO_TEST_CASE(errors_stand_where_the_switch_wants_them) {
  Hub body = Hub::json(true), header = Hub::json(true, "error-place='header'");
  for (Hub* hub : {&body, &header}) {
    hub->stage.answering = [](const Received&) {
      return IntakeAnswer{part(PartAnswer::Kind::refused, "401")};
    };
  }
  std::string answer = document_of(body.tell(asking()));
  BOOST_TEST(has(answer, R"("Result":{"ErrorCode":0,"ErrorDesc":"Success","Severity":"Info"}})"));
  BOOST_TEST(has(answer,
                 R"("MsgBody":{"RecCount":1,"BillRec":[{"Result":{"ErrorCode":401,"ErrorDesc":)"
                 R"("Bill not found","Severity":"Error"},"AcctInfo":{"BillingNo":)"
                 R"("202600000015"}}]})"));
  answer = document_of(header.tell(asking()));
  BOOST_TEST(has(answer, R"("Result":{"ErrorCode":401,"ErrorDesc":"Bill not found")"));
  BOOST_TEST(has(answer, R"("MsgBody":{"RecCount":0,"BillRec":[]}}})"));
}

BOOST_AUTO_TEST_CASE(hostile_json_gets_a_code_an_audit_row_and_nothing_else) {
  struct Case {
    const char* name;
    std::string message;
    const char* audit;
    std::string type = "application/json";
  };
  Hub hub = Hub::json();
  hub.stage.answering = [](const Received&) { return IntakeAnswer{paid("0")}; };
  const auto altered = [](const std::string& from, const std::string& to) {
    std::string message = paying(kPayment);
    return message.replace(message.find(from), from.size(), to);
  };
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  const std::vector<Case> table = {
      {"XML", Frame().around(kPlain), "json-malformed"},
      {"XML by its type", Frame().around(kPlain), "mfep-content-type", "application/xml"},
      {"JSON as XML", paying(kPayment), "mfep-content-type", "text/xml"},
      {"another charset", paying(kPayment), "mfep-content-type",
       "application/json; charset=windows-1256"},
      {"cut", paying(kPayment).substr(0, 150), "json-malformed"},
      {"empty", "", "json-malformed"},
      {"a byte order mark", "\xEF\xBB\xBF" + paying(kPayment), "json-malformed"},
      {"a comment", altered("{\"JOE", "/* */{\"JOE"), "json-malformed"},
      {"depth 100,000", deep, "json-too-deep"},
      {"two bodies", altered(",\"MsgBody\":", ",\"MsgBody\":{},\"MsgBody\":"),
       "json-duplicate-key"},
      {"a list of bodies", with_body("[{},{}]"), "mfep-body"},
      {"no body", altered("MsgBody", "Other"), "mfep-body"},
      {"no header", altered("MsgHeader", "Other"), "mfep-header"},
      {"another root", altered("MFEP", "Mfep"), "mfep-root"},
      {"another request", altered("BLRPMTNTFRQ", "BILPULRQ"), "mfep-request"},
      {"another sender", altered("\"SW\"", "\"XX\""), "mfep-sender"},
      {"for another biller", altered("\"GAM\"", "\"XX\""), "mfep-receiver"},
      {"two amounts", altered("\"PaidAmt\"", "\"PaidAmt\":1,\"PaidAmt\""), "json-duplicate-key"},
      {"a lone surrogate", altered("77001", "\\ud83d"), "json-malformed"},
  };
  for (const Case& one : table) {
    BOOST_TEST_CONTEXT(one.name) {
      const std::string answer = hub.post(one.message, "", one.type, Hub::login());
      BOOST_TEST(status_of(answer) == "200");
      BOOST_TEST(has(answer, R"("Result":{"ErrorCode":101,"ErrorDesc":"Invalid message",)"));
      BOOST_TEST(has(answer, R"("MsgBody":{}}})"));
      BOOST_TEST(hub.stage.refused().back() == std::string("in:") + one.audit);
      read_json(document_of(answer), {});
    }
  }
  BOOST_TEST(hub.stage.refused().size() == table.size());
  BOOST_TEST(hub.stage.received().empty());
}

BOOST_AUTO_TEST_CASE(who_has_no_password_or_calls_from_elsewhere_is_refused) {
  Hub hub = Hub::json(), elsewhere = Hub::json(false, "peers='10.0.0.0/8 ::1'");
  for (Hub* one : {&hub, &elsewhere}) {
    one->stage.answering = [](const Received&) { return IntakeAnswer{paid("0")}; };
  }
  const std::string json = "application/json";
  for (const std::string& head : {std::string(), Hub::login(""), Hub::login("open sesamE"),
                                  std::string("Authorization: Basic !\r\n")}) {
    const std::string answer = hub.post(paying(kPayment), "", json, head);
    BOOST_TEST(status_of(answer) == "401");
    BOOST_TEST(has(answer, "WWW-Authenticate: Basic"));
    BOOST_TEST(has(answer, R"("ErrorCode":101)"));
    BOOST_TEST(!has(answer, "sesam"));
    BOOST_TEST(hub.stage.refused().back() == "in:unauthorized");
  }
  BOOST_TEST(hub.stage.refused().size() == 4u);
  BOOST_TEST(hub.stage.received().empty());
  BOOST_TEST(status_of(elsewhere.post(paying(kPayment), "", json,
                                      Hub::login() + "X-Forwarded-For: 10.0.0.1\r\n")) == "403");
  BOOST_TEST(elsewhere.stage.refused() == std::vector<std::string>{"in:peer-not-allowed"});
  BOOST_TEST(elsewhere.stage.received().empty());
}

BOOST_AUTO_TEST_CASE(bad_configuration_is_found) {
  const auto changed = [](const std::string& from, const std::string& to) {
    std::string inner = Hub::json_element_of(false, "peers='10.0.0.0/8'");
    return inner.replace(inner.find(from), from.size(), to);
  };
  BOOST_TEST(check(true, changed("peers", "peers")) == "");
  BOOST_TEST(check(true, changed("peers", "peers"), "0.0.0.0:1") == "");
  const std::string open =
      check(true, changed("user='switch' password='secret:pass'", ""), "0.0.0.0:1");
  BOOST_TEST(has(open, "needs the attribute \"user\" with profile=\"json\""));
  BOOST_TEST(has(open, "has no authentication"));
  BOOST_TEST(has(check(true, changed("user='switch'", "")), "belong together"));
  BOOST_TEST(has(check(true, changed("10.0.0.0/8", "10.0.0.1/8")), "bits beyond its length"));
  for (const std::string more : {"verify='secret:public'", "sign='secret:private'",
                                 "checked-form='dotnet'"}) {
    BOOST_TEST(has(check(true, changed("peers", more + " peers")), "nothing is signed"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
