#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <set>
#include <sstream>

#include "core/expression/functions.h"
#include "tests/core/expression/support.h"

using namespace masar;
using namespace masar::expression;
using namespace masar::expression::test;

namespace {

World world() {
  World world;
  world.with("t", "aBc كف")
      .with("arabic", "١٢۳4")
      .with("phone", "+962 79-123 4567")
      .with("bad", "12")
      .with("at", type_of(Kind::instant), from_text("2026-01-04T05:00:00.25Z", Kind::instant))
      .with("due", type_of(Kind::fils), Value(Fils{10'005}))
      .with("long", std::string(kMatchBytesMax + 1, 'a'))
      .with("many-a", std::string(40, 'a'))
      .with("huge", std::string(1 << 20, 'a'))
      .with("items", list_of(Kind::text), texts({"a", "b"}));
  return world;
}

void check(std::initializer_list<std::pair<std::string_view, std::string_view>> samples) {
  const World given = world();
  for (const auto& [source, expected] : samples) {
    BOOST_TEST(result(given, source) == expected,
               source << " gave " << result(given, source) << ", not " << expected);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(functions)

BOOST_AUTO_TEST_CASE(conversions) {
  check({{"text(12)", "12"},
         {"text($due)", "10.005"},
         {"text($at)", "2026-01-04T05:00:00.25Z"},
         {"text(true())", "true"},
         {"text(days(3))", "PT72H"},
         {"integer($bad)", "12"},
         {"integer($t)", "bad-value"},
         {"integer($arabic)", "bad-value"},
         {"integer(ascii-digits($arabic))", "1234"},
         {"fils(concat('1', '.5'))", "1.500"},
         {"fils($t)", "bad-value"},
         {"date(concat('2026-02', '-28'))", "2026-02-28"},
         {"instant(concat('2026-01-04T08:00:00', '+03:00'))", "2026-01-04T05:00:00Z"},
         {"instant($t)", "bad-value"},
         {"duration(concat('P', '3D'))", "PT72H"},
         {"boolean(concat('tr', 'ue'))", "true"},
         {"boolean($t)", "bad-value"}});
}

BOOST_AUTO_TEST_CASE(texts_are_worked_on_by_character) {
  check({{"string-length($t)", "6"},
         {"upper-case($t)", "ABC كف"},
         {"lower-case($t)", "abc كف"},
         {"substring($t, 5)", "كف"},
         {"substring($t, 5, 1)", "ك"},
         {"substring($t, 2, 2)", "Bc"},
         {"substring($t, 9)", ""},
         {"substring($t, 1, 0)", ""},
         {"substring($t, 0)", "bad-value"},
         {"substring($t, 1, -1)", "bad-value"},
         {"substring($t, 1, 9223372036854775807)", "aBc كف"},
         {"translate-digits('a10')", "a١٠"},
         {"concat('a', 1, $due)", "a110.005"},
         {"starts-with($t, 'aB')", "true"},
         {"ends-with($t, 'كف')", "true"},
         {"contains($t, 'c ')", "true"},
         {"contains($t, 'x')", "false"},
         {"trim('  a b ')", "a b"},
         {"normalize-space('  a   b ')", "a b"},
         {"normalize-space('  ')", ""},
         {"clean-text(concat('a', '\xE2\x80\xAE', 'b'))", "ab"},
         {"replace-text('aXbX', 'X', 'yy')", "ayybyy"},
         {"replace-text($t, concat('', ''), 'y')", "bad-value"},
         {"split('a,b,,c', ',')", "[a, b, , c]"},
         {"split('', ',')", "[]"},
         {"split(',', ',')", "[, ]"},
         {"split($t, concat('', ''))", "bad-value"},
         {"join($items, ', ')", "a, b"},
         {"join((), 'x')", ""},
         {"replace-text($huge, 'a', 'aaaaaaaaaa')", "bad-value"},
         {"string-length(replace-text($huge, 'a', 'bb'))", "2097152"}});
}

BOOST_AUTO_TEST_CASE(phones_checks_and_hashes) {
  check(
      {{"jordan-mobile($phone)", "962791234567"},
       {"jordanian-phone('٠٧٩١٢٣٤٥٦٧')", "962791234567"},
       {"jordan-mobile($bad)", "unset-value"},
       {"exists(jordan-mobile($bad))", "false"},
       {"luhn-valid('79927398713')", "true"},
       {"luhn-valid('79927398710')", "false"},
       {"luhn-valid('7992739871x')", "false"},
       {"luhn-valid('0')", "false"},
       {"luhn-valid('')", "false"},
       {"sha256-hex('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}});
}

BOOST_AUTO_TEST_CASE(patterns) {
  check({{"matches($t, '^[a-zA-Z]{3} ')", "true"},
         {"matches($t, 'B')", "true"},
         {"matches($t, '^B')", "false"},
         {"matches('A-1', '^[A-Z]-\\d$')", "true"},
         {"matches($long, 'a')", "bad-value"},
         {"matches(concat($many-a, '!'), '^(a+)+$')", "false"},
         {"matches($t, $bad)",
          "f:1:13: matches() part 2 is a text written out; write it in quotes\n"}});
}

BOOST_AUTO_TEST_CASE(amounts) {
  check({{"jod($due)", "10.005"},
         {"arabic-words($due)", "عشرة دنانير وخمسة فلوس"},
         {"arabic-words($due - fils('10.006'))", "bad-value"},
         {"fils-integer($due)", "10005"},
         {"fils('0.001') * 10005", "10.005"},
         {"proportion($due, 1, 2)", "5.003"},
         {"percent($due, 60)", "6.003"},
         {"percent($due, 0)", "0.000"},
         {"proportion($due, 1, 0)", "bad-value"},
         {"sum((fils('1'), fils('0.005')))", "1.005"},
         {"sum((1, 2))", "3"},
         {"sum((days(1), hours(1)))", "PT25H"}});
}

BOOST_AUTO_TEST_CASE(times_are_of_the_scope_s_zone) {
  check({{"local-time(ceil-seconds($at))", "2026-01-04T08:00:01"},
         {"iso(ceil-seconds($at))", "2026-01-04T08:00:01+03:00"},
         {"local-instant('2026-01-04T08:00:01') eq ceil-seconds($at)", "true"},
         {"local-instant($t)", "bad-value"},
         {"date-of($at + hours(15))", "2026-01-04"},
         {"date-of($at + hours(16))", "2026-01-05"},
         {"ceil-seconds(instant('2026-01-04T05:00:00Z'))", "2026-01-04T05:00:00Z"},
         {"minutes(90)", "PT1H30M"}});
}

BOOST_AUTO_TEST_CASE(every_function_of_the_table_has_a_test_above_or_beside) {
  std::set<std::string> tested;
  for (const std::string file : {"functions", "language", "lookup_file", "path"}) {
    std::ifstream in(std::string(MASAR_SOURCE_DIR) + "/tests/core/expression/" + file +
                     "_test.cpp");
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    for (const Builtin& builtin : builtins()) {
      if (text.find(std::string(builtin.name) + "(") != std::string::npos)
        tested.emplace(builtin.name);
    }
  }
  for (const Builtin& builtin : builtins())
    BOOST_TEST(tested.contains(std::string(builtin.name)), builtin.name);
}

BOOST_AUTO_TEST_CASE(every_function_of_the_table_is_documented_as_it_is) {
  std::ifstream in(std::string(MASAR_SOURCE_DIR) + "/core/expression/README.md");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  std::set<std::string_view> names;
  for (const Builtin& builtin : builtins()) {
    const std::string line =
        "| `" + signature(builtin) + "` | " + std::string(builtin.meaning) + " |\n";
    BOOST_TEST(text.find(line) != std::string::npos, "README.md lacks: " << line);
    BOOST_TEST(names.insert(builtin.name).second, builtin.name << " stands twice");
    BOOST_TEST(!builtin.meaning.empty());
  }
  std::size_t documented = 0;
  for (std::size_t at = text.find("\n| `", text.find("## Functions")); at != std::string::npos;
       at = text.find("\n| `", at + 1))
    ++documented;
  BOOST_TEST(documented == builtins().size(), "README.md documents " << documented << " functions");
}

BOOST_AUTO_TEST_SUITE_END()
