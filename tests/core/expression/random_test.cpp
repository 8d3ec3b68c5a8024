#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <random>

#include "tests/core/expression/support.h"

using namespace masar;
using namespace masar::expression;
using namespace masar::expression::test;

BOOST_AUTO_TEST_SUITE(random_sources)

/// Whatever is written: it compiles or is a mistake with a place inside the source, and what
/// compiles has a value of its type or fails in one of the ways that are promised.
BOOST_AUTO_TEST_CASE(no_source_does_anything_else) {
  constexpr std::string_view kTokens[] = {
      "$due",   "$paid",  "$t",          "$items",     "$rows",       "$rows.total", "$nodes",
      "1",      "0",      "'a'",         "'12'",       "(",           ")",           "(",
      ")",      ",",      ",",           "+",          "-",           "*",           "div",
      "idiv",   "mod",    "eq",          "lt",         "and",         "or",          "implies",
      "if (",   "then",   "else",        "some $x in", "every $x in", "for $x in",   "satisfies",
      "return", "$x",     "$x.total",    "/",          "//",          "a",           "b",
      "@k",     ".",      "..",          "[",          "]",           "text(",       "integer(",
      "fils(",  "count(", "sum(",        "exists(",    "default(",    "concat(",     "split(",
      "first(", "index(", "row(",        "distinct(",  "substring(",  "hours(",      "date-of(",
      "not(",   "/a/b",   "a[b eq 'x']", "fils('1')",  "true()",      "()",          "\n"};
  World world;
  world.reading("<a k='1'><b>12</b><b>x</b><a><b/></a></a>");
  world.with("due", type_of(Kind::fils), Value(Fils{1}))
      .with("paid", type_of(Kind::fils), Value())
      .with("t", "12")
      .with("items", list_of(Kind::text), texts({"a", "12"}))
      .with("rows", table_of("name text, total fils"),
            table({{Value::text("a"), Value(Fils{1})}, {Value::text("b"), Value()}}))
      .with("nodes", type_of(Kind::nodes), Value(Nodes{world.document.document_element()}));
  std::mt19937 random(20260104);
  const auto below = [&random](std::size_t bound) {
    return static_cast<std::size_t>(random() % bound);
  };
  std::size_t compiled = 0, valued = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string source;
    for (std::size_t left = 1 + below(9); left > 0; --left)
      source += std::string(kTokens[below(std::size(kTokens))]) + " ";
    config::Diagnostics diagnostics;
    const auto expression = compile(source, {"f", 1, 1}, world.scope, std::nullopt, diagnostics);
    if (!expression) {
      if (diagnostics.findings().size() != 1) BOOST_ERROR("no finding for " << source);
      continue;
    }
    ++compiled;
    try {
      const Value value = expression->evaluate(world.frame());
      const Kind kind = expression->type().kind;
      const bool scalar =
          kind != Kind::nodes && kind != Kind::list && kind != Kind::table && kind != Kind::row;
      if (scalar) to_text(value);
      ++valued;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::rejected) BOOST_ERROR(error.code() << " of " << source);
    }
  }
  BOOST_TEST(compiled > 500);
  BOOST_TEST(valued > 200);
}

BOOST_AUTO_TEST_SUITE_END()
