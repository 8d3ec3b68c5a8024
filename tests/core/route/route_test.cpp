// Routes from files: what they compile to, what is wrong with them, and how their steps run.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/message/xml_writer.h"
#include "core/route/route.h"

using namespace masar;
using route::Exit;
using route::Route;

namespace {

constexpr const char* kProcess =
    R"x(<scxml xmlns="http://www.w3.org/2005/07/scxml" xmlns:m="urn:masar:process" version="1.0"
  datamodel="masar" name="order" initial="open">
  <datamodel><data id="no" m:type="text"/></datamodel>
  <m:event name="order" opens="true"><m:field id="no" type="text" required="true"/></m:event>
  <m:event name="answered"><m:field id="code" type="text"/></m:event>
  <m:event name="measured"><m:field id="value" type="text" required="true"/></m:event>
  <m:alias id="number" data="no"/>
  <m:task-type name="look"><m:answer name="seen"/></m:task-type>
  <m:otherwise events="order answered measured" do="ignore"/>
  <m:otherwise events="task.look" do="ignore"/>
  <state id="open"><onentry><assign location="no" expr="$event.no"/>
    <m:effect name="ask" text="'hello'"/>
    <m:effect name="remind" not-after="$now + days(1)"/><m:reply name="taken"/></onentry></state>
</scxml>)x";

constexpr const char* kUpper =
    R"x(<mapping id="t/upper"><output><Upper>{upper-case(/In/text)}</Upper></output></mapping>)x";
constexpr const char* kEvent =
    R"x(<mapping id="t/event"><output><event><no>{/In/text}</no></event></output></mapping>)x";
constexpr const char* kOdd =
    R"x(<mapping id="t/odd"><output><event><nmu>x</nmu></event></output></mapping>)x";
constexpr const char* kAsk =
    R"x(<mapping id="t/ask"><output><Ask case="{$case.key}" id="{$effect.id}"
    >{$effect.text}</Ask></output></mapping>)x";
constexpr const char* kSchema = R"x(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="Upper"><xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="3"/>
  </xs:restriction></xs:simpleType></xs:element></xs:schema>)x";

/// A library with one process, two endpoints and the mappings above.
struct Shelf {
  Shelf() {
    for (const auto& [id, text] : std::map<std::string, const char*>{
             {"t/upper", kUpper}, {"t/event", kEvent}, {"t/odd", kOdd}, {"t/ask", kAsk}}) {
      mappings.push_back(std::make_unique<config::Element>(element(text)));
      library.mappings[id] = mappings.back().get();
    }
    library.lookups = &lookups;
    library.zone = "UTC";
    library.endpoints = {{"in", true}, {"out", false}};
    library.schemas["upper.xsd"] = std::make_shared<XsdGate>(
        std::vector<XsdGate::Source>{{"upper.xsd", kSchema}}, "upper.xsd");
    process = element(kProcess);
    library.processes["order"] = process::Definition::compile(process, "UTC", lookups, diagnostics);
    BOOST_REQUIRE_MESSAGE(diagnostics.empty(), diagnostics.text());
  }
  config::Element element(const std::string& text) {
    auto loaded = config::load_element("t.xml", text, diagnostics);
    BOOST_REQUIRE_MESSAGE(loaded, diagnostics.text());
    return std::move(*loaded);
  }
  std::shared_ptr<const Route> compile(const std::string& text) {
    elements.push_back(std::make_unique<config::Element>(element(text)));
    return Route::compile(*elements.back(), library, diagnostics);
  }
  std::shared_ptr<const Route> good(const std::string& text) {
    auto compiled = compile(text);
    BOOST_REQUIRE_MESSAGE(compiled, diagnostics.text());
    return compiled;
  }
  /// What is wrong with a route, one finding a line.
  std::string wrong(const std::string& text) {
    diagnostics = {};
    BOOST_TEST(!compile(text));
    return diagnostics.text();
  }

  config::Diagnostics diagnostics;
  expression::Lookups lookups;
  route::Library library;
  config::Element process;
  std::vector<std::unique_ptr<config::Element>> mappings, elements;
};

std::string inbound(const std::string& steps, const std::string& more = {}) {
  return R"x(<route id="r"><from endpoint="in" type="In"/><find key="/In/text"/>
    <no-case do="open"/>)x" +
         steps + R"x(<to process="order" event="order"/>)x" + more + "</route>";
}
std::string effect(const std::string& steps, const std::string& more) {
  return R"x(<route id="e"><from process="order" effect="ask"/>)x" + steps + more + "</route>";
}
constexpr const char* kHandlers =
    R"x(<on-failure kind="unavailable" keep="retrying"/><on-failure kind="rejected" task="look"/>
       <on-failure kind="unknown" event="answered"/>)x";

route::Flow flow_of(const std::string& xml) {
  route::Flow flow;
  flow.document = XmlReader({}, {}).read(xml);
  route::fill_message({"m1", "shop", "In", "in", Instant{}}, flow.variables);
  return flow;
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(routes)

BOOST_AUTO_TEST_CASE(steps_run_in_order_to_the_event) {
  Shelf shelf;
  const auto compiled =
      shelf.good(inbound(R"x(<set-header name="from" value="by {$message.sender}"/>
    <map using="t/event"/>)x"));
  auto flow = flow_of("<In><text>a</text></In>");
  BOOST_TEST((compiled->before.run(flow).kind == Exit::Kind::to));
  BOOST_TEST(write_xml(*flow.document) == "<event><no>a</no></event>");
  BOOST_REQUIRE(flow.headers.size() == 1u);
  BOOST_TEST(flow.headers[0].second == "by shop");
  const auto event =
      route::to_event(*compiled->process->event("order"), flow.document->document_element());
  BOOST_TEST(event.name == "order");
  BOOST_TEST(event.fields.at(0).as<std::string>() == "a");
}

BOOST_AUTO_TEST_CASE(the_first_true_branch_of_a_choice_runs_and_what_follows_runs_after_each) {
  Shelf shelf;
  const auto compiled = shelf.good(inbound(R"x(<choice>
    <when test="/In/text eq 'a'"><set-header name="x" value="first"/></when>
    <when test="/In/text eq 'b'"><refuse code="no-b" text="not {/In/text}"/></when>
    <when test="/In/text eq 'c'"><dead-letter code="odd"/></when>
    <otherwise><enrich name="twice" select="concat(/In/text, /In/text)"/>
      <set-header name="x" value="{$twice}"/></otherwise></choice>
    <set-header name="y" value="after"/><map using="t/event"/>)x"));
  const auto run = [&](const std::string& text) {
    auto flow = flow_of("<In><text>" + text + "</text></In>");
    const auto exit = compiled->before.run(flow);
    return std::pair(exit, flow.headers);
  };
  const auto [a, a_headers] = run("a");
  BOOST_TEST((a.kind == Exit::Kind::to));
  BOOST_TEST(a_headers.at(0).second == "first");
  BOOST_TEST(a_headers.at(1).second == "after");
  const auto [b, b_headers] = run("b");
  BOOST_TEST((b.kind == Exit::Kind::refuse));
  BOOST_TEST(b.code == "no-b");
  BOOST_TEST(b.text == "not b");
  BOOST_TEST(b_headers.empty());
  const auto [c, c_headers] = run("c");
  BOOST_TEST((c.kind == Exit::Kind::dead_letter));
  BOOST_TEST(c.code == "odd");
  const auto [d, d_headers] = run("d");
  BOOST_TEST(d_headers.at(0).second == "dd");
}

BOOST_AUTO_TEST_CASE(validate_refuses_what_the_schema_does_not_allow) {
  Shelf shelf;
  const auto compiled =
      shelf.good(R"x(<route id="p" mode="pass-through"><from endpoint="in"/><map using="t/upper"/>
      <validate schema="upper.xsd"/><call endpoint="out" operation="go"/></route>)x");
  auto flow = flow_of("<In><text>abc</text></In>");
  const auto exit = compiled->before.run(flow);
  BOOST_TEST((exit.kind == Exit::Kind::call));
  BOOST_TEST(exit.endpoint == "out");
  BOOST_TEST(exit.operation == "go");
  BOOST_TEST(write_xml(*flow.document) == "<Upper>ABC</Upper>");
  auto bad = flow_of("<In><text>abcd</text></In>");
  BOOST_CHECK_EXCEPTION(compiled->before.run(bad), Error,
                        [](const Error& error) { return error.kind() == ErrorKind::rejected; });
}

BOOST_AUTO_TEST_CASE(a_reply_goes_on_behind_the_call_also_out_of_a_choice) {
  Shelf shelf;
  const auto compiled = shelf.good(effect(
      R"x(<map using="t/ask"/><choice><when test="exists($effect.text)">
        <call endpoint="out" operation="a"/></when>
         <otherwise><call endpoint="out" operation="b"/></otherwise></choice>
         <map using="t/event"/><to process="order" event="order"/>)x",
      kHandlers));
  const auto& definition = *compiled->process;
  process::Case value;
  value.key = "K";
  value.data.resize(definition.data().size());
  process::Effect asked;
  asked.name = "ask";
  asked.arguments = {{"text", expression::Value::text("hello")}};
  route::Flow flow;
  route::fill_case(definition, value, flow.variables);
  route::fill_effect(definition, asked, "e1", Instant{}, flow.variables);
  const auto exit = compiled->before.run(flow);
  BOOST_TEST((exit.kind == Exit::Kind::call));
  BOOST_TEST(exit.operation == "a");
  BOOST_TEST(write_xml(*flow.document) == R"x(<Ask case="K" id="e1">hello</Ask>)x");
  auto reply = flow_of("<In><text>r</text></In>");
  reply.variables = flow.variables;
  BOOST_TEST((compiled->before.run(reply, exit.next).kind == Exit::Kind::to));
  BOOST_TEST(write_xml(*reply.document) == "<event><no>r</no></event>");
}

BOOST_AUTO_TEST_CASE(the_handler_that_names_the_code_comes_first) {
  Shelf shelf;
  const auto compiled = shelf.good(effect(
      R"x(<map using="t/ask"/><call endpoint="out"/>)x",
      std::string(kHandlers) + R"x(<on-failure kind="rejected" code="X" event="answered"/>)x"));
  BOOST_TEST(compiled->on_failure("rejected", "X")->event == "answered");
  BOOST_TEST(compiled->on_failure("rejected", "Y")->task == "look");
  BOOST_TEST(compiled->on_failure("unavailable", "503")->keep_retrying);
  BOOST_TEST(!compiled->on_failure("expired", ""));
  BOOST_TEST(compiled->names_event());
}

BOOST_AUTO_TEST_CASE(an_event_document_with_an_unknown_field_is_refused_by_name) {
  Shelf shelf;
  const auto compiled = shelf.good(inbound(R"x(<map using="t/event"/>)x"));
  pugi::xml_document document;
  document.load_string("<event><other>x</other></event>");
  BOOST_CHECK_EXCEPTION(
      route::to_event(*compiled->process->event("order"), document.document_element()), Error,
      [](const Error& error) {
        return error.code() == "bad-event" && says(error.what(), "other");
      });
}

// What is wrong is found when the configuration is read, with its place and the nearest known name.

BOOST_AUTO_TEST_CASE(unknown_names_are_found) {
  Shelf shelf;
  BOOST_TEST(says(shelf.wrong(inbound(R"x(<map using="t/evnt"/>)x")), "\"t/event\""));
  BOOST_TEST(says(shelf.wrong(inbound(R"x(<mop using="t/event"/>)x")), "\"map\""));
  BOOST_TEST(says(shelf.wrong(inbound(R"x(<validate schema="uper.xsd"/>)x")), "\"upper.xsd\""));
  BOOST_TEST(says(shelf.wrong(inbound(R"x(<map using="t/odd"/>)x")), "no field \"nmu\""));
  BOOST_TEST(
      says(shelf.wrong(R"x(<route id="r"><from endpoint="inn" type="In"/><find key="/In/text"/>
    <to process="ordr" event="order"/></route>)x"),
           "\"order\""));
  BOOST_TEST(
      says(shelf.wrong(R"x(<route id="r"><from endpoint="in" type="In"/><find key="/In/text"/>
    <to process="order" event="orders"/></route>)x"),
           "no event \"orders\""));
  BOOST_TEST(says(shelf.wrong(R"x(<route id="e"><from process="order" effect="aks"/></route>)x"),
                  "\"ask\""));
  BOOST_TEST(says(shelf.wrong(effect(R"x(<call endpoint="in"/>)x", kHandlers)), "is inbound"));
  BOOST_TEST(
      says(shelf.wrong(effect(R"x(<call endpoint="uot"/>)x", kHandlers)), "unknown endpoint"));
  BOOST_TEST(says(shelf.wrong(effect(R"x(<call endpoint="out"/>)x",
                                     R"x(<on-failure kind="unavailable" task="lok"/>)x")),
                  "\"look\""));
  BOOST_TEST(says(
      shelf.wrong(
          R"x(<route id="r"><from endpoint="in" type="In"/><find alias="numbr" value="/In/text"/>
    <to process="order" event="order"/></route>)x"),
      "\"number\""));
  BOOST_TEST(says(shelf.wrong(inbound(R"x(<map using="t/event"/>)x", R"x(<reply name="tken"/>)x")),
                  "\"taken\""));
}

BOOST_AUTO_TEST_CASE(a_handler_that_cannot_work_is_found) {
  Shelf shelf;
  const auto wrong = [&](const std::string& handler) {
    return shelf.wrong(effect(R"x(<call endpoint="out"/>)x", handler + kHandlers));
  };
  BOOST_TEST(says(wrong(R"x(<on-failure kind="rejected" code="X" keep="retrying"/>)x"),
                  "keep=\"retrying\" has no meaning for the outcome \"rejected\""));
  BOOST_TEST(says(wrong(R"x(<on-failure kind="unavailable" keep="retrying" task-after="PT1H"/>)x"),
                  "task-after names no task"));
  BOOST_TEST(says(wrong(R"x(<on-failure kind="rejected" code="X" event="measured"/>)x"),
                  "requires its field \"value\""));
  BOOST_TEST(says(wrong(R"x(<on-report event="measured"/>)x"), "requires its field \"value\""));
}

BOOST_AUTO_TEST_CASE(an_effect_that_may_expire_has_a_handler_for_it) {
  Shelf shelf;
  const auto remind = [](const std::string& more) {
    return R"x(<route id="e"><from process="order" effect="remind"/><call endpoint="out"/>)x" +
           std::string(kHandlers) + more + "</route>";
  };
  BOOST_TEST(says(shelf.wrong(remind("")), "outcome \"expired\" has no handler"));
  shelf.diagnostics = {};
  shelf.good(remind(R"x(<on-failure kind="expired" event="answered"/>)x"));
}

BOOST_AUTO_TEST_CASE(a_type_that_the_endpoints_schema_does_not_declare_is_found) {
  Shelf shelf;
  shelf.library.roots["in"] = {"In", "Ini"};
  shelf.good(inbound(R"x(<map using="t/event"/>)x"));
  shelf.library.roots["in"] = {"Inn"};
  BOOST_TEST(says(shelf.wrong(inbound(R"x(<map using="t/event"/>)x")),
                  "declares no element \"In\"; did you mean \"Inn\"?"));
}

BOOST_AUTO_TEST_CASE(what_names_a_process_with_mistakes_is_no_mistake_of_its_own) {
  Shelf shelf;
  shelf.library.processes.clear();
  BOOST_TEST(says(shelf.wrong(inbound(R"x(<map using="t/event"/>)x")), "unknown process"));
  shelf.library.faulty_processes.insert("order");
  BOOST_TEST(shelf.wrong(inbound(R"x(<map using="t/event"/>)x")) == "");
  BOOST_TEST(shelf.wrong(effect(R"x(<call endpoint="out"/>)x", kHandlers)) == "");
}

BOOST_AUTO_TEST_CASE(what_a_route_must_say_is_asked_for) {
  Shelf shelf;
  BOOST_TEST(says(shelf.wrong(R"x(<route id="r"><to process="order" event="order"/></route>)x"),
                  "exactly one <from>"));
  BOOST_TEST(says(shelf.wrong(R"x(<route id="r"><from endpoint="in" type="In"/></route>)x"),
                  "ends in <to"));
  BOOST_TEST(
      says(shelf.wrong(
               R"x(<route id="r"><from endpoint="in" type="In"/><to process="order" event="order"/>
            </route>)x"),
           "how its case is found"));
  BOOST_TEST(
      says(shelf.wrong(R"x(<route id="r"><from endpoint="in" type="In"/><find key="/In/text"/>
    <no-case do="open"/><to process="order" event="answered"/></route>)x"),
           "does not open a case"));
  BOOST_TEST(says(shelf.wrong(effect(R"x(<map using="t/ask"/>)x", kHandlers)), "has a <call>"));
  BOOST_TEST(says(shelf.wrong(effect(R"x(<call endpoint="out"/>)x",
                                     R"x(<on-failure kind="unknown" task="look"/>)x")),
                  "outcome \"unavailable\" has no handler"));
  BOOST_TEST(says(shelf.wrong(effect(R"x(<call endpoint="out"/>)x",
                                     std::string(kHandlers) + R"x(<on-failure kind="expired"/>)x")),
                  "does nothing"));
  BOOST_TEST(
      says(shelf.wrong(R"x(<route id="p" mode="pass-through"><from endpoint="in"/></route>)x"),
           "has a <call>"));
}

BOOST_AUTO_TEST_CASE(an_inquiry_asks_once_and_ends_in_a_verdict) {
  Shelf shelf;
  const auto inquiry = [](const std::string& steps) {
    return "<route id=\"q\" mode=\"inquiry\">\n<from process=\"order\"/>\n" + steps +
           "</route>";
  };
  const std::string call = "<call endpoint=\"out\"/>\n";
  const std::string done = R"x(<verdict is="done"/>)x";
  const std::string open = "<choice><when test=\"/In/text eq 'yes'\">" + done + "</when>";
  const auto good = shelf.good(inquiry(
      R"x(<map using="t/upper"/>)x" + call + open +
      R"x(<when test="/In/text eq 'no'"><verdict is="not-done"/></when></choice>
         <verdict is="undecided"/>)x"));
  BOOST_TEST((good->mode == route::Mode::inquiry));
  BOOST_TEST(good->calls.size() == 1u);
  const auto verdict_of = [&](const std::string& text) {
    route::Flow flow = flow_of("<In><text>" + text + "</text></In>");
    const Exit exit = good->before.run(flow, 2);
    BOOST_TEST((exit.kind == Exit::Kind::verdict));
    return route::verdict_name(exit.verdict);
  };
  BOOST_TEST(verdict_of("yes") == "done");
  BOOST_TEST(verdict_of("no") == "not-done");
  BOOST_TEST(verdict_of("else") == "undecided");

  const auto is = [&](const std::string& steps, const std::string& found) {
    const std::string text = shelf.wrong(inquiry(steps));
    BOOST_TEST(says(text, found), text);
  };
  is(call, "t.xml:1:1: not every way through this inquiry ends in a verdict; end each branch");
  is(call + open + "</choice>", "not every way");
  is(call + open + "<otherwise><map using=\"t/upper\"/></otherwise></choice>", "not every way");
  is(done, "t.xml:3:1: a verdict before the partner was asked; write <call");
  is("<choice><when test=\"true()\">" + call + "</when></choice>" + done, "before the partner");
  is(call + call + done, "t.xml:4:1: an inquiry asks once");
  is(call + R"x(<verdict is="undecided"/>)x", "t.xml:1:1: this inquiry decides nothing; write");
  is(call + R"x(<verdict is="doen"/>)x",
     "t.xml:4:14: \"doen\" does not fit is; did you mean \"done\"?");
  is(call + R"x(<refuse code="no"/>)x" + done, "t.xml:4:1: <refuse> may not stand in an inquiry");
  is(call + R"x(<to process="order" event="order"/>)x", "<to> may not stand in an inquiry");
  is(call + R"x(<choice><when test="/In/text"><verdict is="done"/></when><otherwise>
     <verdict is="not-done"/></otherwise></choice>)x",
     "t.xml:4:");
  is(call + done + R"x(<on-failure kind="unknown" task="look"/>)x", "unknown element <on-failure>");
  const auto whole = [&](const std::string& from, const std::string& found) {
    const auto text =
        shelf.wrong("<route id=\"q\" mode=\"inquiry\">\n" + from + "\n" + call + done + "</route>");
    BOOST_TEST(says(text, found), text);
  };
  whole(R"x(<from process="ordre"/>)x", "t.xml:2:16: unknown process \"ordre\"; did you mean");
  whole(R"x(<from process="order" effect="ask"/>)x", "t.xml:2:31: an inquiry is from a process");
  BOOST_TEST(says(shelf.wrong(inbound(done)), "stands only in a route with mode=\"inquiry\""));
}

BOOST_AUTO_TEST_CASE(an_inquiry_is_named_at_unknown_beside_what_undecided_does) {
  Shelf shelf;
  const auto with = [](const std::string& unknown) {
    return effect(R"x(<call endpoint="out"/>)x",
                  R"x(<on-failure kind="unavailable" keep="retrying"/>
                      <on-failure kind="rejected" task="look"/>)x" +
                      unknown);
  };
  const auto good = shelf.good(with(
      R"x(<on-failure kind="unknown" inquiry="q" task="look"/>
          <on-failure kind="unknown" code="LATE" event="answered"/>)x"));
  BOOST_REQUIRE(good->inquiry("unknown", "timeout"));
  BOOST_TEST(*good->inquiry("unknown", "timeout") == "q");
  BOOST_TEST(!good->inquiry("unknown", "LATE"));
  BOOST_TEST(!good->inquiry("rejected", ""));
  BOOST_TEST(says(shelf.wrong(with(R"x(<on-failure kind="unknown" inquiry="q"/>)x")),
                  "the inquiry may leave the outcome undecided; write event=… or task=…"));
  BOOST_TEST(
      says(shelf.wrong(with(R"x(<on-failure kind="unknown" inquiry="q" keep="retrying"/>)x")),
           "exclude each other"));
  BOOST_TEST(says(shelf.wrong(with(R"x(<on-failure kind="unknown" task="look"/>
                                      <on-failure kind="expired" task="look" inquiry="q"/>)x")),
                  "inquiry= has no meaning for the outcome \"expired\""));
}

BOOST_AUTO_TEST_CASE(a_call_stands_only_where_its_outcome_can_be_kept) {
  Shelf shelf;
  BOOST_TEST(says(shelf.wrong(inbound(R"x(<call endpoint="out"/>)x")), "may not stand here"));
}

BOOST_AUTO_TEST_CASE(variables_are_those_of_their_section) {
  Shelf shelf;
  BOOST_TEST(
      says(shelf.wrong(inbound(R"x(<set-header name="x" value="{$case.key}"/>)x")), "case.key"));
  BOOST_TEST(says(
      shelf.wrong(
          inbound(R"x(<choice><when test="true()"><enrich name="v" select="'a'"/></when></choice>
    <set-header name="x" value="{$v}"/>)x")),
      "v"));
  BOOST_TEST(says(
      shelf.wrong(effect(R"x(<call endpoint="out"/><set-header name="x" value="{$effect.text}"/>)x",
                         kHandlers)),
      "effect.text"));
  shelf.diagnostics = {};
  shelf.good(effect(R"x(<set-header name="x" value="{$effect.text}"/><call endpoint="out"/>)x",
                    kHandlers));
}

BOOST_AUTO_TEST_CASE(findings_carry_their_place) {
  Shelf shelf;
  const auto text = shelf.wrong(
      "<route id=\"r\">\n<from endpoint=\"in\" type=\"In\"/>\n<find key=\"/In/text\"/>\n"
      "<map using=\"t/evnt\"/>\n<to process=\"order\" event=\"order\"/></route>");
  BOOST_TEST(text.starts_with("t.xml:4:13: unknown mapping"));
}

BOOST_AUTO_TEST_SUITE_END()
