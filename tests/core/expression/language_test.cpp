#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "tests/core/expression/support.h"

using namespace masar;
using namespace masar::expression;
using namespace masar::expression::test;

namespace {

World case_world() {
  World world;
  world.with("due", type_of(Kind::fils), Value(Fils{10'000}))
      .with("paid", type_of(Kind::fils), Value())
      .with("round", type_of(Kind::integer), Value(std::int64_t{2}))
      .with("state", "awaiting")
      .with("case.waiting-for", "citizen")
      .with("event.department", "roads")
      .with("departments", list_of(Kind::text), texts({"roads", "parks"}))
      .with("none", list_of(Kind::text), texts({}))
      .with("case.assessments", table_of("department text, total fils"),
            table({{Value::text("roads"), Value(Fils{1'500})},
                   {Value::text("parks"), Value(Fils{2'000})}}))
      .with("gaps", table_of("department text, total fils"),
            table({{Value::text("roads"), Value()}}))
      .with("opened", type_of(Kind::instant), from_text("2026-01-04T05:00:00.25Z", Kind::instant))
      .with("day", type_of(Kind::date), from_text("2026-02-27", Kind::date))
      .with("letter", type_of(Kind::boolean), Value(false));
  return world;
}

struct Sample {
  std::string_view source;
  std::string_view result;
};

void check(const World& world, std::initializer_list<Sample> samples) {
  for (const Sample& sample : samples) {
    BOOST_TEST(
        result(world, sample.source) == sample.result,
        sample.source << " gave " << result(world, sample.source) << ", not " << sample.result);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(language)

BOOST_AUTO_TEST_CASE(literals) {
  check({}, {{"'a'", "a"},
             {"\"it's\"", "it's"},
             {"'it''s'", "it's"},
             {"''", ""},
             {"12", "12"},
             {"-12", "-12"},
             {"-9223372036854775808", "-9223372036854775808"},
             {"true()", "true"},
             {"(1)", "1"},
             {"('a', 'b')", "[a, b]"},
             {"()", "[]"},
             {"'كف'", "كف"}});
}

BOOST_AUTO_TEST_CASE(comparisons_and_logic) {
  check(case_world(), {{"$state eq 'awaiting'", "true"},
                       {"1 lt 2", "true"},
                       {"2 le 1", "false"},
                       {"'a' lt 'b'", "true"},
                       {"$due ge fils('10')", "true"},
                       {"$due ne fils('10.000')", "false"},
                       {"$day gt date('2026-02-26')", "true"},
                       {"true() and false()", "false"},
                       {"true() or $paid eq $due", "true"},
                       {"false() and $paid eq $due", "false"},
                       {"not($letter)", "true"},
                       {"$letter implies $paid eq $due", "true"},
                       {"true() implies $letter", "false"},
                       {"1 eq 2 or 1 eq 1 and 2 eq 2", "true"},
                       {"false() implies false() implies false()", "true"},
                       {"if ($round eq 2) then 'two' else 'other'", "two"},
                       {"if (false()) then $paid else $due", "10.000"}});
}

BOOST_AUTO_TEST_CASE(arithmetic) {
  check(case_world(), {{"1 + 2 * 3", "7"},
                       {"(1 + 2) * 3", "9"},
                       {"10 - 2 - 3", "5"},
                       {"7 idiv 2", "3"},
                       {"-7 idiv 2", "-3"},
                       {"7 mod 3", "1"},
                       {"8 div 2", "4"},
                       {"7 div 2", "bad-value"},
                       {"1 idiv 0", "bad-value"},
                       {"9223372036854775807 + 1", "bad-value"},
                       {"- $round", "-2"},
                       {"2 -1", "1"},
                       {"$due + fils('0.001')", "10.001"},
                       {"$due - $due", "0.000"},
                       {"$due * 3", "30.000"},
                       {"3 * $due", "30.000"},
                       {"fils('999999999.999') * 1000000", "amount-out-of-range"},
                       {"$opened + hours(72)", "2026-01-07T05:00:00.25Z"},
                       {"$opened - minutes(1)", "2026-01-04T04:59:00.25Z"},
                       {"$opened - $opened", "PT0S"},
                       {"$day + days(2)", "2026-03-01"},
                       {"$day + hours(1)", "bad-value"},
                       {"$day - date('2026-02-25')", "PT48H"},
                       {"days(1) * 2 + hours(1)", "PT49H"},
                       {"days(9223372036854775807)", "f:1:1: the duration is out of range\n"}});
}

BOOST_AUTO_TEST_CASE(names_may_hold_points_and_minus) {
  check(case_world(), {{"$case.waiting-for", "citizen"},
                       {"$event.department", "roads"},
                       {"$round -1", "1"},
                       {"$round - 1", "1"}});
}

BOOST_AUTO_TEST_CASE(an_unset_value_fails_outside_exists_and_default) {
  check(case_world(), {{"$paid", "unset-value"},
                       {"$paid eq $due", "unset-value"},
                       {"$paid + $due", "unset-value"},
                       {"text($paid)", "unset-value"},
                       {"if ($paid eq $due) then 1 else 2", "unset-value"},
                       {"exists($paid)", "false"},
                       {"exists($paid + $due)", "false"},
                       {"exists($due)", "true"},
                       {"exists($none)", "false"},
                       {"exists($departments)", "true"},
                       {"exists($case.assessments)", "true"},
                       {"exists('')", "true"},
                       {"default($paid, fils('0'))", "0.000"},
                       {"default($due, fils('0'))", "10.000"},
                       {"exists($paid) and $paid eq $due", "false"},
                       {"count($none)", "0"}});
}

BOOST_AUTO_TEST_CASE(an_error_names_its_place_and_no_value) {
  World world = case_world();
  config::Diagnostics diagnostics;
  const auto expression =
      compile("$due eq\n  $paid", {"p.scxml", 7, 20}, world.scope, std::nullopt, diagnostics);
  BOOST_REQUIRE(expression);
  BOOST_CHECK_EXCEPTION(expression->evaluate(world.frame()), Error, [](const Error& error) {
    return std::string(error.what()) == "p.scxml:8:3: $paid has no value" &&
           error.kind() == ErrorKind::rejected;
  });
}

BOOST_AUTO_TEST_CASE(lists_and_tables) {
  check(case_world(), {{"count($departments)", "2"},
                       {"count($case.assessments)", "2"},
                       {"sum($case.assessments.total)", "3.500"},
                       {"$case.assessments.department", "[roads, parks]"},
                       {"first($departments)", "roads"},
                       {"last($departments)", "parks"},
                       {"index($departments, 2)", "parks"},
                       {"index($departments, 3)", "unset-value"},
                       {"index($departments, 0)", "unset-value"},
                       {"first($none)", "unset-value"},
                       {"contains-item($departments, 'parks')", "true"},
                       {"contains-item($departments, $state)", "false"},
                       {"contains-item((1, 2), 2)", "true"},
                       {"distinct(('a', 'b', 'a'))", "[a, b]"},
                       {"sum($gaps.total)", "unset-value"},
                       {"row($case.assessments, 'parks').total", "2.000"},
                       {"row($case.assessments, 'x').total", "unset-value"},
                       {"exists(row($case.assessments, 'x'))", "false"},
                       {"default(row($gaps, 'roads').total, fils('1'))", "1.000"},
                       {"if ($letter) then $departments else ()", "[]"},
                       {"sum(for $x in ('1', '2') return integer($x))", "3"},
                       {"sum(())",
                        "f:1:5: sum() part 1 expects list of integer, fils or duration, found list "
                        "of text; write sum(for "
                        "$x in … return fils($x))\n"}});
}

BOOST_AUTO_TEST_CASE(quantifiers_and_for) {
  check(case_world(),
        {{"some $d in $departments satisfies $d eq 'parks'", "true"},
         {"every $d in $departments satisfies $d eq 'parks'", "false"},
         {"every $d in $none satisfies false()", "true"},
         {"some $d in $none satisfies true()", "false"},
         {"every $d in $departments satisfies some $a in $case.assessments satisfies $a.department "
          "eq $d",
          "true"},
         {"some $a in $case.assessments satisfies $a.total gt fils('1.999')", "true"},
         {"some $a in $gaps satisfies $a.total gt fils('1')", "unset-value"},
         {"some $a in $gaps satisfies exists($a.total)", "false"},
         {"for $a in $case.assessments return $a.total * 2", "[3.000, 4.000]"},
         {"for $d in $departments return split($d, 'a')", "[ro, ds, p, rks]"},
         {"count(for $d in $departments return concat($d, '!'))", "2"},
         {"true() and every $d in $departments satisfies string-length($d) eq 5", "true"}});
}

BOOST_AUTO_TEST_CASE(what_an_expression_reads_is_known) {
  config::Diagnostics diagnostics;
  const World world = case_world();
  const auto expression =
      compile("some $a in $case.assessments satisfies $a.total eq $due or $due eq $due", {},
              world.scope, {}, diagnostics);
  BOOST_REQUIRE(expression);
  const std::vector<std::string> expected = {"case.assessments", "due"};
  BOOST_TEST(expression->reads() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(unset_may_be_asked_for) {
  World world = case_world();
  config::Diagnostics diagnostics;
  const auto expression = compile("$paid", {"f", 1, 1}, world.scope, {}, diagnostics);
  BOOST_TEST(!expression->evaluate_optional(world.frame()).is_set());
  std::string storage;
  BOOST_TEST(!expression->evaluate_text(world.frame(), storage).has_value());
}

BOOST_AUTO_TEST_CASE(slots_behind_the_frame_are_the_templates) {
  World world;
  world.with("a", "1").with("b", "2");
  config::Diagnostics diagnostics;
  const auto expression = compile("concat($a, $b)", {"f", 1, 1}, world.scope, {}, diagnostics);
  Frame frame;
  frame.variables = std::span<const Value>(world.values).first(1);
  frame.more = std::span<const Value>(world.values).subspan(1);
  BOOST_TEST(to_text(expression->evaluate(frame)) == "12");
  frame.more = {};
  BOOST_CHECK_EXCEPTION(expression->evaluate(frame), Error,
                        [](const Error& error) { return error.code() == "no-such-slot"; });
}

BOOST_AUTO_TEST_CASE(a_scope_adds_functions) {
  World world = case_world();
  world.scope.functions.push_back({"in",
                                   {type_of(Kind::text)},
                                   type_of(Kind::boolean),
                                   [](const Frame&, std::span<const Value> parts) {
                                     return Value(parts[0].as<std::string>() == "open");
                                   }});
  world.scope.functions.push_back(
      {"known",
       {type_of(Kind::fils)},
       type_of(Kind::boolean),
       [](const Frame&, std::span<const Value> parts) { return Value(parts[0].is_set()); },
       true});
  world.scope.functions.push_back(
      {"deadline", {}, type_of(Kind::instant), [](const Frame&, std::span<const Value>) {
         return Value();
       }});
  check(world, {{"in('open') and not(in('shut'))", "true"},
                {"known($paid)", "false"},
                {"deadline()", "unset-value"},
                {"exists(deadline())", "false"}});
  BOOST_TEST(mistake(world, "in(1)") ==
             "1:4: in() part 1 expects text, found integer; write text(…)");
  BOOST_TEST(mistake(world, "in()") == "1:1: in() has 0 parts; write in(text)");
}

BOOST_AUTO_TEST_CASE(text_templates) {
  World world = case_world();
  config::Diagnostics diagnostics;
  const auto text =
      compile_text("{$state}: {$due} {{{'}'}}}", {"f", 1, 1}, world.scope, diagnostics);
  BOOST_REQUIRE_MESSAGE(text, diagnostics.text());
  BOOST_TEST(text->evaluate(world.frame()) == "awaiting: 10.000 {}}");
  BOOST_TEST(!text->is_constant());
  BOOST_TEST(compile_text("a{{b", {"f", 1, 1}, world.scope, diagnostics)->evaluate({}) == "a{b");
  BOOST_TEST(compile_text("a", {"f", 1, 1}, world.scope, diagnostics)->is_constant());
  const auto unset = compile_text("x{$paid}", {"f", 1, 1}, world.scope, diagnostics);
  std::string out = "before";
  BOOST_TEST(!unset->append_optional(world.frame(), out));
  BOOST_TEST(out == "before");
  BOOST_CHECK_THROW(unset->evaluate(world.frame()), Error);
}

BOOST_AUTO_TEST_CASE(text_templates_that_are_wrong) {
  const World world = case_world();
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a\n {$stat}", "f:2:3: unknown variable $stat; did you mean \"state\"?\n"},
      {"a}", "f:1:2: } without {; write }} for a brace\n"},
      {"ab{'}'", "f:1:3: { is not closed; write }, or {{ for a brace\n"},
      {"{$departments}",
       "f:1:2: a text with {…} expects text, found list of text; write join(…, ' '), or "
       "first(…)\n"},
      {"{}", "f:1:2: the expression is empty; write one\n"},
  };
  for (const auto& [source, finding] : cases) {
    config::Diagnostics diagnostics;
    BOOST_TEST(!compile_text(source, {"f", 1, 1}, world.scope, diagnostics).has_value());
    BOOST_TEST(diagnostics.text() == finding);
  }
}

BOOST_AUTO_TEST_SUITE_END()
