#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/expression/lookup_file.h"
#include "tests/core/expression/support.h"

using namespace masar;
using namespace masar::expression;
using namespace masar::expression::test;

namespace {

std::optional<Lookup> load(const std::string& text, config::Diagnostics& diagnostics) {
  const auto root = config::load_element("l.xml", text, diagnostics);
  return root ? load_lookup(*root, diagnostics) : std::nullopt;
}

std::string finding(const std::string& text) {
  config::Diagnostics diagnostics;
  return load(text, diagnostics) ? "loaded" : diagnostics.text();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lookup_file)

BOOST_AUTO_TEST_CASE(rows_and_columns_are_read_and_asked) {
  config::Diagnostics diagnostics;
  const auto lookup = load(R"(<lookup id="departments" key="type">
    <row key="BARRIER" departments="roads" name="حاجز"/>
    <row key="LAMP" name="عمود" departments="street-lighting roads"/>
    <row key="NONE" departments="" name=""/>
  </lookup>)",
                           diagnostics);
  BOOST_REQUIRE_MESSAGE(lookup, diagnostics.text());
  World world;
  world.lookups.emplace(lookup->name, *lookup);
  world.scope.lookups = &world.lookups;
  world.with("type", "LAMP");
  const std::pair<std::string_view, std::string_view> samples[] = {
      {"lookup('departments', 'BARRIER')", "roads"},
      {"lookup('departments', $type, 'name')", "عمود"},
      {"split(lookup('departments', $type), ' ')", "[street-lighting, roads]"},
      {"split(lookup('departments', 'NONE'), ' ')", "[]"},
      {"lookup('departments', 'TREE')", "no-such-row"},
      {"lookup-or('departments', 'TREE', 'name', 'other')", "other"},
      {"lookup-or('departments', 'LAMP', 'name', 'other')", "عمود"},
      {"exists(lookup('departments', 'TREE'))", "false"},
      {"default(lookup('departments', 'TREE'), 'other')", "other"},
      {"distinct(for $t in ('LAMP', 'BARRIER') return split(lookup('departments', $t), ' '))",
       "[street-lighting, roads]"},
      {"lookup('department', 'A')",
       "f:1:8: unknown lookup department; did you mean \"departments\"?\n"},
      {"lookup('departments', 'A', 'nam')",
       "f:1:28: lookup departments has no column nam; did you mean \"name\"?\n"},
      {"lookup($type, 'A')", "f:1:8: lookup() part 1 is a text written out; write it in quotes\n"},
  };
  for (const auto& [source, expected] : samples)
    BOOST_TEST(result(world, source) == expected, source << " gave " << result(world, source));
}

BOOST_AUTO_TEST_CASE(an_absent_row_is_not_taken_for_an_absent_value) {
  World world;
  world.lookups.emplace("t", Lookup{"t", {"c"}, {}});
  world.scope.lookups = &world.lookups;
  config::Diagnostics diagnostics;
  const auto expression = compile("lookup('t', 'x')", {"f", 1, 1}, world.scope, {}, diagnostics);
  BOOST_CHECK_EXCEPTION(expression->evaluate_optional(world.frame()), Error,
                        [](const Error& error) { return error.code() == "no-such-row"; });
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_place) {
  BOOST_TEST(finding("<lookup id='a'><row key='1' c='x'/></lookup>") == "loaded");
  BOOST_TEST(finding("<lookup id='a'>\n <row c='x'/></lookup>") ==
             "l.xml:2:2: a row without a key; give it a key=\"…\"\n");
  BOOST_TEST(finding("<lookup id='a'><row key='1' c='x'/>\n<row key='2' d='x'/></lookup>")
                 .starts_with("l.xml:2:14: the first row has no column d"));
  BOOST_TEST(finding("<lookup id='a'><row key='1' c='x'/>\n<row key='2'/></lookup>")
                 .starts_with("l.xml:2:1: the row lacks c"));
  BOOST_TEST(finding("<lookup id='a'><row key='1' c='x'/>\n<row key='1' c='y'/></lookup>")
                 .starts_with("l.xml:2:11: a second row of key 1"));
  BOOST_TEST(finding("<lookup id='a'/>").starts_with("l.xml:1:1: a lookup without rows"));
  BOOST_TEST(finding("<lookup id='a'><rwo/></lookup>").starts_with("l.xml:1:16: "));
  BOOST_TEST(finding("<table/>").starts_with("l.xml:1:1: a lookup file starts with table"));
  BOOST_TEST(finding("<lookup><row key='1' c='x'/></lookup>").starts_with("l.xml:1:1: "));
}

BOOST_AUTO_TEST_SUITE_END()
