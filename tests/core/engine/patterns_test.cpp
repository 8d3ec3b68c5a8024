// Enterprise integration patterns of routes: filter, splitter and aggregator, wire tap, choice by
// content, and what an endpoint does with elements that its schema does not know.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/message/xml_writer.h"
#include "tests/core/engine/orders.h"

using namespace masar;
using namespace masar::testing;
using connector::OutcomeKind;

namespace {

constexpr const char* kBridgeIn =
    R"(<endpoint id="bridge-in" partner="bank" connector="amqp" direction="in"><amqp/></endpoint>)";

ConfigText bridging(const std::string& from, const std::string& steps) {
  ConfigText config = order_config();
  config.set("config/endpoints/bridge-in.xml", kBridgeIn);
  config.set("config/routes/bridge.xml", "<route id=\"bridge\" mode=\"pass-through\">" + from +
                                             steps + "</route>");
  return config;
}
const std::string kFrom = R"(<from endpoint="bridge-in"/>)";
const std::string kParts = R"(<from endpoint="bridge-in" parts="/Box/Item" parts-max="3"/>)";

/// The body of the oldest attempt that waits at the endpoint, which then ends delivered.
std::string passed_to(Stage& stage, const std::string& endpoint, const std::string& reply = {}) {
  BOOST_REQUIRE(stage.pending(endpoint) > 0);
  const std::string body = stage.next(endpoint).body;
  stage.delivered(endpoint, reply);
  return body;
}

std::string note_route(const std::string& steps, const std::string& after = {}) {
  return R"(<route id="note" mode="durable"><from endpoint="shop-in" type="Note"/>)" + steps +
         R"(<find key="/Note/no"/><no-case do="refuse" code="no-such-order"/>)" + after +
         R"(<map using="order/note"/><to process="order" event="note"/></route>)";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(patterns)

// Choice

BOOST_AUTO_TEST_CASE(a_message_goes_where_its_content_says) {
  Stage stage(bridging(kFrom, R"(<choice>
    <when test="/X/to eq 'shop'"><call endpoint="shop-out"/></when>
    <when test="/X/to eq 'sms'"><call endpoint="sms" operation="fast"/></when>
    <otherwise><refuse code="nowhere" text="nobody is called {/X/to}"/></otherwise></choice>)"));
  const auto to = [](const std::string& name) { return "<X><to>" + name + "</to></X>"; };
  const auto first = stage.say("bridge-in", to("shop"), "1");
  const auto second = stage.say("bridge-in", to("sms"), "2");
  BOOST_TEST(stage.say("bridge-in", to("moon"), "3")->text() == "refused nowhere");
  BOOST_TEST(stage.next("sms").operation == "fast");
  BOOST_TEST(passed_to(stage, "shop-out") == to("shop"));
  BOOST_TEST(passed_to(stage, "sms") == to("sms"));
  BOOST_TEST(first->text() == "accepted");
  BOOST_TEST(second->text() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_paused_endpoint_holds_up_what_goes_there_alone) {
  Stage stage(bridging(kFrom, R"(<choice>
    <when test="/X/to eq 'shop'"><call endpoint="shop-out"/></when>
    <otherwise><call endpoint="sms"/></otherwise></choice>)"));
  const auto act = [&](const std::string& endpoint) {
    stage.act([&](auto& operations, auto done) {
      operations.pause_endpoint(endpoint, true, done);
    });
  };
  act("shop-out");
  BOOST_TEST(stage.accepting("bridge-in"));
  BOOST_TEST(stage.say("bridge-in", "<X><to>shop</to></X>", "1")->text() == "later paused");
  const auto other = stage.say("bridge-in", "<X><to>sms</to></X>", "2");
  passed_to(stage, "sms");
  BOOST_TEST(other->text() == "accepted");
  act("sms");
  BOOST_TEST(!stage.accepting("bridge-in"));
}

BOOST_AUTO_TEST_CASE(the_reply_from_downstream_is_the_answer) {
  Stage stage(bridging(kFrom, R"(<call endpoint="supplier"/>)"));
  const auto asked = stage.say("bridge-in", "<AskQuote>A</AskQuote>", "1");
  passed_to(stage, "supplier", quote("7"));
  BOOST_TEST(asked->text() == "replied " + quote("7"));
  const auto unreadable = stage.say("bridge-in", "<AskQuote>A</AskQuote>", "2");
  passed_to(stage, "supplier", "<Quote");
  BOOST_TEST(unreadable->text() == "later xml-malformed");
}

BOOST_AUTO_TEST_CASE(steps_behind_the_call_see_the_reply) {
  ConfigText config = bridging(kFrom, R"(<call endpoint="supplier"/><map using="order/cheap"/>)");
  config.set("mappings/order/cheap.map.xml",
             R"(<mapping id="order/cheap"><output><Cheap>{/Quote/price}</Cheap></output>
</mapping>)");
  Stage stage(config);
  const auto asked = stage.say("bridge-in", "<AskQuote>A</AskQuote>", "1");
  passed_to(stage, "supplier", quote("7"));
  BOOST_TEST(asked->text() == "replied <Cheap>7</Cheap>");
}

BOOST_AUTO_TEST_CASE(a_reply_that_nothing_looks_at_goes_back_as_it_was_written) {
  ConfigText config = bridging(kFrom, R"(<call endpoint="supplier"/>)");
  const auto answer = [&](bool source_writes, bool partner_writes) {
    Stage stage(config);
    connector::Received received;
    received.endpoint = "bridge-in";
    received.body = "<AskQuote>A</AskQuote>";
    received.written = source_writes;
    connector::IntakeAnswer given;
    stage.hand_in(received, [&](const connector::IntakeAnswer& parts) { given = parts; });
    stage.run();
    BOOST_TEST(stage.next("supplier").written == source_writes);
    connector::Outcome outcome{connector::OutcomeKind::delivered, {}, {}, quote("7"), {}};
    outcome.written = partner_writes;
    stage.answer("supplier", outcome);
    BOOST_REQUIRE(given.size() == 1u);
    const auto& part = given[0];
    BOOST_TEST((part.kind == connector::PartAnswer::Kind::replied));
    return part.document ? "tree " + write_xml(*part.document) : "text " + part.written;
  };
  BOOST_TEST(answer(true, true) == "text " + quote("7"));
  BOOST_TEST(answer(true, false) == "tree " + quote("7"));
  BOOST_TEST(answer(false, true) == "tree " + quote("7"));
}

// Filter

BOOST_AUTO_TEST_CASE(what_a_filter_lets_through_goes_on_and_the_rest_is_taken_in_silence) {
  Stage stage(bridging(kFrom, R"(<filter test="/X/kind eq 'wanted'"/>
    <call endpoint="shop-out"/>)"));
  const auto wanted = stage.say("bridge-in", "<X><kind>wanted</kind></X>", "1");
  BOOST_TEST(stage.say("bridge-in", "<X><kind>other</kind></X>", "2")->text() == "accepted");
  BOOST_TEST(stage.sent("shop-out").size() == 1u);
  passed_to(stage, "shop-out");
  BOOST_TEST(wanted->text() == "accepted");
  BOOST_TEST(stage.metric("masar_messages_filtered_total", "route", "bridge") == 1);
}

BOOST_AUTO_TEST_CASE(a_durable_message_that_is_filtered_is_recorded_and_runs_nothing) {
  ConfigText config = order_config();
  config.set("config/routes/note.xml",
             note_route(R"x(<filter test="not(starts-with(/Note/text, '#'))"/>)x"));
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  BOOST_TEST(stage.say("shop-in", note("A", "# remark"), "n1")->text() == "accepted");
  // Before a case is looked for: this one has none.
  BOOST_TEST(stage.say("shop-in", note("B", "# remark"), "n2")->text() == "accepted");
  BOOST_TEST(stage.say("shop-in", note("B", "plain"), "n3")->text() == "refused no-such-order");
  BOOST_TEST(stage.say("shop-in", note("A", "plain"), "n4")->text() == "accepted");
  BOOST_TEST(stage.data("A", "notes") == "plain;");
  BOOST_TEST(stage.audited("", "filtered", "Note") == 2);
  BOOST_TEST(stage.metric("masar_messages_filtered_total", "route", "note") == 2);
  // It is known by its key, as what was taken in is.
  BOOST_TEST(stage.say("shop-in", note("A", "# remark"), "n1")->text() == "accepted");
  BOOST_TEST(stage.metric("masar_messages_filtered_total", "route", "note") == 2);
  BOOST_TEST(stage.say("shop-in", note("A", "# other"), "n1")->text() ==
             "refused duplicate-differs");
}

BOOST_AUTO_TEST_CASE(a_repetition_is_told_by_its_key_also_where_a_filter_fails_for_it) {
  ConfigText config = order_config();
  config.set("config/routes/note.xml",
             note_route(R"x(<filter test="integer(/Note/text) gt 1"/>)x"));
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  BOOST_TEST(stage.say("shop-in", note("A", "7"), "n1")->text() == "accepted");
  BOOST_TEST(stage.say("shop-in", note("A", "many"), "n1")->text() == "refused duplicate-differs");
  BOOST_TEST(stage.metric("masar_alarms_total", "code", "duplicate-differs") == 1);
  const std::string failed = stage.say("shop-in", note("A", "many"), "n2")->text();
  BOOST_TEST(failed.starts_with("refused "));
  BOOST_TEST(failed != "refused duplicate-differs");
}

// Split and aggregate

BOOST_AUTO_TEST_CASE(each_part_of_a_message_goes_on_as_one_of_its_own) {
  Stage stage(bridging(kParts, R"(<call endpoint="shop-out"/>)"));
  const auto box = stage.say("bridge-in", "<Box><Item>1</Item><x/><Item>2</Item></Box>", "m");
  const auto sent = stage.sent("shop-out");
  BOOST_REQUIRE(sent.size() == 2u);
  BOOST_TEST(sent[0].attempt.body == "<Item>1</Item>");
  BOOST_TEST(sent[0].attempt.effect_id == "m.1");
  BOOST_TEST(sent[1].attempt.effect_id == "m.2");
  passed_to(stage, "shop-out");
  BOOST_TEST(box->text() == "open");
  passed_to(stage, "shop-out");
  BOOST_TEST(box->text() == "accepted, accepted");
}

BOOST_AUTO_TEST_CASE(parts_are_prepared_before_any_of_them_is_sent) {
  Stage stage(bridging(kParts, R"(<choice><when test="/Item eq 'bad'">
    <refuse code="bad-item"/></when></choice><call endpoint="shop-out"/>)"));
  const auto say = [&](const std::string& items) {
    return stage.say("bridge-in", "<Box>" + items + "</Box>", "m")->text();
  };
  BOOST_TEST(say("<Item>good</Item><Item>bad</Item>") == "refused bad-item");
  BOOST_TEST(say("") == "refused no-parts");
  BOOST_TEST(say("<Item/><Item/><Item/><Item/>") == "refused too-many-parts");
  BOOST_TEST(stage.sent("shop-out").empty());
}

BOOST_AUTO_TEST_CASE(an_aggregate_makes_one_reply_of_the_parts) {
  ConfigText config = bridging(kParts, R"(<filter test="/Item ne 'skip'"/>
    <call endpoint="shop-out"/><aggregate using="order/results"/>)");
  config.set("mappings/order/results.map.xml", R"(<mapping id="order/results"><output>
    <Results of="{$message.id}" type="{$message.type}"><for-each select="/parts/part">
      <Result state="{@state}">{if (exists(Done)) then Done else ''}</Result>
    </for-each></Results></output></mapping>)");
  Stage stage(config);
  const std::string items = "<Box><Item>1</Item><Item>skip</Item><Item>3</Item></Box>";
  const auto box = stage.say("bridge-in", items, "m");
  stage.delivered("shop-out", "<Done>yes</Done>");
  stage.fails("shop-out", OutcomeKind::rejected, "NO");
  BOOST_TEST(box->text() ==
             "replied <Results of=\"m\" type=\"Box\"><Result state=\"replied\">yes</Result>"
             "<Result state=\"accepted\"/><Result state=\"refused\"/></Results>");
  const auto again = stage.say("bridge-in", items, "m");
  stage.delivered("shop-out", "<Done>yes</Done>");
  stage.fails("shop-out", OutcomeKind::unavailable, "503");
  BOOST_TEST(again->text() == "later 503");
}

BOOST_AUTO_TEST_CASE(a_durable_message_in_parts_gets_one_aggregated_reply) {
  ConfigText config = order_config();
  config.change("config/routes/payment.xml", "</route>",
                R"(<aggregate using="order/receipts"/></route>)");
  config.set("mappings/order/receipts.map.xml", R"(<mapping id="order/receipts"><output><Receipts>
    <for-each select="/parts/part"><choose>
      <when test="@state eq 'replied'"><copy-of select="*"/></when>
      <otherwise><Not code="{@code}"/></otherwise></choose></for-each>
    </Receipts></output></mapping>)");
  Stage stage(config);
  const std::string bill = to_paying(stage, "A");
  const std::string both =
      payments("e1", {payment(bill, "t1", "5.000"), payment("nobody", "t2", "1.000")});
  const std::string answer = "replied <Receipts><Accepted><bill>" + bill +
                             "</bill><amount>5.000</amount></Accepted>"
                             "<Not code=\"no-such-bill\"/></Receipts>";
  BOOST_TEST(stage.say("pay-in", both)->text() == answer);
  // A repetition gets the same, put together anew from what is stored.
  BOOST_TEST(stage.say("pay-in", both)->text() == answer);
}

// Wire tap

BOOST_AUTO_TEST_CASE(a_tap_gets_a_copy_and_nobody_waits_for_it) {
  Stage stage(bridging(kFrom, R"(<wire-tap endpoint="sms" operation="copy"/>
    <call endpoint="shop-out"/>)"));
  const auto bridged = stage.say("bridge-in", "<X/>", "m");
  BOOST_TEST(stage.next("sms").body == "<X/>");
  BOOST_TEST(stage.next("sms").operation == "copy");
  stage.fails("sms", OutcomeKind::unavailable, "503");
  BOOST_TEST(bridged->text() == "open");
  passed_to(stage, "shop-out");
  BOOST_TEST(bridged->text() == "accepted");
  BOOST_TEST(stage.sent("sms").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_tap_of_a_durable_route_is_in_the_outbox_and_survives) {
  ConfigText config = order_config();
  config.set("config/routes/note.xml", note_route("", R"(<wire-tap endpoint="sms"/>)"));
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  stage.set_ready("sms", false);
  BOOST_TEST(stage.say("shop-in", note("A", "copied"), "n1")->text() == "accepted");
  BOOST_TEST(stage.data("A", "notes") == "copied;");
  stage.crash();
  stage.set_ready("sms", true);
  stage.start();
  stage.run();
  BOOST_REQUIRE(stage.pending("sms") == 1u);
  BOOST_TEST(stage.next("sms").body == note("A", "copied"));
  BOOST_REQUIRE(stage.outbox("A", "wire-tap").size() == 1u);
  BOOST_TEST(stage.audited("A", "tap", "sms") == 1);
  // It ends with its attempts, and asks nobody.
  stage.fails("sms", OutcomeKind::unavailable, "503");
  stage.wait(std::chrono::seconds(1));
  stage.fails("sms", OutcomeKind::unavailable, "503");
  BOOST_TEST((stage.outbox("A", "wire-tap")[0].state == store::OutboxState::unavailable));
  stage.wait(std::chrono::hours(1));
  BOOST_TEST(stage.pending("sms") == 0u);
  BOOST_TEST(stage.tasks("A").empty());
  BOOST_TEST(stage.state("A") == "asking");
}

BOOST_AUTO_TEST_CASE(a_message_that_fails_leaves_no_copy_until_its_retry) {
  ConfigText config = order_config();
  config.set("config/routes/note.xml", note_route("", R"(<wire-tap endpoint="sms"/>)"));
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  stage.say("shop-in", note("A", "break"), "n1");
  BOOST_TEST(stage.letters().size() == 1u);
  BOOST_TEST(stage.outbox("A", "wire-tap").empty());
}

BOOST_AUTO_TEST_CASE(an_effect_can_be_tapped_on_its_way_out) {
  ConfigText config = order_config();
  config.change("config/routes/ask-quote.xml", R"(<call endpoint="supplier")",
                R"(<wire-tap endpoint="shop-out"/><call endpoint="supplier")");
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  BOOST_TEST(stage.next("supplier").body == "<AskQuote>A</AskQuote>");
  BOOST_TEST(stage.next("shop-out").body == "<AskQuote>A</AskQuote>");
  BOOST_TEST(stage.next("shop-out").effect_id != stage.next("supplier").effect_id);
}

// Elements that the schema does not know

BOOST_AUTO_TEST_CASE(unknown_elements_are_refused_or_dropped_as_the_endpoint_says) {
  const std::string body =
      "<Note extra='1'><no>A</no><text>hello</text><more><no>B</no></more></Note>";
  Stage closed;
  closed.say("shop-in", order("A"), "a");
  BOOST_TEST(closed.say("shop-in", body, "n1")->text() == "refused schema-invalid");
  ConfigText config = order_config();
  config.change("config/endpoints/shop-in.xml", R"(schema="shop.xsd")",
                R"(schema="shop.xsd" unknown="drop")");
  Stage open(config);
  open.say("shop-in", order("A"), "a");
  BOOST_TEST(open.say("shop-in", body, "n1")->text() == "accepted");
  BOOST_TEST(open.data("A", "notes") == "hello;");
  // What it knows, but not there, is no unknown element.
  BOOST_TEST(open.say("shop-in", "<Note><no>A</no><text>x</text><plate>P</plate></Note>", "n2")
                 ->text() == "refused schema-invalid");
  // What was dropped is no part of what must be the same.
  BOOST_TEST(open.say("shop-in", note("A", "hello"), "n1")->text() == "accepted");
  BOOST_TEST(open.data("A", "notes") == "hello;");
}

BOOST_AUTO_TEST_CASE(unknown_elements_of_a_reply_are_dropped_too) {
  ConfigText config = order_config();
  config.change("config/endpoints/supplier.xml", R"(schema="supplier.xsd")",
                R"(schema="supplier.xsd" unknown="drop")");
  Stage stage(config);
  stage.say("shop-in", order("A"), "a");
  stage.delivered("supplier", "<Quote><price>5</price><currency>JOD</currency></Quote>");
  BOOST_TEST(stage.state("A") == "paying");
}

BOOST_AUTO_TEST_CASE(what_can_not_be_meant_is_said) {
  const auto wrong = [](const ConfigText& config) {
    try {
      Stage stage(config);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto says = [&](const ConfigText& config, const char* what) {
    const std::string text = wrong(config);
    BOOST_TEST(text.find(what) != std::string::npos, what << " in: " << text);
  };
  says(bridging(kFrom, R"(<call endpoint="shop-out"/><call endpoint="sms"/>)"),
       "has called already on this way");
  says(bridging(kFrom, R"(<call endpoint="shop-out"/><wire-tap endpoint="sms"/>)"),
       "<wire-tap> may not stand here");
  says(bridging(kFrom, R"(<wire-tap endpoint="shop-in"/><call endpoint="sms"/>)"), "is inbound");
  says(bridging(kFrom, R"(<call endpoint="sms"/><aggregate using="order/note"/>)"),
       "no parts to aggregate");
  says(bridging(kParts, R"(<call endpoint="sms"/><aggregate using="order/nte"/>)"),
       "did you mean \"order/note\"");
  says(bridging(R"(<from endpoint="bridge-in" parts-max="3"/>)", R"(<call endpoint="sms"/>)"),
       "parts-max= needs parts=");
  says(bridging(R"(<from endpoint="bridge-in" parts="/X/Y" parts-max="0"/>)",
                R"(<call endpoint="sms"/>)"),
       "at least one part");
  ConfigText config = order_config();
  config.set("config/routes/note.xml",
             note_route("", R"(<filter test="/Note/text eq 'x'"/><map using="order/note"/>)"));
  BOOST_TEST(wrong(config) == "");
  config.set("config/routes/note.xml",
             note_route("", R"(<map using="order/note"/><filter test="/Note/text eq 'x'"/>)"));
  says(config, "<filter> may not stand here");
  config = order_config();
  config.change("config/routes/payment.xml", "<find", R"x(<filter test="true()"/><find)x");
  says(config, "would wait for its reply");
  config = order_config();
  config.change("config/endpoints/ask-in.xml", R"(wait="PT8S")", R"(wait="PT8S" unknown="drop")");
  says(config, "without a schema nothing is unknown");
  config = order_config();
  config.change("config/endpoints/supplier.xml", R"(schema="supplier.xsd")",
                R"(schema="supplier.xsd" unknown="drop")");
  config.change("config/schemas/supplier.xsd", "</xs:schema>",
                R"(<xs:element name="More"><xs:complexType><xs:sequence>
    <xs:any processContents="skip"/></xs:sequence></xs:complexType></xs:element></xs:schema>)");
  says(config, "nothing is unknown to this schema: supplier.xsd has <xs:any>");
}

BOOST_AUTO_TEST_SUITE_END()
