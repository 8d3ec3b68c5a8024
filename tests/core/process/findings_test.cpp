#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/process/process_support.h"

using namespace masar;
using namespace masar::process;
using namespace masar::process::testing;

namespace {

/// A document of one line per part, so that places can be asked for by line: the head is line 1,
/// the declarations line 2, the states line 3 on.
std::string lines(const std::string& declarations, const std::string& states) {
  return document(
      "\n<datamodel><data id=\"n\" m:type=\"integer\" expr=\"0\"/><data id=\"reason\" "
      "m:type=\"text\"/>"
      "<data id=\"rows\" m:type=\"table\" m:key=\"key\" m:columns=\"key text, value "
      "fils\"/></datamodel>"
      "<m:event name=\"go\" opens=\"true\"/><m:event name=\"payment\"><m:field id=\"paid\" "
      "type=\"fils\"/></m:event>"
      "<m:otherwise events=\"go payment\" do=\"ignore\"/>" +
      declarations + "\n" + states);
}

void finds(const std::string& xml, const std::string& expected) {
  const std::string text = findings(xml);
  BOOST_TEST(text.find(expected) != std::string::npos,
             "expected: " << expected << "\nin: " << text);
}

void in_content(const std::string& content, const std::string& expected) {
  finds(lines("", "<state id=\"a\"><transition event=\"payment\">\n" + content +
                      "</transition></state>"),
        expected);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(findings_of_processes)

BOOST_AUTO_TEST_CASE(a_sound_document_has_none) {
  BOOST_TEST(findings(lines("", "<state id=\"a\"/>")) == "");
}

BOOST_AUTO_TEST_CASE(the_document_itself) {
  finds("<chart/>", "p.scxml:1:1: a process is an <scxml> document");
  finds(
      "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.1\" datamodel=\"ecmascript\" "
      "nmae=\"p\"/>",
      "version \"1.1\"; write version=\"1.0\"");
  finds(
      "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.1\" datamodel=\"ecmascript\" "
      "nmae=\"p\"/>",
      "write datamodel=\"masar\"");
  finds(
      "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.1\" datamodel=\"ecmascript\" "
      "nmae=\"p\"/>",
      "no attribute \"nmae\"; did you mean \"name\"?");
  finds(lines("", ""), "the process has no state");
}

BOOST_AUTO_TEST_CASE(elements_and_attributes_by_their_nearest_name) {
  finds(lines("", "<stat id=\"a\"/>"),
        "p.scxml:3:1: unknown element <stat>; did you mean \"state\"?");
  finds(lines("", "<state id=\"a\">\n  <m:deadlin id=\"x\"/></state>"),
        "p.scxml:4:3: unknown element <m:deadlin>; did you mean \"m:deadline\"?");
  finds(lines("", "<state id=\"a\" intial=\"b\"/>"),
        "p.scxml:3:15: <state> has no attribute \"intial\"; did you mean \"initial\"?");
  finds(lines("", "<state id=\"a\" waits-for=\"office\"/>"),
        "<state> has no attribute \"waits-for\"; did you mean \"m:waits-for\"?");
  finds(lines("", "<state/>"), "<state> needs the attribute \"id\"");
  finds(lines("", "<state id=\"a\">text</state>"), "text does not belong into <state>");
  finds(lines("", "<state id=\"a\"><transition event=\"payment\" type=\"inner\"/></state>"),
        "unknown value \"inner\"");
  in_content("<assign location=\"n\" expr=\"1\">1</assign>",
             "p.scxml:4:31: text does not belong into <assign>; write the value as expr");
  in_content("<transition/>", "<transition> does not belong into <transition>");
  finds(lines("", "<state id=\"a b\"/>"), "\"a b\" is not a name");
  finds(lines("", "<state id=\"a\"/><state id=\"a\"/>"), "state \"a\" is declared twice");
}

BOOST_AUTO_TEST_CASE(names_that_nothing_declares) {
  finds(
      lines("", "<state id=\"paying\"><transition event=\"payment\" target=\"paying2\"/></state>"),
      "unknown state \"paying2\"; did you mean \"paying\"?");
  finds(lines("", "<state id=\"a\"><transition event=\"paymnt\"/></state>"),
        "p.scxml:3:34: unknown event \"paymnt\"; did you mean \"payment\"?");
  finds(lines("", "<state id=\"a\"><m:otherwise events=\"paymnt\" do=\"ignore\"/></state>"),
        "unknown event \"paymnt\"; did you mean \"payment\"?");
  finds(
      lines("",
            "<state id=\"a\"><m:otherwise events=\"payment\" do=\"task\" task=\"refnd\"/></state>"),
      "unknown task \"refnd\"");
  in_content("<m:put table=\"row\" key=\"'a'\"/>", "unknown data \"row\"; did you mean \"rows\"?");
  in_content("<m:put table=\"rows\" key=\"'a'\" valeu=\"fils('1')\"/>",
             "table \"rows\" has no column \"valeu\"; did you mean \"value\"?");
  in_content("<m:put table=\"rows\" value=\"fils('1')\"/>", "<m:put> needs the key \"key\"");
  in_content("<m:put table=\"n\" key=\"'a'\"/>", "data \"n\" is not a table");
  in_content("<m:task name=\"refund\"/>", "unknown task \"refund\"");
  in_content("<m:set-deadline id=\"t\" after=\"PT1H\"/>", "unknown deadline \"t\"");
  in_content("<if cond=\"in('b')\"/>", "unknown state \"b\"");
  in_content("<if cond=\"exists(deadline('x'))\"/>", "unknown deadline \"x\"");
  in_content("<assign location=\"reason\" expr=\"$raeson\"/>", "reason");
  in_content("<assign location=\"reason\" expr=\"text($event.payd)\"/>", "event.paid");
  finds(lines("<m:invariant id=\"i\" states=\"b\">true()</m:invariant>", "<state id=\"a\"/>"),
        "unknown state \"b\"");
  finds(lines("<m:alias id=\"x\" expr=\"$reason\" until=\"b\"/>", "<state id=\"a\"/>"),
        "unknown state \"b\"");
  finds(lines("<m:task-type name=\"t\" until=\"b\"><m:answer "
              "name=\"ok\"/></m:task-type><m:otherwise events=\"task\" do=\"ignore\"/>",
              "<state id=\"a\"/>"),
        "unknown state \"b\"");
}

BOOST_AUTO_TEST_CASE(fields_are_those_of_the_events_that_lead_there) {
  BOOST_TEST(findings(lines("",
                            "<state id=\"a\"><transition event=\"payment\" cond=\"$event.paid gt "
                            "fils('0')\"/></state>")) == "");
  finds(
      lines("",
            "<state id=\"a\"><transition event=\"go\" cond=\"$event.paid gt fils('0')\"/></state>"),
      "event.paid");
}

BOOST_AUTO_TEST_CASE(places_inside_expressions_are_exact) {
  finds(lines("",
              "<state id=\"a\">\n<transition event=\"payment\"\n   cond=\"$event.paid gt "
              "$nothing\"/></state>"),
        "p.scxml:5:25:");
  finds(lines("\n<m:invariant id=\"i\">\n  $n gt $nothing</m:invariant>", "<state id=\"a\"/>"),
        "p.scxml:4:9:");
}

BOOST_AUTO_TEST_CASE(every_event_is_handled_in_every_state) {
  const std::string later = "<m:event name=\"letter\"/>";
  finds(lines(later, "<state id=\"a\"/>"), "p.scxml:2:");
  finds(lines(later, "<state id=\"a\"/>"), "event \"letter\" is handled nowhere");
  finds(
      lines(
          later,
          "<state id=\"a\"><transition event=\"letter\" target=\"b\"/></state>\n<state id=\"b\"/>"),
      "p.scxml:4:1: event \"letter\" is not handled in state \"b\"");
  finds(lines(later, "<state id=\"a\"><transition event=\"letter\" cond=\"$n eq 0\"/></state>"),
        "event \"letter\" is not handled in state \"a\"");
  BOOST_TEST(
      findings(lines(
          later, "<state id=\"o\"><transition event=\"letter\"/><state id=\"a\"/></state>")) == "");
  BOOST_TEST(findings(lines(later,
                            "<state id=\"a\"><transition event=\"letter\" "
                            "target=\"end\"/></state><final id=\"end\"/>")) == "");
  finds(lines("<m:task-type name=\"t\"><m:answer name=\"ok\"/></m:task-type>", "<state id=\"a\"/>"),
        "event \"task.t.ok\" is handled nowhere");
  finds(lines("<m:deadline-type id=\"d\"/>", "<state id=\"a\"/>"),
        "event \"deadline.d\" is handled nowhere");
}

BOOST_AUTO_TEST_CASE(states_that_cannot_be_reached) {
  finds(lines("",
              "<state id=\"a\"/>\n<state id=\"b\"><transition event=\"payment\" "
              "target=\"c\"/></state>\n<state id=\"c\"/>"),
        "p.scxml:4:1: state \"b\" cannot be reached");
  finds(lines("",
              "<state id=\"a\"/>\n<state id=\"b\"><transition event=\"payment\" "
              "target=\"c\"/></state>\n<state id=\"c\"/>"),
        "p.scxml:5:1: state \"c\" cannot be reached");
  BOOST_TEST(findings(lines(
                 "",
                 "<state id=\"a\"><m:deadline id=\"d\" after=\"PT1H\" "
                 "target=\"b2\"/></state><state id=\"b\"><state id=\"b1\"/><state "
                 "id=\"b2\"><transition event=\"payment\" target=\"b1\"/></state></state>")) == "");
}

BOOST_AUTO_TEST_CASE(initial_and_targets) {
  finds(lines("", "<state id=\"s\" initial=\"b\"><state id=\"a\"/></state><state id=\"b\"/>"),
        "state \"b\" is not inside \"s\"");
  finds(lines("",
              "<state id=\"s\" initial=\"a\"><initial><transition target=\"a\"/></initial><state "
              "id=\"a\"/></state>"),
        "initial is given twice");
  finds(lines("",
              "<state id=\"s\"><initial><transition target=\"a\" cond=\"true()\"/></initial><state "
              "id=\"a\"/></state>"),
        "the transition of <initial> has no cond");
  finds(lines("", "<state id=\"a\" initial=\"b\"/>"), "has no state inside");
  finds(lines("", "<state id=\"a\"><transition/></state>"),
        "<transition> needs event, cond or target");
}

BOOST_AUTO_TEST_CASE(refusing_beside_changing) {
  in_content("<assign location=\"n\" expr=\"1\"/><m:refuse code=\"no\"/>",
             "p.scxml:4:32: a refused event changes nothing, but <assign> stands beside it");
  in_content("<m:refuse code=\"no\"/><m:effect name=\"x\"/>",
             "a refused event changes nothing, but <m:effect> stands beside it");
  finds(lines("",
              "<state id=\"a\"><transition event=\"payment\" target=\"a\"><m:refuse "
              "code=\"no\"/></transition></state>"),
        "a refused event goes nowhere");
  finds(lines("",
              "<state id=\"a\"><m:deadline id=\"d\" after=\"PT1H\"><m:refuse "
              "code=\"no\"/></m:deadline></state>"),
        "there is nobody to tell here");
  BOOST_TEST(
      findings(lines("",
                     "<state id=\"a\"><transition event=\"payment\"><m:reply name=\"r\"/><m:note "
                     "code=\"n\"/><m:refuse code=\"no\"/></transition></state>")) == "");
}

BOOST_AUTO_TEST_CASE(due_times) {
  const auto deadline = [](const std::string& attributes) {
    return lines("", "<state id=\"a\">\n<m:deadline " + attributes +
                         "><m:note code=\"n\"/></m:deadline></state>");
  };
  finds(deadline("id=\"d\" after=\"PT72\""),
        "p.scxml:4:27: \"PT72\" is not a span; write PT72H, P3D or P2WD");
  finds(deadline("id=\"d\" after=\"PT1H\" at=\"$now\""), "after, at and before exclude each other");
  finds(deadline("id=\"d\" before=\"PT24H\""), "before needs a deadline and a span");
  finds(deadline("id=\"d\" before=\"other PT24H\""),
        "no deadline \"other\" in this state or around it");
  finds(deadline("id=\"d\" before=\"d PT24H\""), "deadline \"d\" stands before itself");
  finds(deadline("id=\"d\" before=\"d P1WD\""), "before does not count working days");
  finds(deadline("id=\"d\" after=\"PT1H\" from=\"then\""), "unknown value \"then\"");
  finds(deadline("id=\"d\" after=\"PT0S\" every=\"PT0S\""), "\"PT0S\" is not a span");
  finds(lines("",
              "<state id=\"a\"><m:deadline id=\"d\" after=\"PT1H\"><m:note "
              "code=\"n\"/></m:deadline><state id=\"b\"><m:deadline id=\"d\" "
              "after=\"PT1H\"/></state></state>"),
        "deadline \"d\" is declared already");
  // The same name in states that exclude each other is no conflict.
  BOOST_TEST(findings(lines(
                 "",
                 "<state id=\"a\"><m:deadline id=\"d\" after=\"PT1H\" target=\"b\"/></state><state "
                 "id=\"b\"><m:deadline id=\"d\" after=\"PT2H\" target=\"a\"/></state>")) == "");
  finds(lines("",
              "<state id=\"a\"><m:deadline id=\"d\" after=\"PT1H\" target=\"b\"/></state><state "
              "id=\"b\"><transition event=\"payment\">\n<m:set-deadline "
              "id=\"d\"/></transition></state>"),
        "p.scxml:4:21: deadline \"d\" belongs to a state that is not active here");
}

BOOST_AUTO_TEST_CASE(declarations) {
  const auto declares = [](const std::string& declaration, const std::string& expected) {
    finds(lines(declaration, "<state id=\"a\"/>"), expected);
  };
  declares("<datamodel><data id=\"x\" m:type=\"money\"/></datamodel>", "unknown type \"money\"");
  declares("<datamodel><data id=\"x\" m:type=\"table\" m:key=\"k\"/></datamodel>",
           "a table needs m:columns");
  declares(
      "<datamodel><data id=\"x\" m:type=\"table\" m:key=\"q\" m:columns=\"k text\"/></datamodel>",
      "no column \"q\"");
  declares("<datamodel><data id=\"now\" m:type=\"text\"/></datamodel>",
           "data cannot be called \"now\"");
  declares("<datamodel><data id=\"n\" m:type=\"text\"/></datamodel>",
           "data \"n\" is declared twice");
  declares("<m:event name=\"go\"/>", "event \"go\" is declared twice");
  declares("<m:event name=\"task.x\"/>", "cannot begin with \"task\"");
  declares("<m:event name=\"a..b\"/>", "is not a name of an event");
  declares("<m:event name=\"x\"><m:field id=\"name\" type=\"text\"/></m:event>",
           "a field cannot be called \"name\"");
  declares("<m:task-type name=\"t\"/>", "task \"t\" has no answer");
  declares("<m:task-type name=\"t\" due=\"soon\"><m:answer name=\"ok\"/></m:task-type>",
           "\"soon\" is not a span");
  declares("<m:alias id=\"x\"/>", "<m:alias> needs expr");
  declares("<m:alias id=\"x\" expr=\"serial('s')\"/>", "serial() cannot stand here");
  declares("<m:invariant id=\"x\"/>", "says nothing");
  declares("<m:otherwise events=\"go\" do=\"refuse\"/>", "do=\"refuse\" needs code");
  declares("<m:otherwise events=\"go\" do=\"task\"/>", "do=\"task\" needs task");
  finds(
      document("<m:event name=\"go\"/><m:otherwise events=\"*\" do=\"ignore\"/><state id=\"a\"/>"),
      "no event opens a case");
}

BOOST_AUTO_TEST_CASE(loops) {
  in_content("<foreach array=\"$rows\" item=\"n\"/>", "$n has a meaning already");
  in_content("<foreach array=\"$rows\" item=\"event\"/>", "$event has a meaning already");
  in_content("<foreach array=\"$rows\" item=\"r\" index=\"now\"/>", "$now has a meaning already");
  in_content("<foreach array=\"$rows\" item=\"r\" index=\"reason\"/>",
             "data \"reason\" is text, the items are integer");
  in_content("<foreach array=\"$rows\" item=\"r\"><foreach array=\"$rows\" item=\"r\"/></foreach>",
             "$r has a meaning already");
}

BOOST_AUTO_TEST_CASE(an_argument_has_one_type) {
  in_content("<m:effect name=\"x\" a=\"1\"/><m:effect name=\"x\" a=\"'t'\"/>",
             "argument \"a\" is text here and integer elsewhere");
}

BOOST_AUTO_TEST_CASE(all_findings_come_at_once) {
  const std::string text = findings(lines("<m:event name=\"letter\"/>",
                                          "<state id=\"a\"><parallel id=\"p\"/>\n<transition "
                                          "event=\"x\" target=\"y\"/></state>\n<stat/>"));
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') >= 4, text);
}

BOOST_AUTO_TEST_SUITE_END()
