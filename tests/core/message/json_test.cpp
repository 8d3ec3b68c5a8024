#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include <string>

#include "core/base/error.h"
#include "core/message/json.h"
#include "core/message/xml_writer.h"

using namespace masar;
using namespace std::string_literals;

namespace {

std::string tree(std::string_view json, const XmlLimits& limits = {}) {
  std::string written = write_xml(*read_json(json, limits));
  const std::string declared = " xmlns=\"" + std::string(kJsonNamespace) + "\"";
  const auto at = written.find(declared);
  BOOST_TEST_REQUIRE(at != std::string::npos);
  return written.erase(at, declared.size());
}

/// "CODE: text" of the refusal, or "read".
std::string refusal(std::string_view json, const XmlLimits& limits = {}) {
  try {
    read_json(json, limits);
    return "read";
  } catch (const Error& error) {
    BOOST_CHECK(error.kind() == ErrorKind::rejected);
    return error.code() + ": " + error.what();
  }
}

std::string code(std::string_view json, const XmlLimits& limits = {}) {
  const std::string whole = refusal(json, limits);
  return whole.substr(0, whole.find(':'));
}

/// The JSON of elements in the JSON namespace, or the refusal.
std::string json(const std::string& inner) {
  pugi::xml_document document;
  const auto space = inner.find_first_of(" />");
  const std::string whole = inner.substr(0, space) + " xmlns='" + std::string(kJsonNamespace) +
                            "'" + inner.substr(space);
  BOOST_TEST_REQUIRE(document.load_string(whole.c_str(), pugi::parse_full));
  try {
    return write_json(document);
  } catch (const Error& error) {
    BOOST_CHECK(error.kind() == ErrorKind::rejected);
    BOOST_TEST(error.code() == "json-form");
    return error.what();
  }
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_test)

BOOST_AUTO_TEST_CASE(every_kind_of_value) {
  BOOST_TEST(tree(R"( {"a": "x", "b": 1, "c": [true, false, null], "d": {}} )") ==
             "<map><string key=\"a\">x</string><number key=\"b\">1</number>"
             "<array key=\"c\"><boolean>true</boolean><boolean>false</boolean><null/></array>"
             "<map key=\"d\"/></map>");
  BOOST_TEST(tree("\"alone\"") == "<string>alone</string>");
  BOOST_TEST(tree("[]") == "<array/>");
  BOOST_TEST(tree("\"\"") == "<string/>");
}

BOOST_AUTO_TEST_CASE(numbers_keep_their_spelling) {
  for (const auto* number :
       {"0", "-0", "12.345", "1.10", "100.000", "1E+2", "1e-7", "9007199254740993",
        "18446744073709551615", "18446744073709551616", "-9223372036854775809",
        "0.1000000000000001",
        "123456789012345678901234567890.123456789012345678901234567890", "1e300"})
    BOOST_TEST(tree(number) == "<number>"s + number + "</number>");
}

BOOST_AUTO_TEST_CASE(texts_are_unescaped) {
  BOOST_TEST(tree(R"("\u0645\u0633\u0627\u0631 \"\\\/ \ud83d\ude97")") ==
             "<string>مسار \"\\/ 🚗</string>");
  BOOST_TEST(tree(R"("a\tb\nc")") == "<string>a\tb\nc</string>");
  BOOST_TEST(tree(R"({"a<b&\"": "<"})") ==
             "<map><string key=\"a&lt;b&amp;&quot;\">&lt;</string></map>");
  BOOST_TEST(tree(R"("  ")") == "<string>  </string>");
}

BOOST_AUTO_TEST_CASE(a_prefix_is_declared_at_the_root) {
  BOOST_TEST(write_xml(*read_json("[1]", {}, "j")) ==
             "<j:array xmlns:j=\"http://www.w3.org/2005/xpath-functions\"><j:number>1</j:number>"
             "</j:array>");
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_refused) {
  for (const auto* text :
       {"", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "[1] 2", "[1]]", "01", "+1", ".5",
        "1.", "1e", "0x5", "NaN", "Infinity", "-Infinity", "nul", "True", "// c\n1", "/* c */ 1",
        "\"a", "\"\t\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
        "\xEF\xBB\xBF[]", "\"\xC3\x28\"", "\"\xED\xA0\x80\"", "\"\xC0\x80\"", "[1 2]",
        "{\"a\" 1}", "{\"a\":}", "[,1]", "{1:2}", "--1"})
    BOOST_TEST(code(text) == "json-malformed", "read: " << text);
  BOOST_TEST(code("[]\0"s) == "json-malformed");
}

BOOST_AUTO_TEST_CASE(a_refusal_says_where) {
  BOOST_TEST(refusal("{\"a\": 1,\n  \"b\": x}") ==
             "json-malformed: line 2, column 8: this is not JSON (syntax error)");
  BOOST_TEST(refusal("{\"a\": 1,\n \"a\": 2}") ==
             "json-duplicate-key: line 2, column 4: the member stands twice in its object");
}

BOOST_AUTO_TEST_CASE(a_member_stands_once) {
  BOOST_TEST(code(R"({"a":1,"\u0061":2})") == "json-duplicate-key");
  BOOST_TEST(code(R"([{"a":1},{"a":2}])") == "read");
  BOOST_TEST(code(R"({"a":{"a":1},"b":{"a":1}})") == "read");
}

BOOST_AUTO_TEST_CASE(characters_that_xml_has_not_are_refused) {
  for (const auto* text : {R"("\u0000")", R"("\u0001")", R"("\u001f")", R"("\ufffe")",
                           R"("\uffff")", R"({"\u0000":1})", R"("\b")", R"("\f")"})
    BOOST_TEST(code(text) == "json-character", "read: " << text);
  BOOST_TEST(code(R"("\u007f\u00a0\u2028\ufffd")") == "read");
}

BOOST_AUTO_TEST_CASE(limits_hold_at_the_limit) {
  XmlLimits limits;
  limits.bytes_max = 10;
  BOOST_TEST(code("[12345678]", limits) == "read");
  BOOST_TEST(code("[123456789]", limits) == "json-too-large");
  limits = {};
  limits.depth_max = 5;
  BOOST_TEST(code(nested(5), limits) == "read");
  BOOST_TEST(code(nested(6), limits) == "json-too-deep");
  BOOST_TEST(code("[[[[1]]]]", limits) == "read");
  BOOST_TEST(code("[[[[[1]]]]]", limits) == "json-too-deep");
  limits = {};
  limits.nodes_max = 5;  // the array, two numbers and their texts
  BOOST_TEST(code("[1,2]", limits) == "read");
  BOOST_TEST(code("[1,2,null]", limits) == "json-too-many-nodes");
  BOOST_TEST(code(nested(100'000), {}) == "json-too-deep");
}

BOOST_AUTO_TEST_CASE(what_was_read_is_written_as_it_was) {
  for (const auto* text :
       {R"({"a":"x","b":[1,-0.10,1E5,true,false,null],"c":{"d":{}},"e":[]})", R"("مسار")", "12.345",
        R"({"":""})", R"(["\"\\\n\t"])"})
    BOOST_TEST(write_json(*read_json(text, {})) == text);
}

BOOST_AUTO_TEST_CASE(a_tree_is_written_whatever_its_prefix) {
  BOOST_TEST(write_json(*read_json(R"({"a":[1]})", {}, "j")) == R"({"a":[1]})");
  BOOST_TEST(json("<map> <!-- c --> <string key='a'>x</string>\n</map>") == R"({"a":"x"})");
  BOOST_TEST(json("<boolean> 1 </boolean>") == "true");
  BOOST_TEST(json("<boolean>0</boolean>") == "false");
  BOOST_TEST(json("<number> 5 </number>") == "5");
  BOOST_TEST(json("<string>a<!-- c -->b<![CDATA[<]]></string>") == R"("ab<")");
}

BOOST_AUTO_TEST_CASE(what_is_no_such_tree_is_refused_by_its_place) {
  BOOST_TEST(json("<thing/>") == "/thing: JSON has no such element");
  BOOST_TEST(json("<map><string>x</string></map>") == "/map/string[1]: it has no key");
  BOOST_TEST(json("<map><null key='a'/><null key='a'/></map>") ==
             "/map/null[2]: the key stands twice in its map");
  BOOST_TEST(json("<array>x</array>") == "/array: it holds text");
  BOOST_TEST(json("<array><number>1</number><number>1,5</number></array>") ==
             "/array/number[2]: this is no number of JSON");
  for (const auto* number : {"", "01", "+1", "1.", ".5", "NaN", "INF", "1e", "- 1", "1 2"})
    BOOST_TEST(json("<number>"s + number + "</number>") == "/number: this is no number of JSON");
  BOOST_TEST(json("<boolean>yes</boolean>") == "/boolean: it is neither true nor false");
  BOOST_TEST(json("<null>x</null>") == "/null: it is not empty");
  BOOST_TEST(json("<string><null/></string>") == "/string: it holds an element");
  BOOST_TEST(json("<string escaped='true'>x</string>") ==
             "/string: escaped texts are not supported");
  BOOST_TEST(json("<string escaped='false'>x</string>") == R"("x")");
  pugi::xml_document foreign;
  foreign.load_string("<map xmlns='urn:other'/>");
  BOOST_CHECK_EXCEPTION(write_json(foreign), Error,
                        [](const Error& error) { return error.code() == "json-form"; });
  foreign.reset();
  BOOST_CHECK_EXCEPTION(write_json(foreign), Error,
                        [](const Error& error) { return error.code() == "json-form"; });
}

BOOST_AUTO_TEST_SUITE_END()
