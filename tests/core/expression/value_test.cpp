#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <sstream>

#include "tests/core/expression/support.h"

using namespace masar;
using namespace masar::expression;
using namespace masar::expression::test;

BOOST_AUTO_TEST_SUITE(value)

BOOST_AUTO_TEST_CASE(types_are_read_and_named) {
  for (const std::string name :
       {"text", "integer", "fils", "date", "instant", "duration", "boolean", "list of fils"}) {
    BOOST_REQUIRE_MESSAGE(parse_type(name), name);
    BOOST_TEST(type_name(*parse_type(name)) == name);
  }
  BOOST_TEST(type_name(*parse_type("list")) == "list of text");
  for (const std::string name :
       {"", "double", "list of", "list of list", "table", "nodes", "Text"}) {
    BOOST_TEST(!parse_type(name), name);
  }
}

BOOST_AUTO_TEST_CASE(columns_are_read) {
  const auto columns = parse_columns(" department text,\n total  fils ");
  BOOST_REQUIRE(columns);
  BOOST_TEST(type_name(table_of("department text, total fils")) ==
             "table (department text, total fils)");
  BOOST_TEST((*columns)[1].first == "total");
  for (const std::string bad :
       {"", "a", "a text,", "a list", "a text, a fils", "a b text", "a. text"}) {
    BOOST_TEST(!parse_columns(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(scalars_have_one_text_form) {
  const std::pair<Kind, std::string> forms[] = {
      {Kind::text, "كف"},
      {Kind::text, ""},
      {Kind::integer, "-12"},
      {Kind::fils, "12.345"},
      {Kind::date, "2026-02-28"},
      {Kind::boolean, "true"},
      {Kind::instant, "2026-01-04T05:00:00Z"},
      {Kind::duration, "PT72H"},
  };
  for (const auto& [kind, text] : forms) BOOST_TEST(to_text(from_text(text, kind)) == text);
}

BOOST_AUTO_TEST_CASE(what_is_no_value_is_refused_without_showing_it) {
  const std::pair<Kind, std::string> bad[] = {
      {Kind::integer, "12x"},   {Kind::integer, "+1"},
      {Kind::integer, ""},      {Kind::integer, "99999999999999999999"},
      {Kind::integer, "١٢"},    {Kind::fils, "1.2345"},
      {Kind::fils, "1e3"},      {Kind::date, "2026-02-30"},
      {Kind::boolean, "yes"},   {Kind::duration, "3d"},
      {Kind::duration, "P2WD"}, {Kind::instant, "2026-01-04T05:00:00"},
  };
  for (const auto& [kind, text] : bad) {
    BOOST_CHECK_EXCEPTION(from_text(text, kind), Error, [&](const Error& error) {
      return error.code() == "bad-value" &&
             (text.size() < 3 || std::string(error.what()).find(text) == std::string::npos);
    });
  }
}

BOOST_AUTO_TEST_CASE(values_compare_by_what_they_hold) {
  BOOST_CHECK(texts({"a", "b"}) == texts({"a", "b"}));
  BOOST_CHECK(!(texts({"a"}) == texts({"b"})));
  BOOST_CHECK(table({{Value::text("a"), Value()}}) == table({{Value::text("a"), Value()}}));
  BOOST_CHECK(
      !(table({{Value::text("a"), Value()}}) == table({{Value::text("a"), Value(Fils{1})}})));
  BOOST_CHECK(!(Value(std::int64_t{1}) == Value(Fils{1})));
  BOOST_CHECK(Value() == Value());
}

BOOST_AUTO_TEST_CASE(another_type_than_held_is_an_internal_error) {
  BOOST_CHECK_EXCEPTION(Value::text("a").as<Fils>(), Error,
                        [](const Error& error) { return error.kind() == ErrorKind::internal; });
  BOOST_CHECK_THROW(to_text(Value()), Error);
}

BOOST_AUTO_TEST_CASE(values_go_through_xml) {
  const std::pair<Type, Value> cases[] = {
      {type_of(Kind::fils), Value(Fils{12345})},
      {type_of(Kind::text), Value::text("")},
      {list_of(Kind::text), texts({"roads", "parks"})},
      {list_of(Kind::fils), list({})},
      {table_of("department text, total fils"),
       table({{Value::text("roads"), Value(Fils{1})}, {Value(), Value()}})},
  };
  for (const auto& [type, value] : cases) {
    pugi::xml_document document;
    pugi::xml_node element = document.append_child("x");
    to_xml(value, type, element);
    BOOST_CHECK(from_xml(element, type) == value);
  }
}

BOOST_AUTO_TEST_CASE(the_xml_form_is_items_and_rows) {
  pugi::xml_document document;
  pugi::xml_node element = document.append_child("x");
  to_xml(table({{Value::text("roads"), Value()}}), table_of("department text, total fils"),
         element);
  to_xml(texts({"a"}), list_of(Kind::text), element);
  to_xml(Value(), type_of(Kind::text), element);
  std::ostringstream out;
  document.print(out, "", pugi::format_raw);
  BOOST_TEST(out.str() == "<x><row><department>roads</department></row><item>a</item></x>");
}

BOOST_AUTO_TEST_CASE(xml_that_does_not_fit_is_refused) {
  const std::pair<Type, const char*> cases[] = {
      {type_of(Kind::fils), "<x>abc</x>"},
      {type_of(Kind::text), "<x><y/></x>"},
      {list_of(Kind::text), "<x><row/></x>"},
      {list_of(Kind::text), "<x>loose<item/></x>"},
      {table_of("a text"), "<x><row><b>1</b></row></x>"},
      {table_of("a text"), "<x><row><a>1</a><a>2</a></row></x>"},
  };
  for (const auto& [type, xml] : cases) {
    pugi::xml_document document;
    document.load_string(xml);
    BOOST_CHECK_EXCEPTION(from_xml(document.document_element(), type), Error,
                          [](const Error& error) { return error.code() == "bad-value"; });
  }
}

BOOST_AUTO_TEST_SUITE_END()
