#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/expression/support.h"

using namespace masar;
using namespace masar::expression;
using namespace masar::expression::test;

namespace {

constexpr const char* kSketch =
    "<tr:Sketch xmlns:tr='urn:t' version='3'>"
    "<tr:No>A-1</tr:No>"
    "<tr:Party role='a'><tr:Plate>11</tr:Plate><tr:Fault>60</tr:Fault></tr:Party>"
    "<tr:Party role='b'><tr:Plate>22</tr:Plate></tr:Party>"
    "<tr:Party role='c'><tr:Plate>33</tr:Plate><tr:Fault>40</tr:Fault><tr:Party "
    "role='inner'><tr:Plate>44</tr:Plate></tr:Party></tr:Party>"
    "<tr:Empty/><other><a.b-c>x</a.b-c></other>"
    "<tr:Mixed>one <b>two</b> three</tr:Mixed>"
    "</tr:Sketch>";

void check(const World& world,
           std::initializer_list<std::pair<std::string_view, std::string_view>> samples) {
  for (const auto& [source, expected] : samples) {
    BOOST_TEST(result(world, source) == expected,
               source << " gave " << result(world, source) << ", not " << expected);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(paths)

BOOST_AUTO_TEST_CASE(steps) {
  World world;
  world.reading(kSketch);
  check(world, {{"/tr:Sketch/tr:No", "<tr:No>"},
                {"text(/tr:Sketch/tr:No)", "A-1"},
                {"count(/tr:Sketch/tr:Party)", "3"},
                {"count(/tr:Sketch/*)", "7"},
                {"count(/tr:Sketch/tr:*)", "6"},
                {"count(//tr:Party)", "4"},
                {"count(//tr:Party//tr:Plate)", "4"},
                {"count(//*)", "17"},
                {"text(/tr:Sketch/other/a.b-c)", "x"},
                {"/tr:Sketch/@version", "3"},
                {"text(/tr:Sketch/tr:Mixed)", "one two three"},
                {"text(/tr:Sketch/tr:Empty)", ""},
                {"count(/)", "1"},
                {"count(.)", "1"},
                {"tr:Sketch/tr:No eq 'A-1'", "true"},
                {"count(./tr:Sketch)", "1"},
                {"count(tr:Party)", "0"},
                {"count(/*)", "1"},
                {"/tr:Sketch/tr:Party[3]/*[3]", "<tr:Party>"}});
}

BOOST_AUTO_TEST_CASE(predicates) {
  World world;
  world.reading(kSketch)
      .with("plate", "22")
      .with("n", type_of(Kind::integer), Value(std::int64_t{3}));
  check(world, {{"text(/tr:Sketch/tr:Party[2]/tr:Plate)", "22"},
                {"/tr:Sketch/tr:Party[$n]/@role", "c"},
                {"/tr:Sketch/tr:Party[tr:Plate eq $plate]/@role", "b"},
                {"/tr:Sketch/tr:Party[@role eq 'a']/tr:Fault eq '60'", "true"},
                {"count(/tr:Sketch/tr:Party[tr:Fault])", "2"},
                {"text(/tr:Sketch/tr:Party[tr:Fault][2]/tr:Plate)", "33"},
                {"count(/tr:Sketch/tr:Party[not(exists(tr:Fault))])", "1"},
                {"count(/tr:Sketch/*[@role])", "3"},
                {"count(/tr:Sketch/tr:Party[integer(tr:Fault) gt 50])", "1"},
                {"count(/tr:Sketch/tr:Party[9])", "0"},
                {"count(//tr:Party[1])", "2"},
                {"count(/tr:Sketch/tr:Party[/tr:Sketch/@version eq '3'])", "3"},
                {"count(/tr:Sketch/tr:Party[../tr:No eq 'A-1'])", "3"},
                {"count(/tr:Sketch[every $p in tr:Party satisfies exists($p/tr:Plate)])", "1"}});
}

BOOST_AUTO_TEST_CASE(nodes_become_text_where_text_is_expected) {
  World world;
  world.reading(kSketch);
  check(world, {{"/tr:Sketch/tr:Party/tr:Plate eq '11'", "bad-value"},
                {"text(/tr:Sketch/tr:Nothing)", "unset-value"},
                {"default(/tr:Sketch/tr:Nothing, 'none')", "none"},
                {"default(/tr:Sketch/tr:No, 'none')", "A-1"},
                {"exists(/tr:Sketch/tr:Nothing)", "false"},
                {"exists(/tr:Sketch/tr:Empty)", "true"},
                {"exists(integer(/tr:Sketch/tr:Nothing))", "false"},
                {"integer(/tr:Sketch/tr:Empty)", "bad-value"},
                {"/tr:Sketch/@nothing", "unset-value"},
                {"exists(/tr:Sketch/@nothing)", "false"},
                {"/tr:Sketch/tr:Party/@role", "bad-value"},
                {"exists(/tr:Sketch/@tr)", "false"},
                {"/tr:Sketch/tr:No eq /tr:Sketch/tr:No", "true"},
                {"join(//tr:Plate, ' ')", "11 22 33 44"},
                {"contains-item(//tr:Plate, '33')", "true"},
                {"distinct(//tr:Fault)", "[60, 40]"}});
}

BOOST_AUTO_TEST_CASE(nodes_are_gone_through) {
  World world;
  world.reading(kSketch);
  Nodes parties;
  for (const auto node : world.document.document_element().children("tr:Party"))
    parties.push_back(node);
  world.with("parties", type_of(Kind::nodes), Value(parties));
  check(world,
        {{"some $p in /tr:Sketch/tr:Party satisfies $p/tr:Plate eq '22'", "true"},
         {"every $p in /tr:Sketch/tr:Party satisfies exists($p/tr:Fault)", "false"},
         {"for $p in /tr:Sketch/tr:Party return $p/@role", "[a, b, c]"},
         {"sum(for $p in /tr:Sketch/tr:Party[tr:Fault] return integer($p/tr:Fault))", "100"},
         {"for $p in /tr:Sketch/tr:Party return $p/tr:Plate", "<tr:Plate tr:Plate tr:Plate>"},
         {"count($parties/tr:Plate)", "3"},
         {"count($parties//tr:Plate)", "4"},
         {"count($parties/..)", "1"},
         {"for $p in /tr:Sketch/tr:Party return $p/tr:Fault eq '60'", "unset-value"},
         {"if (true()) then //tr:No else //tr:Fault", "<tr:No>"}});
}

BOOST_AUTO_TEST_CASE(without_a_document_there_is_nothing) {
  const World world;
  Frame frame;
  config::Diagnostics diagnostics;
  for (const std::string_view source : {"exists(/a)", "exists(a/@b)", "exists(.)", "exists(//a)"}) {
    const auto expression = compile(source, {"f", 1, 1}, world.scope, {}, diagnostics);
    BOOST_TEST(!expression->evaluate_boolean(frame), source);
  }
}

BOOST_AUTO_TEST_CASE(a_path_starts_where_the_frame_stands) {
  World world;
  world.reading(kSketch);
  config::Diagnostics diagnostics;
  const auto plate =
      compile("tr:Plate", {"f", 1, 1}, world.scope, type_of(Kind::text), diagnostics);
  Frame frame;
  frame.context = world.document.document_element()
                      .last_child()
                      .previous_sibling()
                      .previous_sibling()
                      .previous_sibling();
  std::string storage;
  BOOST_TEST(plate->evaluate_text(frame, storage).value() == "33");
  const auto number = compile("/tr:Sketch/tr:No", {"f", 1, 1}, world.scope, {}, diagnostics);
  BOOST_TEST(number->evaluate_text(frame, storage).value() == "A-1");
  std::string names;
  compile("../*", {"f", 1, 1}, world.scope, {}, diagnostics)
      ->for_each_node(frame, [&](pugi::xml_node node) { names += node.name()[0]; });
  BOOST_TEST(names == "tttttot");
}

BOOST_AUTO_TEST_CASE(shapes_that_are_not_offered) {
  const World world;
  BOOST_TEST(mistake(world, "a/..") ==
             "1:1: .. stands at the beginning of a path only; write a[b] for an a that has a b");
  BOOST_TEST(mistake(world, "a/@b/c") == "1:5: an attribute has nothing below it");
  BOOST_TEST(mistake(world, "//..") == "1:3: // is followed by a name; write //name or //*");
  BOOST_TEST(mistake(world, "a['x']") ==
             "1:3: […] expects a position or a condition, found text; write [2] or [name eq 'x']");
  BOOST_TEST(mistake(world, "count(a/@b)")
                 .starts_with("1:7: count() part 1 expects nodes, list or table, found text"));
}

BOOST_AUTO_TEST_CASE(work_is_bounded) {
  World world;
  std::string xml = "<a>";
  for (int i = 0; i < 4'000; ++i) xml += "<b/>";
  world.reading((xml + "</a>").c_str());
  BOOST_TEST(result(world, "count(//b[count(//b) eq 1])") == "too-much-work");
  BOOST_TEST(result(world, "count(//b)") == "4000");
}

BOOST_AUTO_TEST_SUITE_END()
