#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/connector/connector.h"

using namespace masar;
using connector::read_headers;
using connector::write_headers;
using Headers = std::vector<std::pair<std::string, std::string>>;

namespace {

bool bad_header(const Error& error) {
  return error.kind() == ErrorKind::internal && error.code() == "bad-header";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(headers_test)

BOOST_AUTO_TEST_CASE(headers_come_back_in_their_order) {
  const Headers headers{{"soapaction", "\"urn:x\""}, {"a", ""}, {"b", "x: y"}, {"a", "كف"}};
  BOOST_TEST(write_headers(headers) == "soapaction: \"urn:x\"\na: \nb: x: y\na: كف\n");
  BOOST_CHECK(read_headers(write_headers(headers)) == headers);
  BOOST_TEST(write_headers({}) == "");
  BOOST_TEST(read_headers("").empty());
}

BOOST_AUTO_TEST_CASE(a_value_cannot_become_a_header) {
  const Headers read = read_headers(write_headers({{"a", "1\r\nb: 2"}}));
  BOOST_CHECK((read == Headers{{"a", "1  b: 2"}}));
}

BOOST_AUTO_TEST_CASE(what_is_no_header_is_our_own_fault) {
  for (const char* name : {"", "a:b", "a\nb", "a\rb"}) {
    BOOST_CHECK_EXCEPTION(write_headers({{name, "x"}}), Error, bad_header);
  }
  for (const char* text : {"a\n", ": x\n", "\n", "a: 1\n\n", "a:1\n"}) {
    BOOST_CHECK_EXCEPTION(read_headers(text), Error, bad_header);
  }
  BOOST_CHECK((read_headers("a: 1") == Headers{{"a", "1"}}));
}

BOOST_AUTO_TEST_SUITE_END()
