#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/expression/support.h"

using namespace masar;
using namespace masar::expression;
using namespace masar::expression::test;

namespace {

World world() {
  World world;
  world.with("due", type_of(Kind::fils), Value(Fils{1}))
      .with("round", type_of(Kind::integer), Value(std::int64_t{2}))
      .with("state", "open")
      .with("departments", list_of(Kind::text), texts({}))
      .with("rows", table_of("department text, total fils"), table({}))
      .with("opened", type_of(Kind::instant), Value(Instant{}));
  return world;
}

void check(const World& given,
           std::initializer_list<std::pair<std::string_view, std::string_view>> samples) {
  for (const auto& [source, words] : samples)
    BOOST_TEST(mistake(given, source) == words, source << " gave " << mistake(given, source));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mistakes)

BOOST_AUTO_TEST_CASE(names) {
  check(world(),
        {{"$duee", "1:1: unknown variable $duee; did you mean \"due\"?"},
         {"1 +\n  $statex", "2:3: unknown variable $statex; did you mean \"state\"?"},
         {"$due-$due", "1:1: unknown variable $due-; a minus has a space at both sides: $due - …"},
         {"$round-1",
          "1:1: unknown variable $round-1; a minus has a space at both sides: $round - …"},
         {"startswith('a', 'b')",
          "1:1: unknown function startswith(); did you mean \"starts-with\"?"},
         {"string($round)", "1:1: unknown function string(); write text(…)"},
         {"$rows.totl", "1:1: unknown column totl; did you mean \"total\"?"},
         {"some $r in $rows satisfies $r.x eq 'a'",
          "1:28: unknown column x; known: department, total"},
         {"some $due in $rows satisfies true()",
          "1:6: $due has a value already; choose another name"}});
}

BOOST_AUTO_TEST_CASE(types) {
  check(
      world(),
      {{"$due eq 12",
        "1:6: eq compares values of one type, found fils and integer; write an amount as "
        "fils('12.345')"},
       {"/a eq 12",
        "1:4: eq compares values of one type, found text and integer; write integer(…)"},
       {"12 eq '12'",
        "1:4: eq compares values of one type, found integer and text; write integer(…)"},
       {"$due + 1", "1:6: + does not take fils and integer; write an amount as fils('12.345')"},
       {"$due div 2",
        "1:6: div does not take fils and integer; write proportion(amount, numerator, "
        "denominator)"},
       {"'a' + 'b'", "1:5: + does not take text and text; write concat(…)"},
       {"not(/a)", "1:5: not() part 1 expects boolean, found nodes; write exists(…)"},
       {"$state and true()",
        "1:1: and expects boolean, found text; write a comparison, exists(…) or boolean(…)"},
       {"upper-case($round)",
        "1:12: upper-case() part 1 expects text, found integer; write text(…)"},
       {"jod($round)",
        "1:5: jod() part 1 expects fils, found integer; write an amount as fils('12.345')"},
       {"date-of(/a)",
        "1:9: date-of() part 1 expects instant, found nodes; write instant(…) or local-instant(…)"},
       {"$departments eq 'a'",
        "1:14: eq compares single values, found list of text; compare count(…), or write some "
        "$x in … satisfies …, contains-item(…)"},
       {"true() lt false()", "1:8: lt orders no booleans; write eq or ne"},
       {"if (true()) then 1 else 'a'",
        "1:25: if … then … else … expects integer, found text; write integer(…)"},
       {"sum($rows)",
        "1:5: sum() part 1 expects list of integer, fils or duration, found table (department "
        "text, "
        "total fils); name a column: $table.column"},
       {"substring('a')",
        "1:1: substring() has 1 parts; write substring(text, integer, [integer]) → text"},
       {"some $x in $state satisfies true()",
        "1:12: in expects a list, a table or nodes, found text; write split(…, ' ')"},
       {"(1, 'a')", "1:5: a list's item expects integer, found text; write integer(…)"},
       {"$rows/a",
        "1:6: only nodes have nodes below them, found table (department text, total fils); name a "
        "column: "
        "$row.column"},
       {"for $r in $rows return $r",
        "1:24: return expects a value, nodes or a list, found row (department text, total "
        "fils); name a column: $row.column"}});
  BOOST_TEST(mistake(world(), "$due", type_of(Kind::boolean)) ==
             "1:1: this place expects boolean, found fils; write a comparison, or exists(…)");
  BOOST_TEST(mistake(world(), "$opened", type_of(Kind::text)) ==
             "1:1: this place expects text, found instant; write text(…), iso(…) or local-time(…)");
  BOOST_TEST(mistake(world(), "/a", type_of(Kind::text)) == "compiled");
  BOOST_TEST(mistake(world(), "()", list_of(Kind::fils)) == "compiled");
  BOOST_TEST(mistake(world(), "()", table_of("a text")) == "compiled");
}

BOOST_AUTO_TEST_CASE(syntax) {
  check(world(),
        {{"", "1:1: the expression is empty; write one"},
         {"1 +", "1:4: expected a value, found the end"},
         {"(1", "1:3: expected ), found the end; close the parenthesis, or put a comma"},
         {"1 2", "1:3: expected the end, found 2"},
         {"'a", "1:1: a text is not closed; close it with '"},
         {"$due = 1", "1:6: = is not of this language; write eq"},
         {"$due != 1", "1:6: != is not of this language; write ne"},
         {"1 < 2", "1:3: < is not of this language; write lt"},
         {"12.5", "1:1: there are no decimal numbers; write an amount as fils('12.345')"},
         {"12abc", "1:1: a number and a name run into each other; put a space"},
         {"99999999999999999999", "1:1: the number is out of range"},
         {"$ a", "1:1: a variable's name is missing after $; write $name"},
         {"if (true()) then 1", "1:19: expected else, found the end; an if always has an else"},
         {"if true() then 1 else 2", "1:4: expected the end, found true"},
         {"some $x in $rows",
          "1:17: expected satisfies, found the end; write some $x in … satisfies …"},
         {"child::a", "1:6: :: is not of this language; write /a/b, a/@x, . .. or //a"},
         {"a/text()",
          "1:3: a path ends in an element or an attribute, not in text(); leave /text() away: an "
          "element's "
          "text is its value"},
         {"'كف' ~ 1",
          "1:6: a character that is not of this language; texts stand in quotes: 'text'"}});
}

BOOST_AUTO_TEST_CASE(what_is_written_out_is_tried_at_once) {
  check(world(),
        {{"fils('12.3456')", "1:1: the text is not an amount with at most three decimals"},
         {"$due gt fils('x')", "1:9: the text is not an amount with at most three decimals"},
         {"date('2026-02-30')", "1:1: the text is not a date yyyy-MM-dd"},
         {"matches($state, '(')",
          "1:17: the pattern cannot be read: Mismatched '(' and ')' in regular expression; write "
          "it as in ECMAScript, without back references"}});
}

BOOST_AUTO_TEST_CASE(guards_have_no_paths) {
  World given = world();
  given.scope.paths = false;
  check(
      given,
      {{"/a/b",
        "1:1: no document can be read here, so / selects nothing; use the variables of this place"},
       {"state eq 'open'",
        "1:1: no document can be read here, so state selects nothing; write $state"},
       {"$state eq open",
        "1:11: no document can be read here, so open selects nothing; write 'open' for a text, "
        "$name for a value"},
       {"$state eq 'open'", "compiled"}});
}

BOOST_AUTO_TEST_CASE(prefixes_are_known) {
  World given = world();
  given.scope.prefixes = {"pt", "tr"};
  check(given, {{"/pr:a", "1:2: unknown prefix pr; did you mean \"pt\"?"},
                {"/pt:a/tr:*/@xsi:type", "compiled"},
                {"/a", "compiled"}});
}

BOOST_AUTO_TEST_CASE(nesting_and_size_are_bounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "1" + std::string(depth, ')');
  };
  BOOST_TEST(mistake(world(), nested(kDepthMax - 1)) == "compiled");
  BOOST_TEST(mistake(world(), nested(kDepthMax)) ==
             "1:101: the expression is nested more than 100 deep; divide it");
  BOOST_TEST(mistake(world(), nested(100'000)) ==
             "1:101: the expression is nested more than 100 deep; divide it");
  std::string chain = "1";
  for (std::size_t i = 0; i < kDepthMax; ++i) chain += " + 1";
  BOOST_TEST(mistake(world(), chain).find("nested more than 100 deep") != std::string::npos);
  std::string wide = "true()";
  for (std::size_t i = 0; i < 4'000; ++i) wide += " or true()";
  BOOST_TEST(mistake(world(), wide) == "compiled");
  for (std::size_t i = 0; i < 4'000; ++i) wide += " or 1 eq 1";
  BOOST_TEST(mistake(world(), wide).find("more than 10000 parts") != std::string::npos);
  BOOST_TEST(mistake(world(), std::string(kSourceBytesMax + 1, ' ')).find("bytes") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
