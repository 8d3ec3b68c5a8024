#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/config/fields.h"

using namespace masar::config;
using namespace std::chrono_literals;

namespace {

const ElementTable kRetry{
    "retry",
    "How often an attempt is repeated.",
    {{"attempts", Kind::integer, true, "", "How many attempts.", {}},
     {"first", Kind::duration, false, "PT1S", "The first pause.", {}},
     {"due", Kind::span, false, "P2WD", "When it is late.", {}},
     {"kind", Kind::choice, false, "one", "Which.", {"one", "many"}},
     {"on", Kind::boolean, false, "true", "Whether.", {}},
     {"m:type", Kind::name, false, "text", "A type.", {}}},
    {"case"}};

struct Read {
  explicit Read(std::string_view text, const ElementTable& table = kRetry)
      : element(load_element("f", text, diagnostics).value()),
        values(table, element, diagnostics) {}
  Diagnostics diagnostics;
  Element element;
  Values values;
};

/// Whether one value fits one kind.
bool fits(Kind kind, const std::string& value) {
  const ElementTable table{"e", "", {{"v", kind, true, "", "", {"red", "green"}}}, {}};
  Element element;
  element.name.local = "e";
  element.attributes.push_back({{"", "v", ""}, value, {}, {}});
  Diagnostics diagnostics;
  Values(table, element, diagnostics);
  return diagnostics.empty();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fields_test)

BOOST_AUTO_TEST_CASE(values_and_fallbacks) {
  Read read("<retry attempts='5' first='PT2S' kind='many'/>");
  BOOST_TEST(read.diagnostics.text() == "");
  BOOST_TEST(read.values.has("attempts"));
  BOOST_TEST(!read.values.has("due"));
  BOOST_TEST(read.values.integer("attempts") == 5);
  BOOST_CHECK(read.values.duration("first") == 2s);
  BOOST_TEST(read.values.span("due").working_days == 2);
  BOOST_TEST(read.values.text("kind") == "many");
  BOOST_TEST(read.values.boolean("on"));
  BOOST_TEST(read.values.place("kind").column == 40);
  BOOST_TEST(read.values.place("due").column == 1);
  BOOST_CHECK_THROW(read.values.text("attempt"), std::logic_error);
}

BOOST_AUTO_TEST_CASE(all_findings_come_at_once_with_their_places) {
  Read read(
      "<retry xmlns:m='urn:m'\n atempts='5'\n first='2s'\n due='P2WD' kind='mani' on='yes' "
      "m:type='a b'><other/><case/></retry>");
  BOOST_TEST(
      read.diagnostics.text() ==
      "f:1:1: <retry> needs the attribute \"attempts\"; How many attempts.\n"
      "f:2:2: <retry> has no attribute \"atempts\"; did you mean \"attempts\"?\n"
      "f:3:9: \"2s\" does not fit first; write a duration, such as PT30S or P3D\n"
      "f:4:19: \"mani\" does not fit kind; did you mean \"many\"?\n"
      "f:4:29: \"yes\" does not fit on; write true or false\n"
      "f:4:42: \"a b\" does not fit m:type; "
      "write a name: letters, digits, - _ . and a letter first\n"
      "f:4:47: <other> is not allowed in <retry>; known: case\n");
  BOOST_CHECK(read.values.duration("first") == 1s);
  BOOST_TEST(read.values.text("kind") == "one");
  BOOST_TEST(read.values.boolean("on"));
  BOOST_TEST(read.values.integer("attempts") == 0);
}

BOOST_AUTO_TEST_CASE(a_secret_written_out_is_not_repeated) {
  const ElementTable table{"e", "", {{"password", Kind::secret, true, "", "", {}}}, {}};
  Read read("<e password='hunter2'/>", table);
  BOOST_TEST(read.diagnostics.text().find("hunter2") == std::string::npos);
  BOOST_TEST(read.diagnostics.text().find("secret:NAME") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(kinds) {
  struct Row {
    Kind kind;
    std::vector<std::string> good;
    std::vector<std::string> bad;
  };
  const Row rows[] = {
      {Kind::text, {"", "x y"}, {}},
      {Kind::name, {"a", "traffic-department", "pt:Root", "_x.1"}, {"", "1a", "a b", "-a", "a/b"}},
      {Kind::integer, {"0", "-5", "9223372036854775807"},
       {"", "+5", "5 ", "1e3", "0x1", "9223372036854775808"}},
      {Kind::boolean, {"true", "false"}, {"", "1", "True"}},
      {Kind::duration, {"PT5S", "P400D"}, {"", "5", "P2WD", "5s"}},
      {Kind::span, {"PT5S", "P2WD"}, {"", "2WD"}},
      {Kind::choice, {"red"}, {"", "Red", "blue"}},
      {Kind::bytes, {"0", "1048576"}, {"", "-1", "1MiB"}},
      {Kind::address, {"127.0.0.1:0", "[::1]:80", "host:65535"},
       {"", "127.0.0.1", ":80", "h:", "h:65536", "h:-1", "::1:80", "h:8a", "a b:1", "http://h:1"}},
      {Kind::url, {"http://h", "https://h:1/p?q"},
       {"", "h", "ftp://h", "http://", "http:///x", "http://a b"}},
      {Kind::secret, {"secret:amqp-portal"}, {"", "secret:", "amqp-portal", "secret:a/b"}},
      {Kind::path, {"a.db", "a/b", "/var/x", "..a"}, {"", "..", "../a", "a/../b", "a/.."}},
      {Kind::expression, {"$a eq 1"}, {"", " \n"}},
  };
  for (const Row& row : rows) {
    for (const auto& value : row.good) {
      BOOST_TEST_CONTEXT(static_cast<int>(row.kind) << " " << value) {
        BOOST_TEST(fits(row.kind, value));
      }
    }
    for (const auto& value : row.bad) {
      BOOST_TEST_CONTEXT(static_cast<int>(row.kind) << " " << value) {
        BOOST_TEST(!fits(row.kind, value));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(suggestions) {
  BOOST_TEST(suggest("atempts", {"first", "attempts"}) == "did you mean \"attempts\"?");
  BOOST_TEST(suggest("zz", {"first", "attempts"}) == "known: first, attempts");
  BOOST_TEST(suggest("ab", {"xy"}) == "known: xy");
  BOOST_TEST(suggest("x", {}) == "");
  BOOST_TEST(suggest("qqqqqqqq", {"1", "2", "3", "4", "5", "6", "7", "8", "9"}) ==
             "known: 1, 2, 3, 4, 5, 6, 7, 8");
}

BOOST_AUTO_TEST_CASE(findings_are_sorted) {
  Diagnostics diagnostics;
  BOOST_TEST(diagnostics.empty());
  diagnostics.add({"b", 1, 1}, "x");
  diagnostics.add({"a", 10, 1}, "y");
  diagnostics.add({"a", 9, 2}, "z", "hint");
  diagnostics.add({"a", 9, 1}, "w");
  BOOST_TEST(diagnostics.text() == "a:9:1: w\na:9:2: z; hint\na:10:1: y\nb:1:1: x\n");
}

BOOST_AUTO_TEST_SUITE_END()
