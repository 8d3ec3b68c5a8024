#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/mapping/mapping.h"
#include "core/message/xml_writer.h"

using namespace masar;
using namespace masar::mapping;
using expression::Kind;
using expression::Type;
using expression::Value;

namespace {

Type type_of(Kind kind) { return Type{kind, Kind::text, nullptr}; }

/// Compiles templates against one scope, and applies them to one document.
struct Bench {
  expression::Scope scope;
  std::vector<Value> values;
  Prefixes prefixes{{"urn:tr", "tr"}, {"urn:pt", "pt"}};
  Document input;

  Bench& with(const std::string& name, const Type& type, Value value) {
    scope.add(name, type);
    values.push_back(std::move(value));
    return *this;
  }
  Bench& reading(std::string_view xml) {
    input = XmlReader(prefixes, {}).read(xml);
    return *this;
  }
  std::optional<Mapping> compile(const std::string& output,
                                 config::Diagnostics& diagnostics) const {
    const std::string file =
        "<mapping id=\"m\" xmlns:tr=\"urn:tr\" xmlns:mp=\"urn:masar:mapping\">\n<output>" + output +
        "</output></mapping>";
    const auto root = config::load_element("m.xml", file, diagnostics);
    return root ? Mapping::compile(*root, scope, prefixes, diagnostics) : std::nullopt;
  }
  /// What the template makes, or the compiler's findings, or the failure's code.
  std::string result(const std::string& output) const {
    config::Diagnostics diagnostics;
    const auto mapping = compile(output, diagnostics);
    if (!mapping) return diagnostics.text();
    expression::Frame frame;
    frame.variables = values;
    if (input) frame.context = *input;
    try {
      return write_xml(*mapping->apply(frame));
    } catch (const Error& error) {
      return error.code();
    }
  }
};

Bench party_bench() {
  Bench bench;
  bench.reading(
      "<x:S xmlns:x='urn:tr'><x:No>A-1</x:No><x:P r='a'><x:Plate>11</x:Plate></x:P><x:P "
      "r='b'><x:Plate>22</x:Plate>"
      "<x:Fault>60</x:Fault></x:P><plain k='v'><q:deep xmlns:q='urn:other' "
      "q:z='1'/>t</plain></x:S>");
  const auto columns = std::make_shared<const expression::Columns>(
      *expression::parse_columns("department text, total fils"));
  expression::Table table;
  table.rows = {{Value::text("roads"), Value(Fils{1500})}, {Value::text("parks"), Value()}};
  bench.with("due", type_of(Kind::fils), Value(Fils{12345}))
      .with("paid", type_of(Kind::fils), Value())
      .with("name", type_of(Kind::text), Value::text("a<b & c"))
      .with("departments", Type{Kind::list, Kind::text, nullptr},
            Value(std::make_shared<const expression::List>(
                expression::List{Value::text("roads"), Value::text("parks")})))
      .with("assessments", Type{Kind::table, Kind::text, columns},
            Value(std::make_shared<const expression::Table>(std::move(table))));
  return bench;
}

void check(const Bench& bench, std::initializer_list<std::pair<const char*, const char*>> samples) {
  for (const auto& [output, expected] : samples) {
    const std::string given = bench.result(output);
    BOOST_TEST(given == expected, output << "\n  gave " << given << "\n  not  " << expected);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mapping_templates)

BOOST_AUTO_TEST_CASE(literal_elements_and_expressions) {
  check(party_bench(),
        {{"<a><b>{/tr:S/tr:No}</b></a>", "<a><b>A-1</b></a>"},
         {"<tr:Q><tr:N>{ascii-digits('١')}</tr:N></tr:Q>",
          "<tr:Q xmlns:tr=\"urn:tr\"><tr:N>1</tr:N></tr:Q>"},
         {"<a x='{$name}' y='{{1}}'>R{$due}-{1 + 1}</a>",
          "<a x=\"a&lt;b &amp; c\" y=\"{1}\">R12.345-2</a>"},
         {"<a>{''}</a>", "<a/>"},
         {"<a><b/>text<c/></a>", "<a><b/>text<c/></a>"},
         {"<p:Q xmlns:p='urn:pt'/>", "<pt:Q xmlns:pt=\"urn:pt\"/>"},
         {"<a tr:x='1'/>", "<a xmlns:tr=\"urn:tr\" tr:x=\"1\"/>"},
         {"<a xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:nil='true'/>",
          "<a xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>"},
         {"<a>{exists($paid)}</a>", "<a>false</a>"}});
}

BOOST_AUTO_TEST_CASE(layout_is_dropped) {
  check(party_bench(),
        {{"\n  <a>\n    <b>\n      {$due}\n    </b>\n    <c> x </c> <d> </d>\n  </a>\n",
          "<a><b>12.345</b><c> x </c><d/></a>"}});
}

BOOST_AUTO_TEST_CASE(unset_text_fails_or_leaves_its_element_out) {
  check(party_bench(),
        {{"<a><b>{$paid}</b></a>", "unset-value"},
         {"<a><b mp:optional='true'>{$paid}</b><c/></a>", "<a><c/></a>"},
         {"<a><b mp:optional='true'>x {$paid}</b><c/></a>", "<a><c/></a>"},
         {"<a><b mp:optional='true'>{$due}</b></a>", "<a><b>12.345</b></a>"},
         {"<a><b mp:optional='true'>{/tr:S/tr:Nothing}</b></a>", "<a/>"},
         {"<a><b mp:optional='true'>{''}</b></a>", "<a><b/></a>"},
         {"<a><b mp:optional='true'><c mp:optional='true'>{$paid}</c></b></a>", "<a/>"},
         {"<a><b mp:optional='true'><if test='true()'>{$paid}</if></b></a>", "<a/>"},
         {"<a><b mp:optional='true'><c>{$paid}</c></b></a>", "unset-value"},
         {"<a><b mp:optional='true' x='{$paid}'/></a>", "unset-value"},
         {"<a><b mp:optional='true'>{fils(/tr:S/tr:No)}</b></a>", "bad-value"}});
}

BOOST_AUTO_TEST_CASE(for_each) {
  check(party_bench(),
        {{"<a><for-each select='/tr:S/tr:P'><p r='{@r}'>{tr:Plate}</p></for-each></a>",
          "<a><p r=\"a\">11</p><p r=\"b\">22</p></a>"},
         {"<a><for-each select='/tr:S/tr:P' as='p'><p>{$p/tr:Plate} of "
          "{/tr:S/tr:No}</p></for-each></a>",
          "<a><p>11 of A-1</p><p>22 of A-1</p></a>"},
         {"<a><for-each select='$departments' as='d'><d>{$d}</d></for-each><for-each "
          "select='$departments' as='d'><e>{$d}</e></for-each></a>",
          "<a><d>roads</d><d>parks</d><e>roads</e><e>parks</e></a>"},
         {"<a><for-each select='$assessments' as='r'><r d='{$r.department}' "
          "mp:optional='true'>{$r.total}</r></for-each></a>",
          "<a><r d=\"roads\">1.500</r></a>"},
         {"<a><for-each select='$departments' as='d'><for-each select='/tr:S/tr:P' "
          "as='p'><x>{$d}{$p/tr:Plate}</x></for-each></for-each></a>",
          "<a><x>roads11</x><x>roads22</x><x>parks11</x><x>parks22</x></a>"},
         {"<a><for-each select='/tr:S/tr:P'><for-each "
          "select='tr:Plate'><x>{.}</x></for-each><y>{@r}</y></for-each></a>",
          "<a><x>11</x><y>a</y><x>22</x><y>b</y></a>"}});
}

BOOST_AUTO_TEST_CASE(if_and_choose) {
  check(party_bench(),
        {{"<a><if test=\"$due gt fils('1')\"><b/></if><if test='exists($paid)'><c/></if></a>",
          "<a><b/></a>"},
         {"<choose><when test='exists($paid)'><a/></when><when "
          "test='true()'><b/></when><otherwise><c/></otherwise></choose>",
          "<b/>"},
         {"<choose><when test='false()'><a/></when><otherwise><tr:c/></otherwise></choose>",
          "<tr:c xmlns:tr=\"urn:tr\"/>"},
         {"<a><choose><when test='false()'><b/></when></choose></a>", "<a/>"},
         {"<a><if test='$paid eq $due'/></a>", "unset-value"}});
}

BOOST_AUTO_TEST_CASE(variables_hold_for_what_follows) {
  check(party_bench(),
        {{"<a><variable name='s' select='/tr:S'/><variable name='n' "
          "select='$s/tr:No'/><b>{$n}</b></a>",
          "<a><b>A-1</b></a>"},
         {"<a><variable name='v' select='$paid'/><b>{exists($v)}</b></a>", "<a><b>false</b></a>"},
         {"<a><if test='true()'><variable name='v' select='1'/></if><b>{$v}</b></a>",
          "m.xml:2:70: unknown variable $v; known: due, paid, name, departments, assessments\n"},
         {"<a><variable name='due' select='1'/></a>",
          "m.xml:2:28: $due has a value already; choose another name\n"}});
}

BOOST_AUTO_TEST_CASE(copy_of) {
  check(party_bench(),
        {{"<a><copy-of select='/tr:S/tr:P[2]'/></a>",
          "<a xmlns:tr=\"urn:tr\"><tr:P "
          "r=\"b\"><tr:Plate>22</tr:Plate><tr:Fault>60</tr:Fault></tr:P></a>"},
         {"<copy-of select='/tr:S/tr:No'/>", "<tr:No xmlns:tr=\"urn:tr\">A-1</tr:No>"},
         {"<a><copy-of select='/tr:S/plain'/></a>",
          "<a xmlns:ns0=\"urn:other\"><plain k=\"v\"><ns0:deep ns0:z=\"1\"/>t</plain></a>"},
         {"<a><copy-of select='/tr:S/tr:Nothing'/></a>", "<a/>"}});
  const Bench bench = party_bench();
  BOOST_TEST(bench.result("<copy-of select='/'/>") == write_xml(*bench.input));
}

BOOST_AUTO_TEST_CASE(elements_named_like_the_template_s_own) {
  check({}, {{"<element name='if'><element name='element' x='1'>{1}</element></element>",
              "<if><element x=\"1\">1</element></if>"}});
}

BOOST_AUTO_TEST_CASE(the_output_has_one_root) {
  check(party_bench(), {{"<a/><b/>", "mapping-output"},
                        {"<if test='false()'><a/></if>", "mapping-output"},
                        {"text", "mapping-output"},
                        {"<for-each select='/tr:S/tr:P'><a/></for-each>", "mapping-output"}});
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_with_their_place) {
  check(
      party_bench(),
      {{"<a>\n <b>{$duee}</b></a>", "m.xml:3:6: unknown variable $duee; did you mean \"due\"?\n"},
       {"<a x='{1'/>", "m.xml:2:15: { is not closed; write }, or {{ for a brace\n"},
       {"<a>{/tx:S}</a>", "m.xml:2:14: unknown prefix tx; did you mean \"tr\"?\n"},
       {"<u:a xmlns:u='urn:trr'/>",
        "m.xml:2:9: the configuration knows no namespace urn:trr; did you mean \"urn:tr\"?\n"},
       {"<a><if tst='true()'/></a>",
        "m.xml:2:12: if lacks test; write test=\"…\"\nm.xml:2:16: if has no attribute tst; did you "
        "mean \"test\"?\n"},
       {"<a><if test='/tr:S'/></a>",
        "m.xml:2:22: this place expects boolean, found nodes; write exists(…)\n"},
       {"<a><when test='true()'/></a>",
        "m.xml:2:12: when stands outside choose; put it into <choose>, or write <element "
        "name=\"when\"> for an element of that name\n"},
       {"<a><choose><b/></choose></a>",
        "m.xml:2:20: choose holds when, when … and then at most one otherwise; put it into <when "
        "test=\"…\"> or <otherwise>\n"},
       {"<a><for-each select='$departments'/></a>",
        "m.xml:2:12: for-each over a list lacks a name for its items; write as=\"name\" and read "
        "$name\n"},
       {"<a><for-each select='$due' as='d'/></a>",
        "m.xml:2:30: for-each goes through nodes, a list or a table, found fils\n"},
       {"<a><copy-of select='$due'/></a>", "m.xml:2:29: this place expects nodes, found fils\n"},
       {"<a mp:option='true'/>",
        "m.xml:2:12: unknown attribute option of urn:masar:mapping; write optional=\"true\" with "
        "its prefix\n"},
       {"<a><variable name='' select='1'/></a>",
        "m.xml:2:28: a name to bind is missing; write letters, digits, - and _, such as party\n"}});
}

BOOST_AUTO_TEST_CASE(the_file_s_frame_is_checked) {
  const auto finding = [](const std::string& file) {
    config::Diagnostics diagnostics;
    const auto root = config::load_element("m.xml", file, diagnostics);
    const bool compiled = root && Mapping::compile(*root, {}, {{"urn:tr", "tr"}}, diagnostics);
    return compiled ? "compiled" : diagnostics.text();
  };
  BOOST_TEST(finding("<mapping id='m'><output><a/></output></mapping>") == "compiled");
  BOOST_TEST(finding("<map/>") ==
             "m.xml:1:1: a mapping file starts with map; write <mapping id=\"…\">\n");
  BOOST_TEST(finding("<mapping id='m'/>") ==
             "m.xml:1:1: a mapping without output; write <output>…</output>\n");
  BOOST_TEST(finding("<mapping><output><a/></output></mapping>") ==
             "m.xml:1:1: a mapping without an id; give it an id=\"…\"\n");
  BOOST_TEST(finding("<mapping id='m' xmlns:x='urn:tr'><output><x:a/></output></mapping>") ==
             "m.xml:1:1: prefix x is tr in the configuration; declare xmlns:tr=\"urn:tr\"\n");
}

BOOST_AUTO_TEST_CASE(lint_may_ask_for_the_names_below_the_root) {
  config::Diagnostics diagnostics;
  const auto mapping = Bench().compile(
      "<event><a/><if test='true()'><b/></if>\n<element name='when'/></event>", diagnostics);
  BOOST_REQUIRE_MESSAGE(mapping, diagnostics.text());
  std::string names;
  for (const auto& [name, place] : mapping->top_level_names())
    names += name + std::to_string(place.line);
  BOOST_TEST(names == "a2b2when3");
  BOOST_TEST(mapping->id() == "m");
}

BOOST_AUTO_TEST_CASE(too_few_values_are_an_internal_error) {
  config::Diagnostics diagnostics;
  const Bench bench = party_bench();
  const auto mapping = bench.compile("<a/>", diagnostics);
  BOOST_CHECK_EXCEPTION(mapping->apply({}), Error,
                        [](const Error& error) { return error.kind() == ErrorKind::internal; });
}

BOOST_AUTO_TEST_SUITE_END()
