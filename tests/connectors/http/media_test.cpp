#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "connectors/http/inbound.h"

using masar::http::is_utf8_or_unsaid;
using masar::http::media_parameter;

BOOST_AUTO_TEST_SUITE(http_media_types)

BOOST_AUTO_TEST_CASE(a_parameter_is_found_by_its_name_alone) {
  const std::string type =
      "application/soap+xml; flag; Charset=utf-8 ;action=\"urn:a;b=\\\"c\\\"\";x=1";
  BOOST_TEST(media_parameter(type, "charset") == "utf-8");
  BOOST_TEST(media_parameter(type, "action") == "urn:a;b=\"c\"");
  BOOST_TEST(media_parameter(type, "x") == "1");
  BOOST_TEST(media_parameter(type, "b") == "");
  BOOST_TEST(media_parameter(type, "flag") == "");
  for (const char* odd : {"", "text/xml", "text/xml;", "text/xml;=", "text/xml; action",
                          "text/xml; action=", "text/xml; action=\"", ";;;"}) {
    BOOST_TEST(media_parameter(odd, "action") == "");
  }
  BOOST_TEST(media_parameter("a/b; action=\"open", "action") == "open");
}

BOOST_AUTO_TEST_CASE(a_charset_counts_where_it_is_one) {
  for (const char* good : {"text/xml", "text/xml; charset=UTF-8", "text/xml;charset=\"utf8\"",
                           "a/b; action=\"charset=utf-16\"", "text/xml; charset=us-ascii"}) {
    BOOST_TEST(is_utf8_or_unsaid(good), good);
  }
  for (const char* bad : {"text/xml; charset=utf-16", "a/b; flag; charset=latin1",
                          "a/b; action=\"x\"; charset=\"utf-16\""}) {
    BOOST_TEST(!is_utf8_or_unsaid(bad), bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()
